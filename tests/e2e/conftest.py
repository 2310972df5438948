"""One town for each group of tests: see the xdist_group of each file."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser

from tests.e2e.hands import Colleague
from tests.e2e.town import Town, chromium, running_town


@pytest.fixture(scope="session")
def town() -> Iterator[Town]:
    """Gemeente Waterkant, just started: Friday 27 November 2026, 16:20 in Amsterdam."""
    with running_town(datetime(2026, 11, 27, 15, 20, tzinfo=UTC)) as found:
        yield found


@pytest.fixture(scope="module", autouse=True)
def cleared(request: pytest.FixtureRequest, town: Town) -> None:
    """At the desk, what the tests before left open is closed, so that a new question stands on the first page."""
    marks = request.module.pytestmark
    if not any(mark.args == ("desk",) for mark in (marks if isinstance(marks, list) else [marks])):
        return
    ingrid = Colleague(town, "ingrid")
    for view in ("todo", "waiting"):
        for row in ingrid.all(f"conversations/?view={view}"):
            # Refused where an answer is still under way: those are few.
            ingrid.call("POST", f"conversations/{row['id']}/close/", json={"result": "no_answer_needed"})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium. Not for the whole session: while Playwright runs, so does an event loop in this thread, in
    which Django refuses the database to whatever test this worker takes next."""
    with chromium() as found:
        yield found
