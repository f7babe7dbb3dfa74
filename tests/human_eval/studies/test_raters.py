import pytest
from sqlalchemy import Engine, func, select, update
from study_helpers import answer_all, new_rater

from a2bench.errors import InputError
from a2bench_human_eval.database import reading, writing
from a2bench_human_eval.desk import Desk
from a2bench_human_eval.events import tampering
from a2bench_human_eval.raters import AccessError, StageError, erase_rater, invite_raters, rater_of_session
from a2bench_human_eval.tables import Ballot, Consent, Contact, Rater, RaterSession, Vote


@pytest.fixture
def desk(engine: Engine, make_study) -> Desk:
    return Desk(engine, make_study())


def invited(desk: Desk, contact: str = "") -> tuple[str, str]:
    with writing(desk.engine, desk.study) as (session, study):
        (invite,) = invite_raters(session, study, 1, [contact])
    return invite.code, invite.token


def test_nothing_is_rated_before_consent_and_the_playback_test(desk: Desk) -> None:
    _, token = invited(desk)
    secret = desk.enter(token)
    assert desk.place(secret).stage == "invited"
    assert desk.place(secret).ballot is None
    with pytest.raises(StageError):
        desk.playback_test(secret, "12")
    desk.consent(secret)
    assert not desk.playback_test(secret, "no number")
    assert desk.place(secret).ballot is None
    with reading(desk.engine, desk.study) as (_, study):
        digits = study.playback_answer
    assert desk.playback_test(secret, f" {digits} ")
    assert desk.place(secret).stage == "training"


def test_one_link_opens_the_same_place_on_another_device(desk: Desk) -> None:
    _, token = invited(desk)
    laptop, tablet = desk.enter(token), desk.enter(token)
    desk.consent(laptop)
    assert laptop != tablet
    assert desk.place(tablet).stage == "calibration"


def test_secrets_are_stored_as_hashes_only(desk: Desk, database: str) -> None:
    _, token = invited(desk)
    secret = desk.enter(token)
    with reading(desk.engine, desk.study) as (session, _):
        stored = [*session.scalars(select(Rater.invite_sha256)), *session.scalars(select(RaterSession.token_sha256))]
    assert token not in stored
    assert secret not in stored
    assert all(len(digest or "") == 64 for digest in stored)


def test_a_revoked_session_opens_nothing(desk: Desk) -> None:
    secret = new_rater(desk.engine, desk.study)
    with writing(desk.engine, desk.study) as (session, _):
        session.execute(update(RaterSession).values(revoked=True))
    with pytest.raises(AccessError):
        desk.place(secret)


@pytest.mark.parametrize("keep_votes", [True, False])
def test_an_erased_person_leaves_nothing_personal_and_a_whole_log(desk: Desk, keep_votes: bool) -> None:
    code, token = invited(desk, "Ada, ada@example.org")
    secret = desk.enter(token)
    desk.consent(secret)
    with writing(desk.engine, desk.study) as (session, study):
        rater_of_session(session, study, secret).stage = "training"
    answer_all(desk, secret, ballots=5)
    with writing(desk.engine, desk.study) as (session, study):
        deleted = erase_rater(session, study, code, keep_votes=keep_votes)
    with reading(desk.engine, desk.study) as (session, study):
        for table in (Contact, Consent, RaterSession):
            assert session.scalar(select(func.count()).select_from(table)) == 0
        votes = session.scalar(select(func.count(Vote.id))) or 0
        assert session.scalar(select(func.count()).where(Ballot.state == "open")) == 0
        assert tampering(session, study) == []
    assert (votes > 0) is keep_votes
    assert (deleted == 0) is keep_votes
    for opened in (lambda: desk.place(secret), lambda: desk.enter(token)):
        with pytest.raises(AccessError):
            opened()


def test_erasing_an_unknown_rater_says_so(desk: Desk) -> None:
    with writing(desk.engine, desk.study) as (session, study), pytest.raises(InputError, match="no rater 'R-NOBODY'"):
        erase_rater(session, study, "R-NOBODY", keep_votes=False)
