"""The data of earlier releases: one copy for all tests that only read, a new one for each that goes on with them."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "human_eval/studies")]

from frozen_data import VERSIONS, A2Bench, Frozen, Result, bytes_below, lay_out  # noqa: E402
from postgres_server import PostgresServer, postgres_programs  # noqa: E402

from a2bench.cli import main  # noqa: E402


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of our own, without the name of a database."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed; type: apt-get install postgresql")
    server = PostgresServer(programs)
    yield server.new_database().rpartition("/")[0]
    server.stop()


@pytest.fixture(scope="session")
def shared_copies(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Frozen]:
    """One copy of each release's data for all tests that only read."""
    copies: dict[str, Frozen] = {}

    def copy(version: str) -> Frozen:
        if version not in copies:
            copies[version] = lay_out(version, tmp_path_factory.mktemp("frozen") / "data")
        return copies[version]

    return copy


@pytest.fixture(autouse=True)
def _no_compiled_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python itself would write beside a module that it imports, such as the adapter of one's own."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


@pytest.fixture
def read_only(shared_copies: Callable[[str], Frozen]) -> Iterator[Callable[[str], Frozen]]:
    """Gives the data of a release, and afterwards holds every byte below it against what it was."""
    before: dict[str, dict[str, str]] = {}

    def give(version: str) -> Frozen:
        frozen = shared_copies(version)
        before.setdefault(version, bytes_below(frozen.place))
        return frozen

    yield give
    for version, hashes in before.items():
        assert bytes_below(shared_copies(version).place) == hashes


@pytest.fixture(params=VERSIONS)
def frozen(request: pytest.FixtureRequest, read_only: Callable[[str], Frozen]) -> Frozen:
    """The data of a release; whoever uses it changes nothing."""
    return read_only(request.param)


@pytest.fixture(params=VERSIONS)
def working(request: pytest.FixtureRequest, tmp_path: Path) -> Frozen:
    """The data of a release, for a test that goes on with them."""
    return lay_out(request.param, tmp_path / "data")


@pytest.fixture
def a2bench(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> A2Bench:
    """A command in this process, typed in a folder."""

    def run(folder: Path, *arguments: str | Path) -> Result:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["a2bench", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capfd.readouterr()
        assert isinstance(caught.value.code, int)
        assert "Traceback" not in out + err
        return Result(caught.value.code, out, err)

    return run
