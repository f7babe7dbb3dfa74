"""How other suites name their video files, so that videos made for them can be evaluated over a suite of ours.

``opens2v``: ``ID.mp4``, one video per item. ``vbench``: ``PROMPT-N.mp4``, N from 0 (also ``PROMPT.mp4``). How
A2-Bench's archives are laid out was never published.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from a2bench.errors import InputError

Request = tuple[str, int]
"""Case id and seed."""
Layout = Callable[[str, Mapping[str, str]], Iterator[Request]]
"""From a file's name without its ending, and the prompts by case id, to the cases and seeds it may be the video of."""

MIN_PREFIX = 100
"""Letters of a prompt that must be there for a shortened file name (names end at 255 bytes) to count as this prompt."""


def opens2v(stem: str, prompts: Mapping[str, str]) -> Iterator[Request]:
    """OpenS2V-Eval: the item's id, seed 0."""
    yield stem, 0


def vbench(stem: str, prompts: Mapping[str, str]) -> Iterator[Request]:
    """VBench: the prompt and the number of the video, as its own ``get_prompt_from_filename`` takes them apart.

    Case and signs do not matter, since file names cannot hold all of them; a name that was cut off belongs to the
    prompt that it is the beginning of, if there is only one.
    """
    match = re.fullmatch(r"(.*)-(\d+)", stem, re.DOTALL)
    text, number = (match[1], int(match[2])) if match else (stem, 0)
    wanted = _letters(text)
    keys = {case: _letters(prompt) for case, prompt in prompts.items()}
    found = [case for case, key in keys.items() if key == wanted]
    if not found and len(wanted) >= MIN_PREFIX:
        begun = [case for case, key in keys.items() if key.startswith(wanted)]
        found = begun if len(begun) == 1 else []
    yield from ((case, number) for case in found)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


LAYOUTS: dict[str, tuple[Layout, str]] = {
    "opens2v": (opens2v, "ID.mp4"),
    "vbench": (vbench, "PROMPT-N.mp4"),
}
"""Name -> how names are read, and what they look like."""


def layout(name: str) -> tuple[Layout, str]:
    """A layout by name.

    Raises:
        InputError: nothing of that name.
    """
    if name == "a2-bench":
        raise InputError(
            "how A2-Bench lays out its archives was never published; name the videos by case id, or say which is which "
            "with --set map=FILE"
        )
    if name not in LAYOUTS:
        raise InputError(f"unknown layout {name!r} of a folder of videos; known: {', '.join(LAYOUTS)}")
    return LAYOUTS[name]
