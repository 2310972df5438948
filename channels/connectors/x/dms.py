"""Direct messages of X: as webhooks bring them (v1.1 shape in both envelopes) and as the API lists them."""

from datetime import datetime

from channels.connectors.x.posts import attachment, media_from_v11, unshortened
from channels.connectors.x.values import Json, by_id, ident, items, obj, person, text, when
from channels.messages import DeliveryReceipt, Ignored, IncomingMessage, Item, ReceiptState


def read_event(event: Json, users: Json, account_id: str, received_at: datetime) -> Item:
    """One of ``direct_message_events``. The thread is the citizen, also for what we sent ourselves.

    Raises ValueError when sender or id is missing.
    """
    kind = text(event.get("type"))
    if kind not in ("message_create", ""):
        return Ignored(reason=f"direct message {kind[:40]}", account_id=account_id)
    created = obj(event.get("message_create"))
    sender_id = ident(created, "sender_id")
    data = obj(created.get("message_data"))
    media = obj(obj(data.get("attachment")).get("media"))
    media_id = ident(media, "id_str", "id")
    links = items(obj(data.get("entities")).get("urls"))
    if media:
        links.append({"url": text(media.get("url")), "media_key": media_id or "own"})
    return _message(
        account_id=account_id,
        event_id=ident(event, "id", "id_str"),
        sender_id=sender_id,
        recipient_id=ident(obj(created.get("target")), "recipient_id"),
        users={key: obj(value) for key, value in users.items()},
        written=unshortened(text(data.get("text")), links),
        sent_at=when(event.get("created_timestamp"), received_at),
        media=[(media_from_v11(media), media_id)] if media else [],
    )


def read_listed(event: Json, includes: Json, account_id: str, received_at: datetime) -> Item:
    """One event of ``GET /2/dm_events``. Raises ValueError when sender or id is missing."""
    kind = text(event.get("event_type"))
    if kind not in ("MessageCreate", ""):
        return Ignored(reason=f"direct message {kind[:40]}", account_id=account_id)
    known = {text(item.get("media_key")): item for item in items(includes.get("media"))}
    keys = obj(event.get("attachments")).get("media_keys")
    keys = [key for key in map(text, keys) if key] if isinstance(keys, list) else []
    return _message(
        account_id=account_id,
        event_id=ident(event, "id"),
        sender_id=ident(event, "sender_id"),
        recipient_id=other_party(event, account_id),
        users=by_id(items(includes.get("users"))),
        written=unshortened(text(event.get("text")), items(obj(event.get("entities")).get("urls"))),
        sent_at=when(event.get("created_at"), received_at),
        media=[(known.get(key, {}), key) for key in keys],
    )


def other_party(event: Json, account_id: str) -> str:
    """Whom a listed event was exchanged with, from ``dm_conversation_id`` ("id-id"); "" in a group."""
    parties = ident(event, "dm_conversation_id").split("-")
    if len(parties) != 2 or account_id not in parties:
        return ""
    return parties[1] if parties[0] == account_id else parties[0]


def _message(
    *,
    account_id: str,
    event_id: str,
    sender_id: str,
    recipient_id: str,
    users: dict[str, Json],
    written: str,
    sent_at: datetime,
    media: list[tuple[Json, str]],
) -> Item:
    if not (event_id and sender_id):
        raise ValueError("direct message without id or sender")
    from_us = sender_id == account_id
    citizen_id = recipient_id if from_us else sender_id
    if not citizen_id:
        return Ignored(reason="direct message in a group", account_id=account_id)
    author = person(users.get(sender_id, {}), sender_id)
    return IncomingMessage(
        account_id=account_id,
        external_id=event_id,
        thread_id=citizen_id,
        public=False,
        author=author,
        text=written,
        sent_at=sent_at,
        peer=person(users.get(citizen_id, {}), citizen_id) if from_us else author,
        from_us=from_us,
        attachments=tuple(attachment(item, key) for item, key in media),
    )


def read_receipt(event: Json, account_id: str, received_at: datetime) -> Item:
    """The citizen read our messages up to now: a watermark. That we read theirs is of no use to anybody.

    X names the last event read too, but the inbox keeps a time. Raises ValueError without a reader.
    """
    reader = ident(event, "sender_id")
    if not reader:
        raise ValueError("read receipt without reader")
    if reader == account_id:
        return Ignored(reason="read by us", account_id=account_id)
    return DeliveryReceipt(
        account_id=account_id,
        state=ReceiptState.READ,
        at=when(event.get("created_timestamp"), received_at),
        thread_id=reader,
    )
