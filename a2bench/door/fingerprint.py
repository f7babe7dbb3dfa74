"""What is an object made of, so that a changed one never passes for the old one?

The source of its class or function, of everything of the same module that it uses, and the plain values that it holds.
Other modules count by their name: a package has a version, for which ``revision=`` is there.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any

from a2bench.base.hashing import value_sha256
from a2bench.errors import InputError

PLAIN = (str, int, float, bool, bytes, type(None), Path)
DIGITS = 12
"""Of a fingerprint that is shown."""


def fingerprint(thing: Any, what: str) -> str:
    """The hash of an object, class or function and of what it uses.

    Args:
        thing: it.
        what: what it is called in an error.

    Raises:
        InputError: its source cannot be read, or it holds what cannot be described; says to give ``revision=``.
    """
    return value_sha256(sorted(set(_parts(thing, what, seen=set()))))


def _parts(thing: Any, what: str, seen: set[int]) -> Iterator[str]:
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, MethodType):
        yield from _parts(thing.__func__, what, seen)
        yield from _parts(thing.__self__, what, seen)
    elif isinstance(thing, FunctionType):
        yield f"{thing.__qualname__}\n{_source(thing, what)}"
        yield from _values({"defaults": [thing.__defaults__, thing.__kwdefaults__]}, what, seen)
        closed = zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True)
        yield from _values({name: cell.cell_contents for name, cell in closed}, what, seen)
        yield from _of_module(thing.__globals__, _names(thing.__code__), what, seen)
    elif isinstance(thing, type):
        yield f"{thing.__qualname__}\n{_source(thing, what)}"
        own = vars(sys.modules[thing.__module__])
        for member in vars(thing).values():
            function = getattr(member, "__func__", getattr(member, "fget", member))
            if isinstance(function, FunctionType):
                yield from _of_module(own, _names(function.__code__), what, seen)
        for base in thing.__mro__[1:-1]:
            if base.__module__ == thing.__module__:
                yield from _parts(base, what, seen)
    else:
        yield from _parts(type(thing), what, seen)
        yield from _values(dict(getattr(thing, "__dict__", {})), what, seen)


def _of_module(own: dict[str, Any], names: set[str], what: str, seen: set[int]) -> Iterator[str]:
    """What of a module's names is its own: functions, classes and plain values; of others, the name."""
    module = own.get("__name__")
    for name in sorted(names & own.keys()):
        value = own[name]
        if isinstance(value, (FunctionType, type)) and value.__module__ == module:
            yield from _parts(value, what, seen)
        elif isinstance(value, PLAIN):
            yield f"{name} = {value!r}"


def _names(code: CodeType) -> set[str]:
    """The global names of a function and of the functions inside it."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def _values(values: dict[str, Any], what: str, seen: set[int]) -> Iterator[str]:
    """The values that an object holds, by name."""
    for name, value in values.items():
        yield from (f"{name}: {part}" for part in _described(name, value, what, seen))


def _described(name: str, value: Any, what: str, seen: set[int]) -> Iterator[str]:
    if isinstance(value, PLAIN):
        yield repr(value)
    elif isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value
        for number, item in enumerate(items):
            yield from (f"{number} {part}" for part in _described(name, item, what, seen))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (f"{key!r} {part}" for part in _described(name, item, what, seen))
    elif isinstance(value, (FunctionType, MethodType, type)):
        yield from _parts(value, what, seen)
    elif hasattr(value, "model_dump_json"):  # a pydantic record, such as ModelMeta
        yield str(value.model_dump_json())
    else:
        kind = type(value).__name__
        raise InputError(
            f"{what} holds {name!r}, a {kind}, which cannot be described, so that a change of it would go unnoticed; "
            'say what makes its results, such as revision="1"'
        )


def _source(thing: Callable[..., Any] | type, what: str) -> str:
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        raise InputError(
            f'the source of {what} cannot be read; say which version it is, such as revision="1"'
        ) from None
