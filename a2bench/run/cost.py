"""What the videos of a run cost: seconds, memory and money, derived from the run's records.

A cost is not a score: it depends on the machine, so it stands in no table that two machines must agree on.
"""

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from a2bench.model.records import SampleRecord


def watch_memory() -> None:
    """Forget what PyTorch took on the GPU before, so that `peak_memory` speaks of what comes."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()


def peak_memory() -> dict[str, int]:
    """Bytes at most: ``gpu``, what PyTorch took there since `watch_memory`; ``host``, this process since it began.

    ``children`` is the largest program that this process has called and that has ended. What is unknown is left out.
    """
    found = {}
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        found["gpu"] = int(torch.cuda.max_memory_allocated())
    try:
        import resource
    except ImportError:  # Windows has none
        return found
    unit = 1 if sys.platform == "darwin" else 1024
    for name, who in (("host", resource.RUSAGE_SELF), ("children", resource.RUSAGE_CHILDREN)):
        size = resource.getrusage(who).ru_maxrss * unit
        if size:
            found[name] = size
    return found


@dataclass(frozen=True)
class Cost:
    """What a run cost so far.

    videos: finished ones. failed: samples without a video, whose time counts too. seconds: of a worker, all samples.
    peak_memory: largest of all samples by kind, in bytes, as `peak_memory` names them; empty for older runs.
    price_per_video: None without a price, or without a finished video.
    """

    videos: int
    failed: int
    seconds: float
    peak_memory: dict[str, int]
    price_per_video: float | None

    @property
    def seconds_per_video(self) -> float | None:
        """Seconds of a worker for each finished video, what failed included; None without one."""
        return self.seconds / self.videos if self.videos else None

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "videos": self.videos,
            "failed": self.failed,
            "seconds": self.seconds,
            "seconds_per_video": self.seconds_per_video,
            "peak_memory": self.peak_memory,
            "price_per_video": self.price_per_video,
        }


def cost(
    samples: Iterable[SampleRecord], price_per_hour: float | None = None, price_per_call: float | None = None
) -> Cost:
    """The cost of the making of some samples.

    Args:
        samples: their current records.
        price_per_hour: of what one worker runs on.
        price_per_call: of one call of a paid interface; every sample was at least one.
    """
    records = list(samples)
    videos = sum(record.status == "done" for record in records)
    seconds = math.fsum(record.seconds for record in records)
    calls = sum(record.attempts for record in records)
    peaks: dict[str, int] = {}
    for record in records:
        for kind, size in record.peak_memory.items():
            peaks[kind] = max(size, peaks.get(kind, 0))
    price = None
    if videos and (price_per_hour is not None or price_per_call is not None):
        price = (seconds / 3600 * (price_per_hour or 0) + calls * (price_per_call or 0)) / videos
    return Cost(videos, len(records) - videos, round(seconds, 3), peaks, price)
