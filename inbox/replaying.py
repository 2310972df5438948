"""Process failed events again, many at a time: those that failed by a moment, so that none goes round for ever."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from channels import events
from channels.models import EventState, InboundEvent

CHUNK = 500


def replay_failed(until: datetime, app_id: int | None = None, limit: int = CHUNK) -> int:
    """Put up to ``limit`` events that failed by ``until`` (aware) back to wait, oldest first, of one app or of all;
    how many. Any number may run at once: each event goes once. In the caller's transaction or one of its own."""
    failed = InboundEvent.objects.filter(state=EventState.FAILED)
    failed = failed.filter(Q(processed_at__lte=until) | Q(processed_at=None))
    if app_id is not None:
        failed = failed.filter(app=app_id)
    with transaction.atomic():
        mine = failed.select_for_update(skip_locked=True).order_by("received_at", "pk").values_list("pk", flat=True)
        return events.replay(list(mine[:limit]))


def replay_all_failed(until: datetime, app_id: int | None = None) -> int:
    """As ``replay_failed``, in chunks, until there are no more; how many."""
    total = 0
    while changed := replay_failed(until, app_id):
        total += changed
    return total
