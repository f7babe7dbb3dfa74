"""Which frames of the condition clip show which reference, and what follows from it: the mask and the trim.

Wan's causal VAE turns the first pixel frame into one latent frame and every further four into one more. A reference
that is shown once at the start and four times from then on therefore fills exactly one latent frame.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STRIDE = 4
"""Pixel frames in each latent frame but the first; also the number of mask channels, one per pixel frame."""


@dataclass(frozen=True)
class ClipLayout:
    """The places of the references in a clip; all further frames of the clip are empty.

    num_frames: pixel frames, 4k+1. num_references: how many, one after the other from the first frame on.
    repeat: every reference fills one latent frame (the released default); otherwise each is shown for one pixel frame,
        the paper's weaker ablation.
    """

    num_frames: int
    num_references: int
    repeat: bool = True

    @property
    def num_latent_frames(self) -> int:
        """Latent frames of the whole clip.

        >>> ClipLayout(81, 3).num_latent_frames
        21
        """
        return (self.num_frames - 1) // STRIDE + 1

    @property
    def shown_frames(self) -> tuple[int, ...]:
        """For how many pixel frames each reference is shown.

        >>> ClipLayout(81, 3).shown_frames, ClipLayout(81, 3, repeat=False).shown_frames
        ((1, 4, 4), (1, 1, 1))
        """
        later = STRIDE if self.repeat else 1
        return (1, *(later for _ in range(self.num_references - 1)))

    @property
    def covered_frames(self) -> int:
        """Pixel frames that decode from latent frames with a reference in them.

        >>> [ClipLayout(81, number).covered_frames for number in (1, 2, 3)]
        [1, 5, 9]
        """
        behind_the_first = sum(self.shown_frames) - 1
        return 1 + STRIDE * -(-behind_the_first // STRIDE)

    def trim(self, margin: int) -> int:
        """How many frames at the start of the decoded video are not part of the result.

        The released script drops 12 whatever the number of references: three latent frames and a margin of 3.

        >>> [ClipLayout(81, number).trim(margin=3) for number in (1, 2, 3)]
        [4, 8, 12]
        """
        return self.covered_frames + margin

    def mask(self) -> NDArray[np.float32]:
        """One where a pixel frame shows a reference: ``[4, T]`` float32, pixel frames folded into latent frames.

        The first pixel frame stands for all four channels of the first latent frame. Built from the layout, this works
        for one reference too, where the released code gets one latent frame too many.

        >>> ClipLayout(9, 1).mask().astype(int).tolist()
        [[1, 0, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]]
        """
        shown = np.arange(self.num_frames) < sum(self.shown_frames)  # [F]
        unfolded = np.concatenate([np.repeat(shown[:1], STRIDE), shown[1:]])  # [4 * T]
        return np.ascontiguousarray(unfolded.reshape(-1, STRIDE).T, dtype=np.float32)  # [4, T]
