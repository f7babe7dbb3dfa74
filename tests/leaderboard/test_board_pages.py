"""Pages of systems, cases and pairs: what they say, that texts stay texts, their media, and a look in a browser."""

import hashlib
import json
import re
import shutil
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from a2bench.base.counting import take_counts
from a2bench.cli import cli
from a2bench.errors import InputError
from a2bench.model.cases import Case, load_suite
from a2bench.model.records import ScoreRecord
from a2bench.run.store import RunStore
from a2bench_leaderboard.board.facts import EXISTED, Price
from a2bench_leaderboard.board.folder import board_files, verify_board, write_board
from a2bench_leaderboard.board.inputs import board_inputs
from a2bench_leaderboard.board.media import BoardMedia, chosen_samples
from a2bench_leaderboard.board.pages.site import page_names
from a2bench_leaderboard.board.reading import read_json

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from demo_run import HOSTILE, METRICS, Demo, write_demo_run  # noqa: E402
from page_reader import PageReader  # noqa: E402

from tests.loopback import wait_until  # noqa: E402

MINI = load_suite("a2bench-mini")
CASES = tuple(case.id for case in MINI.cases[4:12])


def write_ledger(run: Path, verdict: str) -> None:
    """Give every video of a run a ledger: the first element with this verdict in its second half, the others kept."""
    store = RunStore(run)
    cases: dict[str, Case] = {case.id: case for case in MINI.cases}
    manifest = store.manifest()
    store.write_manifest(manifest.model_copy(update={"metrics": (*manifest.metrics, "element_integrity")}))
    records = []
    for sample in [sample for sample in store.samples.values() if sample.video is not None]:
        assert sample.video is not None
        names = cases[sample.case].element_ids
        entry = {"verdict": "kept", "spans": [["kept", 0.0, 1.0]], "others": {}}
        ledger = {name: dict(entry) for name in names}
        ledger[names[0]] |= {"verdict": verdict, "spans": [["kept", 0.0, 0.5], [verdict, 0.5, 1.0]]}
        elements = {name: {"value": 0.5, "reason": None} for name in names}
        detail = {"per_element": elements, "details": {"ledger": ledger}}
        records.append(
            ScoreRecord(
                key=f"{sample.case}ledger", identity={"metric": {"name": "element_integrity", "version": 1}},
                case=sample.case, seed=sample.seed, metric="element_integrity", video_sha256=sample.video.sha256,
                status="scored", value=0.5, detail=detail, seconds=1.0, finished=sample.finished,
            )
        )  # fmt: skip
    store.record_scores(records)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two systems, one of which failed at a case, and two controls, with a video of their own for every case."""
    folder = tmp_path_factory.mktemp("runs")
    found = []
    for name, verdict, kind, quality in (
        ("alpha", "kept", "system", 0.8), ("beta", "swapped", "system", 0.5), ("collage", "pasted", "control", 0.9),
        ("missing-object", "lost", "control", 0.3),
    ):  # fmt: skip
        failed = CASES[:1] if name == "beta" else ()
        demo = Demo(system=name, quality=quality, flaws=0.0, failed=failed, num_frames=9, metrics=(*METRICS, "niqe"))
        run = write_demo_run(folder / name, demo, MINI, CASES)
        store = RunStore(run)
        manifest = store.manifest()
        system = manifest.system.model_copy(update={"kind": kind, "description": f"What {name} is."})
        made_by = "folder" if name == "beta" else "command"
        store.write_manifest(manifest.model_copy(update={"system": system, "adapter": made_by, "options": {}}))
        write_ledger(run, verdict)
        found.append(run)
    return found


@pytest.fixture(scope="module")
def board(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board folder of all of them, by the command."""
    folder = tmp_path_factory.mktemp("boards") / "board"
    words = ["board", "build", *map(str, runs), "-o", str(folder), "--price-per-hour", "alpha=7.2"]
    result = CliRunner().invoke(cli, words, standalone_mode=False)
    assert result.return_value == 0, result.exception
    assert "media: 8 videos and" in result.stderr  # all systems made the same ones, which are there once
    return folder


@pytest.fixture(scope="module")
def inputs(board: Path) -> dict[str, Any]:
    return read_json(board, "inputs.json")


def text_of(page: Path) -> str:
    """What a page says, without tags and with single spaces."""
    body = re.sub(r"<script.*?</script>", "", page.read_text(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_a_system_page_says_how_it_ran_what_failed_and_what_became_of_its_elements(board: Path) -> None:
    beta, alpha = (text_of(board / f"systems/{name}.html") for name in ("beta", "alpha"))
    assert "What beta is." in beta and "7 made, 1 failed" in beta and "the server answered 500" in beta
    assert "Best cases by" in beta and "Worst cases by" in beta and "packages torch 2.6.0" in beta
    # 8 cases at 1.5 s each; 7.2 an hour are 0.003 for each of them.
    assert "Price per video 0.003 (7.200 an hour)" in alpha and "Price" not in beta
    assert "Seconds of a worker per video 1.500" in alpha and f"Seconds of a worker per video {EXISTED}" in beta
    rows = dict(re.findall(r"(all elements|characters) ((?:[\d–%]+ ?)+)", beta))
    first = [case.elements[0].role for case in MINI.cases if case.id in CASES[1:]]
    assert rows["all elements"].split()[-1] == str(sum(len(c.elements) for c in MINI.cases if c.id in CASES[1:]))
    assert f"– – – {first.count('character')} " in rows["characters"]  # of the five verdicts after kept, the fourth
    assert "/home/somebody" not in beta


def test_a_case_page_has_every_system_on_it(board: Path) -> None:
    page = PageReader(board / f"cases/{CASES[1]}.html")
    videos = [attributes for tag, attributes in page.tags if tag == "video"]
    assert [str(video["aria-label"]).split()[3] for video in videos] == ["Alpha", "Beta", "Collage", "Missing-Object"]
    for video in videos:
        for key in ("src", "poster"):
            assert (board / "cases" / str(video[key])).is_file()
        assert "controls" in video and video["preload"] == "none" and video["data-frames"] == "9"
    text = text_of(board / f"cases/{CASES[1]}.html")
    assert "swapped: kept 0.0-0.5 s, swapped 0.5-1.0 s" in text
    marked = re.findall(r"<mark [^>]*>([^<]+) <span", (board / f"cases/{CASES[1]}.html").read_text())
    assert sorted(marked) == sorted(element.phrase for element in MINI.cases[5].elements)
    assert "the server answered 500" in text_of(board / f"cases/{CASES[0]}.html")


def test_the_comparison_is_that_of_the_board(board: Path) -> None:
    document = json.loads((board / "leaderboard.json").read_text())
    page = PageReader(board / "compare.html")
    data = json.loads(next(text for attributes, text in page.scripts if attributes.get("id") == "data"))
    column = next(column for column in data["columns"] if column["name"] == "text_alignment")
    alpha, beta, *_ = column["values"]
    assert [entry["page"] for entry in data["entries"][:2]] == ["systems/alpha.html", "systems/beta.html"]
    both = [(one, two) for one, two in zip(alpha, beta, strict=True) if one is not None and two is not None]
    assert len(both) == 7 and "0,1" not in column["tests"]  # beta lacks a case, so that the board does not rank it
    by = next(column for column in data["columns"] if column["name"] == data["by"])
    difference, low, high, p, corrected = by["tests"]["0,1"]
    gaps = [a - b for a, b in zip(*by["values"][:2], strict=True) if a is not None and b is not None]
    assert difference == pytest.approx(sum(gaps) / len(gaps), rel=1e-4) and low <= difference <= high
    # The exact sign-flip test over so few cases, by hand.
    flips = [sum(g if k >> i & 1 else -g for i, g in enumerate(gaps)) for k in range(2 ** len(gaps))]
    assert p == pytest.approx(sum(abs(f) >= abs(sum(gaps)) - 1e-6 for f in flips) / len(flips)) and not corrected
    wins = sum(gap > 0 for gap in gaps)
    assert f"{wins} won, 0 tied, {len(gaps) - wins} lost" in re.sub(r" +(?=[,.])", "", text_of(board / "compare.html"))
    assert all(row["first"] != "beta" for row in document["pairs"]["text_alignment"])


def test_pages_and_media_are_made_again_byte_for_byte(runs: list[Path], board: Path, tmp_path: Path) -> None:
    words = [
        "board",
        "build",
        *map(str, reversed(runs)),
        "-o",
        str(tmp_path / "again"),
        "--price-per-hour",
        "alpha=7.2",
    ]
    assert CliRunner().invoke(cli, words, standalone_mode=False).return_value == 0
    files = [
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (board, tmp_path / "again")
    ]
    assert files[0] == files[1]
    names = [f"--run={run}" for run in runs]
    assert CliRunner().invoke(cli, ["board", "verify", str(board), *names], standalone_mode=False).return_value == 0
    for path, data in files[0].items():
        assert path.parts[0] != "media" or path.stem == hashlib.sha256(data).hexdigest()


def test_verify_finds_media_that_are_altered_missing_foreign_or_renamed(board: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(board, tmp_path / "board"))
    video = next(path for path in sorted(folder.glob("media/*.mp4")))
    pristine = video.read_bytes()
    edited = bytearray(pristine)
    edited[len(edited) // 2] ^= 1
    video.write_bytes(edited)
    assert verify_board(folder) == [f"media/{video.name}: altered, its bytes are not those of its name"]
    video.unlink()
    assert verify_board(folder) == [f"media/{video.name}: missing"]
    video.write_bytes(pristine)
    (folder / "media/extra.mp4").write_bytes(pristine)
    assert verify_board(folder) == ["media/extra.mp4: does not belong to the board"]
    (folder / "media/extra.mp4").unlink()
    inputs = read_json(folder, "inputs.json")
    first, other = sorted(name for name, of in inputs["media"]["videos"].items() if of["file"])[:2]
    inputs["media"]["videos"][first]["file"] = f"{other}.mp4"
    assert any("not those of a scored video" in problem for problem in verify_board(write_board(inputs, folder).parent))
    inputs["media"]["files"]["../../outside.mp4"] = 1
    (folder / "inputs.json").write_text(json.dumps(inputs))
    assert "inputs.json: '../../outside.mp4' is no name of a media file" in verify_board(folder)


def test_media_are_some_all_or_none(runs: list[Path], inputs: dict[str, Any], tmp_path: Path) -> None:
    assert inputs["media"]["choice"] == "some"
    none = board_inputs(runs[:2])
    folder = write_board(none, tmp_path / "board").parent
    assert none["media"]["files"] == {} and not (folder / "media").exists()
    assert "not in this board’s folder" in (folder / f"cases/{CASES[1]}.html").read_text()
    # Of many cases only some: twelve with everybody's video, and each entry's own best and worst.
    many = deepcopy(none)
    first = many["cases"][0]
    many["cases"] = [{**first, "id": f"c{number:02}"} for number in range(40)]
    for place, entry in enumerate(many["entries"]):
        entry["samples"] = [[case["id"], seed] for case in many["cases"] for seed in (0, 1)]
        values = [float((number * (3 + place)) % 40) for number in range(40) for _ in (0, 1)]
        entry["values"] = {name: values for name in entry["values"]}
    chosen = chosen_samples(many)
    assert all(seed == 0 for samples in chosen.values() for _, seed in samples)
    both = chosen["alpha"] & chosen["beta"]
    assert len(both) == 12 and len(chosen["alpha"]) == len(chosen["beta"]) == 12


def test_a_smaller_board_leaves_nothing_of_a_larger_one(runs: list[Path], board: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(board, tmp_path / "board"))
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="something other than a board"):
        write_board(board_inputs(runs[:2]), folder)
    (folder / "notes.txt").unlink()
    write_board(board_inputs(runs[:2]), folder)
    assert verify_board(folder) == [] and not (folder / "systems/collage.html").exists()


def test_names_of_pages_are_safe_and_never_collide() -> None:
    hostile = [
        "a",
        "A",
        "a.",
        "a/../a",
        "../../etc/passwd",
        "con",
        "index",
        "",
        "<b>",
        "ä",
        "x" * 300,
        "x" * 301,
        "a\0b",
    ]
    found = page_names(hostile)
    assert len(set(found.values())) == len(hostile) == len(found)
    assert all(re.fullmatch(r"[a-z0-9_-]{1,64}", name) for name in found.values())
    assert not {"index", "con"} & set(found.values())
    assert page_names(reversed(hostile)) == found


def test_what_is_from_outside_stays_text_on_every_page(inputs: dict[str, Any], tmp_path: Path) -> None:
    hostile = deepcopy(inputs)
    text = HOSTILE + "' \" {{ 7 * 7 }}"
    for entry in hostile["entries"]:
        entry |= {"title": text + entry["name"], "description": text, "facts": [[text, text]], "licence": text}
        entry |= {"url": "javascript:alert(1)", "tier": text, "failures": [], "name": entry["name"] + text}
        entry["unmeasured"] = [{"metric": text, "reason": text, "count": 1}]
        for elements in entry["ledger"]:
            for row in elements or ():
                row |= {"element": text, "verdict": text, "others": [text], "spans": [[text, 0.0, 1.0]]}
    for case in hostile["cases"]:
        case["prompt"], case["tags"] = [[text, -1], [text, 0]], [text]
        case["references"] = [{"id": text, "role": text, "phrase": text, "image": ""}]
    for column in hostile["columns"]:
        column["title"] = column["validity"]["reason"] = text
    hostile["methods"]["changes"] = [
        {"kind": "metric", "name": text, "version": text, "date": text, "what": text, "comparable": text}
    ]
    for facts in hostile["methods"]["metrics"].values():
        facts |= {"card": f"# x\n\n{text}\n\n## {text}\n{text}\n", "paper": text, "protocol": [text], "roles": [text]}
    files = board_files(hostile)
    pages = [name for name in files if name.endswith(".html") and name != "index.html"]
    assert len(pages) == 4 + len(CASES) + 3
    for name in pages:
        (tmp_path / "page.html").write_bytes(files[name])
        page = PageReader(tmp_path / "page.html")
        for tag, attributes in page.tags:
            assert tag not in ("style", "iframe", "object") and "style" not in attributes
            assert not any(key.startswith("on") for key in attributes)
            assert not str(attributes.get("href") or "").startswith("javascript:")
            assert tag != "img" or str(attributes["src"]).startswith("../media/")
        scripts = [a["src"] for a, _ in page.scripts if a.get("type") != "application/json"]
        assert set(scripts) <= {"../player.js", "../pages.js", "compare.js"} and b"{{ 7 * 7 }}" in files[name]
        policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
        assert policy is not None and "unsafe" not in policy and policy.startswith("default-src 'none'")


@pytest.mark.parametrize("text", ["alpha", "=3", "alpha=-1", "alpha=nan", "alpha=cheap"])
def test_a_price_that_is_none_is_told(runs: list[Path], tmp_path: Path, text: str) -> None:
    words = ["board", "build", str(runs[0]), "-o", str(tmp_path / "b"), "--price-per-call", text]
    result = CliRunner().invoke(cli, words, standalone_mode=False)
    assert isinstance(result.exception, InputError) and "expected NAME=PRICE" in str(result.exception)
    with pytest.raises(InputError, match="unknown entry of the board with a price 'gamma'"):
        board_inputs(runs[:1], prices={"gamma": Price(1.0)})


def test_videos_run_on_one_clock_and_any_two_systems_are_compared(browser: Any, board: Path) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 844}).new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto((board / "index.html").as_uri())
    page.click("#board a[href='systems/alpha.html']")
    page.wait_for_url("**/systems/alpha.html")
    page.click("h3 a >> nth=0")
    page.wait_for_url("**/cases/*.html")
    page.wait_for_selector(".transport")
    videos = "[...document.querySelectorAll('.players video')].map((video) => video.currentTime)"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    # The policy forbids the eval that `wait_for_function` needs.
    wait_until(lambda: page.evaluate(videos)[0] > 0, "the second frame")
    first, other, *_ = page.evaluate(videos)
    assert first == other == pytest.approx(2.5 / 16)  # the middle of frame 2
    assert page.inner_text(".where").startswith("frame 2 of 0–8")
    page.keyboard.press("Space")
    assert page.inner_text(".transport .primary") == "Pause"
    page.keyboard.press("Space")
    assert page.inner_text(".transport .primary") == "Play"
    assert page.evaluate(f"{videos}.slice(2)") == [0, 0]  # controls are folded away and cost nothing
    page.goto((board / "compare.html").as_uri())
    page.select_option("#other", label="System Missing-Object")
    page.select_option("#number", label="Text alignment")
    assert page.inner_text("#pair-title") == "System Alpha against System Missing-Object"
    assert page.inner_text("#score") == "8 won, 0 tied, 0 lost of 8 cases by Text alignment."
    assert "Not tested on this board" in page.inner_text("#test")
    page.click("#swap")
    assert page.inner_text("#score") == "0 won, 0 tied, 8 lost of 8 cases by Text alignment."
    page.click("#rows a >> nth=0")
    page.wait_for_url("**/cases/*.html")
    assert told == []
    page.context.close()


def test_pages_without_scripts_are_plain_content(browser: Any, board: Path) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto((board / f"cases/{CASES[1]}.html").as_uri())
    assert page.locator("video[controls]").count() == 4 and page.locator(".transport").count() == 0
    page.goto((board / "compare.html").as_uri())
    assert "won" in page.inner_text("#score") and page.is_hidden("#choose") and "pairs.csv" in page.inner_text("main")
    page.context.close()


def test_pictures_that_were_drawn_are_not_decoded_again(runs: list[Path], tmp_path: Path) -> None:
    run = Path(shutil.copytree(runs[0], tmp_path / "alpha"))
    take_counts()
    board_inputs([run], media=BoardMedia("all", tmp_path / "one"))
    assert take_counts()["decode"] == 8
    for place in ("posters", "strips"):
        shutil.copytree(tmp_path / "one/media" / place, run / "pictures" / place)
    media = BoardMedia("some", tmp_path / "two")
    board_inputs([run], media=media)
    assert "decode" not in take_counts() and len([n for n in media.sources if n.endswith(".mp4")]) == 8


def test_a_remark_on_a_video_stands_on_the_pages_of_board_system_and_case(runs: list[Path], tmp_path: Path) -> None:
    run = Path(shutil.copytree(runs[0], tmp_path / "alpha"))
    store = RunStore(run)
    sample = store.samples[CASES[2], 0]
    store.record_sample(sample.model_copy(update={"remarks": (f"every frame is black {HOSTILE}",)}))
    inputs = board_inputs([run, runs[1]])
    assert [("remarks" in entry) for entry in inputs["entries"]] == [True, False]
    folder = write_board(inputs, tmp_path / "board").parent
    assert verify_board(folder) == []
    for page in ("index", "systems/alpha", f"cases/{CASES[2]}"):
        assert "every frame is black &lt;/script&gt;" in (folder / f"{page}.html").read_text(), page
        assert HOSTILE not in (folder / f"{page}.html").read_text()
    assert "1 of 8 videos: every frame is black" in text_of(folder / "index.html")
    assert "every frame" not in (folder / f"cases/{CASES[3]}.html").read_text()
    assert "every frame" not in (folder / "systems/beta.html").read_text()
