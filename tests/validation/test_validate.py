"""All controls through the harness, small and in this process: verdicts, the file for reports, the page in Markdown."""

from fractions import Fraction
from pathlib import Path

import pytest

from a2bench.base import registry
from a2bench.cli.validity_text import validity_lines, validity_markdown, verdict_document
from a2bench.model.systems import GenerationSettings
from a2bench.results.expectations import PREFIX
from a2bench.results.metric_facts import MetricVersion
from a2bench.results.validity_file import read_validity, standing, write_validity
from a2bench.run.execute import InlineExecutor
from a2bench.show.progress import TerminalProgress
from a2bench.validation.validate import ControlRuns, controls, run_controls

METRICS = ["temporal_flicker", "text_alignment"]
SMALL = GenerationSettings(width=96, height=64, num_frames=5, fps=Fraction(2))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> ControlRuns:
    folder = tmp_path_factory.mktemp("controls")
    return run_controls("a2bench-mini", 6, METRICS, folder, 1, TerminalProgress(-1), SMALL, InlineExecutor())


def test_every_control_is_run_and_every_metric_and_the_summary_judged(runs: ControlRuns) -> None:
    assert runs.complete and set(runs.scores) == set(controls())
    assert [info.name for info in runs.infos][:2] == METRICS
    assert {info.name for info in runs.infos} >= {PREFIX + "consistency", PREFIX + "headline"}
    flicker = [verdict for verdict in runs.verdicts if verdict.metric == "temporal_flicker"]
    assert flicker and all(verdict.met for verdict in flicker)


def test_the_file_marks_what_was_measured_and_nothing_else(runs: ControlRuns, tmp_path: Path) -> None:
    write_validity(tmp_path / "v.json", runs.file())
    file = read_validity(tmp_path / "v.json")
    assert (file.suite, file.cases, file.settings["width"]) == ("a2bench-mini", 6, 96)
    for name, state in (("temporal_flicker", "valid"), ("text_alignment", "not checked")):
        info = registry.load("metric", name).info
        made_with = MetricVersion(name, info.version, info.backend)
        assert standing(made_with, [file], info.expectations).state == state
    means = next(metric.means for metric in file.metrics if metric.name == "temporal_flicker")
    assert means["frozen"] == pytest.approx(1, abs=0.005) and (means["noise"] or 1) < 0.95


def test_the_page_has_a_column_for_every_control_and_a_line_for_every_expectation(runs: ControlRuns) -> None:
    page = validity_markdown(runs)
    head = next(line for line in page.splitlines() if line.startswith("| metric | "))
    assert head.count("|") == len(controls()) + 2
    assert page.count("\n| `temporal_flicker` | met | ") == 2
    assert "| `text_alignment` | not checked | " in page and "**fails**" not in page
    assert "expectations" in page and "6 cases of `a2bench-mini`, 5 frames of 96x64" in page
    assert any(line.startswith("temporal_flicker: valid") for line in validity_lines(runs))
    assert verdict_document(runs)["complete"] is True
