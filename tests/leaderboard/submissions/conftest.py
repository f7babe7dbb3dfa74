"""A real run over a tiny suite, made and scored once, and its submission."""

import pytest

from a2bench.model.cases import load_suite
from a2bench.model.systems import GenerationSettings
from a2bench.run.execute import InlineExecutor
from a2bench.run.request import ExecutionOptions, RunRequest
from a2bench.run.stages import generate, score
from a2bench.run.store import RunStore
from a2bench_leaderboard.submissions.pack import pack
from a2bench_leaderboard.submissions.signature import write_key
from tests.conftest import Silence, write_suite
from tests.leaderboard.submissions.submission_helpers import Made


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("submission")
    suite_path = write_suite(folder / "suite", 2)
    suite, run = load_suite(str(suite_path)), folder / "run"
    settings = GenerationSettings(width=64, height=48, num_frames=5)
    metrics = ("sharpness", "temporal_flicker")
    request = RunRequest("collage", {}, suite, suite, (0,), settings, metrics, run)
    with RunStore(run).locked():
        generate(request, ExecutionOptions(), Silence(), InlineExecutor())
        score(request, ExecutionOptions(), Silence(), InlineExecutor())
    public = write_key(folder / "key.pem")
    archive = folder / "collage.zip"
    pack(run, archive, key=folder / "key.pem")
    return Made(run, suite_path, archive, folder / "key.pem", public)
