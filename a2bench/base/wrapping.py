"""Texts in lines that fit a terminal. Nothing but the standard library, so that `a2bench doctor` has it in any case."""

import re
import textwrap

WIDTH = 100
"""Columns of a terminal that lists fit."""
_HARD_SPACE = "\N{NO-BREAK SPACE}"


def wrapped(text: str, indent: str = "", start: str | None = None) -> list[str]:
    """A text in lines that fit `WIDTH` columns; long words, and commands in backticks, stay whole to be copied.

    Args:
        text: one paragraph.
        indent: in front of the first line; the others stand two columns further in.
        start: in front of the first line instead of ``indent``, as wide as ``indent``: marks and names.
    """
    whole = re.sub(r"`[^`]+`", lambda command: command[0].replace(" ", _HARD_SPACE), text)
    lines = textwrap.wrap(
        whole,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    if start is not None and lines:
        lines[0] = start + lines[0].removeprefix(indent)
    return [line.replace(_HARD_SPACE, " ") for line in lines]
