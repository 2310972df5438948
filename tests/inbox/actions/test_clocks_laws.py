"""Counting a clock anew, by law: from where it began or went on, whatever the hours, over DST and the year's end."""

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from inbox import sla
from inbox.actions import clocks
from inbox.models import Clock
from inbox.office_hours import NoOpeningHours, office_minutes_between
from tests.inbox.test_special_days import agreed

FIRST = datetime(2026, 10, 20, tzinfo=UTC)
# Both clock changes and the end of the year lie in these.
MOMENTS = st.integers(0, 167 * 24 * 60).map(lambda passed: FIRST + timedelta(minutes=passed))
TARGETS = st.integers(1, 3000)


def started(hours, at: datetime, target: int) -> Clock:
    made = sla.deadline(hours, at, target)
    return Clock(kind="first", target_minutes=target, started_at=at, warn_at=made.warn_at, due_at=made.due_at)


def shown(clock: Clock) -> tuple[object, ...]:
    return clock.started_at, clock.target_minutes, clock.warn_at, clock.due_at, clock.remaining_minutes


def can(hours, at: datetime, target: int) -> bool:
    try:
        sla.deadline(hours, at, target)
    except NoOpeningHours:
        return False
    return True


@given(agreed(), agreed(), MOMENTS, TARGETS, TARGETS)
def test_counted_anew_is_as_if_it_had_begun_so_and_back_is_as_it_was(old, new, at, target, other):
    assume(can(old, at, target) and can(new, at, other))
    clock = started(old, at, target)
    before = shown(clock)
    clocks.reckon(clock, new, other, at)
    assert shown(clock) == shown(started(new, at, other))
    assert clocks.reckon(clock, new, other, at) is False
    clocks.reckon(clock, old, target, at)
    assert shown(clock) == before


@given(agreed(), MOMENTS, TARGETS, TARGETS, st.integers(0, 4000), st.integers(0, 20_000))
def test_citizens_turn_is_never_counted_and_never_lost(hours, at, target, other, worked, waited):
    assume(can(hours, at, target) and can(hours, at + timedelta(minutes=worked + waited), max(target, other)))
    clock = started(hours, at, target)
    paused = at + timedelta(minutes=worked)
    running = sla.Deadline(clock.started_at, target, clock.warn_at, clock.due_at)
    clock.remaining_minutes, clock.paused_at = sla.pause(hours, running, paused), paused
    left = clock.remaining_minutes
    clocks.reckon(clock, hours, other, paused)  # while it stands still
    on = paused + timedelta(minutes=waited)
    deadline = sla.resume(hours, clock.remaining_minutes, clock.target_minutes, on)
    clock.warn_at, clock.due_at = deadline.warn_at, deadline.due_at
    clocks.go_on(clock, on)
    assert abs(office_minutes_between(hours, on, clock.due_at) - max(0, left + other - target)) < 0.01
    clocks.reckon(clock, hours, target, on)  # and back while it runs
    assert abs(office_minutes_between(hours, on, clock.due_at) - left) < 0.01
    assert (clock.started_at, clock.target_minutes) == (at, target)
