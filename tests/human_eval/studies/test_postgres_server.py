"""The server that other tests use: looked after between tests, and never silent about why it failed."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import postgres_server
import pytest
from postgres_server import RESTARTS, PostgresError, PostgresServer, postgres_programs
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from a2bench_human_eval.database import open_database

Start = Callable[..., PostgresServer]


@pytest.fixture
def start() -> Iterator[Start]:
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed; type: apt-get install postgresql")
    started: list[PostgresServer] = []

    def start(*options: str) -> PostgresServer:
        started.append(PostgresServer(programs, options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def usable(url: str) -> bool:
    engine = open_database(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT count(*) FROM study")).scalar() == 0
    engine.dispose()
    return found


def test_a_server_that_was_killed_between_two_tests_is_started_again_and_its_words_are_kept(start: Start) -> None:
    server = start()
    assert usable(server.new_database())
    assert server.process is not None
    first = server.process.pid
    os.kill(first, signal.SIGKILL)
    assert usable(server.new_database())
    assert server.process.pid != first
    (death,) = server.deaths
    assert "its process has ended" in death and "ended with -9" in death
    assert "database system is ready to accept connections" in death
    assert death in server.last_words()


def test_a_server_that_dies_again_and_again_is_given_up_with_all_its_words(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start()
    server.new_database()
    server.deaths = [f"death {number}" for number in range(RESTARTS)]
    assert server.process is not None
    server.process.kill()
    with pytest.raises(PostgresError, match=f"(?s)died {RESTARTS + 1} times.*death 0.*its process has ended"):
        server.new_database()


def test_a_server_that_cannot_start_says_why(start: Start) -> None:
    with pytest.raises(PostgresError, match='(?s)ended with 1.*unrecognized configuration parameter "no_such_setting"'):
        start("no_such_setting=1").new_database()


def test_a_failing_initdb_says_why(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine").write_text("mine")
    monkeypatch.setattr(postgres_server, "new_folder", lambda: tmp_path)
    with pytest.raises(PostgresError, match="(?s)initdb ended with 1.*(exists but is not empty|ermission)"):
        server.new_database()


def test_a_server_outlives_other_sessions_of_pytest(start: Start, tmp_path: Path) -> None:
    """Each closes pytest's temporary folders to other users, such as the server's: once the cause of 20 errors."""
    server = start()
    engine = create_engine(server.new_database(), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    (tmp_path / "test_other.py").write_text("def test_other(tmp_path): assert tmp_path.is_dir()")
    other = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        tmp_path / "test_other.py",
    ]
    subprocess.run(other, check=True, stdout=subprocess.DEVNULL)
    with engine.connect() as connection:
        connection.execute(text("CHECKPOINT"))
    server.new_database()
    assert server.deaths == []


def test_a_port_that_somebody_takes_first_is_left_to_them(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        theirs = taken.getsockname()[1]
        ports = iter([theirs, theirs, postgres_server.free_port()])
        monkeypatch.setattr(postgres_server, "free_port", lambda: next(ports))
        server = start()
        assert usable(server.new_database())
        assert server.port != theirs
        assert server.deaths == []
