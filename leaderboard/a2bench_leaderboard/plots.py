"""Plots of a board for papers: vector graphics at the width of a column, with intervals, and what is missing said.

::

    from a2bench_leaderboard import plots

    board = plots.load_board("board")  # a folder of `a2bench board build`
    plots.forest(board, "summary:headline").savefig("headline.pdf")  # or plots.save, whose bytes are reproducible

Every function returns a `matplotlib.figure.Figure` of its own; nothing of pyplot is touched. Colours are those of Okabe
and Ito (2008), which people with colour blindness tell apart.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from a2bench.assets.extras import install_line
from a2bench.base.files import check_outside_of_runs, explained_output_errors, replacing
from a2bench.errors import InputError, UnknownNameError
from a2bench.model.ledger import STATES, State
from a2bench_leaderboard.board.figures import cost_points
from a2bench_leaderboard.board.reading import INPUTS, read_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 3.4
"""Inches: a column of a paper with two."""
ROW = 0.2
BLACK, GREY = "#000000", "#8c8c8c"
COLOURS: dict[State, str] = {
    "kept": "#009e73",
    "drifted": "#f0e442",
    "pasted": "#56b4e9",
    "duplicated": "#0072b2",
    "swapped": "#cc79a7",
    "lost": "#d55e00",
}
STYLE = {
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.0,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "a2bench",
}
METADATA = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}


@dataclass(frozen=True)
class Board:
    """A board's numbers.

    document: of ``leaderboard.json``. verdicts: for each entry how often its elements got each verdict; empty for one
    without ledgers.
    """

    document: Mapping[str, Any]
    verdicts: Mapping[str, Mapping[str, int]]

    @property
    def entries(self) -> list[Mapping[str, Any]]:
        """Systems from the best on, then controls."""
        return list(self.document["entries"])

    def column(self, name: str | None) -> Mapping[str, Any]:
        """What a number is; the one that the board is ordered by where none is named.

        Raises:
            UnknownNameError: the board has no number of that name.
        """
        columns = {column["name"]: column for column in self.document["columns"]}
        name = name or self.document["order"]
        if name not in columns:
            raise UnknownNameError("number of this board", str(name), columns)
        found: Mapping[str, Any] = columns[name]
        return found


def load_board(folder: str | Path) -> Board:
    """Read the folder of a board.

    Raises:
        InputError: it is no board, or damaged.
    """
    path = Path(folder)
    verdicts = {
        entry["name"]: Counter(
            one["verdict"] for sample in entry["ledger"] or () for one in sample or () if one["verdict"]
        )
        for entry in read_json(path, INPUTS)["entries"]
    }
    return Board(read_json(path, "leaderboard.json"), verdicts)


def forest(board: Board, column: str | None = None) -> "Figure":
    """One number of all entries with 95 % intervals over cases; controls are hollow, what has no value says why."""
    facts = board.column(column)
    entries = board.entries
    figure, axes = _figure(len(entries))
    for row, entry in enumerate(entries):
        cell = entry["numbers"]["all"][facts["name"]]
        if cell["value"] is None:
            _missing(axes, row, f"no value ({cell['scored']} of {cell['total']} samples)")
            continue
        if cell["low"] is not None:
            axes.plot([cell["low"], cell["high"]], [row, row], color=_tone(entry), solid_capstyle="butt")
        axes.plot(cell["value"], row, "o", color=_tone(entry), markersize=4, markerfacecolor=_face(entry))
    _rows(axes, [entry["name"] for entry in entries])
    axes.set_xlabel(_label(facts))
    return figure


def ranks(board: Board, column: str | None = None) -> "Figure":
    """The ranks that remain possible for each system, by paired tests with Holm's correction."""
    facts = board.column(column)
    systems = [entry for entry in board.entries if entry["kind"] == "system"]
    cells = [entry["numbers"]["all"][facts["name"]] for entry in systems]
    if not any(cell.get("ranks") for cell in cells):
        raise InputError(f"nothing is ranked by {facts['name']!r}: that needs two systems with a value for every case")
    figure, axes = _figure(len(systems))
    for row, cell in enumerate(cells):
        if not cell.get("ranks"):
            _missing(axes, row, f"not ranked: {cell.get('unranked') or 'no value'}")
            continue
        best, worst = cell["ranks"]
        axes.plot([best - 0.25, worst + 0.25], [row, row], color=BLACK, linewidth=4, solid_capstyle="butt")
    _rows(axes, [entry["name"] for entry in systems])
    axes.set_xlim(0.5, len(systems) + 0.5)
    axes.set_xticks(range(1, len(systems) + 1))
    axes.set_xlabel(f"rank by {facts['title']}, 95 %")
    return figure


def cost(board: Board, what: str = "seconds") -> "Figure":
    """The board's main number against what a video costs (``seconds`` of a worker, or ``price``), with intervals."""
    if what not in ("seconds", "price"):
        raise UnknownNameError("cost", what, ["price", "seconds"])
    points, left_out = cost_points(board.document, what)
    if not points:
        raise InputError(f"nothing is known of the {what} of a video: {left_out[0]}")
    figure, axes = _figure(8)
    axes.set_xscale("log")
    ticks = import_module("matplotlib.ticker")
    axes.xaxis.set_major_locator(ticks.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(ticks.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(ticks.NullFormatter())
    for number, point in enumerate(sorted(points, key=lambda point: point.y)):
        tone = GREY if point.is_control else BLACK
        if point.x_ends:
            axes.plot(point.x_ends, [point.y, point.y], color=tone, linewidth=0.7)
        if point.y_ends:
            axes.plot([point.x, point.x], point.y_ends, color=tone, linewidth=0.7)
        axes.plot(
            point.x, point.y, "o", color=tone, markersize=4, markerfacecolor="white" if point.is_control else tone
        )
        away = ((4, 2), "left") if number % 2 else ((-4, 2), "right")  # neighbours' names on two sides
        axes.annotate(
            _plain(point.name), (point.x, point.y), away[0], textcoords="offset points", fontsize=6, ha=away[1]
        )
    axes.set_xlabel({"seconds": "seconds of a worker per video", "price": "price per video"}[what])
    axes.set_ylabel(_label(board.column(None)))
    if left_out:
        told = f"not shown: {len(left_out)} of {len(points) + len(left_out)} entries"
        axes.set_title(told, loc="right", color=GREY, fontsize=6, style="italic")
    return figure


def ledger(board: Board) -> "Figure":
    """How often the elements of each entry were kept, drifted, pasted, duplicated, swapped or lost."""
    entries = board.entries
    if not any(board.verdicts[entry["name"]] for entry in entries):
        raise InputError("no entry of this board has element ledgers; score the runs with the metric element_integrity")
    figure, axes = _figure(len(entries) + 2)
    for row, entry in enumerate(entries):
        counts = board.verdicts[entry["name"]]
        total = sum(counts.get(state, 0) for state in STATES)  # None where the others cover an element all the time
        if not total:
            _missing(axes, row, "no ledger")
            continue
        left = 0.0
        for state in STATES:
            share = 100 * counts.get(state, 0) / total
            axes.barh(row, share, left=left, color=COLOURS[state], height=0.7, label=state if row == 0 else None)
            left += share
    _rows(axes, [entry["name"] for entry in entries])
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of the elements, %")
    handles = [_patch(COLOURS[state]) for state in STATES]
    axes.legend(handles, STATES, ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1.0), frameon=False, fontsize=6)
    return figure


KINDS: dict[str, Callable[..., "Figure"]] = {"forest": forest, "ranks": ranks, "cost": cost, "ledger": ledger}


def save(figure: "Figure", path: Path) -> None:
    """Write a figure as PDF, SVG or PNG by the name of the file; equal figures give equal bytes.

    Raises:
        InputError: another kind of file.
        OutputError: it cannot be written.
    """
    kind = path.suffix.lower().lstrip(".")
    if kind not in METADATA:
        raise InputError(f"{path.name!r} is no kind of picture that is made here; name it .pdf, .svg or .png")
    check_outside_of_runs(path)
    with explained_output_errors(path.parent), _style():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            figure.savefig(temporary, format=kind, dpi=300, bbox_inches="tight", metadata=METADATA[kind])


def _style() -> AbstractContextManager[None]:
    try:
        import matplotlib as mpl
    except ImportError:
        raise InputError(f"plots need matplotlib; type `{install_line('leaderboard')}`") from None
    return mpl.rc_context(STYLE)  # type: ignore[arg-type]


def _figure(rows: int) -> "tuple[Figure, Axes]":
    with _style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, 0.6 + ROW * max(rows, 2)), layout="constrained")
        return figure, figure.add_subplot()


def _rows(axes: "Axes", names: Sequence[str]) -> None:
    """Names down the left, the first on top."""
    axes.set_yticks(range(len(names)), [_plain(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _missing(axes: "Axes", row: int, why: str) -> None:
    transform = axes.get_yaxis_transform()
    axes.text(0.02, row, _plain(why), transform=transform, va="center", color=GREY, fontsize=6, style="italic")


def _label(facts: Mapping[str, Any]) -> str:
    better = {"higher": " (higher is better)", "lower": " (lower is better)"}.get(facts["direction"], "")
    unit = f", {facts['unit']}" if facts["unit"] else ""
    return _plain(f"{facts['title']}{unit}{better}")


def _plain(text: str) -> str:
    """Text that is not read as mathematics."""
    return text.replace("$", r"\$")


def _tone(entry: Mapping[str, Any]) -> str:
    return GREY if entry["kind"] == "control" else BLACK


def _face(entry: Mapping[str, Any]) -> str:
    return "white" if entry["kind"] == "control" else BLACK


def _patch(colour: str) -> Any:
    return import_module("matplotlib.patches").Patch(color=colour)
