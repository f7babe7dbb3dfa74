"""What ``a2bench metrics validate`` prints: a table of metrics by controls, and a verdict per expectation."""

import math
from collections.abc import Iterator
from typing import Any

from a2bench.harness.summary import Summary, summarise, summarise_roles
from a2bench.harness.validate import ControlRuns
from a2bench.harness.validity import Verdict


def _rows(runs: ControlRuns) -> Iterator[tuple[str, dict[str, Summary]]]:
    """``(metric or metric:role, {control: summary})``."""
    for info in runs.infos:
        chosen = {name: [r for r in records if r.metric == info.name] for name, records in runs.scores.items()}
        yield info.name, {name: summarise(records, len(records)) for name, records in chosen.items()}
        by_role = {name: summarise_roles(records) for name, records in chosen.items()}
        for role in info.roles if len(info.roles) > 1 else ():
            yield f"{info.name}:{role}", {name: roles[role] for name, roles in by_role.items() if role in roles}


def verdict_document(runs: ControlRuns) -> dict[str, Any]:
    """Everything as one JSON document."""
    return {
        "controls": list(runs.scores),
        "table": {
            row: {name: {"mean": s.mean, "stderr": s.stderr, "scored": s.scored, "total": s.total}
                  for name, s in cells.items()}
            for row, cells in _rows(runs)
        },
        "verdicts": [
            {
                "metric": verdict.metric,
                "text": verdict.expectation.text,
                "quantity": verdict.expectation.quantity,
                "control": verdict.expectation.control,
                "than": verdict.expectation.than,
                "role": verdict.expectation.role,
                "bounds": [_finite(verdict.expectation.low), _finite(verdict.expectation.high)],
                "estimate": verdict.estimate,
                "interval": list(verdict.interval) if verdict.interval else None,
                "cases": verdict.num_cases,
                "met": verdict.met,
            }
            for verdict in runs.verdicts
        ],
        "complete": runs.complete,
    }  # fmt: skip


def validity_lines(runs: ControlRuns) -> Iterator[str]:
    """The table and the verdicts in lines for a terminal."""
    rows = list(_rows(runs))
    width = max(len(name) for name, _ in rows)
    names = list(runs.scores)
    yield " " * width + "".join(f" {name[:10]:>10}" for name in names)
    for row, cells in rows:
        yield f"{row:<{width}}" + "".join(f" {_cell(cells.get(name)):>10}" for name in names)
    yield ""
    for info in runs.infos:
        own = [verdict for verdict in runs.verdicts if verdict.metric == info.name]
        yield f"{info.name}: {_state(own)}"
        for verdict in own:
            mark = "?   " if verdict.interval is None else "ok  " if verdict.met else "FAIL"
            yield f"  {mark}  {_sentence(verdict)}"


def _state(own: list[Verdict]) -> str:
    if not own:
        return "has no expectations"
    if all(verdict.met for verdict in own):
        return "valid"
    if any(verdict.interval and not verdict.met for verdict in own):
        return "FAILS its validity check"
    return "not checked: it measured nothing here"


def _cell(summary: Summary | None) -> str:
    return "-" if summary is None or summary.mean is None else f"{summary.mean:.3f}"


def _sentence(verdict: Verdict) -> str:
    wanted = verdict.expectation
    if verdict.interval is None or verdict.estimate is None:
        return f"{wanted.text}: nothing to compare"
    low, high = verdict.interval
    bounds = " and ".join(
        [f"at least {wanted.low:g}"] * math.isfinite(wanted.low)
        + [f"at most {wanted.high:g}"] * math.isfinite(wanted.high)
    )
    return (
        f"{wanted.text}: {wanted.quantity} {verdict.estimate:.3f} [{low:.3f}, {high:.3f}], wanted {bounds} "
        f"({verdict.num_cases} cases)"
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
