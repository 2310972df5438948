"""Colleagues are told, once for each clock, that a conversation is almost late (four fifths of its target in office
time are over) and that it is late."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from channels.clock import now
from inbox.actions.notify import Person, Told, leads_of, notify_all
from inbox.models import Clock, NoticeKind

MOST = 200  # clocks at a time


def tell_due() -> int:
    """Tell of every clock that came so far; how many clocks. Any number may run at once: each clock is told of once."""
    moment = now()
    ticking = Clock.objects.filter(stopped_at__isnull=True, paused_at__isnull=True)
    return _tell(ticking.filter(due_at__lte=moment, late_told_at__isnull=True), NoticeKind.LATE, moment) + _tell(
        ticking.filter(warn_at__lte=moment, due_at__gt=moment, warned_at__isnull=True), NoticeKind.ALMOST_LATE, moment
    )


@transaction.atomic
def _tell(due: QuerySet[Clock], kind: NoticeKind, moment: datetime) -> int:
    # The conversation too, so that nobody tells of it at the same moment; what is being worked on comes next round.
    clocks = list(
        due.select_for_update(skip_locked=True, of=("self", "conversation")).select_related("conversation")[:MOST]
    )
    if not clocks:
        return 0
    leads: dict[int, list[Person]] = {}
    tellings = []
    for clock in clocks:
        conversation = clock.conversation
        if conversation.department_id not in leads:
            leads[conversation.department_id] = list(leads_of(conversation.department_id))
        # Late concerns the team lead too; so does what is almost late and nobody's.
        people: list[Person] = [conversation.assignee_id]
        if kind == NoticeKind.LATE or conversation.assignee_id is None:
            people += leads[conversation.department_id]
        tellings.append(Told(people, kind, conversation, data={"clock": clock.pk}))
    Clock.objects.filter(pk__in=[clock.pk for clock in clocks]).update(
        **{"late_told_at" if kind == NoticeKind.LATE else "warned_at": moment}
    )
    notify_all(tellings)
    return len(clocks)
