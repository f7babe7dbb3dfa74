"""Every metric on a GPU says what it says on a CPU: within a stated tolerance, in each precision and batch size.

``pytest -m gpu tests/gpu`` runs it; ``python -m tests.gpu.test_metrics_on_a_gpu`` prints the table of differences.
Weights that come with no package are small networks; a metric whose packages are absent is skipped with the reason.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("av")
torch = pytest.importorskip("torch")

from a2bench.run.execute import LocalExecutor, WorkItem  # noqa: E402
from tests.metrics.every_metric import (  # noqa: E402
    CASES,
    METRICS,
    Entries,
    difference,
    entries_in_workers,
    tolerance,
    write_clips,
)
from tests.metrics.small_networks import write_networks  # noqa: E402

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device on this machine"),
]
CPU = {"A2BENCH_DEVICE": "cpu"}
VARIANTS = {
    "as a user gets it": {"A2BENCH_DEVICE": "cuda"},
    "float32": {"A2BENCH_DEVICE": "cuda", "A2BENCH_PRECISION": "float32"},
    "one by one": {"A2BENCH_DEVICE": "cuda", "A2BENCH_BATCH_SIZE": "1"},
    "in threes": {"A2BENCH_DEVICE": "cuda", "A2BENCH_BATCH_SIZE": "3"},
}
Scores = dict[str, dict[str, Entries]]
"""What workers say: by variant (``cpu`` too), case and metric."""


def measured(folder: Path, variants: dict[str, dict[str, str]]) -> Scores:
    """Score small samples with all metrics, in a fresh worker for each variant."""
    write_networks(folder)
    clips = write_clips(folder)
    return {name: entries_in_workers(clips, folder, folder, how) for name, how in {"cpu": CPU, **variants}.items()}


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Scores:
    return measured(tmp_path_factory.mktemp("gpu"), VARIANTS)


def why_not(name: str, scores: Scores) -> str | None:
    """Why a metric cannot be compared here: what it lacks on the CPU already, or a GPU's runtime that is absent."""
    lacking = {entries[name]["reason"] or "" for entries in scores["cpu"].values()}
    if all("; type `" in reason for reason in lacking):
        return lacking.pop()
    no_runtime = "onnxruntime has no working CUDAExecutionProvider"
    refused = [
        e[name]["reason"]
        for v in scores.values()
        for e in v.values()
        if (e[name]["reason"] or "").startswith(no_runtime)
    ]
    return refused[0] if refused else None


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", METRICS)
def test_a_gpu_gives_the_score_of_a_cpu(name: str, variant: str, scores: Scores) -> None:
    reason = why_not(name, scores)
    if reason:
        pytest.skip(reason)
    for case in CASES:
        on_cpu, on_gpu = scores["cpu"][case][name], scores[variant][case][name]
        assert on_gpu["status"] != "failed", f"{on_gpu['reason']}\n{on_gpu.get('traceback')}"
        found = difference(on_cpu, on_gpu)
        assert found <= tolerance(name), f"{case}: {found:.2g} apart\non the CPU {on_cpu}\non the GPU {on_gpu}"


def test_the_networks_ran_on_the_gpu(scores: Scores) -> None:
    """The same numbers would prove nothing if they came from the CPU."""
    for case in CASES:
        for name in ("text_alignment", "frame_consistency"):
            on_cpu, on_gpu = scores["cpu"][case][name], scores["as a user gets it"][case][name]
            if on_cpu["status"] == "scored":
                assert on_cpu["detail"] != on_gpu["detail"], f"{name}: equal to the last digit"


def test_the_bundled_networks_give_their_golden_values_on_a_gpu(tmp_path: Path) -> None:
    (outcome,) = LocalExecutor(1, tmp_path, environment={"A2BENCH_DEVICE": "cuda"}).run(
        [WorkItem("golden", f"{__name__}:golden", {})]
    )
    assert outcome.status == "done", f"{outcome.error}\n{outcome.traceback}"
    wrong = [check for check in outcome.result if check[1] in ("differs", "failed", "unprobed")]
    assert wrong == []


def golden(_: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What `a2bench metrics check` says in a worker."""
    from a2bench.assets.golden import check_golden

    return [(check.weights, check.status, check.text) for check in check_golden()]


def main() -> None:
    """Print the largest difference of each metric to the CPU, in thousandths of its range, as a table."""
    with tempfile.TemporaryDirectory() as folder:
        scores = measured(Path(folder), VARIANTS)
    write = sys.stdout.write
    write(f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n\n")
    write(f"| metric | {' | '.join(VARIANTS)} | tolerance |\n| --- |{' --- |' * (len(VARIANTS) + 1)}\n")
    for name in METRICS:
        reason = why_not(name, scores)
        largest = [max(difference(scores["cpu"][c][name], scores[v][c][name]) for c in CASES) for v in VARIANTS]
        cells = [reason or ""] if reason else [f"{1000 * value:.3g}" for value in largest]
        write(f"| {name} | {' | '.join(cells)} | {1000 * tolerance(name):g} |\n")


if __name__ == "__main__":
    main()
