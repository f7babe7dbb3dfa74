"""Print how often nominal 95 % intervals of ratings hold the truth, by method: the table of `human_eval/README.md`.

python benchmarks/interval_coverage.py [replications] [--bootstrap]
"""

import argparse
import sys

from a2bench.statistics.vote_simulation import Design, IntervalMethod, World, interval_coverage

SIX = (0.6, 0.4, 0.1, -0.1, -0.4, -0.6)
METHODS: list[IntervalMethod] = ["vote", "prompt", "rater", "two-way, normal", "two-way, fewest", "two-way"]
SETTINGS = [
    ("Bradley-Terry", World(SIX), Design(40, 12, 3)),
    ("Bradley-Terry", World(SIX), Design(50, 5, 3)),
    ("Bradley-Terry", World(SIX), Design(100, 20, 1)),
    ("Davidson, side effect", World(SIX, side=0.25, nu=0.7), Design(40, 12, 3)),
    ("Davidson, side effect", World(SIX, side=0.25, nu=0.7), Design(50, 5, 3)),
    ("Davidson, side effect", World(SIX, side=0.25, nu=0.7), Design(100, 20, 1)),
]


def main() -> None:
    """Simulate and print one row per setting, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("replications", nargs="?", type=int, default=1000)
    parser.add_argument(
        "--bootstrap", action="store_true", help="add the pigeonhole bootstrap, 100 studies of 200 draws"
    )
    arguments = parser.parse_args()
    columns = [*METHODS, "bootstrap"] if arguments.bootstrap else METHODS
    rule = "| --- " * (len(columns) + 1) + "|"
    sys.stdout.write(f"| model, prompts x raters x votes per pair | {' | '.join(columns)} |\n{rule}\n")
    for name, world, design in SETTINGS:
        rows = interval_coverage(world, design, METHODS, replications=arguments.replications, seed=2026)
        if arguments.bootstrap:
            rows += interval_coverage(world, design, ["bootstrap"], replications=100, seed=2026)
        cells = [f"{row.covered:.3f} (+-{row.half_width:.0f})" for row in rows]
        size = f"{design.prompts} x {design.raters} x {design.votes_per_pair}"
        sys.stdout.write(f"| {name}, {size} | {' | '.join(cells)} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
