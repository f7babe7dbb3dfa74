"""Every study holds its rubric; those made before get the first one, which was the only one until then."""

import json
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

RUBRIC_OF_0_1_0 = Path(__file__).parents[2] / "rubrics" / "1.json"


def upgrade() -> None:
    """Add the column, and fill it by each study's protocol."""
    op.add_column("study", sa.Column("rubric", sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
    first = json.loads(RUBRIC_OF_0_1_0.read_text(encoding="utf-8"))
    study = sa.table("study", sa.column("id"), sa.column("settings", sa.JSON), sa.column("rubric", sa.JSON))
    connection = op.get_bind()
    for number, settings in connection.execute(sa.select(study.c.id, study.c.settings)).all():
        protocol = settings["protocol"]
        rubric = {"version": first["version"], "protocol": protocol, **first[protocol]}
        connection.execute(sa.update(study).where(study.c.id == number).values(rubric=rubric))
    if connection.dialect.name != "sqlite":  # which cannot drop a default; every study is given its rubric anyway
        op.alter_column("study", "rubric", server_default=None)
