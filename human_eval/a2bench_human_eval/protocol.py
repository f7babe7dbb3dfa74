"""What raters are asked, in which order, and which answers there are.

Two protocols. ``pairwise``: two videos of one case side by side, each question answered left, right, tie or both bad
(questions after T2VHE 2024 and OpenS2V-Eval's named failures; overall last). ``rating``: one video, the ten criteria of
SkyReels-A2's user study (arXiv:2504.02436, Table 3, in our words) on 1 to 5 with worded anchors.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Protocol = Literal["pairwise", "rating"]
PAIR_ANSWERS = ("left", "right", "tie", "both_bad")
CANNOT_JUDGE = "cannot_judge"
RATING_ANSWERS = ("1", "2", "3", "4", "5", CANNOT_JUDGE)
OVERALL = "overall"


@dataclass(frozen=True)
class Question:
    """One question of a ballot.

    id: such as ``identity:character-2`` or ``motion_smoothness``; the part before the colon is the dimension.
    text: what the rater reads. element: id of the element whose reference is shown beside it, or None.
    answers: what may be stored. anchors: the words under each step of a rating.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    element: str | None = None
    anchors: dict[str, str] = field(default_factory=dict)

    @property
    def dimension(self) -> str:
        """What the question measures, whatever the element."""
        return self.id.partition(":")[0]


def questions(protocol: Protocol, elements: Iterable[tuple[str, str, str]]) -> tuple[Question, ...]:
    """The questions of a ballot, in the order in which they are asked.

    Args:
        protocol: of the study.
        elements: ``(element id, role, phrase)`` of the case, in its order.

    >>> [q.id for q in questions("pairwise", [("character", "character", "the fox")])]
    ['identity:character', 'prompt', 'natural', 'motion', 'overall']
    """
    elements = tuple(elements)
    return _pair_questions(elements) if protocol == "pairwise" else _rating_questions(elements)


def _pair_questions(elements: tuple[tuple[str, str, str], ...]) -> tuple[Question, ...]:
    identity = [
        Question(
            f"identity:{name}",
            f"In which video does “{phrase}” look more like its reference, from beginning to end?",
            PAIR_ANSWERS,
            element=name,
        )
        for name, _, phrase in elements
    ]
    return (
        *identity,
        Question("prompt", "Which video does more of what the text asks: actions, relations, setting?", PAIR_ANSWERS),
        Question(
            "natural",
            "Which video looks more like one scene that was filmed: light, sizes, nothing pasted in or warped?",
            PAIR_ANSWERS,
        ),
        Question("motion", "In which video is the motion smoother and more plausible?", PAIR_ANSWERS),
        Question(OVERALL, "All in all, which video would you keep?", PAIR_ANSWERS),
    )


@dataclass(frozen=True)
class Criterion:
    """One of the ten criteria: its question, its anchors, and the role without which it is not asked."""

    id: str
    text: str
    anchors: dict[str, str]
    role: str | None = None


CRITERIA = (
    Criterion(
        "face_consistency",
        "Is the face the one of the reference?",
        {
            "1": "not the same person",
            "3": "visible differences, but the same person",
            "5": "all features identical",
        },
        role="character",
    ),
    Criterion(
        "dress_consistency",
        "Are clothes and accessories those of the reference?",
        {
            "1": "unrelated",
            "2": "other style, colour or pattern match in part",
            "3": "similar style, a key part changed",
            "4": "the same, small changes of shade or size",
            "5": "identical down to buttons and pattern",
        },
        role="character",
    ),
    Criterion(
        "object_consistency",
        "Are the objects those of the references?",
        {"1": "not to be recognised", "3": "recognisable, size or shape changed", "5": "same size, shape and texture"},
        role="object",
    ),
    Criterion(
        "background_consistency",
        "Is the place the one of the reference?",
        {
            "1": "an unrelated scene",
            "2": "another kind of scene, colours or materials match in part",
            "3": "similar kind, a key change (indoors or outdoors, day or night)",
            "4": "the same scene, small changes of light or placement",
            "5": "identical layout",
        },
        role="background",
    ),
    Criterion(
        "instruction_following",
        "Does the video do what the text asks?",
        {
            "1": "barely",
            "2": "in part, key elements incomplete",
            "3": "the main content is right, small omissions",
            "4": "accurately",
            "5": "perfectly, and more",
        },
    ),
    Criterion(
        "rationality",
        "Are places, overlaps and contacts of things plausible?",
        {
            "1": "contradictory",
            "2": "many flaws that hurt credibility",
            "3": "some flaws, none critical",
            "4": "few slight flaws",
            "5": "fully natural",
        },
    ),
    Criterion(
        "subject_coherence",
        "Do people and things stay whole through the video?",
        {
            "1": "destroyed, or very different between frames",
            "2": "several or large distortions",
            "3": "small distortions, such as fingers",
            "4": "none",
            "5": "none, and natural expression",
        },
    ),
    Criterion(
        "motion_smoothness",
        "Is the motion smooth?",
        {
            "1": "severe jerks",
            "2": "clear stutter",
            "3": "occasional stutter",
            "4": "smooth",
            "5": "not to be told from a filmed scene",
        },
    ),
    Criterion(
        "aesthetic_quality",
        "How good does it look?",
        {
            "1": "unusable",
            "2": "low, incomplete",
            "3": "moderate, not usable as it is",
            "4": "good, fit for a low-cost production",
            "5": "perfect",
        },
    ),
    Criterion(
        "video_quality",
        "How clear is the picture?",
        {
            "1": "nearly unwatchable",
            "2": "evident blur",
            "3": "slight blur or noise",
            "4": "clear on common devices",
            "5": "professional",
        },
    ),
)


def _rating_questions(elements: tuple[tuple[str, str, str], ...]) -> tuple[Question, ...]:
    roles = {role for _, role, _ in elements}
    return tuple(
        Question(criterion.id, criterion.text, RATING_ANSWERS, anchors=criterion.anchors)
        for criterion in CRITERIA
        if criterion.role is None or criterion.role in roles
    )


def primary_question(protocol: Protocol) -> str:
    """The one question that ranks and confirmatory tests are about."""
    return OVERALL if protocol == "pairwise" else "instruction_following"
