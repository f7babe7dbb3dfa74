"""Features on disk, so that scoring again with a new head decodes nothing and runs no network.

Each entry is one safetensors file, named by the hash of all that made it: the video's bytes and the chosen frames (or
the reference), the feature with its version, code, weights and what it looks at. Entries are checked when they are
read; a damaged one is computed again. The folder is shared by all runs and workers of this machine, has a largest size,
and loses what was not used for longest. Nothing in it is ever executed: no pickle, and only the data classes that the
feature's own module knows are made.
"""

import contextlib
import hashlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from filelock import FileLock, Timeout

from a2bench.base.counting import count
from a2bench.base.data import cache_dir
from a2bench.base.hashing import canonical_json, value_sha256
from a2bench.errors import InputError

logger = logging.getLogger(__name__)

T = TypeVar("T")
DEFAULT_GIGABYTES = 8.0
LOCK_SECONDS = 600
"""How long a worker waits for another one that embeds the same reference; then it does so itself."""


class DamagedEntryError(ValueError):
    """The bytes of an entry are not the ones that were written, or not of this feature."""


@dataclass(frozen=True)
class StoreSize:
    """What is in the folder."""

    entries: int
    bytes: int


class FeatureStore:
    """A folder of features of at most ``max_bytes``; every failure to read or write it only costs time."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder, self.max_bytes = folder, max_bytes
        self._written = 0

    def get_or_compute(
        self, name: str, module: str, identity: dict[str, Any], compute: Callable[[], T], *, shared: bool = False
    ) -> T:
        """The stored value of that identity, or else what ``compute`` gives, which is then stored.

        Args:
            name: of the feature, for counters and notes.
            module: name of the module whose data classes the value may consist of.
            identity: all that makes the value, as JSON.
            compute: makes the value.
            shared: several workers may want it at the same time; only one computes it.
        """
        path = self._path(identity)
        value = self._read(path, name, module, identity)
        if value is not _MISSING:
            return value  # type: ignore[no-any-return]
        with self._lock(path) if shared else contextlib.nullcontext():
            if shared and (value := self._read(path, name, module, identity)) is not _MISSING:
                return value  # type: ignore[no-any-return]
            computed = compute()
            self._write(path, name, module, identity, computed)
        return computed

    def size(self) -> StoreSize:
        """Number and bytes of all entries."""
        sizes = [stat.st_size for _, stat in self._entries()]
        return StoreSize(len(sizes), sum(sizes))

    def prune(self, max_bytes: int | None = None) -> int:
        """Remove what was not used for longest until the rest fits; returns the bytes that were freed."""
        entries = sorted(self._entries(), key=lambda entry: entry[1].st_mtime_ns)
        limit = self.max_bytes if max_bytes is None else max_bytes
        total, freed = sum(stat.st_size for _, stat in entries), 0
        for path, stat in entries:
            if total - freed <= limit:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                freed += stat.st_size
        return freed

    def _entries(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.folder.glob("??/*.safetensors"):
            with contextlib.suppress(OSError):  # another process removed it just now
                yield path, path.stat()

    def _path(self, identity: dict[str, Any]) -> Path:
        key = value_sha256(identity)
        return self.folder / key[:2] / f"{key}.safetensors"

    @contextlib.contextmanager
    def _lock(self, path: Path) -> Iterator[None]:
        lock = FileLock(self.folder / f"{path.name[:2]}.lock", timeout=LOCK_SECONDS, is_singleton=True)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except (Timeout, OSError) as error:
            logger.warning("the feature cache is not locked (%s); a reference may be embedded twice", error)
            yield
            return
        try:
            yield
        finally:
            lock.release()

    def _read(self, path: Path, name: str, module: str, identity: dict[str, Any]) -> Any:
        if not path.is_file():
            return _MISSING
        try:
            value = _load(path, identity, _data_classes(module))
        except FileNotFoundError:  # pruned by another process between the two lines
            return _MISSING
        except (ValueError, KeyError, TypeError, OSError) as error:
            logger.warning("feature %s: %s is damaged (%s) and computed again", name, path, error)
            count(f"damaged:{name}")
            with contextlib.suppress(OSError):
                path.unlink()
            return _MISSING
        with contextlib.suppress(OSError):
            os.utime(path)  # used now: the least recently used entries go first
        count(f"cached:{name}")
        return value

    def _write(self, path: Path, name: str, module: str, identity: dict[str, Any], value: Any) -> None:
        temporary = path.with_name(f".tmp-{path.name}-{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _save(temporary, identity, value, _data_classes(module))
            self._written += temporary.stat().st_size
            temporary.replace(path)
        except TypeError as error:  # neither plain data nor a data class of the feature's own module
            logger.warning("feature %s is not kept on disk: %s", name, error)
        except OSError as error:
            logger.warning("feature %s cannot be kept in %s: %s", name, self.folder, error.strerror or error)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        if self._written > self.max_bytes / 20:  # so that the folder never grows far beyond its limit
            self._written = 0
            self.prune()


_MISSING: Any = object()


def default_store() -> FeatureStore | None:
    """The store of this process, or None where features are not to be kept (or the extra ``metrics`` is not here)."""
    store = open_store()
    return store if store.max_bytes > 0 and find_spec("safetensors") is not None else None


def open_store() -> FeatureStore:
    """The store in our cache folder, at most ``A2BENCH_FEATURE_CACHE`` gigabytes large.

    Raises:
        InputError: that is not a number.
    """
    given = os.environ.get("A2BENCH_FEATURE_CACHE") or DEFAULT_GIGABYTES
    try:
        gigabytes = float(given)
    except ValueError:
        raise InputError(f"A2BENCH_FEATURE_CACHE is {given!r}; expected gigabytes, such as 8, or 0 for none") from None
    return _store(cache_dir() / "features", int(gigabytes * 1e9))


_store = cache(FeatureStore)


@cache
def _data_classes(module: str) -> dict[str, type]:
    """The data classes and named tuples of a module, and of the modules that it takes something from, by name.

    The module's own names win; another package's are never looked at.
    """
    own = vars(sys.modules[module])
    packages = {"a2bench", module.partition(".")[0]}
    origins = dict.fromkeys(getattr(item, "__module__", None) or "" for item in own.values())
    known = [vars(sys.modules[name]) for name in origins if name in sys.modules and name.partition(".")[0] in packages]
    found: dict[str, type] = {}
    for names in (own, *known):
        for item in names.values():
            if isinstance(item, type) and _is_record(item):
                found.setdefault(item.__name__, item)
    return found


def _is_record(item: type) -> bool:
    return is_dataclass(item) or (issubclass(item, tuple) and hasattr(item, "_fields"))


def _numpy(tensor: Any) -> Any:
    return tensor.detach().cpu().numpy()


def _field_names(record: Any) -> list[str]:
    if issubclass(record, tuple):
        return [str(name) for name in getattr(record, "_fields", ())]
    return [item.name for item in fields(record)]


def _save(path: Path, identity: dict[str, Any], value: Any, classes: dict[str, type]) -> None:
    from safetensors.numpy import save_file

    arrays: dict[str, np.ndarray[Any, Any]] = {}
    tree = json.dumps(_flatten(value, arrays, classes))
    metadata = {"identity": canonical_json(identity), "value": tree, "sha256": _digest(tree, arrays)}
    save_file(arrays, path, metadata)


def _load(path: Path, identity: dict[str, Any], classes: dict[str, type]) -> Any:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except SafetensorError as error:
        raise DamagedEntryError(str(error)) from None
    tree = metadata.get("value", "")
    if metadata.get("sha256") != _digest(tree, arrays):
        raise DamagedEntryError("its bytes are not the ones that were written")
    if metadata.get("identity") != canonical_json(identity):
        raise DamagedEntryError("it is of something else")
    return _restore(json.loads(tree), arrays, classes)


def _digest(tree: str, arrays: dict[str, np.ndarray[Any, Any]]) -> str:
    digest = hashlib.sha256(tree.encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def _flatten(value: Any, arrays: dict[str, np.ndarray[Any, Any]], classes: dict[str, type]) -> Any:
    """A JSON tree of a value; its arrays go into ``arrays``, what JSON has no word for becomes ``{kind: ...}``."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    if isinstance(value, (np.ndarray, np.generic)) or type(value).__module__.partition(".")[0] == "torch":
        kind = "array" if isinstance(value, np.ndarray) else "number" if isinstance(value, np.generic) else "tensor"
        name = f"a{len(arrays)}"
        arrays[name] = np.ascontiguousarray(_numpy(value) if kind == "tensor" else value)
        shape = list(np.shape(value))  # ascontiguousarray makes a vector of a number
        return {kind: name, "shape": shape}
    if isinstance(value, list):
        return [_flatten(item, arrays, classes) for item in value]
    if isinstance(value, dict):
        return {"dict": [[_flatten(key, arrays, classes), _flatten(v, arrays, classes)] for key, v in value.items()]}
    if type(value) is tuple:
        return {"tuple": [_flatten(item, arrays, classes) for item in value]}
    if _is_record(type(value)) and classes.get(type(value).__name__) is type(value):
        parts = {name: _flatten(getattr(value, name), arrays, classes) for name in _field_names(type(value))}
        return {"record": type(value).__name__, "fields": parts}
    raise TypeError(f"{type(value).__name__} is not plain data and not a data class of the feature's module")


def _restore(tree: Any, arrays: dict[str, np.ndarray[Any, Any]], classes: dict[str, type]) -> Any:
    if isinstance(tree, list):
        return [_restore(item, arrays, classes) for item in tree]
    if not isinstance(tree, dict):
        return tree
    match tree:
        case {"fraction": text}:
            return Fraction(text)
        case {"array": name, "shape": shape}:
            return arrays[name].reshape(shape)
        case {"number": name}:
            return arrays[name].reshape(())[()]
        case {"tensor": name, "shape": shape}:
            import torch

            return torch.from_numpy(arrays[name].reshape(shape))
        case {"dict": items}:
            return {_restore(key, arrays, classes): _restore(item, arrays, classes) for key, item in items}
        case {"tuple": items}:
            return tuple(_restore(item, arrays, classes) for item in items)
        case {"record": name, "fields": parts}:
            restored = {key: _restore(part, arrays, classes) for key, part in parts.items()}
            return classes[name](**restored)
    raise DamagedEntryError(f"unknown kind {sorted(tree)}")
