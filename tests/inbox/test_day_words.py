"""Opening hours of a day as people write them, and back."""

from datetime import time

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from inbox.day_words import format_spans, parse, week_words
from inbox.office_hours import Period

NINE, NOON, ONE, FIVE = time(9), time(12), time(13), time(17)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("09:00-17:00", ((NINE, FIVE),)),
        ("9-17", ((NINE, FIVE),)),
        ("9.00 – 17.00", ((NINE, FIVE),)),
        ("9 uur tot 17 uur", ((NINE, FIVE),)),
        ("13:00-17:00 en 09:00-12:00", ((NINE, NOON), (ONE, FIVE))),
        ("09:00-12:00, 13:00-17:00", ((NINE, NOON), (ONE, FIVE))),
        ("9:30-24:00", ((time(9, 30), time(0)),)),
        ("00:00-24:00", ((time(0), time(0)),)),
        ("", ()),
        ("  ", ()),
        ("Dicht", ()),
        ("gesloten", ()),
    ],
)
def test_read_as_people_write(text, spans):
    assert parse(text) == spans


@pytest.mark.parametrize(
    "text", ["open", "9", "17:00-09:00", "09:00-12:00, 11:00-17:00", "25-26", "09:70-10:00", "9-24:30"]
)
def test_refused_in_words(text):
    with translation.override("nl"), pytest.raises(ValueError, match=r"\.$"):
        parse(text)


@st.composite
def spans(draw):
    """Periods of a day that do not overlap, in order."""
    at = draw(st.lists(st.integers(0, 24 * 60), unique=True, min_size=0, max_size=8).map(sorted))
    clock = [time(minute // 60 % 24, minute % 60) for minute in at]
    return tuple(zip(clock[::2], clock[1::2], strict=False))


@given(spans())
def test_what_is_written_is_read_back(made):
    assert parse(format_spans(made)) == made


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        made = parse(text)
    except ValueError:
        return
    assert parse(format_spans(made)) == made


def test_week_in_a_line_takes_equal_days_together():
    days = [Period(day, NINE, FIVE) for day in range(5)] + [Period(5, NINE, NOON), Period(5, ONE, FIVE)]
    with translation.override("nl"):
        assert week_words(days) == "ma-vr 09:00-17:00, za 09:00-12:00 + 13:00-17:00"
        assert week_words([days[0], days[2]]) == "ma 09:00-17:00, wo 09:00-17:00"
        assert week_words([]) == ""
