import pytest
from sqlalchemy import Engine, func, select, text, update
from study_helpers import answer_all, answers_for, new_rater

from a2bench_human_eval import database as databases
from a2bench_human_eval.database import StudyBusyError, open_database, reading, writing
from a2bench_human_eval.desk import Desk
from a2bench_human_eval.events import tampering
from a2bench_human_eval.raters import AccessError
from a2bench_human_eval.rubric import installed_rubric
from a2bench_human_eval.tables import Ballot, Event, Study, Task, Vote
from a2bench_human_eval.voting import BallotError, passed_check


@pytest.fixture
def desk(engine: Engine, make_study) -> Desk:
    return Desk(engine, make_study(check_every=100))


@pytest.fixture
def secret(desk: Desk) -> str:
    secret = new_rater(desk.engine, desk.study)
    answer_all(desk, secret, ballots=2)  # the training
    return secret


def votes(desk: Desk) -> int:
    with reading(desk.engine, desk.study) as (session, _):
        return session.scalar(select(func.count(Vote.id))) or 0


def test_the_same_vote_sent_again_is_stored_once(desk: Desk, secret: str) -> None:
    view = desk.place(secret).ballot
    assert view
    answers = answers_for(view, "left")
    desk.vote(secret, view.id, view.revision, answers, played=1.0)
    before = votes(desk)
    for _ in range(5):
        desk.vote(secret, view.id, view.revision, answers_for(view, "right"), played=1.0)
    assert votes(desk) == before
    assert desk.last_vote(secret).answers == answers


def test_a_vote_can_be_changed_and_both_revisions_are_kept(desk: Desk, secret: str) -> None:
    view = desk.place(secret).ballot
    assert view
    desk.vote(secret, view.id, 1, answers_for(view, "left"), played=1.0)
    last = desk.last_vote(secret)
    assert last and last.revision == 2
    desk.vote(secret, view.id, 2, answers_for(view, "tie"), played=1.0)
    with reading(desk.engine, desk.study) as (session, _):
        rows = session.execute(select(Vote.revision, Vote.answer).where(Vote.ballot_id == view.id)).all()
        current = session.execute(text("SELECT answer FROM vote_current WHERE ballot_id = :b"), {"b": view.id}).all()
    assert {(revision, answer) for revision, answer in rows} == {(1, "left"), (2, "tie")}
    assert {answer for (answer,) in current} == {"tie"}


def test_only_the_last_votes_can_be_changed(desk: Desk, secret: str) -> None:
    first = desk.place(secret).ballot
    assert first
    answer_all(desk, secret, ballots=5)
    with pytest.raises(BallotError, match="too long ago"):
        desk.vote(secret, first.id, 2, answers_for(first, "right"), played=1.0)
    assert desk.last_vote(secret, back=3) is not None
    assert desk.last_vote(secret, back=4) is None


def test_a_ballot_of_somebody_else_takes_no_vote(desk: Desk, secret: str) -> None:
    view = desk.place(secret).ballot
    assert view
    other = new_rater(desk.engine, desk.study)
    before = votes(desk)
    with pytest.raises(BallotError, match="not yours"):
        desk.vote(other, view.id, 1, answers_for(view, "left"), played=1.0)
    assert votes(desk) == before


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda answers: answers.pop("overall"), "missing: overall"),
        (lambda answers: answers.update(overall="none of your business"), "is no answer to 'overall'"),
        (lambda answers: answers.update({"x'; DROP TABLE vote; --": "left"}), "has no question"),
    ],
)
def test_answers_that_do_not_fit_are_refused_and_nothing_is_stored(desk: Desk, secret: str, spoil, message) -> None:
    view = desk.place(secret).ballot
    assert view
    answers, before = answers_for(view, "left"), votes(desk)
    spoil(answers)
    with pytest.raises(BallotError, match=message):
        desk.vote(secret, view.id, view.revision, answers, played=1.0)
    assert votes(desk) == before


def test_a_vote_before_the_videos_were_played_is_refused(desk: Desk, secret: str) -> None:
    view = desk.place(secret).ballot
    assert view
    with pytest.raises(BallotError, match="50% was played, 100% is needed"):
        desk.vote(secret, view.id, view.revision, answers_for(view, "left"), played=0.5)


def test_a_closed_study_takes_no_vote(desk: Desk, secret: str) -> None:
    view = desk.place(secret).ballot
    assert view
    with writing(desk.engine, desk.study) as (session, _):
        session.execute(update(Study).values(status="closed"))
    with pytest.raises(BallotError, match="closed"):
        desk.vote(secret, view.id, view.revision, answers_for(view, "left"), played=1.0)


def test_a_ballot_that_was_put_aside_is_not_asked_again(desk: Desk, secret: str) -> None:
    view = desk.place(secret).ballot
    assert view
    desk.skip(secret, view.id, "It is unpleasant")
    answer_all(desk, secret)
    with reading(desk.engine, desk.study) as (session, _):
        skipped = session.get_one(Ballot, view.id)
        again = session.scalar(select(func.count()).where(Ballot.task_id == skipped.task_id, Ballot.state == "voted"))
    assert again == 0


def test_a_database_that_is_not_to_be_had_is_said_and_the_vote_can_be_sent_again(
    desk: Desk, secret: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = desk.place(secret).ballot
    assert view
    answers, before = answers_for(view, "left"), votes(desk)
    with monkeypatch.context() as patch:
        patch.setattr(databases, "BUSY_SECONDS", 0.05)
        other = Desk(open_database(database), desk.study)
    if desk.engine.dialect.name == "sqlite":
        with writing(desk.engine, desk.study), pytest.raises(StudyBusyError, match="nothing was stored"):
            other.vote(secret, view.id, view.revision, answers, played=1.0)
    else:
        with (
            pytest.raises(StudyBusyError, match="nothing was stored"),
            writing(desk.engine, desk.study) as (session, _),
        ):
            pid = session.scalar(text("SELECT pg_backend_pid()"))
            with other.engine.begin() as connection:
                connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            session.scalar(text("SELECT 1"))
    assert votes(desk) == before
    other.vote(secret, view.id, view.revision, answers, played=1.0)
    assert votes(desk) == before + len(answers)
    other.engine.dispose()


def test_forged_secrets_open_nothing(desk: Desk) -> None:
    import secrets

    for _ in range(100):
        with pytest.raises(AccessError):
            desk.place(secrets.token_urlsafe(32))
        with pytest.raises(AccessError):
            desk.enter(secrets.token_urlsafe(24))
    assert votes(desk) == 0


def test_an_untouched_log_fits_its_votes(desk: Desk, secret: str) -> None:
    answer_all(desk, secret, ballots=3)
    with reading(desk.engine, desk.study) as (session, study):
        assert tampering(session, study) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda s: s.execute(update(Vote).where(Vote.question == "overall").values(answer="right")), "not the one"),
        (lambda s: s.execute(text("DELETE FROM vote WHERE revision = 1")), "is missing"),
        (lambda s: s.execute(update(Event).where(Event.number == 4).values(actor="somebody")), "event 4"),
        (lambda s: s.execute(text("DELETE FROM event WHERE number = 5")), "event 5"),
    ],
)
def test_a_changed_database_shows_in_the_log(desk: Desk, secret: str, change, found: str) -> None:
    answer_all(desk, secret, ballots=2, answer="left")
    with writing(desk.engine, desk.study) as (session, _):
        change(session)
    with reading(desk.engine, desk.study) as (session, study):
        assert any(found in line for line in tampering(session, study))


@pytest.mark.parametrize(("answer", "passed"), [("1", True), ("2", True), ("3", False), ("4", False), ("5", False)])
def test_a_ruined_video_may_be_called_bad_or_poor_and_no_better(answer: str, passed: bool) -> None:
    task = Task(purpose="gross", expected="low")
    answers = {"video_quality": answer, "overall": "5"}
    assert passed_check(installed_rubric("rating"), task, Ballot(first_is_left=True), answers) is passed


@pytest.mark.parametrize("first_is_left", [True, False])
@pytest.mark.parametrize("expected", ["first", "second", "tie"])
def test_the_better_video_of_a_check_is_known_by_where_it_was_shown(expected: str, first_is_left: bool) -> None:
    task, ballot = Task(purpose="gross", expected=expected), Ballot(first_is_left=first_is_left)
    sides = {"first": "left", "second": "right"} if first_is_left else {"first": "right", "second": "left"}
    passed = {
        answer
        for answer in ("left", "right", "tie")
        if passed_check(installed_rubric("pairwise"), task, ballot, {"overall": answer, "prompt": "tie"})
    }
    assert passed == {sides.get(expected, "tie")}


def test_an_instructed_item_is_passed_when_every_answer_is_the_one_that_was_asked_for() -> None:
    task, ballot = Task(purpose="instructed", expected="right"), Ballot(first_is_left=True)
    rubric = installed_rubric("pairwise")
    assert passed_check(rubric, task, ballot, {"overall": "right", "prompt": "right"}) is True
    assert passed_check(rubric, task, ballot, {"overall": "right", "prompt": "left"}) is False


def test_what_is_no_check_or_has_no_answer_is_neither_passed_nor_failed() -> None:
    assert (
        passed_check(installed_rubric("pairwise"), Task(purpose="rating", expected=None), Ballot(), {"overall": "left"})
        is None
    )
    assert passed_check(installed_rubric("pairwise"), Task(purpose="gross", expected="low"), Ballot(), {}) is None
