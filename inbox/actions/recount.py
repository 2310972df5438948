"""Clocks that run are counted anew when an account's hours or targets change.

First the agreements change, with ``touch`` in the same transaction; then ``recount`` goes through the clocks, a batch
in each transaction, so that nobody waits long for a row. A message that was being taken in meanwhile, by the hours it
had read before, or a web process that died half-way, is put right by ``recount_touched``: to count again what was
counted changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.clock import now
from inbox.actions import clocks
from inbox.actions.clocks import AGREED
from inbox.actions.receive import Changes
from inbox.models import AccountSettings, Clock
from inbox.office_hours import Hours
from inbox.targets import Target, choose, of_settings

BATCH = 200
# So long after a change it is looked after: longer than any batch of messages takes.
STILL = timedelta(minutes=10)
MOST_LOOKED = 5000  # clocks that are looked at to tell beforehand what a change does


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to the clocks of an account: how many get another time, how many of those are late at once;
    ``more``: there are clocks that were not looked at."""

    changed: int
    late: int
    more: bool = False

    @property
    def words(self) -> str:
        """What happened, for who saved it."""
        if not self.changed:
            return _("No running timer changed.")
        told = ngettext(
            "%(count)s running timer got another time.", "%(count)s running timers got another time.", self.changed
        ) % {"count": self.changed}
        return f"{told} {self._late}".strip()

    @property
    def foreseen(self) -> str:
        """What would happen, for who is about to save."""
        if not self.changed:
            return _("No running timer changes.")
        told = ngettext(
            "%(count)s running timer gets another time.", "%(count)s running timers get another time.", self.changed
        ) % {"count": self.changed}
        return f"{told} {self._late}".strip()

    @property
    def _late(self) -> str:
        if not self.late:
            return ""
        words = ngettext("%(count)s of them is late at once.", "%(count)s of them are late at once.", self.late)
        return words % {"count": self.late}


def touch(settings: AccountSettings) -> None:
    """What its clocks are counted by changes in this transaction."""
    settings.agreed_at = now()
    settings.save(update_fields=["agreed_at"])


def recount(account_id: int) -> Effect:
    """Give every clock of the account that is not stopped the time it should have. Outside a transaction each batch
    is one. Raises AccountSettings.DoesNotExist."""
    changed = late = 0
    for keys in _batches(account_id):
        with transaction.atomic():
            more, too_late = _recount(account_id, keys)
        changed, late = changed + more, late + too_late
    return Effect(changed, late)


def recount_touched() -> int:
    """By the clock: accounts whose agreements changed a short time ago; how many clocks got another time."""
    touched = AccountSettings.objects.filter(agreed_at__gt=now() - STILL).values_list("account_id", flat=True)
    return sum(recount(account_id).changed for account_id in list(touched))


def foresee(account_id: int, hours: Hours, targets: tuple[Target, ...]) -> Effect:
    """What ``recount`` would do with these. Two queries; nothing is changed."""
    moment = now()
    running = _running(account_id).select_related("conversation").order_by("pk")[: MOST_LOOKED + 1]
    changed = late = 0
    for number, clock in enumerate(running):
        if number == MOST_LOOKED:
            return Effect(changed, late, more=True)
        was_late = clock.due_at <= moment
        if clocks.reckon(clock, hours, _minutes(targets, clock), moment):
            changed += 1
            late += clock.paused_at is None and clock.due_at <= moment and not was_late
    return Effect(changed, late)


def _running(account_id: int) -> QuerySet[Clock]:
    # The index one_running_clock has exactly these.
    return Clock.objects.filter(stopped_at__isnull=True, conversation__account=account_id)


def _batches(account_id: int) -> Iterator[list[int]]:
    """Keys of conversations with a clock, in order: whoever locks several does so in that order."""
    last = 0
    while True:
        rows = _running(account_id).filter(conversation_id__gt=last).order_by("conversation_id")
        keys = list(rows.values_list("conversation_id", flat=True)[:BATCH])
        if not keys:
            return
        yield keys
        last = keys[-1]


def _recount(account_id: int, keys: list[int]) -> tuple[int, int]:
    changes, moment = Changes(), now()
    found = {conversation.pk: conversation for conversation in changes.lock(Q(pk__in=keys))}
    # After the locks: whoever stopped, paused or routed one has committed by now.
    settings = AccountSettings.objects.prefetch_related(*AGREED).get(account=account_id)
    hours, targets = clocks.hours_of(settings), of_settings(settings)
    moved: list[Clock] = []
    late = 0
    for clock in Clock.objects.filter(conversation__in=found, stopped_at__isnull=True):
        clock.conversation = conversation = found[clock.conversation_id]
        before = clock.due_at
        if not clocks.reckon(clock, hours, _minutes(targets, clock), moment):
            continue
        moved.append(clock)
        if clock.paused_at is None:
            clocks.show(conversation, clock)
            late += clock.due_at <= moment < before
        changes.note(conversation, "clock_moved", due=[_iso(before), _iso(clock.due_at)])
    # Faster than bulk_update, as in Changes.save; all of them are there.
    Clock.objects.bulk_create(moved, update_conflicts=True, unique_fields=["id"], update_fields=clocks.RECKONED)
    changes.save()
    changes.record()
    return len(moved), late


def _minutes(targets: tuple[Target, ...], clock: Clock) -> int:
    of = clock.conversation
    return choose(targets, public=of.public, topic=of.topic_id, priority=of.priority).minutes(clock.kind)


def _iso(moment: datetime) -> str:
    return moment.isoformat()
