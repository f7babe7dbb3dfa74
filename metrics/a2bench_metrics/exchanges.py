"""Which elements have taken each other's place? Pure arithmetic on where each was seen.

Nothing moves into another's place at the very moment at which that one moves into its own: what looks so is two
elements that have become one another. (A cut to the opposite side looks so too.)
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import dist

from a2bench.model.ledger import Box

NEARER = 0.5
"""How far an element may end from the other's old place, as a share of the way from its own: half, and so of two that
stand side by side both have clearly left."""


def exchanged(boxes: Mapping[str, Sequence[Box | None]]) -> dict[str, list[str | None]]:
    """For each element and frame who has changed places with it: an element id, or None.

    Each of two has the place where both are longest, of equals the first.

    Args:
        boxes: where each element was seen in the looked-at frames, by element id.

    >>> left, right = (0.0, 0.0, 10.0, 10.0), (50.0, 0.0, 60.0, 10.0)
    >>> exchanged({"a": [left, left, right], "b": [right, right, left]})
    {'a': [None, None, 'b'], 'b': [None, None, 'a']}
    """
    others: dict[str, list[str | None]] = {name: [None] * len(places) for name, places in boxes.items()}
    for first, second in combinations(boxes, 2):
        crossed = _crossed(boxes[first], boxes[second])
        longest = max(False, True, key=crossed.count)
        for frame, side in enumerate(crossed):
            if side != longest:
                others[first][frame], others[second][frame] = second, first
    return others


def _crossed(first: Sequence[Box | None], second: Sequence[Box | None]) -> list[bool]:
    """For each frame whether two elements are in each other's place of the first frame."""
    sides = [False] * len(first)
    for frame in range(1, len(first)):
        a, b = first[frame - 1 : frame + 1], second[frame - 1 : frame + 1]
        sides[frame] = sides[frame - 1] ^ (_takes(a, b) and _takes(b, a))
    return sides


def _takes(own: Sequence[Box | None], others: Sequence[Box | None]) -> bool:
    """Whether an element goes from one frame to the next out of its own box and to where the other was."""
    before, after, place = own[0], own[1], others[0]
    if before is None or after is None or place is None:
        return False
    (x0, y0, x1, y1), middle = before, _middle(after)
    inside = x0 <= middle[0] <= x1 and y0 <= middle[1] <= y1
    return not inside and dist(middle, _middle(place)) <= NEARER * dist(middle, _middle(before))


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
