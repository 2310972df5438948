"""Escaleren: a question that stays late goes to the next department of the one where it lies. The citizen's clock, and
what was written, go along."""

from django.db import transaction

from channels.clock import now
from inbox.actions.changing import changing
from inbox.actions.notify import leads_of, notify
from inbox.actions.refused import NotVisible
from inbox.actions.route import moved
from inbox.models import Clock, Conversation, Escalation, NoticeKind, Status, User


class Over(Exception):
    """Somebody answered, closed or escalated it meanwhile: nothing to do."""


def escalate(clock_id: int) -> Conversation | None:
    """By Webcare itself, once for each clock whoever calls; None when there is nothing to escalate (any more)."""
    found = Clock.objects.filter(pk=clock_id).values_list("conversation_id", flat=True).first()
    if found is None:
        return None
    try:
        with transaction.atomic(), changing(found, "escalated", by=None, step="next", clock=clock_id) as conversation:
            _take(clock_id)
            _to_the_next(conversation)
    except (Over, NotVisible):
        return None
    return conversation


def _take(clock_id: int) -> None:
    """This step of this clock is ours. Raises Over when it was anybody's before."""
    moment = now()
    mine = Clock.objects.filter(pk=clock_id, stopped_at=None, paused_at=None, next_told_at=None)
    if not mine.filter(next_at__lte=moment).update(next_told_at=moment):
        raise Over


def _to_the_next(conversation: Conversation) -> None:
    rule = Escalation.objects.select_related("next_department").filter(department=conversation.department_id).first()
    there = rule.next_department if rule else None
    if there is None or conversation.status == Status.CLOSED:
        raise Over
    claimer = conversation.assignee
    moved(conversation, None, there)
    if claimer is not None and _works_there(claimer, there.pk):
        conversation.assignee = claimer
    told = notify(leads_of(there.pk), NoticeKind.ESCALATED, conversation, by=None)
    conversation.audit_data |= {  # type: ignore[attr-defined]
        "to_name": there.name,
        "told": sorted(notice.user_id for notice in told),
    }


def _works_there(user: User, department_id: int) -> bool:
    return user.is_active and user.departments.filter(pk=department_id).exists()
