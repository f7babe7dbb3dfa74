"""What comes packed is unpacked once, right and whole, however many processes want it."""

import bz2
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from a2bench.assets.unpacking import unpacked
from a2bench.errors import WeightsError

DATA = bytes(range(256)) * 9000
SHA256 = hashlib.sha256(DATA).hexdigest()
ONE_PROCESS = """
import hashlib, sys
from pathlib import Path
from a2bench.assets.unpacking import unpacked
packed, target, sha256 = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
print("ready", flush=True)
sys.stdin.readline()
assert hashlib.sha256(unpacked(packed, target, sha256).read_bytes()).hexdigest() == sha256
"""


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "net.dat.bz2"
    path.write_bytes(bz2.compress(DATA))
    return path


def test_a_packed_file_is_unpacked_once(packed: Path, tmp_path: Path) -> None:
    target = tmp_path / "cache" / "net.dat"
    assert unpacked(packed, target, SHA256) == target
    assert target.read_bytes() == DATA
    made = target.stat()
    assert unpacked(packed, target, SHA256).stat().st_ino == made.st_ino
    assert [path.name for path in target.parent.iterdir()] == ["net.dat"]


@pytest.mark.parametrize("damage", [b"", DATA[:-1], DATA + b"x", b"x" + DATA[1:]])
def test_a_damaged_copy_in_the_cache_is_made_again(packed: Path, tmp_path: Path, damage: bytes) -> None:
    target = tmp_path / "net.dat"
    target.write_bytes(damage)
    assert unpacked(packed, target, SHA256).read_bytes() == DATA


@pytest.mark.parametrize("kind", ["cut", "not packed", "other bytes", "empty"])
def test_a_damaged_packed_file_is_named_and_nothing_is_left(packed: Path, tmp_path: Path, kind: str) -> None:
    whole = packed.read_bytes()
    packed.write_bytes(
        {"cut": whole[:-20], "not packed": DATA, "other bytes": bz2.compress(b"other"), "empty": b""}[kind]
    )
    target = tmp_path / "cache" / "net.dat"
    with pytest.raises(WeightsError, match=r"net\.dat\.bz2 is damaged") as raised:
        unpacked(packed, target, SHA256)
    assert "\n" not in str(raised.value)
    assert list(target.parent.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence_with_the_remedy(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the place of the folder")
    with pytest.raises(WeightsError, match=r"cannot be unpacked into .*cache .*; set A2BENCH_CACHE to a folder"):
        unpacked(packed, tmp_path / "cache" / "net.dat", SHA256)


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("a2bench.assets.unpacking.os.fsync", full)
    target = tmp_path / "cache" / "net.dat"
    with pytest.raises(WeightsError, match="No space left on device.*has room"):
        unpacked(packed, target, SHA256)
    assert list(target.parent.iterdir()) == []


def test_processes_that_unpack_at_the_same_time_all_read_the_whole_file(packed: Path, tmp_path: Path) -> None:
    target = tmp_path / "cache" / "net.dat"
    arguments = [sys.executable, "-c", ONE_PROCESS, str(packed), str(target), SHA256]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen(arguments, text=True, **pipes) for _ in range(3)]
    for process in processes:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert [path.name for path in target.parent.iterdir()] == ["net.dat"]
