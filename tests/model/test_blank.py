"""A video that shows nothing is said to, whoever made it, wherever it is shown; one that shows something is not."""

import json
import shutil
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from a2bench.adapters import controls
from a2bench.adapters.controls import Control
from a2bench.cli import cli
from a2bench.errors import AdapterError
from a2bench.model.blank import REMARKS, blank_remark
from a2bench.model.cases import Role, Suite, load_suite
from a2bench.model.records import SampleRecord
from a2bench.model.systems import GenerationSettings
from a2bench.model.video import Video, decoded_frames, read_video, write_video
from a2bench.run.one_video import generate_video
from a2bench.run.store import RunStore

TINY = GenerationSettings(width=96, height=64, num_frames=6, fps=Fraction(12))
rng = np.random.default_rng(0)


def flat(*levels: int, frames: int = 6) -> NDArray[np.uint8]:
    return np.full((frames, 64, 96, 3), levels, np.uint8)


def noisy(frames: NDArray[np.uint8], most: int) -> NDArray[np.uint8]:
    return frames + rng.integers(0, most + 1, frames.shape, dtype=np.uint8)


def with_dot(frames: NDArray[np.uint8], frame: int, level: int = 255) -> NDArray[np.uint8]:
    """One pixel of one frame is another."""
    frames = frames.copy()
    frames[frame, 33, 41] = level
    return frames


def rising(frames: int = 6) -> NDArray[np.uint8]:
    """Each frame is one colour, but not the same."""
    return np.stack([flat(30 * number + 30, frames=1)[0] for number in range(frames)])


@pytest.mark.parametrize(
    ("frames", "found"),
    [
        (flat(0), "black"),
        (flat(16), "black"),
        (noisy(flat(0), 12), "black"),
        (flat(255), "one colour"),
        (flat(200, 30, 60), "one colour"),
        (noisy(flat(128), 4), "one colour"),
        (rising(), "one colour"),
        (with_dot(flat(0), 5), None),
        (with_dot(flat(128), 0), None),
        (noisy(flat(128), 9), None),
        (np.broadcast_to(np.linspace(100, 110, 96).astype(np.uint8)[:, None], (6, 64, 96, 3)), None),
        (np.broadcast_to(rng.integers(0, 255, (64, 96, 3), np.uint8), (6, 64, 96, 3)), None),  # frozen, not blank
    ],
)
def test_only_what_shows_nothing_is_blank(frames: NDArray[np.uint8], found: str | None) -> None:
    assert blank_remark(frames) == (found and REMARKS[found])


def test_no_more_frames_are_looked_at_than_it_takes() -> None:
    def frames() -> Iterator[NDArray[np.uint8]]:
        yield with_dot(flat(9), 0)[0]
        raise AssertionError("asked for a second frame")

    assert blank_remark(frames()) is None


CODECS = {"mp4": "mpeg4", "webm": "libvpx-vp9", "mkv": "libx264", "avi": "mjpeg"}


def encoded(frames: NDArray[np.uint8], path: Path) -> Path:
    """A file by the codec of its suffix, with little care for quality."""
    codec = CODECS[path.suffix[1:]]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=12)
        stream.width, stream.height = frames.shape[2], frames.shape[1]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("suffix", CODECS)
@pytest.mark.parametrize(
    ("frames", "found"),
    [(flat(0), "black"), (flat(200, 30, 60), "one colour"), (flat(90, 91, 92), "one colour"), (rising(), "one colour")],
    ids=["black", "red", "grey", "rising"],
)
def test_files_of_any_codec_are_told_by_what_decodes(
    tmp_path: Path, suffix: str, frames: NDArray[np.uint8], found: str
) -> None:
    path = encoded(frames, tmp_path / f"video.{suffix}")
    assert blank_remark(decoded_frames(path)) == REMARKS[found]
    textured = encoded(
        np.kron(rng.integers(0, 255, (6, 8, 12, 3)), np.ones((1, 8, 8, 1))).astype(np.uint8), tmp_path / f"b.{suffix}"
    )
    assert blank_remark(decoded_frames(textured)) is None


def test_the_frames_one_by_one_are_those_of_the_whole_video(tmp_path: Path) -> None:
    write_video(Video(noisy(flat(90), 90), Fraction(12)), tmp_path / "a.mp4")
    assert (np.stack(list(decoded_frames(tmp_path / "a.mp4"))) == read_video(tmp_path / "a.mp4").frames).all()


CONTROLS = [
    name for name, kind in vars(controls).items()
    if isinstance(kind, type) and issubclass(kind, Control) and not name.startswith("_") and hasattr(kind, "meta")
]  # fmt: skip


@pytest.mark.parametrize("name", CONTROLS)
def test_no_control_is_blank(name: str) -> None:
    control: Any = getattr(controls, name)()
    suite = load_suite("a2bench-mini")
    if hasattr(control, "prepare"):
        control.prepare(suite)
    assert blank_remark(control.generate(suite.cases[0], seed=0, settings=TINY).frames) is None


PAINTS = "tests.run.work_items:Paints"
PROMPT = "A stranger kicks a ball."


@pytest.fixture
def references(suite: Suite) -> list[tuple[Role, Path]]:
    return [(element.role, element.reference.path) for element in suite.cases[0].elements]


def made_by(kind: str, what: str, tmp_path: Path, suite: Suite) -> tuple[str, dict[str, str]]:
    """An adapter and its options that deliver black or red, by three ways."""
    frames = {"black": flat(0), "red": flat(200, 30, 60), "noise": noisy(flat(0), 250)}[what]
    if kind == "python":
        return PAINTS, {"what": what}
    write_video(Video(frames, Fraction(12)), tmp_path / "theirs.mp4")
    if kind == "folder":
        (tmp_path / "folder").mkdir()
        shutil.copy(tmp_path / "theirs.mp4", tmp_path / "folder/by-hand.mp4")
        return "folder", {"path": str(tmp_path / "folder")}
    (tmp_path / "copy.py").write_text(
        f"import shutil, sys\nshutil.copy({str(tmp_path / 'theirs.mp4')!r}, sys.argv[-1])\n"
    )
    return "command", {"command": f"{sys.executable} {tmp_path / 'copy.py'} {{output}}"}


@pytest.mark.parametrize("kind", ["python", "folder", "command"])
@pytest.mark.parametrize(("what", "found"), [("black", "black"), ("red", "one colour"), ("noise", None)])
def test_the_record_of_one_video_says_that_it_is_blank_whoever_made_it(
    kind: str, what: str, found: str | None, references: list[tuple[Role, Path]], tmp_path: Path, suite: Suite
) -> None:
    model, options = made_by(kind, what, tmp_path, suite)
    made = generate_video(model, PROMPT, references, tmp_path / "out.mp4", settings=TINY, options=options)
    assert made.record["remarks"] == ([REMARKS[found]] if found else [])
    assert json.loads(made.record_path.read_text()) == made.record


@pytest.mark.parametrize("what", ["nan", "inf"])
def test_frames_that_are_not_finite_are_an_error_whoever_made_them(
    what: str, references: list[tuple[Role, Path]], tmp_path: Path
) -> None:
    with pytest.raises(AdapterError, match=r"frames \[6, 64, 96, 3\] of float32 hold numbers that are not finite"):
        generate_video(PAINTS, PROMPT, references, tmp_path / "out.mp4", settings=TINY, options={"what": what})
    assert not list(tmp_path.glob("out*"))


def test_terminal_report_and_tables_show_the_remark(suite_path: Path, tmp_path: Path) -> None:
    words = [
        "eval", "-m", PAINTS, "--set", "only=case-1", "--suite", str(suite_path), "--size", "96x64",
        "--num-frames", "6", "--fps", "12", "--metrics", "sharpness", "-o", str(tmp_path / "run"), "--workers", "1",
    ]  # fmt: skip
    result = CliRunner().invoke(cli, words, standalone_mode=False)
    assert result.return_value == 0, result.output
    line = f"1 of 3 videos: {REMARKS['black']} (case-1 seed 0)"
    assert f"REMARK: {line}" in " ".join(result.stdout.split())
    document = json.loads(CliRunner().invoke(cli, [*words, "--json"], standalone_mode=False).stdout)
    assert document["remarks"] == [{"remark": REMARKS["black"], "samples": [["case-1", 0]]}]
    records = RunStore(tmp_path / "run").samples
    assert [record.remarks for record in records.values()] == [(), (REMARKS["black"],), ()]
    lines = (tmp_path / "run/samples.jsonl").read_text().splitlines()
    assert sum("remarks" in text for text in lines) == 1  # the others are as they always were

    page = (tmp_path / "run/report/index.html").read_text()
    assert json.dumps(line)[1:-1] in page and f'"remarks":["{REMARKS["black"]}"]' in page
    tables = tmp_path / "run/report/tables"
    assert REMARKS["black"] in (tables / "summary.md").read_text()
    assert (tables / "scores.csv").read_text().count(REMARKS["black"]) == 1
    assert json.loads((tables / "summary.json").read_text())["runs"][0]["remarks"] == document["remarks"]


def test_one_video_by_hand_says_it_on_the_terminal(references: list[tuple[Role, Path]], tmp_path: Path) -> None:
    words = ["generate", "-m", PAINTS, "--prompt", PROMPT, "--character", str(references[0][1]), "--size", "96x64",
             "--num-frames", "6", "-o", str(tmp_path / "out.mp4"), "--quiet"]  # fmt: skip
    result = CliRunner().invoke(cli, words, standalone_mode=False)
    assert f"REMARK: {REMARKS['black']}" in result.stderr and result.return_value == 0


def test_records_without_remarks_read_as_before() -> None:
    record = SampleRecord(key="k", identity={}, case="a", seed=0, status="failed", seconds=1.0, finished="now")
    assert "remarks" not in record.model_dump(mode="json")
    assert SampleRecord.model_validate(record.model_dump(mode="json")) == record
