"""A browser for the pages of boards."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browsers import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    with chromium() as found:
        yield found
