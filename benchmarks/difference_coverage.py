"""Print how often 95 % intervals of a difference hold the truth, and how often equal systems are told apart.

python benchmarks/difference_coverage.py [replications]: the table of docs/leaderboard.md.
"""

import sys

from a2bench.statistics.case_simulation import World, rates

WORLDS = [
    World(cases, seeds, shape=shape, missing=missing)
    for cases, seeds, missing in ((8, 1, 0.0), (19, 1, 0.0), (50, 3, 0.1), (216, 1, 0.0))
    for shape in ("normal", "skewed", "lost elements")
]


def main() -> None:
    """One row per setting, as Markdown."""
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    sys.stdout.write("| cases x seeds | missing | differences | interval holds the truth | equal, but p < 0.05 |\n")
    sys.stdout.write("| --- | ---: | --- | ---: | ---: |\n")
    for world in WORLDS:
        found = rates(world, replications)
        size = f"{world.cases} x {world.seeds}"
        numbers = f"{found.covered:.3f} | {found.rejected:.3f}"
        sys.stdout.write(f"| {size} | {world.missing:.0%} | {world.shape} | {numbers} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
