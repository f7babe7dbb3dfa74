"""Prints the distributions that the thresholds of the element ledger were chosen on; about ten minutes on two cores.

Run from the root of the checkout: ``python metrics/calibration/element_ledger.py``. On cases that they were not chosen
on: ``--suite a2bench-v1:dev --controls duplicated,collage,mirrored --frames 4``.
"""

import argparse
import sys
from collections.abc import Sequence

import numpy as np

from a2bench.base import registry
from a2bench.errors import A2BenchError
from a2bench.model.cases import Suite, load_suite
from a2bench.model.metrics import Sample
from a2bench.model.systems import GenerationSettings
from a2bench_metrics.finder import Hit

CONTROLS = ("collage", "duplicated", "mirrored", "colour-shift", "noise", "half", "swapped", "shuffled")
QUANTILES = (0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1)


def main() -> None:
    """Run the finder on some frames of every case of every control."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="a2bench-mini")
    parser.add_argument("--controls", default=",".join(CONTROLS), help="names, separated by commas")
    parser.add_argument("--frames", type=int, default=6, help="of each video, one a second")
    given = parser.parse_args()
    try:
        show(load_suite(given.suite), given.controls.split(","), given.frames)
    except A2BenchError as error:
        parser.error(str(error))


def show(suite: Suite, controls: Sequence[str], frames: int) -> None:
    """Print the distributions, control by control."""
    sys.stdout.write(f"quantiles {QUANTILES}\n")
    for name in controls:
        control = registry.load("adapter", name)()
        if hasattr(control, "prepare"):
            control.prepare(suite)
        hits: list[Hit] = []
        ground: list[float] = []
        for case in suite.cases:
            video = control.generate(case, seed=0, settings=GenerationSettings(num_frames=frames, fps=1))
            sample = Sample(case, video)
            hits += [hit for own in sample.feature("hits").values() for hit in own]
            ground += [one for row in sample.feature("places").behind.values() for one in row if one is not None]
        closer = [(hit.closer, hit.again.closer) for hit in hits if hit.again and hit.closer and hit.again.closer]
        for what, values in (
            ("score", [hit.score for hit in hits]),
            ("second place", [hit.again.score for hit in hits if hit.again]),
            ("second / first", [hit.again.score / hit.score for hit in hits if hit.again]),
            ("looked at closer: second place", [second for _, second in closer]),
            ("looked at closer: second / first", [second / first for first, second in closer]),
            ("fidelity", [hit.fidelity for hit in hits]),
            ("likeness to the ground where it was", ground),
        ):
            shown = " ".join(f"{value:.3f}" for value in np.quantile(values, QUANTILES)) if values else "-"
            sys.stdout.write(f"{name:13} {what:36} n {len(values):4} {shown}\n")
        found, twice = sum(hit.found for hit in hits), sum(hit.copies > 1 for hit in hits)
        sys.stdout.write(f"{name:13} found twice: {twice} of {found}, {twice / max(1, found):.1%}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
