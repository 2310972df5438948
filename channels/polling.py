"""Gap repair: every few minutes each account asks its platform for what came since the last time."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog
from django.db import connection

from channels import events, items
from channels.account_state import check_account, log_crash, note_failure, note_success
from channels.clock import now
from channels.errors import SendError
from channels.gateway import connector_of
from channels.messages import IncomingMessage
from channels.models import Account, AccountState

OVERLAP = timedelta(minutes=10)  # platforms list a message some time after it was sent
SETTLING = timedelta(minutes=2)  # younger ones are left to their webhook, which knows more; less than OVERLAP
ASK_BROKEN_EVERY = timedelta(hours=1)
AT_ONCE = 4  # fewer than the pool has connections

log = structlog.get_logger()


def repair_gaps() -> int:
    """All accounts that are not paused, some at a time; how many messages were stored anew.

    One account never holds up another, and no account's trouble, nor a fault of ours with it, leaves this function.
    """
    accounts = list(Account.objects.exclude(state=AccountState.PAUSED).select_related("app"))
    if not accounts:
        return 0
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="gaps") as pool:
        return sum(pool.map(_repair_in_thread, accounts))


def _repair_in_thread(account: Account) -> int:
    try:
        return repair_or_mend(account)
    except Exception as error:  # noqa: BLE001  (whatever it is, the other accounts go on)
        log_crash("gap_repair_crashed", account, error)
        return 0
    finally:
        connection.close()


def repair_or_mend(account: Account) -> int:
    """As ``repair_gap``; a broken account is first asked, once an hour, whether it works again."""
    if account.state == AccountState.BROKEN:
        asked = account.checked_at
        if (asked is not None and asked > now() - ASK_BROKEN_EVERY) or not check_account(account):
            return 0
    return repair_gap(account)


def repair_gap(account: Account) -> int:
    """Ask for what came since the last complete answer and store what is new as events; how many those were.

    Each message is an event of its own under the key ``poll:<account>:<message>``, so the next round's overlap adds
    nothing; a message that came by webhook too is recognised by ingest. When the platform stops half-way, what it
    gave is kept and the next round starts from the same point. Trouble goes into the account's error fields.
    """
    started = now()
    failure: SendError | None = None
    found: list[IncomingMessage] = []
    try:
        fetched = connector_of(account).fetch_since(
            account.credentials(), since(account, started), account.last_seen_external_id
        )
        # Taken in first: no database connection is held while a platform takes its time.
        for message in fetched:
            found.append(message)  # noqa: PERF402  (extend would lose all when it breaks off)
    except SendError as error:
        failure = error
    found = [message for message in found if message.sent_at <= started - SETTLING]
    new = store_messages(account, found, started)
    if failure is not None:
        note_failure(account, failure.reason, failure.code)
        log.warning("gap_repair_failed", account=account.pk, reason=failure.reason, code=failure.code)
        return new
    note_success(account)
    account.gaps_checked_at = started
    if found:
        account.last_seen_external_id = found[-1].external_id[:200]
    Account.objects.filter(pk=account.pk).update(
        gaps_checked_at=started, last_seen_external_id=account.last_seen_external_id
    )
    return new


def since(account: Account, at: datetime) -> datetime:
    """From when to ask: the last complete answer, less an overlap; never after ``at`` (a clock set back)."""
    return min(account.gaps_checked_at or account.created_at, at) - OVERLAP


def store_messages(account: Account, messages: Iterable[IncomingMessage], at: datetime) -> int:
    """Store each message as an event; how many were new. Kicks the drainer once."""
    new = 0
    for message in messages:
        key = f"poll:{account.external_id}:{message.external_id}"
        new += events.store(account.app_id, items.encode([message]), items.CONTENT_TYPE, key, at)
    if new:
        log.info("gap_repaired", account=account.pk, kind=account.kind, messages=new)
        events.announce()
    return new
