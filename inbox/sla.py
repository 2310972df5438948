"""Pure: the two answer clocks in office time - due and warning times, pause and resume, and their words.

Words are asked for through gettext and made in the active language; moments are shown on the clock in
Amsterdam.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import ceil
from typing import Literal

from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from inbox import office_hours
from inbox.office_hours import ClosedStretch, Hours, local

type Kind = Literal["first", "next"]
type State = Literal["green", "orange", "red"]

# Orange in the last fifth of the target.
WARN_PART = 1 / 5

_MINUTE = timedelta(minutes=1)
# From this much office time on, lateness is told in days: a working day.
_WORKING_DAY = timedelta(hours=8)
# Later than this nobody counts any more: the date says it better, and costs nothing to work out.
_LONG_AGO = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Deadline:
    """One running clock. All instants aware, in UTC; `target_minutes` is office time.

    `started_at` is where this run began: the message, or the moment a paused clock went on.
    """

    started_at: datetime
    target_minutes: float
    warn_at: datetime
    due_at: datetime


# ---------------------------------------------------------------- the clocks


def deadline(hours: Hours, started_at: datetime, target_minutes: float) -> Deadline:
    """The clock that starts at `started_at`. Raises NoOpeningHours when the office never opens."""
    return resume(hours, target_minutes, target_minutes, started_at)


def pause(hours: Hours, running: Deadline, now: datetime) -> float:
    """Office minutes still to go at `now`, to keep while the citizen is to answer. 0 when too late.

    Not rounded; whoever stores whole units should round up, so that a pause never takes time away from a
    colleague.
    """
    return max(0.0, office_hours.office_minutes_between(hours, now, running.due_at))


def resume(hours: Hours, remaining_minutes: float, target_minutes: float, now: datetime) -> Deadline:
    """The clock that goes on at `now` with what `pause` gave; orange in the last fifth of the target.

    Raises NoOpeningHours when the office never opens.
    """
    unwarned = max(0.0, remaining_minutes - target_minutes * WARN_PART)
    warn_at = office_hours.add_office_minutes(hours, now, unwarned)
    due_at = office_hours.add_office_minutes(hours, now, max(0.0, remaining_minutes))
    return Deadline(now, target_minutes, warn_at, due_at)


def state(due_at: datetime, warn_at: datetime, now: datetime) -> State:
    """red from the due time on, orange from the warning on, else green."""
    if now >= due_at:
        return "red"
    return "orange" if now >= warn_at else "green"


# ---------------------------------------------------------------- words


def label(due_at: datetime, now: datetime, hours: Hours | None = None) -> str:
    """The few words of a list row: "1 h 20 left", "Mon 09:30", "35 min late".

    With `hours` (preferred) only open time is counted: "left" is said only while the office stays open
    until then, and lateness does not grow overnight. Without, real time is counted.
    """
    if now >= due_at:
        return _late_label(due_at, now, hours)
    same_day = local(now).date() == local(due_at).date()
    soon = same_day or (hours is not None and due_at - now <= timedelta(hours=8))
    if soon and (hours is None or office_hours.office_time_between(hours, now, due_at) == due_at - now):
        whole_hours, minutes = divmod(ceil((due_at - now) / _MINUTE), 60)
        if not whole_hours:
            return _("%(minutes)s min left") % {"minutes": minutes}
        if not minutes:
            return _("%(hours)s h left") % {"hours": whole_hours}
        return _("%(hours)s h %(minutes)s left") % {"hours": whole_hours, "minutes": f"{minutes:02}"}
    if same_day:
        return _today(due_at)
    if _days_away(due_at, now) <= 6:
        return date_format(local(due_at), "D H:i")
    return _date(due_at, now)


def explain(
    hours: Hours, kind: Kind, started_at: datetime, due_at: datetime, target_minutes: float, now: datetime
) -> str:
    """One or two sentences on why this clock stands where it stands; for hover, focus and screen readers.

    `started_at`, `due_at` and `target_minutes` as in Deadline; after a pause `started_at` may be the first
    start or the moment the clock went on. Never raises for aware datetimes, also not when the hours were
    changed since the deadline was set.
    """
    if now >= due_at:
        return _explain_late(hours, due_at, now)
    closed = office_hours.closed_stretches(hours, started_at, due_at)
    amount = office_hours.office_time_between(hours, started_at, due_at)
    target = timedelta(minutes=target_minutes)
    # More office time than agreed lies between the two when the clock stood still for the citizen meanwhile.
    waited = amount > target + _MINUTE
    if len(closed) == 1 and not waited:
        return _explain_closed(closed[0], due_at, now)
    words = {
        "due": _moment(due_at, now),
        "start": _moment(started_at, now, beside=due_at),
        "amount": _amount(amount),
        "target": _amount(target),
    }
    first = kind == "first"
    if waited and first:
        text = _("First answer by %(due)s: %(target)s of office time after %(start)s, without the citizen's turn.")
    elif waited:
        text = _("Next answer by %(due)s: %(target)s of office time after %(start)s, without the citizen's turn.")
    elif amount < target - _MINUTE and first:
        # Told from the moment a paused clock went on.
        text = _("First answer by %(due)s: of %(target)s of office time, %(amount)s was left at %(start)s.")
    elif amount < target - _MINUTE:
        text = _("Next answer by %(due)s: of %(target)s of office time, %(amount)s was left at %(start)s.")
    elif first:
        text = _("First answer by %(due)s: %(amount)s of office time after %(start)s.")
    else:
        text = _("Next answer by %(due)s: %(amount)s of office time after %(start)s.")
    text %= words
    if closed:
        reasons = dict.fromkeys(reason for stretch in closed for reason in _reasons(stretch))
        text += " " + _("Closed time does not count: %(reasons)s.") % {"reasons": ", ".join(reasons)}
    return text


def explain_paused(kind: Kind, remaining_minutes: float) -> str:
    """One sentence for a clock that stands still because the citizen is to answer."""
    words = {"amount": _amount(timedelta(minutes=remaining_minutes))}
    if kind == "first":
        return _("Waiting for the citizen; then %(amount)s of office time is left for the first answer.") % words
    return _("Waiting for the citizen; then %(amount)s of office time is left for the next answer.") % words


def format_moment(dt: datetime, now: datetime, *, with_time: bool = False) -> str:
    """A moment as people say it: "today 14:05", "yesterday", "Mon 23 nov", "3 mar 2025".

    On the clock in Amsterdam. `with_time` adds the time where it is left out.
    """
    days = _days_from(dt, now)
    if days == 0:
        return _today(dt)
    if days == -1:
        day = _("yesterday")
    elif days == 1:
        day = _("tomorrow")
    else:
        day = _date(dt, now)
    return f"{day} {_time(dt)}" if with_time else day


# ---------------------------------------------------------------- inside


def _late_label(due_at: datetime, now: datetime, hours: Hours | None) -> str:
    if now - due_at > _LONG_AGO:
        return _("late since %(date)s") % {"date": _date(due_at, now)}
    count, unit = _lateness(due_at, now, hours)
    if unit == "days":
        return ngettext("%(count)s day late", "%(count)s days late", count) % {"count": count}
    if unit == "hours":
        return _("%(hours)s h late") % {"hours": count}
    return _("%(minutes)s min late") % {"minutes": count} if count else pgettext("timer", "late")


def _lateness(due_at: datetime, now: datetime, hours: Hours | None) -> tuple[int, str]:
    """How late, in one unit, rounded down: (count, "minutes" | "hours" | "days")."""
    late = now - due_at if hours is None else office_hours.office_time_between(hours, due_at, now)
    if hours is None:
        days = late // timedelta(days=1)
    else:
        # A working day is long past or it is not: one night is no day, and neither is a weekend.
        days = office_hours.office_days_between(hours, due_at, now) if late >= _WORKING_DAY else 0
    if days:
        return days, "days"
    if late >= timedelta(hours=1):
        return late // timedelta(hours=1), "hours"
    return late // _MINUTE, "minutes"


def _explain_late(hours: Hours, due_at: datetime, now: datetime) -> str:
    due = _moment(due_at, now, beside=now)
    if now - due_at > _LONG_AGO:
        return _("Late: this had to be answered by %(due)s.") % {"due": due}
    count, unit = _lateness(due_at, now, hours)
    if not count:
        text = _("Late: this had to be answered by %(due)s.") % {"due": due}
    else:
        spoken = {"days": _days, "hours": _hours, "minutes": _minutes}[unit](count)
        text = _("%(amount)s late: this had to be answered by %(due)s.") % {"amount": spoken, "due": due}
    if office_hours.office_time_between(hours, due_at, now) < now - due_at:
        text += " " + _("Closed time is not counted.")
    return text


def _explain_closed(stretch: ClosedStretch, due_at: datetime, now: datetime) -> str:
    """The sentence for the usual case: one closed stretch lies between the message and its answer."""
    today = local(now).date()
    # A lunch break is told in times of today; anything longer in days of the week, which stay true overnight.
    all_today = {local(at).date() for at in (stretch.start, stretch.end, due_at)} == {today}
    if all_today:
        due, start, end = _today(due_at), _time(stretch.start), _time(stretch.end)
    else:
        due, start, end = (_weekday(at, now) for at in (due_at, stretch.start, stretch.end))
    words = {"due": due, "start": start, "end": end, "reason": ", ".join(_reasons(stretch))}
    named = bool(stretch.names) or stretch.kind == office_hours.LUNCH
    if stretch.start <= now < stretch.end:
        text = (
            _("To be answered by %(due)s, because we have been closed since %(start)s (%(reason)s).")
            if named
            else _("To be answered by %(due)s, because we have been closed since %(start)s.")
        )
    elif now < stretch.start:
        text = (
            _("To be answered by %(due)s, because we are closed from %(start)s to %(end)s (%(reason)s).")
            if named
            else _("To be answered by %(due)s, because we are closed from %(start)s to %(end)s.")
        )
    else:
        text = (
            _("To be answered by %(due)s, because we were closed from %(start)s to %(end)s (%(reason)s).")
            if named
            else _("To be answered by %(due)s, because we were closed from %(start)s to %(end)s.")
        )
    return text % words


def _reasons(stretch: ClosedStretch) -> tuple[str, ...]:
    """Why the office is closed then: the names of the days, or the words for the kind."""
    if stretch.names:
        return stretch.names
    return (
        {
            office_hours.NIGHT: _("the night"),
            office_hours.WEEKEND: _("the weekend"),
            office_hours.LUNCH: _("lunch break"),
            office_hours.BREAK: _("a break"),
            office_hours.DAY_OFF: _("a day without opening hours"),
            office_hours.HOLIDAY: _("a holiday"),
            office_hours.CLOSING: _("a closing day"),
        }[stretch.kind],
    )


def _amount(time: timedelta) -> str:
    """Office time in words, whole minutes: "45 minutes", "2 hours", "1 hour and 20 minutes"."""
    hours, minutes = divmod(max(0, round(time / _MINUTE)), 60)
    if not hours:
        return _minutes(minutes)
    if not minutes:
        return _hours(hours)
    return _("%(hours)s and %(minutes)s") % {"hours": _hours(hours), "minutes": _minutes(minutes)}


def _minutes(count: int) -> str:
    return ngettext("%(count)s minute", "%(count)s minutes", count) % {"count": count}


def _hours(count: int) -> str:
    return ngettext("%(count)s hour", "%(count)s hours", count) % {"count": count}


def _days(count: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": count}


def _moment(dt: datetime, now: datetime, beside: datetime | None = None) -> str:
    """A moment inside a sentence; the time alone when it and `beside`, told with it, are both today."""
    if _days_from(dt, now):
        return _weekday(dt, now)
    return _time(dt) if beside is not None and not _days_from(beside, now) else _today(dt)


def _weekday(dt: datetime, now: datetime) -> str:
    """ "Friday 17:00" within six days, else with its date: a weekday alone would be ambiguous."""
    return date_format(local(dt), "l H:i") if _days_away(dt, now) <= 6 else f"{_date(dt, now)} {_time(dt)}"


def _date(dt: datetime, now: datetime) -> str:
    at = local(dt)
    return _day(at.date(), get_language(), this_year=at.year == local(now).year)


@lru_cache(maxsize=2_000)
def _day(day: date, language: str | None, *, this_year: bool) -> str:
    """Kept: a page of the list tells some forty days."""
    return date_format(day, "D j b" if this_year else "j b Y")


def _today(dt: datetime) -> str:
    return _("today %(time)s") % {"time": _time(dt)}


def _time(dt: datetime) -> str:
    return f"{local(dt):%H:%M}"


def _days_from(dt: datetime, now: datetime) -> int:
    return (local(dt).date() - local(now).date()).days


def _days_away(dt: datetime, now: datetime) -> int:
    return abs(_days_from(dt, now))
