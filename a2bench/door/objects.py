"""Systems and metrics that are handed over as objects: how they get a name that a run can be made with."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import numpy as np

from a2bench.base import registry
from a2bench.base.hashing import value_sha256
from a2bench.door.fingerprint import DIGITS, fingerprint
from a2bench.errors import AdapterError, InputError
from a2bench.model.cases import Case
from a2bench.model.metrics import Metric
from a2bench.model.systems import GenerationSettings, ModelMeta, VideoModel
from a2bench.model.video import Video

System = str | type[VideoModel] | VideoModel | Callable[..., Any]
"""A name, ``"module:Class"``, a class, an instance, or a function of case, seed and settings."""
GivenMetric = str | type[Metric] | Metric
"""A name, ``"module:Class"``, a class or an instance."""


@dataclass(frozen=True)
class Named:
    """The name that stands for something, and whether only this process knows it."""

    name: str
    here_only: bool = False


class FunctionSystem:
    """A function as a system: it returns a `Video`, frames ``[T, H, W, 3]`` uint8 RGB, or the path of a video file."""

    def __init__(self, function: Callable[..., Any], meta: ModelMeta) -> None:
        self.function, self.meta = function, meta

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Video | Path:
        """Call it with as many of case, seed and settings as it takes."""
        made = self.function(**_accepted(self.function, case=case, seed=seed, settings=settings))
        if isinstance(made, str):
            return Path(made)
        if isinstance(made, np.ndarray):
            if made.dtype != np.uint8 or made.ndim != 4 or made.shape[-1] != 3:
                raise AdapterError(
                    f"{self.meta.name} returned an array {list(made.shape)} of {made.dtype}; expected frames "
                    "[T, H, W, 3] of uint8"
                )
            return Video(made, settings.fps)
        found: Video | Path = made
        return found


def _accepted(function: Callable[..., Any], **given: Any) -> dict[str, Any]:
    parameters = signature(function).parameters.values()
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters):
        return given
    names = [parameter.name for parameter in parameters]
    unknown = [p.name for p in parameters if p.name not in given and p.default is Parameter.empty]
    if unknown:
        raise InputError(f"a system's function is called with case, seed and settings; it wants {unknown[0]!r} too")
    return {name: value for name, value in given.items() if name in names}


def named_system(system: System, options: dict[str, str], name: str | None, revision: str | None) -> Named:
    """The name of a system for a run.

    Args:
        system: see `System`.
        options: of a class; they must be empty for an instance or a function.
        name: of a function, instead of its own.
        revision: what it is, in place of the hash of its source.

    Raises:
        InputError: it is no system, or neither its source nor a ``revision`` says what it is.
    """
    if isinstance(system, str):
        return Named(system)
    if not isinstance(system, type) and not hasattr(system, "generate"):
        if not callable(system):
            raise InputError(f"expected a system's name, class, instance or function, got a {type(system).__name__}")
        _accepted(system, case=None, seed=None, settings=None)
        label = name or re.sub(r"[^A-Za-z0-9._-]+", "-", getattr(system, "__name__", "function")).strip("-") or "system"
        code = _code(system, f"the function {label!r}", revision)
        made = FunctionSystem(system, ModelMeta(name=label, revision=revision or code[:DIGITS]))
        return _here(label, lambda: made, code)
    kind = system if isinstance(system, type) else type(system)
    meta = getattr(system, "meta", None)
    if not isinstance(meta, ModelMeta) or not callable(getattr(system, "generate", None)):
        raise InputError(
            f"{kind.__name__} is no system: it needs `meta = ModelMeta(name=..., revision=...)` and "
            "`generate(self, case, *, seed, settings)`; `a2bench systems template` prints one"
        )
    if options and not isinstance(system, type):
        raise InputError("options are for a system's name or class; this is an instance already")
    code = _code(system, f"the system {meta.name!r}", revision)
    path = _importable(system)
    if path is not None:
        registry.give("adapter", path, registry.Given(kind, code, path))
        return Named(path)
    return _here(meta.name, partial(kind) if isinstance(system, type) else lambda: system, code)


def _here(name: str, factory: Callable[..., Any], code: str) -> Named:
    known = registry.IN_PYTHON + name
    registry.give("adapter", known, registry.Given(factory, code))
    return Named(known, here_only=True)


def named_metrics(metrics: Iterable[GivenMetric], revision: str | None = None) -> list[Named]:
    """The names of metrics for a run; ``default`` and ``all`` stand for many.

    Raises:
        InputError: one of them is no metric.
        UnknownNameError: no metric of that name.
    """
    found: dict[str, Named] = {}
    for metric in metrics:
        for named in [Named(metric)] if isinstance(metric, str) else [_named_metric(metric, revision)]:
            found[named.name] = named
    return list(found.values())


def _named_metric(metric: type[Metric] | Metric, revision: str | None) -> Named:
    kind = metric if isinstance(metric, type) else type(metric)
    info = getattr(metric, "info", None)
    if info is None or not callable(getattr(metric, "score", None)):
        raise InputError(
            f"{kind.__name__} is no metric: it needs `info = MetricInfo(...)` and `score(self, sample) -> Score`"
        )
    code = _code(metric, f"the metric {info.name!r}", revision)
    path = _importable(metric)
    factory = kind if isinstance(metric, type) else _Always(metric, info)
    registry.give("metric", info.name, registry.Given(factory, code, path))
    return Named(info.name, here_only=path is None)


class _Always:
    """Gives one instance whenever a new one is asked for; readable like the class of it."""

    def __init__(self, thing: Any, info: Any) -> None:
        self.thing, self.info = thing, info

    def __call__(self) -> Any:
        return self.thing


def _code(thing: Any, what: str, revision: str | None) -> str:
    return value_sha256(["revision", revision]) if revision else fingerprint(thing, what)


def _importable(thing: Any) -> str | None:
    """``module:Class`` of a class that other processes can import by it, else None."""
    if not isinstance(thing, type) or thing.__module__ == "__main__" or "." in thing.__qualname__:
        return None
    try:
        path = f"{thing.__module__}:{thing.__qualname__}"
        return path if registry.import_object(path) is thing else None
    except InputError:
        return None
