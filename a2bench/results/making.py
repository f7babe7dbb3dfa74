"""How were the videos of a run made, and what must be said of them?"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from a2bench.base.text import shown_text
from a2bench.model.records import SampleId
from a2bench.results.current import CurrentRecords


@dataclass(frozen=True)
class Making:
    """How many finished videos were made in one way.

    tier: how equal a video is to what the released code makes. rung: how far memory made the system go. None where the
    system does not say.
    """

    tier: str | None
    rung: str | None
    samples: int

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {"tier": self.tier, "rung": self.rung, "samples": self.samples}


@dataclass(frozen=True)
class Remark:
    """What must be said of some videos wherever they are shown, such as that they are black."""

    text: str
    samples: tuple[SampleId, ...]

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {"remark": self.text, "samples": [list(sample) for sample in self.samples]}


def run_making(run: CurrentRecords) -> tuple[Making, ...]:
    """How the finished videos were made, the most frequent way first."""
    counts = Counter((record.tier, record.rung) for record in run.done)
    return tuple(
        Making(tier, rung, number)
        for (tier, rung), number in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    )


def making_text(run: CurrentRecords) -> str | None:
    """`run_making` in words, and in what the run departs from its system's native settings; None for neither.

    ``12 samples exact; 3 samples approximate (memory: tile); not native: 81 frames instead of 69``
    """
    parts = [
        f"{made.samples} {'sample' if made.samples == 1 else 'samples'} {made.tier}"
        + (f" (memory: {made.rung})" if made.rung not in (None, "none") else "")
        for made in run_making(run)
        if made.tier
    ]
    departures = run.manifest.system.departures(run.manifest.settings)
    if departures:
        parts.append(f"not native: {', '.join(departures.values())}")
    return "; ".join(parts) or None


def run_remarks(run: CurrentRecords) -> tuple[Remark, ...]:
    """What must be said of finished videos, each remark once."""
    found: dict[str, list[SampleId]] = {}
    for record in run.done:
        for remark in record.remarks:
            found.setdefault(shown_text(remark), []).append((record.case, record.seed))
    return tuple(Remark(text, tuple(samples)) for text, samples in found.items())


def remark_lines(run: CurrentRecords) -> list[str]:
    """`run_remarks` in words, one line for each; none where nothing must be said.

    ``1 of 4 videos: every frame is black: ... (cat seed 0)``
    """
    lines = []
    for remark in run_remarks(run):
        names = [f"{case} seed {seed}" for case, seed in remark.samples]
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        lines.append(f"{len(names)} of {len(run.done)} videos: {remark.text} ({', '.join(names[:6])}{more})")
    return lines
