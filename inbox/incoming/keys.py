"""Locks on names that have no row yet: a message's id at the platform, a citizen's. Held until the transaction ends."""

from collections.abc import Iterable
from hashlib import blake2b

from django.db import connection

ALL = 0x5765626361726500  # everything: shared by each batch, taken alone by one too large to name its keys
MAX_KEYS = 2000  # PostgreSQL keeps 64 locks for each of its connections, in one table for all

type Key = tuple[str | int, ...]


def hold(keys: Iterable[Key]) -> None:
    """Wait until nobody else holds one of ``keys``, then hold them. In one order, so that no two wait in a ring.

    Take them before any row lock, and once a transaction. Under READ COMMITTED every query after it sees what the
    former holder committed: an edit and its message can no longer miss each other.
    """
    numbers = sorted({_number(key) for key in keys})
    with connection.cursor() as cursor:
        if len(numbers) > MAX_KEYS:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ALL])
            return
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [ALL])
        if numbers:
            cursor.execute(
                "SELECT count(pg_advisory_xact_lock(number)) FROM"
                " (SELECT unnest(%s::bigint[]) AS number OFFSET 0) AS wanted",
                [numbers],
            )


def message_key(account_id: int, external_id: str) -> Key:
    """The name of one message at the platform."""
    return ("message", account_id, external_id)


def _number(key: Key) -> int:
    text = "\0".join(str(part) for part in key)
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)
