"""What is in the safetensors files of a component, read from their heads alone.

A head is an 8-byte length and that much JSON: each tensor's name, type and shape, and where its numbers are.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from a2bench.errors import WeightsError

Shape = tuple[int, ...]


class Entry(NamedTuple):
    """A tensor of a file: its shape, and its type as safetensors names it, such as ``BF16``."""

    shape: Shape
    dtype: str


DIFFUSERS = "diffusion_pytorch_model"
"""How diffusers' files of weights begin; those of transformers begin with ``model``."""


def tensor_shapes(folder: Path, stem: str) -> dict[str, Shape]:
    """Names and shapes of all tensors of a component; otherwise as `tensor_entries`."""
    return {name: entry.shape for name, entry in tensor_entries(folder, stem).items()}


def tensor_entries(folder: Path, stem: str) -> dict[str, Entry]:
    """All tensors of a component, from the heads of its one file or of its shards.

    Raises:
        WeightsError: a file is missing, cut off or no safetensors, or a shard lacks a tensor that the index names.
    """
    found: dict[str, Entry] = {}
    files = weight_files(folder, stem)
    for path in files:
        found |= file_entries(path)
    index = folder / f"{stem}.safetensors.index.json"
    if files != [folder / f"{stem}.safetensors"]:
        lost = sorted(read_json(index)["weight_map"].keys() - found.keys())
        if lost:
            raise WeightsError(f"{index} names tensors that no shard holds: {_few(lost)}; get the folder again")
    return found


def file_entries(path: Path) -> dict[str, Entry]:
    """The tensors of one file.

    Raises:
        WeightsError: it is missing, cut off or no safetensors file.
    """
    head = read_head(path)
    return {name: Entry(tuple(of["shape"]), of["dtype"]) for name, of in head.items() if name != METADATA}


def weight_files(folder: Path, stem: str) -> list[Path]:
    """The safetensors files of a component, sorted by name.

    Raises:
        WeightsError: there are none, or the index is damaged.
    """
    single, index = folder / f"{stem}.safetensors", folder / f"{stem}.safetensors.index.json"
    # Where both lie there, diffusers takes the shards and transformers the one file: what is checked is what is loaded.
    if single.is_file() and not (index.is_file() and stem == DIFFUSERS):
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
            file.seek(0)
            pointer = file.read(32).startswith(b"version https://git-lfs")
            how = "it is a pointer of Git LFS, type `git lfs pull` in its repository" if pointer else "get it again"
            raise WeightsError(f"{path} is cut off or no safetensors file ({size} bytes); {how}")
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


def listed(faults: Iterable[tuple[str, list[str]]]) -> str:
    """Faults in words, of each kind how many and the first; empty when there is none.

    >>> listed([("missing", ["a", "b"]), ("not expected", [])])
    '2 missing: a, b'
    """
    return "; ".join(f"{len(names)} {kind}: {_few(names)}" for kind, names in faults if names)


def _few(names: list[str], number: int = 5) -> str:
    more = f" and {len(names) - number} more" if len(names) > number else ""
    return ", ".join(names[:number]) + more
