"""Studies over invented runs, on both databases: SQLite in a file, PostgreSQL on a real server that the tests start."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from a2bench.model.cases import load_suite
from a2bench_human_eval.database import open_database
from a2bench_human_eval.design import create_study

sys.path += [str(Path(__file__).parents[2] / "report"), str(Path(__file__).parent)]

from postgres_server import PostgresServer, postgres_programs  # noqa: E402
from study_helpers import tiny_settings  # noqa: E402

SYSTEMS = ("zanzibar-alpha", "zanzibar-beta", "zanzibar-gamma")
"""Names that stand nowhere else, so that a leak can be searched for."""


SERVER = pytest.StashKey[PostgresServer]()


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A PostgreSQL server of our own; each test's database looks after it first."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed; type: apt-get install postgresql")
    server = PostgresServer(programs)
    request.config.stash[SERVER] = server
    yield server
    server.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A test that fails beside a server shows what the server said."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.failed and "[postgresql" in item.nodeid and SERVER in item.config.stash:
        report.sections.append(("PostgreSQL", item.config.stash[SERVER].last_words()))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "study.db")
    url: str = request.getfixturevalue("postgres").new_database()
    return url


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_database(database)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Runs of three systems over the first cases of the mini suite, with small videos of invented frames."""
    from demo_run import Demo, write_demo_run

    folder = tmp_path_factory.mktemp("runs")
    mini = load_suite("a2bench-mini")
    cases = tuple(case.id for case in mini.cases[:6])
    sizes = [(96, 64, 17), (128, 72, 20), (64, 64, 24)]
    return [
        write_demo_run(folder / name, Demo(system=name, width=w, height=h, num_frames=n), mini, cases)
        for name, (w, h, n) in zip(SYSTEMS, sizes, strict=True)
    ]


@pytest.fixture
def make_study(engine: Engine, runs: list[Path], tmp_path: Path):  # type: ignore[no-untyped-def]
    """Makes a study and returns its name."""

    def make(**given: object) -> str:
        settings = tiny_settings(**given)
        create_study(engine, settings, runs, tmp_path / "media")
        return settings.name

    return make
