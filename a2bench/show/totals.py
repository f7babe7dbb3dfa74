"""The summary of a run for a terminal."""

from collections.abc import Collection, Sequence

from a2bench.assets.extras import spoken
from a2bench.base.text import one_line
from a2bench.base.wrapping import wrapped
from a2bench.results.dimensions import HEADLINE
from a2bench.results.totals import TotalRow
from a2bench.show.tables import MARKS


def totals_text(rows: Sequence[TotalRow], told: Collection[str] = ()) -> str:
    """The summary for a terminal; reasons that were ``told`` above it are not told again."""
    lines = ["summary (0 to 100; 95 % interval over cases)"]
    width = max(len(row.title) for row in rows)
    for row in rows:
        value = "-" if row.value is None else f"{row.value:.1f}"
        interval = f"[{row.interval[0]:.1f}, {row.interval[1]:.1f}]" if row.interval else ""
        mark = MARKS[row.validity.state]
        lines.append(f"  {row.title:<{width}} {value:>6} {interval:<14} {row.scored}/{row.total}  {mark}")
        if row.name == HEADLINE and row.value is None:
            parts = [part for part in rows if part.weight is not None]
            short = ", ".join(f"{part.title} {part.scored}/{part.total}" for part in parts if part.scored < part.total)
            lines += wrapped(f"no headline: it needs all four of every sample; there is {short}", "  ")
        elif row.reasons:
            reason, count = row.reasons[0]
            more = f" (and {len(row.reasons) - 1} other reasons)" if len(row.reasons) > 1 else ""
            known = any(text and text in reason for text in told)
            why = "as said above" if known else one_line(spoken(reason))
            lines += wrapped(f"{count} without: {why}{more}", " " * (width + 3))
    return "\n".join(line.rstrip() for line in lines)
