"""Signed webhooks of all three platforms, as they go over the wire, and what must become of each."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from benchmarks.load import request_bytes
from channels.connectors.whatsapp import signature as twilio
from channels.connectors.x import signature as x
from channels.simulator import town

CITIZENS = 2_000  # of each platform, who write in turn; a comment on Facebook is always a conversation of its own
TEXT = "Goedemorgen, mijn container is weer niet geleegd en hij staat al sinds maandag aan de straat. Kunt u helpen?"
BEGUN = 1_795_000_000  # 2026-11-18; a moment for what the platforms date, in the order of the numbers


@dataclass(frozen=True, slots=True)
class Posted:
    """One message: its request, and the account, id and thread under which the inbox must have it."""

    request: bytes
    account: str
    external_id: str
    thread: str


def message(number: int, run: int, site: str) -> Posted:
    """The message with this number: in turn WhatsApp, Facebook, X. ``run`` (below 10,000) makes the ids its own;
    ``site`` is the public address, which Twilio signs."""
    return (_whatsapp, _facebook, _x)[number % 3](number, run, site)


def _whatsapp(number: int, run: int, site: str) -> Posted:
    app = town.app("whatsapp")
    citizen = f"{run:04}{number // 3 % CITIZENS:06}"
    sid = f"SM{run:04}{number:028}"
    told = {
        "MessageSid": sid,
        "AccountSid": app.secrets["account_sid"],
        "From": f"whatsapp:+31{citizen}",
        "To": app.accounts[0].external_id,
        "Body": f"{TEXT} ({number})",
        "NumMedia": "0",
        "ProfileName": f"Inwoner {citizen}",
        "WaId": f"31{citizen}",
    }
    body = urlencode(told).encode()
    path = f"/webhooks/whatsapp/{app.key}/"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": twilio.sign(site + path, body, app.secrets["auth_token"]),
    }
    return Posted(request_bytes("POST", path, body, headers), app.accounts[0].external_id, sid, f"whatsapp {citizen}")


def _facebook(number: int, run: int, site: str) -> Posted:
    app = town.app("facebook")
    page = app.accounts[0].external_id
    comment = f"1_{run:04}{number:07}"
    value = {
        "item": "comment",
        "verb": "add",
        "post_id": f"{page}_1",
        "parent_id": f"{page}_1",
        "comment_id": comment,
        "from": {"id": f"{run:04}{number // 3 % CITIZENS}", "name": f"Inwoner {number // 3 % CITIZENS}"},
        "message": f"{TEXT} ({number})",
        "created_time": BEGUN + number // 10,
    }
    entry = {"id": page, "time": BEGUN + number // 10, "changes": [{"field": "feed", "value": value}]}
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    digest = hmac.new(app.secrets["app_secret"].encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
    request = request_bytes("POST", f"/webhooks/facebook/{app.key}/", body, headers)
    return Posted(request, page, comment, f"facebook {comment}")


def _x(number: int, run: int, site: str) -> Posted:
    app = town.app("x")
    us = app.accounts[0]
    thread = number // 3 % CITIZENS
    post, root, author = (f"1{run:04}{kind}{which:08}" for kind, which in ((1, number), (2, thread), (3, thread)))
    payload = {
        "id": post,
        "text": f"@{us.handle} {TEXT} ({number})",
        "author_id": author,
        "created_at": datetime.fromtimestamp(BEGUN + number // 10, UTC).isoformat().replace("+00:00", "Z"),
        "conversation_id": root,
        "edit_history_tweet_ids": [post],
        "entities": {
            "mentions": [{"start": 0, "end": len(us.handle) + 1, "username": us.handle, "id": us.external_id}]
        },
    }
    users = [
        {"id": us.external_id, "name": us.name, "username": us.handle},
        {"id": author, "name": f"Inwoner {thread}", "username": f"inwoner{run}_{thread}"},
    ]
    event = {
        "event_uuid": post,
        "event_type": "post.mention.create",
        "filter": {"user_id": us.external_id},
        "payload": payload,
        "includes": {"users": users},
    }
    body = json.dumps({"data": event}).encode()
    headers = {"Content-Type": "application/json", x.HEADER: x.sign(app.secrets["consumer_secret"], body)}
    return Posted(request_bytes("POST", f"/webhooks/x/{app.key}/", body, headers), us.external_id, post, f"x {root}")
