"""How features put weights into networks: strictly, frozen, in evaluation mode."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from a2bench.errors import WeightsError, first_line

FILE = "model.safetensors"
"""Where the hub's repositories keep the weights of a network of transformers."""


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


def load_published(name: str, folder: Path, config: Any) -> Any:
    """A network of transformers with exactly the weights of a folder in the published layout, frozen.

    The architecture is given, so that the one verified file of weights is all that has to be there.

    Args:
        name: of its class in transformers, such as ``SamModel``.
        folder: holds ``model.safetensors``.
        config: the architecture.

    Raises:
        WeightsError: the file is damaged, or a weight is missing, superfluous or of another shape.
    """
    from safetensors import SafetensorError

    try:
        network, told = getattr(import_module("transformers"), name).from_pretrained(
            folder, config=config, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
    except (SafetensorError, OSError) as error:
        reason = first_line(error)
        raise WeightsError(f"{folder / FILE} holds no weights ({reason}); delete it and fetch it again") from error
    wrong = {key: sorted(map(str, told[key])) for key in ("missing_keys", "unexpected_keys", "mismatched_keys")}
    if any(wrong.values()):
        raise WeightsError(f"the weights in {folder} are not those of the network: {wrong}")
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
        raise WeightsError(f"{path} holds no weights ({first_line(error)}); delete it and fetch it again") from error
