"""Facts about accounts for the screen and the API: does it work, what came last, what waits, what failed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import OuterRef, Subquery

from channels.models import Account, GapCheck

CAP = 99  # nothing is counted further than one beyond: "99+" on screen
# Each part stops at its first row or at the cap, whatever the size of the table.
OF_APPS = """
    SELECT app.id,
        (SELECT received_at FROM channels_inboundevent
            WHERE app_id = app.id AND state = 'stored' ORDER BY id LIMIT 1),
        (SELECT count(*) FROM (SELECT 1 FROM channels_inboundevent
            WHERE app_id = app.id AND state = 'stored' LIMIT %(most)s) AS found),
        (SELECT count(*) FROM (SELECT 1 FROM channels_inboundevent
            WHERE app_id = app.id AND state = 'failed' LIMIT %(most)s) AS found)
    FROM unnest(%(apps)s::bigint[]) AS app (id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountHealth:
    """One account; all times aware UTC, None: never. Events are counted per app, for an event may hold several
    accounts; a count of CAP + 1 means "more than CAP"."""

    account_id: int
    state: str  # AccountState
    error_reason: str  # a key of errors.REASONS, or ""
    error_code: str  # the platform's own
    error_at: datetime | None  # since when
    checked_at: datetime | None  # when the platform last answered whether our access works
    token_expires_at: datetime | None  # when our access ends by itself, where the platform tells
    webhook_problem: str  # a key of account_state.WEBHOOK_PROBLEMS, or ""
    webhook_checked_at: datetime | None
    last_received_at: datetime | None
    last_sent_at: datetime | None
    oldest_waiting_at: datetime | None  # when the oldest event that was not processed yet came in
    waiting_events: int
    failed_events: int
    gap_check: GapCheck | None  # the last round, also when it still runs (ended_at None)


def facts(accounts: Iterable[Account]) -> dict[int, AccountHealth]:
    """By account id. Two queries, however many accounts."""
    known = list(accounts)
    of_apps = _events({account.app_id for account in known})
    gap_checks = _last_gap_checks([account.pk for account in known])
    return {account.pk: _of(account, of_apps, gap_checks.get(account.pk)) for account in known}


type Counted = tuple[datetime | None, int, int]  # oldest waiting, waiting, failed


def _events(apps: set[int]) -> dict[int, Counted]:
    with connection.cursor() as cursor:
        cursor.execute(OF_APPS, {"apps": sorted(apps), "most": CAP + 1})
        return {app: (oldest, waiting, failed) for app, oldest, waiting, failed in cursor.fetchall()}


def _last_gap_checks(accounts: list[int]) -> dict[int, GapCheck]:
    # Not DISTINCT ON: that reads every round there ever was.
    newest = GapCheck.objects.filter(account=OuterRef("pk")).order_by("-started_at").values("pk")[:1]
    last = Account.objects.filter(pk__in=accounts).order_by().annotate(last=Subquery(newest)).values("last")
    return {check.account_id: check for check in GapCheck.objects.filter(pk__in=last)}


def _of(account: Account, of_apps: dict[int, Counted], gap_check: GapCheck | None) -> AccountHealth:
    oldest, waiting, failed = of_apps[account.app_id]
    return AccountHealth(
        account_id=account.pk,
        state=account.state,
        error_reason=account.error_reason,
        error_code=account.error_code,
        error_at=account.error_at,
        checked_at=account.checked_at,
        token_expires_at=account.token_expires_at,
        webhook_problem=account.webhook_problem,
        webhook_checked_at=account.webhook_checked_at,
        last_received_at=account.last_received_at,
        last_sent_at=account.last_sent_at,
        oldest_waiting_at=oldest,
        waiting_events=waiting,
        failed_events=failed,
        gap_check=gap_check,
    )
