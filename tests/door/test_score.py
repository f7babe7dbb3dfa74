"""One video without a suite: measured by default metrics, by names and by objects."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import a2bench
from a2bench.errors import CaseError, InputError
from a2bench.model.cases import Suite
from a2bench.model.video import Video, write_video
from tests.door.test_evaluate import Brightness

PROMPT = "A cat beside a red cup"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    frames = np.random.default_rng(0).integers(0, 255, (6, 64, 96, 3), np.uint8)
    write_video(Video(frames, 8), tmp_path / "out.mp4")  # type: ignore[arg-type]
    return tmp_path / "out.mp4"


@pytest.fixture
def pictures(suite: Suite) -> list[str]:
    return [str(element.reference.path) for case in suite.cases for element in case.elements][:3]


def test_a_video_is_scored_by_paths_as_text(video: Path, pictures: list[str]) -> None:
    scores = a2bench.score(str(video), PROMPT, character=pictures[0], metrics=["motion_amount", Brightness])
    assert list(scores) == ["motion_amount", "brightness"]
    assert scores["brightness"].value == pytest.approx(0.5, abs=0.05)
    assert "brightness: 0." in repr(scores) and "<td>brightness</td>" in scores._repr_html_()
    assert list(scores.to_pandas()["metric"]) == ["motion_amount", "brightness"]


def test_missing_weights_give_a_reason_and_raise_nothing(video: Path, pictures: list[str]) -> None:
    score = a2bench.score(video, PROMPT, object=[pictures[0], pictures[1]], metrics="text_alignment")["text_alignment"]
    assert score.value is None and "a2bench" in (score.reason or "")


def test_the_words_that_name_an_element_come_beside_its_picture(video: Path, pictures: list[str]) -> None:
    from a2bench.door.score import _case, _references

    case = _case(
        PROMPT,
        {"character": _references((pictures[0], "cat")), "object": _references([pictures[1]]), "background": []},
    )
    assert [element.phrase for element in case.elements] == ["cat", PROMPT]
    with pytest.raises(InputError, match="the words 'dog' do not stand in the prompt"):
        a2bench.score(video, PROMPT, character=(pictures[0], "dog"), metrics=Brightness)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"video": "nowhere.mp4"}, InputError, "the video nowhere.mp4 is not there"),
        ({"character": ()}, CaseError, "no reference was given"),
        ({"character": "nowhere.png"}, CaseError, "nowhere.png is not there"),
    ],
)
def test_what_is_not_there_is_one_sentence(
    given: dict[str, Any], error: type[Exception], said: str, video: Path, pictures: list[str]
) -> None:
    with pytest.raises(error, match=said):
        a2bench.score(**{"video": video, "prompt": PROMPT, "character": pictures[0], "metrics": Brightness, **given})


def test_a_video_that_is_taken_for_a_run_is_told_how_it_is_measured(video: Path) -> None:
    with pytest.raises(InputError, match=r"is a file, not the folder of a run; .*a2bench.score\('out.mp4', PROMPT"):
        a2bench.open_run(video)
