"""Stored events: put one down, take those that wait, say what became of them, put them back."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from channels import items as stored_items
from channels.clock import now
from channels.gateway import connector_for
from channels.messages import Item
from channels.models import EventState, InboundEvent, PlatformApp
from channels.signals import event_stored

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
    SET state = done.state, reason = done.reason, traceback = done.traceback,
        attempts = event.attempts + 1, processed_at = %s
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS done (id, state, reason, traceback)
    WHERE event.id = done.id
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


def lock_waiting(limit: int) -> list[InboundEvent]:
    """The oldest events that wait and that nobody else has in hand, locked until the transaction ends; each with
    its ``app``. Two queries. Raises TransactionManagementError outside a transaction."""
    waiting = InboundEvent.objects.select_for_update(skip_locked=True).filter(state=EventState.STORED)
    events = list(waiting.order_by("id")[:limit])
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
    changed = (
        InboundEvent.objects.filter(pk__in=list(event_ids))
        .exclude(state=EventState.STORED)
        .update(state=EventState.STORED, reason="", traceback="", processed_at=None)
    )
    if changed:
        transaction.on_commit(announce)
    return changed


def announce() -> None:
    """Tell whoever listens that events wait. Best effort: a receiver's failure is logged by Django and goes no
    further, for the sweeper comes by anyway."""
    event_stored.send_robust(sender=InboundEvent)
