"""Does a video show anything at all? Said of every video when it is taken over, whoever made it.

A system whose numbers went wrong delivers black or one flat colour, and such a video is steady, free of flicker and
free of noise: several metrics give it the best score there is. It is not refused, for a system may have meant it.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

BLACK = 16
"""Grey levels up to which a pixel counts as black: where the picture of television begins."""
NOISE = 4
"""Grey levels by which the pixels of one colour may differ after a codec."""
_SPARSE = 16

REMARKS = {
    "black": "every frame is black: nothing can be seen, and the scores of this video mean nothing",
    "one colour": "every frame is one flat colour: nothing can be seen, and the scores of this video mean nothing",
}


def blank_remark(frames: Iterable[NDArray[np.uint8]]) -> str | None:
    """What is to be said of a video that shows nothing; None for all others.

    It looks no further than the first frame that shows something, which for most videos is the first.

    Args:
        frames: each ``[H, W, 3]`` uint8, RGB.

    >>> blank_remark(np.zeros((2, 4, 4, 3), np.uint8)).partition(":")[0]
    'every frame is black'
    """
    black = one_colour = True
    for frame in frames:
        for pixels in (frame[::_SPARSE, ::_SPARSE], frame):  # nearly always the few settle it
            low, high = pixels.min((0, 1)), pixels.max((0, 1))  # each [3]
            black &= bool(high.max() <= BLACK)
            one_colour &= bool((high - low).max() <= NOISE)
            if not (black or one_colour):
                return None
    return REMARKS["black" if black else "one colour"]
