"""Runs of earlier releases: no video is made again, every number is still shown, and reading them changes nothing."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from frozen_data import EVAL_IDS, EVALS, A2Bench, Command, Frozen, fresh_a2bench

ReadOnly = Callable[[str], Frozen]
of_every_run = pytest.mark.parametrize(("version", "command"), EVALS, ids=EVAL_IDS)

BOARD = ("runs/collage-a2bench-mini", "runs/noise", "runs/实验一", "runs/second try")


@of_every_run
def test_the_command_that_made_a_run_finds_no_video_to_make(
    version: str, command: Command, read_only: ReadOnly
) -> None:
    frozen = read_only(version)
    plan = fresh_a2bench(frozen.place / command.folder, *command.argv, "--dry-run", "--json").document
    recorded = Counter(record["status"] for record in frozen.records(command.run, "samples.jsonl"))
    assert recorded["done"] > 0
    assert plan["stages"]["generate"]["states"] == recorded  # what failed is tried again; nothing is new or stale


@of_every_run
def test_the_scores_of_a_run_are_known(version: str, command: Command, read_only: ReadOnly, a2bench: A2Bench) -> None:
    frozen = read_only(version)
    plan = a2bench(frozen.place, "score", command.run, "--metrics", "sharpness", "--dry-run", "--json").document
    states = plan["stages"]["score"]["states"]
    recorded = Counter(record["status"] for record in frozen.records(command.run, "samples.jsonl"))
    # A new version of a metric makes scores stale. Those of samples without a video were never there.
    assert states.get("done", 0) + states.get("stale", 0) == recorded["done"]
    assert states.get("new", 0) == recorded["failed"]


def test_a_failed_sample_says_why_and_is_to_be_tried_again(read_only: ReadOnly) -> None:
    reasons = {}
    for version, command in EVALS:
        if command.exit == 3:
            place = read_only(version).place
            plan = fresh_a2bench(place / command.folder, *command.argv, "--dry-run", "--json").document
            reasons |= {(command.run, sample): why for sample, why in plan["stages"]["generate"]["why"].items()}
    assert "no video for case" in reasons["runs/实验一", "officer-book-arcade seed 1"]
    assert "no memory left for request.json" in reasons["runs/second try", "officer-book-arcade seed 0"]
    assert "weights of the wrong shape" in reasons["runs/own adapter, lr=1", "officer-book-arcade seed 1"]


def test_a_run_that_goes_on_makes_only_what_had_failed(working: Frozen) -> None:
    """Here the missing video is handed in later: it alone is taken over and scored."""
    videos = working.place / "videos"
    (videos / "officer-book-arcade_1.mp4").write_bytes((videos / "officer-book-arcade_0.mp4").read_bytes())
    (command,) = [command for version, command in EVALS if version == working.version and command.run == BOARD[2]]
    before = {path.name: path.read_bytes() for path in (working.place / command.run / "videos").iterdir()}
    result = fresh_a2bench(working.place, *command.argv, "--metrics", "sharpness", "--json").document
    assert result["complete"] is True
    assert (result["stages"]["generate"]["resumed"], result["stages"]["generate"]["done"]) == (3, 4)
    after = {path.name: path.read_bytes() for path in (working.place / command.run / "videos").iterdir()}
    assert before.items() <= after.items() and len(after) == len(before) + 1


@pytest.mark.parametrize("together", [True, False], ids=["side-by-side", "one-by-one"])
def test_reports_show_every_score(together: bool, frozen: Frozen, a2bench: A2Bench, tmp_path: Path) -> None:
    runs = [command.run for version, command in EVALS if version == frozen.version]
    groups = [list(BOARD)] if together else [[run] for run in runs]
    for number, group in enumerate(groups):
        result = a2bench(frozen.place, "report", *group, "-o", tmp_path / f"{number}")
        assert result.code == 0, result
        shown = list(csv.DictReader((tmp_path / f"{number}/tables/scores.csv").read_text().splitlines()))
        for run in group:
            recorded = [record for record in frozen.records(run, "scores.jsonl") if record["status"] == "scored"]
            rows = [row for row in shown if not row["element"] and (row["run"] == Path(run).name or not together)]
            found = {(row["case"], row["seed"], row["metric"]): row["value"] for row in rows}
            assert recorded
            for record in recorded:
                value = found[record["case"], str(record["seed"]), record["metric"]]
                assert float(value) == pytest.approx(record["value"], abs=1e-6)


def test_a_run_is_compared_with_another(frozen: Frozen, a2bench: A2Bench) -> None:
    found = a2bench(frozen.place, "compare", *BOARD[:2], "--json").document
    rows = {row["name"]: row for row in found["rows"]}
    assert {"sharpness", "temporal_flicker"} <= rows.keys()
    assert json.dumps(rows["sharpness"]).count("null") == 0
    assert a2bench(frozen.place, "compare", BOARD[0], BOARD[2]).code == 0


def test_costs_and_totals_of_all_runs_are_told(frozen: Frozen, a2bench: A2Bench) -> None:
    runs = [command.run for version, command in EVALS if version == frozen.version]
    costs = a2bench(frozen.place, "cost", *runs, "--json").document
    assert set(costs) == set(runs)
    assert (costs[BOARD[0]]["videos"], costs[BOARD[2]]["failed"]) == (4, 1)
    totals = a2bench(frozen.place, "totals", *runs, "--json").document
    assert set(totals["runs"]) == set(runs)


def test_the_spread_between_seeds_is_measured(working: Frozen, a2bench: A2Bench) -> None:
    result = a2bench(working.place, "diversity", BOARD[1], "--json", "-q")
    assert result.code in (0, 3), result  # 3: LPIPS has no weights here, which it says case by case
    assert {case["case"] for case in json.loads(result.out)["cases"]} == {"astronaut-latte", "officer-book-arcade"}
