import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from tiny_checkpoint import write_tiny_checkpoint  # noqa: E402

from a2bench.e2v.loading import load_pipeline  # noqa: E402
from a2bench.e2v.pipeline import Pipeline  # noqa: E402


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint; read only."""
    return write_tiny_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture
def pipeline(checkpoint: Path) -> Pipeline:
    return load_pipeline(checkpoint, precision="float32")
