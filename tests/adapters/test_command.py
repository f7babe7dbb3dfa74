import json
import os
import shlex
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from a2bench.adapters.command import Command
from a2bench.base.hashing import file_sha256
from a2bench.errors import AdapterError, CaseError, InputError
from a2bench.model.cases import Case, Element, ImageFile
from a2bench.model.systems import GenerationSettings, VideoModel
from a2bench.model.video import read_video
from tests.loopback import wait_until

SETTINGS = GenerationSettings(width=32, height=16, num_frames=3, fps=Fraction(24000, 1001))
DRAW = """
import json, sys
from fractions import Fraction
import numpy as np
from pathlib import Path
from a2bench.model.video import Video, write_video
request = json.loads(Path(sys.argv[1]).read_text())
shape = (request["num_frames"], request["height"], request["width"], 3)
output = sys.argv[2] if len(sys.argv) > 2 else request["output"]
write_video(Video(np.full(shape, request["seed"], np.uint8), Fraction(request["fps"])), Path(output))
"""


@pytest.fixture
def case(tmp_path: Path) -> Case:
    def image(name: str) -> ImageFile:
        (tmp_path / name).write_text(name)
        return ImageFile(file=name, sha256=file_sha256(tmp_path / name), root=tmp_path)

    cat = Element(
        role="character",
        phrase="cat",
        reference=image("cat.png"),
        second_views=(image("held-out.png"),),
        cutout=image("cut.png"),
    )
    return Case(id="c1", prompt="a cat — «miaow»", elements=(cat,))


def script(tmp_path: Path, text: str, arguments: str = "") -> str:
    path = tmp_path / "program.py"
    path.write_text(text)
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(path))} {arguments}"


@pytest.mark.parametrize("arguments", ["", "{request}", "{request} {output}"])
def test_a_program_makes_the_video(arguments: str, case: Case, tmp_path: Path) -> None:
    system = Command(script(tmp_path, DRAW, arguments))
    assert isinstance(system, VideoModel)
    video = read_video(system.generate(case, seed=9, settings=SETTINGS))
    assert video.frames.shape == (3, 16, 32, 3)
    assert video.fps == Fraction(24000, 1001)


def test_the_request_carries_no_second_views(case: Case, tmp_path: Path) -> None:
    copy = tmp_path / "seen.json"
    text = f"import shutil, sys; shutil.copy(sys.argv[1], {str(copy)!r})\n" + DRAW
    output = Command(script(tmp_path, text)).generate(case, seed=9, settings=SETTINGS)
    assert json.loads(copy.read_text()) == {
        "schema": 1,
        "case": "c1",
        "prompt": "a cat — «miaow»",
        "elements": [
            {
                "role": "character",
                "phrase": "cat",
                "reference": str(tmp_path / "cat.png"),
                "sha256": case.elements[0].reference.sha256,
            }
        ],
        "seed": 9,
        "width": 32,
        "height": 16,
        "num_frames": 3,
        "fps": "24000/1001",
        "output": str(output),
    }


def test_only_the_last_call_leaves_files(case: Case, tmp_path: Path) -> None:
    system = Command(script(tmp_path, DRAW))
    first = system.generate(case, seed=0, settings=SETTINGS)
    second = system.generate(case, seed=1, settings=SETTINGS)
    assert not first.exists()
    assert second.exists()
    root = second.parent.parent
    del system
    assert not root.exists()


def test_a_failing_program_is_quoted(case: Case, tmp_path: Path) -> None:
    text = "import sys\nfor i in range(9): print('line', i, file=sys.stderr)\nsys.exit('no memory left')"
    with pytest.raises(AdapterError, match="ended with exit code 1; its last words: line 5") as caught:
        Command(script(tmp_path, text), name="mine").generate(case, seed=0, settings=SETTINGS)
    assert str(caught.value).endswith("no memory left")
    assert "line 4" not in str(caught.value)
    assert str(caught.value).startswith("mine ")


def test_a_program_that_dies_of_a_signal_is_told(case: Case, tmp_path: Path) -> None:
    text = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(AdapterError, match="ended by SIGKILL; it said nothing on stderr"):
        Command(script(tmp_path, text)).generate(case, seed=0, settings=SETTINGS)


def test_the_timeout_kills_the_children_too(case: Case, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    program = tmp_path / "program.sh"  # a shell starts its child at once, on a busy machine too
    program.write_text(f"sleep 600 & echo $! > {shlex.quote(str(pid_file))}\nsleep 600\n")
    system = Command(f"sh {shlex.quote(str(program))}", timeout="3")
    with pytest.raises(AdapterError, match="took longer than 3 s and was killed"):
        system.generate(case, seed=0, settings=SETTINGS)
    wait_until(lambda: gone(int(pid_file.read_text())), "the end of the program's child")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    # Z: dead, not yet collected by init
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_the_program_has_no_stdin(case: Case, tmp_path: Path) -> None:
    text = "import sys; assert sys.stdin.read() == ''\n" + DRAW
    assert Command(script(tmp_path, text)).generate(case, seed=0, settings=SETTINGS).is_file()


@pytest.mark.parametrize("text", ["", "import sys, pathlib; pathlib.Path(sys.argv[2]).write_text('a video, honestly')"])
def test_no_usable_video_is_an_adapter_error(text: str, case: Case, tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="ended without a usable video"):
        Command(script(tmp_path, text, "{request} {output}")).generate(case, seed=0, settings=SETTINGS)


def test_an_altered_reference_never_reaches_the_program(case: Case, tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_text("altered")
    with pytest.raises(CaseError):
        Command(script(tmp_path, DRAW)).generate(case, seed=0, settings=SETTINGS)


def test_no_shell_is_involved(case: Case, tmp_path: Path) -> None:
    with pytest.raises(AdapterError):
        Command(f"true ; touch {tmp_path}/made $(touch {tmp_path}/made)").generate(case, seed=0, settings=SETTINGS)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"command": ""}, "command is empty"),
        ({"command": "python 'x"}, "cannot be split"),
        ({"command": "no-such-program-here"}, "no program 'no-such-program-here'"),
        ({"command": "true", "timeout": "soon"}, "timeout 'soon'"),
        ({"command": "true", "timeout": "-1"}, "timeout '-1'"),
        ({"command": "true", "timeout": "inf"}, "timeout 'inf'"),
        ({"command": "true", "name": "a/b"}, "name 'a/b'"),
        ({"command": "true", "device": "tpu"}, "device 'tpu'"),
        ({"command": "true", "max_references": "0"}, "max_references '0'"),
    ],
)
def test_bad_options_are_refused_before_any_work(options: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Command(**options)


def test_an_edited_script_is_another_revision_and_a_longer_timeout_is_not(case: Case, tmp_path: Path) -> None:
    line = script(tmp_path, "first")
    before, patient = Command(line), Command(line, timeout="9999")
    assert before.meta.revision == patient.meta.revision
    assert before.identity(case) == patient.identity(case)
    script(tmp_path, "second")
    assert Command(line).meta.revision != before.meta.revision
    assert Command(line, revision="v1").meta.revision == "v1"
