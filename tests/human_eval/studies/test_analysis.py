import json
import sys

import pytest
from sqlalchemy import Engine
from study_helpers import answer_all, new_rater

from a2bench_human_eval.analysis import analyse
from a2bench_human_eval.app import server
from a2bench_human_eval.database import reading
from a2bench_human_eval.desk import Desk
from a2bench_human_eval.results_text import results_text
from a2bench_human_eval.rubric import rubric_of
from a2bench_human_eval.simulation import Truth, simulate_raters
from a2bench_human_eval.status import study_status
from a2bench_human_eval.votes_table import votes_table

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.parametrize("protocol", ["pairwise", "rating"])
@pytest.mark.parametrize("ballots", [0, 1, 3, 6])
def test_a_study_with_few_votes_says_what_is_missing(engine: Engine, make_study, protocol: str, ballots: int) -> None:
    study = make_study(protocol=protocol)
    answer_all(
        Desk(engine, study), new_rater(engine, study), ballots=ballots, answer="left" if protocol == "pairwise" else "4"
    )
    with reading(engine, study) as (session, row):
        results = analyse(votes_table(session, row), rubric_of(row))
        json.dumps(study_status(session, row), allow_nan=False)
    json.dumps(results.document(), allow_nan=False)
    assert results_text(results).startswith("ballots: ")
    for board in results.boards:
        assert board.systems or board.reason


def test_careless_raters_are_flagged_and_weigh_less(engine: Engine, make_study) -> None:
    study = make_study(check_every=3, votes_per_task=20)
    truth = {"zanzibar-alpha": 2.0, "zanzibar-beta": 0.0, "zanzibar-gamma": -2.0}
    simulate_raters(engine, study, Truth(truth), raters=4, seed=1)
    with reading(engine, study) as (session, row):
        careful = set(votes_table(session, row)["rater"])
    simulate_raters(engine, study, Truth(truth, random_raters=1.0), raters=4, seed=2)
    with reading(engine, study) as (session, row):
        raters = analyse(votes_table(session, row), rubric_of(row)).document()["raters"]

    def mean(key: str, among: list[dict[str, float]]) -> float:
        return sum(row[key] for row in among) / len(among)

    attentive = [row for row in raters if row["rater"] in careful]
    careless = [row for row in raters if row["rater"] not in careful]
    assert (len(attentive), len(careless)) == (4, 4)
    assert mean("passed", attentive) > 2 * mean("passed", careless)
    assert mean("weight", attentive) > mean("weight", careless) + 0.2
    assert sum("fails checks" in row["flags"] for row in careless) >= 2


def test_mean_opinions_of_simulated_raters_are_in_the_true_order(engine: Engine, make_study) -> None:
    study = make_study(protocol="rating", votes_per_task=6, ballots_per_rater=18)
    truth = {"zanzibar-alpha": 1.5, "zanzibar-beta": 0.0, "zanzibar-gamma": -1.5}
    simulate_raters(engine, study, Truth(truth), raters=8)
    with reading(engine, study) as (session, row):
        boards = analyse(votes_table(session, row), rubric_of(row)).boards
    (board,) = [board for board in boards if board.dimension == "instruction_following"]
    assert board.confirmatory
    assert [row.system for row in board.systems] == list(truth)


def test_the_organisers_page_draws_and_stays_closed_without_its_password(
    engine: Engine, database: str, make_study, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streamlit.testing.v1 import AppTest

    # AppTest puts its script in the place of __main__, which processes that later tests spawn would look for.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    study = make_study()
    answer_all(Desk(engine, study), new_rater(engine, study), ballots=5)
    monkeypatch.setenv(server.DATABASE, database)
    monkeypatch.setenv(server.STUDY, study)
    monkeypatch.setattr(server, "_desks", {})

    def page() -> None:
        from a2bench_human_eval.app.admin import admin_page

        admin_page()

    closed = AppTest.from_function(page, default_timeout=60).run()
    assert not closed.exception and not closed.metric
    assert "This page is closed" in closed.info[0].value
    monkeypatch.setenv(server.ADMIN, "0" * 64)
    asked = AppTest.from_function(page, default_timeout=60).run()
    assert asked.text_input and not asked.metric
    opened = AppTest.from_function(page, default_timeout=60)
    opened.session_state["is_admin"] = True
    opened.run()
    assert not opened.exception
    assert [metric.label for metric in opened.metric][0] == "Votes"
    server.close_desks()
