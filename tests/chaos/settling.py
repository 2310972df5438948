"""After the storm: mend what an administrator would mend, then let time pass until nothing is on its way."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.chaos.processes import Town
from tests.chaos.street import Street

STEP = 60.0  # seconds of the town's clock at a time; less than outbox.STALE, so that no living call looks dead
BREATH = 0.5  # seconds of real time for each
STUCK = 25.0  # seconds of real time; a call in flight for longer than any call may take belongs to the dead
GAP_STEPS = 3  # gap repair leaves messages of the last two minutes to their webhooks

UNSETTLED = """
    SELECT (SELECT count(*) FROM channels_inboundevent WHERE state = 'stored') AS events_waiting,
           (SELECT count(*) FROM inbox_message WHERE state = 'queued') AS queued,
           (SELECT count(*) FROM inbox_message WHERE state = 'sending') AS sending,
           (SELECT count(*) FROM inbox_message WHERE state = 'unknown' AND send_at IS NOT NULL) AS asked_after,
           (SELECT count(*) FROM inbox_attachment WHERE state = 'pending') AS files,
           (SELECT count(*) FROM channels_account WHERE state <> 'active') AS accounts_broken
"""
BROKEN = "SELECT id FROM channels_account WHERE state = 'broken'"
GAPS_CHECKED = "SELECT count(*) AS unchecked FROM channels_account WHERE coalesce(gaps_checked_at, '-infinity') < %s"
IN_FLIGHT = "SELECT id, taken_at FROM inbox_message WHERE state = 'sending' AND taken_at IS NOT NULL"


def all_of(url: str, query: str, *given: Any) -> list[dict[str, Any]]:
    """Every row."""
    with psycopg.connect(url, row_factory=dict_row, autocommit=True) as connection:
        return connection.execute(query, given).fetchall()


def settle(town: Town, street: Street, bound: float, say: Callable[[str], None]) -> tuple[float, dict[str, int]]:
    """How long it took, and what did not settle within ``bound`` seconds ({} when all did)."""
    began = time.monotonic()
    end = began + bound
    street.calm()
    town.wait_ready()
    _mend(town)
    _until(lambda: not street.waiting(), end)
    say("the post is empty")
    pace = Pace(town, street)
    steps = 0
    while steps < GAP_STEPS and time.monotonic() < end:
        steps += pace.on()
    _repair_gaps(town, street.now(), end)
    say("gap repair went round")
    while time.monotonic() < end:
        left = _left(town)
        if not left and not street.waiting():
            return time.monotonic() - began, {}
        if left.get("accounts_broken"):
            _mend(town)
        pace.on()
    left = _left(town)
    return time.monotonic() - began, left or {"webhooks": street.waiting()}


def _mend(town: Town) -> None:
    """What the administrator's button does, for each account that does not work."""
    for row in all_of(town.database_url, BROKEN):
        town.ask("channels.tasks.check_account", row["id"])


def _left(town: Town) -> dict[str, int]:
    return {name: number for name, number in all_of(town.database_url, UNSETTLED)[0].items() if number}


def _repair_gaps(town: Town, since: datetime, end: float) -> None:
    """Every account asked its platform at or after ``since``."""

    def done() -> bool:
        return not all_of(town.database_url, GAPS_CHECKED, since)[0]["unchecked"]

    while not done() and time.monotonic() < end:
        town.ask("channels.tasks.repair_gaps")
        _until(done, min(end, time.monotonic() + 10))


def _until(look: Callable[[], bool], end: float) -> None:
    while not look() and time.monotonic() < end:
        time.sleep(0.2)


class Pace:
    """Moves the town's clock on, but not over the head of a call that is being made: that would look dead."""

    def __init__(self, town: Town, street: Street) -> None:
        self.town, self.street = town, street
        self._seen: dict[int, float] = {}  # attempt in flight: since when, at the latest, on our own clock
        self._moved = False

    def on(self) -> bool:
        """One step, if it may be taken, and a breath for what it made due; whether it was taken."""
        moment = time.monotonic()
        at = self.street.now()
        calls = {row["id"]: (at - row["taken_at"]).total_seconds() for row in all_of(self.town.database_url, IN_FLIGHT)}
        # How old a call is can only be told as long as the clock was not moved.
        known = {call: moment - (0.0 if self._moved else age) for call, age in calls.items()}
        self._seen = {call: self._seen.get(call, since) for call, since in known.items()}
        may = all(moment - since > STUCK for since in self._seen.values())
        if may:
            self.street.forward(STEP)
            self._moved = True
            self.town.ask("inbox.tasks.send_due")
        time.sleep(BREATH)
        return may
