"""Plots for papers: what they show, what they say of what is missing, and that equal boards give equal bytes."""

import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from a2bench.cli import cli
from a2bench.errors import InputError, UnknownNameError
from a2bench.model.cases import load_suite
from a2bench.run.store import RunStore
from a2bench_leaderboard import plots

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from demo_run import METRICS, Demo, write_demo_run  # noqa: E402

MINI = load_suite("a2bench-mini")


def command(*words: Any) -> Any:
    return CliRunner().invoke(cli, ["board", *map(str, words)], standalone_mode=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three systems, of which one lacks a video, and a control; without ledgers."""
    place = tmp_path_factory.mktemp("plots")
    metrics = (*METRICS, "niqe", "temporal_flicker", "motion_smoothness")
    runs = []
    for name, facts in (
        ("alpha", {"quality": 0.9}), ("beta", {"quality": 0.3}),
        ("gamma", {"failed": (MINI.cases[0].id,)}), ("collage", {"quality": 0.95}),
    ):  # fmt: skip
        demo = Demo(system=name, shared_video=True, flaws=0.0, metrics=metrics, **facts)
        runs.append(write_demo_run(place / name, demo, MINI))
        store = RunStore(runs[-1])
        manifest = store.manifest()
        kind = "control" if name == "collage" else "system"
        system = manifest.system.model_copy(update={"kind": kind})
        store.write_manifest(manifest.model_copy(update={"system": system, "adapter": "command", "options": {}}))
    assert command("build", *runs, "-o", place / "board", "--media", "none").return_value == 0
    return place / "board"


@pytest.fixture(scope="module")
def board(folder: Path) -> plots.Board:
    return plots.load_board(folder)


def texts(figure: Any) -> str:
    """Everything that is written on a figure."""
    (axes,) = figure.axes
    labels = [*axes.get_yticklabels(), *axes.texts, axes.xaxis.label, axes.yaxis.label]
    return " | ".join(label.get_text() for label in labels)


def test_a_forest_has_every_interval_and_says_what_has_no_value(board: plots.Board) -> None:
    figure = plots.forest(board)
    (axes,) = figure.axes
    intervals = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    cells = [entry["numbers"]["all"]["summary:headline"] for entry in board.entries]
    assert intervals == [(cell["low"], cell["high"]) for cell in cells if cell["value"] is not None]
    assert f"no value ({len(MINI.cases) - 1} of {len(MINI.cases)} samples)" in texts(figure)
    assert [label.get_text() for label in axes.get_yticklabels()] == [entry["name"] for entry in board.entries]


def test_ranks_are_of_systems_only_and_as_wide_as_what_is_possible(board: plots.Board) -> None:
    figure = plots.ranks(board, "niqe")
    assert "collage" not in texts(figure) and "gamma" in texts(figure) and "not ranked" in texts(figure)


def test_cost_has_intervals_on_both_axes(board: plots.Board) -> None:
    figure = plots.cost(board)
    assert "seconds of a worker per video" in texts(figure) and "alpha" in texts(figure)
    with pytest.raises(InputError, match="no price was given"):
        plots.cost(board, "price")


def test_a_ledger_is_drawn_by_verdict(board: plots.Board) -> None:
    with pytest.raises(InputError, match="element_integrity"):
        plots.ledger(board)
    counts = {"alpha": {"kept": 3, "lost": 1}, "beta": {"swapped": 2}, "gamma": {}, "collage": {"pasted": 5}}
    figure = plots.ledger(plots.Board(board.document, counts))
    (axes,) = figure.axes
    widths = {round(bar.get_width()) for bar in axes.patches if bar.get_width()}
    assert widths == {75, 25, 100} and "no ledger" in texts(figure)


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_equal_boards_give_equal_bytes(folder: Path, tmp_path: Path, kind: str) -> None:
    for name in ("one", "two"):
        result = command("plot", folder, "--kind", "forest", "-o", tmp_path / f"{name}.{kind}")
        assert result.return_value == 0, result.exception
    one = (tmp_path / f"one.{kind}").read_bytes()
    assert one == (tmp_path / f"two.{kind}").read_bytes() and len(one) > 2000


def test_what_cannot_be_drawn_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "a.pdf"
    assert "name it .pdf, .svg or .png" in str(command("plot", folder, "--kind", "forest", "-o", "a.gif").exception)
    assert "is no board" in str(command("plot", tmp_path, "--kind", "forest", "-o", picture).exception)
    unknown = command("plot", folder, "--kind", "forest", "--number", "nique", "-o", picture).exception
    assert isinstance(unknown, UnknownNameError) and "niqe" in str(unknown)
    assert "not of cost" in str(command("plot", folder, "--kind", "cost", "--number", "niqe", "-o", picture).exception)
    assert not picture.exists()


def test_nothing_of_pyplot_is_touched(board: plots.Board) -> None:
    plots.forest(board)
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
