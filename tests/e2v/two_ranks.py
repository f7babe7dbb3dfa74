"""One of two processes on CPUs that make a video together: ``torchrun --nproc-per-node 2 two_ranks.py DIR OUT``.

DIR holds a tiny checkpoint; the latents of each way go to ``OUT/<way>-<rank>.safetensors``. A ring needs attention that
gives its log-sum-exp; diffusers has that for GPUs only, so its forward is replaced here by PyTorch's CPU kernel of the
same function. Everything else is what runs on GPUs.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from diffusers.models import attention_dispatch
from golden_errors import golden_request
from safetensors.torch import save_file

from a2bench.e2v.acceleration import Acceleration
from a2bench.e2v.loading import load_pipeline
from a2bench.e2v.parallel import join_group

WAYS = {
    "guidance": Acceleration(guidance="parallel"),
    "ulysses": Acceleration(ulysses=2),
    "ring": Acceleration(ring=2, attention="native_flash"),
}


def flash_on_cpu(
    ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *given: Any, **named: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    heads_first = [tensor.transpose(1, 2).contiguous() for tensor in (query, key, value)]
    out, lse = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(*heads_first)
    return out.transpose(1, 2).contiguous(), lse.transpose(1, 2).contiguous()


def make_latents(checkpoint: Path, folder: Path) -> None:
    attention_dispatch._native_flash_attention_forward_op = flash_on_cpu
    request = golden_request(0)
    for way, acceleration in WAYS.items():
        group = join_group(acceleration, "cpu")
        pipeline = load_pipeline(checkpoint, precision="float32", acceleration=acceleration, group=group)
        latents = pipeline.denoise(pipeline.conditions(request), request.sampling)
        save_file({"latents": latents.contiguous()}, folder / f"{way}-{group.rank}.safetensors")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    make_latents(Path(sys.argv[1]), Path(sys.argv[2]))
