"""Reactions with a symbol: one statement for a batch; the platform's time decides, whatever comes first."""

from datetime import timedelta

from django.db import connection

from channels.clock import now
from channels.events import clean
from channels.messages import Reacted
from channels.models import Account
from inbox.models import Message, Reaction

KEPT = timedelta(days=30)  # of a reaction to what is no message here, such as a post of ours
CHUNK = 1000

type Key = tuple[int, str, str]  # account, the message's id at the platform, the person's

# Times have whole seconds on Facebook: of two in one second the one that takes back is the last, in any order.
UPSERT = """
INSERT INTO inbox_reaction (account_id, external_id, person_id, name, symbol, removed, at)
SELECT * FROM unnest(
    %s::bigint[], %s::varchar[], %s::varchar[], %s::varchar[], %s::varchar[], %s::boolean[], %s::timestamptz[])
ON CONFLICT (account_id, external_id, person_id) DO UPDATE SET
    name = CASE WHEN excluded.name = '' THEN inbox_reaction.name ELSE excluded.name END,
    symbol = excluded.symbol, removed = excluded.removed, at = excluded.at
WHERE (inbox_reaction.at, inbox_reaction.removed) < (excluded.at, excluded.removed)
    OR (inbox_reaction.at, inbox_reaction.removed) = (excluded.at, excluded.removed)
    AND inbox_reaction.symbol < excluded.symbol
"""


def key(account: Account, item: Reacted) -> Key:
    """Whose reaction to what."""
    return (account.pk, item.external_id[:200], item.person.external_id[:200])


def newer(item: Reacted, than: Reacted | None) -> bool:
    """Which of two reactions of one person to one message stands; the same rule as UPSERT's."""
    return than is None or (than.at, than.removed, than.symbol) < (item.at, item.removed, item.symbol)


def save(found: dict[Key, Reacted]) -> None:
    """Each as the last of its person, unless a later one is known. In one order: two batches wait in no ring."""
    if not found:
        return
    rows = [
        (*place, clean(item.person.name)[:200], clean(item.symbol)[:40], item.removed, item.at)
        for place, item in sorted(found.items())
    ]
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [list(column) for column in zip(*rows, strict=True)])


def prune() -> int:
    """Delete what is older than KEPT and stands under no message; how many. Any number may run at once."""
    old, total, last = Reaction.objects.filter(at__lt=now() - KEPT), 0, 0
    while rows := list(old.filter(pk__gt=last).order_by("pk").values_list("pk", "account_id", "external_id")[:CHUNK]):
        last = rows[-1][0]
        told = {external_id for _pk, _account, external_id in rows}
        known = set(Message.objects.filter(external_id__in=told).values_list("account_id", "external_id"))
        gone = [pk for pk, account_id, external_id in rows if (account_id, external_id) not in known]
        total += Reaction.objects.filter(pk__in=gone).delete()[0]
    return total
