"""What does a vision-language model say: does the video show the prompt, and is each element that of its reference?"""

import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from a2bench.assets.extras import neutral_line
from a2bench.assets.weights_fetch import network_is_closed
from a2bench.base.counting import count
from a2bench.errors import InputError
from a2bench.model.metrics import Sample
from a2bench.model.scores import ElementScore, Expectation, MetricInfo, Score
from a2bench_metrics.judge import (
    RUBRIC,
    RUBRIC_VERSION,
    TOP,
    Judge,
    JudgeUnreachableError,
    NoRatingError,
    calibration_failure,
    question_about,
    ratings,
    shown_frames,
)
from a2bench_metrics.judge_api import ApiJudge, checked_url
from a2bench_metrics.judge_local import LocalJudge, folder_sha256

URL, MODEL, KEY, FOLDER = (f"A2BENCH_JUDGE_{name}" for name in ("URL", "MODEL", "KEY", "FOLDER"))
CALIBRATE_EVERY = 25
"""Samples after which a process asks the calibration items again."""

_INFO = MetricInfo(
    name="judge_alignment",
    version=1,
    title="Alignment, by a judge",
    group="text",
    range=(0, 1),
    direction="higher",
    features=(),
    backend="none chosen",
    roles=("character", "object", "background"),
    paper="a model as judge, Zheng et al. 2023 (arXiv:2306.05685); our rubric",
    licence="the model's own",
    default=False,
    expectations=(
        Expectation("noise shows no prompt", "difference", "collage", "noise", low=0.1),
        *(
            Expectation(f"without its {role} less", "difference", "collage", f"missing-{role}", low=0.2, role=role)
            for role in ("character", "object", "background")
        ),
    ),
)


class _ChosenInfo:
    """The metric's info with the judge that the environment names, so that scores of two judges never mix."""

    def __get__(self, instance: object, owner: type | None = None) -> MetricInfo:
        try:
            judge = chosen_judge()
        except InputError as error:
            return replace(_INFO, lacking=(str(error),))
        if isinstance(judge, ApiJudge):
            name = f"{judge.model} at {urlsplit(judge.url).hostname}"
        else:
            name = f"{judge.folder.resolve().name} {folder_sha256(judge.folder)[:12]}"
        return replace(_INFO, backend=f"{name}, rubric {RUBRIC_VERSION}")


def chosen_judge() -> ApiJudge | LocalJudge:
    """The judge that the environment names.

    Raises:
        InputError: none, two, or one that cannot be used; the message says what to type.
    """
    url, model, folder = (os.environ.get(name, "").strip() for name in (URL, MODEL, FOLDER))
    if url and folder:
        raise InputError(f"both {URL} and {FOLDER} name a judge; unset one of them")
    if url:
        if not model:
            raise InputError(f"{URL} is set without a model; type `export {MODEL}=NAME`")
        key = os.environ.get(KEY, "").strip()
        if not key.isascii() or not key.isprintable() or " " in key:
            raise InputError(f"{KEY} holds spaces or characters that no key has; copy it again")
        return ApiJudge(checked_url(url), model, key)
    if not folder:
        raise InputError(
            f"no judge is chosen; type `export {FOLDER}=FOLDER` for a model of transformers, or `export {URL}=https://"
            f"HOST/v1 {MODEL}=NAME {KEY}=KEY` for an OpenAI-compatible interface"
        )
    lacking = [package for package in ("torch", "transformers") if find_spec(package) is None]
    if lacking:
        raise InputError(f"a local judge needs the package {lacking[0]!r}; type `{neutral_line('text')}`")
    if not (Path(folder) / "config.json").is_file():
        raise InputError(f"{FOLDER} {folder} holds no model: there is no config.json in it")
    return LocalJudge(Path(folder))


class JudgeAlignment:
    """The judge's rating of prompt following, divided by 10; of each element, its likeness to the reference.

    A judge that fails the calibration items is not believed, until it passes them again. What is not a rating
    (a refusal, other words) leaves the sample unscored with the reason.
    """

    info = _ChosenInfo()

    def __init__(self) -> None:
        self._judge: Judge | None = None
        self._asked = 0
        self._failure: str | None = None

    def score(self, sample: Sample) -> Score:
        """Score one sample.

        Raises:
            JudgeUnreachableError: the judge gave no answer; the next run tries again.
        """
        if self._judge is None:
            self._judge = chosen_judge()
        if isinstance(self._judge, ApiJudge) and network_is_closed():
            raise JudgeUnreachableError("the judge is behind an interface and the network is closed (offline mode)")
        if self._asked % CALIBRATE_EVERY == 0:
            count("judge:calibration")
            self._failure = calibration_failure(self._judge)
        self._asked += 1
        if self._failure:
            return Score(None, reason=f"the judge failed its calibration: {self._failure}")
        asked = question_about(sample)
        try:
            found = ratings(self._judge.answer(RUBRIC, asked), asked.elements)
        except NoRatingError as error:
            count("judge:refused" if error.refused else "judge:garbage")
            return Score(None, reason=str(error), details={"refused": error.refused})
        per_element = {name: ElementScore(value / TOP) for name, value in found.elements.items()}
        details: dict[str, Any] = {"frames": list(shown_frames(sample)), "refused": False}
        return Score(found.prompt / TOP, per_element=per_element, details=details)
