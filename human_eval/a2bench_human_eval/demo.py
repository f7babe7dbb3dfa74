"""A study of controls, for trying everything out without a system of one's own."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from a2bench.model.cases import load_suite
from a2bench.model.systems import GenerationSettings
from a2bench.run import stages as harness
from a2bench.run.request import ExecutionOptions, RunRequest
from a2bench.run.store import RunStore
from a2bench.show.progress import TerminalProgress
from a2bench_human_eval.design import create_study
from a2bench_human_eval.settings import study_settings
from a2bench_human_eval.tables import Study

NAME = "demo"
SETTINGS = GenerationSettings(width=416, height=240, num_frames=33)


def demo_study(
    engine: Engine,
    folder: Path,
    systems: Sequence[str],
    say: Callable[[str], None],
    *,
    cases: int = 6,
    ballots: int = 8,
    votes: int = 3,
) -> str:
    """Make the runs and the study, unless they are there; returns its name."""
    with Session(engine) as session:
        if session.scalars(select(Study).where(Study.name == NAME)).one_or_none():
            return NAME
    suite = load_suite("a2bench-mini")
    runs = []
    for system in systems:
        request = RunRequest(
            adapter=system,
            options={},
            suite=suite.select(limit=cases),
            full_suite=suite,
            seeds=(0,),
            settings=SETTINGS,
            metrics=(),
            output=folder / "runs" / system,
            origins={},
        )
        say(f"making {cases} videos of {system}")
        with RunStore(request.output).locked():
            harness.generate(request, ExecutionOptions(), TerminalProgress(-1))
        runs.append(request.output)
    say("making clips")
    settings = study_settings(
        name=NAME,
        width=SETTINGS.width,
        height=SETTINGS.height,
        ballots_per_rater=ballots,
        votes_per_task=votes,
        warm_up=1,
        check_every=4,
    )
    create_study(engine, settings, runs, folder / "media")
    return NAME
