"""What networks may use in this process: the device, how many frames per forward, and whether the network is closed.

Set in the environment of a worker by the harness, read by features; nothing here changes a result beyond the tolerance
that a device states.
"""

import os
from functools import cache


def worker_environment(device: str, batch_size: int, offline: bool) -> dict[str, str]:
    """Variables that carry these choices into a worker."""
    variables = {"A2BENCH_DEVICE": device, "A2BENCH_BATCH_SIZE": str(batch_size)}
    if offline:
        variables |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "A2BENCH_OFFLINE": "1"}
    return variables


@cache
def device() -> str:
    """The device of this process: what was asked for; for ``auto`` the first of cuda, mps and cpu that works.

    Raises:
        InputError: the device that was asked for is not there.
    """
    import torch

    from a2bench.errors import InputError

    asked = os.environ.get("A2BENCH_DEVICE", "auto")
    if asked == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(1, device=asked)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"device {asked!r} does not work here: {str(error).splitlines()[0]}; try --device cpu"
        ) from None
    return asked


def batch_size() -> int:
    """Frames per forward."""
    return int(os.environ.get("A2BENCH_BATCH_SIZE", "8"))
