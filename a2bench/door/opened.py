"""A run in a notebook: it draws itself, and gives its scores as a table."""

from html import escape
from typing import TYPE_CHECKING

from a2bench.base.text import number_text
from a2bench.model.cases import role_rank
from a2bench.results.run import Run
from a2bench.show.dataframe import scores_frame
from a2bench.show.tables import ARROWS, MARKS

if TYPE_CHECKING:
    import pandas as pd


class OpenedRun(Run):
    """A run with what a notebook asks of it."""

    def to_pandas(self) -> "pd.DataFrame":
        """Every score as a row (`a2bench.load_results` has the columns)."""
        return scores_frame({self.manifest.system.name: self})

    def __repr__(self) -> str:
        counts = self.sample_counts
        return (
            f"<run of {self.manifest.system.name!r} over {self.manifest.suite.name!r}: {counts['done']} of "
            f"{counts['total']} videos, {len(self.manifest.metrics)} metrics, in {str(self.store.folder)!r}>"
        )

    def _repr_html_(self) -> str:
        """The summary and the metrics as tables."""
        summary = [
            [
                row.title,
                "-" if row.value is None else f"{row.value:.1f}",
                "[{:.1f}, {:.1f}]".format(*row.interval) if row.interval else "",
                f"{row.scored}/{row.total}",
                MARKS[row.validity.state],
            ]
            for row in self.totals
        ]
        roles = sorted({role for row in self.metrics for role in row.roles}, key=role_rank)
        metrics = [
            [
                row.name,
                ARROWS[row.facts.direction],
                number_text(row.summary.mean),
                f"{row.summary.scored}/{row.summary.total}",
                MARKS[row.validity.state],
                *(number_text(row.roles[role].summary.mean) if role in row.roles else "" for role in roles),
            ]
            for row in self.metrics
        ]
        return (
            f"<p>{escape(repr(self)[1:-1])}</p>"
            + _table(["summary", "of 100", "95 % interval", "scored", "controls"], summary)
            + _table(["metric", "better", "mean", "scored", "controls", *roles], metrics)
        )


def _table(head: list[str], rows: list[list[str]]) -> str:
    def line(tag: str, cells: list[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return f"<table><thead>{line('th', head)}</thead><tbody>{''.join(line('td', row) for row in rows)}</tbody></table>"
