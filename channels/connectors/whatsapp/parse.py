"""Twilio's form-encoded webhook bodies into messages and receipts. Pure."""

import json
import math
from datetime import datetime
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

from channels.connectors.whatsapp.codes import reason_of
from channels.errors import MalformedEvent
from channels.messages import (
    Attachment,
    DeliveryReceipt,
    Ignored,
    IncomingMessage,
    Item,
    Person,
    ReceiptState,
)

CHANNEL = "whatsapp:"
MAX_FIELDS = 1000  # Twilio sends some forty; more is no webhook of theirs
MAX_MEDIA = 10  # what Twilio documents for one message

# MessageStatus -> how far it came; None is a step we do not show.
STATUSES: dict[str, ReceiptState | None] = {
    "accepted": None,
    "scheduled": None,
    "queued": None,
    "sending": None,
    "canceled": None,
    "sent": ReceiptState.SENT,
    "delivered": ReceiptState.DELIVERED,
    "read": ReceiptState.READ,
    "undelivered": ReceiptState.FAILED,
    "failed": ReceiptState.FAILED,
}
CONTACT_CARDS = {"text/vcard", "text/x-vcard", "text/directory"}
# MessageType, for media whose content type is missing.
MESSAGE_TYPES = {"image": "image", "video": "video", "audio": "audio", "voice": "audio", "sticker": "sticker"}


def parse(body: bytes, received_at: datetime) -> list[Item]:
    """The one item in a webhook body: Twilio never batches.

    It never says when a message was sent either, so ``received_at`` is its time. Raises MalformedEvent
    when the body is no text, no form, or broken JSON.
    """
    form = read_form(body)
    if form is None:
        return [Ignored(reason="json body")]
    sid = _sid(form)
    if not sid:
        return [Ignored(reason=_why_unknown(form), account_id=form.get("To", ""))]
    status = _status(form)
    # The fallback address gets the same form with ErrorCode and ErrorUrl: still what the citizen wrote.
    item = _message(form, sid, received_at) if not status else _receipt(form, sid, status, received_at)
    return [item]


def dedupe_key(body: bytes) -> str:
    """MessageSid, for a status callback with its status; else a hash of the body. Never raises."""
    try:
        form = read_form(body) or {}
    except MalformedEvent:
        form = {}
    sid, status = _sid(form), _status(form)
    key = f"{sid}:{status}" if status else sid
    return key if sid and len(key) <= 200 else f"sha256:{sha256(body).hexdigest()}"


def read_form(body: bytes) -> dict[str, str] | None:
    """The form's first value per name, blank ones kept; None for JSON. Raises MalformedEvent."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedEvent("the body is not UTF-8") from error
    if text.lstrip().startswith(("{", "[")):
        _check_json(text)
        return None
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise MalformedEvent("the body is no form of a sensible size") from error
    if not pairs:
        raise MalformedEvent("the body is empty")
    form: dict[str, str] = {}
    for name, value in pairs:
        form.setdefault(_clean(name), _clean(value))
    return form


def _check_json(text: str) -> None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedEvent("the body is broken JSON") from error


def person(address: str, external_user_id: str = "", wa_id: str = "", name: str = "") -> Person:
    """The citizen behind ``address``: ``whatsapp:+31…`` or, without a phone number, ``whatsapp:NL.…``.

    Keyed on Twilio's ExternalUserId when there is one: it stays when the citizen hides the number; a new
    phone number gives a new one. The phone's address is then an alias. Source: Twilio changelog, 20 July 2026.
    """
    user = _address(external_user_id)
    by_phone = address if phone_of(address) else (f"{CHANNEL}+{wa_id}" if _digits(wa_id) else "")
    external_id = user or address
    others = dict.fromkeys(alias for alias in (address, by_phone) if alias and alias != external_id)
    return Person(external_id=external_id, name=name, phone=phone_of(by_phone), aliases=tuple(others))


def phone_of(address: str) -> str:
    """The E.164 number in ``whatsapp:+31…``; "" for an address that holds none."""
    number = address.removeprefix(CHANNEL)
    return number if number.startswith("+") and _digits(number[1:]) and len(number) <= 16 else ""


def media_kind(content_type: str, message_type: str = "") -> str:
    """Attachment kind for a content type; WhatsApp's photos are JPEG or PNG, its stickers WebP."""
    plain = content_type.partition(";")[0].strip().lower()
    family = plain.partition("/")[0]
    if plain in CONTACT_CARDS:
        return "contact"
    if plain == "image/webp" or message_type == "sticker":
        return "sticker"
    if family in {"image", "video", "audio"}:
        return family
    return "file" if plain else MESSAGE_TYPES.get(message_type, "file")


def _message(form: dict[str, str], sid: str, received_at: datetime) -> Item:
    sender, to = form.get("From", ""), form.get("To", "")
    if not sender or not to:
        return Ignored(reason=_why_unknown(form), account_id=to)
    if not to.startswith(CHANNEL):
        # The same Twilio account may serve SMS; those are no messages of this channel.
        channel = to.partition(":")[0] if ":" in to else "sms"
        return Ignored(reason=f"channel {channel}"[:60], account_id=to)
    citizen = person(sender, form.get("ExternalUserId", ""), form.get("WaId", ""), form.get("ProfileName", ""))
    chosen = any(form.get(name) for name in ("ButtonText", "ButtonPayload", "ListId", "ListTitle"))
    return IncomingMessage(
        account_id=to,
        external_id=sid,
        thread_id=citizen.external_id,
        public=False,
        author=citizen,
        peer=citizen,
        text=_text(form),
        sent_at=received_at,
        in_reply_to=form.get("OriginalRepliedMessageSid", ""),
        kind="postback" if chosen else "message",
        attachments=(*_media(form), *_place(form), *_advertisement(form)),
    )


def _receipt(form: dict[str, str], sid: str, status: str, received_at: datetime) -> Item:
    account_id = form.get("From", "")
    if status not in STATUSES:
        return Ignored(reason=f"unknown status {status}"[:60], account_id=account_id)
    state = STATUSES[status]
    if state is None:
        return Ignored(reason=f"status {status}", account_id=account_id)
    failed = state is ReceiptState.FAILED
    code = form.get("ErrorCode", "") if failed else ""
    return DeliveryReceipt(
        account_id=account_id,
        external_id=sid,
        state=state,
        at=received_at,
        code=code,
        reason=reason_of(code) if failed else "",
    )


def _text(form: dict[str, str]) -> str:
    for name in ("Body", "ButtonText", "ListTitle", "ButtonPayload", "ListId"):
        if form.get(name):
            return form[name]
    return _answers(form.get("FlowData") or form.get("InteractiveData") or "")


def _answers(data: str) -> str:
    """The fields a citizen filled in on a WhatsApp form, a line each; "" when they are not plain fields."""
    try:
        fields = json.loads(data) if data else None
    except (ValueError, RecursionError):
        return ""
    if not isinstance(fields, dict):
        return ""
    plain = [(key, value) for key, value in fields.items() if isinstance(value, str | int | float)]
    return _clean("\n".join(f"{key}: {value}" for key, value in plain))


def _media(form: dict[str, str]) -> list[Attachment]:
    found = []
    for index in range(MAX_MEDIA):
        url = form.get(f"MediaUrl{index}", "")
        if not url.startswith(("https://", "http://")):
            continue
        content_type = form.get(f"MediaContentType{index}", "")
        found.append(
            Attachment(
                kind=media_kind(content_type, form.get("MessageType", "").lower()),
                url=url,
                content_type=content_type,
                external_id=_last_segment(url),
            )
        )
    return found


def _place(form: dict[str, str]) -> list[Attachment]:
    latitude, longitude = _degrees(form.get("Latitude"), 90), _degrees(form.get("Longitude"), 180)
    if latitude is None or longitude is None:
        return []
    return [
        Attachment(
            kind="location",
            latitude=latitude,
            longitude=longitude,
            name=form.get("Label", ""),
            text=form.get("Address", ""),
        )
    ]


def _advertisement(form: dict[str, str]) -> list[Attachment]:
    """The advertisement or post with a WhatsApp button from which the citizen started."""
    url = form.get("ReferralSourceUrl", "")
    if not url.startswith(("https://", "http://")):
        return []
    return [Attachment(kind="link", url=url, name=form.get("ReferralHeadline", ""), text=form.get("ReferralBody", ""))]


def _sid(form: dict[str, str]) -> str:
    return form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid") or ""


def _status(form: dict[str, str]) -> str:
    """The status a callback reports, in lower case; "" for a message of a citizen."""
    status = (form.get("MessageStatus") or form.get("EventType") or "").lower()
    # An older callback carries SmsStatus alone; so does every inbound message, as "received".
    status = status or form.get("SmsStatus", "").lower()
    return "" if status in {"received", "receiving"} else status


def _why_unknown(form: dict[str, str]) -> str:
    if "ErrorCode" in form and "ErrorUrl" in form:
        return f"fallback error {form['ErrorCode']}"[:60]
    return f"unknown event {form['EventType']}"[:60] if form.get("EventType") else "unknown form"


def _address(external_user_id: str) -> str:
    if not external_user_id or ":" in external_user_id:
        return external_user_id
    return CHANNEL + external_user_id


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _degrees(text: str | None, limit: int) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= limit else None


def _last_segment(url: str) -> str:
    try:
        return urlsplit(url).path.rstrip("/").rpartition("/")[2]
    except ValueError:
        return ""


def _clean(text: str) -> str:
    """Without what PostgreSQL cannot hold: NUL and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
