"""How long a plan will take and how much disk it needs, from what was measured before on this machine.

Each finished stage adds its seconds to ``timings.json`` in the cache folder, by system and video size, or by metric.
What was never timed is not guessed.
"""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from a2bench.base.data import cache_dir
from a2bench.base.files import write_atomically
from a2bench.model.systems import GenerationSettings


@dataclass(frozen=True)
class Estimate:
    """Seconds of work (to be divided by the workers) and bytes of one thing, from ``times`` timed examples."""

    seconds: float
    bytes: float
    times: int


def generation_name(system: str, settings: GenerationSettings) -> str:
    """Under what name the making of a video is timed."""
    return f"generate {system} {settings.width}x{settings.height}x{settings.num_frames}"


def scoring_name(metric: str, settings: GenerationSettings) -> str:
    """Under what name the scoring of a video is timed."""
    return f"score {metric} {settings.width}x{settings.height}x{settings.num_frames}"


def known_estimates() -> dict[str, Estimate]:
    """All timings of this machine; an unreadable file counts as none."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        return {name: Estimate(**entry) for name, entry in json.loads(_path().read_bytes()).items()}
    return {}


def add_timings(timings: dict[str, list[tuple[float, int]]]) -> None:
    """Add ``(seconds, bytes)`` examples under each name; a cache folder that cannot be written is left alone."""
    known = known_estimates()
    for name, examples in timings.items():
        before = known.get(name, Estimate(0.0, 0.0, 0))
        times = before.times + len(examples)
        seconds = (before.seconds * before.times + sum(s for s, _ in examples)) / times
        size = (before.bytes * before.times + sum(b for _, b in examples)) / times
        known[name] = Estimate(round(seconds, 4), round(size), min(times, 1000))
    with contextlib.suppress(OSError):
        _path().parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({name: vars(entry) for name, entry in sorted(known.items())}, indent=1)
        write_atomically(_path(), text.encode())


def _path() -> Path:
    return cache_dir() / "timings.json"
