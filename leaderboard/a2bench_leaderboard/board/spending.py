"""What an entry's videos cost, with intervals over cases."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from a2bench.statistics.clusters import clustered_intervals


def spending(entry: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """``seconds`` and ``price`` of a video, each ``value``, ``low``, ``high`` and why there is no value.

    What failed is paid by the videos that were made: the interval is that of the ratio, over cases.

    Args:
        entry: of a board's inputs.
    """
    found = {}
    hourly, per_call = entry["price"]["per_hour"], entry["price"]["per_call"]
    for name in ("seconds", "price"):
        value = entry["cost"][f"{name}_per_video"]
        needs_clock = name == "seconds" or hourly is not None or per_call is None
        reason = entry["cost_unknown"] if needs_clock else None
        if reason is None and value is None:
            reason = "no video was made" if not entry["cost"]["videos"] else "no price was given"
        found[name] = {"value": None if reason else value, "low": None, "high": None, "reason": reason}
    interval = _seconds_interval(entry)
    if interval and found["seconds"]["value"] is not None:
        found["seconds"] |= {"low": interval[0], "high": interval[1]}
        if found["price"]["value"] is not None and hourly is not None and per_call is None:
            found["price"] |= {"low": interval[0] * hourly / 3600, "high": interval[1] * hourly / 3600}
    return found


def _seconds_interval(entry: Mapping[str, Any]) -> tuple[float, float] | None:
    row = {case: number for number, case in enumerate(sorted({case for case, _ in entry["samples"]}))}
    videos, seconds = np.zeros((2, len(row), 1))
    for (case, _), sha256, spent in zip(entry["samples"], entry["videos"], entry["seconds"], strict=True):
        videos[row[case]] += sha256 is not None
        seconds[row[case]] += spent or 0.0
    if len(row) < 2 or not videos.all():  # some draws of cases would hold no video at all
        return None
    low, high = clustered_intervals(videos, seconds, [(0.0, None)])
    return None if np.isnan(low[0]) else (float(low[0]), float(high[0]))
