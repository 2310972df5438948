"""When a question that is left lying goes a step further: the same moment whenever it is asked, in office time, over
both changes of the clock and the turn of a year."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox import escalation, sla
from inbox.office_hours import DEFAULT_HOURS, add_office_minutes, is_open, office_minutes_between
from tests.inbox.test_office_hours import ams
from tests.inbox.test_office_hours_laws import any_hours, between, moments

quick = settings(max_examples=150, deadline=None)
# Also the night on which the clock goes back, and New Year.
turns = st.one_of(
    moments,
    between(ams(2026, 10, 24, 12), ams(2026, 10, 26, 12)),
    between(ams(2026, 12, 30), ams(2027, 1, 3)),
)
targets = st.integers(1, 2000)
percents = st.integers(5, 100)
near = timedelta(milliseconds=1)


@quick
@given(any_hours, turns, targets, percents)
def test_part_leaves_the_rest_of_the_target_in_office_time(hours, start, target, percent):
    due = sla.deadline(hours, start, target).due_at
    at = escalation.part_at(hours, due, target, percent, start)
    assert start <= at <= due + near
    assert office_minutes_between(hours, at, due) == pytest.approx(target * (100 - percent) / 100, abs=0.001)


@quick
@given(any_hours, turns, targets, percents, st.integers(0, 100))
def test_part_is_the_same_whenever_it_is_asked_before_that(hours, start, target, percent, passed):
    due = sla.deadline(hours, start, target).due_at
    at = escalation.part_at(hours, due, target, percent, start)
    asked = start + (at - start) * passed / 100
    again = escalation.part_at(hours, due, target, percent, asked)
    # At the very end of a stretch both its end and the next opening leave the same office time.
    assert abs(office_minutes_between(hours, at, again)) < 0.001
    assert escalation.part_at(hours, due, target, percent, due) == due


@quick
@given(any_hours, turns, targets, targets, percents)
def test_part_is_the_same_after_a_pause(hours, start, target, waited, percent):
    """The citizen was to answer for a while: as many office minutes are left, so the step is as far away."""
    first = sla.deadline(hours, start, target)
    left = sla.pause(hours, first, start)
    back = start + timedelta(minutes=waited)
    due = sla.resume(hours, left, target, back).due_at
    at = escalation.part_at(hours, due, target, percent, back)
    assert office_minutes_between(hours, at, due) == pytest.approx(target * (100 - percent) / 100, abs=0.001)


@quick
@given(any_hours, turns, targets, percents, percents)
def test_later_part_is_never_earlier(hours, start, target, one, other):
    due = sla.deadline(hours, start, target).due_at
    first, second = (escalation.part_at(hours, due, target, each, start) for each in sorted((one, other)))
    assert first <= second


@quick
@given(any_hours, turns, targets, targets)
def test_late_counts_office_time_alone(hours, start, target, minutes):
    due = sla.deadline(hours, start, target).due_at
    at = escalation.late_at(hours, due, minutes)
    assert office_minutes_between(hours, due, at) == pytest.approx(minutes, abs=0.001)
    assert at == add_office_minutes(hours, due, minutes)
    assert at > due
    assert is_open(hours, at - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("start", "half", "late"),
    [
        # Friday 16:00 before the clock goes back: half of four hours is Monday 10:00.
        (ams(2026, 10, 23, 16), ams(2026, 10, 26, 10), ams(2026, 10, 26, 13)),
        # Friday 16:00 before it goes forward.
        (ams(2026, 3, 27, 16), ams(2026, 3, 30, 10), ams(2026, 3, 30, 13)),
        # New Year's Eve 2026 is a Thursday; New Year's Day and the weekend follow.
        (ams(2026, 12, 31, 16), ams(2027, 1, 4, 10), ams(2027, 1, 4, 13)),
    ],
)
def test_steps_over_a_weekend_the_change_of_the_clock_and_new_year(start, half, late):
    due = sla.deadline(DEFAULT_HOURS, start, 240).due_at
    assert escalation.part_at(DEFAULT_HOURS, due, 240, 50, start) == half
    assert escalation.late_at(DEFAULT_HOURS, due, 60) == late
