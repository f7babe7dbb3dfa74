"""A PostgreSQL server of our own for tests: it is looked after, and what it said last is never thrown away."""

import gc
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from tests.loopback import free_port, last_words, wait_until

logger = logging.getLogger(__name__)

PORTS = 10
"""How many ports are tried where others take each before the server does."""
READY = b"database system is ready to accept connections"
RESTARTS = 3
"""A server that died more often than this is not started again: something is wrong with it, not with the machine."""


class PostgresError(Exception):
    """The server cannot be started, with its own words."""


def postgres_programs() -> Path | None:
    """The folder of PostgreSQL's server programs."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").is_file()), None)


def new_folder() -> Path:
    """An empty folder that the server's user can reach, apart from pytest's temporary folders.

    Each session of pytest closes `/tmp/pytest-of-USER` to everybody else again when it starts, and the server, which
    runs as another user where the tests run as root, then dies at its next look at its own files.
    """
    for place in map(Path, (tempfile.gettempdir(), "/tmp", "/var/tmp")):
        if all(folder.stat().st_mode & 0o001 for folder in (place, *place.parents)):
            return Path(tempfile.mkdtemp(prefix="a2bench-postgres-", dir=place))
    raise PostgresError(
        f"user 'postgres' cannot reach {tempfile.gettempdir()}; set TMPDIR to a folder that all can enter"
    )


class PostgresServer:
    """A server on a free port of loopback, in a new folder for each start: a test finds nothing of what died.

    Args:
        programs: folder of its programs.
        options: further ones of ``postgres``, of the form ``name=value``.
    """

    def __init__(self, programs: Path, options: tuple[str, ...] = ()) -> None:
        self.programs, self.options = programs, options
        self.deaths: list[str] = []
        self.folder = self.data = Path()
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    def new_database(self) -> str:
        """The URL of an empty database, on a server that answers: one that died is started again."""
        self.look_after()
        try:
            return self._new_database()
        except (DBAPIError, OSError) as error:  # it died between the look and the word
            logger.warning("no new database: %s", error)
            with warnings.catch_warnings():  # pg8000 leaves the socket of a broken connection open
                warnings.simplefilter("ignore", ResourceWarning)
                gc.collect()
            self.look_after()
        try:
            return self._new_database()
        except (DBAPIError, OSError) as error:
            raise PostgresError(f"no new database: {error}\n{self.last_words()}") from error

    def _new_database(self) -> str:
        name = f"t{time.monotonic_ns()}"
        admin = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return self._url(name)

    def look_after(self) -> None:
        """Start the server where it does not run or does not answer.

        Raises:
            PostgresError: it does not start, or it has died too often.
        """
        if self.process is not None:
            try:
                self._wait_for_answer()
                return
            except (PostgresError, TimeoutError) as error:
                self.deaths.append(f"{error}\n{self.last_words()}" if isinstance(error, TimeoutError) else str(error))
                logger.warning("PostgreSQL is started again: %s", error)
                self.stop()
        if len(self.deaths) > RESTARTS:
            raise PostgresError(f"PostgreSQL died {len(self.deaths)} times:\n" + "\n\n".join(self.deaths))
        self._start()

    def last_words(self) -> str:
        """What its programs wrote, and how it ended if it has."""
        code = self.process.poll() if self.process else None
        state = "never started" if self.process is None else "runs" if code is None else f"ended with {code}"
        earlier = f"\nearlier: {'; '.join(self.deaths)}" if self.deaths else ""
        return (
            f"PostgreSQL {state}, port {self.port}\n{last_words(self.folder / 'initdb', self.folder / 'log')}{earlier}"
        )

    def stop(self) -> None:
        """End it and remove its folder."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)  # immediate
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        if self.folder.name.startswith("a2bench-postgres-"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def _url(self, database: str) -> str:
        return f"postgresql+pg8000://tester@127.0.0.1:{self.port}/{database}"

    def _start(self) -> None:
        self.folder = new_folder()
        self.data = self.folder / "data"
        user: dict[str, Any] = {}
        if os.getuid() == 0:  # the server refuses to run as root
            user = {"user": "postgres"}
            shutil.chown(self.folder, "postgres")
        with (self.folder / "initdb").open("wb") as log:
            words = [self.programs / "initdb", "-D", self.data, "-U", "tester", "-A", "trust", "--no-sync"]
            made = subprocess.run(words, stdout=log, stderr=log, check=False, cwd=self.folder, **user)
        if made.returncode:
            raise PostgresError(f"initdb ended with {made.returncode}\n{self.last_words()}")
        for _ in range(PORTS):
            self.port = free_port()
            settings = ("fsync=off", "max_connections=60", "unix_socket_directories=", *self.options)
            words = [self.programs / "postgres", "-D", self.data, "-h", "127.0.0.1", "-p", str(self.port)]
            with (self.folder / "log").open("wb") as log:
                self.process = subprocess.Popen(
                    [*words, *(word for setting in settings for word in ("-c", setting))],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True, **user,
                )  # fmt: skip
            try:
                self._wait_for_answer()
                return
            except TimeoutError as error:
                raise PostgresError(f"{error}\n{self.last_words()}") from error
            except PostgresError:
                if "Address already in use" not in (self.folder / "log").read_text(errors="replace"):
                    raise
        raise PostgresError(f"others took {PORTS} free ports\n{self.last_words()}")

    def _wait_for_answer(self) -> None:
        """Wait until the server takes connections, for as long as its process lives."""
        whom = ("-U", "tester", "-d", "postgres", "-h", "127.0.0.1", "-p", str(self.port))
        words = [self.programs / "pg_isready", "-q", "-t", "10", *whom]

        def answers() -> bool:
            if self.process is None or self.process.poll() is not None:
                raise PostgresError(f"its process has ended\n{self.last_words()}")
            # Its own word first: another server may have taken the port.
            return READY in (self.folder / "log").read_bytes() and subprocess.run(words, check=False).returncode == 0

        wait_until(answers, "PostgreSQL's answer")
