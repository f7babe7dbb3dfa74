"""A run as its readers see it: rows that are computed once, each when it is asked for."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from a2bench.results.current import CurrentRecords
from a2bench.results.ledger import LedgerRow, run_ledger
from a2bench.results.making import Making, Remark, making_text, remark_lines, run_making, run_remarks
from a2bench.results.metric_rows import MetricRow, metric_row
from a2bench.results.totals import TotalRow, run_totals
from a2bench.results.validity_file import ValidityFile
from a2bench.run.store import RunStore


class Run(CurrentRecords):
    """What a run says. Terminal, tables, pages, boards and comparisons are made of these rows and of nothing else.

    validity: the files of verdicts by which metrics are marked; the first that checked a metric decides.
    """

    def __init__(self, store: RunStore, validity: Sequence[ValidityFile] = ()) -> None:
        super().__init__(store)
        self.validity = tuple(validity)
        self._rows: dict[str, MetricRow] = {}

    @classmethod
    def open(cls, folder: str | Path, validity: Sequence[ValidityFile] = ()) -> "Run":
        """Read the run in a folder.

        Raises:
            InputError: there is none, or its ``run.json`` is damaged.
        """
        return cls(RunStore(Path(folder)), validity)

    def metric(self, name: str) -> MetricRow:
        """The row of a metric, also of one that the run was not asked for."""
        if name not in self._rows:
            self._rows[name] = metric_row(self, name, self.validity)
        return self._rows[name]

    @cached_property
    def metrics(self) -> tuple[MetricRow, ...]:
        """The rows of the run's metrics, in its order."""
        return tuple(self.metric(name) for name in self.manifest.metrics)

    @cached_property
    def totals(self) -> tuple[TotalRow, ...]:
        """The rows of the summary, from 0 to 100."""
        return run_totals(self, self.validity)

    @cached_property
    def ledger(self) -> tuple[LedgerRow, ...]:
        """What became of every element of every scored sample."""
        return run_ledger(self)

    @cached_property
    def making(self) -> tuple[Making, ...]:
        """How the finished videos were made."""
        return run_making(self)

    @cached_property
    def making_text(self) -> str | None:
        """The same in words; None where there is nothing to say."""
        return making_text(self)

    @cached_property
    def remarks(self) -> tuple[Remark, ...]:
        """What must be said of its videos."""
        return run_remarks(self)

    @cached_property
    def remark_lines(self) -> tuple[str, ...]:
        """The same in words."""
        return tuple(remark_lines(self))
