"""Real clips as a control: what they show must score above what they do not, and the catalogue says which is which."""

import csv
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from a2bench.base.data import data_dir
from a2bench.cli import cli
from a2bench.cli.validity_text import clips_document, clips_lines, clips_markdown
from a2bench.errors import InputError
from a2bench.model.catalogue import CatalogueRow
from a2bench.model.video import Video, read_video, write_video
from a2bench.results.validity_clips import ClipScore, judge_clips
from a2bench.run.execute import InlineExecutor
from a2bench.show.progress import TerminalProgress
from a2bench.suites.real_clips import NUM_FAMILY, NUM_STRANGERS, build_real_clips, held_against, looked_at, media_folder
from a2bench.validation.real_clips import RealClipsResult, consistency_metrics, run_real_clips
from a2bench_metrics.images import read_reference

PLACES = (
    "budgie_extreme_desert_hike.jpg",
    "budgie_roman_colosseum.jpg",
    "budgie_tea_gardens.jpg",
    "bbb_burrow_meadow.jpg",
    "bbb_forest_log.jpg",
    "bbb_stream_bank.jpg",
)


def write_media(folder: Path, matching: dict[str, str]) -> Path:
    """Clips that pan over a photograph of a place, with the references that the catalogue says they show."""
    (folder / "videos").mkdir(parents=True)
    shutil.copytree(data_dir("references") / "background", folder / "references/background")
    shutil.copyfile(data_dir("references") / "catalogue.csv", folder / "references/catalogue.csv")
    with (folder / "references/catalogue.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "references/catalogue.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(row for row in rows if (folder / "references" / row["file"]).is_file())
    for clip in matching:
        picture = np.asarray(
            Image.open(folder / "references/background" / PLACES[int(clip[1])]).convert("RGB").resize((240, 128))
        )
        frames = np.stack([picture[:, shift : shift + 208] for shift in (0, 32)])
        write_video(Video(frames, Fraction(2)), folder / "videos" / clip)
    lines = [f"{clip},background/{place}" for clip, place in matching.items()]
    (folder / "videos/catalogue.csv").write_text("\n".join(["file,matching_references", *lines]) + "\n")
    return folder


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_media(tmp_path_factory.mktemp("media") / "m", {f"c{n}.mp4": place for n, place in enumerate(PLACES)})


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("controls")


@pytest.fixture(scope="module")
def found(media: Path, output: Path) -> RealClipsResult:
    metrics = ["background_similarity", "temporal_flicker", "object_similarity"]
    return run_real_clips(media, None, metrics, output, 1, TerminalProgress(-1), InlineExecutor())


def test_a_metric_that_knows_the_places_of_real_clips_passes(found: RealClipsResult) -> None:
    (row,) = found.rows
    assert (row.metric, row.category, row.state, row.clips) == ("background_similarity", "background", "met", 6)
    assert row.share == 1.0 and row.pairs == 6 * (NUM_FAMILY + NUM_STRANGERS)
    assert found.complete and not found.broken and found.num_clips == 6


def test_the_same_command_measures_nothing_again(found: RealClipsResult, media: Path, output: Path) -> None:
    class Refuses(InlineExecutor):
        def run(self, items):  # type: ignore[no-untyped-def]
            assert not list(items)
            yield from ()

    again = run_real_clips(media, None, ["background_similarity"], output, 1, TerminalProgress(-1), Refuses())
    assert again.rows == found.rows


def test_pages_and_lines_say_what_was_found(found: RealClipsResult) -> None:
    page = "\n".join(clips_markdown(found))
    assert "| `background_similarity` | places | met | 1.000 [0.607, 1.000] |" in page
    assert any("ok    background_similarity  places   1.000" in line for line in clips_lines(found))
    assert clips_document(found)["rows"][0]["state"] == "met"


def scores(*values: tuple[str, bool, float | None]) -> list[ClipScore]:
    return [ClipScore(clip, "object", shown, value) for clip, shown, value in values]


def test_pairs_are_compared_within_a_clip_only_and_ties_count_half() -> None:
    given = scores(
        ("a", True, 0.9), ("a", False, 0.9), ("a", False, 0.1), ("a", False, None), ("c", True, 0.5),
        # Clip b is darker as a whole: what it shows is below a's other, but above its own.
        ("b", True, 0.05), ("b", False, 0.01),
    )  # fmt: skip
    (row,) = judge_clips("thing", ("object",), given)
    assert row.share == pytest.approx(2.5 / 3) and (row.clips, row.pairs) == (2, 3)
    assert row.interval is None and row.state == "not checked", "two clips are too few"


def test_a_metric_that_cannot_tell_them_apart_fails() -> None:
    alike = scores(*((clip, shown, 0.5) for clip in "abcdef" for shown in (True, False)))
    (row,) = judge_clips("thing", ("object",), alike)
    assert (row.share, row.state) == (0.5, "fails")
    wrong = scores(*((clip, shown, 0.2 if shown else 0.8) for clip in "abcdef" for shown in (True, False)))
    assert [row.state for row in judge_clips("thing", ("object",), wrong)] == ["fails"]


def test_what_could_not_be_measured_is_not_checked_and_other_roles_have_no_row() -> None:
    unknown = scores(*((clip, shown, None) for clip in "abcdef" for shown in (True, False)))
    (row,) = judge_clips("thing", ("object",), unknown)
    assert (row.share, row.state, row.clips) == (None, "not checked", 0)
    assert list(judge_clips("thing", ("background",), unknown)) == []


def test_two_pictures_of_one_thing_are_never_each_others_stranger() -> None:
    clips = {
        "one.mp4": ["character-animal/bbb_bunny_upper.jpg"],
        "two.mp4": ["character-animal/bbb_bunny_full.jpg", "character-animal/bbb_bird.jpg"],
    }
    files = [*clips["one.mp4"], *clips["two.mp4"], "background/hill.jpg"]
    files += [f"character-animal/cat{n}.jpg" for n in range(8)]
    pairs = list(held_against("one.mp4", clips, {file: CatalogueRow(file) for file in files}))
    assert [pair.candidate.file for pair in pairs if pair.shown] == clips["one.mp4"]
    others = [pair.candidate.file for pair in pairs if not pair.shown]
    assert others[0] == "character-animal/bbb_bird.jpg" and len(others) == 1 + NUM_STRANGERS
    assert all(file.startswith("character-animal/cat") for file in others[1:])


def test_frames_of_the_clip_itself_become_references_but_are_never_looked_at(tmp_path: Path) -> None:
    """``intel_bottles`` shows a bottle and a place that no catalogue has a picture of."""
    media = tmp_path / "media"
    for folder in ("videos", "references/object", "references/background"):
        (media / folder).mkdir(parents=True)
    frames = np.zeros((150, 32, 64, 3), np.uint8)
    frames[75] = 255
    write_video(Video(frames, Fraction(30)), media / "videos/intel_bottles.mp4")
    (media / "videos/catalogue.csv").write_text("file,matching_references\nintel_bottles.mp4,\n")
    (media / "references/catalogue.csv").write_text("file,category,description\n")
    clips = build_real_clips(media, tmp_path / "built")
    shown = {pair.candidate.category for pair in clips.pairs.values() if pair.shown}
    assert shown == {"object", "background"} and 75 not in looked_at(150)
    cut = read_video(next(clips.clips.iterdir()))
    assert cut.num_frames == 8 and cut.frames.max() < 32 and cut.seconds == pytest.approx(5, abs=0.01)
    pictures = {case.elements[0].role: read_reference(case.elements[0].reference).pixels for case in clips.suite.cases}
    assert {role: pixels.shape for role, pixels in pictures.items()} == {
        "object": (19, 7, 3),
        "background": (32, 64, 3),
    }
    assert all(pixels.min() > 220 for pixels in pictures.values())


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        ("nowhere.jpg", "names the reference 'background/nowhere.jpg', which references/catalogue.csv has not"),
        ("../../secret.jpg", "which references/catalogue.csv has not"),
    ],
)
def test_a_catalogue_that_names_what_is_not_there_is_refused(tmp_path: Path, place: str, complaint: str) -> None:
    media = write_media(tmp_path / "m", {"c0.mp4": place})
    with pytest.raises(InputError, match=complaint):
        build_real_clips(media, tmp_path / "built")


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    media = write_media(tmp_path / "m", {"c0.mp4": PLACES[0]})
    (media / "references/background" / PLACES[0]).write_bytes(b"another")
    with pytest.raises(InputError, match="its SHA-256 differs"):
        build_real_clips(media, tmp_path / "built")


def test_which_metrics_real_clips_can_judge() -> None:
    assert consistency_metrics(["background_similarity", "copy_paste", "text_alignment", "niqe"]) == (
        "background_similarity",
    )


def test_without_clips_the_command_says_where_they_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("A2BENCH_REAL_CLIPS", raising=False)
    assert media_folder(None) is None
    for arguments, complaint in (
        ([], "no real clips at ../shared/media"),
        (["elsewhere"], "no real clips at elsewhere: expected videos/catalogue.csv"),
        (["--metrics", "niqe"], "real clips say nothing of niqe"),
    ):
        result = CliRunner().invoke(cli, ["metrics", "real-clips", *arguments])
        assert isinstance(result.exception, InputError) and complaint in str(result.exception), result
