"""Gap repair: at start, every few minutes and by a button each account asks its platform for what came since."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection
from django.db.models import Q

from channels import events, items
from channels.account_state import check_account, log_crash, note_failure, note_success
from channels.clock import now
from channels.connector import Tally
from channels.errors import SendError, TemporaryFailure
from channels.gateway import connector_of
from channels.messages import IncomingMessage
from channels.models import AT_REST, Account, AccountState, GapCheck
from channels.signals import messages_listed

OVERLAP = timedelta(minutes=10)  # platforms list a message some time after it was sent
SETTLING = timedelta(minutes=2)  # younger ones are left to their webhook, which knows more; less than OVERLAP
SETTLING_BY_HAND = timedelta(seconds=10)  # who presses the button wants to see it now
ASK_BROKEN_EVERY = timedelta(hours=1)
WAIT_AT_MOST = timedelta(hours=1)  # a platform that names a later time is asked anyway: its clock may be wrong
AWAY = timedelta(minutes=10)  # without a round for so long (or three) we were not there, and webhooks met nobody
REPLAYED_AT_MOST = timedelta(hours=24)
QUIET_KEPT, TELLING_KEPT = timedelta(days=7), timedelta(days=365)
AT_ONCE = 4  # each holds a connection while it asks; fewer than the pool has
LOCK = 0x67617073  # the namespace of our advisory locks, beside the account's id
STOPPED = "stopped"  # code of a round whose worker died, with the reason "other"

log = structlog.get_logger()


def repair_gaps(unless_since: timedelta = timedelta(0)) -> int:
    """All accounts that are not at rest, some at a time; how many messages were found.

    An account that was asked within ``unless_since``, or sooner than its platform allows, is left. One account never
    holds up another, and no account's trouble, nor a fault of ours with it, leaves this function.
    """
    accounts = list(Account.objects.exclude(state__in=AT_REST).select_related("app"))
    if not accounts:
        return 0
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="gaps") as pool:
        return sum(pool.map(lambda account: _repair_in_thread(account, unless_since), accounts))


def _repair_in_thread(account: Account, unless_since: timedelta) -> int:
    try:
        apart = max(unless_since, rounds_apart(account))
        return repair_or_mend(account) if _asked_before(account, now() - apart) else 0
    except Exception as error:  # noqa: BLE001  (whatever it is, the other accounts go on)
        log_crash("gap_repair_crashed", account, error)
        return 0
    finally:
        connection.close()


def rounds_apart(account: Account) -> timedelta:
    """How long at least between two automatic rounds: by the platform's limits, which the simulator has not."""
    return timedelta(0) if settings.SIMULATOR_URL else connector_of(account).gap_rounds_apart


def _asked_before(account: Account, at: datetime) -> bool:
    """Whether the last round began at or before ``at``; also when it lies ahead (a clock set back)."""
    return not account.gap_checks.filter(started_at__gt=at, started_at__lte=now()).exists()


def repair_or_mend(account: Account) -> int:
    """As ``repair_gap``; a broken account is first asked, once an hour, whether it works again."""
    if account.state == AccountState.BROKEN:
        asked = account.checked_at
        if (asked is not None and asked > now() - ASK_BROKEN_EVERY) or not check_account(account):
            return 0
    return repair_gap(account)


def repair_gap(account: Account, *, by_hand: bool = False, replay_from: datetime | None = None) -> int:
    """Ask for what came since the last complete answer and store what is new to us as events; how many those were.

    Each message is an event of its own under the key ``poll:<account>:<message>``. What the inbox has already is
    neither stored nor counted as found. When the platform stops half-way, what it gave is kept and the next round
    starts from the same point. Trouble goes into the account's error fields, and each round is a GapCheck.

    Nobody asks while another round on this account runs, in whatever process, nor before the moment for which the
    platform asked us to wait: then 0. ``replay_from``: have webhooks from then on called again, where the platform
    does that; also after we were away, and by hand.
    """
    with _alone(account) as alone:
        if not alone:
            log.info("gap_repair_runs_already", account=account.pk)
            return 0
        account.refresh_from_db(fields=["gaps_checked_at", "last_seen_external_id", "last_received_at"])
        started = now()
        # Theirs was the lock we hold now, so they live no more.
        account.gap_checks.filter(ended_at=None).update(ended_at=started, reason="other", code=STOPPED)
        last = account.gap_checks.order_by("-started_at", "-pk").first()
        if last and last.retry_at and started < last.retry_at <= last.started_at + WAIT_AT_MOST:
            log.info("gap_repair_waits", account=account.pk, until=last.retry_at.isoformat())
            return 0
        check = GapCheck(account=account, since=since(account, started), started_at=started, by_hand=by_hand)
        check.save()
        _replay(account, replay_from or _replay_from(account, last, check))
        return _round(account, check)


@contextmanager
def _alone(account: Account) -> Iterator[bool]:
    """Whether we are the only one to ask for this account; until the end, or until our process or connection dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, account.pk % 2**31])
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, account.pk % 2**31])


def _round(account: Account, check: GapCheck) -> int:
    failure: SendError | None = None
    listed: list[IncomingMessage] = []
    tally = Tally()
    try:
        fetched = connector_of(account).fetch_since(
            account.credentials(), check.since, account.last_seen_external_id, tally
        )
        # Taken in first: no transaction is open while a platform takes its time.
        for message in fetched:
            listed.append(message)  # noqa: PERF402  (extend would lose all when it breaks off)
    except SendError as error:
        failure = error
    settled = check.started_at - _settling(check.by_hand)
    new = _unknown(account, [message for message in listed if message.sent_at <= settled])
    check.found = store_messages(account, new, check.started_at)
    check.listed = tally.listed
    check.ended_at = now()
    if failure is None:
        _completed(account, check, listed)
    else:
        check.reason, check.code = failure.reason[:30], failure.code[:60]
        if isinstance(failure, TemporaryFailure):
            check.retry_at = failure.retry_at
        note_failure(account, failure.reason, failure.code)
        log.warning("gap_repair_failed", account=account.pk, reason=failure.reason, code=failure.code)
    check.save()
    _forget_old(check)
    return check.found


def _completed(account: Account, check: GapCheck, listed: list[IncomingMessage]) -> None:
    note_success(account)
    account.gaps_checked_at = check.started_at
    # Not the newest that we know: a post that X lists late would lie before it, and never be asked for again.
    surely = [message for message in listed if message.sent_at <= check.started_at - OVERLAP]
    if surely:
        account.last_seen_external_id = surely[-1].external_id[:200]
    Account.objects.filter(pk=account.pk).update(
        gaps_checked_at=account.gaps_checked_at, last_seen_external_id=account.last_seen_external_id
    )


def _settling(by_hand: bool) -> timedelta:
    """How long a message is left to its webhook: never longer than until the next round."""
    return SETTLING_BY_HAND if by_hand else min(SETTLING, timedelta(seconds=settings.GAPS_EVERY))


def since(account: Account, at: datetime) -> datetime:
    """From when to ask: the last complete answer, less an overlap; never after ``at`` (a clock set back)."""
    return min(account.gaps_checked_at or account.created_at, at) - OVERLAP


def _unknown(account: Account, messages: list[IncomingMessage]) -> list[IncomingMessage]:
    if not messages:
        return []
    ids = [message.external_id for message in messages]
    answers = messages_listed.send(sender=Account, account_id=account.pk, external_ids=ids)
    known: set[str] = set()
    for _, ours in answers:
        known.update(ours or ())
    return [message for message in messages if message.external_id not in known]


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


# -- webhooks once more -----------------------------------------------------------------------------------------


def _replay_from(account: Account, last: GapCheck | None, check: GapCheck) -> datetime | None:
    """From when webhooks may have met nobody; None: they did not. A new account missed nothing."""
    if account.gaps_checked_at is None:
        return None
    long = max(AWAY, 3 * timedelta(seconds=settings.GAPS_EVERY))
    away = last is None or not check.started_at - long <= last.started_at <= check.started_at
    if not (away or check.by_hand):
        return None
    return min(account.gaps_checked_at, account.last_received_at or account.gaps_checked_at)


def _replay(account: Account, start: datetime | None) -> None:
    """Best effort, beside the round itself, which finds most of it too."""
    if start is None:
        return
    end = now()
    try:
        asked = connector_of(account).replay_webhooks(
            account.app.webhook_url, min(max(start, end - REPLAYED_AT_MOST), end), end
        )
    except SendError as error:
        log.warning("replay_refused", account=account.pk, reason=error.reason, code=error.code)
        return
    if asked:
        log.info("replay_asked", account=account.pk, since=start.isoformat())


def _forget_old(check: GapCheck) -> None:
    """Rounds by the clock that found nothing go after a week, all others after a year."""
    old = Q(started_at__lt=check.started_at - TELLING_KEPT)
    quiet = Q(found=0, by_hand=False, started_at__lt=check.started_at - QUIET_KEPT)
    GapCheck.objects.filter(old | quiet, account=check.account_id).delete()
