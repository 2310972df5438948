"""Which buttons a colleague gets on a conversation now, and what their small forms offer."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from inbox import office_hours, permissions
from inbox.models import (
    ContactKind,
    Conversation,
    Department,
    Priority,
    Result,
    Routing,
    SensitiveGround,
    Sentiment,
    Status,
    User,
)
from inbox.office_hours import AMSTERDAM, Hours, local
from inbox.views.pane_rows import PaneRows

NINE = time(9)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment to put a conversation off to: ``value`` for the form, ``words`` for the button."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Deeds:
    """True for each button that is drawn; the lists fill their forms."""

    claim: bool = False
    take_over: bool = False
    release: bool = False
    route: bool = False
    bounce: Department | None = None  # where it goes back to
    advice: bool = False
    assign: bool = False
    later: bool = False
    wake: bool = False
    wait: bool = False
    close: bool = False
    unmark: bool = False  # say that it is not sensitive after all
    grounds: tuple[tuple[str, str], ...] = ()
    reopen: bool = False
    departments: tuple[Department, ...] = ()
    colleagues: tuple[User, ...] = ()
    moments: tuple[Moment, ...] = ()
    results: tuple[tuple[str, str], ...] = ()
    topics: tuple[tuple[int, str], ...] | None = None  # None: may not be set
    sentiments: tuple[tuple[str, str], ...] = ()
    priorities: tuple[tuple[int, str], ...] = ()
    contact_kinds: tuple[tuple[str, str], ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is a button at all."""
        return self.claim or self.take_over or self.release or self.route or self.reopen


def deeds(
    conversation: Conversation,
    user: User,
    asked: PaneRows,
    *,
    works: bool,
    hours: Hours | None,
    moment: datetime,
    routed: Routing | None = None,
) -> Deeds:
    """The buttons as the permissions are now; nothing for who may only read. ``routed``: what brought it here."""
    if not works:
        return Deeds()
    labels: dict[str, Any] = {
        "topics": tuple((topic.pk, str(topic)) for topic in asked.topics),
        "priorities": tuple((value, str(words)) for value, words in Priority.choices),
        "sentiments": tuple((value, str(words)) for value, words in (("", _("not said")), *Sentiment.choices)),
        "contact_kinds": tuple((value, str(words)) for value, words in (("", _("not said")), *ContactKind.choices)),
    }
    if conversation.status == Status.CLOSED:
        return Deeds(reopen=True, **labels)
    assign = permissions.can_assign(user, conversation)
    mine = conversation.assignee_id in (None, user.pk)
    return Deeds(
        claim=permissions.can_claim(user, conversation),
        take_over=permissions.can_take_over(user, conversation),
        release=permissions.can_release(user, conversation),
        route=True,
        bounce=routed.from_department if routed else None,
        advice=True,
        assign=assign,
        later=conversation.status == Status.OPEN,
        wake=conversation.status in (Status.SNOOZED, Status.WAITING),
        wait=conversation.status == Status.OPEN,
        close=mine or assign,
        unmark=conversation.sensitive and permissions.may_unmark(user, conversation),
        grounds=tuple((value, str(words)) for value, words in SensitiveGround.choices),
        departments=tuple(asked.departments),
        colleagues=tuple(one for one in asked.colleagues if one.pk != conversation.assignee_id) if assign else (),
        moments=moments(hours, moment),
        results=tuple((value, str(words)) for value, words in Result.choices),
        **labels,
    )


def moments(hours: Hours | None, moment: datetime) -> tuple[Moment, ...]:
    """When the office next opens after today, and the first opening of next week. Without hours: 09:00."""
    today = local(moment).date()
    monday = today + timedelta(days=7 - today.weekday())
    made: dict[str, Moment] = {}
    for day in (today + timedelta(days=1), monday):
        begin = datetime.combine(day, time(0), AMSTERDAM)
        # A microsecond before midnight: an office that opens at midnight opens that day.
        opening = office_hours.next_opening(hours, begin - timedelta(microseconds=1)) if hours else None
        at = local(opening) if opening else datetime.combine(day, NINE, AMSTERDAM)
        value = at.astimezone(UTC).isoformat()
        if at.date() == today + timedelta(days=1):
            words = _("Until tomorrow %(time)s") % {"time": f"{at:%H:%M}"}
        else:
            near = (at.date() - today).days <= 7
            words = _("Until %(moment)s") % {"moment": date_format(at, "l H:i" if near else "l j F H:i")}
        made.setdefault(value, Moment(value, words))
    return tuple(made.values())
