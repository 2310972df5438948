"""Special days and worked holidays in office hours, and the year's calendar: by example and by law."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from inbox import dutch_days, year_calendar
from inbox.office_hours import (
    AMSTERDAM,
    Hours,
    NoOpeningHours,
    Period,
    add_office_time,
    is_open,
    next_opening,
    office_time_between,
)

WEEK = tuple(Period(day, time(9), time(17)) for day in range(5))
EVENING = ((time(18), time(21)),)
KINGS_DAY, CHRISTMAS_EVE = date(2027, 4, 27), date(2026, 12, 24)
SPRING, AUTUMN = date(2027, 3, 28), date(2026, 10, 25)
DAYS = st.dates(date(2026, 9, 1), date(2027, 12, 31))


def ams(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), AMSTERDAM).astimezone(UTC)


def test_special_day_goes_in_place_of_the_week_and_of_a_holiday():
    hours = Hours(WEEK, specials={KINGS_DAY: EVENING, CHRISTMAS_EVE: ((time(9), time(12)),)})
    assert [is_open(hours, ams(KINGS_DAY, hour)) for hour in (10, 18, 20, 21)] == [False, True, True, False]
    assert [is_open(hours, ams(CHRISTMAS_EVE, hour)) for hour in (9, 12, 16)] == [True, False, False]


def test_closing_day_goes_before_a_special_one():
    hours = Hours(WEEK, {KINGS_DAY: "Verhuizing"}, specials={KINGS_DAY: EVENING})
    assert not is_open(hours, ams(KINGS_DAY, 19))
    assert year_calendar.day_of(hours, KINGS_DAY) == year_calendar.Day(KINGS_DAY, "closing", "Verhuizing", ())


def test_a_holiday_may_be_worked():
    liberation = date(2027, 5, 5)
    assert not is_open(Hours(WEEK), ams(liberation, 10))
    assert is_open(Hours(WEEK, worked=frozenset({"Bevrijdingsdag"})), ams(liberation, 10))
    assert is_open(Hours(WEEK), ams(date(2027, 3, 26), 10))  # Good Friday, as public servants have it
    assert not is_open(Hours(WEEK, worked=frozenset()), ams(date(2027, 3, 26), 10))


def test_two_holidays_on_one_day_are_closed_while_one_of_them_is():
    day = date(2016, 5, 5)
    assert dutch_days.closed_on(day, frozenset({"Bevrijdingsdag"})) == "Hemelvaartsdag"
    assert dutch_days.closed_on(day, frozenset({"Bevrijdingsdag", "Hemelvaartsdag"})) == ""


def test_bridge_days_lie_between_a_holiday_and_a_weekend():
    assert dutch_days.bridge_days(2027) == {date(2027, 4, 26): "Koningsdag", date(2027, 5, 7): "Hemelvaartsdag"}
    assert date(2026, 1, 2) in dutch_days.bridge_days(2026)  # across New Year
    assert dutch_days.bridge_days(2027, dutch_days.WORKED | {"Koningsdag", "Hemelvaartsdag"}) == {}


def test_special_night_across_the_clock_change_counts_what_passed():
    night = ((time(0), time(6)),)
    hours = Hours((), specials={SPRING: night, AUTUMN: night})
    for day, passed in ((SPRING, 5), (AUTUMN, 7)):
        whole = office_time_between(hours, ams(day, 0) - timedelta(hours=2), ams(day, 12))
        assert whole == timedelta(hours=passed)


def test_special_evening_of_the_old_year_runs_into_the_new():
    eve, new_year = date(2026, 12, 31), date(2027, 1, 1)
    hours = Hours((), specials={eve: ((time(22), time(0)),), new_year: ((time(0), time(2)),)})
    assert add_office_time(hours, ams(eve, 23), timedelta(hours=2)) == ams(new_year, 1)
    assert next_opening(hours, ams(eve, 23)) is None


@st.composite
def agreed(draw):
    """Any week with any days of its own."""
    week = draw(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 22), st.integers(1, 5)), max_size=10))
    periods = tuple(
        Period(day, time(at), time(min(at + long, 23))) for day, at, long in week if min(at + long, 23) > at
    )
    closings = draw(st.dictionaries(DAYS, st.just("Dicht"), max_size=5))
    specials = draw(st.dictionaries(DAYS, st.sampled_from([EVENING, ((time(0), time(0)),)]), max_size=5))
    names = list(dutch_days.by_name(2026))
    worked = frozenset(draw(st.lists(st.sampled_from(names), max_size=4)))
    return Hours(periods, closings, draw(st.booleans()), worked, specials)


@given(agreed(), DAYS)
@example(Hours(WEEK, specials={SPRING: ((time(0), time(0)),)}), SPRING)
@example(Hours(WEEK, specials={AUTUMN: ((time(0), time(0)),)}), AUTUMN)
@example(Hours(WEEK, specials={date(2026, 12, 31): ((time(0), time(0)),)}), date(2026, 12, 31))
def test_calendar_says_open_exactly_when_the_clock_runs(hours, day):
    shown = year_calendar.day_of(hours, day)
    begin = datetime.combine(day, time(0), AMSTERDAM).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(0), AMSTERDAM).astimezone(UTC)
    counted = office_time_between(hours, begin, end)
    assert (counted > timedelta(0)) == bool(shown.spans)
    assert (shown.kind in ("open", "special")) == bool(shown.spans)
    if end - begin == timedelta(days=1) and shown.spans == ((time(0), time(0)),):
        assert counted == timedelta(days=1)


@given(agreed(), st.integers(2026, 2027), st.integers(1, 12))
def test_month_has_every_day_once(hours, year, number):
    days = [shown.date for shown in year_calendar.month(hours, year, number)]
    assert days == sorted(set(days))
    assert (days[-1] + timedelta(days=1)).day == 1
    assert {(day.year, day.month) for day in days} == {(year, number)}


@given(agreed(), DAYS, st.integers(0, 23), st.integers(0, 3000), st.integers(0, 3000))
def test_office_time_adds_up_over_special_days(hours, day, hour, first, second):
    start = ams(day, hour)
    one, both = timedelta(minutes=first), timedelta(minutes=first + second)
    try:
        there = add_office_time(hours, start, one)
        further = add_office_time(hours, start, both)
    except NoOpeningHours:
        return
    assert office_time_between(hours, start, there) == one
    assert office_time_between(hours, there, further) == timedelta(minutes=second)
