"""What raters were asked belongs to the study: whatever the code asks later, nothing of an old study changes."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from click.testing import CliRunner
from sqlalchemy import Engine, inspect, text
from study_helpers import answer_all, new_rater

import a2bench_human_eval.database as database_module
from a2bench.base.hashing import value_sha256
from a2bench.cli import cli
from a2bench.errors import InputError
from a2bench_human_eval import rubric as rubric_module
from a2bench_human_eval.analysis import analyse
from a2bench_human_eval.app.components import _buttons
from a2bench_human_eval.database import full_url, open_database, reading, writing
from a2bench_human_eval.desk import Desk
from a2bench_human_eval.rubric import RUBRIC_VERSION, RUBRICS, Rubric, installed_rubric, rubric_of
from a2bench_human_eval.status import study_status
from a2bench_human_eval.votes_table import votes_table
from a2bench_leaderboard.board.people import read_people

KNOWN = {1: "536f80bf60f38a43"}
"""Of every rubric that a study may have been made with."""
KEEPSAKE = {
    "pairwise": "Which of the two would you send to a friend?",
    "rating": "Would you send it to a friend?",
}
Document = dict[str, Any]


def edit(engine: Engine, study: str, change: Callable[[Document], object]) -> None:
    """Change the copy in the database, as if other code had made the study."""
    with writing(engine, study) as (_, row):
        document = deepcopy(row.rubric)
        change(document)
        row.rubric = document


def add_keepsake(rubric: Document) -> None:
    """A question that the code does not know, asked first; ranks are about it."""
    like = next(question for question in rubric["questions"] if question["id"] == rubric["primary"])
    rubric["questions"].insert(0, like | {"id": "keepsake", "text": KEEPSAKE[rubric["protocol"]]})
    rubric |= {"primary": "keepsake", "version": 77}


def said(engine: Engine, study: str) -> Document:
    with reading(engine, study) as (session, row):
        table = votes_table(session, row)
        return {
            "votes": json.loads(table.to_json(orient="records")),
            "results": analyse(table, rubric_of(row)).document(),
            "status": study_status(session, row),
        }


def rate(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["rate", *arguments])
    assert result.exception is None, result.exception
    return result.output


def test_other_words_are_another_version() -> None:
    files = {int(path.stem): json.loads(path.read_text(encoding="utf-8")) for path in RUBRICS.iterdir()}
    assert {number: value_sha256(document)[:16] for number, document in files.items()} == KNOWN
    assert max(files) == RUBRIC_VERSION
    assert {number: document["version"] for number, document in files.items()} == {number: number for number in files}


@pytest.mark.parametrize("protocol", ["pairwise", "rating"])
def test_another_rubric_in_the_code_changes_nothing_of_a_study(
    engine: Engine, make_study, protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(protocol=protocol)
    secret = new_rater(engine, study)
    desk = Desk(engine, study)
    answer_all(desk, secret, ballots=4, answer="left" if protocol == "pairwise" else "4")
    before, asked = said(engine, study), desk.place(secret).ballot

    edited = json.loads((RUBRICS / f"{RUBRIC_VERSION}.json").read_text(encoding="utf-8"))
    for number, question in enumerate(edited[protocol]["questions"]):
        question |= {"id": f"other{number}", "text": "Something else?"}
    edited[protocol] |= {"primary": "other1", "check": edited[protocol]["questions"][-1]["id"]}
    (tmp_path / f"{RUBRIC_VERSION}.json").write_text(json.dumps(edited), encoding="utf-8")
    monkeypatch.setattr(rubric_module, "RUBRICS", tmp_path)
    assert installed_rubric(protocol).primary == "other1"  # type: ignore[arg-type]

    assert said(engine, study) == before
    again = desk.place(secret).ballot
    assert asked is not None and again is not None and again.questions == asked.questions
    assert answer_all(desk, secret, ballots=1, answer="left" if protocol == "pairwise" else "4") == 1
    new = make_study(protocol=protocol, name="new")
    with reading(engine, new) as (_, row):
        assert rubric_of(row).primary == "other1"


@pytest.mark.parametrize("protocol", ["pairwise", "rating"])
def test_votes_on_a_question_that_the_code_does_not_know_are_kept_and_shown(
    engine: Engine, database: str, make_study, protocol: str, tmp_path: Path
) -> None:
    study = make_study(protocol=protocol)
    edit(engine, study, add_keepsake)
    desk, secret = Desk(engine, study), new_rater(engine, study)
    view = desk.place(secret).ballot
    assert view is not None and (view.questions[0].id, view.questions[0].text) == ("keepsake", KEEPSAKE[protocol])
    answer_all(desk, secret, answer="left" if protocol == "pairwise" else "4")

    status = json.loads(rate("status", "-d", database, "--json"))
    assert status["rubric"]["version"] == 77
    first = status["rubric"]["questions"][0]
    assert (first["question"], first["text"]) == ("keepsake", KEEPSAKE[protocol])
    assert first["answers"] == status["votes"] > 3
    assert f"{first['answers']} keepsake: {KEEPSAKE[protocol]}" in rate("status", "-d", database)

    shown = rate("analyze", "-d", database)
    assert f"keepsake (confirmatory, {first['answers']} votes)\n  {KEEPSAKE[protocol]}\n" in shown
    results = json.loads(rate("analyze", "-d", database, "--json"))
    (board,) = [board for board in results["boards"] if board["confirmatory"]]
    assert (board["dimension"], board["text"]) == ("keepsake", KEEPSAKE[protocol])
    assert board["votes"] == first["answers"]
    assert results["rubric"]["version"] == 77

    rate("export", str(tmp_path / "out"), "-d", database)
    votes = json.loads((tmp_path / "out/votes.json").read_text(encoding="utf-8"))
    of_keepsake = [vote for vote in votes if vote["question"] == "keepsake" and vote["purpose"] == "rating"]
    assert len(of_keepsake) == first["answers"]
    assert {vote["text"] for vote in of_keepsake} == {KEEPSAKE[protocol]}

    people = read_people(tmp_path / "out/results.json", [])
    assert (people["question"], people["text"]) == ("keepsake", KEEPSAKE[protocol])
    assert people["votes"] == first["answers"]
    if protocol == "pairwise":
        assert people["agreement_reason"] is None
    else:
        assert people["agreement_reason"].startswith("there are no pairwise votes on 'keepsake'")


@pytest.mark.parametrize("protocol", ["pairwise", "rating"])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_votes_on_a_question_that_the_study_lost_are_shown_last(engine: Engine, make_study, protocol: str) -> None:
    study = make_study(protocol=protocol)
    edit(engine, study, add_keepsake)
    answer_all(Desk(engine, study), new_rater(engine, study), answer="left" if protocol == "pairwise" else "4")
    kept = said(engine, study)
    edit(engine, study, lambda rubric: rubric.update(questions=rubric["questions"][1:], primary=rubric["check"]))
    found = said(engine, study)
    assert len(found["votes"]) == len(kept["votes"])
    last = found["results"]["boards"][-1]
    assert (last["dimension"], last["text"], last["confirmatory"]) == ("keepsake", None, False)
    assert last["votes"] == found["status"]["votes"] == found["status"]["rubric"]["questions"][-1]["answers"] > 3


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_organiser_reads_what_raters_read(engine: Engine, make_study) -> None:
    study = make_study()
    answer_all(Desk(engine, study), new_rater(engine, study), ballots=4)
    with reading(engine, study) as (session, row):
        table = votes_table(session, row)
    of_elements = table[table["dimension"] == "identity"]
    assert not table["text"].str.contains("{", regex=False).any()
    assert of_elements["text"].nunique() > 1  # the phrase of each element stands in it
    assert of_elements["text"].str.startswith("In which video does “").all()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda rubric: rubric.pop("version"), "version: Field required"),
        (lambda rubric: rubric.update(primary="beauty"), "the primary question 'beauty' is not among the questions"),
        (lambda rubric: rubric.update(check="identity"), "'identity' is not among those that every case is asked"),
        (lambda rubric: rubric["questions"].append(rubric["questions"][0]), "two questions have one id"),
        (lambda rubric: rubric["questions"][0]["answers"].pop(), "question 'identity' has other answers than left"),
        (lambda rubric: rubric["questions"][0].update(weight=2), "questions.0.weight: Extra inputs"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_damaged_rubric_is_one_sentence(engine: Engine, make_study, change: Any, why: str) -> None:
    study = make_study()
    edit(engine, study, change)
    with pytest.raises(InputError) as caught, reading(engine, study) as (session, row):
        study_status(session, row)
    assert str(caught.value).startswith("the rubric of study 'tiny' cannot be read: ")
    assert why in str(caught.value) and "\n" not in str(caught.value)


def test_a_database_of_0_1_0_gets_the_rubric_that_0_1_0_had(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(database_module, "migrate", lambda engine: None)
        old = open_database(database)
    config = Config()
    config.set_main_option("script_location", str(Path(database_module.__file__).parent / "migrations"))
    settings = {"pairs": {"name": "pairs", "protocol": "pairwise"}, "stars": {"name": "stars", "protocol": "rating"}}
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for name, given in settings.items():
            connection.execute(
                text(
                    "INSERT INTO study (name, settings, media, playback_file, playback_answer, salt, status, created) "
                    "VALUES (:name, :settings, '', '', '', '', 'open', 0)"
                ),
                {"name": name, "settings": json.dumps(given)},
            )
    assert "rubric" not in {column["name"] for column in inspect(old).get_columns("study")}
    old.dispose()
    # whatever is asked of new studies by then
    monkeypatch.setattr(rubric_module, "RUBRIC_VERSION", 99)
    engine = open_database(full_url(database).render_as_string(hide_password=False) if "://" in database else database)
    first = json.loads((RUBRICS / "1.json").read_text(encoding="utf-8"))
    for name, given in settings.items():
        with reading(engine, name) as (_, row):
            rubric = rubric_of(row)
        assert (rubric.version, rubric.protocol) == (1, given["protocol"])
        assert rubric == Rubric(version=1, protocol=given["protocol"], **first[given["protocol"]])  # type: ignore[arg-type]
    engine.dispose()


def test_buttons_say_the_words_of_the_rubric() -> None:
    (pair,) = [q for q in installed_rubric("pairwise").questions_about([]) if q.id == "overall"]
    assert [(button["key"], button["label"]) for button in _buttons(pair)] == [
        ("1", "Left"), ("2", "Right"), ("3", "Tie"), ("4", "Both bad"),
    ]  # fmt: skip
    (stars,) = [q for q in installed_rubric("rating").questions_about([]) if q.id == "video_quality"]
    assert [button["label"] for button in _buttons(stars)] == [
        "1: nearly unwatchable", "2: evident blur", "3: slight blur or noise", "4: clear on common devices",
        "5: professional", "0: cannot judge",
    ]  # fmt: skip


def test_a_question_about_a_role_is_asked_where_the_role_is() -> None:
    elements = [("character-1", "character", "the {phrase}"), ("object", "object", "a cup")]
    ids = [question.id for question in installed_rubric("rating").questions_about(elements)]
    assert ids[:3] == ["face_consistency", "dress_consistency", "object_consistency"]
    assert "background_consistency" not in ids
    pairs = installed_rubric("pairwise").questions_about(elements)
    assert [question.id for question in pairs[:2]] == ["identity:character-1", "identity:object"]
    assert "“the {phrase}”" in pairs[0].text and "“a cup”" in pairs[1].text
