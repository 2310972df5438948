"""Changes that came before their message, and whose message never came: forgotten after a month."""

from datetime import datetime, timedelta

from django.db.models import Min

from channels.clock import now
from channels.models import EventState, InboundEvent, PlatformApp
from inbox.incoming.batch import REPLACED
from inbox.models import EarlyChange

# Gap repair asks a few days back, and no platform delivers a webhook again after a week: the message is not coming.
KEPT = timedelta(days=30)
CHUNK = 1000  # rows in one statement


def prune() -> int:
    """Delete what is older than KEPT by the platform's time; how many. Any number may run at once.

    An event that still waits or failed may hold the message, whenever it is processed again: as long as it is there,
    KEPT counts back from its arrival. REPLACED stays for ever: it is no change that waits but the way from a post's
    earlier id to the one it has now, for whoever answers, deletes or repeats the earlier one.
    """
    moment, total = now(), 0
    # One query for each state: each has an index of its own.
    waiting, failed = (_oldest(state) for state in (EventState.STORED, EventState.FAILED))
    for app_id in PlatformApp.objects.values_list("pk", flat=True):
        until = min(moment, waiting.get(app_id, moment), failed.get(app_id, moment)) - KEPT
        old = EarlyChange.objects.filter(account__app=app_id, at__lt=until).exclude(what=REPLACED).order_by("pk")
        while ids := list(old.values_list("pk", flat=True)[:CHUNK]):
            total += EarlyChange.objects.filter(pk__in=ids).delete()[0]
    return total


def _oldest(state: EventState) -> dict[int, datetime]:
    """By app: when the first of its events in this state came."""
    events = InboundEvent.objects.filter(state=state).order_by()
    return dict(events.values_list("app").annotate(Min("received_at")))
