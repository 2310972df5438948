"""Opening hours: the calendar as a municipality knows it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import translation

from inbox.office_hours import (
    AMSTERDAM,
    DEFAULT_HOURS,
    Hours,
    NoOpeningHours,
    Period,
    add_office_minutes,
    check_periods,
    closed_since,
    closed_stretches,
    dutch_holidays,
    is_open,
    next_opening,
    office_days_between,
    office_minutes_between,
    parse_closes,
)

NEVER = Hours(())
ALWAYS = Hours(tuple(Period(day, time(0), time(0)) for day in range(7)), holidays_on=False)
LUNCH = Hours(
    tuple(
        Period(day, opens, closes) for day in range(5) for opens, closes in ((time(9), time(12)), (time(13), time(17)))
    )
)
# Open every night from 01:00 to 04:00, so across both DST changes.
NIGHTS = Hours(tuple(Period(day, time(1), time(4)) for day in range(7)), holidays_on=False)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """The words as the source has them, whatever the catalogue says."""
    with translation.override("en"):
        yield


def ams(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, fold: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=AMSTERDAM, fold=fold).astimezone(UTC)


# ---------------------------------------------------------------- the calendar


def test_holidays_of_2026_are_those_of_a_municipality() -> None:
    assert dutch_holidays(2026) == {
        date(2026, 1, 1): "Nieuwjaarsdag",
        date(2026, 4, 5): "Eerste paasdag",
        date(2026, 4, 6): "Tweede paasdag",
        date(2026, 4, 27): "Koningsdag",
        date(2026, 5, 5): "Bevrijdingsdag",
        date(2026, 5, 14): "Hemelvaartsdag",
        date(2026, 5, 24): "Eerste pinksterdag",
        date(2026, 5, 25): "Tweede pinksterdag",
        date(2026, 12, 25): "Eerste kerstdag",
        date(2026, 12, 26): "Tweede kerstdag",
    }


@pytest.mark.parametrize("year", range(2000, 2051))
def test_liberation_day_is_on_and_good_friday_off_every_year(year: int) -> None:
    found = dutch_holidays(year)
    assert found[date(year, 5, 5)].endswith("Bevrijdingsdag")
    easter = next(day for day, name in found.items() if name == "Eerste paasdag")
    assert easter - timedelta(days=2) not in found


def test_ascension_on_liberation_day_keeps_both_names() -> None:
    assert dutch_holidays(2016)[date(2016, 5, 5)] == "Hemelvaartsdag en Bevrijdingsdag"


def test_kings_day_on_a_sunday_is_kept_on_saturday() -> None:
    found = dutch_holidays(2025)
    assert (found.get(date(2025, 4, 26)), found.get(date(2025, 4, 27))) == ("Koningsdag", None)


def test_holidays_given_out_may_be_changed_without_harm() -> None:
    dutch_holidays(2026).clear()
    assert len(dutch_holidays(2026)) == 10


@pytest.mark.parametrize(
    ("day", "opened"),
    [
        (date(2026, 4, 3), True),  # Good Friday
        (date(2026, 4, 6), False),  # Easter Monday
        (date(2026, 4, 27), False),  # King's Day
        (date(2025, 4, 28), True),  # the Monday after King's Day was kept on Saturday the 26th
        (date(2025, 5, 5), False),
        (date(2026, 5, 5), False),
        (date(2026, 5, 14), False),  # Ascension
        (date(2026, 5, 15), True),
        (date(2026, 12, 24), True),
        (date(2026, 12, 25), False),
        (date(2027, 1, 1), False),
        (date(2028, 2, 29), True),  # leap day, a Tuesday
    ],
)
def test_default_hours_on_special_days(day: date, opened: bool) -> None:
    assert is_open(DEFAULT_HOURS, ams(day.year, day.month, day.day, 11)) is opened


def test_holidays_switched_off_are_working_days() -> None:
    assert is_open(Hours(DEFAULT_HOURS.periods, holidays_on=False), ams(2026, 4, 27, 11))


def test_own_closing_day_closes_only_that_account() -> None:
    hours = Hours(DEFAULT_HOURS.periods, {date(2026, 11, 24): "Verhuizing"})
    assert not is_open(hours, ams(2026, 11, 24, 11))
    assert is_open(DEFAULT_HOURS, ams(2026, 11, 24, 11))


# ---------------------------------------------------------------- open or closed


def test_open_from_the_opening_and_no_longer_at_the_closing() -> None:
    assert [
        is_open(DEFAULT_HOURS, ams(2026, 11, 23, h, m, s))
        for h, m, s in ((8, 59, 59), (9, 0, 0), (16, 59, 59), (17, 0, 0))
    ] == [
        False,
        True,
        True,
        False,
    ]


def test_friday_evening_is_closed_since_five_until_monday_nine() -> None:
    at = ams(2026, 11, 20, 17, 5)
    assert closed_since(DEFAULT_HOURS, at) == ams(2026, 11, 20, 17)
    assert next_opening(DEFAULT_HOURS, at) == ams(2026, 11, 23, 9)


def test_closing_instant_is_closed_since_itself() -> None:
    assert closed_since(DEFAULT_HOURS, ams(2026, 11, 20, 17)) == ams(2026, 11, 20, 17)


def test_open_office_is_not_closed_since_and_opens_next_tomorrow() -> None:
    assert closed_since(DEFAULT_HOURS, ams(2026, 11, 23, 9)) is None
    assert next_opening(DEFAULT_HOURS, ams(2026, 11, 23, 9)) == ams(2026, 11, 24, 9)


def test_new_year_runs_from_old_years_day_to_the_first_working_day() -> None:
    at = ams(2025, 12, 31, 23, 59)
    assert closed_since(DEFAULT_HOURS, at) == ams(2025, 12, 31, 17)
    assert next_opening(DEFAULT_HOURS, at) == ams(2026, 1, 2, 9)


def test_no_periods_never_open_and_never_closed_since() -> None:
    at = ams(2026, 11, 20, 12)
    assert (is_open(NEVER, at), next_opening(NEVER, at), closed_since(NEVER, at)) == (False, None, None)


def test_always_open_has_no_next_opening() -> None:
    at = ams(2026, 11, 20)
    assert (is_open(ALWAYS, at), next_opening(ALWAYS, at), closed_since(ALWAYS, at)) == (True, None, None)


def test_midnight_as_closing_joins_the_next_day() -> None:
    hours = Hours((Period(4, time(20), time(0)), Period(5, time(0), time(2))))
    assert is_open(hours, ams(2026, 11, 21))
    assert closed_since(hours, ams(2026, 11, 21, 12)) == ams(2026, 11, 21, 2)
    assert next_opening(hours, ams(2026, 11, 20, 21)) == ams(2026, 11, 27, 20)


def test_overlapping_periods_count_once() -> None:
    hours = Hours((Period(0, time(9), time(12)), Period(0, time(11), time(13))))
    assert office_minutes_between(hours, ams(2026, 11, 23), ams(2026, 11, 24)) == 240


def test_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        is_open(DEFAULT_HOURS, datetime(2026, 11, 20))  # noqa: DTZ001


# ---------------------------------------------------------------- sums


@pytest.mark.parametrize(
    ("hours", "start", "minutes", "end"),
    [
        (DEFAULT_HOURS, ams(2026, 11, 20, 16, 50), 60, ams(2026, 11, 23, 9, 50)),
        (DEFAULT_HOURS, ams(2026, 11, 20, 16, 0), 60, ams(2026, 11, 20, 17)),  # ends right at the closing
        (DEFAULT_HOURS, ams(2026, 11, 21, 11), 30, ams(2026, 11, 23, 9, 30)),
        (DEFAULT_HOURS, ams(2026, 11, 21, 11), 0, ams(2026, 11, 23, 9)),
        (DEFAULT_HOURS, ams(2026, 11, 20, 17), 0, ams(2026, 11, 20, 17)),
        (DEFAULT_HOURS, ams(2025, 12, 31, 16, 30), 60, ams(2026, 1, 2, 9, 30)),
        (DEFAULT_HOURS, ams(2026, 4, 2, 16, 0), 120, ams(2026, 4, 3, 10)),  # Good Friday counts
        (DEFAULT_HOURS, ams(2026, 4, 3, 16, 0), 120, ams(2026, 4, 7, 10)),  # Easter
        (
            DEFAULT_HOURS,
            ams(2026, 3, 27, 16, 0),
            120,
            ams(2026, 3, 30, 10),
        ),  # the weekend the clock goes forward
        (DEFAULT_HOURS, ams(2026, 10, 23, 16, 0), 120, ams(2026, 10, 26, 10)),  # and back
        (DEFAULT_HOURS, ams(2028, 2, 28, 9), 960, ams(2028, 2, 29, 17)),
        (LUNCH, ams(2026, 11, 23, 11, 30), 60, ams(2026, 11, 23, 13, 30)),
        (NIGHTS, ams(2026, 3, 29, 1), 60, ams(2026, 3, 29, 3)),  # 02:00-03:00 does not exist
        (NIGHTS, ams(2026, 3, 29, 1), 120, ams(2026, 3, 29, 4)),
        (NIGHTS, ams(2026, 10, 25, 1), 120, ams(2026, 10, 25, 2, fold=1)),  # 02:00-03:00 comes twice
        (NIGHTS, ams(2026, 10, 25, 1), 240, ams(2026, 10, 25, 4)),
        (ALWAYS, ams(2026, 3, 29), 23 * 60, ams(2026, 3, 30)),
        (ALWAYS, ams(2026, 10, 25), 25 * 60, ams(2026, 10, 26)),
        (ALWAYS, ams(2026, 11, 20), 60 * 24 * 900, ams(2026, 11, 20) + timedelta(days=900)),
    ],
)
def test_add_and_between_agree_on_known_cases(hours: Hours, start: datetime, minutes: int, end: datetime) -> None:
    assert add_office_minutes(hours, start, minutes) == end
    assert office_minutes_between(hours, start, end) == minutes


def test_period_that_begins_in_the_gap_begins_when_the_hour_is_skipped() -> None:
    hours = Hours((Period(6, time(2, 30), time(5)),))
    assert next_opening(hours, ams(2026, 3, 29)) == ams(2026, 3, 29, 3)


def test_period_inside_the_gap_does_not_exist_that_day() -> None:
    hours = Hours((Period(6, time(2), time(3)),), holidays_on=False)
    assert next_opening(hours, ams(2026, 3, 28)) == ams(2026, 4, 5, 2)


def test_period_inside_the_fold_comes_twice() -> None:
    hours = Hours((Period(6, time(2), time(2, 30)),))
    assert office_minutes_between(hours, ams(2026, 10, 25), ams(2026, 10, 26)) == 60
    assert not is_open(hours, ams(2026, 10, 25, 2, 45))
    assert is_open(hours, ams(2026, 10, 25, 2, 15, fold=1))


def test_amsterdam_datetimes_are_counted_in_real_time_across_dst() -> None:
    a, b = datetime(2026, 3, 29, tzinfo=AMSTERDAM), datetime(2026, 3, 29, 6, tzinfo=AMSTERDAM)
    assert office_minutes_between(ALWAYS, a, b) == 300
    assert add_office_minutes(ALWAYS, a, 300) == b.astimezone(UTC)


def test_seconds_are_kept() -> None:
    start = ams(2026, 11, 23, 9, 0, 30)
    assert office_minutes_between(DEFAULT_HOURS, start, ams(2026, 11, 23, 9, 2)) == 1.5


def test_between_is_negative_backwards() -> None:
    assert office_minutes_between(DEFAULT_HOURS, ams(2026, 11, 23, 9, 50), ams(2026, 11, 20, 16, 50)) == -60


@pytest.mark.parametrize("minutes", [0, 1, 100000])
def test_add_without_openings_says_so(minutes: int) -> None:
    with pytest.raises(NoOpeningHours):
        add_office_minutes(NEVER, ams(2026, 11, 20), minutes)


def test_add_a_negative_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="forwards"):
        add_office_minutes(DEFAULT_HOURS, ams(2026, 11, 20), -1)


def test_office_days_skip_weekend_and_holidays() -> None:
    assert office_days_between(DEFAULT_HOURS, ams(2026, 4, 3, 12), ams(2026, 4, 8, 12)) == 2


# ---------------------------------------------------------------- why closed

MONDAY_AND_WEDNESDAY = Hours((Period(0, time(9), time(17)), Period(2, time(9), time(17))))
AND_AN_EVENING = Hours((Period(0, time(9), time(17)), Period(0, time(19), time(21))))


def why(hours: Hours, a: datetime, b: datetime) -> list[tuple[str, tuple[str, ...]]]:
    return [(stretch.kind, stretch.names) for stretch in closed_stretches(hours, a, b)]


def test_weekend_is_given_at_its_full_length() -> None:
    assert closed_stretches(DEFAULT_HOURS, ams(2026, 11, 21, 11), ams(2026, 11, 22)) == [
        (ams(2026, 11, 20, 17), ams(2026, 11, 23, 9), "weekend", ())
    ]


@pytest.mark.parametrize(
    ("hours", "a", "b", "kinds"),
    [
        (DEFAULT_HOURS, ams(2026, 11, 23, 9), ams(2026, 11, 23, 17), []),
        (DEFAULT_HOURS, ams(2026, 11, 23, 16), ams(2026, 11, 25, 10), [("night", ()), ("night", ())]),
        (LUNCH, ams(2026, 11, 23, 11), ams(2026, 11, 23, 14), [("lunch", ())]),
        (DEFAULT_HOURS, ams(2026, 4, 3, 16), ams(2026, 4, 7, 10), [("holiday", ("Tweede paasdag",))]),
        (DEFAULT_HOURS, ams(2026, 12, 24, 16), ams(2026, 12, 28, 10), [("holiday", ("Eerste kerstdag",))]),
        (
            Hours(DEFAULT_HOURS.periods, {date(2026, 4, 7): "Verhuizing", date(2026, 4, 8): ""}),
            ams(2026, 4, 3, 16),
            ams(2026, 4, 9, 10),
            [("closing", ("Tweede paasdag", "Verhuizing"))],
        ),
        (MONDAY_AND_WEDNESDAY, ams(2026, 11, 23, 16), ams(2026, 11, 25, 10), [("day_off", ())]),
        (AND_AN_EVENING, ams(2026, 11, 23, 16), ams(2026, 11, 23, 20), [("break", ())]),
        (NEVER, ams(2026, 11, 23), ams(2026, 11, 24), [("day_off", ())]),
        (ALWAYS, ams(2026, 3, 1), ams(2026, 4, 1), []),
        (DEFAULT_HOURS, ams(2026, 11, 22), ams(2026, 11, 21), []),
    ],
)  # fmt: skip
def test_reason_of_each_closed_stretch(
    hours: Hours, a: datetime, b: datetime, kinds: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert why(hours, a, b) == kinds


# ---------------------------------------------------------------- set-up


def test_period_that_closes_before_it_opens_is_refused() -> None:
    with pytest.raises(ValueError, match=r"12:00 - 09:00"):
        Period(0, time(12), time(9))


def test_weekday_outside_the_week_is_refused() -> None:
    with pytest.raises(ValueError, match="weekday"):
        Period(7, time(9), time(12))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Period(0, time(9), time(12)), Period(0, time(11), time(13))),
        (Period(0, time(9), time(12)), Period(0, time(9), time(12))),
        (Period(0, time(9), time(0)), Period(0, time(20), time(21))),
        (Period(0, time(20), time(21)), Period(0, time(9), time(0))),
    ],
)
def test_overlap_is_named(first: Period, second: Period) -> None:
    with pytest.raises(ValueError, match=f"{first.opens:%H:%M}-{first.closes_text}"):
        check_periods([first, second])


def test_touching_periods_and_other_days_do_not_overlap() -> None:
    check_periods([Period(0, time(12), time(0)), Period(0, time(9), time(12)), Period(1, time(9), time(12))])


def test_twenty_four_hundred_is_the_end_of_the_day() -> None:
    assert Period(0, time(9), parse_closes("24:00")).closes_text == "24:00"
    assert Period(0, time(9), parse_closes("17:00")).closes_text == "17:00"


def test_hours_can_be_keys_and_do_not_follow_a_changed_dict() -> None:
    days = {date(2026, 11, 24): "Verhuizing"}
    hours = Hours(DEFAULT_HOURS.periods, days)
    days.clear()
    assert len({hours, Hours(DEFAULT_HOURS.periods, {date(2026, 11, 24): "Verhuizing"}), DEFAULT_HOURS}) == 2
