"""Samples for metrics: built-in cases with videos that controls make, decoded from what was encoded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from a2bench.base import registry
from a2bench.model.cases import load_suite
from a2bench.model.metrics import Sample
from a2bench.model.systems import GenerationSettings
from a2bench.model.video import read_video, write_video

MakeSample = Callable[[str, str], Sample]


@pytest.fixture(scope="session")
def make_sample(tmp_path_factory: pytest.TempPathFactory) -> MakeSample:
    """``make_sample(control, case id)``: 17 frames at 4 per second of 832x480."""
    folder: Path = tmp_path_factory.mktemp("videos")
    suite = load_suite("a2bench-mini")
    settings = GenerationSettings(num_frames=17, fps=4)
    made: dict[tuple[str, str], Sample] = {}

    def make(control: str, case_id: str) -> Sample:
        if (control, case_id) not in made:
            system = registry.load("adapter", control)()
            if hasattr(system, "prepare"):
                system.prepare(suite)
            case = next(case for case in suite.cases if case.id == case_id)
            path = folder / f"{control}-{case_id}.mp4"
            write_video(system.generate(case, seed=0, settings=settings), path)
            made[control, case_id] = Sample(case, read_video(path))
        return made[control, case_id]

    return make
