import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from a2bench.cli import cli
from a2bench.errors import InputError
from a2bench.model.cases import load_suite

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
    assert len(document["tables"]) == 5 and document["unscored_runs"] == []
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


def test_results_of_other_suites_stand_beside_a_run_marked_as_reported(run: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "a2.csv"
    hostile.write_text("model,human_face_similarity,env_clip\n<img src=x onerror=alert(1)>,0.5,0.6\n")
    given = ["report", str(run), "--beside", "a2-bench", "--beside", str(hostile)]
    CliRunner().invoke(cli, given, catch_exceptions=False)
    page = (run / "report" / "index.html").read_text()
    assert "SkyReels-A2, arXiv:2504.02436, Table 1" in page and "<img src=x" not in page
    overview = json.loads(page.split('id="overview">')[1].split("</script>")[0])
    published, own = overview["reported"]
    assert [row["totals"][0]["value"] for row in published["rows"]] == pytest.approx(
        [0.807, 0.821, 0.826, 0.818], abs=5e-4
    )
    assert own["rows"][0]["totals"][0]["value"] is None and "clip" in own["rows"][0]["totals"][0]["missing"]


def test_metrics_and_summary_are_marked_by_a_file_of_verdicts(run: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["report", str(run)], catch_exceptions=False)
    overview = json.loads((run / "report/index.html").read_text().split('id="overview">')[1].split("</script>")[0])
    # The demo's scores are by an invented back-end, so that no verdict can be of them.
    assert {metric["validity"]["state"] for metric in overview["metrics"]} == {"not checked"}
    assert [row["name"] for row in overview["totals"][0]] == ["consistency", "text", "quality", "motion", "headline"]
    assert ",not checked," in (run / "report/tables/totals.csv").read_text()
    (tmp_path / "v.json").write_text("{}")
    result = CliRunner().invoke(cli, ["report", str(run), "--validity", str(tmp_path / "v.json")])
    assert isinstance(result.exception, InputError) and "is no result of `a2bench metrics validate`" in str(
        result.exception
    )
