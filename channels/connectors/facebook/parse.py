"""One stored webhook body into items: the envelope, its entries, and what goes wrong in one of them."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from channels.connectors.facebook import feed, messenger
from channels.connectors.facebook.values import UNREADABLE, UnreadableError, ident, mapping, moment, word
from channels.errors import MalformedEvent
from channels.messages import Ignored, Item

Reader = Callable[[dict[str, Any]], list[Item]]


def parse(body: bytes, received_at: datetime) -> list[Item]:
    """Everything in one body, in order, over all entries and pages. Pure.

    ``received_at`` stands in where Meta gives no time. Raises MalformedEvent when the body is no JSON
    object with a list ``entry``; whatever is wrong further in becomes Ignored("unreadable …") and leaves
    the rest alone.
    """
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedEvent(f"not JSON: {type(error).__name__}") from None
    if not isinstance(envelope, dict) or not isinstance(envelope.get("entry"), list):
        raise MalformedEvent("no object with a list entry")
    kind = envelope.get("object")
    if kind != "page":
        return [Ignored(reason=f"unknown object {word(kind)}")]
    items: list[Item] = []
    for entry in envelope["entry"]:
        items += _entry(entry, received_at)
    return items or [Ignored(reason="empty event")]


def _entry(entry: Any, received_at: datetime) -> list[Item]:
    if not isinstance(entry, dict):
        return [Ignored(reason="unreadable entry")]
    page_id = ident(entry.get("id"))
    at = moment(entry.get("time")) or received_at
    items: list[Item] = []
    items += _each(entry, "changes", page_id, lambda change: feed.read_change(change, page_id, at))
    items += _each(entry, "messaging", page_id, lambda event: messenger.read_event(event, page_id, at))
    items += _each(entry, "standby", page_id, lambda _event: [Ignored(reason="standby", account_id=page_id)])
    return items or [Ignored(reason="entry without changes", account_id=page_id)]


def _each(entry: dict[str, Any], key: str, page_id: str, read: Reader) -> list[Item]:
    found = entry.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        return [Ignored(reason=f"unreadable {key}", account_id=page_id)]
    items: list[Item] = []
    for element in found:
        if not mapping(element):
            items.append(Ignored(reason=f"unreadable {key}", account_id=page_id))
            continue
        try:
            items += read(element)
        except UnreadableError as error:
            items.append(Ignored(reason=f"unreadable {error}", account_id=page_id))
        except UNREADABLE as error:
            items.append(Ignored(reason=f"unreadable {key}: {type(error).__name__}", account_id=page_id))
    return items
