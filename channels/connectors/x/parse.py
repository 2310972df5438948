"""A webhook body of X as items, in any of its envelopes: X Activity, Account Activity, filtered stream."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from channels.connectors.x import dms, posts
from channels.connectors.x.values import Json, ident, items, obj, text, when
from channels.errors import MalformedEvent
from channels.messages import AccessRevoked, Ignored, Item, MessageDeleted

POST_EVENTS = {"post.create", "post.mention.create", "post.reply.create", "post.quote.create"}
# Understood, and of no use to an inbox.
LEFT_ALONE = {
    "post.repost.create": "repost",
    "like.create": "like",
    "follow.follow": "follow",
    "follow.unfollow": "follow",
    "dm.indicate_typing": "typing",
    "chat.received": "encrypted chat",
    "chat.sent": "encrypted chat",
}
AAA_LEFT_ALONE = {
    "favorite_events": "like",
    "follow_events": "follow",
    "unfollow_events": "follow",
    "block_events": "block",
    "unblock_events": "block",
    "mute_events": "mute",
    "unmute_events": "mute",
    "direct_message_indicate_typing_events": "typing",
}
_ACCOUNT_TAG = re.compile(r"(?:account:)?([0-9]{1,20})")


def parse(body: bytes, received_at: datetime) -> list[Item]:
    """Everything in one body, in its order. Pure.

    Raises MalformedEvent when it is no JSON object; an item that cannot be read becomes ``Ignored("unreadable …")``.
    """
    data = _loaded(body)
    if "replay_job_status" in data:
        return [Ignored(reason="replay job status")]
    inner = data.get("data")
    if isinstance(inner, dict) and "event_type" in inner:
        return _activity(inner, received_at)
    if "matching_rules" in data:
        return _filtered_stream(data, received_at)
    if "for_user_id" in data or "user_event" in data:
        return _account_activity(data, received_at) or [
            Ignored(reason="nothing in it", account_id=ident(data, "for_user_id"))
        ]
    return [Ignored(reason="unknown envelope")]


def dedupe_key(body: bytes) -> str:
    """Equal for two deliveries of one event; a hash of the body when it holds nothing better. Never raises.

    event_uuid alone is not enough: for posts it is the post's id, so a mention and a reply share it, and two of
    our accounts do.
    """
    plain = "x:" + hashlib.sha256(body).hexdigest()
    try:
        data = _loaded(body)
    except MalformedEvent:
        return plain
    inner = data.get("data")
    if isinstance(inner, dict) and (uuid := ident(inner, "event_uuid")):
        user_id = ident(obj(inner.get("filter")), "user_id")
        return f"x:xaa:{text(inner.get('event_type'))[:50]}:{user_id[:25]}:{uuid[:100]}"
    return plain


def _loaded(body: bytes) -> Json:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedEvent("the body is not JSON") from error
    if not isinstance(data, dict):
        raise MalformedEvent("the body is not a JSON object")
    return data


def _each(what: str, account_id: str, found: Any, read: Callable[[Json], Item]) -> list[Item]:
    """``read`` over a list; one that fails stays behind alone, with the reason."""
    if not isinstance(found, list):
        return [Ignored(reason=f"unreadable {what}", account_id=account_id)]
    result: list[Item] = []
    for one in found:
        try:
            result.append(read(dict(one)))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            result.append(Ignored(reason=f"unreadable {what}: {error}"[:200], account_id=account_id))
    return result


# -- X Activity API


def _activity(event: Json, received_at: datetime) -> list[Item]:
    kind = text(event.get("event_type"))
    account_id = ident(obj(event.get("filter")), "user_id")
    payload = obj(event.get("payload"))
    if kind == "oauth.revoke":
        revoked = ident(payload, "user_id") or account_id
        if not revoked:
            return [Ignored(reason="unreadable revoke: no user")]
        return [AccessRevoked(account_id=revoked, at=when(payload.get("date_time"), received_at), code=kind)]
    if kind in LEFT_ALONE:
        return [Ignored(reason=LEFT_ALONE[kind], account_id=account_id)]
    if kind in POST_EVENTS:
        includes = obj(event.get("includes"))
        return _each(
            "post",
            account_id,
            [payload],
            lambda post: posts.read_post(post, includes, account_id, received_at, event=kind),
        )
    if kind == "post.delete":
        return _each("delete", account_id, [payload], lambda gone: _deleted(gone, account_id, received_at))
    if kind in ("dm.received", "dm.sent"):
        users = obj(payload.get("users"))
        return _each(
            "direct message",
            account_id,
            payload.get("direct_message_events"),
            lambda one: dms.read_event(one, users, account_id, received_at),
        )
    if kind == "dm.read":
        # X documents no example; the v1.1 list is what the other dm events carry.
        found = payload.get("direct_message_mark_read_events", [payload])
        return _each("read receipt", account_id, found, lambda one: dms.read_receipt(one, account_id, received_at))
    return [Ignored(reason=f"unknown kind {kind[:60]}", account_id=account_id)]


def _deleted(gone: Json, account_id: str, received_at: datetime) -> MessageDeleted:
    post_id = ident(gone, "id", "tweet_id")
    if not post_id:
        raise ValueError("no id")
    at = when(gone.get("timestamp_ms") or gone.get("deleted_at"), received_at)
    return MessageDeleted(account_id=account_id, external_id=post_id, at=at)


# -- Account Activity API (older)


def _account_activity(data: Json, received_at: datetime) -> list[Item]:
    account_id = ident(data, "for_user_id")
    users = obj(data.get("users"))

    def tweet(one: Json) -> Item:
        post, includes = posts.from_v11(one)
        return posts.read_post(post, includes, account_id, received_at)

    def deleted(one: Json) -> Item:
        status = obj(one.get("status"))
        return _deleted(
            {"id": ident(status, "id", "id_str"), "timestamp_ms": one.get("timestamp_ms")},
            account_id,
            received_at,
        )

    readers: dict[str, tuple[str, Callable[[Json], Item]]] = {
        "tweet_create_events": ("post", tweet),
        "tweet_delete_events": ("delete", deleted),
        "direct_message_events": (
            "direct message",
            lambda one: dms.read_event(one, users, account_id, received_at),
        ),
        "direct_message_mark_read_events": (
            "read receipt",
            lambda one: dms.read_receipt(one, account_id, received_at),
        ),
    }
    result: list[Item] = []
    for name, found in data.items():
        if name in readers:
            what, read = readers[name]
            result += _each(what, account_id, found, read)
        elif name in AAA_LEFT_ALONE:
            result.append(Ignored(reason=AAA_LEFT_ALONE[name], account_id=account_id))
        elif name == "user_event":
            result.append(_user_event(obj(found), account_id, received_at))
        elif name.endswith("_events"):
            result.append(Ignored(reason=f"unknown kind {text(name)[:60]}", account_id=account_id))
    return result


def _user_event(event: Json, account_id: str, received_at: datetime) -> Item:
    revoke = obj(event.get("revoke"))
    user_id = ident(obj(revoke.get("source")), "user_id") or account_id
    if not (revoke and user_id):
        return Ignored(reason="unknown user event", account_id=account_id)
    return AccessRevoked(account_id=user_id, at=when(revoke.get("date_time"), received_at), code="user_event.revoke")


# -- filtered stream webhook (Enterprise)


def _filtered_stream(data: Json, received_at: datetime) -> list[Item]:
    """The body does not say for which account it came. A rule tagged with the account's id does; else the post
    is given to everyone it answers or names, as the inbox knows which of those are ours."""
    post, includes = obj(data.get("data")), obj(data.get("includes"))
    tags = [_ACCOUNT_TAG.fullmatch(text(rule.get("tag"))) for rule in items(data.get("matching_rules"))]
    accounts = [tag[1] for tag in tags if tag]
    if not accounts:
        named = items(obj(post.get("entities")).get("mentions"))
        accounts = [ident(post, "in_reply_to_user_id"), *(ident(mention, "id") for mention in named)]
    result: list[Item] = []
    for account_id in dict.fromkeys(filter(None, accounts)):

        def read(one: Json, account_id: str = account_id) -> Item:
            return posts.read_post(one, includes, account_id, received_at)

        result += _each("post", account_id, [post], read)
    return result or [Ignored(reason="filtered stream: no account named")]
