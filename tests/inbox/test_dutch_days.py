"""Holidays by name, whichever year, and the bridge days beside them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox import dutch_days

YEARS = st.integers(2015, 2060)
NAMES = [
    "Nieuwjaarsdag",
    "Goede vrijdag",
    "Eerste paasdag",
    "Tweede paasdag",
    "Koningsdag",
    "Bevrijdingsdag",
    "Hemelvaartsdag",
    "Eerste pinksterdag",
    "Tweede pinksterdag",
    "Eerste kerstdag",
    "Tweede kerstdag",
]


@pytest.mark.parametrize("year", range(2015, 2061))
def test_every_year_has_the_same_names_in_dutch(year):
    assert sorted(dutch_days.by_name(year)) == sorted(NAMES)


@given(YEARS, st.frozensets(st.sampled_from(NAMES)))
def test_bridge_day_is_one_working_day_with_a_holiday_beside_it(year, worked):
    for day, name in dutch_days.bridge_days(year, worked).items():
        before, after = (dutch_days.closed_on(day + timedelta(days=way), worked) for way in (-1, 1))
        assert name in (before, after)
        assert (day.weekday() < 5, dutch_days.closed_on(day, worked)) == (True, "")
        assert before or (day - timedelta(days=1)).weekday() >= 5
        assert after or (day + timedelta(days=1)).weekday() >= 5


@given(YEARS)
def test_who_works_on_all_holidays_has_no_bridge_days(year):
    assert dutch_days.bridge_days(year, frozenset(NAMES)) == {}
