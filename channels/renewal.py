"""New access in time, where a platform's ends within hours and we can get it ourselves (X, OAuth 2.0).

X takes a refresh token once: whoever comes second with it is refused. So one process asks at a time, and what it got
is written down at once; a person who logged in meanwhile goes before it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.db import connection, transaction

from channels.clock import now
from channels.errors import PermanentFailure, SendError
from channels.gateway import connector_of
from channels.models import Account, AccountState

LOCK = 0x72656E77  # the namespace of our advisory locks, beside the account's id
AGAIN = timedelta(minutes=2)  # when the platform could not be asked

log = structlog.get_logger()


def renew_due() -> int:
    """New access for every account for which it is time, one after the other; for how many. Raises nothing of the
    platform's."""
    due = Account.objects.filter(token_renew_at__lte=now()).exclude(state=AccountState.DISCONNECTED)
    return sum(renew(account) for account in due.select_related("app"))


def renew(account: Account) -> bool:
    """Whether ``account`` has newer access than it had; it is changed along. False as well when another process is at
    it. A refusal ends the tries: then the next check of the account says that it is broken."""
    with _alone(account) as alone:
        if not alone:
            return False
        before = account.secrets
        account.refresh_from_db(fields=["secrets", "token_renew_at"])
        if account.secrets != before:
            return True  # another process, or a person, while we waited for our turn
        try:
            renewed = connector_of(account).renewed(account.credentials())
        except SendError as failure:
            log.warning("access_not_renewed", account=account.pk, reason=failure.reason, code=failure.code)
            account.token_renew_at = None if isinstance(failure, PermanentFailure) else now() + AGAIN
            Account.objects.filter(pk=account.pk).update(token_renew_at=account.token_renew_at)
            return False
        if renewed is None:
            return False
        with transaction.atomic():
            row = Account.objects.select_for_update(of=("self",)).get(pk=account.pk)
            if row.secrets == before:
                row.secrets = {**before, **renewed.secrets}
                row.token_renew_at = renewed.renew_at
                row.save(update_fields=["secrets", "token_renew_at"])
        account.secrets, account.token_renew_at = row.secrets, row.token_renew_at
    log.info("access_renewed", account=account.pk, kind=account.kind)
    return True


@contextmanager
def _alone(account: Account) -> Iterator[bool]:
    """Whether we are the only one to renew this account's access; ends with our process or connection at the latest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, account.pk % 2**31])
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, account.pk % 2**31])
