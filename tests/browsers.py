"""Headless Chromium for tests of pages, patient where the machine is busy."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

PATIENCE = 180_000
"""Milliseconds until a page that does not come is taken to be broken; Playwright's own 30 seconds are too few."""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def chromium(*options: str) -> Iterator[Any]:
    """A browser whose pages wait as long as `PATIENCE`; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine; type: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *options], timeout=PATIENCE)
        playwright.expect.set_options(timeout=PATIENCE)
        new_context, new_page = found.new_context, found.new_page

        def patient(made: Any) -> Any:
            made.set_default_timeout(PATIENCE)
            return made

        found.new_context = lambda **given: patient(new_context(**given))
        found.new_page = lambda **given: patient(new_page(**given))
        yield found
        found.close()
