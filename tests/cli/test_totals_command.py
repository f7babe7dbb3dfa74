import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from a2bench.cli import cli
from a2bench.errors import InputError
from a2bench.model.cases import load_suite
from a2bench.peers.definitions import SUITES
from a2bench.peers.own import Measured, totals_of_run

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from demo_run import Demo, write_demo_run  # noqa: E402


def test_published_tables_are_printed_with_totals_computed_again() -> None:
    result = CliRunner().invoke(cli, ["totals", "--published"], catch_exceptions=False)
    assert "Kling 1.6            0.826    0.826" in result.stdout
    assert "reported, not measured here" in result.stdout
    assert "does not follow from" in result.stdout or "do not follow from" in result.stdout
    document = json.loads(CliRunner().invoke(cli, ["totals", "--published", "--json"], catch_exceptions=False).stdout)
    assert len(document["reported"]) == 4 + 42 + 40 + 9


def test_a_run_is_shown_with_its_summary_and_what_it_lacks_for_the_totals_of_others(tmp_path: Path) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), load_suite("a2bench-mini").select(limit=2))
    result = CliRunner().invoke(cli, ["totals", str(run)], catch_exceptions=False)
    assert "measured here" in result.stdout and "Consistency" in result.stdout
    assert "motion smoothness             -  needs the interpolator AMT-S" in result.stdout
    document = json.loads(CliRunner().invoke(cli, ["totals", str(run), "--json"], catch_exceptions=False).stdout)
    assert [suite["suite"] for suite in document["runs"][str(run)]["others"]] == [
        "a2-bench",
        "opens2v-v1.1-open",
        "vbench",
    ]


def test_a_metric_counts_as_anothers_only_with_its_network_and_at_full_coverage() -> None:
    measured = Measured("MUSIQ-SPAQ (pyiqa)", mean=0.7, scored=3, total=3)
    for change, value, reason in [
        ({}, 70.0, None),
        ({"backend": "other"}, None, "imaging_quality is by other, not by MUSIQ-SPAQ"),
        ({"scored": 2}, None, "imaging_quality has a value for 2 of 3 videos"),
    ]:
        vbench = totals_of_run({"imaging_quality": measured._replace(**change)})[-1]
        assert vbench["dimensions"]["imaging_quality"] == value
        assert vbench["reasons"].get("imaging_quality") == reason
        assert vbench["totals"]["quality"]["value"] is None


def test_every_dimension_of_every_suite_has_a_source_or_a_reason() -> None:
    for suite in totals_of_run({}):
        assert suite["dimensions"].keys() == SUITES[suite["suite"]].dimensions.keys() == suite["reasons"].keys()


def test_no_argument_says_what_to_type() -> None:
    result = CliRunner().invoke(cli, ["totals"])
    assert isinstance(result.exception, InputError) and "a2bench totals --published" in str(result.exception)


def test_a_name_from_outside_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a2.csv"
    path.write_text("model,human_face_similarity,env_clip\nred\x1b[31m,0.5,0.6\n")
    result = CliRunner().invoke(cli, ["totals", str(path)], catch_exceptions=False)
    assert "\x1b" not in result.stdout and "red" in result.stdout


@pytest.mark.parametrize("name", ["nothing.json", "nowhere"])
def test_what_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    result = CliRunner().invoke(cli, ["totals", str(tmp_path / name)])
    assert isinstance(result.exception, InputError) and "no such file or folder" in str(result.exception)
