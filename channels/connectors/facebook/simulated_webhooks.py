"""The simulated Facebook's webhooks: Meta's payloads, escaping and signature."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.connectors.facebook.signature import sign
from channels.simulator.platform import Json, Webhook
from channels.simulator.town import Citizen, DemoApp

APP_ID = 205552219930001
# Symbol: Meta's word for it under posts and comments, and in Messenger.
SYMBOLS = {
    "👍": ("like", "like"),
    "❤️": ("love", "love"),
    "😆": ("haha", "smile"),
    "😮": ("wow", "wow"),
    "😢": ("sad", "sad"),
    "😡": ("angry", "angry"),
}


def seconds(at: str) -> int:
    """An ISO time as feed events write it."""
    return int(datetime.fromisoformat(at).timestamp())


def milliseconds(at: str) -> int:
    """An ISO time as Messenger writes it."""
    return int(datetime.fromisoformat(at).timestamp() * 1000)


def envelope(app: DemoApp, entries: list[Json], path: str) -> Webhook:
    """One signed call. Non-ASCII and slashes are escaped, as Meta does."""
    body = json.dumps({"object": "page", "entry": entries}).replace("/", "\\/").encode()
    secret = app.secrets["app_secret"]

    def headers(_url: str) -> Mapping[str, str]:
        return {"X-Hub-Signature-256": sign(body, secret), "User-Agent": "facebookexternalua"}

    return Webhook(path, body, "application/json", headers)


def entries_of(webhook: Webhook) -> list[Json]:
    """What is in a call of ours."""
    found: list[Json] = json.loads(webhook.body)["entry"]
    return found


def feed_entry(page: str, value: Json, at: str) -> Json:
    """An entry with one change of the feed."""
    return {"id": page, "time": seconds(at), "changes": [{"field": "feed", "value": value}]}


def messaging_entry(page: str, event: Json, at: str) -> Json:
    """An entry with one Messenger event."""
    return {"id": page, "time": milliseconds(at), "messaging": [event]}


def comment_value(comment: Json, post: Json, sender: Json, verb: str, at: str, permalink: str) -> Json:
    """The value of a comment's change. ``sender`` is who did it: for "hide" that is the Page."""
    value: Json = {
        "from": sender,
        "post_id": post["id"],
        "comment_id": comment["id"],
        "created_time": seconds(comment["at"] if verb == "add" else at),
        "item": "comment",
        "parent_id": comment["parent"] or post["id"],
        "verb": verb,
    }
    if verb in ("add", "edited"):
        value |= _said(comment)
        value["post"] = {
            "status_type": "wall_post" if post["citizen"] else "mobile_status_update",
            "is_published": True,
            "updated_time": post["at"],
            "permalink_url": permalink,
            "promotion_status": "inactive",
            "id": post["id"],
        }
        if comment["photos"]:
            value["photo"] = comment["photos"][0]
    return value


def post_value(post: Json, sender: Json, verb: str, at: str) -> Json:
    """The value of a change of a post on the Page by a visitor."""
    value: Json = {
        "from": sender,
        "post_id": post["id"],
        "created_time": seconds(post["at"] if verb == "add" else at),
        "item": "photo" if post["photos"] else "status",
        "verb": verb,
    }
    if verb in ("add", "edited"):
        value |= _said(post) | {"published": 1}
        if post["photos"]:
            value["link"] = post["photos"][0]
    return value


def message_event(message: Json, person: Citizen) -> Json:
    """A message of a citizen, or the echo of ours."""
    ends = [{"id": person.psid}, {"id": message["page"]}]
    said: Json = {"mid": message["id"], **({"text": message["text"]} if message["text"] else {})}
    if message["photos"]:
        said["attachments"] = [{"type": "image", "payload": {"url": url}} for url in message["photos"]]
    if message["files"]:
        said["attachments"] = [{"type": "file", "payload": {"url": url}} for url in message["files"]]
    if message["from_us"]:
        ends.reverse()
        said |= {"is_echo": True, "app_id": APP_ID}
    return {
        "sender": ends[0],
        "recipient": ends[1],
        "timestamp": milliseconds(message["at"]),
        "message": said,
    }


def edit_event(message: Json, person: Citizen, at: str) -> Json:
    """A citizen changed a message."""
    return {
        "sender": {"id": person.psid},
        "recipient": {"id": message["page"]},
        "timestamp": milliseconds(at),
        "message_edit": {"mid": message["id"], "text": message["text"], "num_edits": message["edits"]},
    }


def reaction_value(item: Json, post: Json, person: Citizen, symbol: str, verb: str, at: str) -> Json:
    """The value of a reaction to a post or comment."""
    value: Json = {
        "from": {"id": person.facebook_id, "name": person.name},
        "post_id": post["id"],
        "created_time": seconds(at),
        "item": "reaction",
        "parent_id": post["id"],
        "reaction_type": SYMBOLS[symbol][0],
        "verb": verb,
    }
    return value | ({"comment_id": item["id"]} if item["id"] != post["id"] else {})


def reaction_event(message: Json, person: Citizen, symbol: str, verb: str, at: str) -> Json:
    """A reaction in Messenger; taken back, it names no symbol."""
    said = {"mid": message["id"], "action": "unreact" if verb == "remove" else "react"}
    if verb != "remove":
        said |= {"reaction": SYMBOLS[symbol][1], "emoji": symbol}
    return {
        "sender": {"id": person.psid},
        "recipient": {"id": message["page"]},
        "timestamp": milliseconds(at),
        "reaction": said,
    }


def receipt_event(kind: str, page: str, person: Citizen, at: str, mids: list[str] | None = None) -> Json:
    """A delivery (with mids) or a read, up to ``at``."""
    receipt: dict[str, Any] = {"watermark": milliseconds(at)}
    if mids:
        receipt["mids"] = mids
    return {
        "sender": {"id": person.psid},
        "recipient": {"id": page},
        "timestamp": milliseconds(at),
        kind: receipt,
    }


def _said(item: Json) -> Json:
    return {"message": item["text"]} if item["text"] else {}
