"""Options of systems: they arrive as text (``--set steps=50``) and are refused in one sentence."""

import math

from a2bench.errors import InputError


def whole_number(name: str, text: str, least: int = 0, most: int | None = None) -> int:
    """An option that is a whole number.

    Raises:
        InputError: it is none, smaller than ``least`` or larger than ``most``.
    """
    # Python itself refuses to read thousands of digits.
    if not text.isdecimal() or len(text) > 18 or int(text) < least or (most is not None and int(text) > most):
        limits = f", {least} or more" if most is None else f" from {least} to {most}"
        raise InputError(f"{name} {text if len(text) <= 40 else text[:37] + '...'!r} must be a whole number{limits}")
    return int(text)


def number(name: str, text: str) -> float:
    """An option that is a number.

    Raises:
        InputError: it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{name} {text!r} must be a number")
    return value


def one_of(name: str, text: str, *choices: str) -> str:
    """An option that is one of several words.

    Raises:
        InputError: it is another.
    """
    if text not in choices:
        raise InputError(f"{name} {text!r} must be {' or '.join(choices)}")
    return text
