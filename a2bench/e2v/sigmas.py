"""How noisy the latents are at each step: the table that UniPC follows, computed here and known by name.

A library's scheduler computes it too, but not always the same: diffusers 0.37.0 changed it, so that one seed gave two
videos. Both tables are kept, and which one made a video is part of the system's revision. Nothing heavy is imported.

Sources: ``set_timesteps`` of diffusers' ``UniPCMultistepScheduler`` with ``use_flow_sigmas`` (Apache-2.0), in 0.33.1 to
0.36.0 for ``released-2025`` and in 0.37.0 to 0.42.1 for ``current``. All but this table is the same in them.
"""

from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from a2bench.errors import InputError

Sampler = Literal["current", "released-2025"]
"""Which table: ``released-2025`` is that of the libraries with which SkyReels-A2 came out (diffusers up to 0.36),
``current`` that of the same code under diffusers from 0.37 on, with which our golden vectors were made."""
SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)

TRAIN_STEPS = 1000
"""Noise levels that the network was trained with; more steps than these there are not."""


class SigmaTable(NamedTuple):
    """The noise levels of a video.

    sigmas: ``[steps + 1]`` float32 from nearly 1 to 0, before each step and after the last.
    timesteps: ``[steps]`` int64 in [0, 999], which the network is told.
    """

    sigmas: NDArray[np.float32]
    timesteps: NDArray[np.int64]


def sigma_table(sampler: Sampler, steps: int, flow_shift: float) -> SigmaTable:
    """The noise levels of ``steps`` steps, of which ``flow_shift`` moves more to high noise.

    The order of operations is that of the sources: the result is theirs to the last bit.

    >>> sigma_table("current", 4, 8.0).timesteps.tolist()
    [999, 960, 889, 728]
    >>> sigma_table("released-2025", 4, 8.0).timesteps.tolist()
    [999, 959, 888, 727]
    """
    if sampler == "released-2025":
        clean = np.linspace(1, 1 / TRAIN_STEPS, steps + 1)
        sigmas = np.flip(_shifted(1.0 - clean, flow_shift))[:-1].copy()
    else:
        sigmas = _shifted(np.linspace(1, 1 / TRAIN_STEPS, steps + 1)[:-1], flow_shift)
        if abs(sigmas[0] - 1) < 1e-6:
            sigmas[0] -= 1e-6  # at 1 the logarithm of the share of the signal, 1 - sigma, is not finite
    timesteps = (sigmas * TRAIN_STEPS).astype(np.int64)
    return SigmaTable(np.append(sigmas, 0.0).astype(np.float32), timesteps)


def named_sampler(name: str) -> Sampler:
    """The table of a name.

    Raises:
        InputError: there is none; the message names those that there are.
    """
    for sampler in SAMPLERS:
        if name == sampler:
            return sampler
    raise InputError(f"sampler {name!r} must be {' or '.join(SAMPLERS)}")


def _shifted(sigmas: NDArray[np.float64], flow_shift: float) -> NDArray[np.float64]:
    return flow_shift * sigmas / (1 + (flow_shift - 1) * sigmas)
