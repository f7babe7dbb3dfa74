import csv
import sys
from pathlib import Path

import pytest

import a2bench
from a2bench.errors import InputError
from a2bench.model.cases import load_suite
from a2bench.results.run import Run
from a2bench.results.summary import summarise
from a2bench.show.report import write_report

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from demo_run import Demo, write_demo_run  # noqa: E402


def test_a_notebook_gets_the_rows_of_the_table_and_the_means_of_the_report(tmp_path: Path) -> None:
    suite = load_suite("a2bench-mini").select(limit=4)
    runs = [
        write_demo_run(tmp_path / name, Demo(system=name, seeds=(0, 1), failed=failed, shared_video=True), suite)
        for name, failed in (("alpha", ()), ("beta", (suite.cases[0].id,)))
    ]
    table = a2bench.load_results(*map(str, runs))
    write_report(runs, tmp_path / "report")
    with (tmp_path / "report/tables/scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(table.columns) == list(rows[0]) and len(table) == len(rows)
    for (_, ours), theirs in zip(table.iterrows(), rows, strict=True):
        assert [ours["run"], ours["case"], str(ours["seed"]), ours["metric"], ours["element"], ours["status"]] == [
            theirs[key] for key in ("run", "case", "seed", "metric", "element", "status")
        ]
        assert theirs["value"] == ("" if ours["value"] != ours["value"] else repr(float(ours["value"])))
    whole = table[(table["run"] == "beta") & (table["element"] == "") & (table["metric"] == "text_alignment")]
    expected = summarise(Run.open(runs[1]).scores("text_alignment"), 8)
    assert whole["value"].mean() == pytest.approx(expected.mean) and whole["value"].isna().sum() == 2


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a run"):
        a2bench.load_results(tmp_path)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'load_result'"):
        a2bench.load_result  # noqa: B018
