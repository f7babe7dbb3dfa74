"""What are the means of many numbers over the same cases? Values added up by case, with intervals."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from a2bench.model.records import SampleId
from a2bench.statistics.clusters import Bounds, clustered_intervals, mean_errors
from a2bench.statistics.estimates import Floats, Ints


class CaseSums(NamedTuple):
    """Values of C columns, added up by case.

    counts: ``[k, C]`` how many values (seeds) a case has, 0 for none. sums: ``[k, C]`` their sums.
    """

    counts: Floats
    sums: Floats


class Means(NamedTuple):
    """One number per column, ``[C]`` each.

    value: mean over all values, NaN where there is none. low, high: 95 % interval, NaN where there is none.
    cases, values: how many went in. spread: standard deviation of a case's part in the mean, so that the standard error
    is ``spread / sqrt(cases)``; NaN below two cases.
    """

    value: Floats
    low: Floats
    high: Floats
    cases: Ints
    values: Ints
    spread: Floats


def case_sums(columns: Sequence[Mapping[SampleId, float]], cases: Sequence[str]) -> CaseSums:
    """Add up each column's values by case.

    Args:
        columns: values by case and seed; what has no value is not in it.
        cases: in the order of the rows.
    """
    row = {case: index for index, case in enumerate(cases)}
    counts, sums = np.zeros((2, len(cases), len(columns)))
    for number, column in enumerate(columns):
        if column:
            rows = [row[case] for case, _ in column]
            counts[:, number] = np.bincount(rows, minlength=len(cases))
            sums[:, number] = np.bincount(rows, list(column.values()), minlength=len(cases))
    return CaseSums(counts, sums)


def case_sums_of_table(values: Floats, rows: Ints, num_cases: int) -> CaseSums:
    """`case_sums` of values in a table.

    Args:
        values: ``[n, C]``, NaN where there is none.
        rows: ``[n]`` the case of each row, below ``num_cases``.
        num_cases: k, rows of the result.
    """
    present = ~np.isnan(values)
    counts, sums = np.zeros((2, num_cases, values.shape[1]))
    np.add.at(counts, rows, present)
    np.add.at(sums, rows, np.where(present, values, 0.0))
    return CaseSums(counts, sums)


def sums_of_case_means(values: Floats) -> CaseSums:
    """`CaseSums` of one value per case, ``[k, C]`` with NaN where there is none."""
    present = ~np.isnan(values)
    return CaseSums(present.astype(np.float64), np.where(present, values, 0.0))


def paired_differences(first: Mapping[SampleId, float], other: Mapping[SampleId, float]) -> dict[SampleId, float]:
    """``other - first`` for every case and seed that both have a value for."""
    return {sample: value - first[sample] for sample, value in other.items() if sample in first}


def means(table: CaseSums, bounds: Sequence[Bounds] | None = None, *, differences: bool = False) -> Means:
    """Mean, interval and spread of each column; arguments as for `clustered_intervals`."""
    found = mean_errors(*table)
    low, high = clustered_intervals(*table, bounds, differences=differences)
    values = table.counts.sum(0).astype(np.int64)
    return Means(found.mean, low, high, found.clusters, values, found.stderr * np.sqrt(found.clusters))
