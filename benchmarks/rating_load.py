"""Many raters at once, processes that die, and what becomes of their votes.

    python benchmarks/rating_load.py DATABASE [--raters 200] [--ballots 50] [--processes 4] [--kills 5]

DATABASE is a new file or an empty PostgreSQL database. Each process stands for a server with many raters: it takes them
through the same calls as the pages, and notes a vote in a file of its own after it was acknowledged. Meanwhile
processes are killed (SIGKILL) at random moments and started again. Afterwards the notes are held against the database.
"""

import argparse
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select

from a2bench_human_eval.database import open_database, reading, writing
from a2bench_human_eval.desk import Desk
from a2bench_human_eval.events import tampering
from a2bench_human_eval.raters import AccessError, enter, finish_calibration, give_consent, invite_raters
from a2bench_human_eval.tables import Ballot, Rater, Vote

STUDY = "demo"


def serve_raters(database: str, notes: Path, share: int, shares: int, ballots: int) -> None:
    """Life of a process: take the raters of its share to their end, one ballot each in turn."""
    desk = Desk(open_database(database), STUDY)
    invites = json.loads((notes / "invites.json").read_text())[share::shares]
    secrets = [desk.enter(token) for token in invites]
    with writing(desk.engine, STUDY) as (session, study):
        for token in invites:
            rater, _ = enter(session, study, token)
            give_consent(session, study, rater)
            if rater.stage == "calibration":
                finish_calibration(session, study, rater, sees_video=True)
    with (notes / f"acknowledged-{share}.jsonl").open("a") as file:
        while secrets:
            for secret in list(secrets):
                place = desk.place(secret)
                if place.ballot is None or place.done >= ballots:
                    secrets.remove(secret)
                    continue
                answers = {q.id: random.choice(q.answers) for q in place.ballot.questions}
                started = time.monotonic()
                desk.vote(secret, place.ballot.id, place.ballot.revision, answers, seconds=10.0, played=1.0)
                seconds = time.monotonic() - started
                file.write(json.dumps([place.ballot.id, place.ballot.revision, answers, seconds]) + "\n")
                file.flush()
                time.sleep(random.uniform(0, 0.01))  # people think for a moment; SQLite's lock has no queue


def run(database: str, raters: int, ballots: int, processes: int, kills: int, seed: int) -> dict[str, object]:
    """Run the load and say what was found."""
    engine = open_database(database)
    dice = random.Random(seed)
    with TemporaryDirectory() as folder:
        notes = Path(folder)
        with writing(engine, STUDY) as (session, study):
            invites = invite_raters(session, study, raters)
        (notes / "invites.json").write_text(json.dumps([invite.token for invite in invites]))
        arguments = [sys.executable, __file__, database, "--notes", folder, "--ballots", str(ballots)]
        started = time.monotonic()

        def start(share: int) -> subprocess.Popen[bytes]:
            return subprocess.Popen([*arguments, "--processes", str(processes), "--share", str(share)])

        running = {share: start(share) for share in range(processes)}
        killed = 0
        while running:
            time.sleep(dice.uniform(2, 6) if killed < kills else 0.5)
            for share, process in list(running.items()):
                if process.poll() == 0:
                    del running[share]
                elif process.poll() is not None:
                    raise RuntimeError(f"process {share} ended with {process.returncode}")
            if killed < kills and running:
                share = dice.choice(list(running))
                running[share].kill()
                running[share].wait()
                killed += 1
                running[share] = start(share)
        lines = [json.loads(line) for path in notes.glob("acknowledged-*") for line in path.read_text().splitlines()]
    seconds = sorted(line[3] for line in lines)
    with reading(engine, STUDY) as (session, study):
        stored: dict[tuple[int, int], dict[str, str]] = {}
        for vote in session.scalars(select(Vote)):
            stored.setdefault((vote.ballot_id, vote.revision), {})[vote.question] = vote.answer
        lost = sum(stored.get((ballot, revision)) != answers for ballot, revision, answers, _ in lines)
        doubled = sum(revision > 1 for _, revision in stored)
        per_task = session.execute(
            select(func.count(Ballot.id))
            .where(Ballot.purpose == "rating", Ballot.state == "voted")
            .group_by(Ballot.rater_id, Ballot.task_id)
        )
        twice = sum(count > 1 for (count,) in per_task)
        finished = session.scalar(select(func.count(Rater.id)).where(Rater.stage == "finished"))
        broken = tampering(session, study)
    return {
        "raters": raters,
        "finished": finished,
        "kills": killed,
        "acknowledged": len(lines),
        "stored": len(stored),
        "lost": lost,
        "doubled": doubled + twice,
        "log": broken or "whole",
        "acknowledged_ms": {
            "median": round(1000 * seconds[len(seconds) // 2], 1),
            "p95": round(1000 * seconds[int(len(seconds) * 0.95)], 1),
        },
        "seconds": round(time.monotonic() - started, 1),
    }


def main() -> None:
    """Parse the command line; without ``--share`` run the whole load."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database")
    parser.add_argument("--raters", type=int, default=200)
    parser.add_argument("--ballots", type=int, default=50)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--notes", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--share", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.share is not None:
        serve_raters(given.database, given.notes, given.share, given.processes, given.ballots)
        return
    make_study(given.database, given.ballots)
    result = run(given.database, given.raters, given.ballots, given.processes, given.kills, given.seed)
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


def make_study(database: str, ballots: int) -> None:
    """A study of three controls whose tasks want more votes than there will be."""
    from a2bench_human_eval.demo import demo_study

    folder = Path("runs/rating-load")
    systems = ("collage", "slideshow", "blur")
    engine = open_database(database)
    demo_study(engine, folder, systems, lambda text: None, cases=20, ballots=ballots, votes=1000)


if __name__ == "__main__":
    try:
        main()
    except AccessError as error:
        sys.exit(str(error))
