import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from a2bench.cases import load_suite
from a2bench.cli import cli
from a2bench.errors import InputError

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from demo_run import Demo, write_demo_run  # noqa: E402


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_demo_run(tmp_path / "run", Demo(), load_suite("a2bench-mini").select(limit=2))


def test_report_of_one_run_goes_into_the_run_and_its_path_is_printed(run: Path) -> None:
    result = CliRunner().invoke(cli, ["report", str(run)], catch_exceptions=False)
    assert result.stdout.strip() == str(run / "report" / "index.html")
    assert (run / "report" / "tables" / "summary.csv").is_file()


def test_report_of_several_runs_goes_into_the_current_folder(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write_demo_run(tmp_path / "other", Demo(system="beta"), load_suite("a2bench-mini").select(limit=2))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["report", str(run), str(other), "--json"], catch_exceptions=False)
    document = json.loads(result.stdout)
    assert document["report"] == "report/index.html"
    assert len(document["tables"]) == 4 and document["unscored_runs"] == []
    assert (tmp_path / "report" / "index.html").is_file()


def test_run_without_scores_is_reported_and_said_to_be_so(tmp_path: Path) -> None:
    run = write_demo_run(tmp_path / "run", Demo(metrics=()), load_suite("a2bench-mini").select(limit=1))
    result = CliRunner().invoke(cli, ["report", str(run)], catch_exceptions=False)
    assert "has no scores yet" in result.stderr
    assert result.stdout.strip().endswith("index.html")


def test_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a run"):
        CliRunner().invoke(cli, ["report", str(tmp_path)], catch_exceptions=False)


def test_run_named_twice_is_refused(run: Path) -> None:
    with pytest.raises(InputError, match="named twice"):
        CliRunner().invoke(cli, ["report", str(run), str(run)], catch_exceptions=False)
