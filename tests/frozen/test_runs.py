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
    failed = [record for record in frozen.records(command.run, "samples.jsonl") if record["status"] == "failed"]
    assert plan["stages"]["generate"]["why"] == {f"{r['case']} seed {r['seed']}": r["error"] for r in failed}
    assert bool(failed) == (command.exit == 3)


@of_every_run
def test_the_scores_of_a_run_are_known(version: str, command: Command, read_only: ReadOnly, a2bench: A2Bench) -> None:
    frozen = read_only(version)
    plan = a2bench(frozen.place, "score", command.run, "--metrics", "sharpness", "--dry-run", "--json").document
    states = plan["stages"]["score"]["states"]
    recorded = Counter(record["status"] for record in frozen.records(command.run, "samples.jsonl"))
    # A new version of a metric makes scores stale. Those of samples without a video were never there.
    assert states.get("done", 0) + states.get("stale", 0) == recorded["done"]
    assert states.get("new", 0) == recorded["failed"]


def test_a_run_that_goes_on_makes_only_what_had_failed(working: Frozen) -> None:
    """Here the user has mended the adapter, which broke for one seed of two."""
    (command,) = [one for version, one in EVALS if version == working.version and "own_adapter:Fade" in one.argv]
    adapter = working.place / "own_adapter.py"
    adapter.write_text(adapter.read_text(encoding="utf-8").replace("if seed == 1:", "if False:"), encoding="utf-8")
    videos = working.place / command.run / "videos"
    before = {path.name: path.read_bytes() for path in videos.iterdir()}
    result = fresh_a2bench(working.place, *command.argv, "--json").document
    assert result["complete"] is True
    assert (result["stages"]["generate"]["resumed"], result["stages"]["generate"]["done"]) == (1, 2)
    after = {path.name: path.read_bytes() for path in videos.iterdir()}
    assert before.items() <= after.items() and len(after) == 2


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
            name = json.loads((frozen.place / run / "run.json").read_text(encoding="utf-8"))["system"]["name"]
            rows = [row for row in shown if row["run"] == name and not row["element"]]
            found = {(row["case"], row["seed"], row["metric"]): row["value"] for row in rows}
            assert recorded
            for record in recorded:
                value = found[record["case"], str(record["seed"]), record["metric"]]
                assert float(value) == pytest.approx(record["value"], abs=1e-6)


def test_a_run_is_compared_with_another(frozen: Frozen, a2bench: A2Bench) -> None:
    found = a2bench(frozen.place, "compare", *BOARD[:2], "--json").document
    (row,) = [row for row in found["rows"] if row["name"] == "sharpness"]
    for run, mean in ((BOARD[0], row["first"]), (BOARD[1], row["other"])):
        values = [r["value"] for r in frozen.records(run, "scores.jsonl") if r["metric"] == "sharpness"]
        assert mean == pytest.approx(sum(values) / len(values))
    assert a2bench(frozen.place, "compare", BOARD[0], BOARD[2]).code == 0


def test_costs_and_totals_of_all_runs_are_told(frozen: Frozen, a2bench: A2Bench) -> None:
    runs = [command.run for version, command in EVALS if version == frozen.version]
    costs = a2bench(frozen.place, "cost", *runs, "--json").document
    assert set(costs) == set(runs)
    assert (costs[BOARD[0]]["videos"], costs[BOARD[2]]["failed"]) == (4, 1)
    totals = a2bench(frozen.place, "totals", *runs, "--json").document
    assert set(totals["runs"]) == set(runs)


def test_the_spread_between_seeds_is_told(working: Frozen, a2bench: A2Bench) -> None:
    result = a2bench(working.place, "diversity", BOARD[1], "--json", "-q")
    assert result.code in (0, 3), result  # 3: the version of LPIPS is another, and has no weights here
    then = {record["case"]: record["value"] for record in working.records(BOARD[1], "diversity.jsonl")}
    now = {case["case"]: case["value"] for case in json.loads(result.out)["cases"]}
    assert now.keys() == then.keys() == {"astronaut-latte", "officer-book-arcade"}
    for case, value in now.items():
        assert value is None or value == pytest.approx(then[case], rel=0.01)
