"""Networks that give one number that is not finite."""

from typing import Any

import torch


def poison(module: torch.nn.Module, at: int = 1, value: float = float("nan")) -> list[int]:
    """Put one bad number into what a module gives, from its call ``at`` on; the calls are counted."""
    calls: list[int] = []

    def hook(_module: Any, _given: Any, output: Any) -> Any:
        calls.append(1)
        if len(calls) < at:
            return output
        first = (output[0] if isinstance(output, tuple) else output).clone()
        first.view(-1)[7] = value
        return (first, *output[1:]) if isinstance(output, tuple) else first

    module.register_forward_hook(hook)
    return calls
