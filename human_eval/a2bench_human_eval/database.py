"""How a study's database is opened: SQLite in one file by default, PostgreSQL for teams by a URL.

Every transaction that writes begins by taking the study's lock: ``BEGIN IMMEDIATE`` on SQLite, the study's row on
PostgreSQL. So reading what is least filled and handing it out is one step, and nothing is handed out twice.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from a2bench.base.files import check_outside_of_runs
from a2bench.errors import A2BenchError, InputError
from a2bench_human_eval.tables import Study

BUSY_SECONDS = 30


class DatabaseError(InputError):
    """The database cannot be opened or is not ours."""


class StudyBusyError(A2BenchError):
    """Others kept the database for too long, or the connection to it broke; nothing was stored."""


def open_database(url: str) -> Engine:
    """Open a database and bring its tables to this version.

    Args:
        url: ``sqlite:///study.db``, a path, or ``postgresql+pg8000://user@host/name``.

    Raises:
        DatabaseError: it cannot be reached, or a newer A2Bench wrote it.
    """
    engine = None
    try:
        engine = _engine(url)
        migrate(engine)
    except DatabaseError:
        if engine is not None:
            engine.dispose()
        raise
    except (DBAPIError, ArgumentError, NoSuchModuleError, OSError) as error:
        if engine is not None:
            engine.dispose()
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise DatabaseError(
            f"the database {shown_url(url)} cannot be opened: {reason}; expected a path such as studies/study.db, or "
            "postgresql+pg8000://USER@HOST/NAME"
        ) from error
    return engine


def full_url(url: str) -> URL:
    """The URL of a database that may be given as a path; ``postgresql://`` means the driver that we install.

    Raises:
        ArgumentError: it is neither.
    """
    if "://" not in url:  # whatever stands in the path: a ``?`` there begins no query
        return URL.create("sqlite", database=str(Path(url).expanduser().resolve()))
    url = url.replace("postgresql://", "postgresql+pg8000://", 1).replace("postgres://", "postgresql+pg8000://", 1)
    return make_url(url)


def shown_url(url: str) -> str:
    """The URL without its password, for messages."""
    try:
        return full_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "(not a URL)"


def _engine(url: str) -> Engine:
    address = full_url(url)
    if address.drivername not in ("sqlite", "postgresql+pg8000"):
        raise ArgumentError("neither SQLite nor PostgreSQL")
    if address.drivername != "sqlite":
        return create_engine(address, pool_pre_ping=True, pool_size=10, max_overflow=20)
    if (path := address.database) and path != ":memory:" and not Path(path).exists():
        check_outside_of_runs(Path(path))
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            f"busy_timeout={int(BUSY_SECONDS * 1000)}",
            "synchronous=FULL",  # a vote that was acknowledged survives a power loss too
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        reads = connection.get_execution_options().get("a2bench_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


@contextlib.contextmanager
def writing(engine: Engine, study: str) -> Iterator[tuple[Session, Study]]:
    """A transaction that holds the study's lock and is committed at the end.

    Raises:
        DatabaseError: no study of that name.
        StudyBusyError: the lock was not to be had (SQLite's has no queue), or the server went away.
    """
    try:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session, find_study(session, study, lock=True)
    except DBAPIError as error:
        if not (error.connection_invalidated or "database is locked" in str(error.orig)):
            raise
        raise StudyBusyError("many people are rating just now; nothing was stored, please try again") from error


@contextlib.contextmanager
def reading(engine: Engine, study: str) -> Iterator[tuple[Session, Study]]:
    """A transaction that sees one state of the study and keeps nobody waiting."""
    with Session(engine.execution_options(a2bench_reads=True), expire_on_commit=False) as session, session.begin():
        yield session, find_study(session, study)


def find_study(session: Session, name: str, *, lock: bool = False) -> Study:
    """A study by its name.

    Raises:
        DatabaseError: no study of that name; the message names those that there are.
    """
    query = select(Study).where(Study.name == name)
    study = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if study is None:
        known = session.scalars(select(Study.name).order_by(Study.name)).all()
        raise DatabaseError(f"no study {name!r} in this database; known: {', '.join(known) or 'none'}")
    return study


def migrate(engine: Engine) -> None:
    """Bring the tables to this version, one migration after the other; nothing happens when they are there.

    Raises:
        DatabaseError: the database was written by a newer A2Bench, or holds something else.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # two servers that start together migrate one after the other
            connection.execute(text("SELECT pg_advisory_xact_lock(4183295)"))
        current = MigrationContext.configure(connection).get_current_revision()
        if current == scripts.get_current_head():
            return
        known = {script.revision for script in scripts.walk_revisions()}
        if current is not None and current not in known:
            raise DatabaseError(f"the database is at version {current}, unknown to this A2Bench; update A2Bench")
        if current is None and (strange := set(inspect(connection).get_table_names()) - {"alembic_version"}):
            raise DatabaseError(f"the database holds other tables ({sorted(strange)[0]}, ...); give an empty one")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
