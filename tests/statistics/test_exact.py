"""The same bytes come out of every kernel of the processor."""

import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from a2bench.statistics.exact import column_sums, whole_units

PROGRAM = """
import hashlib, numpy as np
from a2bench.statistics.case_means import CaseSums, means
from a2bench.statistics.harmonic import soft_harmonic_means
from a2bench.statistics.sign_flips import sign_flip_p_values
rng = np.random.default_rng(0)
values = rng.integers(0, 10**6, (37, 3, 70)) / 1e6
table = CaseSums(np.full((37, 70), 3.0), values.sum(1))
gaps = CaseSums(np.ones((37, 69)), (table.sums[:, 1:] - table.sums[:, :-1]) / 3)
found = [*means(table), *means(table, [(0.0, 1.0)] * 70), *means(gaps, [(0.0, 1.0)] * 69, differences=True)]
found += [sign_flip_p_values(gaps.sums, 69), sign_flip_p_values(gaps.sums[:9], 69)]
found += [soft_harmonic_means(values[:, 0, :4], rng.dirichlet(np.ones(4), 500))]
print(hashlib.sha256(b"".join(part.tobytes() for part in found)).hexdigest())
"""
KERNELS = ("Prescott", "Nehalem", "Sandybridge", "Haswell", "SkylakeX")


def test_intervals_tests_and_weightings_are_byte_for_byte_those_of_other_kernels() -> None:
    said = set()
    for kernel in (None, *KERNELS):
        more = {"OPENBLAS_CORETYPE": kernel} if kernel else {}
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM], env={**os.environ, **more}, capture_output=True, text=True
        )
        if run.returncode < 0 and kernel:  # this processor lacks what the kernel needs
            continue
        assert run.returncode == 0, run.stderr
        said.add(run.stdout)
    assert len(said) == 1


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e12])
def test_whole_units_are_whole_and_as_close_as_they_say(size: float) -> None:
    values = np.random.default_rng(1).normal(0, size, (50, 3))
    values[:, 2] = 0
    whole, units = whole_units(values)
    assert (whole == np.rint(whole)).all() and (np.abs(whole).sum(0) < 2**45).all()
    assert (np.abs(whole * units - values) <= units / 2).all()
    assert (units[:2] <= 2.0**-43 * np.abs(values[:, :2]).sum(0)).all()


def test_sums_of_columns_are_exact() -> None:
    values = np.array([[1e16, 0.1], [1.0, 0.2], [-1e16, 0.3]])
    exact = [float(sum(map(Fraction, column))) for column in values.T.tolist()]
    assert column_sums(values).tolist() == exact
