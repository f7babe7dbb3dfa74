"""Prints the distributions that the thresholds of the element ledger were chosen on; about ten minutes on two cores.

Run from the root of the checkout: ``python metrics/calibration/element_ledger.py``.
"""

import sys

import numpy as np

from a2bench import registry
from a2bench.cases import load_suite
from a2bench.metrics import Sample
from a2bench.systems import GenerationSettings

CONTROLS = ("collage", "duplicated", "mirrored", "colour-shift", "noise", "half", "swapped", "shuffled")
QUANTILES = (0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1)


def main() -> None:
    """Run the finder on six frames of every case of every control."""
    suite = load_suite("a2bench-mini")
    sys.stdout.write(f"quantiles {QUANTILES}\n")
    for name in CONTROLS:
        control = registry.load("adapter", name)()
        if hasattr(control, "prepare"):
            control.prepare(suite)
        first, second, share, fidelity, ground = [], [], [], [], []
        for case in suite.cases:
            video = control.generate(case, seed=0, settings=GenerationSettings(num_frames=6, fps=1))
            sample = Sample(case, video)
            for hits in sample.feature("hits").values():
                first += [hit.score for hit in hits]
                fidelity += [hit.fidelity for hit in hits]
                second += [hit.again.score for hit in hits if hit.again]
                share += [hit.again.score / hit.score for hit in hits if hit.again]
            ground += [one for row in sample.feature("places").behind.values() for one in row if one is not None]
        for what, values in (
            ("score", first),
            ("second place", second),
            ("second / first", share),
            ("fidelity", fidelity),
            ("likeness to the ground where it was", ground),
        ):
            shown = " ".join(f"{value:.3f}" for value in np.quantile(values, QUANTILES)) if values else "-"
            sys.stdout.write(f"{name:13} {what:36} n {len(values):4} {shown}\n")


if __name__ == "__main__":
    main()
