"""How often this process did what must be done once: decodes, network forwards, weight loads.

The harness stores the counts with every sample, so that "one decode per video, one forward per frame and backbone" is
checked by counters and not believed.
"""

from collections import Counter

COUNTS: Counter[str] = Counter()


def count(event: str, times: int = 1) -> None:
    """Count an event such as ``decode`` or ``forward:faces``."""
    COUNTS[event] += times


def take_counts() -> dict[str, int]:
    """The counts since the last call, which are then zero again."""
    taken = dict(sorted(COUNTS.items()))
    COUNTS.clear()
    return taken
