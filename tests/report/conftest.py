import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from tiny_suite import write_suite  # noqa: E402

from a2bench.model.cases import Suite  # noqa: E402


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return write_suite(tmp_path / "suite", "We see")
