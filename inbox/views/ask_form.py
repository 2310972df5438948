"""The small form in which advice is asked: of whom, until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from inbox import sla
from inbox.actions import advice
from inbox.models import ADVISERS, Conversation, Department, Role, User

MOST = 200  # people to choose from; who has more asks a department


@dataclass(frozen=True, slots=True)
class Option:
    """One to choose. ``value``: as the form sends it."""

    value: str
    words: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class AskForm:
    """``departments`` and ``people``: of whom; ``moments``: until when."""

    departments: tuple[Option, ...]
    people: tuple[Option, ...]
    moments: tuple[Option, ...]
    question: str


def ask_form(
    conversation: Conversation, user: User, moment: datetime, given: Mapping[str, Any] | None = None
) -> AskForm:
    """Six queries, however many people there are. ``given``: what a refused form held."""
    given = given or {}
    chosen, minutes = str(given.get("of", "")), given.get("minutes")
    departments = Department.objects.filter(members__role__in=ADVISERS, members__is_active=True).distinct()
    people = (
        User.objects.filter(role=Role.EXPERT, is_active=True)
        .exclude(pk=user.pk)
        .prefetch_related("departments")
        .order_by("first_name", "last_name", "pk")[:MOST]
    )
    return AskForm(
        departments=tuple(
            Option(f"d{each.pk}", _("the experts of %(department)s") % {"department": each}, chosen == f"d{each.pk}")
            for each in departments
        ),
        people=tuple(Option(f"u{each.pk}", _person(each), chosen == f"u{each.pk}") for each in people),
        moments=moments(conversation, moment, minutes if minutes in advice.WITHIN else 120),
        question=str(given.get("question", "")),
    )


def moments(conversation: Conversation, moment: datetime, chosen: int) -> tuple[Option, ...]:
    """Until when it may be asked, each with its moment in office time, and whether the citizen waits too long then."""
    words = {
        60: _("within 1 hour"),
        120: _("within 2 hours"),
        240: _("within half a day"),
        480: _("within a day"),
        960: _("within two days"),
    }
    made, hours = [], advice.hours(conversation)
    for minutes, within in words.items():
        due = sla.deadline(hours, moment, minutes).due_at
        told = f"{within} ({sla.format_moment(due, moment, with_time=True)})"
        if conversation.due_at is not None and due > conversation.due_at:
            told += ", " + _("too late for the citizen")
        made.append(Option(str(minutes), told, minutes == chosen))
    return tuple(made)


def _person(user: User) -> str:
    where = ", ".join(department.name for department in user.departments.all())
    return f"{user} ({where})" if where else str(user)
