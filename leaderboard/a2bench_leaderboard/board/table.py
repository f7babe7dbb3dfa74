"""The values of a board as arrays: what every mean, rank and part of the cases is computed from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from a2bench.statistics.case_means import case_sums_of_table
from a2bench.statistics.estimates import Floats, Ints


@dataclass(frozen=True, eq=False)
class BoardTable:
    """Values of E entries, C columns and k cases.

    values: of each entry ``[n, C]``, a row per sample, NaN where there is none.
    counts, sums: ``[k, E, C]`` the values of each case (one per seed), counted and added up.
    planned: ``[k, E]`` samples that were asked for.
    """

    cases: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[Floats, ...]
    counts: Floats
    sums: Floats
    planned: Ints

    def case_means(self, column: str) -> Floats:
        """``[k, E]`` means over the seeds of a case, as if there were one seed; NaN where there is no value."""
        place = self.columns.index(column)
        with np.errstate(invalid="ignore"):
            return np.asarray(self.sums[:, :, place] / self.counts[:, :, place])


def read_table(inputs: Mapping[str, Any]) -> BoardTable:
    """The values of a board's inputs."""
    cases = tuple(sorted(case["id"] for case in inputs["cases"]))
    columns = tuple(column["name"] for column in inputs["columns"])
    row = {case: number for number, case in enumerate(cases)}
    values, counts, sums, planned = [], [], [], []
    for entry in inputs["entries"]:
        rows = np.array([row[case] for case, _ in entry["samples"]], np.int64)
        table = np.array([entry["values"][name] for name in columns], np.float64).T  # None becomes NaN
        found = case_sums_of_table(table, rows, len(cases))
        values.append(table)
        counts.append(found.counts)
        sums.append(found.sums)
        planned.append(np.bincount(rows, minlength=len(cases)))
    return BoardTable(cases, columns, tuple(values), np.stack(counts, 1), np.stack(sums, 1), np.stack(planned, 1))
