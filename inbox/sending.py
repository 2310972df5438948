"""Facts about what goes out, per account: what waits to be sent, what is not certain, what failed. No texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from channels.health import CAP
from channels.models import Account

# Each part stops at the cap and reads a partial index, whatever the size of the table.
OF_ACCOUNTS = """
    SELECT account.id,
        (SELECT count(*) FROM (SELECT 1 FROM inbox_message
            WHERE account_id = account.id AND state = 'queued' LIMIT %(most)s) AS found),
        (SELECT min(sent_at) FROM inbox_message WHERE account_id = account.id AND state = 'queued'),
        (SELECT count(*) FROM (SELECT 1 FROM inbox_message
            WHERE account_id = account.id AND kind IN ('answer', 'routed') AND state = 'unknown' AND send_at IS NOT NULL
            LIMIT %(most)s) AS found),
        (SELECT count(*) FROM (SELECT 1 FROM inbox_message
            WHERE account_id = account.id AND kind IN ('answer', 'routed') AND state = 'unknown' AND send_at IS NULL
            LIMIT %(most)s) AS found),
        (SELECT count(*) FROM (SELECT 1 FROM inbox_message
            WHERE account_id = account.id AND kind IN ('answer', 'routed') AND state = 'failed'
            LIMIT %(most)s) AS found)
    FROM unnest(%(accounts)s::bigint[]) AS account (id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingFacts:
    """Of one account. A count of channels.health.CAP + 1 means "more than CAP"."""

    account_id: int
    queued: int  # answers and automatic replies that wait to be sent
    oldest_queued_at: datetime | None  # when the oldest of those was written (aware UTC)
    being_asked: int  # answers of which we ask the platform whether they are there
    cannot_tell: int  # answers of which nobody can tell: a person decides
    failed: int  # answers that were refused: a person decides

    @property
    def uncertain(self) -> int:
        """All answers that may or may not be there; at most CAP + 1."""
        return min(self.being_asked + self.cannot_tell, CAP + 1)


def sending_facts(accounts: Iterable[Account]) -> dict[int, SendingFacts]:
    """By account id. One query, however many accounts."""
    with connection.cursor() as cursor:
        cursor.execute(OF_ACCOUNTS, {"accounts": [account.pk for account in accounts], "most": CAP + 1})
        rows = cursor.fetchall()
    return {
        account: SendingFacts(
            account_id=account,
            queued=queued,
            oldest_queued_at=oldest,
            being_asked=asked,
            cannot_tell=cannot_tell,
            failed=failed,
        )
        for account, queued, oldest, asked, cannot_tell, failed in rows
    }
