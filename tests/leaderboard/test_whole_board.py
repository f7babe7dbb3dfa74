"""A whole board in a real browser: all controls, two folders of videos, and the ratings of a simulated study."""

import json
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from a2bench.cli import cli
from a2bench.model.cases import load_suite
from a2bench.model.systems import GenerationSettings
from a2bench.run.execute import InlineExecutor
from a2bench.run.request import ExecutionOptions, RunRequest
from a2bench.run.stages import generate, score
from a2bench.run.store import RunStore
from a2bench.validation.validate import controls, run_controls
from tests.conftest import Silence

METRICS = ("niqe", "temporal_flicker", "motion_amount")
SMALL = GenerationSettings(width=96, height=64, num_frames=5, fps=Fraction(4))
NUM_CASES = 3


def command(*words: Any) -> str:
    result = CliRunner().invoke(cli, [str(word) for word in words], standalone_mode=False)
    assert result.exception is None and result.return_value in (0, None), (words, result.exception, result.output)
    return result.output


def folder_run(videos: Path, name: str, output: Path) -> Path:
    """A run of the adapter ``folder`` over videos that exist."""
    full = load_suite("a2bench-mini")
    options = {"path": str(videos), "name": name, "licence": "MIT"}
    request = RunRequest("folder", options, full.select(limit=NUM_CASES), full, (0,), SMALL, METRICS, output)
    with RunStore(output).locked():
        assert generate(request, ExecutionOptions(), Silence(), InlineExecutor()).complete
        assert score(request, ExecutionOptions(), Silence(), InlineExecutor()).complete
    return output


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    run_controls("a2bench-mini", NUM_CASES, METRICS, root / "controls", 1, Silence(), SMALL, InlineExecutor())
    runs = []
    for name, like in (("sharp", "collage"), ("soft", "blur")):
        store, videos = RunStore(root / f"controls/{like}-a2bench-mini"), root / "videos" / name
        videos.mkdir(parents=True)
        for sample in store.samples.values():
            shutil.copy(store.video_path(sample), videos / f"{sample.case}.mp4")
        runs.append(folder_run(videos, name, root / name))
    study = ("-d", root / "studies.db")
    command("rate", "create", *runs, "-n", "tiny", "--size", "96x64", "--set", "warm_up=0", *study)
    command("rate", "simulate", "--raters", 4, *study)
    command("rate", "export", root / "export", *study)
    everything = [*sorted((root / "controls").glob("*-a2bench-mini")), *runs]
    options = ("--votes", root / "export/results.json", "--date", "2026-11-27", "--media", "all")
    command("board", "build", *runs, "-o", root / "boards/2026.1", "--release", "2026.1", *options)
    folder: Path = root / "boards/2026.2"
    command("board", "build", *everything, "-o", folder, "--release", "2026.2", "--releases", root / "boards", *options)
    assert "release 2026.2, 2026-11-27, frozen, sha256 " in command("board", "verify", folder)
    return folder


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_kind_of_page_can_be_read_and_used_by_keyboard(
    browser: Any, board: Path, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    document = json.loads((board / "leaderboard.json").read_text())
    kinds = [entry["kind"] for entry in document["entries"]]
    assert (kinds.count("system"), kinds.count("control")) == (2, len(controls()))
    assert document["people"]["votes"] and document["people"]["systems"]
    page = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme).new_page()
    told: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    case = next(path for path in sorted((board / "cases").iterdir()) if path.name != "index.html").name
    pages = ("index.html", "systems/sharp.html", "systems/blur.html", f"cases/{case}", "cases/index.html",
             "compare.html", "methods.html")  # fmt: skip
    for name in pages:
        page.goto((board / name).as_uri())
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip", name
        page.keyboard.press("Enter")
        assert page.evaluate("document.documentElement.scrollWidth") == width, name
        assert told == [], name
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        faults = axe.Axe().run(page).response["violations"]
        assert [(fault["id"], fault["impact"]) for fault in faults] == [], name
        told.clear()  # axe-core itself asks for style sheets, which the policy forbids
    page.goto((board / "index.html").as_uri())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # past the head and the filters
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "System"
    page.keyboard.press("Enter")
    assert page.get_attribute("#board thead th:first-child", "aria-sort") == "ascending"
    for _ in range(4):  # People, the headline's button, and then what the headline is
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "A":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/methods.html#method-summary-headline")
    assert page.is_visible("#method-summary-headline h3")
    page.goto((board / f"cases/{case}").as_uri())
    page.wait_for_selector(".transport")
    page.keyboard.press("Space")
    assert page.inner_text(".transport .primary") == "Pause"
    assert told == [] and all(address.startswith(board.as_uri()) for address in asked)
    page.context.close()


def test_the_board_is_frozen_and_names_the_release_before_it(board: Path) -> None:
    page = (board / "index.html").read_text()
    earlier = json.loads(command("board", "verify", board.parent / "2026.1", "--json"))
    found = json.loads(command("board", "verify", board, "--json"))
    assert f"This is release 2026.2, 2026-11-27, frozen, sha256 {found['sha256']}" in page
    (listed,) = json.loads((board / "inputs.json").read_text())["releases"]
    assert listed["sha256"] == earlier["sha256"] and earlier["sha256"] in page and listed["systems"] == 2
    assert command("board", "diff", board.parent / "2026.1", board).count("new entry: ") == len(controls())
