"""Nothing below a run is changed, added, lost or shared by a command that reads it, whatever the folder is called.

Every command of the command line stands in one of the tables below: a new one that is in none of them fails here.
"""

import io
import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import click
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from a2bench.base.files import check_outside_of_runs, copy_file, file_key, write_atomically
from a2bench.base.hashing import file_sha256
from a2bench.cli import cli, main
from a2bench.errors import InputError
from a2bench.model.cases import Suite, load_suite
from a2bench.model.systems import GenerationSettings
from a2bench.model.video import Video, write_video
from a2bench.run.execute import InlineExecutor
from a2bench.run.request import ExecutionOptions, RunRequest
from a2bench.run.stages import generate, score
from a2bench.run.store import RunStore
from a2bench.show.dataframe import load_results
from a2bench.show.report import write_report
from tests.browsers import chromium
from tests.conftest import Silence, write_suite
from tests.loopback import wait_until

METRICS = ("sharpness", "temporal_flicker")
SMALL = GenerationSettings(width=64, height=48, num_frames=5, fps=Fraction(4))
SEEDS = (0, 1)

NAMES = [
    *("实验一", "实验二", "опыт", "тест", "تجربة", "🦊", "🦝", "é", unicodedata.normalize("NFD", "é")),
    *("x" * 90 + "1", "x" * 90 + "2", "Seed", "seed", "SEED", "con", "index", "two  spaces ", ".hidden"),
    *("lr=1", "lr:1", "lr 1", "lr-1", "-o", "--help", "'one' \"two\"", "a#b", "a%41", "aA", "a?b=c&d", "[ab]*", "~"),
    *("<b>&amp;", "new\nline", "back\\slash", "run (2)", "$HOME", os.fsdecode(b"\xff\xfe")),
]
"""Names of folders that once became one file, a switch, a pattern, or another address in a browser."""

SYSTEMS = ("mine", "Mine", "a.b", "a-b", "v1." + "x" * 60 + "1", "v1." + "x" * 60 + "2")


@dataclass(frozen=True)
class World:
    """Runs over one suite, each with videos of its own.

    same: of one system, in folders with awkward names, two of them of one name. apart: of systems with similar names.
    """

    root: Path
    suite: Suite
    same: tuple[Path, ...]
    apart: tuple[Path, ...]

    @property
    def runs(self) -> tuple[Path, ...]:
        return (*self.same, *self.apart)


def own_videos(folder: Path, number: int) -> Path:
    """Videos of two seeds that no other number has."""
    folder.mkdir(parents=True)
    for seed in SEEDS:
        dice = np.random.default_rng([number, seed])
        still = dice.integers(0, 256, (1, 48, 64, 3), dtype=np.uint8)
        write_video(Video(np.repeat(still, 5, axis=0), Fraction(4)), folder / f"case-0_{seed}.mp4")
    return folder


def make_run(folder: Path, suite: Suite, system: str, videos: Path) -> Path:
    options = {"path": str(videos), "name": system}
    request = RunRequest("folder", options, suite, suite, SEEDS, SMALL, METRICS, folder)
    with RunStore(folder).locked():
        assert generate(request, ExecutionOptions(), Silence(), InlineExecutor()).complete
        assert score(request, ExecutionOptions(), Silence(), InlineExecutor()).complete
    return folder


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = tmp_path_factory.mktemp("world")
    suite = load_suite(str(write_suite(root / "suite", cases=1)))
    places = [root / "one" / "run", root / "two" / "run", *(root / "runs" / name for name in NAMES)]
    numbers = iter(range(1000))

    def made(folder: Path, system: str) -> Path:
        number = next(numbers)
        return make_run(folder, suite, system, own_videos(root / "videos" / str(number), number))

    same = tuple(made(place, "mine") for place in places)
    apart = tuple(made(root / "apart" / name, name) for name in SYSTEMS)
    return World(root, suite, same, apart)


def below(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Everything below a folder: kind, bytes and number of names of each."""
    found: dict[str, tuple[Any, ...]] = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            whole = path.is_file() and not path.is_symlink()
            facts = (file_sha256(path), path.lstat().st_nlink) if whole else (path.is_symlink(), path.is_dir())
            found[str(path.relative_to(folder))] = facts
    return found


def everything(world: World, without: str = "/") -> dict[Path, dict[str, tuple[Any, ...]]]:
    """What is below every run, but for one folder in each of them."""
    return {run: {name: facts for name, facts in below(run).items() if name.split("/")[0] != without}
            for run in world.runs}  # fmt: skip


@pytest.fixture
def untouched(world: World) -> Iterator[None]:
    before = everything(world)
    assert all(facts[1] == 1 for files in before.values() for facts in files.values() if isinstance(facts[0], str))
    yield
    assert everything(world) == before


def command(*words: Any, code: int = 0) -> str:
    """What a command prints, called as from a shell."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(out):
        patch.setattr(sys, "argv", ["a2bench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    out.flush()
    text = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert ended.value.code == code, (words, text)
    return str(text)


# --- every command --------------------------------------------------------------------------------------------------

Lines = Callable[[World, Path], Iterator[tuple[Any, ...]]]


def study(out: Path) -> tuple[Any, ...]:
    return ("-d", out / "study" / "studies.db")


def board_of(world: World, out: Path) -> Path:
    if not (out / "board").exists():
        command("board", "build", *world.apart, "-o", out / "board", "--media", "all")
    return out / "board"


def study_of(world: World, out: Path) -> tuple[Any, ...]:
    if not (out / "study").exists():
        command("rate", "create", *world.apart[:3], "-n", "tiny", "--size", "64x48", "--set", "warm_up=0", *study(out))
    return study(out)


def packed(world: World, out: Path) -> Path:
    if not (out / "packed.zip").exists():
        command("submit", "pack", world.apart[0], "-o", out / "packed.zip", "--suite", world.suite.path)
    return out / "packed.zip"


def report_lines(world: World, out: Path) -> Iterator[tuple[Any, ...]]:
    yield ("report", *world.same, "-o", out / "report")
    yield ("report", *world.same, "-o", out / "report")
    yield ("report", *world.apart, "-o", out / "apart")
    yield ("report", *world.same[:2])  # ./report
    yield ("report", "--json", world.same[3], "-o", out / "one")


def planning(verb: str) -> Lines:
    def lines(world: World, out: Path) -> Iterator[tuple[Any, ...]]:
        for run in world.same[:3]:
            path = RunStore(run).manifest().options["path"]
            of = ("-m", f"folder:{path}", "--set", "name=mine", "--suite", world.suite.path, "--size", "64x48")
            more = ("--num-frames", "5", "--fps", "4", "--seeds", "0-1", "-o", run, "--dry-run", "--why")
            yield (verb, run, "--dry-run") if verb == "score" else (verb, *of, *more)

    return lines


READING: dict[str, Lines] = {
    "report": report_lines,
    "totals": lambda world, out: iter([("totals", *world.runs), ("totals", "--json", *world.runs)]),
    "cost": lambda world, out: iter([("cost", *world.runs), ("cost", "--json", *world.runs)]),
    "diversity": lambda world, out: iter([("diversity", run, "--json") for run in world.same[2:4]]),
    "compare": lambda world, out: iter(
        [("compare", *world.same[number : number + 2]) for number in range(0, len(world.same) - 1, 9)]
    ),
    "board build": lambda world, out: iter(
        [
            ("board", "build", *world.same[:9], "-o", out / "same", "--media", "all"),
            ("board", "build", *world.same[:9], "-o", out / "same", "--media", "some"),
            ("board", "build", *world.apart, "-o", out / "apart", "--media", "all", "--release", "1"),
        ]
    ),
    "board verify": lambda world, out: iter(
        [
            (
                "board",
                "verify",
                board_of(world, out),
                *(word for run in world.apart for word in ("--run", run)),
            )
        ]
    ),
    "submit pack": lambda world, out: iter(
        [("submit", "pack", run, "-o", out / f"{number}.zip") for number, run in enumerate(world.same[:6])]
        + [("submit", "pack", world.same[4], "-o", out / "folder")]
    ),
    "submit check": lambda world, out: iter(
        [("submit", "check", packed(world, out), "--suite", world.suite.path, "--recompute", "-j", "1")]
    ),
    "submit receive": lambda world, out: iter(
        [("submit", "receive", packed(world, out), "--suite", world.suite.path, "--log", out / "log")]
    ),
    "rate create": lambda world, out: iter(
        [
            (
                "rate",
                "create",
                *world.apart,
                "-n",
                "tiny",
                "--size",
                "64x48",
                "--set",
                "warm_up=0",
                *study(out),
            )
        ]
    ),
    "rate simulate": lambda world, out: iter([("rate", "simulate", "--raters", "2", *study_of(world, out))]),
    "rate analyze": lambda world, out: iter(
        [
            ("rate", "simulate", "--raters", "3", *study_of(world, out)),
            ("rate", "analyze", *study(out), *(word for run in world.apart[:3] for word in ("--runs", run))),
        ]
    ),
    "rate export": lambda world, out: iter(
        [
            ("rate", "simulate", "--raters", "3", *study_of(world, out)),
            ("rate", "export", out / "export", *study(out)),
        ]
    ),
    "eval --dry-run": planning("eval"),
    "generate --dry-run": planning("generate"),
    "score --dry-run": planning("score"),
}
"""What commands that are given a run, or something made from one, are tried with."""

WRITING = {"eval", "generate", "score"}
"""May change a run, by their own protocol."""

NO_RUNS = {
    *(
        "systems list",
        "systems show",
        "systems check",
        "metrics template",
        "systems template",
        "doctor",
        "cache show",
        "cache prune",
    ),
    *(
        "metrics list",
        "metrics show",
        "metrics check",
        "metrics template",
        "weights list",
        "weights fetch",
        "weights verify",
    ),
    *("suites list", "suites show", "suites check", "suites datasheet", "suites diff", "suites fetch", "suites import"),
    *("suites pack", "suites version"),
    *("rate invite", "rate serve", "rate status", "rate erase"),  # read and write a study
    *("board diff", "board plot", "board publish", "board serve", "submit key", "submit log", "submit withdraw"),
    *("metrics validate", "metrics real-clips", "rate demo"),  # make runs of their own
}
"""Are given no run, and are refused where they are told to write into one (`INTO_A_RUN`)."""


def leaves(group: click.Group, *names: str) -> Iterator[str]:
    with click.Context(group) as ctx:
        for name in group.list_commands(ctx):
            found = group.get_command(ctx, name)
            assert found is not None
            if isinstance(found, click.Group):
                yield from leaves(found, *names, name)
            else:
                yield " ".join((*names, name))


def test_every_command_is_named_here() -> None:
    assert isinstance(cli, click.Group)
    tried = {name.removesuffix(" --dry-run") for name in READING}
    assert set(leaves(cli)) == tried | WRITING | NO_RUNS
    assert not (tried - WRITING) & NO_RUNS


@pytest.mark.parametrize("name", READING)
@pytest.mark.usefixtures("untouched")
def test_no_reading_command_changes_a_byte_below_a_run(
    name: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    lines = list(READING[name](world, tmp_path))
    assert lines
    for line in lines:
        assert isinstance(command(*line), str)
    made = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    assert all(path.stat().st_nlink == 1 for path in made), "no page or study shares a file with a run"
    for link in (path for path in tmp_path.rglob("*") if path.is_symlink()):
        pytest.fail(f"{link} is a link to {link.resolve()}")
    assert not [path.name for path in made if path.name.startswith(".tmp-")]


@pytest.mark.usefixtures("untouched")
def test_reading_in_python_changes_nothing_either(world: World) -> None:
    table = load_results(*world.runs)
    assert len(table["run"].unique()) == len(world.runs)
    for run in world.runs:
        store = RunStore(run)
        assert all(store.damage(record, read_all=True) is None for record in store.samples.values())


def test_report_of_a_run_writes_into_its_own_report_and_nowhere_else(world: World) -> None:
    before = everything(world, without="report")
    reported = world.same[5:7]
    for run in reported:
        command("report", run)
        command("report", run)
    assert everything(world, without="report") == before
    for run in world.runs:
        assert (run / "report").exists() == (run in reported)
    for run in reported:
        assert all(facts[1] == 1 for facts in below(run / "report").values() if isinstance(facts[0], str))
        shutil.rmtree(run / "report")


INTO_A_RUN: list[tuple[str, ...]] = [
    ("report", "RUN", "-o", "INSIDE"),
    ("report", "OTHER", "-o", "RUN/report"),
    ("report", "RUN", "-o", "RUN/report/deeper"),
    ("board", "build", "RUN", "OTHER", "-o", "INSIDE"),
    ("board", "publish", "BOARD", "--to", "INSIDE", "--yes"),
    ("board", "plot", "BOARD", "--kind", "forest", "--number", "sharpness", "-o", "INSIDE.png"),
    ("submit", "pack", "OTHER", "-o", "INSIDE.zip"),
    ("submit", "pack", "OTHER", "-o", "INSIDE"),
    ("submit", "key", "INSIDE.pem"),
    ("submit", "receive", "ARCHIVE", "--log", "INSIDE"),
    ("suites", "show", "SUITE", "-o", "INSIDE.jpg"),
    ("suites", "show", "SUITE", "-o", "OUT/sheet.jpg", "--balance", "INSIDE.png"),
    ("suites", "datasheet", "SUITE", "-o", "INSIDE.md"),
    ("suites", "import", "IMAGES", "--format", "csv", "-o", "INSIDE"),
    ("metrics", "validate", "--limit", "1", "-o", "INSIDE"),
    ("metrics", "validate", "--limit", "1", "-o", "OUT/controls", "--save", "INSIDE.json"),
    ("metrics", "validate", "--limit", "1", "-o", "OUT/controls", "--markdown", "INSIDE.md"),
    ("metrics", "real-clips", "-o", "INSIDE"),
    ("rate", "create", "RUN", "OTHER", "-n", "x", "-d", "INSIDE.db"),
    ("rate", "demo", "--folder", "INSIDE"),
    ("rate", "export", "INSIDE", "-d", "STUDY"),
    ("generate", "-m", "collage", "--prompt", "A cat.", "--object", "IMAGE", "-o", "INSIDE.mp4"),
]  # fmt: skip


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("place", ["videos", "new"])
def test_no_command_but_its_own_writes_into_a_run_when_told_to(world: World, tmp_path: Path, place: str) -> None:
    run, other = world.apart[:2]
    command("rate", "simulate", "--raters", "2", *study_of(world, tmp_path))
    images = tmp_path / "images"
    shutil.copytree(world.suite.references_dir, images)
    (images / "cases.csv").write_text("id,prompt,role,image,phrase\n")
    values = {
        "RUN": run, "OTHER": other, "INSIDE": run / place / "inside", "BOARD": board_of(world, tmp_path),
        "SUITE": world.suite.path, "IMAGES": images, "IMAGE": next(images.glob("*.png")), "OUT": tmp_path / "out",
        "ARCHIVE": packed(world, tmp_path), "STUDY": tmp_path / "study" / "studies.db",
    }  # fmt: skip
    for words in INTO_A_RUN:
        line = [re.sub("^[A-Z]{2,}", lambda found: str(values[found[0]]), word) for word in words]
        assert f"lies in the run {run}" in command(*line, code=2), line


# --- each run's own videos ------------------------------------------------------------------------------------------


def links_of(page: Path) -> dict[str, Path]:
    """What a page names, in its tags and its data, and the file that a browser would open for it."""
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r'\b(?:src|href|poster)="([^"]*)"', text)) | set(re.findall(r'"(media/[^"]*)"', text))
    found = {}
    for name in named:
        whole = urlsplit(urljoin(page.as_uri(), name.replace("&amp;", "&")))
        if whole.scheme == "file" and not name.startswith("#"):
            found[name] = Path(
                os.fsdecode(unquote(whole.path, errors="surrogateescape").encode(errors="surrogateescape"))
            )
    return found


def own_files(run: Path) -> dict[int, bytes]:
    """The bytes of a run's videos by seed."""
    store = RunStore(run)
    return {seed: store.video_path(record).read_bytes() for (_, seed), record in store.samples.items()}


@pytest.mark.parametrize("name", ["report", "a#b %41?é", "实验"])
def test_report_shows_each_run_its_own_videos(world: World, tmp_path: Path, name: str) -> None:
    page = write_report(list(world.runs), tmp_path / name)
    details = [json.loads(text) for text in re.findall(r'class="detail">(.*?)</script>', page.read_text())]
    shown = [
        {int(seed): (page.parent / sample["video"]["file"]).read_bytes() for seed, sample in samples.items()}
        for samples in details[0]
    ]
    assert shown == [own_files(run) for run in world.runs]
    assert len({video for videos in shown for video in videos.values()}) == len(SEEDS) * len(world.runs)
    links = links_of(page)
    assert sum("media/videos/" in link for link in links) == len(SEEDS) * len(world.runs)
    assert [link for link, path in links.items() if not path.exists()] == []


def test_a_browser_finds_everything_that_a_report_names(world: World, tmp_path: Path) -> None:
    runs = [run for run in world.same if not run.name.isalnum()][:6]
    report = write_report(runs, tmp_path / "a#b %41?é")
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 3000})
        failed: list[tuple[str, str | None]] = []
        page.on("requestfailed", lambda request: failed.append((request.url, request.failure)))
        page.goto(report.as_uri())
        wait_until(lambda: page.locator("video").count() == len(runs), "the players of the first seed")
        page.evaluate(
            "document.querySelectorAll('video').forEach((video) => { video.preload = 'auto'; video.load(); })"
        )
        ready = "[...document.querySelectorAll('video')].filter((video) => video.readyState > 0).length"
        wait_until(lambda: page.evaluate(ready) == len(runs), "the videos")
        pictures = (
            "[...document.images].map((image) => [image.src, image.loading === 'lazy' || image.naturalWidth > 0])"
        )
        assert [source for source, shown in page.evaluate(pictures) if not shown] == []
        # A player that loads anew breaks off what it was loading; that all videos came was seen above.
        assert [url for url, why in failed if why != "net::ERR_ABORTED"] == []


def test_names_on_a_page_are_told_apart_by_eye(world: World, tmp_path: Path) -> None:
    page = write_report(list(world.runs), tmp_path / "report").read_text()
    overview = json.loads(re.findall(r'id="overview">(.*?)</script>', page)[0])
    labels = [unicodedata.normalize("NFC", run["label"]) for run in overview["runs"]]
    assert len(set(labels)) == len(world.runs)


def test_a_report_made_again_has_the_same_names_and_copies_no_video_twice(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(list(world.same[:4]), tmp_path / "report")
    first = below(tmp_path / "report")
    copied: list[Path] = []
    monkeypatch.setattr(
        "a2bench.show.report.media.copy_file", lambda one, other: (copied.append(one), copy_file(one, other))
    )
    write_report(list(world.same[:4]), tmp_path / "report")
    assert below(tmp_path / "report") == first
    assert copied == []
    edited = min((tmp_path / "report/media/videos").rglob("*.mp4"))
    edited.write_bytes(b"edited by its reader")
    write_report(list(world.same[:4]), tmp_path / "report")
    assert below(tmp_path / "report") == first, "what was edited in the report is made again"
    assert len(copied) == 1


@pytest.mark.usefixtures("untouched")
def test_report_of_0_1_0_that_shares_files_with_runs_is_made_again(world: World, tmp_path: Path) -> None:
    one, two = world.same[:2]
    page = write_report([one, two], tmp_path / "report")
    for run, folder in zip((one, two), sorted((page.parent / "media/videos").iterdir()), strict=True):
        for seed, video in zip(SEEDS, sorted((run / "videos").glob("*.mp4")), strict=True):
            linked = folder / f"case-0-seed{seed}.mp4"
            linked.unlink()
            os.link(video, linked)
    for strip in (page.parent / "media/strips").iterdir():
        strip.unlink()
        os.link(next(one.glob(f"pictures/strips/{strip.name}"), two / "pictures/strips" / strip.name), strip)
    write_report([two, one], tmp_path / "report")
    assert all(facts[1] == 1 for facts in below(tmp_path / "report").values() if isinstance(facts[0], str))


@pytest.mark.usefixtures("untouched")
def test_links_in_an_old_report_or_board_lead_no_writer_into_a_run(world: World, tmp_path: Path) -> None:
    run, other = world.apart[:2]
    page = write_report([run, other], tmp_path / "report")
    shutil.rmtree(page.parent / "media")
    (page.parent / "media").symlink_to(run / "videos")
    write_report([run, other], tmp_path / "report")
    assert not (page.parent / "media").is_symlink()

    board = board_of(world, tmp_path)
    (victim,) = list((run / "videos").iterdir())[:1]
    for page in (board / "index.html", board / "leaderboard.json"):
        page.unlink()
        os.link(victim, page)
    (media,) = list((board / "media").iterdir())[:1]
    media.unlink()
    media.symlink_to(victim)
    command("board", "build", *world.apart, "-o", board, "--media", "all")
    command("board", "verify", board)
    (board / "cases").rename(tmp_path / "cases")
    (board / "cases").symlink_to(run / "videos")
    assert "is a link to a folder elsewhere" in command("board", "build", *world.apart, "-o", board, code=2)


def test_board_shows_each_entry_its_own_videos_and_every_link_leads_to_a_file(world: World, tmp_path: Path) -> None:
    board = tmp_path / "a#b %41?é"
    command("board", "build", *world.apart, "-o", board, "--media", "all")
    inputs = json.loads((board / "inputs.json").read_bytes())
    systems = {RunStore(run).manifest().system.name: run for run in world.apart}
    for entry in inputs["entries"]:
        shown = [
            (board / "media" / inputs["media"]["videos"][sha256]["file"]).read_bytes() for sha256 in entry["videos"]
        ]
        assert shown == list(own_files(systems[entry["name"]]).values())
    pages = list(board.rglob("*.html"))
    assert len(pages) >= 4 + len(world.apart)
    for page in pages:
        assert [link for link, path in links_of(page).items() if not path.exists()] == [], page


def test_pages_keep_their_names_when_another_system_joins(world: World, tmp_path: Path) -> None:
    for number in (3, len(world.apart)):
        command("board", "build", *world.apart[:number], "-o", tmp_path / str(number))
    few, all_ = ({path.name for path in (tmp_path / str(n) / "systems").iterdir()} for n in (3, len(world.apart)))
    assert few < all_ and len(all_) == len(world.apart)


def test_study_shows_each_system_its_own_videos(world: World, tmp_path: Path) -> None:
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from a2bench_human_eval.database import open_database
    from a2bench_human_eval.tables import Stimulus, StudySystem

    database = tmp_path / "a#b %41?é=1&c" / "studies.db"
    command("rate", "create", *world.apart, "-n", "tiny", "--size", "64x48", "-d", database)
    assert sorted(path.name for path in database.parent.iterdir() if "-" not in path.name) == ["media", "studies.db"]
    engine = open_database(str(database))
    systems = {RunStore(run).manifest().system.name: run for run in world.apart}
    with Session(engine) as session:
        query = select(StudySystem.name, Stimulus.source_sha256, Stimulus.file).join_from(Stimulus, StudySystem)
        rows = session.execute(query).all()
    engine.dispose()
    assert len(rows) == len({file for *_, file in rows}) == len(SEEDS) * len(world.apart)
    for name, sha256, _ in rows:
        assert sha256 in {file_sha256(path) for path in (systems[name] / "videos").iterdir()}


# --- names and files ------------------------------------------------------------------------------------------------

TEXTS = st.text() | st.sampled_from(NAMES) | st.from_regex(r"[a-z0-9_-]{1,3}(-[0-9a-f]{16})?", fullmatch=True)


@given(TEXTS, TEXTS)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_texts_are_two_files_on_every_file_system(one: str, other: str) -> None:
    keys = [unicodedata.normalize("NFC", file_key(text)).casefold() for text in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)
    assert all(re.fullmatch(r"[a-z0-9_][a-z0-9_-]{0,63}", key) for key in keys)
    assert not {"con", "nul", "index"} & set(keys)
    assert file_key(one) == file_key(one)


def test_similar_texts_are_different_files() -> None:
    similar = [*NAMES, *SYSTEMS, file_key("lr=1"), "x" * 61, "x" * 62, "a" * 60, "a" * 61]
    assert len({file_key(text).casefold() for text in similar}) == len(set(similar))


@pytest.mark.parametrize("writer", ["write", "copy"])
@pytest.mark.parametrize("link", ["hard", "symbolic"])
def test_a_new_file_takes_the_place_of_a_link_and_never_writes_through_it(
    tmp_path: Path, writer: str, link: str
) -> None:
    mine, place, source = tmp_path / "mine", tmp_path / "place", tmp_path / "source"
    mine.write_bytes(b"mine")
    source.write_bytes(b"new")
    place.hardlink_to(mine) if link == "hard" else place.symlink_to(mine)
    write_atomically(place, b"new") if writer == "write" else copy_file(source, place)
    assert (mine.read_bytes(), place.read_bytes()) == (b"mine", b"new")
    assert (mine.stat().st_nlink, place.stat().st_nlink, place.is_symlink()) == (1, 1, False)


def test_a_copy_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "place").write_bytes(b"mine")
    with pytest.raises(FileNotFoundError):
        copy_file(tmp_path / "missing", tmp_path / "place")
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    assert (tmp_path / "place").read_bytes() == b"mine"


def test_a_file_system_that_can_share_blocks_is_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")
    asked = []

    def ioctl(target: int, request: int, source: int) -> None:
        asked.append(request)
        os.write(target, os.pread(source, 1000, 0))

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    monkeypatch.setattr(shutil, "copyfileobj", lambda *_: pytest.fail("copied what is there already"))
    (tmp_path / "source").write_bytes(b"bytes")
    copy_file(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"bytes"
    assert asked == [getattr(fcntl, "FICLONE", 0x40049409)]


def test_places_in_a_run_are_known_whatever_leads_there(world: World, tmp_path: Path) -> None:
    run = world.apart[0]
    (tmp_path / "link").symlink_to(run / "videos")
    for place in (run, run / "new" / "deeper", tmp_path / "link" / "x", run / "videos" / ".." / "y"):
        with pytest.raises(InputError, match="only eval, generate and score write"):
            check_outside_of_runs(place)
    check_outside_of_runs(run.parent / "report")
    (tmp_path / "run.json").write_text("{}")  # of another program
    check_outside_of_runs(tmp_path / "x")


def test_what_somebody_keeps_where_a_command_would_write_is_left_to_them(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command("rate", "simulate", "--raters", "2", *study_of(world, tmp_path))
    mine = tmp_path / "mine"
    mine.mkdir()
    for name in ("README.md", "results.json", "x.zip", "index.html"):
        (mine / name).write_text("mine")
    (tmp_path / f"{world.suite.file_name}.jpg").write_text("my photo")
    before = below(mine)
    for line in [
        ("suites", "pack", world.suite.path, "--all", "-o", mine),
        ("suites", "pack", world.suite.path, "--all", "-o", mine / "x.zip"),
        ("suites", "show", world.suite.path),
        ("submit", "pack", world.apart[0], "-o", mine / "x.zip", "--suite", world.suite.path),
        ("submit", "pack", world.apart[0], "-o", mine, "--suite", world.suite.path),
        ("rate", "export", mine, *study(tmp_path)),
        ("report", world.apart[0], "-o", mine),
        ("board", "build", *world.apart, "-o", mine),
        ("board", "publish", board_of(world, tmp_path), "--to", mine, "--yes"),
    ]:
        assert "error: " in command(*line, code=2), line
        assert below(mine) == before, line
    assert (tmp_path / f"{world.suite.file_name}.jpg").read_text() == "my photo"
    for _ in range(2):  # what is ours is replaced
        command("suites", "show", world.suite.path, "-o", tmp_path / "sheet.jpg")
        command("submit", "pack", world.apart[0], "-o", tmp_path / "y.zip", "--suite", world.suite.path)
        command("rate", "export", tmp_path / "export", *study(tmp_path))
