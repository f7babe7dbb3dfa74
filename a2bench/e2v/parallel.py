"""Several GPUs on one video: guidance on two of them, and one forward spread by heads (Ulysses) or by tokens (ring).

For many videos replicas are faster: one video each, no traffic (`a2bench eval --workers N`, one worker for each GPU).
This is for one video sooner. Every rank runs the same program, as ``torchrun --nproc-per-node N`` starts it, and calls
`a2bench.e2v.pipeline.Pipeline.generate` with the same request; noise comes from the seed, so nothing is sent but what
attention and guidance need. Ulysses: arXiv:2309.14509; ring attention: arXiv:2310.01889; both as diffusers has them.
"""

import os
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from torch.distributed.device_mesh import init_device_mesh

from a2bench.e2v.acceleration import Acceleration
from a2bench.errors import InputError


@dataclass(frozen=True)
class Group:
    """The processes that make each video together.

    rank, size: of this process, of all. device: where this one computes. mesh: a ``DeviceMesh`` with the axes
    ``guidance``, ``ring`` and ``ulysses``.
    """

    rank: int
    size: int
    device: str
    mesh: Any

    @property
    def guidance_rank(self) -> int:
        """Which pass of guidance is this process's: 0 with the prompt, 1 with the negative prompt."""
        return int(self.mesh["guidance"].get_local_rank())

    def gather_guidance(self, own: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The predictions of both passes, on all processes."""
        both = [torch.empty_like(own), torch.empty_like(own)]
        torch.distributed.all_gather(both, own.contiguous(), group=self.mesh["guidance"].get_group())
        return both[0], both[1]


def join_group(acceleration: Acceleration, device: str) -> Group:
    """Meet the other processes that ``torchrun`` started; NCCL between GPUs, Gloo between CPUs.

    Raises:
        InputError: not started by ``torchrun``, or with another number of processes.
    """
    needed, size = acceleration.ranks, int(os.environ.get("WORLD_SIZE", "1"))
    if size != needed or needed == 1:
        raise InputError(
            f"guidance={acceleration.guidance}, ulysses={acceleration.ulysses} and ring={acceleration.ring} take "
            f"{needed} processes, started were {size}; type `torchrun --nproc-per-node {needed}` before the command"
        )
    gpu = device.startswith("cuda")
    if gpu and torch.cuda.device_count() < int(os.environ.get("LOCAL_WORLD_SIZE", needed)):
        raise InputError(
            f"{needed} GPUs were asked for one video, this process sees {torch.cuda.device_count()}; see "
            "CUDA_VISIBLE_DEVICES and --workers"
        )
    if gpu:
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(torch.device(device))
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if gpu else "gloo")
    shape = (needed // (acceleration.ring * acceleration.ulysses), acceleration.ring, acceleration.ulysses)
    mesh = init_device_mesh("cuda" if gpu else "cpu", shape, mesh_dim_names=("guidance", "ring", "ulysses"))
    return Group(torch.distributed.get_rank(), size, device, mesh)


def check_group(acceleration: Acceleration, group: Group | None) -> None:
    """Refuse to load where the processes are not as many as the settings take.

    Raises:
        InputError: says how many.
    """
    size = group.size if group else 1
    if size != acceleration.ranks:
        raise InputError(
            f"guidance={acceleration.guidance}, ulysses={acceleration.ulysses} and ring={acceleration.ring} take "
            f"{acceleration.ranks} processes, here are {size}; see a2bench.e2v.parallel.join_group"
        )


def spread_forward(transformer: Any, acceleration: Acceleration, group: Group) -> None:
    """Let the processes of a group share each forward of a network that is placed."""
    if acceleration.ulysses * acceleration.ring == 1:
        return
    parallel: Any = import_module("diffusers.models._modeling_parallel")
    mesh = group.mesh["ring", "ulysses"]
    config = parallel.ContextParallelConfig(
        ring_degree=acceleration.ring, ulysses_degree=acceleration.ulysses, mesh=mesh
    )
    if group.device != "cpu":
        transformer.enable_parallelism(config=config)
        return
    # `enable_parallelism` takes the rank's device from the number of accelerators and divides by it, which is zero
    # here (diffusers 0.42.1, models/modeling_utils.py, _resolve_parallel_config); the rest of it works on CPUs.
    whole = parallel.ParallelConfig(context_parallel_config=config)
    whole.setup(group.rank, group.size, torch.device("cpu"), mesh=mesh)
    transformer._parallel_config = whole
    for module in transformer.modules():
        processor: Any = getattr(module, "processor", None)
        if hasattr(processor, "_parallel_config"):
            processor._parallel_config = whole
    hooks: Any = import_module("diffusers.hooks.context_parallel")
    hooks.apply_context_parallel(transformer, config, transformer._cp_plan)
