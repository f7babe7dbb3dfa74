"""One network of a checkpoint: compared tensor by tensor with its architecture, then loaded whole or not at all.

A tensor that is missing would otherwise be filled with random numbers, which the libraries only tell.
"""

import math
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from a2bench.assets.extras import install_line
from a2bench.counting import count
from a2bench.e2v.checkpoint import Component, Shape, check_tensors, read_json, tensor_shapes
from a2bench.e2v.memory import Part, part_of
from a2bench.errors import WeightsError


def check_component(folder: Path, component: Component, title: str) -> None:
    """Compare the tensors of a component with those that its configuration implies, without loading either.

    Args:
        folder: of the checkpoint.
        component: one with weights.
        title: of the system, for messages.

    Raises:
        WeightsError: names the missing, unexpected and misshapen ones.
    """
    assert component.stem is not None
    place = folder / component.name
    found = _without_history(component, tensor_shapes(place, component.stem))
    expected = _without_history(component, expected_shapes(component, read_json(place / component.config), title))
    check_tensors(str(place), found, expected)


def expected_shapes(component: Component, config: Mapping[str, Any], title: str) -> dict[str, Shape]:
    """Names and shapes of all tensors that a configuration implies; nothing is allocated.

    Raises:
        WeightsError: no network can be built from it.
    """
    network = _class(component)
    try:
        with torch.device("meta"):
            if _is_of_diffusers(network):
                model = network(**{key: value for key, value in config.items() if not key.startswith("_")})
            else:
                model = network(network.config_class.from_dict(dict(config)))
    except (TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(
            f"the configuration of {component.name} cannot be built: {reason}; is this {title}?"
        ) from error
    return {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}


def load_component(folder: Path, component: Component, dtype: torch.dtype) -> Any:
    """Load a network into main memory and refuse what its library filled up or left out.

    After `check_component` this never happens, unless the library maps a name that it should not.

    Raises:
        WeightsError: names the tensors.
    """
    network, place = _class(component), folder / component.name
    precision = {"torch_dtype" if _is_of_diffusers(network) else "dtype": dtype}
    loaded, told = network.from_pretrained(place, local_files_only=True, output_loading_info=True, **precision)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        names = sorted(str(name) for name in told[kind] if not _UNUSED.search(str(name)))
        if names:
            raise WeightsError(f"{place} was not loaded whole: {kind.replace('_', ' ')} {names[:5]}")
    count(f"load:{type(loaded).__name__}")
    loaded.requires_grad_(False)
    loaded.train(False)
    return loaded


def component_part(folder: Path, component: Component, low: torch.dtype) -> Part:
    """A network by the size that it has when loaded, from the heads of its files."""
    assert component.stem is not None
    shapes = tensor_shapes(folder / component.name, component.stem)
    if "shared.weight" in shapes:
        shapes.pop("encoder.embed_tokens.weight", None)  # stored twice by some, held once
    size = low.itemsize if component.low else 4
    return part_of(component.kind, [(key, size * math.prod(shape)) for key, shape in shapes.items()])


def _class(component: Component) -> Any:
    assert component.network is not None
    for library in ("diffusers", "transformers"):
        if network := getattr(import_module(library), component.network, None):
            return network
    raise WeightsError(
        f"the installed diffusers and transformers have no {component.network}; "
        f"type `{install_line('e2v', upgrade=True)}`"
    )


def _is_of_diffusers(network: Any) -> bool:
    return str(network.__module__).startswith("diffusers.")


def _without_history(component: Component, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The tensors by the names that mean the same in every version of transformers.

    CLIP's were once all below ``vision_model.``. T5's embedding may be stored under either of two names or both.
    """
    if component.network == "CLIPVisionModel":
        return {re.sub(r"^vision_model\.", "", key): shape for key, shape in shapes.items() if not _UNUSED.search(key)}
    if component.network in ("UMT5EncoderModel", "T5EncoderModel"):
        return {re.sub(r"^encoder\.embed_tokens\.", "shared.", key): shape for key, shape in shapes.items()}
    return dict(shapes)


_UNUSED = re.compile(r"(^|\.)position_ids$|^visual_projection\.weight$")
"""Tensors of older CLIP files: positions that are computed today, and the head of the class with projection."""
