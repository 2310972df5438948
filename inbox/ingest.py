"""Stored events into conversations: in batches, each event once, and one that is poison never takes the rest along."""

import time
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, transaction

from channels import account_state, events
from channels.clock import now
from channels.errors import MalformedEvent
from channels.messages import (
    AccessRevoked,
    DeliveryReceipt,
    Ignored,
    IncomingMessage,
    Item,
    MessageDeleted,
    MessageEdited,
    MessageHidden,
    Reacted,
    ReceiptState,
)
from channels.models import Account, EventState, InboundEvent
from inbox import kick
from inbox.incoming import absent, auto_replies, changes, ruled, told
from inbox.incoming.arriving import arrive
from inbox.incoming.batch import Batch, Work, hold, load
from inbox.models import AttachmentState

BATCH = 200  # events in one transaction; measured, see docs/measurements.md
SECONDS = 20.0  # one call; the worker's other tasks want their turn
TRIES = 5  # of a batch that lost a race (a deadlock, a restarted database)
UNMIGRATED = {"42P01", "42703"}  # no such table, no such column: code and database are of two versions for a moment
UNKNOWN_ACCOUNT = "unknown account"
# Why a message failed afterwards, which says something of its account.
OF_THE_ACCOUNT = account_state.DOUBTFUL - {"other"}

log = structlog.get_logger()


@dataclass
class Read:
    """An event as its connector reads it: the items on accounts of ours, and why others were left."""

    event: InboundEvent
    work: list[Work] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    failure: events.Outcome | None = None


def drain(limit: int = 100_000, seconds: float = SECONDS) -> int:
    """Take in what waits, oldest first, until nothing does, or ``limit`` events, or ``seconds``; how many events.

    Any number may run at once, in any process. Killed half-way, the batch in hand is as if it was never begun, but for
    the mark that somebody died over it: see ``events.take``.
    Raises django.db.OperationalError when the database stays away.
    """
    end = time.monotonic() + seconds
    handled, lost = 0, 0
    suspects: set[int] = set()
    unfinished: list[int] = []
    while handled < limit and time.monotonic() < end:
        try:
            events.give_back(unfinished)
            unfinished = []
            unfinished = taken = events.take(min(BATCH, limit - handled))
            if not taken:
                break
            handled += _take_batch(taken, suspects)
            unfinished = []
        except (DatabaseError, InterfaceError) as error:
            # Everything is as before, and the second time we see what others did.
            lost += 1
            log.warning("batch_again", error=type(error).__name__, tries=lost)
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            if lost >= TRIES or not (_passing(error) or isinstance(error, IntegrityError)):
                if _passing(error):
                    _give_back(unfinished)
                raise  # what is not given back counts as died over: whatever it is, its mates will go on without it
            continue
        lost = 0
    else:
        kick.kick_drain()  # our time is up, and more may wait
    return handled


def _give_back(event_ids: Sequence[int]) -> None:
    """As far as the database is there; what stays marked is taken a little later."""
    try:
        events.give_back(event_ids)
    except (DatabaseError, InterfaceError) as error:
        log.warning("batch_not_given_back", error=type(error).__name__)


def _take_batch(event_ids: Sequence[int], suspects: set[int]) -> int:
    with transaction.atomic():
        waiting = events.lock(event_ids)
        if not waiting:
            return 0
        read = _read(waiting)
        # All names at once and before any row: two batches never wait for each other in a ring.
        hold(work for one in read for work in one.work)
        outcomes = [one.failure for one in read if one.failure is not None]
        outcomes += _take_in([one for one in read if one.failure is None], suspects)
        events.finish_many(outcomes)
    return len(waiting)


def _read(waiting: Iterable[InboundEvent]) -> list[Read]:
    """Parse, and find the accounts: one query for all."""
    parsed: list[tuple[Read, list[Item]]] = []
    for event in waiting:
        read = Read(event)
        items: list[Item] = []
        try:
            items = events.items_of(event)
        except MalformedEvent as error:
            read.failure = failed(event, error, reason=str(error))
        except Exception as error:  # noqa: BLE001  (whatever a connector does, the rest of the batch goes on)
            read.failure = failed(event, error)
        parsed.append((read, items))
    wanted = {item.account_id for _, items in parsed for item in items if item.account_id}
    # Without the secrets: each would be decrypted, and nothing here calls a platform.
    known = Account.objects.filter(external_id__in=wanted).defer("secrets")
    accounts = {(account.app_id, account.external_id): account for account in known}
    for read, items in parsed:
        for item in items:
            account = accounts.get((read.event.app_id, item.account_id))
            if isinstance(item, Ignored):
                read.left.append(item.reason)
            elif account is None:
                read.left.append(UNKNOWN_ACCOUNT)
            else:
                read.work.append((account, item))
    return [read for read, _ in parsed]


def _take_in(batch: list[Read], suspects: set[int]) -> list[events.Outcome]:
    """Several events as one; when one of them is poison, by halves until it stands alone.

    ``suspects`` are events that broke a unique key before. The first time somebody else may just have been first:
    then the whole batch is done again; the second time it is the event."""
    if not batch:
        return []
    try:
        with transaction.atomic():
            return _apply(batch)
    except Exception as error:
        if _passing(error):
            raise
        if len(batch) == 1:
            event = batch[0].event
            if isinstance(error, IntegrityError) and event.pk not in suspects:
                suspects.add(event.pk)
                raise
            return [failed(event, error)]
    middle = len(batch) // 2
    outcomes: list[events.Outcome] = []
    again: IntegrityError | None = None
    for half in (batch[:middle], batch[middle:]):
        try:
            outcomes += _take_in(half, suspects)
        except IntegrityError as error:
            again = error  # only once all suspects are known: however many, the batch is done again once
    if again is not None:
        raise again
    return outcomes


def _passing(error: Exception) -> bool:
    """The database's trouble of the moment (a deadlock, a restart, no room, a migration under way), not that of what
    we ask."""
    state = getattr(error.__cause__, "sqlstate", None)
    if isinstance(error, DatabaseError) and state in UNMIGRATED:
        return True
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    return state is None or state[:2] in {"08", "40", "53", "55", "57"}


def _apply(reads: list[Read]) -> list[events.Outcome]:
    batch = load([work for read in reads for work in read.work])
    outcomes = []
    for read in reads:
        left = list(read.left)
        done = False
        for account, item in read.work:
            reason = _one(batch, account, item)
            done |= not reason
            if reason:
                left.append(reason)
        reason = ", ".join(dict.fromkeys(left))
        state = EventState.DONE if done else EventState.IGNORED
        if done:
            # What an understood part was left for is of no interest; an account we do not know is.
            reason = UNKNOWN_ACCOUNT if UNKNOWN_ACCOUNT in left else ""
        outcomes.append(events.Outcome(read.event.pk, state, reason or ("" if done else "nothing in it")))
    absent.pass_on_arrived(batch)
    batch.save()
    queued = auto_replies.give(batch)
    batch.changes.record()
    told.tell(batch)
    _after_commit(batch, queued)
    return outcomes


def _one(batch: Batch, account: Account, item: Item) -> str:
    """One item; "" or the reason why it was left."""
    match item:
        case IncomingMessage():
            return arrive(batch, account, item)
        case MessageEdited():
            changes.edited(batch, account, item)
        case MessageDeleted():
            changes.deleted(batch, account, item)
        case MessageHidden():
            changes.hidden(batch, account, item)
        case Reacted():
            changes.reacted(batch, account, item)
        case DeliveryReceipt():
            changes.receipt(batch, account, item)
            if item.state == ReceiptState.FAILED and item.reason in OF_THE_ACCOUNT:
                _trouble(batch, account, item.at, item.reason, item.code)
        case AccessRevoked():
            _trouble(batch, account, item.at, "token", item.code)
        case Ignored():
            return item.reason
    return ""


def _trouble(batch: Batch, account: Account, at: datetime, reason: str, code: str) -> None:
    # An old event, processed again, says nothing about now: the platform has answered since.
    if account.checked_at is None or at > account.checked_at:
        batch.troubles.append((account, reason, code))


def _after_commit(batch: Batch, queued: int) -> None:
    """Kicks and the account's own row: nobody waits for another batch over those."""
    if queued:
        transaction.on_commit(kick.kick_outbox)
    if any(found.state == AttachmentState.PENDING for found in batch.new_attachments):
        transaction.on_commit(kick.kick_media)
    if any(found.profile_due_at is not None for found in batch.new_identities):
        transaction.on_commit(kick.kick_profiles)
    if batch.ruling.hits:
        # Aside: a rule's own row, held until the end of a batch, would make all batches wait for each other.
        transaction.on_commit(partial(ruled.count, dict(batch.ruling.hits)), robust=True)
    received = {account.pk for account, _, _ in batch.arrived}
    if received:
        transaction.on_commit(partial(_note_received, sorted(received)), robust=True)
    for account, reason, code in batch.troubles:
        transaction.on_commit(partial(account_state.note_failure, account, reason, code), robust=True)


def _note_received(account_ids: list[int]) -> None:
    Account.objects.filter(pk__in=account_ids).update(last_received_at=now())


def failed(event: InboundEvent, error: Exception, reason: str = "") -> events.Outcome:
    """Kept, shown on "Niets kwijt", replayable. The frames of the code only: the words of an exception may hold a
    citizen's."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, DatabaseError) and (state := getattr(error.__cause__, "sqlstate", None)):
        name += f" {state}"
    log.error("event_failed", inbound_event=event.pk, error=name)
    return events.Outcome(event.pk, EventState.FAILED, reason or name, f"{frames}{name}\n")
