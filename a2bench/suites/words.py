"""Do the words of a suite mean one thing only, are they plain, and do they name nobody."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations

from a2bench.base.data import data_dir
from a2bench.model.cases import Case, Element, Suite
from a2bench.suites.finding import Finding, Severity
from a2bench.suites.images import images_of
from a2bench.suites.reading import read_text

MAX_WORDS, MAX_SENTENCES, MAX_GRADE = 80, 4, 12.0
"""Beyond these, a prompt is hard to judge for people and longer than what text encoders keep apart."""
FORBIDDEN_NAMES = "forbidden-names.txt"


def case_findings(case: Case) -> Iterator[Finding]:
    """Phrases that name two elements or part of a word, and images that stand for two things."""
    for first, second in combinations(case.named_elements(), 2):
        yield from _phrase_pair(case, first, second)
        shared = {image.sha256 for image, _ in images_of(first[1])} & {i.sha256 for i, _ in images_of(second[1])}
        if shared:
            yield Finding("error", case.id, f"{first[0]} and {second[0]} share the same image; give each its own")
    for name, element in case.named_elements():
        for where, prompt in {"the prompt": case.prompt, **_variants(case)}.items():
            if not re.search(rf"(?<!\w){re.escape(element.phrase)}(?!\w)", prompt):
                yield Finding(
                    "warning",
                    case.id,
                    f"the phrase {element.phrase!r} of {name} stands in {where} only inside a longer word",
                )
        views = [view.sha256 for view in element.second_views]
        if element.reference.sha256 in views:
            yield Finding("error", case.id, f"a held-out second view of {name} is its reference; take another image")
        if len(set(views)) < len(views):
            yield Finding("error", case.id, f"{name} has the same second view twice; keep one")
    yield from _wording_findings(case)


def _variants(case: Case) -> dict[str, str]:
    return {f"the variant {name!r}": prompt for name, prompt in case.variants.items()}


def _phrase_pair(case: Case, first: tuple[str, Element], second: tuple[str, Element]) -> Iterator[Finding]:
    for (name, element), (other_name, other) in ((first, second), (second, first)):
        if element.phrase.casefold() in other.phrase.casefold():
            yield Finding(
                "error",
                case.id,
                f"the phrase {element.phrase!r} of {name} also stands in {other.phrase!r} of {other_name}; "
                "use words that name one element only",
            )
            return


def _wording_findings(case: Case) -> Iterator[Finding]:
    """Variants and translations that are none."""
    num_words = len(case.prompt.split())
    for name, prompt in case.variants.items():
        if _plain(prompt) == _plain(case.prompt):
            yield Finding("error", case.id, f"the variant {name!r} is the prompt itself; write another or remove it")
        elif name == "short" and len(prompt.split()) >= num_words:
            yield Finding("error", case.id, f"the variant 'short' is not shorter than the prompt ({num_words} words)")
        elif name == "long" and len(prompt.split()) <= num_words:
            yield Finding("error", case.id, f"the variant 'long' is not longer than the prompt ({num_words} words)")
    for language, translation in case.translations.items():
        if _plain(translation.prompt) == _plain(case.prompt):
            yield Finding("error", case.id, f"the translation {language!r} is the English prompt; translate it")
        for one, other in combinations(translation.phrases, 2):
            if one.casefold() in other.casefold() or other.casefold() in one.casefold():
                yield Finding(
                    "error",
                    case.id,
                    f"in the translation {language!r} the phrases {one!r} and {other!r} name the same words; "
                    "use words that name one element only",
                )


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def same_prompt(suite: Suite, severity: Severity) -> Iterator[Finding]:
    """Cases that are asked for in the same words; an error where the references are the same, too."""
    seen: dict[str, Case] = {}
    for case in suite.cases:
        other = seen.setdefault(_plain(case.prompt), case)
        if other is not case:
            same = other.generation_identity()["references"] == case.generation_identity()["references"]
            yield Finding(
                "error" if same else severity,
                case.id,
                f"has the same prompt as case {other.id!r}; change or remove one",
            )


def reading_findings(suite: Suite) -> Iterator[Finding]:
    """Prompts that are too long or too hard to read, all of a kind in one finding."""
    readings = {case.id: read_text(case.prompt) for case in suite.cases}
    for what, limit, values in (
        ("have more than {} words", MAX_WORDS, {name: reading.words for name, reading in readings.items()}),
        ("have more than {} sentences", MAX_SENTENCES, {name: r.sentences for name, r in readings.items()}),
        ("read above school grade {:.0f}", MAX_GRADE, {name: round(r.grade, 1) for name, r in readings.items()}),
    ):
        beyond = sorted(((value, name) for name, value in values.items() if value > limit), reverse=True)
        if beyond:
            shown = ", ".join(f"{name} {value}" for value, name in beyond[:3])
            yield Finding(
                "warning", None, f"{len(beyond)} prompts {what.format(limit)}: {shown}{', ...' * (len(beyond) > 3)}"
            )


# --- names ----------------------------------------------------------------------------------------------------------


def name_findings(suite: Suite, severity: Severity) -> Iterator[Finding]:
    """Names of people, characters and brands that no prompt may call for."""
    for case in suite.cases:
        texts = {"the prompt": case.prompt, **_variants(case)}
        texts |= {f"the translation {language!r}": each.prompt for language, each in case.translations.items()}
        for where, text in texts.items():
            for match in _forbidden().finditer(text):
                yield Finding(
                    severity, case.id, f"{where} names {match[0]!r}; describe what the reference shows instead"
                )


@cache
def _forbidden() -> re.Pattern[str]:
    lines = (data_dir("prompts") / FORBIDDEN_NAMES).read_text("utf-8").splitlines()
    names = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return re.compile(
        rf"(?<!\w)(?:{'|'.join(re.escape(name) for name in sorted(names, key=len, reverse=True))})(?!\w)", re.I
    )
