"""Our two Streamlit components: the player that keeps clips in step, and the questions."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from streamlit.components.v2 import component

from a2bench_human_eval.protocol import CANNOT_JUDGE
from a2bench_human_eval.rubric import Question


@cache
def _component(name: str) -> Any:
    folder = files("a2bench_human_eval.app")
    part = {kind: folder.joinpath(f"{name}.{kind}").read_text("utf-8") for kind in ("html", "css", "js")}
    return component(f"a2bench_{name}", html=part["html"], css=part["css"], js=part["js"])


def player(
    key: str, clips: list[tuple[str, str]], *, seconds: float, fps: int, size: tuple[int, int], preload: list[str]
) -> bool:
    """Draw the player.

    Args:
        key: of this ballot; the player stays as it is as long as it is the same.
        clips: ``(label, URL)`` of one or two clips.
        seconds: their common length.
        fps: their frame rate.
        size: width and height in pixels.
        preload: URLs of the clips after these.

    Returns:
        Whether the clips were played to their end.
    """
    data = {
        "id": key,
        "clips": [{"label": label, "url": url} for label, url in clips],
        "seconds": seconds,
        "fps": fps,
        "width": size[0],
        "height": size[1],
        "next": preload,
    }
    made = _component("player")
    played = made(key=f"player-{key}", data=data, on_played_change=_nothing, default={"played": None}).played or {}
    return bool(played.get("id") == key and played.get("share", 0) >= 1)


def ask(key: str, questions: Sequence[Question], answers: Mapping[str, str]) -> dict[str, str]:
    """Draw the questions with their answers as buttons and keys.

    Args:
        key: of this ballot.
        questions: in order.
        answers: those that stand, by question.

    Returns:
        All answers once there is one to each question, before that ``answers``.
    """
    data = {
        "id": key,
        "questions": [{"id": q.id, "text": q.text, "answers": _buttons(q)} for q in questions],
        "answers": dict(answers),
    }
    made = _component("questions")
    given = made(key=f"questions-{key}", data=data, on_answers_change=_nothing, default={"answers": None}).answers or {}
    return {str(k): str(v) for k, v in given["values"].items()} if given.get("id") == key else dict(answers)


def _buttons(question: Question) -> list[dict[str, str]]:
    """Steps of a scale are answered by their own keys, other answers by their place."""
    if CANNOT_JUDGE not in question.answers:
        return [
            {"value": answer, "label": question.anchors.get(answer, answer), "key": str(number)}
            for number, answer in enumerate(question.answers, start=1)
        ]
    keys = {answer: "0" if answer == CANNOT_JUDGE else answer for answer in question.answers}
    return [
        {"value": answer, "label": ": ".join(filter(None, (key, question.anchors.get(answer)))), "key": key}
        for answer, key in keys.items()
    ]


def _nothing() -> None:
    """Streamlit wants a callback for each state; the value is read from the result."""
