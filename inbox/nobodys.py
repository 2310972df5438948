"""What nobody wants: found by the clock, marked, and assigned in turn where its department says so."""

from channels.clock import now
from inbox.actions import nobodys
from inbox.models import RISEN, TICKING, Clock, Escalation, Status

MOST = 200  # clocks at a time


def sweep() -> int:
    """How many were marked or assigned now. Any number may run at once."""
    due = Clock.objects.filter(TICKING, nobody_at__lte=now(), nobody_told_at__isnull=True)
    # What somebody has is looked at again once they give it back.
    due = due.filter(conversation__assignee__isnull=True, conversation__status=Status.OPEN).order_by("nobody_at")
    marked = sum(nobodys.mark(pk) for pk in list(due.values_list("pk", flat=True)[:MOST]))
    return marked + _in_turn()


def _in_turn() -> int:
    """First due first, as far as there is somebody to have it."""
    given = 0
    for department in list(Escalation.objects.filter(in_turn=True).values_list("department", flat=True)):
        # They stand at the beginning of the index of what is unclaimed.
        risen = Clock.objects.filter(
            TICKING,
            turned_at__isnull=True,
            conversation__department=department,
            conversation__status=Status.OPEN,
            conversation__assignee__isnull=True,
            conversation__nobody_since__isnull=False,
            conversation__rank_at__lt=now() - RISEN / 2,
        )
        for pk in list(risen.order_by("conversation__rank_at").values_list("pk", flat=True)[:MOST]):
            given += nobodys.in_turn(pk) is not None
    return given
