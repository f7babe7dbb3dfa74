"""One video by hand, from Python: what is written, what is refused, what stays."""

import json
import re
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from a2bench.base.hashing import file_sha256
from a2bench.errors import AdapterError, CaseError, InputError, OutputError
from a2bench.model.cases import Role, Suite
from a2bench.model.systems import GenerationSettings
from a2bench.model.video import read_video
from a2bench.run.execute import InlineExecutor
from a2bench.run.one_video import __doc__ as documentation
from a2bench.run.one_video import generate_video

TINY = GenerationSettings(width=96, height=64, num_frames=6, fps=Fraction(12))
PROMPT = "A stranger kicks a ball over a field."


@pytest.fixture
def references(suite: Suite) -> list[tuple[Role, Path]]:
    return [(element.role, element.reference.path) for element in suite.cases[0].elements]


def test_the_video_is_the_one_that_a_run_makes_and_its_record_says_how(
    suite: Suite, references: list[tuple[Role, Path]], tmp_path: Path
) -> None:
    made = generate_video("collage", PROMPT, references, tmp_path / "out.mp4", seed=3, settings=TINY)
    video = read_video(made.path)
    assert video.frames.shape == (6, 64, 96, 3) and video.fps == 12
    record = json.loads((tmp_path / "out.json").read_text())
    assert record == made.record
    assert record["video"]["sha256"] == file_sha256(made.path)
    assert record["seed"] == 3 and record["prompt"] == PROMPT
    assert [entry["role"] for entry in record["references"]] == [role for role, _ in references]
    assert [entry["file"] for entry in record["references"]] == [path.name for _, path in references]
    assert str(tmp_path) not in (tmp_path / "out.json").read_text() and record["remarks"] == []
    assert record["references"][0]["sha256"] == file_sha256(references[0][1])
    assert record["system"]["licence"] == "Apache-2.0" and record["seconds"] > 0
    assert sorted(path.name for path in tmp_path.glob("*out*")) == ["out.json", "out.mp4"]
    again = generate_video("collage", PROMPT, references, tmp_path / "again.mp4", seed=3, settings=TINY)
    assert again.path.read_bytes() == made.path.read_bytes()
    assert again.record["key"] == made.record["key"]


def test_the_record_does_not_say_where_files_lie(references: list[tuple[Role, Path]], tmp_path: Path) -> None:
    script = tmp_path / "paint.py"
    script.write_text(
        "import json, sys\nfrom fractions import Fraction\nfrom pathlib import Path\nimport numpy as np\n"
        "from a2bench.model.video import Video, write_video\nasked = json.loads(Path(sys.argv[1]).read_text())\n"
        "frames = np.random.default_rng(0).integers(0, 255, (6, 64, 96, 3), np.uint8)\n"
        "write_video(Video(frames, Fraction(12)), Path(asked['output']))\n"
    )
    options = {"command": f"{sys.executable} {script}"}
    made = generate_video("command", PROMPT, references, tmp_path / "out.mp4", settings=TINY, options=options)
    text = made.record_path.read_text()
    assert str(tmp_path) not in text and sys.executable not in text
    assert made.record["options"]["command"].endswith(f"…/{tmp_path.name}/paint.py")
    again = generate_video("command", PROMPT, references, tmp_path / "b.mp4", settings=TINY, options=options)
    assert again.record["key"] == made.record["key"]  # of the whole identity


def test_the_five_lines_of_the_documentation_work(
    references: list[tuple[Role, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, (_, path) in zip(("a.png", "b.png", "c.jpg"), references, strict=True):
        Path(name).write_bytes(path.read_bytes())
    lines = re.findall(r"^    (\S.*)$", documentation or "", flags=re.MULTILINE)
    assert len(lines) == 4  # and the blank line between
    exec("\n".join(lines).replace("seed=1", "seed=1, settings=TINY"), {"TINY": TINY})
    assert Path("out.mp4").is_file() and Path("out.json").is_file()


def test_nothing_is_overwritten_unless_it_is_forced(references: list[tuple[Role, Path]], tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"out\.mp4 exists; choose another name with --output, or .* --force"):
        generate_video("collage", PROMPT, references, path, settings=TINY)
    assert path.read_bytes() == b"mine"
    generate_video("collage", PROMPT, references, path, settings=TINY, force=True)
    assert read_video(path).num_frames == 6
    path.unlink()
    with pytest.raises(OutputError, match=r"out\.json exists"):
        generate_video("collage", PROMPT, references, path, settings=TINY)


def test_what_cannot_be_made_is_refused_before_any_work(
    references: list[tuple[Role, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*_: object) -> None:
        raise AssertionError("work was begun")

    monkeypatch.setattr(InlineExecutor, "run", work)
    out = tmp_path / "out.mp4"
    place = references[2]
    for said, error, given in (
        ("the prompt is empty", CaseError, (" ", references, out)),
        ("no reference was given", CaseError, (PROMPT, [], out)),
        ("the object's reference none.png is not there", CaseError, (PROMPT, [("object", "none.png")], out)),
        ("at most one background", CaseError, (PROMPT, [place, place], out)),
        ("elements: Tuple should have at most 8 items", CaseError, (PROMPT, [references[0]] * 9, out)),
        ("is not called like a video", InputError, (PROMPT, references, tmp_path / "out.gif")),
        ("no folder", OutputError, (PROMPT, references, tmp_path / "none" / "out.mp4")),
    ):
        with pytest.raises(error, match=said):
            generate_video("collage", given[0], given[1], given[2], settings=TINY)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one-character takes at most 1 references, this has 3"):
        generate_video("tests.run.work_items:OneCharacter", PROMPT, references, out, settings=TINY)
    assert list(tmp_path.glob("out*")) == []


def test_a_system_that_breaks_leaves_nothing_behind(references: list[tuple[Role, Path]], tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="asked for a case that it cannot take") as told:
        generate_video("tests.run.work_items:OneCharacter", PROMPT, references[:1], tmp_path / "out.mp4", settings=TINY)
    assert "AssertionError" in told.value.__notes__[0]
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


def test_steps_reach_whoever_listens(references: list[tuple[Role, Path]], tmp_path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    executor = InlineExecutor(on_step=lambda *step: heard.append(step))
    system = "tests.run.work_items:InSteps"
    generate_video(system, PROMPT, references, tmp_path / "out.mp4", settings=TINY, executor=executor)
    assert heard == [("video", 1, 3), ("video", 2, 3), ("video", 3, 3)]
