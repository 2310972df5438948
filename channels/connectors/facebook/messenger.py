"""Events of Messenger: messages, echoes, receipts, edits, and the many kinds that say nothing."""

import hashlib
from datetime import datetime
from typing import Any

from channels.connectors.facebook.values import (
    UnreadableError,
    ident,
    listing,
    mapping,
    moment,
    number,
    text,
    word,
)
from channels.messages import (
    AccessRevoked,
    Attachment,
    DeliveryReceipt,
    Ignored,
    IncomingMessage,
    Item,
    MessageDeleted,
    MessageEdited,
    Person,
    Reacted,
    ReceiptState,
)

# Meta's key -> our reason for leaving it.
SAYS_NOTHING = {
    "optin": "optin",
    "referral": "referral",
    "account_linking": "account linking",
    "game_play": "game play",
    "pass_thread_control": "thread control",
    "take_thread_control": "thread control",
    "request_thread_control": "thread control",
    "app_roles": "thread control",
    "messaging_feedback": "feedback",
    "typing": "typing",
}
# Where Meta leaves the emoji out; its other words ("other") are shown as a heart.
SYMBOLS = {"smile": "😆", "angry": "😡", "sad": "😢", "wow": "😮", "love": "❤️", "like": "👍", "dislike": "👎"}
FILES = {"image": "image", "audio": "audio", "video": "video", "file": "file"}


def read_event(event: dict[str, Any], page_id: str, entry_at: datetime) -> list[Item]:
    """One element of ``messaging``. ``entry_at`` (UTC) stands in for a missing time. Raises
    UnreadableError."""
    at = moment(event.get("timestamp")) or entry_at
    if "message" in event:
        return [_message(event, page_id, at)]
    if "postback" in event:
        return [_postback(event, page_id, at)]
    if "delivery" in event:
        return _receipts(event, mapping(event["delivery"]), page_id, at, ReceiptState.DELIVERED)
    if "read" in event:
        return _receipts(event, mapping(event["read"]), page_id, at, ReceiptState.READ)
    if "message_edit" in event:
        return [_edit(mapping(event["message_edit"]), page_id, at)]
    if "reaction" in event:
        return [_reaction(event, mapping(event["reaction"]), page_id, at)]
    for key in ("policy_enforcement", "policy-enforcement"):
        if key in event:
            return [_policy(mapping(event[key]), page_id, at)]
    for key, reason in SAYS_NOTHING.items():
        if key in event:
            return [Ignored(reason=reason, account_id=page_id)]
    rest = sorted(word(key) for key in event if key not in ("sender", "recipient", "timestamp"))
    return [Ignored(reason=f"unknown kind {' '.join(rest[:3]) or '?'}", account_id=page_id)]


def _message(event: dict[str, Any], page_id: str, at: datetime) -> Item:
    message = mapping(event["message"])
    mid = ident(message.get("mid"))
    if not mid:
        raise UnreadableError("message without mid")
    sender, recipient = _person(event.get("sender")), _person(event.get("recipient"))
    from_us = message.get("is_echo") is True or (bool(page_id) and sender.external_id == page_id)
    account_id = page_id or (sender if from_us else recipient).external_id
    if message.get("is_deleted") is True:
        return MessageDeleted(account_id=account_id, external_id=mid, at=at)
    peer = recipient if from_us else sender
    if not peer.external_id:
        raise UnreadableError("message without sender")
    said = text(message.get("text")) or text(mapping(message.get("quick_reply")).get("payload"))
    return IncomingMessage(
        account_id=account_id,
        external_id=mid,
        thread_id=peer.external_id,
        public=False,
        author=sender if sender.external_id else Person(external_id=account_id),
        peer=peer,
        from_us=from_us,
        text=said,
        sent_at=at,
        in_reply_to=ident(mapping(message.get("reply_to")).get("mid")),
        attachments=tuple(_attachment(found) for found in listing(message.get("attachments"))),
    )


def _postback(event: dict[str, Any], page_id: str, at: datetime) -> Item:
    postback = mapping(event["postback"])
    sender = _person(event.get("sender"))
    if not sender.external_id:
        raise UnreadableError("postback without sender")
    payload = text(postback.get("payload"))
    mid = ident(postback.get("mid"))
    if not mid:
        # Older apps get no mid: one press is one sender, one moment, one button.
        press = f"{sender.external_id} {at.isoformat()} {payload}"
        mid = "postback." + hashlib.sha256(press.encode()).hexdigest()[:40]
    return IncomingMessage(
        account_id=page_id or ident(mapping(event.get("recipient")).get("id")),
        external_id=mid,
        thread_id=sender.external_id,
        public=False,
        author=sender,
        peer=sender,
        text=text(postback.get("title")) or payload,
        sent_at=at,
        kind="postback",
    )


def _receipts(
    event: dict[str, Any], receipt: dict[str, Any], page_id: str, at: datetime, state: ReceiptState
) -> list[Item]:
    """A receipt for each mid named, and one for everything up to the watermark: Meta may name only the
    last."""
    ends = [_person(event.get("sender")).external_id, _person(event.get("recipient")).external_id]
    citizen = next((end for end in ends if end and end != page_id), "")
    watermark = moment(receipt.get("watermark"))
    mids = [mid for mid in [*map(ident, listing(receipt.get("mids"))), ident(receipt.get("mid"))] if mid]
    items: list[Item] = [
        DeliveryReceipt(account_id=page_id, state=state, at=watermark or at, external_id=mid, thread_id=citizen)
        for mid in mids
    ]
    if watermark and citizen:
        items.append(DeliveryReceipt(account_id=page_id, state=state, at=watermark, thread_id=citizen))
    if not items:
        raise UnreadableError(f"receipt {state.value}")
    return items


def _edit(edit: dict[str, Any], page_id: str, at: datetime) -> Item:
    mid = ident(edit.get("mid"))
    if not mid:
        raise UnreadableError("message_edit without mid")
    if not isinstance(edit.get("text"), str):
        return Ignored(reason="edited without content", account_id=page_id)
    return MessageEdited(account_id=page_id, external_id=mid, text=text(edit["text"]), at=at)


def _reaction(event: dict[str, Any], reaction: dict[str, Any], page_id: str, at: datetime) -> Item:
    """``{mid, action: react | unreact, reaction, emoji}``; the sender is who reacted."""
    mid, person = ident(reaction.get("mid")), _person(event.get("sender"))
    if not mid or not person.external_id:
        raise UnreadableError("reaction without target")
    action = reaction.get("action")
    if action not in ("react", "unreact"):
        return Ignored(reason=f"unknown action {word(action)}", account_id=page_id)
    removed = action == "unreact"
    symbol = text(reaction.get("emoji")) or SYMBOLS.get(text(reaction.get("reaction")), "❤️")
    return Reacted(
        account_id=page_id,
        external_id=mid,
        person=person,
        symbol="" if removed else symbol,
        removed=removed,
        at=at,
    )


def _policy(enforcement: dict[str, Any], page_id: str, at: datetime) -> Item:
    action = word(enforcement.get("action"))
    if action == "block":
        return AccessRevoked(account_id=page_id, at=at, code="policy_enforcement")
    return Ignored(reason=f"policy {action}", account_id=page_id)


def _attachment(found: Any) -> Attachment:
    """One attachment. ``payload`` may be null; a kind we do not know is a file when it has an address, else
    a link."""
    attachment = mapping(found)
    payload = mapping(attachment.get("payload"))
    kind = text(attachment.get("type"))
    address = text(payload.get("url")) or text(attachment.get("url"))
    title = text(attachment.get("title")) or text(payload.get("title")) or text(payload.get("name"))
    sticker = ident(payload.get("sticker_id"))
    if sticker:
        return Attachment(kind="sticker", url=address, external_id=sticker)
    if kind == "location":
        place = mapping(payload.get("coordinates"))
        return Attachment(
            kind="location",
            url=address,
            name=title,
            latitude=number(place.get("lat")),
            longitude=number(place.get("long")),
        )
    if kind in FILES:
        name = text(payload.get("name")) or title
        return Attachment(kind=FILES[kind], url=address, name=name, external_id=ident(payload.get("attachment_id")))
    # fallback (a shared link), template, share, reel, story_mention … : something to open, with a name at
    # best.
    return Attachment(kind="link", url=address, name=title or word(kind))


def _person(value: Any) -> Person:
    found = mapping(value)
    return Person(external_id=ident(found.get("id")), name=text(found.get("name")))
