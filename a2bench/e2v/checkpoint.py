"""Is this folder the checkpoint that we mean? Checked by its configurations and its tensors' names and shapes.

The published layout is that of diffusers: one folder per component, in each a ``config.json`` and one or several
safetensors files. Only the heads of those files are read here, so 90 GB are checked in a second and before anything is
loaded.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from a2bench.e2v.foreign import refuse_foreign, refuse_original, refuse_quantised, refuse_unreadable
from a2bench.e2v.memory import Kind
from a2bench.e2v.tensor_files import Shape, listed, tensor_shapes, weight_files
from a2bench.e2v.tensor_files import read_json as read_json  # adapters have it from here
from a2bench.errors import WeightsError


@dataclass(frozen=True)
class Component:
    """A folder of the checkpoint.

    name: of the folder. network: class of diffusers or transformers that loads it, None when it has no weights.
    also: other classes that its configuration may name, with the same tensors. kind, low: what the network does, and
    whether it is held in low precision. stem: of its weights. config: its file of settings.
    """

    name: str
    network: str | None = None
    kind: Kind = "encoder"
    low: bool = False
    also: tuple[str, ...] = ()
    stem: str | None = None
    config: str = "config.json"

    @property
    def classes(self) -> tuple[str, ...]:
        """What its configuration may name as its class; empty when it need not name one."""
        return (*self.also, *([self.network] if self.network else []))


Place = tuple[str, str]
"""A key of a component's configuration."""


@dataclass(frozen=True)
class Fit:
    """Components fit each other: ``place`` has this value, or the same as another place."""

    place: Place
    expected: Place | int | bool
    why: str = ""


@dataclass(frozen=True)
class Layout:
    """What a checkpoint of one system looks like; title is the system's."""

    title: str
    components: dict[str, Component]
    fits: tuple[Fit, ...]

    @property
    def networks(self) -> tuple[Component, ...]:
        """The components with weights."""
        return tuple(component for component in self.components.values() if component.network)


def layout(title: str, components: Iterable[Component], fits: Iterable[Fit]) -> Layout:
    """A layout from a list of components."""
    return Layout(title, {component.name: component for component in components}, tuple(fits))


TOKENIZER = Component("tokenizer", config="tokenizer_config.json")
UMT5 = Component("text_encoder", "UMT5EncoderModel", low=True, stem="model")
WAN_VAE = Component("vae", "AutoencoderKLWan", "vae", stem="diffusion_pytorch_model")

SKYREELS_A2 = layout(
    "SkyReels-A2",
    (
        # The published configuration names its own class; its tensors are those of the class in diffusers.
        Component(
            "transformer", "WanTransformer3DModel", "network", True, ("A2Model",), stem="diffusion_pytorch_model"
        ),
        WAN_VAE,
        UMT5,
        Component("image_encoder", "CLIPVisionModel", also=("CLIPVisionModelWithProjection",), stem="model"),
        Component("image_processor", config="preprocessor_config.json"),
        TOKENIZER,
    ),
    (
        Fit(("transformer", "in_channels"), 36, "16 noise, 4 mask, 16 latent"),
        Fit(("transformer", "out_channels"), 16),
        Fit(("vae", "z_dim"), 16),
        Fit(("transformer", "image_dim"), ("image_encoder", "hidden_size")),
        Fit(("transformer", "text_dim"), ("text_encoder", "d_model")),
    ),
)


def check_folder(folder: Path, layout: Layout = SKYREELS_A2) -> None:
    """Refuse a folder that is not in the published layout, or whose files are missing, cut off or no safetensors.

    Raises:
        WeightsError: what is wrong, and where; of a layout that is known, its name and how to convert it.
    """
    if not all((folder / component.name / component.config).is_file() for component in layout.components.values()):
        refuse_foreign(folder, layout.title, layout.components)
    for component in layout.components.values():
        config = read_json(folder / component.name / component.config)
        named = named_class(config)
        if component.classes and named is not None and named not in component.classes:
            raise WeightsError(
                f"{folder / component.name / component.config} is for the class {named!r}, "
                f"expected {' or '.join(component.classes)}; is this {layout.title}?"
            )
        if component.stem:
            assert component.network is not None
            refuse_quantised(folder / component.name, config)
            refuse_unreadable(folder / component.name, component.stem, component.network)
            names = tensor_shapes(folder / component.name, component.stem)
            refuse_original(folder / component.name, component.network, names)
    _check_fit(folder, layout)


def named_class(config: Mapping[str, Any]) -> str | None:
    """The class that a configuration names: diffusers' and transformers' each in their own way, or not at all."""
    several = config.get("architectures")
    named = config.get("_class_name") or (several[0] if isinstance(several, list) and several else None)
    return named if isinstance(named, str) else None


def _check_fit(folder: Path, layout: Layout) -> None:
    """Whether the components fit each other, by the sizes in their configurations."""
    configs = {name: read_json(folder / name / part.config) for name, part in layout.components.items()}
    for fit in layout.fits:
        component, key = fit.place
        found, expected = configs[component].get(key), _value(fit.expected, configs)
        if found != expected:
            why = f" ({fit.why})" if fit.why else ""
            raise WeightsError(
                f"{folder}: {component} {key}{why} is {found}, expected {expected}; is this {layout.title}?"
            )


def _value(expected: Place | int | bool, configs: Mapping[str, Mapping[str, Any]]) -> Any:
    return configs[expected[0]].get(expected[1]) if isinstance(expected, tuple) else expected


def check_tensors(where: str, found: Mapping[str, Shape], expected: Mapping[str, Shape]) -> None:
    """Refuse a component with missing, extra or misshapen tensors.

    Raises:
        WeightsError: names the first of each kind and says how many there are.
    """
    faults = listed(
        [
            ("missing", sorted(expected.keys() - found.keys())),
            ("not expected", sorted(found.keys() - expected.keys())),
            (
                "of another shape",
                [
                    f"{name} {list(found[name])} instead of {list(expected[name])}"
                    for name in sorted(found.keys() & expected.keys())
                    if found[name] != expected[name]
                ],
            ),
        ]
    )
    if faults:
        raise WeightsError(f"the tensors in {where} are not those that its config.json implies: {faults}")


SAMPLES = 16
SAMPLE_BYTES = 1 << 16


def fingerprint(folder: Path, layout: Layout = SKYREELS_A2) -> str:
    """Twelve hex digits that tell checkpoints apart, from a few megabytes of them.

    Settings, heads and sizes of the files, and sixteen evenly spread pieces of 64 KiB of each file of weights (all of a
    file up to 1 MiB). Training changes every tensor, so another checkpoint differs; a few bytes altered by intent may
    not be seen.
    """
    digest = hashlib.sha256()
    for path in _files_that_count(folder, layout):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()} {size}\n".encode())
        with path.open("rb") as file:
            if size <= SAMPLES * SAMPLE_BYTES:
                digest.update(file.read())
                continue
            for number in range(SAMPLES):
                file.seek(number * (size - SAMPLE_BYTES) // (SAMPLES - 1))
                digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()[:12]


def _files_that_count(folder: Path, layout: Layout) -> Iterable[Path]:
    for component in layout.components.values():
        if component.stem:
            yield folder / component.name / component.config
            yield from weight_files(folder / component.name, component.stem)
        else:
            yield from sorted(path for path in (folder / component.name).iterdir() if path.is_file())
