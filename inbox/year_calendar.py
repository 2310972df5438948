"""Pure: a year as the office keeps it, day by day, for people to look over."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from inbox import office_hours
from inbox.day_words import Spans
from inbox.office_hours import Hours

# What a day is.
OPEN, SHUT, HOLIDAY, CLOSING, SPECIAL = "open", "shut", "holiday", "closing", "special"


@dataclass(frozen=True, slots=True)
class Day:
    """One date. ``name``: of the holiday or closing day; ``spans``: when it is open, on the wall."""

    date: date
    kind: str
    name: str
    spans: Spans


def day_of(hours: Hours, day: date) -> Day:
    """What this date is. A holiday or closing day on which we would not have opened is told by its name too."""
    if day in hours.closings:
        return Day(day, CLOSING, hours.closings[day], ())
    if day in hours.specials:
        return Day(day, SPECIAL, "", hours.specials[day])
    if closed := office_hours.closed_day(hours, day):
        return Day(day, HOLIDAY, closed[1], ())
    spans = tuple((period.opens, period.closes) for period in sorted(hours.periods) if period.weekday == day.weekday())
    return Day(day, OPEN if spans else SHUT, "", spans)


def month(hours: Hours, year: int, number: int) -> list[Day]:
    """The days of a month (1 is January), in order."""
    return [day_of(hours, date(year, number, day)) for day in range(1, monthrange(year, number)[1] + 1)]
