"""Studies of earlier releases, on both databases: nothing of them is lost, and people may go on voting."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from frozen_data import PLACE, A2Bench, Frozen
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

import a2bench_human_eval.database as database_module
from a2bench_human_eval.tables import Stimulus, Study, StudyElement

SYSTEMS = {"collage", "noise"}


@pytest.fixture(autouse=True)
def _closed_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command leaves its connections to the end of its process; here they are closed after each test."""
    opened: list[Engine] = []

    def create(*arguments: Any, **options: Any) -> Engine:
        opened.append(create_engine(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(database_module, "create_engine", create)
    yield
    for engine in opened:
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, working: Frozen) -> Iterator[tuple[str, str]]:
    """The kind and the address of a database with the frozen studies."""
    if request.param == "sqlite":
        yield "sqlite", "studies/studies.db"
        return
    server = request.getfixturevalue("postgres_url").replace("+pg8000", "")
    if shutil.which("psql") is None:
        pytest.skip("psql is not installed; type: apt-get install postgresql-client")
    name = f"frozen{time.monotonic_ns()}"
    sql = (working.place / "studies/postgresql.sql").read_text(encoding="utf-8").replace(PLACE, str(working.place))
    for url, text in ((f"{server}/postgres", f"CREATE DATABASE {name};"), (f"{server}/{name}", sql)):
        subprocess.run(["psql", "-q", "-X", url], input=text, text=True, check=True, stdout=subprocess.DEVNULL)
    yield "postgresql", f"{server}/{name}"


def test_a_study_says_what_it_said(database: tuple[str, str], working: Frozen, a2bench: A2Bench) -> None:
    kind, url = database
    then = working.said(f"status-{kind}.json")
    now = a2bench(working.place, "rate", "status", "-d", url, "-s", "pairs", "--json").document
    assert then["votes"] > 0 and then["tampering"] == []
    for name in ("study", "status", "protocol", "votes", "wanted", "coverage", "stages", "checks", "tampering"):
        assert now[name] == then[name], name


def test_votes_are_exported_and_analysed(
    database: tuple[str, str], working: Frozen, a2bench: A2Bench, tmp_path: Path
) -> None:
    kind, url = database
    exported = a2bench(working.place, "rate", "export", tmp_path / "export", "-d", url, "-s", "pairs")
    assert exported.code == 0, exported
    votes = json.loads((tmp_path / "export/votes.json").read_text(encoding="utf-8"))
    assert len({vote["ballot"] for vote in votes}) >= working.said(f"status-{kind}.json")["votes"]
    if kind == "sqlite":  # its export was frozen too
        then = json.loads((working.place / "studies/export/votes.json").read_text(encoding="utf-8"))
        assert len(then) == len(votes)
        for old, new in zip(then, votes, strict=True):
            assert old.items() <= new.items()
        old_results = json.loads((working.place / "studies/export/results.json").read_text(encoding="utf-8"))
    results = json.loads((tmp_path / "export/results.json").read_text(encoding="utf-8"))
    assert SYSTEMS <= set(json.dumps(results).replace('"', " ").split())
    if kind == "sqlite":
        assert [counts_of(board) for board in results["boards"]] == [counts_of(b) for b in old_results["boards"]]
        assert (results["votes"], results["raters"]) == (old_results["votes"], old_results["raters"])
    analysed = a2bench(working.place, "rate", "analyze", "-d", url, "-s", "pairs")
    assert analysed.code == 0 and "collage" in analysed.out


def counts_of(board: dict[str, Any]) -> tuple[Any, ...]:
    """What no better statistics change of a question's results."""
    return tuple(board[name] for name in ("dimension", "confirmatory", "votes", "names", "wins", "ties"))


def test_a_study_keeps_the_questions_that_its_release_asked(
    database: tuple[str, str], working: Frozen, a2bench: A2Bench, tmp_path: Path
) -> None:
    kind, url = database
    studies = ("pairs", "ratings") if kind == "sqlite" else ("pairs",)
    found = {}
    for study in studies:
        assert a2bench(working.place, "rate", "export", tmp_path / study, "-d", url, "-s", study).code == 0
        results = json.loads((tmp_path / study / "results.json").read_text(encoding="utf-8"))
        assert results["rubric"]["version"] == 1
        votes = json.loads((tmp_path / study / "votes.json").read_text(encoding="utf-8"))
        found |= {vote["question"]: vote["text"] for vote in votes}
    assert None not in found.values() and len(found) == (7 + 10 if kind == "sqlite" else 7)
    assert found["overall"] == "All in all, which video would you keep?"
    assert found["motion"] == "In which video is the motion smoother and more plausible?"
    if kind == "sqlite":
        assert found["face_consistency"] == "Is the face the one of the reference?"
        assert found["video_quality"] == "How clear is the picture?"
    assert found["identity:object"].startswith("In which video does “") and "{" not in found["identity:object"]


def test_people_go_on_voting(database: tuple[str, str], working: Frozen, a2bench: A2Bench) -> None:
    kind, url = database
    where = ["-d", url, "-s", "pairs"]
    assert a2bench(working.place, "rate", "simulate", *where, "--raters", "1", "--ballots", "3").code == 0
    now = a2bench(working.place, "rate", "status", *where, "--json").document
    then = working.said(f"status-{kind}.json")
    assert sum(now["stages"].values()) == sum(then["stages"].values()) + 1
    assert now["tampering"] == []


def test_every_clip_of_a_study_is_where_it_says(working: Frozen) -> None:
    """Of the study of pairs; the clips of the other were not kept."""
    with Session(database_module.open_database(str(working.place / "studies/studies.db"))) as session:
        study = session.scalars(select(Study).where(Study.name == "pairs")).one()
        clips = session.scalars(select(Stimulus.file).where(Stimulus.study_id == study.id)).all()
        pictures = session.scalars(select(StudyElement.file)).all()
        files = {path.name for path in Path(study.media).iterdir()}
        assert files == {*clips, study.playback_file, *(name for name in pictures if name in files)}
        assert len(clips) > 8 and len(files) > len(clips) + 1


def test_a_study_of_ratings_is_read(working: Frozen, a2bench: A2Bench) -> None:
    status = a2bench(working.place, "rate", "status", "-d", "studies/studies.db", "-s", "ratings", "--json").document
    assert (status["protocol"], status["tampering"]) == ("rating", []) and status["votes"] > 0


def test_what_people_prefer_is_held_against_the_metrics_of_the_runs(working: Frozen, a2bench: A2Bench) -> None:
    runs = ["--runs", "runs/collage-a2bench-mini", "--runs", "runs/noise"]
    found = a2bench(
        working.place, "rate", "analyze", "-d", "studies/studies.db", "-s", "pairs", *runs, "--json"
    ).document
    assert "sharpness" in json.dumps(found["metrics"])
