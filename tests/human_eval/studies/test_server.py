"""What our own routes give to whom, and what their bytes tell."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from starlette.testclient import TestClient
from study_helpers import answer_all, new_rater

from a2bench_human_eval.app import server
from a2bench_human_eval.database import reading, writing
from a2bench_human_eval.desk import Desk
from a2bench_human_eval.raters import invite_raters
from a2bench_human_eval.tables import Stimulus, StudySystem

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def desk(engine: Engine, database: str, make_study, monkeypatch: pytest.MonkeyPatch) -> Desk:
    study = make_study(votes_per_task=50, ballots_per_rater=100, check_every=100)
    monkeypatch.setenv(server.DATABASE, database)
    monkeypatch.setenv(server.STUDY, study)
    monkeypatch.setattr(server, "_desks", {})
    return Desk(engine, study)


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with TestClient(server.media_app(), follow_redirects=False) as client:
        yield client


def with_session(client: TestClient, secret: str) -> TestClient:
    client.cookies.set(server.COOKIE, secret)
    return client


def test_an_invite_becomes_a_cookie_that_scripts_cannot_read(client: TestClient, desk: Desk) -> None:
    with writing(desk.engine, desk.study) as (session, study):
        (invite,) = invite_raters(session, study, 1)
    answer = client.get(f"/enter/{invite.token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert invite.token not in cookie


def test_a_link_that_opens_nothing_is_a_sentence_not_a_traceback(client: TestClient) -> None:
    answer = client.get("/enter/" + secrets.token_urlsafe(24))
    assert answer.status_code == 404
    assert answer.text.startswith("this link does not open a study")


def test_clips_come_with_byte_ranges(client: TestClient, desk: Desk) -> None:
    secret = new_rater(desk.engine, desk.study)
    ballot = desk.place(secret).ballot
    assert ballot
    path = f"/clip/{ballot.media['left']}"
    whole = with_session(client, secret).get(path)
    part = client.get(path, headers={"Range": "bytes=100-199"})
    assert (whole.status_code, part.status_code) == (200, 206)
    assert part.content == whole.content[100:200]
    assert whole.headers["content-type"] == "video/mp4"


def test_media_of_somebody_else_or_of_nobody_are_not_found(client: TestClient, desk: Desk) -> None:
    mine, other = new_rater(desk.engine, desk.study), new_rater(desk.engine, desk.study)
    ballot = desk.place(mine).ballot
    assert ballot
    tokens = list(ballot.media.values())
    assert {client.get(f"/clip/{token}").status_code for token in tokens} == {404}
    with_session(client, other)
    assert {client.get(f"/clip/{token}").status_code for token in tokens} == {404}
    with_session(client, mine)
    assert {client.get(f"/clip/{token}").status_code for token in tokens} == {200}


@pytest.mark.parametrize(
    "path", ["../study.db", "%2e%2e/study.db", "..%2fstudy.db", "%00", "playback/../x", "' OR 1=1 --"]
)
def test_no_path_leads_out_of_the_media_folder(client: TestClient, desk: Desk, path: str) -> None:
    with_session(client, new_rater(desk.engine, desk.study))
    assert client.get(f"/clip/{path}").status_code == 404


def test_a_ballot_of_long_ago_shows_its_clips_no_more(client: TestClient, desk: Desk) -> None:
    secret = new_rater(desk.engine, desk.study)
    answer_all(desk, secret, ballots=2)
    ballot = desk.place(secret).ballot
    assert ballot
    answer_all(desk, secret, ballots=6)
    assert with_session(client, secret).get(f"/clip/{ballot.media['left']}").status_code == 404


def test_no_answer_tells_systems_apart_but_by_its_picture(client: TestClient, desk: Desk) -> None:
    """Within a case, everything but the body is equal for all systems: size, length, every header but the tag."""
    with reading(desk.engine, desk.study) as (session, study):
        names = list(session.scalars(select(StudySystem.name)))
        of_file = {s.file: (s.case_id, s.system_id) for s in session.scalars(select(Stimulus))}
        media = Path(study.media)
    seen: dict[int, set[tuple[object, ...]]] = {}
    for _ in range(3):
        secret = new_rater(desk.engine, desk.study)
        with_session(client, secret)
        while (place := desk.place(secret)).ballot:
            for slot in ("left", "right"):
                answer = client.get(f"/clip/{place.ballot.media[slot]}")
                everything = str(answer.headers).encode() + answer.content
                assert not [name for name in [*names, str(media), "x264", "Lavf"] if name.encode() in everything]
                file = next(f for f in of_file if (media / f).read_bytes() == answer.content)
                told = tuple(sorted((k, v) for k, v in answer.headers.items()))
                seen.setdefault(of_file[file][0], set()).add((len(answer.content), told))
            desk.vote(secret, place.ballot.id, 1, {q.id: "left" for q in place.ballot.questions}, played=1.0)
    assert len(seen) == 6
    assert all(len(told) == 1 for told in seen.values())


def test_what_the_pages_are_made_from_holds_no_name_of_a_system(desk: Desk) -> None:
    secret = new_rater(desk.engine, desk.study)
    with reading(desk.engine, desk.study) as (session, _):
        names = list(session.scalars(select(StudySystem.name)))
    while (place := desk.place(secret)).ballot:
        assert not [name for name in names if name in repr(place)]
        desk.vote(secret, place.ballot.id, 1, {q.id: "tie" for q in place.ballot.questions}, played=1.0)
