"""Figures of the board's page as inline SVG without style or script: cost against quality, profiles as a radar."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from a2bench.base.text import number_text
from a2bench_leaderboard.columns import HEADLINE_COLUMN, WITHOUT_TEXT_COLUMN

Document = Mapping[str, Any]
WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 58, 24, 18, 48
NUM_RADAR = 6
"""A radar of more systems than these cannot be read."""
_WORDS = {"seconds": "seconds of a worker per video", "price": "price per video"}


class Point(NamedTuple):
    """One entry of a plot: ``x`` and ``y`` as they are, each with the ends of its interval or None."""

    name: str
    is_control: bool
    x: float
    x_ends: tuple[float, float] | None
    y: float
    y_ends: tuple[float, float] | None


def cost_points(document: Document, what: str) -> tuple[list[Point], list[str]]:
    """What can be plotted of cost (``seconds`` or ``price``) against the board's main number, and why the rest not."""
    column = next(column for column in document["columns"] if column["name"] == document["order"])
    points, left_out = [], []
    for entry in document["entries"]:
        cost, cell = entry["spending"][what], entry["numbers"]["all"][document["order"]]
        if cost["value"] is None:
            left_out.append(f"{entry['name']}: {cost['reason']}")
        elif cost["value"] <= 0:
            left_out.append(f"{entry['name']}: it cost nothing, which a logarithm cannot show")
        elif cell["value"] is None:
            left_out.append(f"{entry['name']}: no {column['title']} ({cell['scored']} of {cell['total']} samples)")
        else:
            ends = [(of["low"], of["high"]) if of["low"] is not None else None for of in (cost, cell)]
            points.append(
                Point(entry["name"], entry["kind"] == "control", cost["value"], ends[0], cell["value"], ends[1])
            )
    return points, left_out


def cost_plot(document: Document, what: str) -> Markup:
    """Cost, on a logarithmic axis, against the board's main number; empty where nothing can be plotted."""
    points, _ = cost_points(document, what)
    if not points:
        return Markup()
    column = next(column for column in document["columns"] if column["name"] == document["order"])
    low, high = _log_range([end for p in points for end in (p.x, *(p.x_ends or ())) if end > 0])
    bottom, top = _range([end for p in points for end in (p.y, *(p.y_ends or ()))])

    def x(value: float) -> float:
        share = (math.log10(max(value, low)) - math.log10(low)) / (math.log10(high) - math.log10(low))
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (value - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM)

    better = {"higher": "higher is better", "lower": "lower is better"}.get(column["direction"], "an amount")
    parts = [
        Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{} against {}">').format(
            WIDTH, HEIGHT, column["title"], _WORDS[what]
        )
    ]
    for tick in _ticks(bottom, top):
        parts += [
            _line("grid", LEFT, y(tick), WIDTH - RIGHT, y(tick)),
            _text(LEFT - 8, y(tick) + 4, "end", f"{tick:g}"),
        ]
    for tick in _log_ticks(low, high):
        parts += [
            _line("grid", x(tick), TOP, x(tick), HEIGHT - BOTTOM),
            _text(x(tick), HEIGHT - BOTTOM + 18, "middle", f"{tick:g}"),
        ]
    parts.append(
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "middle", f"{_WORDS[what]}, logarithmic; left is cheaper")
    )
    parts.append(
        Markup(
            '<text class="label" transform="translate(14 {}) rotate(-90)" text-anchor="middle">{}, {}</text>'
        ).format(_n((TOP + HEIGHT - BOTTOM) / 2), column["title"], better)
    )
    taken = [(x(p.x) - 6, y(p.y) - 6, x(p.x) + 6, y(p.y) + 6) for p in points]
    for p in points:
        kind = "control" if p.is_control else "system"
        parts.append(Markup('<g class="{}"><title>{}: {}, {} {}</title>').format(
            kind, p.name, number_text(p.y), number_text(p.x), _WORDS[what]
        ))  # fmt: skip
        if p.x_ends:
            parts.append(_line("whisker", x(p.x_ends[0]), y(p.y), x(p.x_ends[1]), y(p.y)))
        if p.y_ends:
            parts.append(_line("whisker", x(p.x), y(p.y_ends[0]), x(p.x), y(p.y_ends[1])))
        parts.append(Markup('<circle class="dot" cx="{}" cy="{}" r="5"/>').format(_n(x(p.x)), _n(y(p.y))))
        parts.append(_label(p.name, x(p.x), y(p.y), taken))
        parts.append(Markup("</g>"))
    return Markup("").join([*parts, Markup("</svg>")])


def radar(document: Document) -> tuple[Markup, list[str]]:
    """Profiles over the dimensions of the summary, 0 to 100, and the systems that it shows; empty without any."""
    whole = (HEADLINE_COLUMN, WITHOUT_TEXT_COLUMN)
    columns = [c for c in document["columns"] if c["group"] == "summary" and c["name"] not in whole]
    systems = [
        entry
        for entry in document["entries"]
        if entry["kind"] == "system" and all(_value(entry, column) is not None for column in columns)
    ][:NUM_RADAR]
    if len(columns) < 3 or not systems:
        return Markup(), []
    size, radius = 360, 120

    def place(number: int, share: float) -> tuple[float, float]:
        angle = 2 * math.pi * number / len(columns) - math.pi / 2
        return size / 2 + radius * share * math.cos(angle), size / 2 + radius * share * math.sin(angle)

    parts = [
        Markup('<svg class="plot radar" viewBox="0 0 {0} {0}" role="img" aria-label="Profiles of {1}">').format(
            size, ", ".join(entry["name"] for entry in systems)
        )
    ]
    for ring in (25, 50, 75, 100):
        corners = [place(number, ring / 100) for number in range(len(columns))]
        parts.append(Markup('<polygon class="grid" points="{}"/>').format(_corners(corners)))
    for number, column in enumerate(columns):
        at = place(number, 1.12)
        anchor = "middle" if abs(at[0] - size / 2) < 1 else "start" if at[0] > size / 2 else "end"
        parts += [
            _line("grid", size / 2, size / 2, *place(number, 1)),
            _text(at[0], at[1] + 4, anchor, column["title"]),
        ]
    for number, entry in enumerate(systems):
        corners = [place(axis, _value(entry, column) / 100) for axis, column in enumerate(columns)]
        parts.append(
            Markup('<polygon class="profile tone{}" points="{}"><title>{}</title></polygon>').format(
                number, _corners(corners), entry["name"]
            )
        )
    return Markup("").join([*parts, Markup("</svg>")]), [entry["name"] for entry in systems]


def _value(entry: Mapping[str, Any], column: Mapping[str, Any]) -> Any:
    return entry["numbers"]["all"][column["name"]]["value"]


def _label(name: str, x: float, y: float, taken: list[tuple[float, float, float, float]]) -> Markup:
    """The name beside its point, where no other label or point is, if there is such a place."""
    text = name if len(name) <= 28 else name[:27] + "…"
    width = 6.7 * len(text)
    places = [
        (x + 9, y - 6, "start"), (x - 9, y - 6, "end"), (x + 9, y + 15, "start"), (x - 9, y + 15, "end"),
        (x, y - 14, "middle"), (x, y + 22, "middle"), (x + 9, y - 20, "start"), (x + 9, y + 29, "start"),
    ]  # fmt: skip

    def box(place: tuple[float, float, str]) -> tuple[float, float, float, float]:
        left = place[0] - {"start": 0.0, "middle": width / 2, "end": width}[place[2]]
        return left, place[1] - 10, left + width, place[1] + 3

    def is_free(found: tuple[float, float, float, float]) -> bool:
        inside = found[0] > LEFT and found[2] < WIDTH and found[1] > 0 and found[3] < HEIGHT - BOTTOM
        return inside and not any(
            found[0] < other[2] and other[0] < found[2] and found[1] < other[3] and other[1] < found[3]
            for other in taken
        )

    chosen = next((place for place in places if is_free(box(place))), places[0])
    taken.append(box(chosen))
    return Markup('<text class="label name" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        _n(chosen[0]), _n(chosen[1]), chosen[2], text
    )


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(kind, *map(_n, (x1, y1, x2, y2)))


def _text(x: float, y: float, anchor: str, text: str) -> Markup:
    return Markup('<text class="label" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        _n(x), _n(y), anchor, escape(text)
    )


def _corners(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in corners)


def _n(value: float) -> str:
    """A coordinate; a tenth of a pixel is enough, and equal on every processor."""
    return f"{value:.1f}"


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return low - pad, high + pad


def _log_range(values: Sequence[float]) -> tuple[float, float]:
    low, high = math.log10(min(values)), math.log10(max(values))
    pad = max((high - low) * 0.12, 0.15)
    return 10 ** (low - pad), 10 ** (high + pad)


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [round(number * step, 10) for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    decades = math.log10(high / low)
    factors = (
        (1,) if decades > 4 else (1, 3) if decades > 2 else (1, 2, 5) if decades > 0.7 else (1, 1.5, 2, 3, 4, 5, 6, 8)
    )
    return [f * 10**power for power in powers for f in factors if low <= f * 10**power <= high]
