"""Are the numbers finite? Looked for after every step and after the decode, so that no black video is a success.

NaN becomes black in 8 bits and infinity becomes white, without a word. They come of too few bits for large values, of
attention kernels, and of LoRAs or weights that were quantised or converted badly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import torch

from a2bench.errors import AdapterError

SAFEST = {
    "precision": "float32",
    "attention": "native",
    "storage": "full",
    "vae": "float32",
    "cache": "none",
    "compile": "false",
}
"""The value of each option of a system with which numbers that are not finite are least likely."""


def is_finite(values: torch.Tensor) -> bool:
    """Whether all values are finite: one reduction without a copy of them, and one wait for the device."""
    return bool(torch.isfinite(_ends(values)).all())


def _ends(values: torch.Tensor) -> torch.Tensor:
    # NaN goes through both; `torch.isfinite` of all values would take three more times their memory.
    return torch.stack(values.detach().aminmax())


@dataclass(frozen=True)
class FiniteNumbers:
    """Refuses numbers that are not finite, and says how they were made and what to try.

    settings: of the system, by the names of its options, as far as numbers depend on them.
    weights: what `a2bench weights verify` calls them.
    """

    settings: Mapping[str, str]
    weights: str

    def require(self, values: torch.Tensor, made_by: str) -> None:
        """Refuse values that are not all finite.

        Args:
            values: any floats; one wait for their device.
            made_by: who made them, such as ``step 3 of 50``.

        Raises:
            AdapterError: says who made them, with which settings, and what to try.
        """
        if not is_finite(values):
            raise self.error(made_by)

    def error(self, made_by: str) -> AdapterError:
        """What is said."""
        shown = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        safer = [
            f"--set {name}={SAFEST[name]}" for name in SAFEST if self.settings.get(name) not in (None, SAFEST[name])
        ]
        if "lora" in self.settings:
            safer.append("no LoRA, or a smaller --set lora_scale")
        weights = f"weights that were neither quantised nor converted (`a2bench weights verify {self.weights}`)"
        return AdapterError(
            f"{made_by} gave numbers that are not finite ({shown}), of which only a black or white video would come; "
            f"try {', or '.join([*safer, weights])}"
        )


class OutputWatch:
    """Looks at all that a module gives while inside, also what its caller clamps before anybody else sees it.

    It waits for the device once, when it is asked.

    Args:
        module: its output is a tensor, or a tuple that begins with one.
    """

    def __init__(self, module: torch.nn.Module) -> None:
        self._module = module
        self._ends: list[torch.Tensor] = []

    def __enter__(self) -> Self:
        self._ends.clear()
        self._hook = self._module.register_forward_hook(self._look)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hook.remove()

    def _look(self, _module: torch.nn.Module, _given: Any, output: Any) -> None:
        self._ends.append(_ends(output[0] if isinstance(output, tuple) else output))

    @property
    def ends(self) -> torch.Tensor:
        """Smallest and largest value of each output, as far as there were any."""
        return torch.cat([ends.float() for ends in self._ends] or [torch.zeros(2)])
