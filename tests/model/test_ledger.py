"""From what frames show to states, time lines and verdicts: the arithmetic of the element ledger."""

import pytest

from a2bench.model.ledger import (
    Limits,
    Observation,
    Span,
    State,
    make_entry,
    read_entry,
    state_of,
    steadied,
    time_line,
    verdict_of,
)

LIMITS = Limits(drifted=0.5, pasted=0.8)
HERE = Observation(0.9, (0.0, 0.0, 10.0, 10.0))


def entry_of(*observations: Observation, fps: float = 4.0):  # type: ignore[no-untyped-def]
    return make_entry(observations, LIMITS, range(len(observations)), len(observations), fps, "test")


@pytest.mark.parametrize(
    ("observation", "state"),
    [
        (Observation(0.9), "kept"),
        (Observation(0.4), "drifted"),
        (Observation(0.9, pasted=0.8), "pasted"),
        (Observation(0.4, pasted=0.9), "drifted"),
        (Observation(0.9, copies=2, pasted=0.9), "duplicated"),
        (Observation(0.0), "lost"),
        (Observation(0.0, other="stranger"), "swapped"),
    ],
)
def test_a_frame_shows_one_state(observation: Observation, state: State) -> None:
    assert state_of(observation, LIMITS) == state


def test_absent_is_zero_and_half_presence_is_half() -> None:
    assert entry_of(*[HERE] * 8)["score"] == pytest.approx(0.9)
    half = entry_of(*[HERE] * 4, *[Observation(0.0)] * 4)
    assert half["score"] == pytest.approx(0.45)
    assert (half["presence"], half["fidelity"]) == (0.5, pytest.approx(0.9))
    gone = entry_of(*[Observation(0.0)] * 8)
    assert (gone["score"], gone["fidelity"], gone["verdict"]) == (0, None, "lost")
    assert gone["first_seen"] is gone["last_seen"] is None and gone["longest_absence"] == 2.0


def test_times_are_halfway_between_the_frames_that_differ() -> None:
    entry = entry_of(*[Observation(0.0)] * 3, *[HERE] * 4, Observation(0.0), Observation(0.0))
    assert entry["spans"] == [Span("lost", 0, 0.75), Span("kept", 0.75, 1.75), Span("lost", 1.75, 2.25)]
    assert (entry["first_seen"], entry["last_seen"], entry["longest_absence"]) == (0.75, 1.75, 0.75)
    assert time_line(["kept", "lost"], [4, 12], 16, 8.0) == [Span("kept", 0, 1.0625), Span("lost", 1.0625, 2.0)]


def test_one_frame_is_a_slip_only_between_longer_stretches_of_one_state() -> None:
    assert steadied(["kept"] * 3 + ["lost"] + ["kept"] * 3) == ["kept"] * 7
    assert steadied(["kept", "kept", "swapped", "lost", "lost"]) == ["kept", "kept", "swapped", "lost", "lost"]
    quick: list[State] = ["kept", "lost"] * 4
    assert steadied(quick) == quick, "a quick flicker is not smoothed away"
    assert steadied(["swapped", "kept", "kept"])[0] == "swapped", "a flash in the first frame stays"
    assert steadied(["kept"]) == ["kept"] and steadied([]) == []


def test_the_verdict_is_the_gravest_that_lasts() -> None:
    assert verdict_of({"kept": 0.8, "lost": 0.2}) == "kept"
    assert verdict_of({"kept": 0.79, "lost": 0.21}) == "lost"
    assert verdict_of({"pasted": 0.5, "lost": 0.5}) == "lost"
    assert verdict_of({"kept": 0.6, "drifted": 0.3, "lost": 0.1}) == "drifted"
    assert verdict_of({"pasted": 0.7, "swapped": 0.2, "lost": 0.1}) == "swapped"
    assert verdict_of({"kept": 0.7, "duplicated": 0.15, "lost": 0.15}) == "lost"
    assert verdict_of({"pasted": 1.0}) == "pasted"


def test_shares_add_up_whatever_the_length_of_the_steps() -> None:
    observations = [HERE, HERE, Observation(0.0), Observation(0.0, other="stranger"), Observation(0.2)]
    entry = make_entry(observations, LIMITS, [1, 3, 4, 30, 77], 81, 16.0, "test")
    assert sum(entry["shares"].values()) == pytest.approx(1)
    assert entry["spans"][-1].end == pytest.approx(81 / 16)
    assert entry["others"] == {"stranger": 1}
    assert entry["resolution"] == pytest.approx(47 / 16)


def test_one_frame_is_a_whole_video() -> None:
    entry = entry_of(HERE, fps=16.0)
    assert entry["spans"] == [Span("kept", 0, 1 / 16)] and entry["verdict"] == "kept"
    assert entry["resolution"] == 1 / 16


def test_an_entry_comes_back_from_json() -> None:
    import json

    entry = entry_of(HERE, HERE, Observation(0.0), Observation(0.0))
    again = read_entry(json.loads(json.dumps(entry)))
    assert again["spans"] == entry["spans"] and again["spans"][0].state == "kept"
    assert again["boxes"] == [[0, 0, 10, 10], [0, 0, 10, 10], None, None]
