"""Splits, other wordings and seeds of a suite: how they are named, and what a system and the metrics get of them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from a2bench.base.data import fetched_path
from a2bench.errors import CaseError, UnknownNameError
from a2bench.model.cases import Suite, load_suite
from a2bench.suites.header import suite_as_of

SHORT = "a round stranger, a striped ball, a chequered field"
PORTUGUESE = {
    "prompt": "Um estranho redondo chuta uma bola listrada num campo xadrez.",
    "phrases": ["estranho redondo", "bola listrada", "campo xadrez"],
}


def rewrite(path: Path, *changes: dict[str, Any]) -> Suite:
    """Give the first cases of a suite other parts, one mapping for each."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for line, change in zip(lines, changes, strict=False):
        line.update(change)
    path.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    return load_suite(str(path))


@pytest.fixture
def parted(suite_path: Path) -> Path:
    rewrite(
        suite_path,
        {"split": "dev", "seeds": [3, 5], "variants": {"short": SHORT}, "translations": {"pt": PORTUGUESE}},
        {"split": "dev", "seeds": [7], "translations": {"pt": PORTUGUESE}},
        {"split": "test", "seeds": [0]},
    )
    return suite_path


def test_a_suite_without_these_parts_keeps_its_revision() -> None:
    revision = "812d05aa54a9"  # of a2bench-mini 1.0, made before there were such parts
    assert suite_as_of("a2bench-mini", revision).revision == revision


def test_a_split_is_named_behind_the_suite(parted: Path) -> None:
    dev = load_suite(f"{parted}:dev")
    assert [case.id for case in dev.cases] == ["case-0", "case-1"]
    assert (dev.name, dev.file_name, dev.address) == ("tiny:dev", "tiny-dev", f"{parted}:dev")
    assert load_suite(dev.address) == dev
    assert dev.revision != load_suite(str(parted)).revision


def test_a_variant_is_what_systems_and_metrics_read(parted: Path) -> None:
    short = load_suite(f"{parted}:dev:short")
    (case,) = short.cases
    assert case.prompt == short.asked(case).prompt == SHORT
    assert case.generation_identity()["prompt"] == case.scoring_identity()["prompt"] == SHORT


def test_a_language_is_for_systems_and_metrics_read_english(parted: Path) -> None:
    suite = load_suite(f"{parted}:pt")
    assert len(suite.cases) == 2
    case = suite.cases[0]
    asked = suite.asked(case)
    assert asked.prompt == PORTUGUESE["prompt"]
    assert [element.phrase for element in asked.elements] == PORTUGUESE["phrases"]
    assert case.prompt.startswith("In scene 0")
    assert case.scoring_identity() == load_suite(str(parted)).cases[0].scoring_identity()
    assert suite.revision != load_suite(f"{parted}:dev").revision


@pytest.mark.parametrize(
    ("parts", "error", "words"),
    [
        (":mini", UnknownNameError, "unknown part of suite 'tiny' 'mini'.*Known: dev, open, pt, short, test"),
        (":dev:test", CaseError, "dev and test exclude each other; name one split of tiny"),
        (":short:pt", CaseError, "pt and short exclude each other; name one variant or language"),
        (":test:pt", UnknownNameError, "unknown part of suite 'tiny:test' 'pt'"),
    ],
)
def test_parts_that_are_not_there_are_refused(parted: Path, parts: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        load_suite(f"{parted}{parts}")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"variants": {"short": "A ball."}}, "the phrase 'a round stranger' .* does not stand in the variant 'short'"),
        ({"variants": {"brief": SHORT}}, "variants.brief"),
        ({"translations": {"pt": {**PORTUGUESE, "phrases": ["bola"]}}}, "has 1 phrases, but the case has 3 elements"),
        (
            {"translations": {"pt": {**PORTUGUESE, "phrases": ["rei", "bola listrada", "campo xadrez"]}}},
            "the phrase 'rei' does not stand in the prompt of the translation 'pt'",
        ),
        ({"translations": {"Portuguese": PORTUGUESE}}, "translations.Portuguese"),
        ({"seeds": [1, 1]}, "the same seed stands twice"),
        ({"seeds": [-1]}, "seeds.0"),
        ({"split": "train"}, "split: Input should be 'mini', 'dev' or 'test'"),
    ],
)
def test_inconsistent_parts_are_refused(suite_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(CaseError, match=words):
        rewrite(suite_path, change)


def test_a_reference_that_is_not_beside_the_suite_is_found_where_it_was_fetched(suite_path: Path) -> None:
    image = load_suite(str(suite_path)).cases[0].elements[0].reference
    fetched = fetched_path(image.sha256, ".png")
    fetched.parent.mkdir(parents=True)
    shutil.move(image.path, fetched)
    assert image.verified_path() == fetched


def test_a_missing_reference_says_what_to_type(suite_path: Path) -> None:
    image = load_suite(str(suite_path)).cases[0].elements[0].reference
    image.path.unlink()
    with pytest.raises(
        CaseError, match="was not fetched; put it there or type `a2bench suites fetch SUITE`, or with --from DIR"
    ):
        image.verified_path()
