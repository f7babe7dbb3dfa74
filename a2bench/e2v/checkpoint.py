"""Is this folder the checkpoint that we mean? Checked by its configurations and its tensors' names and shapes.

The published layout is that of diffusers: one folder per component, in each a ``config.json`` and one or several
safetensors files. Only the heads of those files are read here, so 60 GB are checked in a second and before anything is
loaded.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from a2bench.e2v.memory import Kind
from a2bench.errors import WeightsError

Shape = tuple[int, ...]


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
        WeightsError: what is wrong, and where.
    """
    for component in layout.components.values():
        config = read_json(folder / component.name / component.config)
        named = config.get("_class_name") or next(iter(config.get("architectures") or ()), None)
        if component.classes and named not in component.classes:
            raise WeightsError(
                f"{folder / component.name / component.config} is for the class {named!r}, "
                f"expected {' or '.join(component.classes)}; is this {layout.title}?"
            )
        if component.stem:
            tensor_shapes(folder / component.name, component.stem)
    _check_fit(folder, layout)


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


def listed(faults: Iterable[tuple[str, list[str]]]) -> str:
    """Faults in words, of each kind how many and the first; empty when there is none.

    >>> listed([("missing", ["a", "b"]), ("not expected", [])])
    '2 missing: a, b'
    """
    return "; ".join(f"{len(names)} {kind}: {_few(names)}" for kind, names in faults if names)


def _few(names: list[str], number: int = 5) -> str:
    more = f" and {len(names) - number} more" if len(names) > number else ""
    return ", ".join(names[:number]) + more


def tensor_shapes(folder: Path, stem: str) -> dict[str, Shape]:
    """Names and shapes of all tensors of a component, from the heads of its one file or of its shards.

    Raises:
        WeightsError: a file is missing, cut off or no safetensors, or a shard lacks a tensor that the index names.
    """
    shapes: dict[str, Shape] = {}
    files = weight_files(folder, stem)
    for path in files:
        shapes |= {name: tuple(entry["shape"]) for name, entry in read_head(path).items() if name != METADATA}
    index = folder / f"{stem}.safetensors.index.json"
    if len(files) > 1 or index in files or index.is_file() and not (folder / f"{stem}.safetensors").is_file():
        lost = sorted(read_json(index)["weight_map"].keys() - shapes.keys())
        if lost:
            raise WeightsError(f"{index} names tensors that no shard holds: {_few(lost)}; get the folder again")
    return shapes


def weight_files(folder: Path, stem: str) -> list[Path]:
    """The safetensors files of a component, sorted by name.

    Raises:
        WeightsError: there are none, or the index is damaged.
    """
    single, index = folder / f"{stem}.safetensors", folder / f"{stem}.safetensors.index.json"
    if single.is_file():
        return [single]
    if not index.is_file():
        raise WeightsError(f"no weights in {folder}: expected {single.name} or {index.name} with its shards")
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(name, str) and "/" not in name for name in places.values()):
        raise WeightsError(f"{index} is damaged: it has no weight_map of file names; get it again")
    return [folder / name for name in sorted(set(places.values()))]


METADATA = "__metadata__"
"""The one entry in the head of a safetensors file that is no tensor: texts by name."""


def read_head(path: Path) -> dict[str, Any]:
    """The entries of a safetensors file: an 8-byte length, that much JSON, then the tensors.

    Raises:
        WeightsError: it is missing, cut off or no safetensors file.
    """
    if not path.is_file():
        raise WeightsError(f"weights are incomplete: no such file {path}")
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, 100 << 20):
            raise WeightsError(f"{path} is cut off or no safetensors file ({size} bytes); get it again")
        try:
            head: dict[str, Any] = json.loads(file.read(length))
            entries = [entry for name, entry in head.items() if name != METADATA]
            end = max((_count(entry["data_offsets"][1]) for entry in entries), default=0)
            _ = [(entry["dtype"], *map(_count, entry["shape"])) for entry in entries]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            raise WeightsError(f"{path} is no safetensors file; get it again") from None
    if size != 8 + length + end:
        raise WeightsError(f"{path} is cut off: {size} bytes, {8 + length + end} by its head; get it again")
    return head


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def read_json(path: Path) -> dict[str, Any]:
    """A file of settings.

    Raises:
        WeightsError: it is missing or no JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WeightsError(f"weights are incomplete: no such file {path}") from None
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(value, dict):
        raise WeightsError(f"{path} is no JSON object")
    return value


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
