"""In how much of the video is each element there, once, and itself? And in how much is it swapped, or there twice?"""

import math
from collections.abc import Mapping
from typing import Literal

from a2bench.model.cases import Role
from a2bench.model.ledger import STATES, Entry, State
from a2bench.model.metrics import Sample
from a2bench.model.scores import ElementScore, Evidence, Expectation, MetricInfo, Score

BACKEND = "YuNet + dlib faces, EfficientNet-Lite0 cells, SIFT"


class _TimeInStates:
    """The share of the time that an element is in certain states of the ledger; mean over the elements.

    evident: states of which a frame is shown.
    """

    info: MetricInfo
    states: tuple[State, ...]
    evident: tuple[State, ...]

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        ledger: Mapping[str, Entry] = sample.feature("ledger")
        names = [name for name, element in sample.case.named_elements() if element.role in self.info.roles]
        if not names:
            return Score(None, reason=f"the case has no {' and no '.join(self.info.roles)}")
        per_element = {name: self.element(ledger.get(name)) for name in names}
        values = [entry.value for entry in per_element.values() if entry.value is not None]
        if not values:
            return Score(None, reason=next(iter(per_element.values())).reason, per_element=per_element)
        return Score(
            math.fsum(values) / len(values),
            frames=sample.frames,
            per_element=per_element,
            evidence=tuple(one for name in names if name in ledger for one in self._evidence(name, ledger, sample)),
            details=self.details(ledger),
        )

    def element(self, entry: Entry | None) -> ElementScore:
        """The score of one element."""
        if entry is None:
            return ElementScore(None, reason="the other elements cover it in every frame that was looked at")
        share = math.fsum(entry["shares"].get(state, 0.0) for state in self.states)
        return ElementScore(min(1.0, share), presence=entry["presence"])

    def details(self, ledger: Mapping[str, Entry]) -> Mapping[str, object]:
        """What else is worth keeping."""
        return {}

    def _evidence(self, name: str, ledger: Mapping[str, Entry], sample: Sample) -> list[Evidence]:
        """For each span in an evident state the looked-at frame nearest to its middle, with its box."""
        found = []
        for state, start, end in ledger[name]["spans"]:
            middle = (start + end) / 2 * float(sample.video.fps) - 0.5
            place = min(range(len(sample.frames)), key=lambda index: abs(sample.frames[index] - middle))
            box = ledger[name]["boxes"][place]
            if state in self.evident:
                found.append(Evidence(sample.frames[place], box and tuple(map(float, box)), name))  # type: ignore[arg-type]
        return found


def _info(
    name: str,
    title: str,
    direction: Literal["higher", "lower"],
    roles: tuple[Role, ...],
    *expectations: Expectation,
    paper: str = "A2Bench, element ledger",
) -> MetricInfo:
    return MetricInfo(
        name=name,
        version=3,
        title=title,
        group="consistency",
        range=(0, 1),
        direction=direction,
        features=("ledger",),
        backend=BACKEND,
        roles=roles,
        paper=paper,
        expectations=expectations,
    )


class ElementIntegrity(_TimeInStates):
    """Share of the video in which each element is there, once, and itself (kept or pasted); holds the ledger."""

    states = ("kept", "pasted")
    evident = STATES
    info = _info(
        "element_integrity",
        "Element integrity",
        "higher",
        ("character", "object", "background"),
        Expectation("a collage keeps everything", "value", "collage", low=0.85, high=1.0),
        Expectation("collage is far above shuffled", "difference", "collage", "shuffled", low=0.5),
        Expectation("a missing object is not kept", "value", "missing-object", low=0.0, high=0.15, role="object"),
        Expectation("half presence is half of it", "ratio", "half", "collage", 0.35, 0.65, "object"),
        Expectation("a swap takes half of it", "ratio", "swapped", "collage", 0.35, 0.65, "character"),
        Expectation("what is there twice is not kept", "value", "duplicated", low=0.0, high=0.25, role="object"),
        Expectation("wrong colours are kept less", "difference", "colour-shift", "collage", high=-0.2, role="object"),
    )

    def details(self, ledger: Mapping[str, Entry]) -> Mapping[str, object]:
        """The ledger itself."""
        return {"ledger": ledger}


class SwapRate(_TimeInStates):
    """Share of the video in which another is in an element's place; lower is better."""

    states = evident = ("swapped",)
    info = _info(
        "swap_rate",
        "Swaps",
        "lower",
        ("character", "object"),
        Expectation("nobody is swapped in a collage", "value", "collage", low=0.0, high=0.02),
        Expectation("those who change places are", "difference", "swapped", "collage", low=0.2),
        Expectation("who leaves is not swapped", "value", "half", low=0.0, high=0.1),
        paper="A2Bench, element ledger; asked for in OpenS2V-Nexus#23",
    )


class DuplicateRate(_TimeInStates):
    """Share of the video in which an element is there more than once; lower is better."""

    states = evident = ("duplicated",)
    info = _info(
        "duplicate_rate",
        "Duplicates",
        "lower",
        ("character", "object"),
        Expectation("nothing is there twice in a collage", "value", "collage", low=0.0, high=0.05),
        Expectation("what is there twice is seen", "value", "duplicated", low=0.75, high=1.0),
    )
