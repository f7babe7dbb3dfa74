"""The element ledger: what became of each element of a video, and when.

A finder says what each looked-at frame shows of an element (`Observation`); from these follow a state for every frame,
a time line of states, and one verdict. Pure arithmetic: no networks, no pixels.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, NamedTuple, TypedDict

State = Literal["kept", "drifted", "pasted", "duplicated", "swapped", "lost"]
STATES: tuple[State, ...] = ("kept", "drifted", "pasted", "duplicated", "swapped", "lost")
"""All states and verdicts, from the best to the gravest."""
GRAVE: tuple[State, ...] = ("duplicated", "swapped", "lost")
"""States in which the element is not there as it should be, however it looks."""
MEANING: dict[State, str] = {
    "kept": "there, once, and itself",
    "drifted": "there, but not quite itself any more",
    "pasted": "there, but copied from the reference instead of shot anew",
    "duplicated": "there more than once",
    "swapped": "another is in its place",
    "lost": "not there",
}
KEPT_SHARE = 0.8
"""Share of the video in which a kept element is as it should be: a finder misses an element now and then."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Observation:
    """What one looked-at frame shows of one element.

    fidelity: likeness to the references in [0, 1]; 0 where the element is not found. box: ``(x0, y0, x1, y1)`` in
    pixels of the video, of the element or of what is in its place. copies: places that show it. other: who is in its
    place instead: an element id, ``stranger`` (a person) or ``something else``. pasted: correlation with the
    reference's own pixels in [0, 1].
    """

    fidelity: float
    box: Box | None = None
    copies: int = 1
    other: str | None = None
    pasted: float = 0.0

    @property
    def found(self) -> bool:
        """Whether the element itself is there."""
        return self.fidelity > 0


class Limits(NamedTuple):
    """Where states end; they belong to the finder that made the observations.

    drifted: fidelity below which a found element is not quite itself. pasted: correlation from which it is a copy.
    """

    drifted: float
    pasted: float


class Span(NamedTuple):
    """A stretch of the video in one state: from ``start`` to ``end`` in seconds."""

    state: State
    start: float
    end: float


class Entry(TypedDict):
    """The ledger of one element in one video, in JSON values.

    presence: share of the looked-at frames in which it is found. fidelity: mean likeness where it is found, or None.
    score: presence times fidelity. shares: of the time in each state. first_seen, last_seen: seconds, or None.
    longest_absence: seconds. resolution: the longest step between looked-at frames, in seconds: changes are timed to
    half of it. others: in how many frames who else is in its place. boxes: of each looked-at frame, in whole pixels.
    finder: what looked for it.
    """

    verdict: State
    presence: float
    fidelity: float | None
    score: float
    shares: dict[State, float]
    spans: list[Span]
    first_seen: float | None
    last_seen: float | None
    longest_absence: float
    resolution: float
    others: dict[str, int]
    boxes: list[tuple[int, int, int, int] | None]
    finder: str


def state_of(observation: Observation, limits: Limits) -> State:
    """The state that one frame shows.

    >>> state_of(Observation(0.9), Limits(drifted=0.5, pasted=0.8)), state_of(Observation(0.0), Limits(0.5, 0.8))
    ('kept', 'lost')
    """
    if observation.other is not None:
        return "swapped"
    if not observation.found:
        return "lost"
    if observation.copies > 1:
        return "duplicated"
    if observation.fidelity < limits.drifted:
        return "drifted"
    return "pasted" if observation.pasted >= limits.pasted else "kept"


def steadied(states: Sequence[State]) -> list[State]:
    """The states without single frames between longer stretches of one other state: a finder's slip, not an event.

    >>> steadied(["kept", "kept", "lost", "kept", "kept", "lost", "lost"])
    ['kept', 'kept', 'kept', 'kept', 'kept', 'lost', 'lost']
    """
    runs: list[tuple[State, int]] = [(state, len(list(group))) for state, group in groupby(states)]
    result: list[State] = []
    for index, (state, length) in enumerate(runs):
        around = [runs[index - 1], runs[index + 1]] if 0 < index < len(runs) - 1 else []
        slip = length == 1 and around and around[0][0] == around[1][0] and min(n for _, n in around) > 1
        steady: State = around[0][0] if slip else state
        result.extend(steady for _ in range(length))
    return result


def time_line(states: Sequence[State], frames: Sequence[int], num_frames: int, fps: float) -> list[Span]:
    """Equal states in a row as spans of time; a change lies halfway between the two frames that differ.

    >>> time_line(["kept", "kept", "lost"], [1, 3, 5], 6, 2.0)
    [Span(state='kept', start=0.0, end=2.25), Span(state='lost', start=2.25, end=3.0)]
    """
    edges = [0.0, *((a + b + 1) / 2 / fps for a, b in zip(frames, frames[1:], strict=False)), num_frames / fps]
    spans, position = [], 0
    for state, group in groupby(states):
        end = position + len(list(group))
        spans.append(Span(state, edges[position], edges[end]))
        position = end
    return spans


def time_shares(spans: Sequence[Span]) -> dict[State, float]:
    """The share of the time in each state that occurs."""
    total = math.fsum(span.end - span.start for span in spans)
    found: dict[State, float] = {
        state: math.fsum(span.end - span.start for span in spans if span.state == state) / total for state in STATES
    }
    return {state: share for state, share in found.items() if share > 0}


def verdict_of(shares: dict[State, float]) -> State:
    """One word for the whole video, from the share of the time in each state.

    Whatever is lost, swapped or duplicated for more than the slack that `KEPT_SHARE` leaves is called by the most
    frequent of these; else by the most frequent of all that is not kept; else it is kept. Of equals, the gravest.

    >>> verdict_of({"kept": 0.9, "lost": 0.1}), verdict_of({"pasted": 0.7, "swapped": 0.3}), verdict_of({"pasted": 1.0})
    ('kept', 'swapped', 'pasted')
    """
    for states in (GRAVE, STATES[1:]):
        # A millionth more or less of the time is no difference.
        if math.fsum(shares.get(state, 0.0) for state in states) > 1 - KEPT_SHARE + 1e-6:
            return max(states, key=lambda state: (round(shares.get(state, 0.0), 6), STATES.index(state)))
    return "kept"


def make_entry(
    observations: Sequence[Observation],
    limits: Limits,
    frames: Sequence[int],
    num_frames: int,
    fps: float,
    finder: str,
) -> Entry:
    """The ledger of one element from what each looked-at frame shows.

    Args:
        observations: one per looked-at frame, in order.
        limits: where states end.
        frames: indices of these frames.
        num_frames: of the video.
        fps: frames per second of the video.
        finder: what made the observations.
    """
    spans = time_line(steadied([state_of(one, limits) for one in observations]), frames, num_frames, fps)
    shares = time_shares(spans)
    found = [one.fidelity for one in observations if one.found]
    seen = [span for span in spans if span.state not in ("lost", "swapped")]
    absent = [
        sum(span.end - span.start for span in group)
        for gone, group in groupby(spans, key=lambda span: span.state in ("lost", "swapped"))
        if gone
    ]
    return Entry(
        verdict=verdict_of(shares),
        presence=len(found) / len(observations),
        fidelity=math.fsum(found) / len(found) if found else None,
        score=math.fsum(found) / len(observations),
        shares=shares,
        spans=spans,
        first_seen=seen[0].start if seen else None,
        last_seen=seen[-1].end if seen else None,
        longest_absence=max(absent, default=0.0),
        resolution=max((b - a for a, b in zip(frames, frames[1:], strict=False)), default=num_frames) / fps,
        others=dict(sorted(Counter(one.other for one in observations if one.other is not None).items())),
        boxes=[None if one.box is None else _whole(one.box) for one in observations],
        finder=finder,
    )


def _whole(box: Box) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = (round(side) for side in box)
    return x0, y0, x1, y1


def read_entry(value: dict[str, Any]) -> Entry:
    """An entry as it stands in a score record, its spans named again."""
    entry: Entry = {**value, "spans": [Span(*span) for span in value["spans"]]}  # type: ignore[typeddict-item]
    return entry
