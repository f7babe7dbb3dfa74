from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from a2bench_human_eval.database import DatabaseError, open_database, reading
from a2bench_human_eval.tables import Base


def test_the_migrations_make_the_tables_that_the_code_describes(engine: Engine) -> None:
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert differences == []
    assert "vote_current" in inspect(engine).get_view_names()


def test_opening_again_changes_nothing(engine: Engine, database: str) -> None:
    again = open_database(database)
    with again.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
    again.dispose()


def test_a_database_of_a_newer_version_is_refused(engine: Engine, database: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="version 9999, unknown to this A2Bench; update A2Bench"):
        open_database(database)


def test_a_database_with_other_tables_is_refused(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE guests (name TEXT)")
    connection.close()
    with pytest.raises(DatabaseError, match=r"holds other tables \(guests"):
        open_database(str(tmp_path / "other.db"))


@pytest.mark.parametrize("url", ["postgresql://nobody:topsecret@127.0.0.1:1/none", "oracle://x", "://"])
def test_what_cannot_be_opened_is_said_without_the_password(url: str) -> None:
    with pytest.raises(DatabaseError, match="cannot be opened") as caught:
        open_database(url)
    assert "topsecret" not in str(caught.value)


def test_an_unknown_study_is_refused_with_those_that_there_are(engine: Engine, make_study) -> None:
    make_study()
    with pytest.raises(DatabaseError, match="no study 'tinny' in this database; known: tiny"), reading(engine, "tinny"):
        pass
