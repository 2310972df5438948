"""Pure: when the municipality is open, and arithmetic that counts open time only.

All instants are aware; results are in UTC. Opening hours are wall time in Europe/Amsterdam: the office is
open exactly when the clock on the wall is inside one of the day's periods. That holds on both DST nights
too: an hour that does not exist is not counted, an hour that comes twice is counted twice.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from inbox import dutch_days

AMSTERDAM = ZoneInfo("Europe/Amsterdam")

# How far we look for an opening, forwards or back. Longer than any closing; still short to walk.
SEARCH_DAYS = 400

# Kinds of closed stretch.
NIGHT, WEEKEND, LUNCH, BREAK = "night", "weekend", "lunch", "break"
DAY_OFF, HOLIDAY, CLOSING = "day_off", "holiday", "closing"

_ZERO = timedelta(0)
_DAY = timedelta(days=1)
_MIDNIGHT = time(0, 0)

type Span = tuple[datetime, datetime]
type Wall = tuple[tuple[timedelta, timedelta], ...]  # open spans of a day, since midnight on the wall


class NoOpeningHours(Exception):
    """The office does not open within SEARCH_DAYS days, so office time never passes."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One stretch of opening on one weekday (Monday is 0), wall time; `closes` itself is outside.

    `closes == time(0, 0)` is the midnight that ends the day, 24:00 on screen. A night shift is two periods.
    Raises ValueError when it would be empty or run past midnight.
    """

    weekday: int
    opens: time
    closes: time

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise ValueError(_("A weekday is a number from 0 (Monday) to 6 (Sunday)."))
        if self.closes != _MIDNIGHT and self.closes <= self.opens:
            raise ValueError(
                _("A period must close after it opens (%(opens)s - %(closes)s).")
                % {"opens": f"{self.opens:%H:%M}", "closes": f"{self.closes:%H:%M}"}
            )

    @property
    def closes_text(self) -> str:
        """The closing time as people write it: 17:00, and 24:00 for the end of the day."""
        return "24:00" if self.closes == _MIDNIGHT else f"{self.closes:%H:%M}"


def parse_closes(text: str) -> time:
    """A closing time as people write it ("17:00", "24:00") as `Period.closes` holds it. Else ValueError."""
    return _MIDNIGHT if text.strip() == "24:00" else time.fromisoformat(text.strip())


@dataclass(frozen=True)
class Hours:
    """Opening hours of one account: weekly periods, its closing days by name, Dutch holidays or not.

    ``worked``: the names of holidays on which we are open all the same. ``specials``: dates with periods of their own
    (opens, closes), also on a holiday; a closing day goes before them. Overlapping periods count once, so that a
    mistake in the set-up can never make a clock run double.
    """

    periods: tuple[Period, ...]
    closings: Mapping[date, str] = field(default_factory=dict, hash=False)
    holidays_on: bool = True
    worked: frozenset[str] = dutch_days.WORKED
    specials: Mapping[date, tuple[tuple[time, time], ...]] = field(default_factory=dict, hash=False)
    _week: tuple[Wall, ...] = field(init=False, repr=False, compare=False)
    _special: Mapping[date, Wall] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "periods", tuple(self.periods))
        object.__setattr__(self, "closings", dict(self.closings))
        week = tuple(
            _merged(
                (_since_midnight(p.opens), _since_midnight(p.closes) or _DAY) for p in self.periods if p.weekday == day
            )
            for day in range(7)
        )
        object.__setattr__(self, "_week", week)
        special = {
            day: _merged((_since_midnight(opens), _since_midnight(closes) or _DAY) for opens, closes in spans)
            for day, spans in self.specials.items()
            if day not in self.closings
        }
        object.__setattr__(self, "_special", special)


class ClosedStretch(NamedTuple):
    """Closed from `start` (a closing) until `end` (an opening).

    `kind` is one of night, weekend, lunch, break, day_off, holiday, closing; `names` holds the holidays and
    closing days that explain it, in order: only days on which the office would otherwise have opened.
    """

    start: datetime
    end: datetime
    kind: str
    names: tuple[str, ...]


# ---------------------------------------------------------------- set-up


def check_periods(periods: Iterable[Period]) -> None:
    """Raises ValueError, in words for the screen, when two periods on a weekday overlap; touching is fine."""
    ordered = sorted(periods)
    for earlier, later in pairwise(ordered):
        if earlier.weekday == later.weekday and (earlier.closes == _MIDNIGHT or later.opens < earlier.closes):
            raise ValueError(
                _("Periods overlap: %(first)s and %(second)s.")
                % {
                    "first": f"{earlier.opens:%H:%M}-{earlier.closes_text}",
                    "second": f"{later.opens:%H:%M}-{later.closes_text}",
                }
            )


def dutch_holidays(year: int, worked: frozenset[str] = dutch_days.WORKED) -> dict[date, str]:
    """The days of a year on which a Dutch municipality is closed, with their Dutch names; ``worked``: not on these."""
    closed = {day: dutch_days.closed_on(day, worked) for day in dutch_days.names(year)}
    return {day: name for day, name in closed.items() if name}


# ---------------------------------------------------------------- questions


def is_open(hours: Hours, at: datetime) -> bool:
    """Whether the office is open at this instant; at the opening it is, at the closing it no longer is."""
    at = _utc(at)
    return any(start <= at < end for start, end in _spans(hours, local(at).date()))


def next_opening(hours: Hours, at: datetime) -> datetime | None:
    """The first instant after `at` at which the office goes open; None when none within SEARCH_DAYS."""
    at = _utc(at)
    return next((start for start, _end in _joined_from(hours, local(at).date()) if start > at), None)


def closed_since(hours: Hours, at: datetime) -> datetime | None:
    """The closing that began the present closed stretch; None when open, or none in SEARCH_DAYS."""
    at = _utc(at)
    if is_open(hours, at):
        return None
    today = local(at).date()
    for back in range(SEARCH_DAYS):
        for _start, end in reversed(_spans(hours, today - timedelta(days=back))):
            if end <= at:
                return end
    return None


def add_office_time(hours: Hours, start: datetime, amount: timedelta) -> datetime:
    """The instant at which `amount` of open time has passed since `start`.

    Lands in open time, or on the closing itself when the amount ends right there. Raises NoOpeningHours
    when the office does not open (any more), ValueError for a negative amount.
    """
    if amount < _ZERO:
        raise ValueError("office time only runs forwards")
    start = _utc(start)
    for opens, closes in _spans_from(hours, local(start).date()):
        if closes < start:
            continue
        begin = max(opens, start)
        if amount <= closes - begin:
            return begin + amount
        amount -= closes - begin
    raise NoOpeningHours


def add_office_minutes(hours: Hours, start: datetime, minutes: float) -> datetime:
    """`add_office_time` for an amount in minutes (fractions down to the microsecond)."""
    return add_office_time(hours, start, timedelta(minutes=minutes))


def office_time_between(hours: Hours, a: datetime, b: datetime) -> timedelta:
    """How much open time lies between two instants, exact; negative when `b` comes first."""
    a, b = _utc(a), _utc(b)
    if b < a:
        return -office_time_between(hours, b, a)
    total = _ZERO
    day, last = local(a).date(), local(b).date()
    while day <= last:
        for opens, closes in _spans(hours, day):
            total += max(_ZERO, min(closes, b) - max(opens, a))
        day += _DAY
    return total


def office_minutes_between(hours: Hours, a: datetime, b: datetime) -> float:
    """`office_time_between` in minutes, unrounded: seconds are fractions, so that pausing loses no time."""
    return office_time_between(hours, a, b) / timedelta(minutes=1)


def office_days_between(hours: Hours, a: datetime, b: datetime) -> int:
    """How many days with opening hours lie after the day of `a`, up to and with the day of `b`."""
    first, last = local(a).date(), local(b).date()
    return sum(bool(_spans(hours, first + timedelta(days=n + 1))) for n in range((last - first).days))


def closed_stretches(hours: Hours, a: datetime, b: datetime) -> list[ClosedStretch]:
    """Every closed stretch that has time in common with [a, b), in order, at its full length.

    Full length, because people know "closed since Friday 17:00", not since the message came in. Where no
    closing or opening is found within SEARCH_DAYS, `a` or `b` stands in for it.
    """
    found: list[ClosedStretch] = []
    a, b = _utc(a), _utc(b)
    if b <= a:
        return found
    closed_from = a if is_open(hours, a) else closed_since(hours, a) or a
    for opens, closes in _joined_from(hours, local(a).date()):
        if closes <= a:
            continue
        if opens > a:
            found.append(_stretch(hours, closed_from, opens))
        closed_from = closes
        if closed_from >= b:
            return found
    found.append(_stretch(hours, closed_from, b))
    return found


def closed_day(hours: Hours, day: date) -> tuple[str, str] | None:
    """(kind, name) when this date is a closing day or a holiday, else None."""
    if day in hours.closings:
        return CLOSING, hours.closings[day]
    if day in hours._special or not hours.holidays_on:
        return None
    name = dutch_days.closed_on(day, hours.worked)
    return (HOLIDAY, name) if name else None


def local(at: datetime) -> datetime:
    """The same instant on the clock in Amsterdam. Raises ValueError for a naive datetime."""
    return _utc(at).astimezone(AMSTERDAM)


# ---------------------------------------------------------------- inside


def _utc(at: datetime) -> datetime:
    # Two datetimes in one DST zone subtract as wall time: everything is counted in UTC.
    if at.tzinfo is None:
        raise ValueError("an aware datetime is needed")
    return at.astimezone(UTC)


def _spans(hours: Hours, day: date) -> tuple[Span, ...]:
    """The open spans of one Amsterdam date, in UTC, in order; the last may touch the next day's."""
    wall = _wall(hours, day)
    return () if not wall or closed_day(hours, day) else _localised(day, wall)


def _wall(hours: Hours, day: date) -> Wall:
    """When we open on this date, were it no holiday and no closing day."""
    special = hours._special.get(day)
    return hours._week[day.weekday()] if special is None else special


@lru_cache(maxsize=8192)
def _localised(day: date, wall: Wall) -> tuple[Span, ...]:
    """Wall-time spans of a date as UTC spans, cut to the stretches of the day that share one UTC offset."""
    midnight = datetime.combine(day, _MIDNIGHT, tzinfo=UTC)
    found: list[Span] = []
    for begin, end, offset in _offsets(day):
        for opens, closes in wall:
            span = (max(midnight + opens - offset, begin), min(midnight + closes - offset, end))
            if span[0] < span[1]:
                found.append(span)
    return _merged(sorted(found))


def _offsets(day: date) -> list[tuple[datetime, datetime, timedelta]]:
    """An Amsterdam date as (from, until, UTC offset): one stretch, or two on the days the clock changes."""
    begin, end = _begin(day), _begin(day + _DAY)
    before, after = _offset(begin), _offset(end)
    if before == after:
        return [(begin, end, before)]
    low, high = begin, end
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if _offset(middle) == before else (low, middle)
    return [(begin, high, before), (high, end, after)]


def _begin(day: date) -> datetime:
    return datetime.combine(day, _MIDNIGHT, tzinfo=AMSTERDAM).astimezone(UTC)


def _offset(at: datetime) -> timedelta:
    return at.astimezone(AMSTERDAM).utcoffset() or _ZERO


def _spans_from(hours: Hours, day: date) -> Iterator[Span]:
    """Every span from the start of a date on; ends after SEARCH_DAYS days in a row without one."""
    idle = 0
    while idle < SEARCH_DAYS:
        spans = _spans(hours, day)
        yield from spans
        idle = 0 if spans else idle + 1
        day += _DAY


def _joined_from(hours: Hours, day: date) -> Iterator[Span]:
    """As `_spans_from`, spans that touch (24:00 and 00:00) joined; one of SEARCH_DAYS or more is the last."""
    current: Span | None = None
    for span in _spans_from(hours, day):
        if current is None:
            current = span
        elif span[0] <= current[1]:
            current = current[0], span[1]
            if current[1] - current[0] >= timedelta(days=SEARCH_DAYS):
                break
        else:
            yield current
            current = span
    if current is not None:
        yield current


def _stretch(hours: Hours, start: datetime, end: datetime) -> ClosedStretch:
    kinds: set[str] = set()
    names: list[str] = []
    day = local(start).date()
    while _begin(day) < end:
        if _wall(hours, day):
            if closed := closed_day(hours, day):
                kinds.add(closed[0])
                names.append(closed[1])
        elif start <= _begin(day) and _begin(day + _DAY) <= end:
            kinds.add(WEEKEND if day.weekday() >= 5 else DAY_OFF)
        day += _DAY
    for kind in (CLOSING, HOLIDAY, WEEKEND, DAY_OFF):
        if kind in kinds:
            return ClosedStretch(start, end, kind, tuple(dict.fromkeys(filter(None, names))))
    if local(start).date() != local(end).date():
        return ClosedStretch(start, end, NIGHT, ())
    return ClosedStretch(start, end, LUNCH if 11 <= local(start).hour < 15 else BREAK, ())


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def _merged[T: (timedelta, datetime)](spans: Iterable[tuple[T, T]]) -> tuple[tuple[T, T], ...]:
    found: list[tuple[T, T]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return tuple(found)


# What a municipality has until it says otherwise.
DEFAULT_HOURS = Hours(tuple(Period(day, time(9), time(17)) for day in range(5)))
