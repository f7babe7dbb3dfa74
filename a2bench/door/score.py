"""The scores of one video, from Python, without a suite and without a run."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from a2bench.base.hashing import file_sha256
from a2bench.base.text import number_text
from a2bench.door.evaluate import asked_metrics
from a2bench.door.objects import GivenMetric
from a2bench.errors import InputError
from a2bench.model.cases import ROLES, Case, Role
from a2bench.model.records import ScoreRecord
from a2bench.model.scores import Score
from a2bench.run.one_video import case_by_hand
from a2bench.run.work import score as score_item

if TYPE_CHECKING:
    import pandas as pd

Reference = str | Path | tuple[str | Path, str]
"""An image, or an image and the words of the prompt that name what it shows."""


class VideoScores(Mapping[str, Score]):
    """The score of a video by each metric; what could not be measured is None with a reason."""

    def __init__(self, video: Path, scores: Mapping[str, Score]) -> None:
        self.video, self._scores = video, dict(scores)

    def __getitem__(self, metric: str) -> Score:
        return self._scores[metric]

    def __iter__(self) -> Iterator[str]:
        return iter(self._scores)

    def __len__(self) -> int:
        return len(self._scores)

    def __repr__(self) -> str:
        lines = [f"{name}: {number_text(score.value)} {score.reason or ''}".rstrip() for name, score in self.items()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{number_text(score.value)}</td><td>{escape(score.reason or '')}</td></tr>"
            for name, score in self.items()
        )
        return (
            f"<table><thead><tr><th>metric</th><th>value</th><th>reason</th></tr></thead><tbody>{rows}</tbody></table>"
        )

    def to_pandas(self) -> "pd.DataFrame":
        """A row for each metric, and one for each element of it: metric, element, value, reason."""
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for name, score in self.items():
            rows.append({"metric": name, "element": "", "value": score.value, "reason": score.reason})
            rows += [
                {"metric": name, "element": element, "value": part.value, "reason": part.reason}
                for element, part in score.per_element.items()
            ]
        return pd.DataFrame(rows).astype({"value": "float64"})

    def to_json(self) -> dict[str, Any]:
        """JSON values: of each metric value, reason, curves, elements and evidence."""
        return {name: asdict(score) for name, score in self.items()}


def score(
    video: str | Path,
    prompt: str,
    *,
    character: Reference | Sequence[Reference] = (),
    object: Reference | Sequence[Reference] = (),
    background: Reference | Sequence[Reference] = (),
    metrics: Sequence[GivenMetric] | GivenMetric | None = None,
    revision: str | None = None,
) -> VideoScores:
    """Measure one video: were the given elements put into it, and is it good?

    Args:
        video: a video file.
        prompt: what it was to show.
        character: image of a person or an animal; several in a list. Beside an image may stand the words of the prompt
            that name it: ``("a.png", "the old man")``.
        object: images of things.
        background: image of the place.
        metrics: as in `evaluate`.
        revision: of a metric that is an object.

    Raises:
        InputError: the video or an image cannot be read, or no element was given.
    """
    path = Path(video)
    if not path.is_file():
        raise InputError(f"the video {path} is not there; give the path of a video file")
    given = {"character": character, "object": object, "background": background}
    case = _case(prompt, {role: _references(given[role]) for role in ROLES})
    asked = asked_metrics(metrics, revision)
    with tempfile.TemporaryDirectory(prefix="a2bench-") as folder:
        results = score_item(
            {
                "case": case.model_dump(mode="json"),
                "references": str(case.elements[0].reference.root),
                "video": str(path),
                "sha256": file_sha256(path),
                "metrics": [metric.name for metric in asked],
                "pictures": folder,
            }
        )
    return VideoScores(path, {result["metric"]: _score(result, case) for result in results})


def _references(given: Reference | Sequence[Reference]) -> list[tuple[str | Path, str | None]]:
    several = given if isinstance(given, list) else [given] if _is_one(given) else list(given)  # type: ignore[arg-type]
    return [(one[0], one[1]) if isinstance(one, tuple) else (one, None) for one in several]  # type: ignore[misc]


def _is_one(given: Any) -> bool:
    return isinstance(given, (str, Path)) or (
        isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], str)
    )


def _case(prompt: str, references: Mapping[Role, list[tuple[str | Path, str | None]]]) -> Case:
    case = case_by_hand(prompt, [(role, path) for role in ROLES for path, _ in references[role]])
    phrases = [phrase for role in ROLES for _, phrase in references[role]]
    elements = []
    for element, phrase in zip(case.elements, phrases, strict=True):
        if phrase is not None and phrase not in prompt:
            raise InputError(f"the words {phrase!r} do not stand in the prompt; copy them from there")
        elements.append(element.model_copy(update={"phrase": phrase}) if phrase else element)
    return case.model_copy(update={"elements": tuple(elements)})


def _score(result: dict[str, Any], case: Case) -> Score:
    record = ScoreRecord(
        key="", identity={}, case=case.id, seed=0, metric=result["metric"], video_sha256="", status=result["status"],
        value=result.get("value"), reason=result.get("reason"), detail=result.get("detail", {}), seconds=0, finished="",
    )  # fmt: skip
    return record.score
