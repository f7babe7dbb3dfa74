"""What a board shows beside numbers: how each entry ran, what it cost, what failed, which elements stayed; the cases.

Everything is JSON values from the runs' records, without clock times and places on this machine.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from a2bench.base.text import shown_text
from a2bench.model.records import SampleId
from a2bench.results.ledger import METRIC as LEDGER_METRIC
from a2bench.results.ledger import ledger_of
from a2bench.results.run import Run
from a2bench.run.cost import cost
from a2bench.show.report.data import describe_case, run_facts, suite_cases

EXISTED = "its videos existed already; what making them took is not known"


class Price(NamedTuple):
    """What a system's videos are paid with, in any currency: per hour of a worker, per call of a paid interface."""

    per_hour: float | None = None
    per_call: float | None = None


def entry_facts(run: Run, price: Price) -> dict[str, Any]:
    """What an entry says beside its values.

    ``facts``: names and texts of how it ran. ``cost``: of `a2bench.run.cost.Cost`, and ``price`` as it was given;
    ``cost_unknown`` says why that is not what the system's videos cost. ``seconds``: of each planned sample.
    ``failures``: samples without a video. ``unmeasured``: why videos have no value of a metric. ``ledger``: for each
    planned sample its elements with verdict, time line and who was in their place; None where there is none.
    """
    return {
        "description": run.manifest.system.description,
        "facts": run_facts(run),
        "cost": cost(run.samples.values(), price.per_hour, price.per_call).document(),
        "cost_unknown": EXISTED if run.manifest.adapter == "folder" else None,
        "price": price._asdict(),
        "seconds": [record.seconds if (record := run.samples.get(sample)) else None for sample in run.planned],
        "failures": [
            {"case": case, "seed": seed, "reason": shown_text(run.why_missing((case, seed)))}
            for case, seed in run.planned
            if (record := run.samples.get((case, seed))) is None or record.status != "done"
        ],
        "unmeasured": [
            {"metric": metric, "reason": reason.text, "count": reason.times}
            for metric in run.manifest.metrics
            for reason in run.metric(metric).reasons
            if reason.about != "missing"
        ],
        "ledger": [_ledger(run, sample) for sample in run.planned],
    }


def _ledger(run: Run, sample: SampleId) -> list[dict[str, Any]] | None:
    score = run.score(sample, LEDGER_METRIC)
    if score is None:
        return None
    return [
        {
            "element": row.element,
            "verdict": row.entry["verdict"],
            "spans": [[state, round(start, 3), round(end, 3)] for state, start, end in row.entry["spans"]],
            "others": sorted(row.entry["others"]),
        }
        if row.entry is not None
        else {"element": row.element, "verdict": None, "reason": shown_text(row.reason or "not measured")}
        for row in ledger_of(score)
    ]


def case_facts(runs: Mapping[str, Run]) -> list[dict[str, Any]]:
    """Each case: ``prompt`` in pieces, roles of its ``elements``, its ``references`` by hash, and its ``tags``.

    A case that the suite on this machine has otherwise than it was asked for has the prompt of the records only.
    """
    first = next(iter(runs.values()))
    known, _ = suite_cases(first)
    found = []
    for case_id in sorted(first.manifest.suite.cases):
        case = describe_case(case_id, known.get(case_id), runs.values(), lambda image: (image.sha256, None))
        found.append(
            {
                "id": case_id,
                "tags": case["tags"],
                "prompt": [[text, element] for text, element in case["prompt"]],
                "elements": [element["role"] for element in case["elements"]],
                "references": [
                    {key: element[key] for key in ("id", "role", "phrase", "image")} for element in case["elements"]
                ],
            }
        )
    return found
