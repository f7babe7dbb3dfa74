"""Adapters, metrics and features by name.

Each entry point of a group is one mapping of names to ``"module:object"``; the built-in ones come through the same door
as anybody else's, and nothing is imported until it is asked for.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

from a2bench.errors import A2BenchError, InputError, UnknownNameError

Kind = Literal["adapter", "metric", "feature"]
IN_PYTHON = "python:"
"""How names begin that stand for objects which no other process can import."""


@cache
def paths(kind: Kind) -> dict[str, str]:
    """Every known name of a kind and where it is defined, as ``"module:object"``.

    A package whose entry point cannot be loaded does not take the others with it; `broken_packages` names it.

    Raises:
        A2BenchError: two packages claim one name.
    """
    found: dict[str, str] = {}
    for point in entry_points(group=f"a2bench.{kind}s"):
        for name, path in _mapping(point)[0].items():
            if name in found and found[name] != path:
                raise A2BenchError(f"{kind} {name!r} is defined twice: {found[name]} and {path}; uninstall one of them")
            found[name] = path
    return found


def broken_packages(kind: Kind) -> dict[str, str]:
    """Entry points of a kind that cannot be loaded, and why."""
    points = entry_points(group=f"a2bench.{kind}s")
    return {f"{point.name} = {point.value}": error for point in points if (error := _mapping(point)[1])}


def _mapping(point: EntryPoint) -> tuple[dict[str, str], str | None]:
    try:
        return dict(point.load()), None
    except (Exception, SystemExit) as error:  # whatever somebody else's module raises while it is imported
        return {}, f"{type(error).__name__}: {error}"


@dataclass(frozen=True)
class Given:
    """An object of this process that stands under a name.

    factory: makes it. code: hash of what it is made of. path: ``module:Class`` by which other processes import it; None
    where they cannot.
    """

    factory: Callable[..., Any]
    code: str
    path: str | None = None


_given: dict[tuple[Kind, str], Given] = {}
"""What a script handed over instead of a name."""


def give(kind: Kind, name: str, given: Given) -> None:
    """Let a name stand for an object of this process; a name that packages have registered stays theirs.

    Raises:
        InputError: the name is taken.
    """
    if name in paths(kind):
        raise InputError(f"the name {name!r} is that of a built-in {kind}; give yours another one")
    _given[kind, name] = given


def given(kind: Kind, name: str) -> Given | None:
    """What was given under a name, if anything was."""
    return _given.get((kind, name))


def code_of(kind: Kind, name: str) -> str:
    """The hash of what was given under a name; nothing for what packages have registered."""
    return found.code if (found := given(kind, name)) else ""


def load(kind: Kind, name: str) -> Any:
    """Import what is registered under a name (or given as ``module:object``): for all kinds, a class or factory.

    Raises:
        UnknownNameError: nothing of that name.
        InputError: it cannot be imported.
    """
    if (kind, name) in _given:
        return _given[kind, name].factory
    if name.startswith(IN_PYTHON):
        raise InputError(
            f"{name.removeprefix(IN_PYTHON)!r} was handed over by a script in Python; go on from there, by the same "
            "call of a2bench.evaluate"
        )
    known = paths(kind)
    if name not in known and ":" not in name:
        raise UnknownNameError("system" if kind == "adapter" else kind, name, known)
    return import_object(known.get(name, name))


def import_object(path: str) -> Any:
    """Import ``"module:object"``; modules in the working directory are found too.

    Raises:
        InputError: no such module or object, or its own imports fail; the message says which.
    """
    module_name, _, attribute = path.partition(":")
    if not module_name or not attribute:
        raise InputError(f"{path!r} does not name a class; expected MODULE:CLASS")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:  # whatever somebody else's module raises while it is imported
        raise InputError(f"cannot import {module_name!r}: {type(error).__name__}: {error}") from error
    try:
        return getattr(module, attribute)
    except AttributeError:
        raise InputError(f"module {module_name!r} has no object {attribute!r}") from None
