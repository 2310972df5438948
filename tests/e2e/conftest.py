"""One town and one Chromium for all tests of a run."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser

from tests.e2e.town import Town, chromium, running_town


@pytest.fixture(scope="session")
def town() -> Iterator[Town]:
    """Gemeente Waterkant, just started: Friday 27 November 2026, 16:20 in Amsterdam."""
    with running_town(datetime(2026, 11, 27, 15, 20, tzinfo=UTC)) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as found:
        yield found
