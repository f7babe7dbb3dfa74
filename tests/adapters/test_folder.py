import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from a2bench.adapters.folder import Folder
from a2bench.errors import AdapterError, InputError, MissingVideoError, VideoError
from a2bench.model.cases import Case, Element, ImageFile, Suite
from a2bench.model.systems import GenerationSettings, VideoModel
from a2bench.model.video import Video, write_video

SETTINGS = GenerationSettings()


def make_case(case_id: str) -> Case:
    image = ImageFile(file="x.png", sha256="0" * 64)
    return Case(id=case_id, prompt="a cat", elements=(Element(role="object", phrase="cat", reference=image),))


def make_suite(*ids: str) -> Suite:
    return Suite("s", Path("s.jsonl"), tuple(make_case(case_id) for case_id in ids))


def put(path: Path, shade: int = 0) -> Path:
    path.parent.mkdir(exist_ok=True)
    write_video(Video(np.full((3, 16, 16, 3), shade, np.uint8), Fraction(8)), path)
    return path


@pytest.mark.parametrize(
    ("file", "seed"), [("cat.mp4", 0), ("cat_0.mp4", 0), ("cat_7.mp4", 7), ("cat-s12.mov", 12), ("cat.MP4", 0)]
)
def test_file_names_say_case_and_seed(file: str, seed: int, tmp_path: Path) -> None:
    put(tmp_path / "x.mp4").rename(tmp_path / file)
    folder = Folder(str(tmp_path))
    assert isinstance(folder, VideoModel)
    assert folder.generate(make_case("cat"), seed=seed, settings=SETTINGS) == tmp_path / file
    with pytest.raises(MissingVideoError, match="no video for case 'cat', seed 3"):
        folder.generate(make_case("cat"), seed=3, settings=SETTINGS)


def test_what_is_known_of_the_system_can_be_said(tmp_path: Path) -> None:
    meta = Folder(str(tmp_path), licence="MIT", parameters="14000000000", open_weights="yes").meta
    assert (meta.licence, meta.parameters, meta.open_weights) == ("MIT", 14_000_000_000, True)
    with pytest.raises(InputError, match="parameters='many' cannot be understood"):
        Folder(str(tmp_path), parameters="many")


def test_a_case_whose_id_ends_in_a_number_keeps_its_file(tmp_path: Path) -> None:
    put(tmp_path / "cat_1.mp4")
    folder = Folder(str(tmp_path))
    folder.prepare(make_suite("cat", "cat_1"))
    assert folder.generate(make_case("cat_1"), seed=0, settings=SETTINGS).name == "cat_1.mp4"
    with pytest.raises(MissingVideoError):
        folder.generate(make_case("cat"), seed=1, settings=SETTINGS)


def test_several_files_for_one_sample_are_named(tmp_path: Path) -> None:
    put(tmp_path / "cat.mp4")
    put(tmp_path / "cat_0.mp4")
    with pytest.raises(AdapterError, match=r"seed 0: cat.mp4, cat_0.mp4; keep one"):
        Folder(str(tmp_path)).generate(make_case("cat"), seed=0, settings=SETTINGS)


def test_the_report_tells_missing_unreadable_ambiguous_and_superfluous(tmp_path: Path) -> None:
    put(tmp_path / "good.mp4")
    put(tmp_path / "twice.mp4")
    put(tmp_path / "twice-s0.mp4")
    put(tmp_path / "stranger.mp4")
    put(tmp_path / "good_9.mp4")
    (tmp_path / "bad.mp4").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not a video, not looked at")
    (tmp_path / "._good.mp4").write_bytes(b"left by macOS")
    folder, suite = Folder(str(tmp_path)), make_suite("good", "twice", "bad", "lost")
    report = folder.report(suite, [0])
    assert report.found == 1
    assert report.missing == (("lost", 0),)
    assert len(report.unreadable) == 1
    assert "bad.mp4 is empty" in report.unreadable[0]
    assert len(report.ambiguous) == 1
    assert report.unmatched == ("good_9.mp4", "stranger.mp4")
    (remark,) = folder.remarks(suite, [0])
    assert remark.endswith("and left out: good_9.mp4, stranger.mp4")
    assert not report.complete
    assert "1 missing" in next(report.lines())
    assert len(list(report.lines())) == 6


def test_a_damaged_video_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "cat.mp4").write_text("#EXTM3U\nhttp://example.com/x.ts")
    with pytest.raises(VideoError, match="is not a video"):
        Folder(str(tmp_path)).generate(make_case("cat"), seed=0, settings=SETTINGS)


def test_a_replaced_video_changes_the_identity_of_its_case_only(tmp_path: Path) -> None:
    put(tmp_path / "cat.mp4")
    put(tmp_path / "dog.mp4")
    before = Folder(str(tmp_path)).identity(make_case("cat")), Folder(str(tmp_path)).identity(make_case("dog"))
    put(tmp_path / "cat.mp4", shade=200)
    after = Folder(str(tmp_path)).identity(make_case("cat")), Folder(str(tmp_path)).identity(make_case("dog"))
    assert before[0] != after[0]
    assert before[1] == after[1]


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_map_says_which_video_belongs_to_which_case(kind: str, tmp_path: Path) -> None:
    put(tmp_path / "videos" / "0001.mp4")
    table = tmp_path / f"map.{kind}"
    table.write_text("case,seed,file\ncat,0,0001.mp4\n" if kind == "csv" else json.dumps({"cat": "0001.mp4"}))
    folder = Folder(str(tmp_path / "videos"), map=str(table))
    assert folder.generate(make_case("cat"), seed=0, settings=SETTINGS) == tmp_path / "videos" / "0001.mp4"
    with pytest.raises(MissingVideoError, match="the map names no video for case 'dog'"):
        folder.generate(make_case("dog"), seed=0, settings=SETTINGS)
    assert folder.report(make_suite("cat"), [0]).complete


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.csv", "case,video\ncat,x.mp4\n", "has the columns case, video; expected case, file"),
        ("m.csv", "case,seed,file\ncat,one,x.mp4\n", "line 2: seed 'one' is not a whole number"),
        ("m.csv", "case,file\ncat,x.mp4\ncat,y.mp4\n", "line 3: case 'cat', seed 0 has a video already"),
        ("m.csv", "case,file\ncat,x.mp4,7\n", "line 2 must have 2 cells"),
        ("m.csv", "case,file\ncat\n", "line 2 must have 2 cells"),
        ("m.csv", "", r"has the columns \(none\)"),
        ("m.json", "{", "line 1 is not JSON"),
        ("m.json", '["x.mp4"]', "must be a JSON object"),
        ("m.json", '{"cat": 3}', "case 'cat' must name a file, not 3"),
        ("m.json", '{"cat": "x", "cat": "y"}', "has a video already"),
    ],
)
def test_a_bad_map_is_explained(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        Folder(str(tmp_path), map=str(tmp_path / name))


def test_a_file_that_the_map_names_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"cat": "gone.mp4"}')
    folder = Folder(str(tmp_path), map=str(tmp_path / "m.json"))
    assert folder.report(make_suite("cat"), [0]).missing == (("cat", 0),)


def test_the_name_is_the_folders_name_unless_given(tmp_path: Path) -> None:
    odd = tmp_path / "_my model (v2)"
    odd.mkdir()
    assert Folder(str(odd)).meta.name == "my-model-v2-"
    assert Folder(str(odd), name="mine").meta.name == "mine"
    with pytest.raises(InputError, match="must be 1 to 64 letters"):
        Folder(str(odd), name="a b")
    with pytest.raises(InputError, match="no such folder"):
        Folder(str(tmp_path / "gone"))
    with pytest.raises(InputError, match="no such map"):
        Folder(str(odd), map="gone.csv")


PROMPTS = {
    "cat": "In a still frame, a cat: it isn't moving/at all",
    "dog": "A dog runs over " + "very " * 60 + "green grass",
    "pup": "A dog runs over " + "very " * 60 + "grey stones",
}


def suite_of(prompts: dict[str, str]) -> Suite:
    image = ImageFile(file="x.png", sha256="0" * 64)
    return Suite(
        "s",
        Path("s.jsonl"),
        tuple(
            Case(id=case_id, prompt=prompt, elements=(Element(role="object", phrase=prompt[:1], reference=image),))
            for case_id, prompt in prompts.items()
        ),
    )


def test_videos_of_opens2v_are_found_by_id_and_a_number_at_the_end_is_no_seed(tmp_path: Path) -> None:
    put(tmp_path / "faceobj_14.mp4")
    put(tmp_path / "faceobj_1.mp4")
    report = Folder(str(tmp_path), layout="opens2v").report(make_suite("faceobj_14", "faceobj_1", "faceobj"), [0])
    assert (report.found, report.missing, report.unmatched) == (2, (("faceobj", 0),), ())


def test_videos_of_vbench_are_found_by_prompt_and_number(tmp_path: Path) -> None:
    for name in (
        "in a still frame, a cat_ it isn't moving_at all-0",
        "In a still frame, a cat it isn't moving at all-3",
    ):
        put(tmp_path / f"{name}.mp4")
    put(tmp_path / "another prompt-0.mp4")
    folder = Folder(str(tmp_path), layout="vbench")
    report = folder.report(suite_of(PROMPTS), [0, 3])
    assert report.found == 2 and report.unmatched == ("another prompt-0.mp4",)
    assert ("dog", 0) in report.missing


def test_a_prompt_that_was_cut_off_is_found_when_it_can_only_be_one(tmp_path: Path) -> None:
    put(tmp_path / f"{PROMPTS['dog'][:150]}-0.mp4")
    assert Folder(str(tmp_path), layout="vbench").report(suite_of(PROMPTS), [0]).found == 0
    without = {key: prompt for key, prompt in PROMPTS.items() if key != "pup"}
    assert Folder(str(tmp_path), layout="vbench").report(suite_of(without), [0]).found == 1


def test_an_unknown_layout_and_that_of_a2_bench_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="known: opens2v, vbench"):
        Folder(str(tmp_path), layout="vbnch")
    with pytest.raises(InputError, match="never published; name the videos by case id"):
        Folder(str(tmp_path), layout="a2-bench")
    with pytest.raises(InputError, match="a map of the videos or a layout, not both"):
        Folder(str(tmp_path), map="m.csv", layout="vbench")
    with pytest.raises(MissingVideoError, match="a file named like PROMPT-N.mp4"):
        Folder(str(tmp_path), layout="vbench").generate(make_case("cat"), seed=0, settings=SETTINGS)
