"""A question that is left lying goes a step further, each step once for each clock and in office time: its claimer
hears that it is almost late (four fifths of its target), the team lead that it is late, then it goes to the next
department. All of it is on its timeline."""

import time
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from channels.clock import now
from inbox import escalation, live
from inbox.actions import escalate
from inbox.actions.clocks import DAYS, hours_of
from inbox.actions.notify import Person, Told, leads_of, notify_all
from inbox.models import TICKING, UNPLANNED, AccountSettings, AuditEntry, Clock, Escalation, NoticeKind, User
from inbox.office_hours import Hours, NoOpeningHours

MOST = 200  # clocks at a time
PLANNING = 10.0  # seconds in one go


def tell_due() -> int:
    """Tell of every clock that came so far; how many clocks. Any number may run at once: each clock is told of once."""
    moment = now()
    ticking = Clock.objects.filter(TICKING)
    return (
        _tell(ticking.filter(due_at__lte=moment, late_told_at__isnull=True), NoticeKind.LATE, moment)
        + _tell(
            ticking.filter(warn_at__lte=moment, due_at__gt=moment, warned_at__isnull=True),
            NoticeKind.ALMOST_LATE,
            moment,
        )
        + _to_the_next(ticking, moment)
    )


@transaction.atomic
def _tell(due: QuerySet[Clock], kind: NoticeKind, moment: datetime) -> int:
    # The conversation too, so that nobody tells of it at the same moment; what is being worked on comes next round.
    clocks = list(
        due.select_for_update(skip_locked=True, of=("self", "conversation")).select_related("conversation")[:MOST]
    )
    if not clocks:
        return 0
    leads: dict[int, list[User]] = {}
    tellings, entries = [], []
    for clock in clocks:
        conversation = clock.conversation
        if conversation.department_id not in leads:
            leads[conversation.department_id] = list(leads_of(conversation.department_id))
        # Late concerns the team lead too; so does what is almost late and nobody's.
        people: list[Person] = [conversation.assignee_id]
        if kind == NoticeKind.LATE or conversation.assignee_id is None:
            people += leads[conversation.department_id]
        tellings.append(Told(people, kind, conversation, data={"clock": clock.pk}))
        told = {"step": kind.value, "clock": clock.pk, "told": _ids(people)}
        entries.append(AuditEntry(conversation=conversation, verb="escalated", data=told, at=moment))
        live.announce(conversation.pk, {conversation.department_id}, "escalated")
    Clock.objects.filter(pk__in=[clock.pk for clock in clocks]).update(
        **{"late_told_at" if kind == NoticeKind.LATE else "warned_at": moment}
    )
    AuditEntry.objects.bulk_create(entries)
    notify_all(tellings)
    return len(clocks)


def _ids(people: Iterable[Person]) -> list[int]:
    ids = [person.pk if isinstance(person, User) else person for person in people]
    return list(dict.fromkeys(pk for pk in ids if pk is not None))


def _to_the_next(ticking: QuerySet[Clock], moment: datetime) -> int:
    due = ticking.filter(next_at__lte=moment, next_told_at__isnull=True).order_by("next_at")
    return sum(escalate.escalate(pk) is not None for pk in list(due.values_list("pk", flat=True)[:MOST]))


# -- planning -----------------------------------------------------------------------------------------------------


def plan() -> int:
    """Work out what follows from each due time that is new, or of a conversation that went to another department; how
    many clocks. A due time that moves (a pause, other hours) is planned anew by itself. Any number may run at once."""
    end = time.monotonic() + PLANNING
    planned = 0
    while time.monotonic() < end:
        found = _plan_some()
        planned += found
        if found < MOST:
            break
    return planned


@transaction.atomic
def _plan_some() -> int:
    unplanned = Clock.objects.filter(TICKING & UNPLANNED).select_for_update(skip_locked=True, of=("self",))
    clocks = list(unplanned.select_related("conversation").order_by("pk")[:MOST])
    if not clocks:
        return 0
    moment = now()
    rules = rules_of({clock.conversation.department_id for clock in clocks})
    agreed = AccountSettings.objects.filter(account__in={clock.conversation.account_id for clock in clocks})
    hours = {each.account_id: hours_of(each) for each in agreed.prefetch_related(*DAYS)}
    for clock in clocks:
        conversation = clock.conversation
        _plan_one(clock, rules[conversation.department_id], hours.get(conversation.account_id), moment)
    Clock.objects.bulk_update(clocks, ["planned_due", "nobody_at", "next_at"])
    return len(clocks)


def rules_of(departments: Iterable[int]) -> dict[int, Escalation]:
    """What each department agreed, the defaults where it did not. One query."""
    ids = set(departments)
    found = {rule.department_id: rule for rule in Escalation.objects.filter(department__in=ids)}
    return {pk: found.get(pk) or Escalation(department_id=pk) for pk in ids}


def _plan_one(clock: Clock, rule: Escalation, hours: Hours | None, moment: datetime) -> None:
    clock.planned_due = clock.due_at
    clock.nobody_at = clock.next_at = None
    if hours is None:
        return
    try:
        clock.nobody_at = escalation.part_at(hours, clock.due_at, clock.target_minutes, rule.unclaimed_percent, moment)
        if rule.next_department_id is not None:
            clock.next_at = escalation.late_at(hours, clock.due_at, rule.next_minutes)
    except NoOpeningHours:
        return  # the office is closed for good: nobody is there to tell


def plan_anew(department: int) -> int:
    """The rules of this department changed: what ticks there is planned again, in the caller's transaction; how many
    clocks."""
    return Clock.objects.filter(TICKING, conversation__department=department).update(planned_due=None)
