"""Stored events: put one down, take those that wait, say what became of them, put them back."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Case, When

from channels import items as stored_items
from channels.clock import now
from channels.gateway import connector_for
from channels.messages import Item
from channels.models import EventState, InboundEvent, PlatformApp
from channels.signals import event_stored

log = structlog.get_logger()
MAX_KEY = 200
# One statement by hand: the ORM's ignore_conflicts cannot say whether the row is new.
INSERT = """
    INSERT INTO channels_inboundevent
        (app_id, dedupe_key, body, content_type, received_at, state, reason, traceback, attempts)
    VALUES (%s, %s, %s, %s, %s, 'stored', '', '', 0)
    ON CONFLICT (app_id, dedupe_key) DO NOTHING
    RETURNING id
"""
FINISH = """
    UPDATE channels_inboundevent AS event
    SET state = done.state, reason = done.reason, traceback = done.traceback, processed_at = %s
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS done (id, state, reason, traceback)
    WHERE event.id = done.id
"""
# Whoever takes events leaves a mark before it works, so that events which kill their worker can be told. A worker that
# died shows as a mark without a lock; the moment between the mark's commit and the lock is what LEASE is for.
LEASE = timedelta(seconds=2)
ALONE = 2  # workers that died: from then on each event of the batch is taken by itself
LAST = 5  # workers that died: the event is failed, and its mates are long done
STOPPED = "stopped the worker"
TAKE = """
    SELECT id, attempts FROM channels_inboundevent
    WHERE state = 'stored' AND (taken_at IS NULL OR taken_at < clock_timestamp() - %s)
    ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
MARK = """
    UPDATE channels_inboundevent SET attempts = attempts + 1, taken_at = clock_timestamp() WHERE id = ANY(%s)
"""
GIVE_BACK = """
    UPDATE channels_inboundevent SET attempts = attempts - 1, taken_at = NULL
    WHERE id IN (
        SELECT id FROM channels_inboundevent
        WHERE id = ANY(%s) AND state = 'stored' AND taken_at IS NOT NULL AND attempts > 0
        FOR UPDATE SKIP LOCKED
    )
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event: done, ignored or failed, with the reason in codes and no personal data."""

    event_id: int
    state: EventState
    reason: str = ""
    traceback: str = ""


def store(app_id: int, body: bytes, content_type: str, dedupe_key: str, received_at: datetime) -> bool:
    """Put one body down in one INSERT; whether it is new (False: this key was there).

    Outside a transaction it is committed when this returns. Does not send ``event_stored``: whoever stores many
    sends it once. Raises django.db.Error as any query.
    """
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [app_id, storable_key(dedupe_key), body, clean(content_type)[:100], received_at])
        return cursor.fetchone() is not None


def storable_key(key: str) -> str:
    """The key itself, or its hash when it would not fit or PostgreSQL would refuse it."""
    if len(key) <= MAX_KEY and key.isprintable():
        return key
    return "sha256:" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def clean(text: str) -> str:
    """Text that PostgreSQL takes: no NUL, no half surrogates. One such character must not stop a batch."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def items_of(event: InboundEvent) -> list[Item]:
    """Everything in one event, in order. Raises MalformedEvent, and whatever a faulty connector raises."""
    body = bytes(event.body)
    if event.content_type == stored_items.CONTENT_TYPE:
        return stored_items.decode(body)
    return connector_for(event.app).parse(body, event.received_at)


def take(limit: int) -> list[int]:
    """Mark the oldest events that wait and that nobody else has in hand, committed when this returns outside a
    transaction; their ids, for ``lock``. Empty when none wait.

    A worker that dies leaves its mark behind. Events that ALONE workers died over come one by one; what LAST died over
    becomes failed, with the reason STOPPED. Raises django.db.Error as any query.
    """
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")  # a mark lost with the whole database is no loss
            asked: list[Any] = [LEASE, limit]
            cursor.execute(TAKE, asked)
            waiting = cursor.fetchall()
            if not waiting:
                return []
            oldest, died = waiting[0]
            if died >= LAST:
                log.error("event_failed", inbound_event=oldest, error=STOPPED)
                finish_many([Outcome(oldest, EventState.FAILED, STOPPED)])
                continue
            ids = [oldest]
            if died < ALONE:
                ids = [event_id for event_id, _ in takewhile(lambda row: row[1] < ALONE, waiting)]
            cursor.execute(MARK, [ids])
            return ids


def give_back(event_ids: Sequence[int]) -> None:
    """Undo the mark of events that a living worker could not finish: the database's trouble is not theirs."""
    if event_ids:
        with connection.cursor() as cursor:
            cursor.execute(GIVE_BACK, [list(event_ids)])


def lock(event_ids: Sequence[int]) -> list[InboundEvent]:
    """These events as far as they still wait, oldest first, locked until the transaction ends; each with its ``app``.
    Two queries. Raises TransactionManagementError outside a transaction.

    Waits where another holds one: as a rule for a moment, while it looks for unmarked ones. All lock by id.
    """
    waiting = InboundEvent.objects.select_for_update().filter(pk__in=event_ids, state=EventState.STORED)
    events = list(waiting.order_by("id"))
    # Not by a join: each row would decrypt the same app's secrets again. And only when asked for: one app whose key
    # was lost must not keep the others' events waiting.
    apps = PlatformApp.objects.defer("secrets").in_bulk({event.app_id for event in events}) if events else {}
    for event in events:
        event.app = apps[event.app_id]
    return events


def finish_many(outcomes: Sequence[Outcome]) -> None:
    """Say what became of many events, in one statement."""
    if not outcomes:
        return
    columns: list[list[Any]] = [
        [outcome.event_id for outcome in outcomes],
        [str(outcome.state) for outcome in outcomes],
        [clean(outcome.reason) for outcome in outcomes],
        [clean(outcome.traceback) for outcome in outcomes],
    ]
    with connection.cursor() as cursor:
        cursor.execute(FINISH, [now(), *columns])


def replay(event_ids: Iterable[int]) -> int:
    """Put events back to wait, whatever became of them; how many there were. Harmless for what was done before:
    ingest knows each message. Kicks the drainer on commit."""
    # What stopped a worker before stands alone at once: its next death harms nobody else.
    died = Case(When(reason=STOPPED, then=ALONE), default=0)
    changed = (
        InboundEvent.objects.filter(pk__in=list(event_ids))
        .exclude(state=EventState.STORED)
        .update(state=EventState.STORED, reason="", traceback="", processed_at=None, attempts=died, taken_at=None)
    )
    if changed:
        transaction.on_commit(announce)
    return changed


def announce() -> None:
    """Tell whoever listens that events wait. Best effort: a receiver's failure is logged by Django and goes no
    further, for the sweeper comes by anyway."""
    event_stored.send_robust(sender=InboundEvent)
