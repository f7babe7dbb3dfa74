"""A rater in a real browser, from the link to the completion code, by keyboard alone, with everything going wrong.

`SCREENSHOTS=FOLDER pytest tests/human_eval/studies/test_browser.py` keeps pictures of every page.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from study_helpers import tiny_settings

from a2bench_human_eval.app.server import DATABASE, STUDY
from a2bench_human_eval.database import reading, writing
from a2bench_human_eval.design import create_study
from a2bench_human_eval.raters import invite_raters
from a2bench_human_eval.tables import Ballot, Rater, Vote
from tests.browsers import PATIENCE, chromium
from tests.loopback import free_port, last_words, wait_until

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

HOSTILE = "<img src=x onerror=alert(1)> **bold** $x$ [link](javascript:alert(2)) '); DROP TABLE vote; -- :red[x]"
NAMES = ("zanzibar-alpha", "zanzibar-beta")


@pytest.fixture
def study(engine: Engine, tmp_path: Path) -> str:
    """Two systems over one case whose prompt is hostile; two ballots a rater."""
    from demo_run import Demo, write_demo_run
    from tiny_suite import write_suite

    suite = write_suite(tmp_path / "suite", HOSTILE)
    runs = [
        write_demo_run(tmp_path / name, Demo(system=name, num_frames=12, seeds=(0, 1)), suite, ("cat-cup",))
        for name in NAMES
    ]
    create_study(engine, tiny_settings(ballots_per_rater=2, check_every=100, title=HOSTILE), runs, tmp_path / "media")
    return "tiny"


class ServerEndedError(Exception):
    """The server of a study ended, with its last words."""


class Server:
    """The server of a study in a process that can be killed and started again on its port."""

    def __init__(self, database: str, study: str, log: Path) -> None:
        self.environment = os.environ | {DATABASE: database, STUDY: study}
        self.log = log
        for _ in range(10):  # somebody else may take a free port first
            self.port = free_port()
            try:
                self.start()
                return
            except ServerEndedError as error:
                if "address already in use" not in str(error).lower():
                    raise
        raise ServerEndedError(f"others took ten free ports\n{last_words(log)}")

    def start(self) -> None:
        code = f"from a2bench_human_eval.app.server import serve; serve('127.0.0.1', {self.port})"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

        def answers() -> bool:
            if self.process.poll() is not None:
                raise ServerEndedError(f"the server ended while it started\n{last_words(self.log)}")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        wait_until(answers, f"the server's answer; what it says is in {self.log}")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def server(database: str, study: str, tmp_path: Path) -> Iterator[Server]:
    server = Server(database, study, tmp_path / "server.log")
    yield server
    server.kill()
    sys.stderr.write(last_words(server.log))  # shown with the test where it fails


@pytest.fixture
def browser() -> Iterator[Any]:
    with chromium("--disable-gpu", "--disable-background-networking") as found:
        yield found


class Traffic:
    """All that reached a page: bodies, headers, addresses and frames of web sockets."""

    def __init__(self, page: Any) -> None:
        self.parts: list[bytes] = []
        self.dialogs: list[str] = []
        self.foreign: list[str] = []
        self.responses: list[Any] = []
        page.on("response", lambda response: self.responses.append(response))
        page.on("websocket", lambda socket: socket.on("framereceived", self._frame))
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def _frame(self, payload: Any) -> None:
        self.parts.append(payload.encode() if isinstance(payload, str) else bytes(payload))

    def read(self, port: int) -> bytes:
        """Everything so far; a body that the browser has dropped already (a video's) is not there."""
        from playwright.sync_api import Error

        for response in self.responses:
            self.parts.append(f"{response.url} {response.all_headers()}".encode())
            if not response.url.startswith((f"http://127.0.0.1:{port}/", "data:", "blob:")):
                self.foreign.append(response.url)
            try:
                self.parts.append(response.body())
            except Error:
                continue
        return b"\n".join(self.parts)


def keep_picture(page: Any, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def answer_by_keys(page: Any, keys: str) -> None:
    """Type one key per question as fast as a keyboard gives them, then wait until the videos were played."""
    from playwright.sync_api import expect

    # Streamlit leaves the questions of the last ballot on the page until the new page is whole.
    expect(page.locator(".questions")).to_have_count(1, timeout=PATIENCE)
    page.locator(".questions[data-answered='0']").wait_for(timeout=PATIENCE)
    page.keyboard.type(keys)
    page.locator(f".questions[data-answered='{len(keys)}']").wait_for(timeout=PATIENCE)
    page.get_by_role("button", name="Send vote", disabled=False).wait_for(timeout=PATIENCE)


def accessibility_faults(page: Any) -> list[str]:
    """What axe-core calls serious or critical on the page."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['html'][:120]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def press_until(page: Any, key: str, shown: Any) -> None:
    """Press a key, again when the page was not ready to take it, until something is shown."""
    from playwright.sync_api import TimeoutError as NotYet

    for _ in range(6):
        page.keyboard.press(key)
        try:
            shown.wait_for(timeout=PATIENCE / 6)
            return
        except NotYet:
            continue
    shown.wait_for(timeout=1)


def test_a_rater_gets_from_the_link_to_the_code_by_keyboard_whatever_happens(
    browser: Any, server: Server, engine: Engine, study: str
) -> None:
    with writing(engine, study) as (session, row):
        (invite,) = invite_raters(session, row, 1)
        digits = row.playback_answer
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    traffic = Traffic(page)
    address = f"http://127.0.0.1:{server.port}/"

    # Consent, playback test
    page.goto(f"{address}enter/{invite.token}")
    page.get_by_role("button", name="I agree").wait_for(timeout=PATIENCE)
    assert page.url == address  # the secret does not stay in the address bar
    keep_picture(page, "1-consent")
    page.keyboard.press("Enter")
    page.get_by_label("Number").wait_for(timeout=PATIENCE)
    keep_picture(page, "2-playback")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "INPUT":
            break
    page.keyboard.type(digits)
    page.keyboard.press("Enter")

    # Training: an answer after each; the keyboard knows right and wrong
    for number in range(2):
        page.get_by_text("Practice").wait_for(timeout=PATIENCE)
        answer_by_keys(page, "333333")
        keep_picture(page, f"3-training-{number}")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Next").wait_for(timeout=PATIENCE)
        keep_picture(page, f"4-feedback-{number}")
        heading = page.get_by_role("heading").first.inner_text()
        assert heading == ("Not quite.", "That is right.")[number]
        page.keyboard.press("Enter")

    # The first ballot: a reload and a second tab show the same one
    page.get_by_text("0 of 2").wait_for(timeout=PATIENCE)
    shown = page.locator("video").first.get_attribute("src")
    page.reload()
    page.get_by_text("0 of 2").wait_for(timeout=PATIENCE)
    assert page.locator("video").first.get_attribute("src") == shown
    second = context.new_page()
    second.goto(address)
    second.get_by_text("0 of 2").wait_for(timeout=PATIENCE)
    assert second.locator("video").first.get_attribute("src") == shown
    second.close()
    answer_by_keys(page, "123412")
    keep_picture(page, "5-ballot")
    assert accessibility_faults(page) == []
    page.keyboard.press("Enter")
    page.get_by_text("1 of 2").wait_for(timeout=PATIENCE)
    with reading(engine, study) as (session, _):
        ballot = session.scalars(select(Ballot).where(Ballot.purpose == "rating", Ballot.state == "voted")).one()
        votes = dict(session.execute(select(Vote.question, Vote.answer).where(Vote.ballot_id == ballot.id)).all())
    asked = ("identity:character", "identity:object", "prompt", "natural", "motion", "overall")
    assert votes == dict(zip(asked, ("left", "right", "tie", "both_bad", "left", "right"), strict=True))

    # The server dies between the vote and the next ballot
    server.kill()
    with reading(engine, study) as (session, _):
        assert session.scalar(select(func.count()).where(Ballot.purpose == "rating", Ballot.state == "voted")) == 1
    server.start()
    page.reload()
    page.get_by_text("1 of 2").wait_for(timeout=PATIENCE)

    # An earlier vote is changed
    page.get_by_role("button", name="Earlier vote").wait_for(timeout=PATIENCE)
    press_until(page, "z", page.get_by_text("You are changing an earlier vote"))
    keep_picture(page, "6-undo")
    page.get_by_role("button", name="Send vote", disabled=False).wait_for(timeout=PATIENCE)
    press_until(page, "Enter", page.locator(".questions[data-answered='0']"))
    assert page.get_by_text("You are changing an earlier vote").count() == 0

    # The last ballot and the code
    answer_by_keys(page, "111111")
    page.keyboard.press("Enter")
    page.get_by_text("Your completion code").wait_for(timeout=PATIENCE)
    keep_picture(page, "7-done")
    with reading(engine, study) as (session, _):
        rater = session.scalars(select(Rater)).one()
        assert rater.completion_code in page.get_by_test_id("stCode").inner_text()
        assert rater.stage == "finished"
        ballots = session.scalars(select(Ballot).where(Ballot.purpose == "rating")).all()
        assert [ballot.state for ballot in ballots] == ["voted", "voted"]
        assert session.scalar(select(func.count(Vote.id))) == 6 * (2 + 2 + 1)

    # Nothing leaked, nothing ran, nobody else was asked
    everything = traffic.read(server.port)
    assert b"DROP TABLE vote" in everything  # the search below looks at the right bytes
    assert not [name for name in (*NAMES, "x264", "Lavf", "demo_run") if name.encode() in everything]
    assert traffic.dialogs == []
    assert traffic.foreign == []
    assert page.locator("img[src=x]").count() == 0
    context.close()
