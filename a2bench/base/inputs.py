"""Can words and seeds be used at all? Asked in the same way by commands, by the harness and by every adapter."""

import operator

from a2bench.errors import InputError

MAX_SEED = 2**32 - 1
"""Random generators of the CPU take 32 bits: of larger seeds, and of negative ones, two would give one video."""
MIN_FRAMES = 2
"""A single picture is no video: nothing moves, and no file of one frame is taken."""


def check_seed(seed: object, where: str = "") -> int:
    """A seed as a plain number.

    Args:
        seed: what was given; NumPy's whole numbers will do, truth values and floats will not.
        where: put before the message, such as the line of a file.

    Raises:
        InputError: not a whole number from 0 to 4294967295.

    >>> check_seed(7)
    7
    """
    try:
        is_truth_value = type(seed).__name__ in ("bool", "bool_")  # Python's, and NumPy's under both of its names
        number = -1 if is_truth_value else operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if not 0 <= number <= MAX_SEED:
        shown = f"{seed!r}"
        shown = shown if len(shown) <= 40 else shown[:37] + "..."
        raise InputError(f"{where}seed {shown} must be a whole number from 0 to {MAX_SEED}")
    return number


def check_num_frames(num_frames: int) -> None:
    """Refuse to ask for a single picture.

    Raises:
        InputError: fewer than two frames.
    """
    if num_frames < MIN_FRAMES:
        raise InputError(
            f"a video has {MIN_FRAMES} frames or more, got {num_frames}; type --num-frames {MIN_FRAMES} or more"
        )


def check_text(text: object, what: str) -> str:
    """A text that can be written down and read again as it is.

    Args:
        text: what was given; a byte of the command line that is no UTF-8 comes as a lone surrogate.
        what: it is, such as ``the prompt``.

    Raises:
        InputError: no text, or it holds a character that is none.

    >>> check_text("A man.", "the prompt")
    'A man.'
    """
    if not isinstance(text, str):
        raise InputError(f"{what} must be a text, got {text!r} of {type(text).__name__}")
    for place, char in enumerate(text, start=1):
        if char == "\0":
            raise InputError(f"{what} is not valid text: character {place} is NUL; leave it out")
        if "\ud800" <= char <= "\udfff":
            byte = ord(char) - 0xDC00
            found = f"the byte 0x{byte:02x}, which is no UTF-8" if 0x80 <= byte <= 0xFF else "half of a character"
            before = text[max(0, place - 13) : place - 1].encode(errors="replace").decode()
            raise InputError(f"{what} is not valid text: behind {before!r} comes {found}; write it in UTF-8")
    return text
