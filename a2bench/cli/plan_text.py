"""What ``--dry-run`` and ``--why`` say: how much is to do, done and stale, and what it will cost."""

import shutil
from collections import Counter
from collections.abc import Iterator
from typing import Any

from a2bench.run.estimate import generation_name, known_estimates, scoring_name
from a2bench.run.plan import plan_scores
from a2bench.run.request import ExecutionOptions, RunRequest
from a2bench.run.stages import num_workers, open_system, plan
from a2bench.run.store import RunStore
from a2bench.show.progress import duration

ORDER = ("done", "new", "stale", "failed", "damaged")


def plan_document(
    request: RunRequest, how: ExecutionOptions, store: RunStore, stages: tuple[str, ...]
) -> dict[str, Any]:
    """The plan as one JSON document."""
    document: dict[str, Any] = {"run": str(request.output), "stages": {}}
    pending_videos = 0
    if "generate" in stages:
        system = open_system(request)
        samples = plan(request, store, read_all=how.read_all)
        todo = [sample for sample in samples if sample.state != "done"]
        pending_videos = len(todo)
        name = generation_name(system.meta.name, request.settings)
        document["stages"]["generate"] = {
            "states": dict(Counter(sample.state for sample in samples)),
            "why": {f"{s.case.id} seed {s.seed}": s.why or "was never made" for s in todo},
            **_estimate({name: len(todo)}, num_workers(request, how)),
        }
        document["free_bytes"] = _free_bytes(request)
    if "score" in stages:
        scores = list(plan_scores(store, request.suite, request.seeds, request.metrics))
        states = Counter(entry.state for entry in scores)
        total = request.num_samples * len(request.metrics)
        states["new"] += total - len(scores)
        pending = Counter(entry.metric for entry in scores if entry.state != "done")
        waiting = pending_videos if "generate" in stages else 0
        names = {scoring_name(m, request.settings): pending[m] + waiting for m in request.metrics}
        document["stages"]["score"] = {
            "states": {state: number for state, number in states.items() if number},
            "why": {
                f"{e.sample.case} seed {e.sample.seed} {e.metric}": e.why or "was never scored"
                for e in scores
                if e.state != "done"
            },
            **_estimate(names, num_workers(request, how, scoring=True)),
        }
    return document


def describe_plan(document: dict[str, Any], *, why: bool) -> Iterator[str]:
    """The plan in lines for a terminal."""
    yield f"run: {document['run']}"
    for stage, entry in document["stages"].items():
        states = ", ".join(f"{entry['states'][state]} {state}" for state in ORDER if entry["states"].get(state))
        yield f"{stage}: {states or 'nothing to do'}"
        if entry["seconds"]:
            size = f", {entry['bytes'] / 1e6:.1f} MB of disk" if entry["bytes"] else ""
            yield f"  about {duration(entry['seconds'])}{size}, by what was timed on this machine"
        elif entry["seconds"] is None and any(state != "done" for state in entry["states"]):
            yield "  time not known yet: nothing like it was timed on this machine; try --limit 1 first"
        if why:
            yield from (f"  {name}: {reason}" for name, reason in entry["why"].items())
    if "free_bytes" in document:
        yield f"free disk: {document['free_bytes'] / 1e9:.1f} GB"


def _estimate(wanted: dict[str, int], workers: int) -> dict[str, Any]:
    known = known_estimates()
    wanted = {name: number for name, number in wanted.items() if number}
    if any(name not in known for name in wanted):
        return {"seconds": None, "bytes": None}
    seconds = sum(known[name].seconds * number for name, number in wanted.items()) / workers
    return {"seconds": round(seconds, 1), "bytes": round(sum(known[n].bytes * k for n, k in wanted.items()))}


def _free_bytes(request: RunRequest) -> int:
    folder = request.output.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
