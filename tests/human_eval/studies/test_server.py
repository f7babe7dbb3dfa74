"""What our own routes give to whom, and what their bytes tell."""

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from starlette.testclient import TestClient
from study_helpers import answer_all, new_rater

from a2bench_human_eval.app import server
from a2bench_human_eval.database import reading, writing
from a2bench_human_eval.desk import Desk
from a2bench_human_eval.events import tampering
from a2bench_human_eval.raters import AccessError, invite_raters
from a2bench_human_eval.tables import Ballot, Rater, Stimulus, Study, StudySystem, Vote
from a2bench_human_eval.voting import BallotError

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def desk(engine: Engine, database: str, make_study, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    study = make_study(votes_per_task=50, ballots_per_rater=100, check_every=100)
    monkeypatch.setenv(server.DATABASE, database)
    monkeypatch.setenv(server.STUDY, study)
    monkeypatch.setattr(server, "_desks", {})
    yield Desk(engine, study)
    server.close_desks()


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


@pytest.mark.parametrize("ballots", [30, pytest.param(1000, marks=pytest.mark.slow)])
def test_no_byte_but_the_picture_tells_systems_apart(client: TestClient, desk: Desk, ballots: int) -> None:
    """All that our routes send, and all that the pages are made from: no name, and nothing a classifier could use.

    Within a case all clips have equal sizes, lengths and headers, whatever the system. So the best guess of a system
    from these is the most frequent one, which is what the last lines count.
    """
    with reading(desk.engine, desk.study) as (session, study):
        names = list(session.scalars(select(StudySystem.name)))
        of_file = {s.file: (s.case_id, s.system_id) for s in session.scalars(select(Stimulus))}
        media = Path(study.media)
    of_content = {(media / file).read_bytes(): key for file, key in of_file.items()}
    forbidden = [name.encode() for name in (*names, str(media), "x264", "Lavf", "Lavc", "demo_run")]
    told: Counter[tuple[object, ...]] = Counter()
    told_with_system: Counter[tuple[object, ...]] = Counter()
    done = 0
    while done < ballots:
        secret = new_rater(desk.engine, desk.study)
        with_session(client, secret)
        while done < ballots and (place := desk.place(secret)).ballot:
            assert not [word for word in forbidden if word in repr(place).encode()]
            for slot, token in place.ballot.media.items():
                answer = client.get(f"/clip/{token}")
                assert answer.status_code == 200
                everything = str(answer.headers).encode() + answer.content
                assert not [word for word in forbidden if word in everything]
                if slot in ("left", "right") and of_content[answer.content][1] is not None:
                    case, system = of_content[answer.content]
                    features = (case, len(answer.content), *sorted(answer.headers.items()))
                    told[features] += 1
                    told_with_system[*features, system] += 1
            answers = {question.id: "left" for question in place.ballot.questions}
            desk.vote(secret, place.ballot.id, place.ballot.revision, answers, played=1.0)
            done += 1
    assert len(told) == len({features[0] for features in told})  # one set of features per case
    guesses = Counter({f: max(n for k, n in told_with_system.items() if k[:-1] == f) for f in told})
    accuracy = sum(guesses.values()) / sum(told.values())
    by_case = defaultdict(Counter)
    for (*features, system), number in told_with_system.items():
        by_case[features[0]][system] += number
    chance = sum(max(counts.values()) for counts in by_case.values()) / sum(told.values())
    assert accuracy == chance


PAYLOADS = (
    "'; DROP TABLE vote; --",
    "' OR '1'='1",
    "<script>alert(1)</script>",
    "\x00",
    "../../etc/passwd",
    "{{7*7}}",
    "%s%n",
    "𝕏" * 500,
    "-1",
    "",
)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_in_any_field_passes_nowhere_and_changes_nothing(
    client: TestClient, desk: Desk, payload: str
) -> None:
    secret = new_rater(desk.engine, desk.study)
    view = desk.place(secret).ballot
    assert view

    def rows() -> list[int]:
        with reading(desk.engine, desk.study) as (session, _):
            return [
                session.scalar(select(func.count()).select_from(table)) or 0 for table in (Vote, Ballot, Rater, Study)
            ]

    before = rows()
    answers = {question.id: "left" for question in view.questions}
    refused = [
        lambda: desk.place(payload),
        lambda: desk.enter(payload),
        lambda: desk.vote(payload, view.id, 1, answers),
        lambda: desk.vote(secret, view.id, 1, answers | {"overall": payload}),
        lambda: desk.vote(secret, view.id, 1, answers | {payload: "left"}),
    ]
    for attempt in refused:
        with pytest.raises((AccessError, BallotError)):
            attempt()
    assert desk.media_file(secret, payload) is None
    from urllib.parse import quote

    assert client.get(f"/enter/{quote(payload, safe='')}").status_code in (404, 400)
    assert rows() == before
    desk.skip(secret, view.id, payload)
    with reading(desk.engine, desk.study) as (session, study):
        assert tampering(session, study) == []
