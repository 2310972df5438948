"""Pause, resume and disconnect an account, and what that means for its conversations."""

from dataclasses import dataclass

import structlog
from django.db import transaction

from channels.crypto import CredentialsUnreadable
from channels.errors import SendError
from channels.gateway import connector_of
from channels.models import Account, AccountState
from inbox import audit
from inbox.models import Conversation, Delivery, Message, User

CAP = 999  # nothing is counted further than one beyond

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Left:
    """What an account holds: conversations that are not closed, and answers that wait to be sent. CAP + 1: more."""

    unfinished: int
    queued: int


def left(account: Account) -> Left:
    """Two queries, each ending at the cap, whatever the size of the tables."""
    # By the index of one_unfinished_conversation_per_thread, and message_to_send: neither holds what is over.
    unfinished = Conversation.objects.filter(account=account).exclude(status="closed").order_by()
    queued = Message.objects.filter(account=account, state=Delivery.QUEUED).order_by()
    return Left(len(unfinished.values_list("pk")[: CAP + 1]), len(queued.values_list("pk")[: CAP + 1]))


def pause(account_id: int, by: User) -> bool:
    """Nothing is sent or asked any more; what comes in is kept and shown. Whether it was not so already. Raises
    Account.DoesNotExist."""
    return _changed(account_id, (AccountState.ACTIVE, AccountState.BROKEN), AccountState.PAUSED, "account_paused", by)


def resume(account_id: int, by: User) -> bool:
    """Active again; what waited goes by itself. Whether it was paused. Raises Account.DoesNotExist."""
    return _changed(account_id, (AccountState.PAUSED,), AccountState.ACTIVE, "account_resumed", by)


def disconnect(account_id: int, by: User) -> bool:
    """The platform is told to bring nothing more, and our access is forgotten; conversations stay to be read, and
    what waits to be sent waits. Whether the platform took it: when not, an administrator does it there.

    The platform is called outside any transaction. Raises Account.DoesNotExist."""
    account = Account.objects.select_related("app").get(pk=account_id)
    if account.state == AccountState.DISCONNECTED:
        return True
    told = _told(account)
    with transaction.atomic():
        row = Account.objects.select_for_update(of=("self",), no_key=True).get(pk=account_id)
        row.state, row.secrets = AccountState.DISCONNECTED, {}
        row.token_expires_at = row.token_renew_at = row.missing_permissions = row.error_at = None
        row.error_reason = row.error_code = row.webhook_problem = ""
        row.save(
            update_fields=[
                *("state", "secrets", "token_expires_at", "token_renew_at", "missing_permissions"),
                *("error_at", "error_reason", "error_code", "webhook_problem"),
            ]
        )
        audit.record(None, "account_disconnected", by, account=account_id, platform_told=told)
    return told


def _told(account: Account) -> bool:
    try:
        connector_of(account).disconnect(account.credentials(), account.app.webhook_url)
    except SendError as failure:
        log.warning("platform_not_told", account=account.pk, reason=failure.reason, code=failure.code)
        return False
    except CredentialsUnreadable:
        return False
    return True


def _changed(account_id: int, before: tuple[AccountState, ...], after: AccountState, verb: str, by: User) -> bool:
    with transaction.atomic():
        Account.objects.only("pk").get(pk=account_id)
        # By compare-and-swap: of two who press at once, one does it.
        if not Account.objects.filter(pk=account_id, state__in=before).update(state=after):
            return False
        audit.record(None, verb, by, account=account_id)
    return True
