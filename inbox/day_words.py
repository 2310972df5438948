"""Pure: opening hours of one day as people write them, "09:00-12:00, 13:00-17:00", and back."""

import re
from collections.abc import Iterable
from datetime import time

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from inbox.office_hours import Period, check_periods

type Spans = tuple[tuple[time, time], ...]  # opens, closes; 00:00 as closing time is midnight

SHUT = frozenset({"", "-", "–", "dicht", "gesloten", "closed"})
_BETWEEN = re.compile(r"[,;+&\n]|\ben\b|\band\b")
_CLOCK = r"(\d{1,2})(?:[:.u](\d{2})?)?(?: ?uur)?"
_SPAN = re.compile(rf"{_CLOCK} ?(?:-|–|—|tot|to) ?{_CLOCK}")
_MIDNIGHT = time(0)


def parse(text: str) -> Spans:
    """The periods in order; () for nothing, "dicht" and "gesloten". Raises ValueError, in words for the screen."""
    whole = " ".join(text.casefold().split())
    if whole in SHUT:
        return ()
    periods = sorted(_period(part.strip()) for part in _BETWEEN.split(whole) if part.strip())
    check_periods(periods)
    return tuple((period.opens, period.closes) for period in periods)


def format_spans(spans: Iterable[tuple[time, time]]) -> str:
    """ "09:00-12:00, 13:00-17:00"; "" when closed. What ``parse`` reads."""
    return ", ".join(f"{opens:%H:%M}-{Period(0, opens, closes).closes_text}" for opens, closes in spans)


def _period(part: str) -> Period:
    found = _SPAN.fullmatch(part)
    if found is None:
        raise ValueError(_("%(text)s is not a time. Write it as 09:00-17:00.") % {"text": part})
    hour, minute, until_hour, until_minute = (int(group or 0) for group in found.groups())
    end = (until_hour, until_minute)
    try:
        return Period(0, time(hour, minute), _MIDNIGHT if end == (24, 0) else time(*end))
    except ValueError as error:
        if hour > 23 or minute > 59 or until_hour > 23 or until_minute > 59:
            words = _("%(text)s is not a time. Write it as 09:00-17:00.") % {"text": part}
            raise ValueError(words) from error
        raise


def week_words(periods: Iterable[Period]) -> str:
    """The week in a line: "mon-fri 09:00-17:00, sat 10:00-14:00"; "" when never open."""
    return ", ".join(week_parts(periods))


def week_parts(periods: Iterable[Period]) -> list[str]:
    """The same in parts, equal days together."""
    days: dict[int, list[tuple[time, time]]] = {}
    for period in sorted(periods):
        days.setdefault(period.weekday, []).append((period.opens, period.closes))
    runs: list[tuple[int, int, str]] = []
    for day, spans in days.items():
        words = format_spans(spans).replace(", ", " + ")
        if runs and runs[-1][1:] == (day - 1, words):
            runs[-1] = (runs[-1][0], day, words)
        else:
            runs.append((day, day, words))
    short = [str(name).lower() for name in WEEKDAYS_ABBR.values()]
    return [f"{short[a]}{f'-{short[b]}' if b > a else ''} {words}" for a, b, words in runs]
