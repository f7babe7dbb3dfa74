"""The file that carries a study's results to a board: what one side writes the other reads, and nothing else."""

import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from study_helpers import answer_all, new_rater, tiny_settings

from a2bench.errors import InputError
from a2bench_human_eval.analysis import analyse
from a2bench_human_eval.database import open_database, reading
from a2bench_human_eval.design import create_study
from a2bench_human_eval.desk import Desk
from a2bench_human_eval.results import read_results
from a2bench_human_eval.rubric import rubric_of
from a2bench_human_eval.votes_table import votes_table
from a2bench_leaderboard.board.people import read_people

PATH = Path("results.json")
Documents = dict[tuple[str, int], dict[str, Any]]


@pytest.fixture(scope="module")
def documents(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """Results by protocol and number of ballots that were answered."""
    folder = tmp_path_factory.mktemp("studies")
    engine = open_database(str(folder / "study.db"))
    found = {}
    for protocol, answer in (("pairwise", "left"), ("rating", "4")):
        create_study(engine, tiny_settings(name=protocol, protocol=protocol), runs[:2], folder / "media")
        desk, secret = Desk(engine, protocol), new_rater(engine, protocol)
        for ballots in (0, 6):
            answer_all(desk, secret, ballots=ballots, answer=answer)
            with reading(engine, protocol) as (session, row):
                results = analyse(votes_table(session, row), rubric_of(row))
            found[protocol, ballots] = results.document()
    engine.dispose()
    return found


@pytest.mark.parametrize("protocol", ["pairwise", "rating"])
@pytest.mark.parametrize("ballots", [0, 6])
def test_what_is_written_is_read_as_it_was(documents: Documents, protocol: str, ballots: int) -> None:
    document = documents[protocol, ballots]
    read = read_results(json.dumps(document, allow_nan=False).encode(), PATH)
    assert read.document() == document
    assert (read.schema_version, read.protocol, read.rubric and read.rubric.version) == (2, protocol, 1)


@pytest.mark.parametrize("protocol", ["pairwise", "rating"])
@pytest.mark.parametrize("ballots", [0, 6])
def test_a_file_of_0_1_0_is_read_without_a_rubric(documents: Documents, protocol: str, ballots: int) -> None:
    document = deepcopy(documents[protocol, ballots])
    del document["schema_version"], document["rubric"]
    for board in document["boards"]:
        del board["text"]
        if board["votes"] == 0:
            del board["alpha"], board["sos"]
    read = read_results(json.dumps(document).encode(), PATH)
    assert (read.schema_version, read.rubric) == (1, None)
    assert [board.dimension for board in read.boards] == [board["dimension"] for board in document["boards"]]


def test_a_study_without_a_vote_on_its_primary_question_is_said(documents: Documents, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(documents["pairwise", 0]))
    with pytest.raises(InputError, match="holds no vote that counts yet; leave out --votes"):
        read_people(tmp_path / "results.json", [])


def _first(document: dict[str, Any]) -> dict[str, Any]:
    board: dict[str, Any] = document["boards"][0]
    return board


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda d: d.update(schema_version=3), "a newer A2Bench wrote it"),
        (lambda d: d.update(protocol="thumbs"), "it says neither protocol 'pairwise' nor 'rating'"),
        (lambda d: d.pop("protocol"), "it says neither protocol 'pairwise' nor 'rating'"),
        (lambda d: d.pop("raters"), "raters: Field required"),
        (lambda d: d.pop("rubric"), "the file: the rubric is missing"),
        (lambda d: d.update({"ev\nil\x1b[31m": 1}), "ev il [31m: Extra inputs"),
        (lambda d: d["boards"][1].update(confirmatory=True), "the file: two boards are confirmatory"),
        (lambda d: _first(d).update(votes="many"), "boards.0.votes: Input should be a valid integer"),
        (lambda d: _first(d).update(votes=-1), "boards.0.votes: Input should be greater than or equal to 0"),
        (
            lambda d: _first(d)["left_share"].update(value=float("nan")),
            "boards.0.left_share.value: Input should be a fi",
        ),
        (
            lambda d: _first(d)["left_share"].update(value=True),
            "boards.0.left_share.value: Input should be a valid num",
        ),
        (lambda d: d["rubric"].update(primary="x"), "rubric: the primary question 'x' is not among the questions"),
    ],
)
def test_a_damaged_file_is_one_sentence(documents: Documents, damage: Any, why: str) -> None:
    document = deepcopy(documents["pairwise", 6])
    damage(document)
    _refused(json.dumps(document).encode(), why)


@pytest.mark.parametrize(
    "data",
    [b"", b"no JSON", b"\xff\xfe\x00", b"[]", b"null", b'{"boards": []}', b'{"protocol": "pairwise"', b"[" * 9999],
)
def test_another_file_is_one_sentence(data: bytes) -> None:
    _refused(data, "")


def _refused(data: bytes, why: str) -> None:
    with pytest.raises(InputError) as caught:
        read_results(data, PATH)
    said = str(caught.value)
    assert said.startswith("results.json is no results.json of `a2bench rate export` that can be read: ")
    assert why in said and said.isprintable()


def test_reading_it_needs_no_package_of_an_extra() -> None:
    code = (
        "import sys; import a2bench_human_eval.results, a2bench_leaderboard.board.people\n"
        "print([n for n in ('pandas', 'streamlit', 'sqlalchemy', 'scipy', 'alembic') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
