"""One network of a checkpoint: compared tensor by tensor with its architecture, then loaded whole or not at all.

A tensor that is missing would otherwise be filled with random numbers, which the libraries only tell.
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from a2bench.assets.extras import install_line
from a2bench.base.counting import count
from a2bench.e2v.checkpoint import Component, check_tensors, named_class
from a2bench.e2v.memory import Part, part_of
from a2bench.e2v.tensor_files import Entry, Shape, read_json, tensor_entries
from a2bench.errors import WeightsError

FLOATS = ("F64", "F32", "F16", "BF16")
FLOATS_OF_8_BITS = ("F8_E4M3", "F8_E5M2")
TRANSFORMERS = "5.11"
"""The least transformers that this project asks for. 5.0 to 5.2 leave UMT5's embedding unset where its configuration
says ``tie_word_embeddings: false``, as Wan's does; before 5.6 CLIP's vision model is read in its old naming alone."""


def check_component(folder: Path, component: Component, title: str) -> None:
    """Compare the tensors of a component with those that its configuration implies, without loading either.

    What the library's own class ignores in other people's files is ignored here too; all else is named.

    Args:
        folder: of the checkpoint.
        component: one with weights.
        title: of the system, for messages.

    Raises:
        WeightsError: names the missing, unexpected and misshapen ones.
    """
    assert component.stem is not None
    place = folder / component.name
    config = read_json(place / component.config)
    network = build(component, config, title)
    expected, rules = _shapes(network), Rules.of(network)
    known = expected.keys() | rules.computed
    stored = tensor_entries(place, component.stem)
    found = {_name_today(name, network, known): entry for name, entry in stored.items()}
    needless = _of_the_named_class(component, config, title)
    found = {
        name: entry
        for name, entry in found.items()
        if name in expected or not rules.ignores(name) and name not in needless
    }
    absent = {name for name in expected.keys() - found.keys() if rules.may_lack(name, found)}
    check_tensors(
        str(place),
        {name: entry.shape for name, entry in found.items()},
        {name: shape for name, shape in expected.items() if name not in absent},
    )
    _check_types(place, found)


@dataclass(frozen=True)
class Rules:
    """What a library's class says of files that do not hold exactly its tensors.

    unexpected, missing: patterns, searched for in names. computed: buffers that are computed today and were stored
    once. tied: groups of names for one tensor, of which a file may hold any.
    """

    unexpected: tuple[re.Pattern[str], ...]
    missing: tuple[re.Pattern[str], ...]
    computed: frozenset[str]
    tied: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, network: Any) -> "Rules":
        """The rules of a network, built on any device."""

        def patterns(name: str) -> tuple[re.Pattern[str], ...]:
            # A list in diffusers and in transformers' classes, a set in transformers' instances, or None.
            return tuple(re.compile(pattern) for pattern in sorted(getattr(network, name, None) or ()))

        kept = network.state_dict().keys()
        return cls(
            patterns("_keys_to_ignore_on_load_unexpected"),
            patterns("_keys_to_ignore_on_load_missing"),
            frozenset(name for name, _ in network.named_buffers() if name not in kept),
            tuple(frozenset(pair) for pair in tied_names(network)),
        )

    def ignores(self, name: str) -> bool:
        """Whether a tensor that the network has no place for may be in a file."""
        return name in self.computed or any(pattern.search(name) for pattern in self.unexpected)

    def may_lack(self, name: str, found: Iterable[str]) -> bool:
        """Whether a file that holds ``found`` may lack a tensor of the network."""
        held = set(found)
        return any(pattern.search(name) for pattern in self.missing) or any(
            name in names and names & held for names in self.tied
        )


def tied_names(network: Any) -> list[tuple[str, str]]:
    """Pairs of names for one tensor: where it is used, and where it is stored.

    transformers 5 maps one to the other; transformers 4 lists only the first, and all share ``get_input_embeddings``.
    """
    tied = getattr(network, "_tied_weights_keys", None) or {}
    if isinstance(tied, Mapping):
        return [(str(used), str(stored)) for used, stored in tied.items()]
    stored = "shared.weight"
    return [(str(used), stored) for used in tied if stored in network.state_dict()]


def build(component: Component, config: Mapping[str, Any], title: str, named: str | None = None) -> Any:
    """The network of a configuration, of which nothing is allocated.

    Args:
        component: with its class.
        config: as its file has it; what the class does not know is left out, as by the library.
        title: of the system, for messages.
        named: another class than the component's.

    Raises:
        WeightsError: no network can be built from it.
    """
    network = _class(named or component.network or "")
    try:
        with torch.device("meta"):
            if _is_of_diffusers(network):
                return network.from_config(dict(config))
            return network(network.config_class.from_dict(dict(config)))
    except Exception as error:  # the libraries validate configurations by errors of many kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WeightsError(
            f"the configuration of {component.name} cannot be built: {reason}; is this {title}?"
        ) from error


def expected_shapes(component: Component, config: Mapping[str, Any], title: str) -> dict[str, Shape]:
    """Names and shapes of all tensors that a configuration implies; nothing is allocated.

    Raises:
        WeightsError: no network can be built from it.
    """
    return _shapes(build(component, config, title))


def load_component(folder: Path, component: Component, dtype: torch.dtype) -> Any:
    """Load a network into main memory and refuse what its library filled up or left out.

    After `check_component` this never happens, unless the library maps a name that it should not.

    Raises:
        WeightsError: names the tensors.
    """
    network, place = _class(component.network or ""), folder / component.name
    precision = {"torch_dtype" if _is_of_diffusers(network) else "dtype": dtype}
    loaded, told = network.from_pretrained(place, local_files_only=True, output_loading_info=True, **precision)
    tied = tied_names(loaded)
    _check_tied(place, component, loaded, tied)
    rules = Rules.of(loaded)
    known = loaded.state_dict().keys() | rules.computed
    config = read_json(place / component.config)
    needless = {*_of_the_named_class(component, config, component.name), *(used for used, _ in tied)}
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        names = {_name_today(str(name), loaded, known) for name in told[kind]} - needless
        names = {name for name in names if kind != "unexpected_keys" or not rules.ignores(name)}
        if names:
            library = "diffusers" if _is_of_diffusers(network) else "transformers"
            raise WeightsError(
                f"{place} was not loaded whole by {library} {import_module(library).__version__}: "
                f"{kind.replace('_', ' ')} {sorted(names)[:5]}; a newer one may: type `pip install -U {library}`"
            )
    count(f"load:{type(loaded).__name__}")
    loaded.requires_grad_(False)
    loaded.train(False)
    return loaded


def _check_tied(place: Path, component: Component, loaded: Any, tied: list[tuple[str, str]]) -> None:
    """Whether tensors that must be one are one, and hold something."""
    assert component.stem is not None
    tensors = loaded.state_dict()
    for used, stored in tied:
        if used not in tensors or stored not in tensors:
            continue
        first, second = tensors[used], tensors[stored]
        same = first.data_ptr() == second.data_ptr() or torch.equal(first, second)
        if same and bool(first.any()):
            continue
        version = import_module("transformers").__version__
        wrong = f"is not {stored}" if not same else "is all zero"
        held = tensor_entries(place, component.stem)
        by_file = all(name in held for name in (used, stored)) or same
        cure = (
            "its files hold it so: get the folder again"
            if by_file
            else f"that version does not tie them; type `pip install -U 'transformers>={TRANSFORMERS}'`"
        )
        raise WeightsError(
            f"{place}: after loading with transformers {version}, {used} {wrong}, so every prompt would be read as "
            f"noise; {cure}"
        )


def component_part(folder: Path, component: Component, low: torch.dtype) -> Part:
    """A network by the size that it has when loaded, from the heads of its files."""
    assert component.stem is not None
    entries = tensor_entries(folder / component.name, component.stem)
    if "shared.weight" in entries:
        entries.pop("encoder.embed_tokens.weight", None)  # stored twice by some, held once
    size = low.itemsize if component.low else 4
    part = part_of(component.kind, [(name, size * math.prod(entry.shape)) for name, entry in entries.items()])
    small = any(entry.dtype in FLOATS_OF_8_BITS for entry in entries.values())
    return part._replace(stored="approximate") if small else part


def _check_types(place: Path, found: Mapping[str, Entry]) -> None:
    """Refuse numbers that no library would turn into weights: the tensors of a quantised network look like others."""
    wrong = sorted(
        f"{name} ({entry.dtype})" for name, entry in found.items() if entry.dtype not in FLOATS + FLOATS_OF_8_BITS
    )
    if wrong:
        raise WeightsError(
            f"the tensors in {place} must be of {', '.join(FLOATS + FLOATS_OF_8_BITS)}; {len(wrong)} are not: "
            f"{', '.join(wrong[:5])}"
        )


def _of_the_named_class(component: Component, config: Mapping[str, Any], title: str) -> set[str]:
    """Tensors of the class that a configuration names, where that is another: the head of CLIP with projection."""
    named = named_class(config)
    if named is None or named == component.network or not _is_there(named):
        return set()
    other = build(component, config, title, named)
    own = _shapes(build(component, config, title)).keys()
    return {name for name in _shapes(other) if _name_today(name, other, own) not in own}


def _shapes(network: Any) -> dict[str, Shape]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def _class(name: str) -> Any:
    for library in ("diffusers", "transformers"):
        if network := getattr(import_module(library), name, None):
            return network
    raise WeightsError(
        f"the installed diffusers and transformers have no {name}; type `{install_line('e2v', upgrade=True)}`"
    )


def _is_there(name: str) -> bool:
    return any(hasattr(import_module(library), name) for library in ("diffusers", "transformers"))


def _is_of_diffusers(network: Any) -> bool:
    return str(network.__module__).startswith("diffusers.")


def _name_today(name: str, network: Any, known: Collection[str]) -> str:
    """The name of a stored tensor in the installed version of its class, among those that it knows.

    transformers has put its models below a prefix and taken them out again: CLIP's vision model was all below
    ``vision_model.``, and below ``clip.`` too where it was cut out of a whole CLIP.
    """
    if name in known or _is_of_diffusers(type(network)):
        return name
    bare = name.removeprefix(f"{network.base_model_prefix}.").removeprefix("vision_model.")
    return next((other for other in (bare, f"vision_model.{bare}") if other in known), name)
