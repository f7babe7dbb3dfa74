"""Studies over invented runs, on both databases: SQLite in a file, PostgreSQL on a real server that the tests start."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from a2bench.cases import load_suite
from a2bench_human_eval.database import open_database
from a2bench_human_eval.design import create_study

sys.path += [str(Path(__file__).parents[2] / "report"), str(Path(__file__).parent)]

from study_helpers import tiny_settings  # noqa: E402

SYSTEMS = ("zanzibar-alpha", "zanzibar-beta", "zanzibar-gamma")
"""Names that stand nowhere else, so that a leak can be searched for."""


def postgres_programs() -> Path | None:
    """The folder of PostgreSQL's server programs."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").is_file()), None)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of our own on a free port of loopback."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed; type: apt-get install postgresql")
    folder = tmp_path_factory.mktemp("postgres")
    user: dict[str, str] = {}
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
        for parent in folder.parents:
            if parent == Path(tempfile.gettempdir()):
                break
            parent.chmod(0o755)
        user = {"user": "postgres"}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True, "cwd": folder, **user}
    subprocess.run([programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "--no-sync"], **quiet)  # type: ignore[call-overload]
    options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off -c max_connections=60"
    subprocess.run([programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"], **quiet)  # type: ignore[call-overload]
    yield f"postgresql+pg8000://tester@127.0.0.1:{port}"
    subprocess.run([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **(quiet | {"check": False}))  # type: ignore[call-overload]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "study.db")
    from sqlalchemy import create_engine, text

    server = request.getfixturevalue("postgres_url")
    name = f"t{time.monotonic_ns()}"
    admin = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return f"{server}/{name}"


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
