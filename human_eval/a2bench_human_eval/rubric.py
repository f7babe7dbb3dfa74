"""What raters are asked: questions, answers, the words under them, and the version under which they are known.

A study holds a copy of its rubric from the day on which it was made, and everything that reads the study reads the
copy. The files in ``rubrics/`` serve new studies, and those of release 0.1.0, which held no copy. No file there is ever
changed: other words are a new file with the next number.

Questions on pairs are after T2VHE 2024 and OpenS2V-Eval's named failures; those on single videos are the ten criteria
of SkyReels-A2's user study (arXiv:2504.02436, Table 3), in our words.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from a2bench.errors import InputError
from a2bench_human_eval.protocol import ANSWERS, Protocol

if TYPE_CHECKING:
    from a2bench_human_eval.tables import Study

RUBRIC_VERSION = 1
"""The rubric of new studies."""
RUBRICS = Path(__file__).parent / "rubrics"
PHRASE = "{phrase}"
"""Stands in the text of a question about each element for the element's phrase."""


@dataclass(frozen=True)
class Question:
    """One question of a ballot, as its rater reads it.

    id: such as ``identity:character-2`` or ``motion_smoothness``; the part before the colon is the dimension.
    answers: what may be stored, in the order of the buttons. anchors: the words of an answer, where it has any.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    anchors: dict[str, str] = field(default_factory=dict)


class RubricQuestion(BaseModel):
    """A question before it is put about a case.

    id: the dimension under which its votes are counted. role: only cases with an element of this role are asked about
    it. per_element: asked once for each element (of that role, if there is one), whose phrase stands for ``{phrase}``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
    text: Annotated[str, Field(min_length=1)]
    answers: tuple[str, ...]
    anchors: dict[str, str] = {}
    role: str | None = None
    per_element: bool = False

    @property
    def shown_text(self) -> str:
        """The text where no element is meant."""
        return self.text.replace(PHRASE, "…")

    def about(self, elements: Iterable[tuple[str, str, str]]) -> list[Question]:
        """This question about a case of these elements, given as ``(id, role, phrase)``: none, one or several."""
        meant = [(name, phrase) for name, role, phrase in elements if self.role in (None, role)]
        if self.per_element:
            asked = [(f"{self.id}:{name}", self.text.replace(PHRASE, phrase)) for name, phrase in meant]
        else:
            asked = [(self.id, self.text)] if meant or self.role is None else []
        return [Question(name, text, self.answers, self.anchors) for name, text in asked]


class Rubric(BaseModel):
    """All questions of a study, in the order in which they are asked.

    version: of the file that it is a copy of. primary: the one question that ranks and confirmatory tests are about.
    check: the one by which a check is passed or failed; every case is asked it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Field(ge=1)]
    protocol: Protocol
    primary: str
    check: str
    questions: tuple[RubricQuestion, ...]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        ids = [question.id for question in self.questions]
        if len(set(ids)) < len(ids):
            raise ValueError("two questions have one id")
        if self.primary not in ids:
            raise ValueError(f"the primary question {self.primary!r} is not among the questions")
        if self.check not in [q.id for q in self.questions if q.role is None and not q.per_element]:
            raise ValueError(f"the checks' question {self.check!r} is not among those that every case is asked")
        for question in self.questions:
            if sorted(question.answers) != sorted(ANSWERS[self.protocol]):
                raise ValueError(f"question {question.id!r} has other answers than {', '.join(ANSWERS[self.protocol])}")
        return self

    def questions_about(self, elements: Iterable[tuple[str, str, str]]) -> tuple[Question, ...]:
        """The questions of a ballot.

        Args:
            elements: ``(element id, role, phrase)`` of the case, in its order.

        >>> [q.id for q in installed_rubric("pairwise").questions_about([("character", "character", "the fox")])]
        ['identity:character', 'prompt', 'natural', 'motion', 'overall']
        """
        elements = tuple(elements)
        return tuple(asked for question in self.questions for asked in question.about(elements))

    def shown_text(self, dimension: str) -> str | None:
        """What raters read where their votes are counted under a dimension; None if the rubric does not have it."""
        return next((question.shown_text for question in self.questions if question.id == dimension), None)


def installed_rubric(protocol: Protocol) -> Rubric:
    """The rubric that a new study gets a copy of."""
    document = json.loads((RUBRICS / f"{RUBRIC_VERSION}.json").read_text(encoding="utf-8"))
    return Rubric(version=document["version"], protocol=protocol, **document[protocol])


def rubric_of(study: "Study") -> Rubric:
    """The rubric that a study was made with.

    Raises:
        InputError: what the database holds is none.
    """
    try:
        return Rubric.model_validate(study.rubric)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        why = first["msg"].removeprefix("Value error, ")
        raise InputError(f"the rubric of study {study.name!r} cannot be read: {where}: {why}") from None
