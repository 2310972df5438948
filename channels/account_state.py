"""Whether an account works: what the platform says when asked, and what sending and fetching found out."""

import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog
from django.db import connection

from channels.clock import now
from channels.errors import SendError
from channels.gateway import connector_of
from channels.models import AT_REST, Account, AccountState
from channels.renewal import renew

# After these no call on the account succeeds until a person reconnects it. Keys of errors.REASONS.
BREAKING = frozenset({"token", "blocked_for_policy"})
# One call was refused; perhaps it was that message, perhaps our access. The platform is asked which.
DOUBTFUL = BREAKING | {"permission", "configuration", "other"}
# What a question who we are cannot see, so that a yes to it does not take them away; a call that succeeds does.
UNSEEN = frozenset({"permission", "configuration"})
WEBHOOK_PROBLEMS = {
    "missing": "the platform knows no such address of ours",
    "invalid": "the platform stopped calling our address",
    "unsubscribed": "the platform does not call our address for this account",
}
DAILY = timedelta(hours=24)
ASK_AGAIN = timedelta(minutes=5)  # not sooner after the last answer, however many calls are refused
ASK_BROKEN = timedelta(minutes=15)  # whether it works again, or calls us again
SILENT_AFTER, HEARD_WITHIN = timedelta(hours=24), timedelta(days=30)
ASK_SILENT = timedelta(hours=6)  # whether the platform still calls us
AT_ONCE = 4  # fewer than the pool has connections

log = structlog.get_logger()

type Ask = Callable[[Account], object]

# -- what calls found out ---------------------------------------------------------------------------------------


def note_failure(account: Account, reason: str, code: str = "") -> bool:
    """A call on this account failed; whether that broke it just now.

    Keeps reason and code for the screen. An active account becomes broken for a reason in BREAKING; a paused one
    stays paused. For a reason in DOUBTFUL ``check_due`` asks the platform soon. Changes ``account`` too. At most
    two queries.
    """
    return _note_failure(account, reason, code, breaks=reason in BREAKING)


def note_success(account: Account) -> None:
    """A call on this account succeeded: a broken account is active again, the error is gone. No query when
    ``account`` says that nothing was wrong."""
    if not account.error_reason and account.state != AccountState.BROKEN:
        return
    known = Account.objects.filter(pk=account.pk)
    if known.filter(state=AccountState.BROKEN).update(state=AccountState.ACTIVE):
        account.state = AccountState.ACTIVE
        log.info("account_active_again", account=account.pk, kind=account.kind)
    known.update(error_reason="", error_code="", error_at=None)
    account.error_reason, account.error_code, account.error_at = "", "", None


def _note_failure(account: Account, reason: str, code: str, *, breaks: bool) -> bool:
    known = Account.objects.filter(pk=account.pk)
    error = {"error_reason": reason[:30], "error_code": code[:60], "error_at": now()}
    if not breaks:
        # A broken account keeps the reason that broke it, and since when.
        if known.exclude(state=AccountState.BROKEN).update(**error):
            _set(account, error)
        return False
    # By compare-and-swap: of several failures at once, one is the one that broke it.
    broke = known.filter(state=AccountState.ACTIVE).update(state=AccountState.BROKEN, **error) == 1
    if broke:
        _set(account, {"state": AccountState.BROKEN, **error})
        log.warning("account_broken", account=account.pk, kind=account.kind, reason=reason, code=code)
    elif known.filter(state=AccountState.PAUSED).update(**error):
        _set(account, error)
    else:
        account.refresh_from_db(fields=["state", *error])
    return broke


def _set(account: Account, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(account, name, value)


# -- asking the platform ------------------------------------------------------------------------------------------


def check_account(account: Account) -> bool:
    """Ask the platform whether our access works, and if so whether it still calls us; whether our access works.

    A refusal, whatever its reason, breaks the account, a yes mends it: what waited to be sent goes by itself. When
    the platform cannot be asked nothing changes but the error fields. Raises nothing of the platform's.
    """
    if account.state == AccountState.DISCONNECTED:
        return False
    try:
        health = connector_of(account).check(account.credentials())
        if not health.ok and health.reason == "token" and renew(account):
            health = connector_of(account).check(account.credentials())
    except SendError as failure:
        # That the platform could not be asked says less than what a call found out.
        if account.error_reason not in DOUBTFUL:
            note_failure(account, failure.reason, failure.code)
        return False
    checked: dict[str, object] = {
        "checked_at": now(),
        "token_expires_at": health.expires_at,
        "missing_permissions": None if health.missing is None else list(health.missing),
    }
    if not health.ok:
        _note_failure(account, health.reason or "other", health.code, breaks=True)
        checked["checked_at"] = now()  # not before the error it found: that one needs no second question
    elif account.state == AccountState.BROKEN or account.error_reason not in UNSEEN:
        note_success(account)
    Account.objects.filter(pk=account.pk).update(**checked)
    _set(account, checked)
    if health.ok:
        check_webhook(account)
    return health.ok


def check_webhook(account: Account) -> str | None:
    """Ask the platform whether it brings us this account's messages; a key of WEBHOOK_PROBLEMS, "" when it does,
    None when it could not be asked. Free of charge on all three platforms (X: listing webhooks is no billed read).

    Raises nothing of the platform's."""
    try:
        problem = connector_of(account).webhook_problem(account.credentials(), account.app.webhook_url)
    except SendError as failure:
        log.warning(
            "webhook_not_checked", account=account.pk, kind=account.kind, reason=failure.reason, code=failure.code
        )
        return None
    found = {"webhook_problem": problem, "webhook_checked_at": now()}
    # Paused meanwhile or not: what the platform said is true.
    Account.objects.filter(pk=account.pk).update(**found)
    if problem != account.webhook_problem:
        log.warning("webhook_changed", account=account.pk, kind=account.kind, problem=problem)
    _set(account, found)
    return problem


def restore_webhook(account: Account) -> bool:
    """Ask the platform to call us again for this account; whether it says that it does.

    Why not is in the account's error fields, or in ``webhook_problem``. Raises nothing of the platform's.
    """
    try:
        connector_of(account).restore_webhook(account.credentials(), account.app.webhook_url)
    except SendError as failure:
        log.warning(
            "webhook_not_restored", account=account.pk, kind=account.kind, reason=failure.reason, code=failure.code
        )
        note_failure(account, failure.reason, failure.code)
        check_webhook(account)
        return False
    works = check_webhook(account) == ""
    # One address serves all accounts of an app: what mended this one may have mended the others.
    for sibling in Account.objects.filter(app=account.app_id).exclude(pk=account.pk).exclude(webhook_problem=""):
        check_webhook(sibling)
    return works


def check_accounts(unless_since: timedelta | None = None) -> None:
    """``check_account`` for all that are not at rest, some at a time; but not for those that answered within
    ``unless_since``. A fault with one is logged and leaves the others."""
    accounts = Account.objects.exclude(state__in=AT_REST).select_related("app")
    if unless_since is not None:
        accounts = accounts.exclude(checked_at__gt=now() - unless_since)
    _each(check_account, accounts)


def check_due() -> int:
    """Once a minute: ask after the accounts for which it is time (see ``due``); how many those were."""
    moment = now()
    accounts = Account.objects.exclude(state__in=AT_REST).select_related("app")
    asked = [account for account in accounts if due(account, moment)]
    unheard = [account for account in accounts if account not in asked and webhook_due(account, moment)]
    _each(check_account, asked)
    _each(check_webhook, unheard)
    return len(asked) + len(unheard)


def due(account: Account, at: datetime) -> bool:
    """Whether to ask the platform after our access: daily, soon after a doubtful refusal, and while broken."""
    last = account.checked_at
    if last is None or last <= at - DAILY:
        return True
    if account.state == AccountState.BROKEN and last <= at - ASK_BROKEN:
        return True
    doubt = account.error_reason in DOUBTFUL and account.error_at is not None and account.error_at > last
    return doubt and last <= at - ASK_AGAIN


def webhook_due(account: Account, at: datetime) -> bool:
    """Whether to ask the platform if it calls us: while it did not, as somebody may have mended it there; and when an
    account that usually hears something has heard nothing for long."""
    asked, heard = account.webhook_checked_at, account.last_received_at
    if account.webhook_problem:
        return asked is None or asked <= at - ASK_BROKEN
    silent = heard is not None and at - HEARD_WITHIN <= heard <= at - SILENT_AFTER
    return silent and (asked is None or asked <= at - ASK_SILENT)


def _each(ask: Ask, accounts: Iterable[Account]) -> None:
    known = list(accounts)
    if len(known) <= 1:
        for account in known:
            _guarded(ask, account)
        return
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="checks") as pool:
        for _ in pool.map(lambda account: _in_thread(ask, account), known):
            pass


def _in_thread(ask: Ask, account: Account) -> None:
    try:
        _guarded(ask, account)
    finally:
        connection.close()


def _guarded(ask: Ask, account: Account) -> None:
    try:
        ask(account)
    except Exception as error:  # noqa: BLE001
        log_crash("account_check_crashed", account, error)


def log_crash(event: str, account: Account, error: Exception) -> None:
    """A fault of ours with one account: the frames only, for the exception's text may hold a message or a token."""
    frames = traceback.format_tb(error.__traceback__)
    log.error(event, account=account.pk, error=type(error).__name__, frames=frames)
