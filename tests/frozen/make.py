"""Freeze what this A2Bench writes, as test data for every later one: ``python tests/frozen/make.py``.

Run it once for a release, with the A2Bench of that release (README.md says how); the tests beside it then prove of
every later version that it still reads what lies in the folder named after the release. All is made by the public
commands below, in one neutral place, and nothing is changed afterwards but for what `tidy` leaves out. PostgreSQL's
programs must be installed (``make system``).
"""

import contextlib
import csv
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image, ImageDraw

import a2bench
from a2bench.base.hashing import file_sha256

HERE = Path(__file__).parent
PLACE = Path("/tmp/a2bench-frozen")
"""Where everything is made: runs and studies hold this path, and no other one of the machine."""

METRICS = ["--metrics", "sharpness,temporal_flicker,niqe,element_presence,character_similarity"]
TINY = ["--size", "64x48", "--num-frames", "8"]
CASES = ["--cases", "astronaut-latte,officer-book-arcade", "--seeds", "0-1"]
PROGRAM = "command:sh program.sh {request} {output}"
OWN = ["--suite", "suites/tiny.jsonl"]
TWO_RUNS = ["runs/collage-a2bench-mini", "runs/noise"]
BOARD = [*TWO_RUNS, "runs/实验一", "runs/second try"]


@dataclass(frozen=True)
class Command:
    """What is typed after ``a2bench``, in which folder, and how it ends.

    said: file that keeps what it printed. kept: its result is part of the data.
    """

    argv: list[str]
    exit: int = 0
    folder: str = "."
    said: str | None = None
    kept: bool = True


def commands(postgresql: str) -> list[Command]:
    """All of them, in order.

    Args:
        postgresql: URL of an empty database.
    """
    mini = [*CASES, *TINY, *METRICS]
    return [
        Command(["suites", "version", "suites/tiny.jsonl", "1.0"]),
        Command(["suites", "check", "suites/tiny.jsonl", "--save-looks"]),
        Command(["suites", "pack", "suites/tiny.jsonl", "--all", "-o", "suites/tiny-references.zip"]),
        Command(["generate", "-m", "blur", *CASES, *TINY, "-o", "scratch/blur"], kept=False),
        # Runs: the default folder, a control, videos of others (one is missing), a program (it fails for a case).
        Command(["eval", "-m", "collage", *mini]),
        Command(["eval", "-m", "noise", *mini, "-o", "runs/noise"]),
        Command(["eval", "-m", "folder:videos", "--set", "name=mine", *mini, "-o", "runs/实验一"], exit=3),
        Command(["eval", "-m", PROGRAM, "--set", "name=my-program", *mini, "-o", "runs/second try"], exit=3),
        # A control that shows other cases, and an adapter of one's own that breaks for one seed.
        Command(["eval", "-m", "shuffled", "--cases", "astronaut-latte", *TINY, "--metrics", "sharpness",
                 "-o", "runs/shuffled"]),
        Command(["eval", "-m", "own_adapter:Fade", "--cases", "officer-book-arcade", "--seeds", "0-1", *TINY,
                 "--metrics", "sharpness", "-o", "runs/own adapter, lr=1"], exit=3),
        # What is not said comes from defaults: which cases are the first, how many frames, how fast.
        Command(["eval", "-m", "collage", "--limit", "2", "--size", "64x48", "--metrics", "sharpness",
                 "-o", "runs/first-two"]),
        Command(["eval", "-m", "skyreels-a2", "--weights", "checkpoint", "--cases", "astronaut-latte",
                 "--size", "64x48", "--num-frames", "9", "--metrics", "sharpness,temporal_flicker",
                 "-o", "runs/skyreels-a2"]),
        Command(["eval", "-m", "collage", "--suite", "a2bench-v1:mini:pt", "--cases", "otter-strawberry-burrow", *TINY,
                 "--metrics", "sharpness", "-o", "runs/pt"]),
        # A suite of one's own, with its own seeds, and a part of it in other words.
        Command(["eval", "-m", "collage", *OWN, "--seeds", "suite", *TINY, *METRICS, "-o", "runs/own-suite"]),
        Command(["eval", "-m", "slideshow", "--suite", "suites/tiny.jsonl:dev:pt", *TINY, "--metrics", "sharpness",
                 "-o", "runs/own-suite-pt"]),
        Command(["eval"], folder="project"),
        # Studies.
        *study("studies/studies.db", "sqlite"),
        *study(postgresql, "postgresql"),
        Command(["rate", "create", *TWO_RUNS, "-n", "ratings", "--protocol", "rating", "--size", "64x48", "--set",
                 "fps=8", "--votes", "2", "-d", "studies/studies.db"]),
        Command(["rate", "simulate", "-d", "studies/studies.db", "-s", "ratings", "--raters", "2", "--ballots", "5"]),
        Command(["rate", "export", "studies/export", "-d", "studies/studies.db", "-s", "pairs"]),
        # Submissions: one signed, one over a suite of one's own that is withdrawn, one that is no archive.
        Command(["submit", "key", "scratch/key"], kept=False),
        Command(["submit", "pack", TWO_RUNS[0], "--sign", "scratch/key", "-o", "scratch/collage.zip"], kept=False),
        Command(["submit", "pack", "runs/own-suite", "--scores-only", "-o", "scratch/own.zip"], kept=False),
        Command(["submit", "receive", "scratch/collage.zip", "--log", "submissions", "--recompute"]),
        Command(["submit", "receive", "scratch/own.zip", "--log", "submissions", "--suite", "suites/tiny.jsonl"]),
        Command(["submit", "receive", "scratch/broken.zip", "--log", "submissions"], exit=2),
        Command(["submit", "withdraw", "2", "--log", "submissions", "--reason", "scores only, by mistake"]),
        Command(["submit", "log", "submissions", "--json"], said="said/submissions.json"),
        # A board, as a release.
        Command(["board", "build", *BOARD, "-o", "boards/2026.1", "--release", "2026.1", "--date", "2026-11-30",
                 "--votes", "studies/export/results.json", "--submissions", "submissions",
                 "--price-per-hour", "noise=2.50"]),
        Command(["diversity", "runs/noise"]),
    ]  # fmt: skip


def study(database: str, kind: str) -> list[Command]:
    """A study of pairs, with a few votes and a rater who was invited and has not come."""
    where = ["-d", database, "-s", "pairs"]
    return [
        Command(["rate", "create", *TWO_RUNS, "-n", "pairs", "--votes", "3", "--ballots", "8", "--size", "64x48",
                 "--set", "fps=8", "--set", "check_every=4", "-d", database]),
        Command(["rate", "simulate", *where, "--raters", "3", "--seed", "1"]),
        Command(["rate", "invite", *where]),
        Command(["rate", "status", *where, "--json"], said=f"said/status-{kind}.json"),
    ]  # fmt: skip


# --- what the commands are given ------------------------------------------------------------------------------------

PROJECT = """\
# What holds for every command, and for one.
model = "collage"
suite = "a2bench-mini"
seeds = "7"
size = "64x48"

[eval]
cases = "officer-book-arcade"
num-frames = 6
metrics = "sharpness"
output = "runs/night"
"""

PROGRAM_TEXT = """\
# A system that is a program: it hands out the video that lies there, and has none for one case.
if grep -q '"case": "officer-book-arcade"' "$1"; then
    echo "no memory left for $(basename "$1")" >&2
    exit 9
fi
cp videos/astronaut-latte_0.mp4 "$2"
"""

ADAPTER_TEXT = '''\
"""An adapter of one's own, as `a2bench systems template` begins one; it breaks for seed 1."""

import numpy as np

from a2bench.model.cases import Case
from a2bench.model.systems import GenerationSettings, ModelMeta
from a2bench.model.video import Video


class Fade:
    """From black to a colour that the seed chooses."""

    meta = ModelMeta(name="fade", revision="1", title="Fade", device="cpu")

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Video:
        if seed == 1:
            raise ValueError("weights of the wrong shape: expected 4, got 16")
        colour = np.random.default_rng(seed).integers(60, 255, 3)
        light = np.linspace(0, 1, settings.num_frames)[:, None, None, None]
        frames = np.broadcast_to(light * colour, (settings.num_frames, settings.height, settings.width, 3))
        return Video(frames.astype(np.uint8), settings.fps)
'''


def draw(name: str) -> Image.Image:
    """One of the pictures of the suite of one's own: a few flat shapes, with a clear ground where it is a cut-out."""
    thing, _, cut = name.partition("_")
    ground = {"hills": "#9fd3f0", "sea": "#142850"}.get(thing, "#d8d0c0")
    picture = Image.new("RGBA", (448, 336), "#00000000" if cut == "cutout" else ground)
    pen = ImageDraw.Draw(picture)
    if thing == "robot":
        shift = 60 if cut == "side" else 0
        pen.ellipse((130 + shift, 130, 320 + shift, 320), fill="#2f6fd0", outline="#102040", width=6)
        pen.ellipse((175 + shift, 30, 275 + shift, 130), fill="#7fb0f0", outline="#102040", width=6)
        for x in (205, 235)[: 1 if cut == "side" else 2]:
            pen.ellipse((x + 2 * shift, 65, x + 15 + 2 * shift, 85), fill="#101010")
        pen.rectangle((200 + shift, 190, 250 + shift, 250), fill="#f0c040")
    elif thing == "kite":
        pen.polygon([(224, 20), (330, 140), (224, 300), (118, 140)], fill="#d02f2f", outline="#601010", width=5)
        pen.line([(224, 20), (224, 300)], fill="#f5e6c8", width=8)
        pen.line([(118, 140), (330, 140)], fill="#f5e6c8", width=8)
    elif thing == "duck":
        pen.ellipse((90, 150, 340, 310), fill="#f2cf2d", outline="#705000", width=6)
        pen.ellipse((250, 50, 360, 170), fill="#f2cf2d", outline="#705000", width=6)
        pen.polygon([(350, 100), (420, 115), (350, 135)], fill="#e0701d")
        pen.ellipse((305, 85, 322, 102), fill="#101010")
    elif thing == "hills":
        pen.ellipse((-120, 160, 260, 500), fill="#4f9a3c")
        pen.ellipse((150, 200, 560, 560), fill="#6fb84f")
        pen.ellipse((350, 30, 410, 90), fill="#ffe680")
    else:
        pen.rectangle((0, 180, 448, 336), fill="#0b1a33")
        pen.ellipse((70, 40, 130, 100), fill="#f4f1d0")
        for y in range(200, 336, 28):
            pen.line([(20, y), (428, y + 6)], fill="#2f4f7f", width=4)
    return picture


def write_suite(folder: Path) -> None:
    """A suite of two cases with all that a case may have, over drawn pictures."""
    references = folder / "references"
    references.mkdir(parents=True)
    names = ["robot", "robot_side", "robot_cutout", "kite", "kite_cutout", "hills", "duck", "duck_cutout", "sea"]
    files = {name: f"{name}.{'png' if name.endswith('cutout') else 'jpg'}" for name in names}
    with (references / "catalogue.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", "licence", "attribution", "source", "source_path", "sha256"])
        for name, path in files.items():
            picture = draw(name)
            (picture if path.endswith("png") else picture.convert("RGB")).save(references / path, quality=80)
            table.writerow([path, "Apache-2.0", "the A2Bench authors", "drawn by tests/frozen/make.py", name,
                            file_sha256(references / path)])  # fmt: skip

    def image(name: str) -> dict[str, str]:
        return {"file": files[name], "sha256": file_sha256(references / files[name])}

    robot = {"role": "character", "phrase": "round blue robot", "reference": image("robot"),
             "second_views": [image("robot_side")], "cutout": image("robot_cutout")}  # fmt: skip
    kite = {"role": "object", "phrase": "red kite", "reference": image("kite"), "cutout": image("kite_cutout")}
    duck = {"role": "character", "phrase": "yellow duck", "reference": image("duck"), "cutout": image("duck_cutout")}
    cases = [
        {
            "id": "robot-kite-hills",
            "prompt": "A round blue robot flies a red kite above green hills; the camera follows the kite.",
            "elements": [robot, kite, {"role": "background", "phrase": "green hills", "reference": image("hills")}],
            "tags": ["drawn", "character+object+background", "look-alikes"],
            "seconds": 5,
            "split": "dev",
            "seeds": [3, 4],
            "variants": {"short": "A round blue robot flies a red kite above green hills."},
            "translations": {
                "pt": {
                    "prompt": "Um robô azul redondo solta uma pipa vermelha sobre colinas verdes.",
                    "phrases": ["robô azul redondo", "pipa vermelha", "colinas verdes"],
                }
            },
        },
        {
            "id": "duck-night-sea",
            "prompt": "A yellow duck swims across a calm sea at night and shakes its wings. The camera is still.",
            "elements": [duck, {"role": "background", "phrase": "calm sea at night", "reference": image("sea")}],
            "tags": ["drawn", "character+background"],
            "split": "dev",
            "seeds": [5],
        },
    ]
    lines = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    (folder / "tiny.jsonl").write_text(lines, encoding="utf-8")


def write_inputs() -> None:
    """Everything that is there before the first command."""
    sys.path.append(str(Path(a2bench.__file__).parents[1] / "tests/e2v"))  # its configurations name this place
    from tiny_checkpoint import write_tiny_checkpoint

    write_suite(PLACE / "suites")
    (PLACE / "project").mkdir()
    (PLACE / "project/a2bench.toml").write_text(PROJECT)
    (PLACE / "program.sh").write_text(PROGRAM_TEXT)
    (PLACE / "own_adapter.py").write_text(ADAPTER_TEXT)
    (PLACE / "scratch").mkdir()
    (PLACE / "said").mkdir()
    (PLACE / "scratch/broken.zip").write_bytes(b"PK, and then nothing")
    write_tiny_checkpoint(PLACE / "checkpoint")


def lay_out_videos() -> None:
    """The videos that `folder:` takes over: those of a run that is not kept, under names of its own, less one."""
    (PLACE / "videos").mkdir()
    for video in sorted((PLACE / "scratch/blur/videos").iterdir()):
        case, seed, _ = video.stem.rsplit("-", 2)
        if (case, seed) != ("officer-book-arcade", "s1"):
            shutil.copyfile(video, PLACE / f"videos/{case}_{seed.removeprefix('s')}.mp4")


# --- making ---------------------------------------------------------------------------------------------------------


def run(command: Command) -> None:
    """One command, as a user types it.

    Raises:
        SystemExit: it does not end as it should.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("A2BENCH_")}
    environment |= {"A2BENCH_CACHE": str(PLACE / "scratch/cache"), "A2BENCH_FEATURE_CACHE": "1"}
    with (PLACE / (command.said or "scratch/said")).open("w") as said:
        ended = subprocess.run(
            [sys.executable, "-m", "a2bench", *command.argv], cwd=PLACE / command.folder, env=environment, check=False,
            stdout=said,
        )  # fmt: skip
    if ended.returncode != command.exit:
        sys.exit(f"exit code {ended.returncode} instead of {command.exit}: a2bench {' '.join(command.argv)}")


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """A server for as long as this lasts; its URL."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    root = {"user": "postgres"} if os.getuid() == 0 else {}  # the server refuses to run as root
    with tempfile.TemporaryDirectory(prefix="a2bench-postgresql-") as name, socket.socket() as probe:
        if root:
            shutil.chown(name, "postgres")
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()

        def call(*words: str) -> None:
            subprocess.run([str(programs / words[0]), "-D", f"{name}/data", *words[1:]], check=True, cwd=name,
                           stdout=subprocess.DEVNULL, **root)  # type: ignore[call-overload]  # fmt: skip

        call("initdb", "-U", "frozen", "-A", "trust", "--no-sync", "-E", "UTF8")
        call("pg_ctl", "-w", "-l", f"{name}/log", "-o", f"-h 127.0.0.1 -p {port} -k {name}", "start")
        try:
            yield f"postgresql://frozen@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-m", "fast", "stop")


def dump(url: str, path: Path) -> None:
    """A PostgreSQL database as plain SQL; its URL, which changes with the port, is not in it."""
    text = subprocess.run(
        ["pg_dump", "--no-owner", "--no-privileges", url], check=True, capture_output=True, text=True
    ).stdout
    path.write_text(text, encoding="utf-8")


def tidy() -> None:
    """Leave out what can be made again, and what belongs to the moment: reports, logs, locks, keys, caches."""
    shutil.rmtree(PLACE / "scratch")
    for report in [*PLACE.glob("runs/*/report"), *PLACE.glob("project/runs/*/report")]:
        shutil.rmtree(report)
    for path in sorted(PLACE.rglob("*"), reverse=True):
        if (
            path.name in (".lock", ".lock-owner")
            or path.suffix in (".log", ".pyc", ".parquet")
            or path.name == "votes.csv"
        ):
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    with contextlib.closing(sqlite3.connect(PLACE / "studies/studies.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("VACUUM")
        (media,) = database.execute("SELECT media FROM study WHERE name = 'pairs'").fetchone()
    for folder in (PLACE / "studies/media").iterdir():
        if folder != Path(media):  # the clips of one study are enough: those of the others are like them
            shutil.rmtree(folder)


def strange_places() -> list[str]:
    """Files that hold a path of this machine other than `PLACE`."""
    machine = [str(HERE.parents[1]), sys.prefix, str(Path.home()) + "/", socket.gethostname()]
    words = [word.encode() for word in machine if len(word) > 6]
    return [str(path) for path in PLACE.rglob("*") if path.is_file() and any(w in path.read_bytes() for w in words)]


def main() -> None:
    """Make the folder of this version."""
    target = HERE / a2bench.base.version.__version__
    if target.exists() or PLACE.exists():
        sys.exit(f"{target} or {PLACE} is there already; what was frozen is never made again: remove it by hand")
    PLACE.mkdir()
    write_inputs()
    with postgresql() as url:
        todo = commands(url)
        for command in todo:
            print("$ a2bench", *command.argv, flush=True)  # noqa: T201
            run(command)
            if command.argv[0] == "generate":
                lay_out_videos()
        dump(url, PLACE / "studies/postgresql.sql")
        kept = [asdict(command) for command in todo if command.kept]
        text = json.dumps(kept, indent=1, ensure_ascii=False).replace(url, "postgresql://USER@HOST/NAME")
    tidy()
    (PLACE / "commands.json").write_text(text + "\n", encoding="utf-8")
    if found := strange_places():
        sys.exit("these hold a path of this machine:\n  " + "\n  ".join(found))
    shutil.copytree(PLACE, target)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"{target}: {size / 1e6:.2f} MB")  # noqa: T201


if __name__ == "__main__":
    main()
