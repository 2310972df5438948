"""Laws of office time, for any hours: around DST changes, holidays, leap days and the turn of a year."""

from datetime import date, datetime, time, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inbox.office_hours import (
    AMSTERDAM,
    DEFAULT_HOURS,
    Hours,
    Period,
    add_office_minutes,
    add_office_time,
    closed_since,
    closed_stretches,
    dutch_holidays,
    is_open,
    next_opening,
    office_minutes_between,
    office_time_between,
)
from tests.inbox.test_office_hours import ALWAYS, LUNCH, NIGHTS, ams

quick = settings(max_examples=150, deadline=None)
minute_of_day = st.integers(0, 24 * 60 - 1)


def at_minute(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    opens = draw(minute_of_day)
    return Period(draw(st.integers(0, 6)), at_minute(opens), at_minute(draw(st.integers(opens + 1, 24 * 60))))


def between(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    return st.timedeltas(timedelta(0), last - first).map(lambda since: first + since)


# Around both DST changes, Easter, the holidays of spring, and the turn of a year.
moments = st.one_of(
    between(ams(2026, 3, 27), ams(2026, 4, 8)),
    between(ams(2026, 10, 23), ams(2026, 10, 27)),
    between(ams(2025, 12, 20), ams(2026, 5, 30)),
    between(ams(2028, 2, 27), ams(2028, 3, 2)),
)
some_hours = st.builds(
    Hours,
    st.lists(periods(), min_size=1, max_size=8).map(tuple),
    st.dictionaries(st.dates(date(2026, 3, 25), date(2026, 4, 10)), st.text(max_size=5), max_size=3),
    st.booleans(),
)
any_hours = st.one_of(some_hours, st.sampled_from([DEFAULT_HOURS, LUNCH, NIGHTS, ALWAYS]))
amounts = st.integers(0, 3000)


@quick
@given(any_hours, moments, amounts)
def test_law_between_gives_back_what_was_added(hours: Hours, start: datetime, minutes: int) -> None:
    assert office_minutes_between(hours, start, add_office_minutes(hours, start, minutes)) == minutes


@quick
@given(any_hours, moments, amounts, amounts)
def test_law_adding_in_two_steps_is_adding_at_once(hours: Hours, start: datetime, one: int, two: int) -> None:
    step = add_office_minutes(hours, add_office_minutes(hours, start, one), two)
    # A first step of nothing may already wait for the opening; the sum of the time is what counts.
    assert office_time_between(hours, step, add_office_minutes(hours, start, one + two)) == timedelta(0)
    if two:
        assert step == add_office_minutes(hours, start, one + two)


@quick
@given(any_hours, moments, moments, amounts, amounts)
def test_law_later_start_or_more_time_never_ends_earlier(
    hours: Hours, one: datetime, two: datetime, few: int, many: int
) -> None:
    one, two = sorted((one, two))
    few, many = sorted((few, many))
    assert add_office_minutes(hours, one, few) <= add_office_minutes(hours, two, many)


@quick
@given(any_hours, moments, st.integers(1, 3000))
def test_law_added_time_lands_in_open_time_or_on_its_closing(hours: Hours, start: datetime, minutes: int) -> None:
    end = add_office_minutes(hours, start, minutes)
    assert is_open(hours, end) or closed_since(hours, end) == end


@quick
@given(any_hours, moments)
def test_law_open_is_what_the_clock_on_the_wall_says(hours: Hours, at: datetime) -> None:
    wall = at.astimezone(AMSTERDAM)
    day = wall.date()
    closed = day in hours.closings or (hours.holidays_on and day in dutch_holidays(day.year))
    inside = any(
        p.weekday == day.weekday() and p.opens <= wall.time() and (p.closes == time(0) or wall.time() < p.closes)
        for p in hours.periods
    )
    assert is_open(hours, at) == (inside and not closed)


@quick
@given(any_hours, moments)
def test_law_closed_stretch_has_its_ends_around_now(hours: Hours, at: datetime) -> None:
    since, opens = closed_since(hours, at), next_opening(hours, at)
    assert (since is None) == is_open(hours, at)
    if since is not None and opens is not None:
        assert since <= at < opens
        assert office_time_between(hours, since, opens) == timedelta(0)
        assert is_open(hours, opens)
        assert is_open(hours, since - timedelta(microseconds=1))


@quick
@given(any_hours, moments, st.timedeltas(timedelta(0), timedelta(days=20)))
def test_law_time_is_either_office_time_or_in_a_closed_stretch(hours: Hours, a: datetime, span: timedelta) -> None:
    b = a + span
    stretches = closed_stretches(hours, a, b)
    closed = sum((min(s.end, b) - max(s.start, a) for s in stretches), timedelta(0))
    assert closed + office_time_between(hours, a, b) == span
    assert stretches == sorted(stretches)


@quick
@given(any_hours, moments, moments, moments)
def test_law_office_time_adds_up_over_any_three_moments(hours: Hours, a: datetime, b: datetime, c: datetime) -> None:
    assert office_time_between(hours, a, b) + office_time_between(hours, b, c) == office_time_between(hours, a, c)


@quick
@given(some_hours, moments, st.timedeltas(timedelta(0), timedelta(hours=60)))
def test_law_exact_to_the_microsecond(hours: Hours, start: datetime, amount: timedelta) -> None:
    assume(next_opening(hours, start))
    assert office_time_between(hours, start, add_office_time(hours, start, amount)) == amount
