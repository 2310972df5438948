"""The week of an account as an administrator types it: a line for each weekday, holidays, and days of its own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from django.http import QueryDict
from django.utils.dateparse import parse_date
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from inbox import day_words
from inbox.actions.set_hours import SetDay, Week, holiday_names
from inbox.office_hours import Period

MOST_DAYS = 200
LONGEST_NAME = 80
BLANK = 2  # rows to fill in


@dataclass(slots=True)
class Line:
    """A weekday: what stands in its field."""

    name: str
    text: str
    error: str = ""


@dataclass(slots=True)
class Row:
    """A day of its own: date (ISO), hours and name as typed. Without a date it counts for nothing."""

    date: str = ""
    hours: str = ""
    name: str = ""
    error: str = ""

    @property
    def typed(self) -> bool:
        """Whether anything stands in it."""
        return bool(self.date or self.hours.strip() or self.name.strip())


@dataclass(slots=True)
class TypedWeek:
    """What stands in the fields now; ``read`` makes a Week of it, or puts errors beside them."""

    lines: list[Line]
    holidays: frozenset[str]
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def of_week(cls, week: Week, since: date) -> Self:
        """Fields filled with what is set; of its own days those from ``since`` on."""
        texts = [
            day_words.format_spans((p.opens, p.closes) for p in week.periods if p.weekday == day) for day in range(7)
        ]
        rows = [
            Row(day.date.isoformat(), day_words.format_spans(day.spans), day.name)
            for day in week.days
            if day.date >= since
        ]
        return cls([Line(str(WEEKDAYS[day]), text) for day, text in enumerate(texts)], week.holidays, rows)

    @classmethod
    def of_post(cls, data: QueryDict) -> Self:
        """Fields as they were sent."""
        lines = [Line(str(WEEKDAYS[day]), data.get(f"day-{day}", "")[:200]) for day in range(7)]
        columns = (data.getlist("date"), data.getlist("hours"), data.getlist("name"))
        rows = [Row(*(value[:200] for value in each)) for each in zip(*columns, strict=False)][:MOST_DAYS]
        if (drop := data.get("drop", "")).isdecimal() and int(drop) < len(rows):
            rows[int(drop)] = Row()
        rows = sorted((row for row in rows if row.typed), key=_by_date)
        return cls(lines, holiday_names() & set(data.getlist("holiday")), rows)

    def add(self, days: Iterable[SetDay]) -> None:
        """Rows for days that have none yet; in order of their dates."""
        there = {row.date for row in self.rows}
        self.rows += [Row(day.date.isoformat(), day_words.format_spans(day.spans), day.name) for day in days]
        self.rows = [row for number, row in enumerate(self.rows) if number < len(there) or row.date not in there]
        self.rows.sort(key=_by_date)

    def read(self) -> Week | None:
        """None when something is wrong; it then says so where."""
        periods: list[Period] = []
        for day, line in enumerate(self.lines):
            try:
                periods += [Period(day, *span) for span in day_words.parse(line.text)]
            except ValueError as error:
                line.error = str(error)
        days: dict[date, SetDay] = {}
        for row in self.rows:
            try:
                made = _day(row)
                if made.date in days:
                    raise ValueError(_("This date stands here twice."))  # noqa: TRY301 - told beside its row
                days[made.date] = made
            except ValueError as error:
                row.error = str(error)
        if self.wrong:
            return None
        return Week(tuple(sorted(periods)), self.holidays, tuple(days[day] for day in sorted(days)))

    @property
    def wrong(self) -> bool:
        """Whether ``read`` found something."""
        return any(line.error for line in self.lines) or any(row.error for row in self.rows)

    @property
    def blank(self) -> list[Row]:
        """Rows to fill in."""
        return [Row() for _number in range(BLANK)]


def _by_date(row: Row) -> str:
    return row.date or "9"  # what has none yet comes last


def _day(row: Row) -> SetDay:
    try:
        day = parse_date(row.date)
    except ValueError:
        day = None
    if day is None:
        raise ValueError(_("Fill in a date."))
    if len(name := row.name.strip()) > LONGEST_NAME:
        raise ValueError(_("At most %(count)s characters.") % {"count": LONGEST_NAME})
    spans = day_words.parse(row.hours)
    if not spans and not name:
        raise ValueError(_("Say why you are closed then: colleagues see it with their timers."))
    return SetDay(day, name, spans)
