"""Openingstijden en doelen: what an administrator agrees for an account; its running timers follow at once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from inbox import audit, dutch_days
from inbox.actions import recount
from inbox.actions.clocks import AGREED, hours_of
from inbox.actions.recount import Effect
from inbox.actions.refused import Refused
from inbox.day_words import Spans
from inbox.models import AccountSettings, AnswerTarget, ClosingDay, OpeningPeriod, SpecialPeriod, User
from inbox.office_hours import Hours, Period
from inbox.targets import Target, of_settings


@dataclass(frozen=True, slots=True)
class SetDay:
    """A date that differs from the week: closed when it has no ``spans``."""

    date: date
    name: str
    spans: Spans = ()


@dataclass(frozen=True, slots=True)
class Week:
    """What is set for an account: the week, the names of holidays on which it is closed, and days of its own."""

    periods: tuple[Period, ...]
    holidays: frozenset[str]
    days: tuple[SetDay, ...]

    @property
    def worked(self) -> frozenset[str]:
        """The holidays on which it is open."""
        return holiday_names() - self.holidays

    @property
    def hours(self) -> Hours:
        """As clocks count."""
        return Hours(
            self.periods,
            {day.date: day.name for day in self.days if not day.spans},
            bool(self.holidays),
            self.worked,
            {day.date: day.spans for day in self.days if day.spans},
        )


def holiday_names() -> frozenset[str]:
    """Every Dutch holiday there is; they are the same each year."""
    return frozenset(dutch_days.by_name(2026))


def load(account_id: int) -> AccountSettings:
    """With all that hangs on it. Raises AccountSettings.DoesNotExist."""
    rows = AccountSettings.objects.select_related("account").defer("account__secrets").prefetch_related(*AGREED)
    return rows.get(account=account_id)


def week_periods(settings: AccountSettings) -> tuple[Period, ...]:
    """The week alone, in order; one query unless prefetched."""
    return tuple(sorted(Period(row.weekday, row.opens, row.closes) for row in settings.periods.all()))


def week_of(settings: AccountSettings) -> Week:
    """What is set now."""
    hours = hours_of(settings)
    names: dict[date, str] = {}
    for period in settings.special_periods.all():
        names[period.date] = names.get(period.date) or period.name
    days = [SetDay(day, name) for day, name in hours.closings.items()]
    # A closing day goes before hours of its own.
    days += [SetDay(day, names[day], spans) for day, spans in hours.specials.items() if day not in hours.closings]
    return Week(
        week_periods(settings),
        holiday_names() - hours.worked if hours.holidays_on else frozenset(),
        tuple(sorted(days, key=lambda day: day.date)),
    )


def fingerprint(settings: AccountSettings) -> str:
    """Of all that is set; another one means that somebody changed it."""
    week = week_of(settings)
    told: Any = [
        [(period.weekday, period.opens, period.closes) for period in week.periods],
        sorted(week.holidays),
        [(day.date, day.name, day.spans) for day in week.days],
        sorted(str(target) for target in of_settings(settings)),
    ]
    return blake2b(json.dumps(told, default=str).encode(), digest_size=8).hexdigest()


def set_week(account_id: int, week: Week, *, by: User, seen: str) -> Effect:
    """Put ``week`` in place of what was set, and count the running timers anew; what that did to them.

    ``seen``: the fingerprint of what the administrator had before them. Raises Refused "changed_since";
    AccountSettings.DoesNotExist.
    """
    with transaction.atomic():
        settings = _locked(account_id, seen)
        before = week_of(settings)
        changed = [name for name in ("periods", "holidays", "days") if getattr(before, name) != getattr(week, name)]
        if changed:
            _write(settings, week)
            recount.touch(settings)
            audit.record(None, "hours_changed", by, account=account_id, fields=changed)
    return _follow(account_id, by) if changed else Effect(0, 0)


def set_targets(account_id: int, own: tuple[int, int], others: Sequence[Target], *, by: User, seen: str) -> Effect:
    """The targets of the account (office minutes: first answer, next answer), and those for some conversations, in
    place of what was set. The rest as ``set_week``. Raises IntegrityError for two with the same conditions."""
    with transaction.atomic():
        settings = _locked(account_id, seen)
        if set(of_settings(settings)) == {Target(*own), *others}:
            return Effect(0, 0)
        settings.first_answer_minutes, settings.next_answer_minutes = own
        settings.save(update_fields=["first_answer_minutes", "next_answer_minutes"])
        settings.targets.all().delete()
        AnswerTarget.objects.bulk_create(
            AnswerTarget(
                settings=settings,
                public=each.public,
                topic_id=each.topic,
                priority=each.priority,
                first_answer_minutes=each.first,
                next_answer_minutes=each.next,
            )
            for each in others
        )
        recount.touch(settings)
        audit.record(None, "targets_changed", by, account=account_id, own=own, others=len(others))
    return _follow(account_id, by)


def _locked(account_id: int, seen: str) -> AccountSettings:
    AccountSettings.objects.select_for_update().get(account=account_id)
    settings = load(account_id)
    if fingerprint(settings) != seen:
        raise Refused(
            "changed_since", _("A colleague changed this meanwhile. You see it as it is now; make your change again.")
        )
    return settings


def _write(settings: AccountSettings, week: Week) -> None:
    settings.holidays, settings.worked_holidays = bool(week.holidays), sorted(week.worked)
    settings.save(update_fields=["holidays", "worked_holidays"])
    for rows in (settings.periods, settings.closing_days, settings.special_periods):
        rows.all().delete()
    OpeningPeriod.objects.bulk_create(
        OpeningPeriod(settings=settings, weekday=period.weekday, opens=period.opens, closes=period.closes)
        for period in week.periods
    )
    ClosingDay.objects.bulk_create(
        ClosingDay(settings=settings, date=day.date, name=day.name) for day in week.days if not day.spans
    )
    SpecialPeriod.objects.bulk_create(
        SpecialPeriod(settings=settings, date=day.date, name=day.name, opens=opens, closes=closes)
        for day in week.days
        for opens, closes in day.spans
    )


def _follow(account_id: int, by: User) -> Effect:
    effect = recount.recount(account_id)
    if effect.changed:
        audit.record(None, "clocks_recounted", by, account=account_id, clocks=effect.changed)
    return effect
