"""What was made over version 1.0 of the built-in suites stays as good as new, however many cases come after.

``identities_of_1.0.json`` was written by A2Bench 0.1.0 (commit 305dfc5): for each suite or part its revision and for
each case digests of its generation identity, its scoring identity and the identities of all 16 controls with it.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from a2bench.adapters.controls import Shuffled
from a2bench.base import registry
from a2bench.base.hashing import value_sha256
from a2bench.model.cases import Case, Suite, load_suite
from a2bench.suites.header import read_header, suite_as_of

FROZEN: dict[str, Any] = json.loads((Path(__file__).parent / "identities_of_1.0.json").read_text("utf-8"))


def controls(suite: Suite) -> dict[str, Any]:
    found = {}
    for name in registry.paths("adapter"):
        made = registry.load("adapter", name)
        if getattr(getattr(made, "meta", None), "kind", None) == "control" and hasattr(made, "identity"):
            found[name] = made()
            if hasattr(found[name], "prepare"):
                found[name].prepare(suite)
    return found


@pytest.mark.parametrize("address", FROZEN)
def test_the_identities_of_the_first_cases_and_of_all_controls_over_them_are_what_they_were(address: str) -> None:
    suite = load_suite(address)
    systems = controls(suite)
    assert {"collage", "shuffled", "swapped"} < systems.keys() and len(systems) == 16
    cases = {case.id: case for case in suite.cases}
    for case_id, (generation, scoring, own) in FROZEN[address]["cases"].items():
        case = cases[case_id]
        asked = suite.asked(case)
        assert value_sha256(asked.generation_identity())[:12] == generation, case_id
        assert value_sha256(case.scoring_identity())[:12] == scoring, case_id
        assert value_sha256({name: each.identity(asked) for name, each in systems.items()})[:12] == own, case_id


@pytest.mark.parametrize("address", FROZEN)
def test_the_first_version_and_its_parts_can_be_had_as_they_were(address: str) -> None:
    suite = suite_as_of(address, FROZEN[address]["revision"])
    assert suite.revision == FROZEN[address]["revision"]
    assert [case.id for case in suite.cases] == list(FROZEN[address]["cases"])
    assert (suite.name, suite.is_built_in) == (address, True)


def test_a_revision_that_no_release_had_gives_the_suite_as_it_is() -> None:
    assert suite_as_of("a2bench-mini", "0" * 12) == load_suite("a2bench-mini")


@pytest.mark.parametrize("name", ["a2bench-mini", "a2bench-v1"])
def test_every_case_says_which_version_brought_it(name: str) -> None:
    suite = load_suite(name)
    header = read_header(suite.path)
    assert header is not None
    known: set[str] = set()
    for number, release in enumerate(header.releases):
        brought = {case.id for case in suite.cases if case.since == (release.version if number else None)}
        assert set(release.order) - known == brought
        known |= brought
    if not header.version.endswith("-draft"):
        assert known == {case.id for case in suite.cases}


@pytest.fixture
def distinct(suite: Suite) -> Suite:
    """The tiny suite, whose phrases differ, so that each case can lend to each."""
    cases = tuple(
        case.model_copy(
            update={
                "elements": tuple(
                    element.model_copy(update={"phrase": f"{element.phrase} {case.id}"}) for element in case.elements
                )
            }
        )
        for case in suite.cases
    )
    return Suite(suite.name, suite.path, cases)


def shown(suite: Suite, case: Case) -> list[str]:
    system = Shuffled()
    system.prepare(suite)
    return [element.reference.file for element in system.shown(case) if element]


def test_a_case_of_a_later_version_lends_nothing_to_earlier_ones(distinct: Suite) -> None:
    suite = distinct
    first, second, third = suite.cases
    assert first.id < second.id < third.id
    before = Suite("before", suite.path, (first, third))
    new = second.model_copy(update={"since": "1.1"})
    after = Suite("after", suite.path, (new, third, first))
    assert shown(after, first) == shown(before, first) != shown(suite, first)
    assert shown(after, third) == shown(before, third)
    assert shown(after, new) == shown(suite, second)
    newer = third.model_copy(update={"since": "1.10"})  # ten is more than nine
    assert shown(Suite("numbers", suite.path, (first, second.model_copy(update={"since": "1.9"}), newer)), newer)


def test_no_control_turns_on_the_order_of_the_cases(distinct: Suite) -> None:
    suite = distinct
    turned = Suite(suite.name, suite.path, suite.cases[::-1])
    for case in suite.cases:
        assert {name: each.identity(case) for name, each in controls(suite).items()} == {
            name: each.identity(case) for name, each in controls(turned).items()
        }
