"""How equal a video is to what the system's released code makes, and how it came about: recorded with every sample."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Tier = Literal["exact", "equivalent", "approximate", "other sampler"]
"""From the slow and sure to the fast:

- ``exact``: the released computation; equal on one machine to the last bit, however it is spread over memory.
- ``equivalent``: the same computation in another order or with kernels of its own, at least 50 dB PSNR to exact in
  float32.
- ``approximate``: work is left out or done in fewer bits; the video is a similar one.
- ``other sampler``: other steps, schedule or guidance, or a distilled network: another system, strictly speaking.
"""

TIERS: tuple[Tier, ...] = ("exact", "equivalent", "approximate", "other sampler")
COMPARABLE: tuple[Tier, ...] = ("exact", "equivalent")
"""Tiers that stand for the system itself; boards take these unless told otherwise."""


@dataclass(frozen=True)
class Making:
    """How one video was made.

    tier: see `Tier`; None where a system does not say. rung: how far memory made it go (`a2bench.e2v.offload.Rung`).
    remarks: sentences that stand beside the video on every page.
    """

    tier: Tier | None = None
    rung: str | None = None
    remarks: tuple[str, ...] = ()


def loosest(tiers: Iterable[Tier]) -> Tier:
    """The tier of several things at once.

    >>> loosest(["exact", "approximate", "equivalent"])
    'approximate'
    """
    found: set[Tier] = {"exact", *tiers}
    return max(found, key=TIERS.index)
