"""Print what a video takes beside the weights, at full size: ``python tests/e2v/working_memory.py`` (a minute or two).

The published network (two of its forty blocks: all are alike) and VAE are run with fake tensors: every tensor is there
with its size and lifetime, nothing is computed or allocated. Buffers inside kernels are not seen.
"""

import json
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from a2bench.e2v.memory import wan_working

PUBLISHED = json.loads((Path(__file__).parent / "published/transformer.json").read_text())
VAE = {"base_dim": 96, "z_dim": 16, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2}


class Peak(TorchDispatchMode):
    """Bytes of all storages that were made under it, at the worst moment."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._alive: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in tree_iter(out):
            if isinstance(tensor, torch.Tensor):
                self._see(tensor.untyped_storage())
        return out

    def _see(self, storage: Any) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key not in self._alive:
            self._alive.add(key)
            self.now += size
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._alive.discard(key)
        self.now -= size


def peak(run: Callable[[], Any]) -> int:
    with torch.inference_mode(), Peak() as found:
        run()
    return found.peak


def network_peak(width: int, height: int, num_frames: int, batch: int = 1) -> int:
    from diffusers import WanTransformer3DModel

    own = {key: value for key, value in PUBLISHED.items() if not key.startswith("_")} | {"num_layers": 2}
    with FakeTensorMode():
        torch.set_default_dtype(torch.bfloat16)
        network = WanTransformer3DModel(**own)
        given = {
            "hidden_states": torch.empty(batch, 36, (num_frames - 1) // 4 + 1, height // 8, width // 8),
            "timestep": torch.empty(batch),
            "encoder_hidden_states": torch.empty(batch, 512, 4096),
            "encoder_hidden_states_image": torch.empty(batch, 3 * 257, 1280),
        }
        torch.set_default_dtype(torch.float32)
        return peak(lambda: network(**given, return_dict=False))


def decoder_peak(width: int, height: int, num_frames: int, *, tiled: bool = False) -> int:
    from diffusers import AutoencoderKLWan

    with FakeTensorMode():
        vae = AutoencoderKLWan(**VAE)
        if tiled:
            vae.enable_tiling()
        latents = torch.empty(1, 16, (num_frames - 1) // 4 + 1, height // 8, width // 8)
        return peak(lambda: vae.decode(latents, return_dict=False))


def main() -> None:
    lines = ["video          network  batch of 2  VAE    tiled VAE   (GB: found / by wan_working)"]
    for video in ((832, 480, 81), (480, 480, 49), (1280, 720, 81)):
        one, two = wan_working(*video), wan_working(*video, batch=2)
        found = (network_peak(*video), network_peak(*video, batch=2), decoder_peak(*video))
        found += (decoder_peak(*video, tiled=True),)
        pairs = zip(found, (one.network, two.network, one.vae, one.tiled_vae), strict=True)
        text = "  ".join(f"{a / 1e9:.2f}/{b / 1e9:.2f}" for a, b in pairs)
        lines.append(f"{video[2]}x{video[1]}x{video[0]}  {text}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
