"""Openingstijden: which account, its week and days, and the year to look at before they are saved."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from channels.clock import now
from channels.models import Account
from inbox import day_words, dutch_days, office_hours, year_calendar
from inbox.actions import recount, set_hours
from inbox.actions.refused import Refused
from inbox.actions.set_hours import SetDay, Week
from inbox.forms_hours import TypedWeek
from inbox.models import AccountSettings
from inbox.office_hours import Hours, local
from inbox.targets import of_settings
from inbox.views import setup
from inbox.views.citizen import duration
from inbox.views.conversation import SignedIn

FIRST_YEAR, LAST_YEAR = 2000, 2100


@require_safe
@never_cache
@login_required
def overview(request: SignedIn) -> HttpResponse:
    """Every account with what is agreed for it."""
    setup.administrator(request)
    rows = AccountSettings.objects.select_related("account").defer("account__secrets").prefetch_related("periods")
    shown = [
        {
            "account": settings.account,
            "hours": day_words.week_parts(set_hours.week_periods(settings)),
            "first": duration(settings.first_answer_minutes),
            "next": duration(settings.next_answer_minutes),
            "others": settings.others,
        }
        for settings in rows.annotate(others=Count("targets")).order_by("account__kind", "account__name", "pk")
    ]
    return setup.page(
        request, "inbox/setup/hours.html", "setup_hours", title=_("Opening hours and targets"), rows=shown
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def edit(request: SignedIn, pk: int) -> HttpResponse:
    """The fields; with ``deed`` look: the year as it would be, and what it does to running timers; save: done."""
    setup.administrator(request)
    settings = settings_of(pk)
    today = local(now()).date()
    since = today.replace(month=1, day=1)
    before = set_hours.week_of(settings)
    if request.method != "POST":
        return _fields(request, settings, TypedWeek.of_week(before, since))
    typed = TypedWeek.of_post(request.POST)
    deed = "drop" if "drop" in request.POST else request.POST.get("deed", "look")
    if deed == "bridge":
        typed.add(_bridges(typed.holidays, today))
    elif deed == "copy":
        other = settings_of(_number(request.POST.get("from", "")))
        typed = TypedWeek.of_week(set_hours.week_of(other), since)
        messages.info(
            request, _("Taken over from %(account)s. Nothing is saved yet.") % {"account": named(other.account)}
        )
    if deed not in ("look", "save") or (week := typed.read()) is None:
        return _fields(request, settings, typed)
    # What lies before this year is not shown, and stays.
    kept = tuple(day for day in before.days if day.date < since and day.date not in {one.date for one in week.days})
    week = Week(week.periods, week.holidays, (*kept, *week.days))
    if deed == "look":
        return _look(request, settings, typed, before, week)
    try:
        effect = set_hours.set_week(pk, week, by=request.user, seen=request.POST.get("seen", ""))
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("setup_hours_of", pk=pk)
    messages.success(request, f"{_('Saved.')} {effect.words}")
    return redirect("setup_hours_of", pk=pk)


def settings_of(account: int) -> AccountSettings:
    """Raises Http404 for an account that is not there, or was never set up."""
    try:
        return set_hours.load(account)
    except AccountSettings.DoesNotExist:
        raise Http404 from None


def named(account: Account) -> str:
    """With its platform: several accounts may have one name."""
    return f"{account.name} ({account.get_kind_display()})"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _bridges(closed: frozenset[str], today: date) -> list[SetDay]:
    """Of this year and the next, from today on."""
    worked = set_hours.holiday_names() - closed
    found = dutch_days.bridge_days(today.year, worked) | dutch_days.bridge_days(today.year + 1, worked)
    return [
        SetDay(day, _("Bridge day beside %(holiday)s") % {"holiday": name})
        for day, name in found.items()
        if day > today
    ]


def _fields(request: SignedIn, settings: AccountSettings, typed: TypedWeek) -> HttpResponse:
    year = local(now()).year
    there = dutch_days.by_name(year), dutch_days.by_name(year + 1)
    return setup.page(
        request,
        "inbox/setup/hours_of.html",
        "setup_hours",
        title=_("Opening hours of %(account)s") % {"account": named(settings.account)},
        account=settings.account,
        typed=typed,
        wrong=typed.wrong,
        holidays=[
            {"name": name, "closed": name in typed.holidays, "days": [_date(found[name]) for found in there]}
            for name in there[0]
        ],
        years=(year, year + 1),
        seen=set_hours.fingerprint(settings),
        others=Account.objects.filter(inbox_settings__isnull=False).exclude(pk=settings.account_id).defer("secrets"),
    )


def _look(request: SignedIn, settings: AccountSettings, typed: TypedWeek, before: Week, week: Week) -> HttpResponse:
    year = _number(request.POST.get("year", "")) or local(now()).year
    year = min(max(year, FIRST_YEAR), LAST_YEAR)
    hours = week.hours
    names = {day.date: day.name for day in week.days}
    months = [_month(hours, before.hours, names, year, number) for number in range(1, 13)]
    return setup.page(
        request,
        "inbox/setup/hours_look.html",
        "setup_hours",
        title=_("%(account)s in %(year)s") % {"account": named(settings.account), "year": year},
        account=settings.account,
        typed=typed,
        months=months,
        marks=list(_marks().values()),
        year=year,
        others=[other for other in (year - 1, year + 1) if FIRST_YEAR <= other <= LAST_YEAR],
        differ=sum(day["changed"] for month in months for day in month["days"]),
        week=day_words.week_words(week.periods),
        never=office_hours.next_opening(hours, now()) is None,
        effect=recount.foresee(settings.account_id, hours, of_settings(settings)),
        # As it was when the fields were filled, not as it is now: who changed it since is found out.
        seen=request.POST.get("seen", ""),
        weekdays=[(str(name), str(WEEKDAYS_ABBR[number])) for number, name in WEEKDAYS.items()],
    )


def _month(hours: Hours, before: Hours, names: dict[date, str], year: int, number: int) -> dict[str, Any]:
    days, marks = [], _marks()
    for day in year_calendar.month(hours, year, number):
        words = _words(day, names.get(day.date, ""))
        changed = day != year_calendar.day_of(before, day.date)
        days.append(
            {
                "number": day.date.day,
                "kind": day.kind,
                "mark": marks.get(day.kind, ("", ""))[0],
                "words": words,
                "changed": changed,
                "told": day.kind not in (year_calendar.OPEN, year_calendar.SHUT),
                "date": date_format(day.date, "D j b"),
            }
        )
    first = date(year, number, 1)
    return {"name": date_format(first, "F"), "days": days, "cells": _weeks(first, days)}


def _marks() -> dict[str, tuple[str, str]]:
    """By kind of day: the sign in the calendar, and what it means."""
    return {
        year_calendar.HOLIDAY: (pgettext("mark", "H"), _("holiday, closed")),
        year_calendar.CLOSING: (pgettext("mark", "C"), _("closing day")),
        year_calendar.SPECIAL: (pgettext("mark", "S"), _("special hours")),
        year_calendar.SHUT: ("–", _("closed as every week")),
    }


def _weeks(first: date, days: list[dict[str, Any]]) -> list[list[dict[str, Any] | None]]:
    """In rows of seven, Monday first."""
    cells: list[dict[str, Any] | None] = [None] * first.weekday() + list(days)
    cells += [None] * (-len(cells) % 7)
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def _words(day: year_calendar.Day, name: str) -> str:
    """``name``: of a day of its own."""
    spans = day_words.format_spans(day.spans)
    match day.kind:
        case year_calendar.HOLIDAY | year_calendar.CLOSING:
            return _("closed, %(name)s") % {"name": day.name} if day.name else pgettext("hours", "closed")
        case year_calendar.SPECIAL:
            words = _("special hours, %(hours)s") % {"hours": spans}
            return f"{words} ({name})" if name else words
        case year_calendar.SHUT:
            return pgettext("hours", "closed")
        case _:
            return _("open, %(hours)s") % {"hours": spans}


def _date(day: date) -> str:
    return date_format(day, "D j F")
