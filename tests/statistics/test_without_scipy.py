"""What reports, `eval` and the validity gate use works in the install without extras, which has no scipy."""

import subprocess
import sys

PROGRAM = """
import sys
sys.modules["scipy"] = None
import numpy as np
import a2bench.cli.validity_text, a2bench.results.metric_rows, a2bench.results.totals, a2bench.results.validity_file
import a2bench.show.report.data, a2bench.show.tables, a2bench.suites.quick
from a2bench.statistics.clusters import clustered_interval
from a2bench.statistics.quantities import quantity_interval
values = [(str(n), n / 10) for n in range(8)]
assert clustered_interval(values, (0.0, 1.0)) and clustered_interval(values)
assert quantity_interval("ratio", np.ones((6, 3))).interval == (1, 1)
assert a2bench.suites.quick.half_width(20)
"""


def test_intervals_of_reports_and_of_the_gate_need_no_scipy() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
