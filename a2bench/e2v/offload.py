"""Puts networks where a placement says, before anything is moved to a device, and goes on when memory runs out.

Offloading is diffusers' group offloading: layers wait in main memory and come to the device just before they compute,
the next ones while these do. It is installed while all weights are still in main memory: the released script moves
everything to the GPU first, which is why it fails on the small ones it is meant for.
"""

import gc
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import torch

from a2bench.base.counting import count
from a2bench.e2v.memory import Kind, Part, Placement, free_bytes
from a2bench.model.tiers import Tier, loosest

logger = logging.getLogger(__name__)
T = TypeVar("T")

Rung = Literal["none", "clear", "offload", "tile"]
"""How far a sample had to go for memory: not at all; unused memory was given back; networks that were resident come by
groups; the VAE works by tiles."""

RUNGS: tuple[Rung, ...] = ("clear", "offload", "tile")
"""In the order in which they are climbed."""


class Made(NamedTuple, Generic[T]):
    """What was made, and the rung that it took."""

    value: T
    rung: Rung


class PlacedModel:
    """Networks of one system where a placement wants them.

    Args:
        modules: by name, all in main memory.
        parts: the same names.
        placement: from `memory.choose_placement`.
    """

    def __init__(self, modules: Mapping[str, Any], parts: Mapping[str, Part], placement: Placement) -> None:
        self.modules = dict(modules)
        self.parts = parts
        self.placement = replace(placement, offloaded=frozenset(), tiled=False)
        self._rung: Rung = "none"
        self._offload(placement.offloaded)
        for name, module in self.modules.items():
            if parts[name].kind not in placement.offloaded:
                module.to(placement.device)
        if placement.tiled:
            self._tile()

    @property
    def tier(self) -> Tier:
        """What weights and placement make of a video that is exact otherwise.

        Weights in 8 bits change it, and so do tiles; no other placement does.
        """
        return loosest(["approximate" if self.placement.tiled else "exact", *(p.stored for p in self.parts.values())])

    def run(self, make: Callable[[], T]) -> Made[T]:
        """Make something; where memory does not suffice, climb the ladder and make it again from the start.

        What was climbed stays for what is made later. Frames, size and steps are never changed.

        Raises:
            torch.OutOfMemoryError: it does not suffice even with the VAE tiled and all else offloaded.
        """
        rungs = iter(RUNGS)
        cleared = False
        while True:
            reached: Rung = "clear" if cleared and self._rung == "none" else self._rung
            try:
                return Made(make(), reached)
            except torch.OutOfMemoryError as error:
                # the traceback would hold the tensors of the frames that failed
                failure = error.with_traceback(None)
            climbed = next((rung for rung in rungs if self._climb(rung)), None)
            if climbed is None:
                raise failure
            cleared = True
            logger.warning("out of memory on %s; going on with: %s", self.placement.device, climbed)

    def _climb(self, rung: Rung) -> bool:
        """Take a rung; False if it would change nothing."""
        if rung == "offload":
            kinds: frozenset[Kind] = frozenset(part.kind for part in self.parts.values() if part.kind != "vae")
            if kinds <= self.placement.offloaded:
                return False
            self._offload(kinds - self.placement.offloaded)
            self._rung = rung
        if rung == "tile":
            if self.placement.tiled or not any(part.kind == "vae" for part in self.parts.values()):
                return False
            self._tile()
            self._rung = rung
        count(f"memory:{rung}")
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return True

    def _offload(self, kinds: frozenset[Kind]) -> None:
        for name, module in self.modules.items():
            if self.parts[name].kind in kinds:
                module.to("cpu")
                _offload_by_groups(module, self.parts[name], self.placement.device)
        self.placement = replace(self.placement, offloaded=self.placement.offloaded | kinds)

    def _tile(self) -> None:
        for name, module in self.modules.items():
            if self.parts[name].kind == "vae":
                module.enable_tiling()
        self.placement = replace(self.placement, tiled=True)


def _offload_by_groups(module: Any, part: Part, device: str) -> None:
    hooks: Any = import_module("diffusers.hooks")
    common = {"onload_device": torch.device(device), "use_stream": device.startswith("cuda")}
    if part.kind == "network":
        free = free_bytes("cpu")
        hooks.apply_group_offloading(
            module,
            offload_type="block_level",
            num_blocks_per_group=1,
            # Page-locked copies of all weights make the transfers fast, where main memory has room for a second copy.
            low_cpu_mem_usage=free is not None and free < 2 * part.num_bytes,
            **common,
        )
    else:
        # An encoder runs once for each prompt or image. By leaf, since its blocks lie deeper; its weights are
        # page-locked as they come: locking all first would take as long as twenty prompts. Without a stream each
        # tensor would wait for the last one (12.4 s for a prompt against 0.8 s on one H200).
        hooks.apply_group_offloading(module, offload_type="leaf_level", low_cpu_mem_usage=True, **common)
