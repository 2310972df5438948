"""One town and one Chromium for all tests of a run."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.town import Town, chromium, running_town


@pytest.fixture(scope="session")
def town() -> Iterator[Town]:
    """Gemeente Waterkant, just started."""
    with running_town() as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as found:
        yield found
