"""Events as gap repair stores them: any items, without a platform's own wire format."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from channels import events, items
from channels.messages import IncomingMessage, Item, Person
from channels.models import Account, InboundEvent
from tests.conftest import MONDAY_10

_numbers = count(1)


def at(minutes: float) -> datetime:
    """Minutes after Monday 10:00 in Amsterdam."""
    return MONDAY_10 + timedelta(minutes=minutes)


def put(account: Account, *told: Item, key: str = "") -> InboundEvent:
    """One stored event with these items."""
    name = key or f"test-{next(_numbers)}"
    events.store(account.app_id, items.encode(list(told)), items.CONTENT_TYPE, name, MONDAY_10)
    return InboundEvent.objects.get(app_id=account.app_id, dedupe_key=name)


def put_raw(account: Account, body: bytes) -> InboundEvent:
    """One stored event with a body as a platform might send it."""
    name = f"raw-{next(_numbers)}"
    events.store(account.app_id, body, "application/json", name, MONDAY_10)
    return InboundEvent.objects.get(app_id=account.app_id, dedupe_key=name)


def person(name: str = "aisha", **fields: Any) -> Person:
    return Person(external_id=f"id-{name}", name=name.title(), handle=name, **fields)


def said(
    account: Account, external_id: str, text: str = "Wanneer komt het restafval?", **fields: Any
) -> IncomingMessage:
    """A citizen's message: private by default, at Monday 10:00."""
    author = fields.pop("author", None) or person()
    values: dict[str, Any] = {
        "account_id": account.external_id,
        "external_id": external_id,
        "thread_id": author.external_id,
        "public": False,
        "author": author,
        "peer": author,
        "text": text,
        "sent_at": at(0),
    } | fields
    return IncomingMessage(**values)


def echoed(account: Account, external_id: str, text: str, **fields: Any) -> IncomingMessage:
    """A message of ours as the platform tells it back, by default to Aïsha in private."""
    peer = fields.pop("peer", person())
    values: dict[str, Any] = {
        "account_id": account.external_id,
        "external_id": external_id,
        "thread_id": peer.external_id if peer else "",
        "public": False,
        "author": Person(external_id=account.external_id),
        "peer": peer,
        "from_us": True,
        "text": text,
        "sent_at": at(30),
    } | fields
    return IncomingMessage(**values)
