"""What colleagues asked a platform to do to a message: take one, call, write down what came of it.

Every deed may be done twice without harm, so a worker that died is simply followed by another.
"""

import time
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import F

from channels import account_state
from channels.clock import now
from channels.connector import Connector
from channels.errors import PermanentFailure, SendError, TemporaryFailure
from channels.gateway import connector_of
from channels.messages import AccountCredentials
from channels.models import Account, AccountState
from inbox import kick
from inbox.actions.changing import changing
from inbox.incoming import keys
from inbox.models import Deed, DeedState, Message, MessageVersion, PlatformDeed

LEASE = timedelta(seconds=90)  # longer than a call may take
WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 20, 60, 300, 900))  # between the tries
GIVE_UP = timedelta(hours=1)  # a colleague wants to know whether it was done, not to have it done tomorrow
HELD = timedelta(minutes=1)  # while the account does not work

log = structlog.get_logger()


def do_due(limit: int = 100, seconds: float = 15.0) -> int:
    """Do what is due, oldest first; how many were tried. What is left then gets a kick."""
    end = time.monotonic() + seconds
    done = 0
    while done < limit and time.monotonic() < end:
        deed = _take()
        if deed is None:
            return done
        _do(deed)
        done += 1
    kick.kick_deeds()
    return done


def _take() -> PlatformDeed | None:
    """One that is due, ours for the length of a lease."""
    moment = now()
    with transaction.atomic():
        due = PlatformDeed.objects.filter(state=DeedState.WAITING, due_at__lte=moment)
        found = due.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "id").first()
        if found is None:
            return None
        PlatformDeed.objects.filter(pk=found.pk).update(due_at=moment + LEASE, attempts=F("attempts") + 1)
    return PlatformDeed.objects.select_related("message__account__app").defer("message__search").get(pk=found.pk)


def _do(deed: PlatformDeed) -> None:
    account = deed.message.account
    if account.state != AccountState.ACTIVE:
        _again(deed, now() + HELD, account.error_code, account.error_reason or "token")
        return
    try:
        connector, credentials = connector_of(account), account.credentials()
        if not connection.in_atomic_block:
            connection.close()  # others need it while the platform takes its time
        _call(connector, deed, credentials, deed.message.external_id)
    except PermanentFailure as failure:
        if failure.reason == "gone" and deed.what == Deed.DELETE:
            _done(deed)
            return
        _note(account, failure)
        _failed(deed, failure.code, failure.reason)
    except SendError as failure:
        retry_at = failure.retry_at if isinstance(failure, TemporaryFailure) else None
        _again(deed, retry_at, failure.code, failure.reason)
    except Exception as error:  # noqa: BLE001  (one never holds up the others)
        account_state.log_crash("deed_crashed", account, error)
        _failed(deed, "", "other")
    else:
        account_state.note_success(account)
        _done(deed)


def _call(connector: Connector, deed: PlatformDeed, credentials: AccountCredentials, external_id: str) -> None:
    match deed.what:
        case Deed.HIDE | Deed.SHOW:
            connector.hide(credentials, external_id, deed.what == Deed.HIDE)
        case Deed.LIKE | Deed.UNLIKE:
            connector.like(credentials, external_id, deed.what == Deed.LIKE)
        case _:
            connector.delete(credentials, external_id)


def _done(deed: PlatformDeed) -> None:
    """As the platform's own webhook would have it, which may have come first."""
    with transaction.atomic():
        keys.hold([keys.message_key(deed.message.account_id, deed.message.external_id)])
        with changing(deed.message.conversation_id, f"done_{deed.what}", by=None, message=deed.message_id) as held:
            if not _end(deed, DeedState.DONE, "", ""):
                return
            message = Message.objects.select_for_update(of=("self",)).defer("search").get(pk=deed.message_id)
            moment = now()
            match deed.what:
                case Deed.HIDE | Deed.SHOW:
                    message.hidden_at = (message.hidden_at or moment) if deed.what == Deed.HIDE else None
                case Deed.LIKE | Deed.UNLIKE:
                    message.liked_at = (message.liked_at or moment) if deed.what == Deed.LIKE else None
                case _:
                    if message.deleted_at is None:
                        MessageVersion.objects.create(message=message, text=message.text, until=moment)
                        if held.last_message_at == message.sent_at:
                            held.last_message_text = ""
                        message.text, message.deleted_at = "", moment
            message.save(update_fields=["hidden_at", "liked_at", "deleted_at", "text"])


def _failed(deed: PlatformDeed, code: str, reason: str) -> None:
    with changing(
        deed.message.conversation_id, f"failed_{deed.what}", by=None, message=deed.message_id, code=code, reason=reason
    ):
        _end(deed, DeedState.FAILED, code, reason)


def _again(deed: PlatformDeed, not_before: datetime | None, code: str, reason: str) -> None:
    moment = now()
    if moment - deed.asked_at > GIVE_UP:
        _failed(deed, code, reason)
        return
    at = max(not_before or moment, moment + WAITS[min(deed.attempts, len(WAITS)) - 1])
    mine = PlatformDeed.objects.filter(pk=deed.pk, state=DeedState.WAITING, attempts=deed.attempts)
    mine.update(due_at=at, code=code[:60], reason=reason[:30])


def _end(deed: PlatformDeed, state: DeedState, code: str, reason: str) -> bool:
    """Whether it was still to be ended: who took it for dead may have been quicker."""
    waiting = PlatformDeed.objects.filter(pk=deed.pk, state=DeedState.WAITING)
    return bool(waiting.update(state=state, due_at=None, ended_at=now(), code=code[:60], reason=reason[:30]))


def _note(account: Account, failure: SendError) -> None:
    # A missing permission here says little of the rest: answers may go all the same.
    if failure.reason in account_state.BREAKING:
        account_state.note_failure(account, failure.reason, failure.code)
