"""The templates in Twilio's Content API, with what WhatsApp thinks of them."""

import re
from typing import Any

from channels.connectors.whatsapp.read import answered
from channels.connectors.whatsapp.send import twilio_client
from channels.http import PlatformSession
from channels.messages import AppCredentials, Template

PAGE_SIZE, MOST = 100, 1000
# Twilio's word for how far WhatsApp's judgement is -> ours; what is not here is not usable (paused, disabled, never
# handed in).
STATUS = {"approved": "approved", "pending": "pending", "received": "pending", "rejected": "rejected"}
# Types of content that WhatsApp shows as one text, the plainest first; carousels and lists go only within the window.
TEXTUAL = (
    "twilio/text",
    "twilio/quick-reply",
    "twilio/call-to-action",
    "twilio/media",
    "whatsapp/card",
    "twilio/card",
    "whatsapp/authentication",
)
VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def listed(app: AppCredentials, session: PlatformSession) -> list[Template]:
    """All of this Twilio account that are made of text, usable or not. One call for each 100; free of charge.

    GET https://content.twilio.com/v1/ContentAndApprovals. Raises PermanentFailure or TemporaryFailure.
    """
    client, http = twilio_client(app, session)
    found = answered(http, lambda: client.content.v1.content_and_approvals.list(limit=MOST, page_size=PAGE_SIZE))
    made = (_template(item.sid, item.friendly_name, item.language, item) for item in found)
    return [template for template in made if template is not None]


def _template(sid: str | None, name: str | None, language: str | None, item: Any) -> Template | None:
    types = _mapping(item.types)
    content = next((_mapping(types[kind]) for kind in TEXTUAL if kind in types), None)
    if not sid or content is None:
        return None
    body = _body(content)
    judged = _mapping(item.approval_requests)
    examples = dict.fromkeys(VARIABLE.findall(body), "")
    examples |= {_text(key): _text(value) for key, value in _mapping(item.variables).items()}
    return Template(
        external_id=sid,
        name=(_text(judged.get("name")) or name or sid)[:200],
        status=STATUS.get(_text(judged.get("status")).lower(), "other"),
        body=body,
        language=(language or "")[:10],
        category=_text(judged.get("category"))[:30],
        reason=_text(judged.get("rejection_reason"))[:300],
        examples=examples,
        buttons=tuple(filter(None, (_text(_mapping(one).get("title")) for one in _listing(content.get("actions"))))),
    )


def _body(content: dict[str, Any]) -> str:
    """Everything the citizen reads, the parts of a card on lines of their own."""
    parts = (_text(content.get(part)) for part in ("header_text", "title", "body", "subtitle", "footer"))
    return "\n".join(part for part in parts if part)


def _text(value: Any) -> str:
    return str(value).replace("\x00", "") if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listing(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
