"""`a2bench weights fetch skyreels-a2` against a stand-in hub: resumed, verified, offline, copied, and then used."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "e2v")]

from hub import COMMIT, Hub, serving  # noqa: E402
from tiny_checkpoint import write_tiny_checkpoint  # noqa: E402

from a2bench.adapters.skyreels_a2 import SkyReelsA2  # noqa: E402
from a2bench.assets.checkpoints import RECORD, checkpoint, read_record, state, verify  # noqa: E402
from a2bench.cli import cli  # noqa: E402
from a2bench.errors import InputError, WeightsError  # noqa: E402

Type = Callable[..., Result]
SKYREELS = checkpoint("skyreels-a2")
FETCH = ("weights", "fetch", "skyreels-a2")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the hub has: the checkpoint, and files that nobody needs."""
    folder = write_tiny_checkpoint(tmp_path_factory.mktemp("published"))
    (folder / "README.md").write_text("a model card")
    (folder / "model_index.json").write_text("{}")
    (folder / "transformer/diffusion_pytorch_model.bin").write_bytes(b"pickle")
    (folder / "assets").mkdir()
    (folder / "assets/demo.mp4").write_bytes(b"film")
    return folder


@pytest.fixture
def hub(published: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving(published, SKYREELS.repository) as hub:
        yield hub


@pytest.fixture
def type_(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types a command on a machine whose cache is empty and whose hub is the stand-in."""
    monkeypatch.setenv("A2BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def type_(*arguments: str, input: str | None = None) -> Result:
        if arguments == FETCH or arguments[:3] == FETCH and "--from" not in arguments:
            arguments = (*arguments, "--from", hub.address)
        return CliRunner().invoke(cli, arguments, standalone_mode=False, input=input)

    return type_


def test_size_and_licence_are_shown_and_nothing_comes_without_a_yes(type_: Type, hub: Hub) -> None:
    result = type_(*FETCH, input="n\n")
    assert f"Skywork/SkyReels-A2 at commit {COMMIT}" in result.stderr
    assert "Skywork community licence" in result.stderr and "tagged 'apache-2.0' on the hub" in result.stderr
    assert "0.00 GB, into" in result.stderr  # tiny
    assert hub.asked == []
    assert state(SKYREELS).status == "missing"


def test_what_was_fetched_is_verified_listed_and_used(
    type_: Type, hub: Hub, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = type_(*FETCH, "--yes")
    assert result.exit_code == 0 and result.exception is None, result
    folder = Path(result.stdout.strip())
    assert folder == SKYREELS.folder
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert "transformer/config.json" in names and RECORD in names
    assert not names & {"README.md", "transformer/diffusion_pytorch_model.bin", "assets/demo.mp4"}
    record = read_record(folder)
    assert record and record.complete and record.revision == COMMIT
    assert all(file.sha256 for file in record.files.values())
    assert dict(verify(folder)) == {}

    listed = {row["name"]: row for row in json.loads(type_("weights", "list", "--json").stdout)}
    assert (listed["skyreels-a2"]["status"], listed["skyreels-a2"]["bytes"]) == ("here", record.bytes)
    assert listed["skyreels-a2"]["source"] == f"hub:Skywork/SkyReels-A2@{COMMIT}"
    assert listed["wan-vace-1.3b"]["status"] == "missing"
    assert SkyReelsA2().weights.folder == folder.resolve()  # found without --weights

    asked = len(hub.asked)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    again = type_(*FETCH, "--yes")
    assert "is here already, every file verified" in again.stderr
    assert len(hub.asked) == asked


def test_an_interrupted_fetch_is_told_and_goes_on_in_the_middle_of_a_file(
    type_: Type, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("a2bench.assets.checkpoints_fetch.AT_ONCE", 1)
    size = sum(path.stat().st_size for path in hub.folder.rglob("*.safetensors"))
    hub.cut = size // 2
    with_cut = type_(*FETCH, "--yes")
    assert isinstance(with_cut.exception, WeightsError)
    assert "run the same command again to go on where it stopped" in str(with_cut.exception)
    assert state(SKYREELS).status == "interrupted"
    with pytest.raises(WeightsError, match=r"was interrupted, \d+ of \d+ files are missing; .*weights fetch skyreels"):
        SkyReelsA2()
    partial = [path for path in (SKYREELS.folder / ".a2bench-partial").rglob("*") if path.is_file()]
    assert len(partial) == 1 and partial[0].stat().st_size > 0
    name = partial[0].relative_to(SKYREELS.folder / ".a2bench-partial").as_posix()
    start = partial[0].stat().st_size
    finished = [path for path in hub.asked if (SKYREELS.folder / path[0]).exists()]
    assert partial[0].read_bytes() == (hub.folder / name).read_bytes()[:start] and finished
    before = len(hub.asked)

    hub.cut = None
    assert type_(*FETCH, "--yes").exception is None
    assert hub.asked[before] == (name, f"bytes={start}-")
    assert not {name for name, _ in finished} & {name for name, _ in hub.asked[before:]}
    assert dict(verify(SKYREELS.folder)) == {} and state(SKYREELS).status == "here"


def test_a_damaged_file_is_found_and_only_that_one_comes_again(type_: Type, hub: Hub) -> None:
    type_(*FETCH, "--yes")
    victims = [
        SKYREELS.folder / "vae/diffusion_pytorch_model.safetensors",
        SKYREELS.folder / "tokenizer/tokenizer.json",
    ]
    for victim in victims:
        data = bytearray(victim.read_bytes())
        data[len(data) // 2] ^= 1
        victim.write_bytes(data)
    result = type_("weights", "verify", "skyreels-a2")
    assert result.return_value == 2
    for victim in victims:
        assert f"DAMAGED  skyreels-a2: {victim} was altered" in result.stdout
    asked = len(hub.asked)
    assert type_(*FETCH, "--yes").exception is None
    assert {name for name, _ in hub.asked[asked:]} == {
        "vae/diffusion_pytorch_model.safetensors", "tokenizer/tokenizer.json",
    }  # fmt: skip
    assert type_("weights", "verify", "skyreels-a2").return_value == 0


def test_bytes_that_are_not_the_hubs_are_not_kept(type_: Type, hub: Hub) -> None:
    hub.spoilt = "vae/diffusion_pytorch_model.safetensors"
    result = type_(*FETCH, "--yes")
    assert "vae/diffusion_pytorch_model.safetensors from http" in str(result.exception)
    assert "was altered: its SHA-256 is" in str(result.exception) and "was not kept" in str(result.exception)
    assert not (SKYREELS.folder / hub.spoilt).exists()
    assert state(SKYREELS).status == "interrupted"


def test_a_folder_of_another_machine_is_copied_and_verified(type_: Type, tmp_path: Path) -> None:
    type_(*FETCH, "--yes", "--to", "disk")
    assert type_(*FETCH, "--yes", "--from", "disk").exception is None
    copied = read_record(SKYREELS.folder)
    assert copied == read_record(Path("disk")) and copied is not None
    shutil.rmtree(SKYREELS.folder)
    altered = Path("disk/vae/config.json")
    altered.write_text(altered.read_text() + " ")
    result = type_(*FETCH, "--yes", "--from", "disk")
    assert "vae/config.json from disk has" in str(result.exception)


def test_a_folder_without_a_record_is_hashed(type_: Type, published: Path) -> None:
    assert type_(*FETCH, "--yes", "--from", str(published)).exception is None
    record = read_record(SKYREELS.folder)
    assert record and record.complete and record.revision is None
    assert "assets/demo.mp4" not in record.files
    assert dict(verify(SKYREELS.folder)) == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*FETCH, "--from", "nowhere"), "--from 'nowhere' is neither a folder nor the address of a hub"),
        ((*FETCH, "--from", "http://127.0.0.1:9"), "cannot be asked for Skywork/SkyReels-A2"),
        (("weights", "fetch", "skyreels-a3"), "unknown weights 'skyreels-a3'. Did you mean 'skyreels-a2'?"),
        (("weights", "fetch", "clip-vit-l14", "--to", "x"), "--to is for one checkpoint; name one of skyreels-a2"),
        (("weights", "verify", "skyreels-a2", "--to", "."), "was not fetched by `a2bench weights fetch`"),
    ],
)
def test_what_cannot_be_is_one_sentence(type_: Type, arguments: tuple[str, ...], words: str) -> None:
    result = type_(*arguments)
    assert isinstance(result.exception, InputError), result
    assert words in str(result.exception) and "\n" not in str(result.exception)


def test_offline_says_how_to_get_it_by_hand(type_: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2BENCH_OFFLINE", "1")
    assert "the network is closed" in str(type_(*FETCH, "--yes").exception)
    assert "weights fetch skyreels-a2 --from DIR" in str(type_(*FETCH, "--yes").exception)


def test_too_little_room_is_said_before_anything_comes(type_: Type, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**6, 10**6, 1000))
    assert "have" not in (said := str(type_(*FETCH, "--yes").exception)) and "has 0 MB free" in said
    assert hub.asked == []


def test_a_record_that_reaches_outside_is_refused(tmp_path: Path) -> None:
    record = {"name": "skyreels-a2", "repository": "a/b", "revision": None, "licence": "", "files": {}}
    for path in ("../outside", "/outside", "a/../../outside", ".hidden", "a//b"):
        (tmp_path / RECORD).write_text(json.dumps({**record, "files": {path: {"bytes": 1}}}))
        with pytest.raises(WeightsError, match="is damaged"):
            read_record(tmp_path)
