"""Do the words of a suite mean one thing only: phrases, and prompts with their variants and translations."""

import re
from collections.abc import Iterator
from itertools import combinations

from a2bench.cases import Case, Element, Suite
from a2bench.suites.finding import Finding
from a2bench.suites.images import images_of


def case_findings(case: Case) -> Iterator[Finding]:
    """Phrases that name two elements or part of a word, and images that stand for two things."""
    for first, second in combinations(case.named_elements(), 2):
        yield from _phrase_pair(case, first, second)
        shared = {image.sha256 for image, _ in images_of(first[1])} & {i.sha256 for i, _ in images_of(second[1])}
        if shared:
            yield Finding("error", case.id, f"{first[0]} and {second[0]} share the same image; give each its own")
    for name, element in case.named_elements():
        if not re.search(rf"(?<!\w){re.escape(element.phrase)}(?!\w)", case.prompt):
            yield Finding(
                "warning",
                case.id,
                f"the phrase {element.phrase!r} of {name} stands in the prompt only inside a longer word",
            )
        views = [view.sha256 for view in element.second_views]
        if element.reference.sha256 in views:
            yield Finding("error", case.id, f"a held-out second view of {name} is its reference; take another image")
        if len(set(views)) < len(views):
            yield Finding("error", case.id, f"{name} has the same second view twice; keep one")


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


def same_prompt(suite: Suite) -> Iterator[Finding]:
    """Cases that are asked for in the same words."""
    seen: dict[str, str] = {}
    for case in suite.cases:
        prompt = " ".join(case.prompt.casefold().split())
        if prompt in seen:
            yield Finding("error", case.id, f"has the same prompt as case {seen[prompt]!r}; change or remove one")
        seen.setdefault(prompt, case.id)
