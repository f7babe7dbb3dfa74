"""Is each character and each object there, and does it look like its reference? And is everything there at all?"""

from a2bench.model.cases import Role
from a2bench.model.metrics import Sample
from a2bench.model.scores import ElementScore, Evidence, Expectation, MetricInfo, Score
from a2bench_metrics.finder import Hit

BACKEND = "EfficientNet-Lite0 cells + HSV"


class _Similarity:
    """Presence times fidelity for the elements of one role.

    Score of an element: mean over all sampled frames of the likeness of its best place (`finder.Hit.fidelity`), 0 in
    frames where it is not found. Score of the sample: mean over the elements of the role.
    """

    role: Role
    info: MetricInfo

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        names = [name for name, _ in sample.case.named_elements(self.role)]
        if not names:
            return Score(None, reason=f"the case has no {self.role}")
        hits: dict[str, tuple[Hit, ...]] = sample.feature("hits")
        per_element = {name: _presence_times_fidelity(hits[name]) for name in names}
        values = [entry.value for entry in per_element.values() if entry.value is not None]
        evidence = tuple(
            Evidence(sample.frames[best], hits[name][best].box, name, hits[name][best].fidelity)
            for name in names
            if hits[name][best := _best(hits[name])].found
        )
        return Score(sum(values) / len(values), frames=sample.frames, per_element=per_element, evidence=evidence)


def _presence_times_fidelity(hits: tuple[Hit, ...]) -> ElementScore:
    values = tuple(hit.fidelity for hit in hits)
    presence = sum(hit.found for hit in hits) / len(hits)
    return ElementScore(sum(values) / len(values), presence=presence, per_frame=values)


def _best(hits: tuple[Hit, ...]) -> int:
    return max(range(len(hits)), key=lambda index: hits[index].score)


class CharacterSimilarity(_Similarity):
    """How much of each character's looks (body, clothing, fur) is in the video; faces have `identity_similarity`."""

    role: Role = "character"
    info = MetricInfo(
        name="character_similarity",
        version=1,
        title="Character appearance",
        group="consistency",
        range=(0, 1),
        direction="higher",
        features=("hits",),
        backend=BACKEND,
        roles=("character",),
        paper="A2Bench; stands in for DINO and CLIP crop similarity without their weights",
        expectations=(
            Expectation("collage is far above shuffled", "difference", "collage", "shuffled", low=0.4),
            Expectation("a missing character scores about 0", "value", "missing-character", low=0.0, high=0.15),
            Expectation("a missing object changes nothing", "ratio", "missing-object", "collage", low=0.9, high=1.1),
            Expectation("half presence scores about half", "ratio", "flicker", "collage", low=0.35, high=0.7),
        ),
    )


class ObjectSimilarity(_Similarity):
    """How much of each object's looks is in the video."""

    role: Role = "object"
    info = MetricInfo(
        name="object_similarity",
        version=1,
        title="Object appearance",
        group="consistency",
        range=(0, 1),
        direction="higher",
        features=("hits",),
        backend=BACKEND,
        roles=("object",),
        paper="A2Bench; stands in for DINO and CLIP crop similarity without their weights",
        expectations=(
            Expectation("collage is far above shuffled", "difference", "collage", "shuffled", low=0.4),
            Expectation("a missing object scores about 0", "value", "missing-object", low=0.0, high=0.15),
            Expectation(
                "a missing character changes nothing", "ratio", "missing-character", "collage", low=0.9, high=1.1
            ),
            Expectation("half presence scores about half", "ratio", "flicker", "collage", low=0.35, high=0.7),
        ),
    )


class ElementPresence:
    """Share of the sampled frames in which each character and object is found; mean over the elements."""

    info = MetricInfo(
        name="element_presence",
        version=1,
        title="Element presence",
        group="consistency",
        range=(0, 1),
        direction="higher",
        features=("hits",),
        backend=BACKEND,
        roles=("character", "object"),
        paper="A2Bench; an absent element counts 0, as in MSRVTT-Personalization (arXiv:2501.01590)",
        expectations=(
            Expectation("everything is found in a collage", "value", "collage", low=0.85, high=1.0),
            Expectation("a missing object is not found", "value", "missing-object", low=0.0, high=0.2, role="object"),
            Expectation(
                "a missing object hides no character", "ratio", "missing-object", "collage", 0.9, 1.1, "character"
            ),
            Expectation("a flickering element is there half of the time", "ratio", "flicker", "collage", 0.35, 0.7),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        hits: dict[str, tuple[Hit, ...]] = sample.feature("hits") if _has_foreground(sample) else {}
        if not hits:
            return Score(None, reason="the case has neither a character nor an object")
        per_element = {}
        for name, found in hits.items():
            curve = tuple(float(hit.found) for hit in found)
            share = sum(curve) / len(curve)
            per_element[name] = ElementScore(share, presence=share, per_frame=curve)
        value = sum(entry.value or 0.0 for entry in per_element.values()) / len(per_element)
        return Score(value, frames=sample.frames, per_element=per_element)


def _has_foreground(sample: Sample) -> bool:
    return any(True for _ in sample.case.named_elements("character", "object"))
