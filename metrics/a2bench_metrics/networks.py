"""How features put weights into networks: strictly, frozen, in evaluation mode."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from a2bench.errors import WeightsError


def filled(network: Any, weights: Mapping[str, Any]) -> Any:
    """The network with exactly these weights, frozen.

    Raises:
        RuntimeError: a key is missing or superfluous, or has another shape.
    """
    # Written by older transformers, always 0, 1, 2, ...; today they are computed.
    kept = {name: tensor for name, tensor in weights.items() if not name.endswith(".position_ids")}
    network.load_state_dict(kept, strict=True)
    network.requires_grad_(False)
    network.train(False)
    return network


def read_weights(path: Path) -> Mapping[str, Any]:
    """The tensors of a safetensors file or of a PyTorch checkpoint, from which nothing but tensors is taken.

    Raises:
        WeightsError: it is neither.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        weights: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return weights
    except (SafetensorError, UnpicklingError, EOFError, RuntimeError) as error:
        raise WeightsError(f"{path} holds no weights ({_first_line(error)}); delete it and fetch it again") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
