"""Print how often 95 % intervals of means, and those of the validity gate, hold the truth, and how wide they are.

python benchmarks/bounded_coverage.py [replications]: the tables of docs/statistics.md.
"""

import sys

import numpy as np

from a2bench.statistics.case_simulation import BOUNDED, bounded_rates
from a2bench.statistics.quantities import Quantity, quantity_interval

CASES = (2, 4, 6, 10, 20, 50, 216)
GATE_CASES = (6, 10, 20)
QUANTITIES: dict[Quantity, float] = {"value": 0.4, "difference": -0.4, "ratio": 0.5}


def gate_rates(cases: int, replications: int) -> tuple[dict[Quantity, float], float]:
    """Coverage of each quantity of two correlated normal metrics, and how often noise is above noise."""
    rng = np.random.default_rng(0)
    hits, above = dict.fromkeys(QUANTITIES, 0), 0
    for _ in range(replications):
        of_case = rng.normal(0, 0.1, cases)
        first, second = (mean + of_case + rng.normal(0, 0.1, cases) for mean in (0.4, 0.8))
        for quantity, truth in QUANTITIES.items():
            low, high = quantity_interval(quantity, np.column_stack([np.ones(cases), first, second])).interval or (0, 0)
            hits[quantity] += low <= truth <= high
        noise = np.column_stack([np.ones(cases), rng.normal(size=(cases, 2))])
        above += (quantity_interval("difference", noise).interval or (0, 0))[0] > 0
    return {quantity: found / replications for quantity, found in hits.items()}, above / replications


def main() -> None:
    """One row per kind of score, then one per number of cases of the gate, as Markdown."""
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    write = sys.stdout.write
    write("| values | " + " | ".join(f"{cases} cases" for cases in CASES) + " |\n")
    write("| --- |" + " ---: |" * len(CASES) + "\n")
    for kind in BOUNDED:
        found = [bounded_rates(kind, cases, replications) for cases in CASES]
        write(f"| {kind} | " + " | ".join(f"{one.covered:.3f} (±{one.half_width:.3f})" for one in found) + " |\n")
    write(write("\n| cases of the gate | value | difference | ratio | noise meets a > b |\n" + "| ---: " * 5 + "|\n"))
    for cases in GATE_CASES:
        rates, noise = gate_rates(cases, replications)
        write(f"| {cases} | " + " | ".join(f"{rate:.3f}" for rate in rates.values()) + f" | {noise:.3f} |\n")


if __name__ == "__main__":
    main()
