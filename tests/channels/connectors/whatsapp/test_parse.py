"""What each of Twilio's webhook bodies becomes."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.connectors.whatsapp import parse as whatsapp
from channels.errors import REASONS, MalformedEvent
from channels.messages import (
    Attachment,
    DeliveryReceipt,
    Ignored,
    IncomingMessage,
    Item,
    Person,
    ReceiptState,
)

AT = datetime(2026, 11, 20, 16, 5, tzinfo=UTC)
US = "whatsapp:+31140140"
PHONE = "whatsapp:+31600000001"
BSUID = "whatsapp:NL.1000000000000001"
AISHA = Person(external_id=BSUID, name="Aïsha Benali", phone="+31600000001", aliases=("whatsapp:+31600000001",))
INBOUND = {
    "MessageSid": "SM1",
    "SmsSid": "SM1",
    "SmsMessageSid": "SM1",
    "AccountSid": "AC1",
    "From": PHONE,
    "To": US,
    "Body": "De glasbak is vol",
    "NumMedia": "0",
    "SmsStatus": "received",
    "ProfileName": "Aïsha Benali",
    "WaId": "31600000001",
    "ExternalUserId": BSUID,
}


def parsed(form: dict[str, str], **changes: str) -> Item:
    (item,) = whatsapp.parse(urlencode(form | changes).encode(), AT)
    return item


def message(**changes: Any) -> IncomingMessage:
    fields: dict[str, Any] = {
        "account_id": US,
        "external_id": "SM1",
        "thread_id": BSUID,
        "public": False,
        "author": AISHA,
        "peer": AISHA,
        "text": "De glasbak is vol",
        "sent_at": AT,
    }
    return IncomingMessage(**fields | changes)


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in INBOUND.items() if name not in names}


def test_parse_text() -> None:
    assert parsed(INBOUND) == message()


def test_parse_text_keeps_lines_and_signs() -> None:
    text = "Hallo,\r\n\r\nkost dit € 5 & meer?\n+ 🌳 100% "
    assert parsed(INBOUND, Body=text) == message(text=text)


@pytest.mark.parametrize("form", [without("Body"), INBOUND | {"Body": ""}], ids=["missing", "empty"])
def test_parse_text_missing(form: dict[str, str]) -> None:
    assert parsed(form) == message(text="")


def test_parse_photo_without_text() -> None:
    url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME7"
    item = parsed(INBOUND, Body="", NumMedia="1", MediaUrl0=url, MediaContentType0="image/jpeg")
    photo = Attachment(kind="image", url=url, content_type="image/jpeg", external_id="ME7")
    assert item == message(text="", attachments=(photo,))


def test_parse_several_files_in_order() -> None:
    item = parsed(
        INBOUND,
        NumMedia="2",
        MediaUrl1="https://api.twilio.com/b/ME2",
        MediaContentType1="application/pdf",
        MediaUrl0="https://api.twilio.com/a/ME1",
        MediaContentType0="image/png",
    )
    assert isinstance(item, IncomingMessage)
    assert [(file.kind, file.external_id) for file in item.attachments] == [("image", "ME1"), ("file", "ME2")]


@pytest.mark.parametrize(
    ("content_type", "message_type", "kind"),
    [
        ("image/jpeg", "", "image"),
        ("IMAGE/PNG", "", "image"),
        ("image/webp", "", "sticker"),
        ("audio/ogg; codecs=opus", "", "audio"),
        ("video/mp4", "", "video"),
        ("text/vcard", "", "contact"),
        ("text/x-vcard; charset=utf-8", "", "contact"),
        ("application/pdf", "document", "file"),
        ("", "voice", "audio"),
        ("", "sticker", "sticker"),
        ("", "", "file"),
    ],
)
def test_media_kind(content_type: str, message_type: str, kind: str) -> None:
    assert whatsapp.media_kind(content_type, message_type) == kind


def test_parse_file_with_an_address_that_is_none() -> None:
    assert parsed(INBOUND, NumMedia="1", MediaUrl0="file:///etc/passwd") == message()


def test_parse_contact_card() -> None:
    item = parsed(INBOUND, Body="", MediaUrl0="https://api.twilio.com/ME1", MediaContentType0="text/vcard")
    card = Attachment(kind="contact", url="https://api.twilio.com/ME1", content_type="text/vcard", external_id="ME1")
    assert item == message(text="", attachments=(card,))


def test_parse_location() -> None:
    item = parsed(INBOUND, Body="", Latitude="52.09", Longitude="-5.5", Label="Markt", Address="Markt 1, Waterkant")
    place = Attachment(kind="location", latitude=52.09, longitude=-5.5, name="Markt", text="Markt 1, Waterkant")
    assert item == message(text="", attachments=(place,))


@pytest.mark.parametrize(("latitude", "longitude"), [("", "5"), ("x", "5"), ("nan", "5"), ("91", "5"), ("52", "inf")])
def test_parse_location_that_is_none(latitude: str, longitude: str) -> None:
    assert parsed(INBOUND, Latitude=latitude, Longitude=longitude) == message()


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"Body": "Ja, graag", "ButtonText": "Ja, graag", "ButtonPayload": "JA"}, "Ja, graag"),
        ({"Body": "", "ButtonText": "Ja, graag", "ButtonPayload": "JA"}, "Ja, graag"),
        ({"Body": "", "ButtonPayload": "JA"}, "JA"),
        ({"Body": "", "ListId": "3", "ListTitle": "Afval"}, "Afval"),
        ({"Body": "Afval", "ListId": "3"}, "Afval"),
    ],
)
def test_parse_button_and_list(fields: dict[str, str], text: str) -> None:
    assert parsed(INBOUND, **fields) == message(text=text, kind="postback")


def test_parse_filled_in_form() -> None:
    flow = '{"straat": "Markt", "nummer": 12, "flow_token": null, "meer": {"x": 1}}'
    assert parsed(INBOUND, Body="", FlowData=flow) == message(text="straat: Markt\nnummer: 12")
    assert parsed(INBOUND, Body="", FlowData="[" * 9) == message(text="")


def test_parse_quoted_reply() -> None:
    item = parsed(INBOUND, OriginalRepliedMessageSid="SM0", OriginalRepliedMessageSender=US)
    assert item == message(in_reply_to="SM0")


def test_parse_forwarded() -> None:
    assert parsed(INBOUND, Forwarded="true", FrequentlyForwarded="true") == message()


def test_parse_from_an_advertisement() -> None:
    item = parsed(INBOUND, ReferralSourceUrl="https://fb.me/1", ReferralHeadline="Grof vuil", ReferralBody="App ons")
    link = Attachment(kind="link", url="https://fb.me/1", name="Grof vuil", text="App ons")
    assert item == message(attachments=(link,))


def test_parse_citizen_without_phone_number() -> None:
    lot = Person(external_id=BSUID, name="Lot Jansen")
    form = without("WaId") | {"From": BSUID, "ProfileName": "Lot Jansen"}
    assert parsed(form) == message(author=lot, peer=lot)


def test_parse_citizen_without_user_id() -> None:
    henk = Person(external_id=PHONE, phone="+31600000001")
    form = without("ExternalUserId", "ProfileName", "WaId")
    assert parsed(form) == message(author=henk, peer=henk, thread_id=PHONE)


def test_parse_user_id_without_prefix() -> None:
    assert parsed(INBOUND, ExternalUserId="NL.1000000000000001") == message()


def test_parse_user_id_in_from_and_phone_in_wa_id() -> None:
    both = Person(external_id=BSUID, name="Aïsha Benali", phone="+31600000001", aliases=(PHONE,))
    assert parsed(INBOUND, From=BSUID) == message(author=both, peer=both)


def test_parse_message_at_the_fallback_address() -> None:
    # The first address failed; this is the one time that Twilio tells us what the citizen wrote.
    assert parsed(INBOUND, ErrorCode="11200", ErrorUrl="https://webcare.example/") == message()


STATUS = {
    "MessageSid": "SM9",
    "SmsSid": "SM9",
    "SmsStatus": "sent",
    "MessageStatus": "sent",
    "To": PHONE,
    "From": US,
    "ChannelToAddress": "+31600000001",
    "ChannelPrefix": "whatsapp",
    "AccountSid": "AC1",
}


def receipt(state: ReceiptState, code: str = "", reason: str = "") -> DeliveryReceipt:
    return DeliveryReceipt(account_id=US, state=state, at=AT, external_id="SM9", code=code, reason=reason)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("read", ReceiptState.READ),
        ("delivered", ReceiptState.DELIVERED),
        ("sent", ReceiptState.SENT),
        ("Delivered", ReceiptState.DELIVERED),
    ],
)
def test_parse_status_in_any_order(status: str, state: ReceiptState) -> None:
    assert parsed(STATUS, MessageStatus=status, SmsStatus=status) == receipt(state)


@pytest.mark.parametrize("status", ["failed", "undelivered"])
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("63016", "template_needed"),
        ("63024", "recipient"),
        ("63019", "content"),
        ("63018", "rate_limit"),
        ("99999", "other"),
        ("", "other"),
        ("x²", "other"),
    ],
)
def test_parse_status_failed(status: str, code: str, reason: str) -> None:
    assert parsed(STATUS, MessageStatus=status, ErrorCode=code) == receipt(ReceiptState.FAILED, code, reason)


@pytest.mark.parametrize("status", ["queued", "accepted", "scheduled", "sending", "canceled"])
def test_parse_status_on_its_way(status: str) -> None:
    assert parsed(STATUS, MessageStatus=status) == Ignored(reason=f"status {status}", account_id=US)


def test_parse_status_unknown() -> None:
    assert parsed(STATUS, MessageStatus="Teleported") == Ignored(reason="unknown status teleported", account_id=US)


@pytest.mark.parametrize(
    "fields",
    [
        {"EventType": "READ", "MessageStatus": "read"},
        {"EventType": "READ"},
        {"SmsStatus": "read"},
        {"EventType": "READ", "MessageStatus": "read", "SmsStatus": "delivered"},
    ],
)
def test_parse_status_by_event_type(fields: dict[str, str]) -> None:
    bare = {name: value for name, value in STATUS.items() if name not in {"MessageStatus", "SmsStatus"}}
    assert parsed(bare | fields) == receipt(ReceiptState.READ)


@pytest.mark.parametrize(
    ("form", "reason", "account_id"),
    [
        ({"ErrorCode": "11200", "ErrorUrl": "https://x.example"}, "fallback error 11200", ""),
        ({"EventType": "onConversationAdded", "AccountSid": "AC1"}, "unknown event onConversationAdded", ""),
        ({"Hallo": ""}, "unknown form", ""),
        ({"MessageSid": "SM1", "Body": "x"}, "unknown form", ""),
        (INBOUND | {"To": "+31140140", "From": "+31600000001"}, "channel sms", "+31140140"),
        (INBOUND | {"To": "messenger:104"}, "channel messenger", "messenger:104"),
    ],
)
def test_parse_unknown_form(form: dict[str, str], reason: str, account_id: str) -> None:
    assert parsed(form) == Ignored(reason=reason, account_id=account_id)


def test_parse_event_of_another_twilio_product() -> None:
    form = {"EventType": "onMessageAdded", "MessageSid": "IM1", "Body": "x", "Author": "y"}
    assert parsed(form) == Ignored(reason="unknown status onmessageadded")


def test_parse_json_body() -> None:
    assert whatsapp.parse(b' {"type": "com.twilio.x"}', AT) == [Ignored(reason="json body")]


@pytest.mark.parametrize(
    "body",
    [b"", b"&&", b"\xff\xfe=1", b"{", b"[1,", b"a=1&" * 1001, b"[" * 100_000],
    ids=["empty", "only signs", "no text", "json", "list", "many fields", "deep"],
)
def test_parse_body_that_cannot_be_read(body: bytes) -> None:
    with pytest.raises(MalformedEvent):
        whatsapp.parse(body, AT)


def test_parse_text_postgresql_cannot_hold() -> None:
    (item,) = whatsapp.parse(urlencode(INBOUND).encode() + b"&Address=x&Body=y", AT)
    assert item == message()  # the first value of a repeated name
    body = urlencode(INBOUND | {"Body": "X"}).encode().replace(b"Body=X", b"Body=a%00b%FFc")
    (item,) = whatsapp.parse(body, AT)
    assert item == message(text="ab\ufffdc")


@pytest.mark.parametrize(
    ("form", "key"),
    [
        (INBOUND, "SM1"),
        (INBOUND | {"ErrorCode": "11200", "ErrorUrl": "x"}, "SM1"),
        (STATUS, "SM9:sent"),
        (STATUS | {"MessageStatus": "READ"}, "SM9:read"),
        ({"SmsSid": "SM3", "SmsStatus": "received"}, "SM3"),
    ],
)
def test_dedupe_key(form: dict[str, str], key: str) -> None:
    assert whatsapp.dedupe_key(urlencode(form).encode()) == key


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b"{}", b"a=b", b"MessageSid=" + b"x" * 300])
def test_dedupe_key_of_anything_else(body: bytes) -> None:
    key = whatsapp.dedupe_key(body)
    assert (key[:7], len(key)) == ("sha256:", 71)
    assert key != whatsapp.dedupe_key(body + b"&c=d")


NAMES = st.sampled_from(
    [
        *INBOUND,
        *STATUS,
        *("EventType", "ErrorCode", "ErrorUrl", "Latitude", "Longitude", "MediaUrl0", "MediaContentType0"),
        *("ButtonText", "ListId", "FlowData", "InteractiveData", "ReferralSourceUrl", "MessageType"),
    ]
)
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from([PHONE, BSUID, US, "sent", "received", "http://[", "https://x/ME", "1e999", '{"a": "\\ud800"}']),
)


def texts(value: Any) -> Iterator[str]:
    """Every text inside an item turned into plain containers."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)


def sound(items: list[Item]) -> None:
    """What the inbox relies on, whatever came in."""
    assert len(items) == 1
    for item in items:
        for text in texts(asdict(item)):
            text.encode()  # PostgreSQL takes neither half a surrogate pair
            assert "\x00" not in text  # nor NUL
        if isinstance(item, IncomingMessage):
            assert item.account_id
            assert item.external_id
            assert item.thread_id == item.author.external_id != ""
        if isinstance(item, DeliveryReceipt) and item.state is ReceiptState.FAILED:
            assert item.reason in REASONS


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_parse_any_bytes(body: bytes) -> None:
    assert len(whatsapp.dedupe_key(body)) <= 200
    with suppress(MalformedEvent):
        sound(whatsapp.parse(body, AT))


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=12))
def test_parse_any_form(form: dict[str, str]) -> None:
    body = urlencode(form, errors="replace").encode()
    assert len(whatsapp.dedupe_key(body)) <= 200
    sound(whatsapp.parse(body, AT))
