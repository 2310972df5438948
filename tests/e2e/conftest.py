"""One town for each group of tests: see the xdist_group of each file."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser

from tests.e2e.hands import Colleague
from tests.e2e.town import Town, chromium, running_town


class Towns:
    """The town of the group whose tests run now. Another group gets one of its own; this one then ends."""

    def __init__(self) -> None:
        self.group = ""
        self.now: Town | None = None
        self.open = ExitStack()

    def of(self, group: str) -> Town:
        """Gemeente Waterkant, just started for this group: Friday 27 November 2026, 16:20 in Amsterdam."""
        if self.now is None or self.group != group:
            self.open.close()
            self.now = self.open.enter_context(running_town(datetime(2026, 11, 27, 15, 20, tzinfo=UTC)))
            self.group = group
        return self.now


@pytest.fixture(scope="session")
def towns() -> Iterator[Towns]:
    """One town at a time in each of pytest's processes."""
    found = Towns()
    with found.open:
        yield found


@pytest.fixture(scope="module")
def group(request: pytest.FixtureRequest) -> str:
    """The xdist_group of the file."""
    marks = request.module.pytestmark
    return str(next(mark.args[0] for mark in (marks if isinstance(marks, list) else [marks]) if mark.args))


@pytest.fixture(scope="module")
def town(towns: Towns, group: str) -> Town:
    """The town of the file's group."""
    return towns.of(group)


@pytest.fixture(scope="module", autouse=True)
def cleared(town: Town, group: str) -> None:
    """What the tests before left open is closed, so that a new question stands on the first page; but for the files
    that play one story together."""
    if group == "town":
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
