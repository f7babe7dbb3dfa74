"""What networks may use in this process: the device, the precision, how many frames per forward, and the network.

Set in the environment of a worker by the harness, read by features; nothing here changes a result beyond the tolerance
that `DEVICE_TOLERANCE` states.
"""

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")
DEVICE_TOLERANCE = 2e-3
"""How far a score in [0, 1] may move between devices, precisions and batch sizes. On one H200 in half precision the
farthest was 2.0e-3 from the CPU; ``tests/gpu/test_metrics_on_a_gpu.py`` names the metrics that may move further."""
CPU_BATCH, USUAL_BATCH, MAX_BATCH = 1, 8, 256
"""Frames per forward where nothing else is said: on a CPU, elsewhere where a network does not say what a frame takes,
and at most. On a CPU more than one is no faster, takes memory, and may change last bits."""
MAX_THREADS = 8
"""That make the inputs of a GPU's networks: a share of the machine for each worker where there are several."""


def worker_environment(
    device: str, batch_size: int, offline: bool, feature_cache: float | None = None
) -> dict[str, str]:
    """Variables that carry these choices into a worker; a batch size of 0 follows the memory."""
    variables = {"A2BENCH_DEVICE": device, "A2BENCH_BATCH_SIZE": str(batch_size)}
    if feature_cache is not None:
        variables["A2BENCH_FEATURE_CACHE"] = f"{feature_cache:g}"
    if offline:
        variables |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "A2BENCH_OFFLINE": "1"}
    return variables


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus(asked: str, drivers: Path = Path("/proc/driver/nvidia/gpus")) -> tuple[str, ...]:
    """NVIDIA GPUs to share out among workers, by their names for ``CUDA_VISIBLE_DEVICES``; imports nothing heavy.

    Args:
        asked: the device that was asked for; of one that is named, such as ``cuda:1``, there is nothing to share.
        drivers: where Linux lists the GPUs that this process (or its container) may use.

    >>> gpus("cpu")
    ()
    """
    if asked not in ("auto", "cuda"):
        return ()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return tuple(name.strip() for name in visible.split(",") if name.strip() not in ("", "-1"))
    return tuple(map(str, range(len(list(drivers.iterdir()))))) if drivers.is_dir() else ()


@cache
def device() -> str:
    """The device of this process: what was asked for; for ``auto`` the first of cuda, mps and cpu that works.

    Raises:
        InputError: the device that was asked for is not there.
    """
    import torch

    from a2bench.errors import InputError

    torch.backends.cudnn.allow_tf32 = False  # float32 is float32: as on a CPU
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


def network_dtype() -> Any:
    """The dtype of large networks: half precision on a GPU, float32 elsewhere (half precision is slower on most CPUs).

    Heads, norms of embeddings and cosines stay in float32 everywhere. ``A2BENCH_PRECISION`` overrides: ``float32``,
    ``float16`` or ``bfloat16``.

    Raises:
        InputError: no such precision.
    """
    import torch

    from a2bench.errors import InputError

    asked = os.environ.get("A2BENCH_PRECISION", "auto")
    if asked == "auto":
        return torch.float16 if device().startswith("cuda") else torch.float32
    if asked not in ("float32", "float16", "bfloat16"):
        raise InputError(f"A2BENCH_PRECISION is {asked!r}; expected auto, float32, float16 or bfloat16")
    return getattr(torch, asked)


def batch_size(bytes_each: int = 0) -> int:
    """Frames per forward: what was asked for, or what fits into half of the free memory of the device.

    Args:
        bytes_each: what one frame takes at the widest place of the network, roughly.
    """
    asked = int(os.environ.get("A2BENCH_BATCH_SIZE") or 0)
    if asked:
        return asked
    if device() == "cpu":
        return CPU_BATCH
    if not device().startswith("cuda") or bytes_each <= 0:
        return USUAL_BATCH
    import torch

    free, _ = torch.cuda.mem_get_info(device())
    return int(max(1, min(MAX_BATCH, free // 2 // bytes_each)))


def in_batches(run: Callable[[Sequence[T]], Iterable[R]], items: Sequence[T], bytes_each: int = 0) -> list[R]:
    """``run`` over all items in batches that fit; where the device's memory is not enough, batches are halved."""
    import torch

    results: list[R] = []
    size = batch_size(bytes_each)
    while len(results) < len(items):
        try:
            results.extend(run(items[len(results) : len(results) + size]))  # `+=` with an array would add numbers
        except torch.OutOfMemoryError:
            if size == 1:
                raise
            size = max(1, min(size, len(items) - len(results)) // 2)
            logger.warning("out of memory on %s; going on with %d frames per forward", device(), size)
    return results


def side_by_side(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """``work`` of each item: where a GPU waits for it on several threads, else one after the other.

    Every item is worked on alone, so results do not depend on the number of threads.
    """
    if device() == "cpu":
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(MAX_THREADS, num_cores())) as pool:
        return list(pool.map(work, items))


def onnx_session(path: Path) -> Any:
    """An onnxruntime session on the device of this process.

    Raises:
        InputError: onnxruntime would silently run on the CPU instead of the GPU that was found or asked for.
    """
    import onnxruntime

    from a2bench.errors import InputError

    wanted = "CUDAExecutionProvider" if device().startswith("cuda") else "CPUExecutionProvider"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # results must not depend on the number of cores
    options.log_severity_level = 3
    session = None
    if wanted in onnxruntime.get_available_providers():
        providers = list(dict.fromkeys([wanted, "CPUExecutionProvider"]))
        session = onnxruntime.InferenceSession(path, options, providers=providers)
    if session is None or session.get_providers()[0] != wanted:
        raise InputError(
            f"onnxruntime has no working {wanted} here (it would fall back to the CPU without a word); type "
            "`pip install onnxruntime-gpu` in place of onnxruntime, or use --device cpu"
        )
    return session
