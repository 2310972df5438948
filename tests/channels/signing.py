"""Bodies signed as the three platforms sign them, made with the standard library alone, not with our own code."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from channels.simulator import town

PUBLIC = "http://127.0.0.1:8000"


def _hmac(secret: str, data: bytes, digest: Any) -> bytes:
    return hmac.new(secret.encode(), data, digest).digest()


def address(kind: str, key: str | None = None) -> str:
    return f"/webhooks/{kind}/{key or town.app(kind).key}/"


def content_type(kind: str) -> str:
    return "application/x-www-form-urlencoded" if kind == "whatsapp" else "application/json"


def headers(kind: str, body: bytes, url: str | None = None) -> dict[str, str]:
    """The signature header of ``kind`` over ``body``, by the demo's secrets; names in lower case."""
    secrets = town.app(kind).secrets
    if kind == "x":
        digest = base64.b64encode(_hmac(secrets["consumer_secret"], body, hashlib.sha256)).decode()
        return {"x-twitter-webhooks-signature": f"sha256={digest}"}
    if kind == "facebook":
        return {"x-hub-signature-256": "sha256=" + _hmac(secrets["app_secret"], body, hashlib.sha256).hex()}
    pairs = sorted(_pairs(body))
    text = (url or PUBLIC + address(kind)) + "".join(name + value for name, value in pairs)
    return {"x-twilio-signature": base64.b64encode(_hmac(secrets["auth_token"], text.encode(), hashlib.sha1)).decode()}


def _pairs(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


def encoded(kind: str, payload: Mapping[str, Any]) -> bytes:
    return urlencode(payload).encode() if kind == "whatsapp" else json.dumps(payload).encode()


def text_message(kind: str, number: int = 1, text: str = "Wanneer wordt het restafval opgehaald?") -> bytes:
    """A private message of Aïsha to the first account of ``kind``; another ``number`` is another message."""
    account = town.app(kind).accounts[0].external_id
    aisha = town.citizen("aisha")
    if kind == "x":
        message = {
            "type": "message_create",
            "id": str(1900000000000000000 + number),
            "created_timestamp": "1795424400000",
            "message_create": {
                "target": {"recipient_id": account},
                "sender_id": aisha.x_id,
                "message_data": {"text": text, "entities": {}},
            },
        }
        users = {
            aisha.x_id: {"id": aisha.x_id, "name": aisha.name, "screen_name": aisha.handle},
            account: {"id": account, "name": "Gemeente Waterkant", "screen_name": "gemwaterkant"},
        }
        return encoded(kind, {"for_user_id": account, "direct_message_events": [message], "users": users})
    if kind == "facebook":
        event = {
            "sender": {"id": aisha.psid},
            "recipient": {"id": account},
            "timestamp": 1795424400000,
            "message": {"mid": f"m_{number}", "text": text},
        }
        entry = {"id": account, "time": 1795424400000, "messaging": [event]}
        return encoded(kind, {"object": "page", "entry": [entry]})
    sid = f"SM{number:032d}"
    return encoded(
        kind,
        {
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "AccountSid": town.app(kind).secrets["account_sid"],
            "From": f"whatsapp:{aisha.phone}",
            "To": account,
            "Body": text,
            "NumMedia": "0",
            "ProfileName": aisha.name,
            "WaId": aisha.phone.lstrip("+"),
            "MessageType": "text",
        },
    )
