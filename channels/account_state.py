"""Whether an account works: what the platform says when asked, and what sending and fetching found out."""

import traceback

import structlog

from channels.clock import now
from channels.errors import SendError
from channels.gateway import connector_of
from channels.models import Account, AccountState

# After these no call on the account succeeds until a person reconnects it. Keys of errors.REASONS.
BREAKING = frozenset({"token", "permission", "blocked_for_policy"})

log = structlog.get_logger()


def note_failure(account: Account, reason: str, code: str = "") -> bool:
    """A call on this account failed; whether that broke it just now.

    Keeps reason and code for the screen. An active account becomes broken for a reason in BREAKING; a paused one
    stays paused. Changes ``account`` too. One query, two when it breaks.
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


def check_account(account: Account) -> bool:
    """Ask the platform whether our access works; whether it does.

    A refusal, whatever its reason, breaks the account, a yes mends it. When the platform cannot be asked nothing
    changes but the error fields. Raises nothing of the platform's.
    """
    try:
        health = connector_of(account).check(account.credentials())
    except SendError as failure:
        note_failure(account, failure.reason, failure.code)
        return False
    account.checked_at = now()
    Account.objects.filter(pk=account.pk).update(checked_at=account.checked_at)
    if health.ok:
        note_success(account)
    else:
        _note_failure(account, health.reason or "other", health.code, breaks=True)
    return health.ok


def check_accounts() -> None:
    """``check_account`` for all that are not paused. A fault with one is logged and leaves the others."""
    for account in Account.objects.exclude(state=AccountState.PAUSED).select_related("app"):
        try:
            check_account(account)
        except Exception as error:  # noqa: BLE001
            log_crash("account_check_crashed", account, error)


def log_crash(event: str, account: Account, error: Exception) -> None:
    """A fault of ours with one account: the frames only, for the exception's text may hold a message or a token."""
    frames = traceback.format_tb(error.__traceback__)
    log.error(event, account=account.pk, error=type(error).__name__, frames=frames)


def _note_failure(account: Account, reason: str, code: str, *, breaks: bool) -> bool:
    account.error_reason, account.error_code, account.error_at = reason[:30], code[:60], now()
    known = Account.objects.filter(pk=account.pk)
    known.update(error_reason=account.error_reason, error_code=account.error_code, error_at=account.error_at)
    if not breaks:
        return False
    # By compare-and-swap: of several failures at once, one is the one that broke it.
    broke = known.filter(state=AccountState.ACTIVE).update(state=AccountState.BROKEN) == 1
    if account.state == AccountState.ACTIVE:
        account.state = AccountState.BROKEN
    if broke:
        log.warning("account_broken", account=account.pk, kind=account.kind, reason=reason, code=code)
    return broke
