"""Messenger events: messages, echoes, receipts, edits, and the kinds that say nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.connectors.facebook.parse import parse
from channels.messages import (
    AccessRevoked,
    Attachment,
    DeliveryReceipt,
    Ignored,
    IncomingMessage,
    MessageDeleted,
    MessageEdited,
    Person,
    Reacted,
    ReceiptState,
)
from tests.channels.connectors.facebook.conftest import AISHA_PSID, FARM, PAGE, RECEIVED, body, entry, event, only

AT = datetime(2026, 11, 21, 12, 0, 0, 123000, tzinfo=UTC)
AISHA, US = Person(external_id=AISHA_PSID), Person(external_id=PAGE)
SAID = IncomingMessage(
    account_id=PAGE,
    external_id="m_1",
    thread_id=AISHA_PSID,
    public=False,
    author=AISHA,
    peer=AISHA,
    text="Hallo",
    sent_at=AT,
)
BACK = {"sender": {"id": PAGE}, "recipient": {"id": AISHA_PSID}}


def read(content: dict[str, Any]) -> Any:
    return only(parse(event(content), RECEIVED))


def said(**more: Any) -> dict[str, Any]:
    return {"message": {"mid": "m_1", "text": "Hallo"} | more}


def carried(attachment: Any) -> Any:
    return read({"message": {"mid": "m_1", "attachments": [attachment]}}).attachments


def test_text_from_a_citizen() -> None:
    assert read(said()) == SAID


def test_text_answering_another_message() -> None:
    assert read(said(reply_to={"mid": "m_0"})) == replace(SAID, in_reply_to="m_0")


def test_quick_reply_keeps_its_text_or_else_its_payload() -> None:
    assert read(said(text="Rood", quick_reply={"payload": "KIES_ROOD"})).text == "Rood"
    assert read(said(text=None, quick_reply={"payload": "KIES_ROOD"})).text == "KIES_ROOD"


@pytest.mark.parametrize("kind", ["image", "audio", "video", "file"])
def test_attachment_with_address(kind: str) -> None:
    found = carried({"type": kind, "payload": {"url": "https://cdn.fbsbx.com/v/brief.pdf?oh=1"}})
    assert found == (Attachment(kind=kind, url="https://cdn.fbsbx.com/v/brief.pdf?oh=1"),)


@pytest.mark.parametrize(
    ("attachment", "expected"),
    [
        (
            {"type": "image", "payload": {"url": "https://s/1.png", "sticker_id": 369239263222822}},
            Attachment(kind="sticker", url="https://s/1.png", external_id="369239263222822"),
        ),
        (
            {"type": "location", "title": "Kade", "payload": {"coordinates": {"lat": 52.1, "long": 4.5}}},
            Attachment(kind="location", name="Kade", latitude=52.1, longitude=4.5),
        ),
        (
            {"type": "location", "payload": {"coordinates": {"lat": "52", "long": None}}},
            Attachment(kind="location"),
        ),
        (
            {"type": "fallback", "title": "Park", "url": "https://example.org/park", "payload": None},
            Attachment(kind="link", url="https://example.org/park", name="Park"),
        ),
        (
            {"type": "template", "payload": {"template_type": "button"}},
            Attachment(kind="link", name="template"),
        ),
        (
            {"type": "hologram", "payload": {"url": "https://s/h"}},
            Attachment(kind="link", url="https://s/h", name="hologram"),
        ),
        ({"type": "image", "payload": None}, Attachment(kind="image")),
        (None, Attachment(kind="link", name="?")),
    ],
)
def test_attachment_of_another_kind(attachment: Any, expected: Attachment) -> None:
    assert carried(attachment) == (expected,)


def test_message_with_null_attachments() -> None:
    assert read(said(attachments=None, quick_reply=None, reply_to=None)) == SAID


@pytest.mark.parametrize("echo", [{"is_echo": True, "app_id": 205552219930001}, {}])
def test_echo_of_our_own(echo: dict[str, Any]) -> None:
    assert read(said(**echo) | BACK) == replace(SAID, author=US, from_us=True)


@pytest.mark.parametrize(
    "time", [1795262400123, 1795262400123.0, "1795262400123", 1795262400.123, "2026-11-21T12:00:00.123+0000"]
)
def test_time_in_any_unit(time: Any) -> None:
    assert read(said() | {"timestamp": time}) == SAID


def test_time_missing_is_the_entrys() -> None:
    assert read(said() | {"timestamp": None}).sent_at == datetime(2026, 11, 21, 12, 0, 0, 500000, tzinfo=UTC)


def test_message_taken_back() -> None:
    found = read({"message": {"mid": "m_1", "is_deleted": True}})
    assert found == MessageDeleted(account_id=PAGE, external_id="m_1", at=AT)


def test_message_edited() -> None:
    found = read({"message_edit": {"mid": "m_1", "text": "Toch niet", "num_edits": 1}})
    assert found == MessageEdited(account_id=PAGE, external_id="m_1", text="Toch niet", at=AT)


def test_postback_with_mid() -> None:
    found = read({"postback": {"mid": "m_9", "title": "Aan de slag", "payload": "START"}})
    assert found == replace(SAID, external_id="m_9", text="Aan de slag", kind="postback")


def test_postback_without_mid_gets_one_of_its_own() -> None:
    first, again = (read({"postback": {"payload": "START"}}) for _ in range(2))
    later = read({"postback": {"payload": "START"}, "timestamp": 1795262400124})
    assert first == again
    assert first.text == "START"
    assert first.external_id != later.external_id
    assert first.external_id.startswith("postback.")


def receipt(state: ReceiptState, external_id: str = "") -> DeliveryReceipt:
    at = datetime(2026, 11, 21, 12, 0, 0, 100000, tzinfo=UTC)
    return DeliveryReceipt(account_id=PAGE, state=state, at=at, external_id=external_id, thread_id=AISHA_PSID)


def test_delivery_names_messages_and_a_watermark() -> None:
    found = parse(event({"delivery": {"mids": ["m_1", "m_2"], "watermark": 1795262400100}}), RECEIVED)
    delivered = ReceiptState.DELIVERED
    assert found == [receipt(delivered, "m_1"), receipt(delivered, "m_2"), receipt(delivered)]


@pytest.mark.parametrize("ends", [{}, BACK])
def test_delivery_by_watermark_only(ends: dict[str, Any]) -> None:
    content = {"delivery": {"watermark": 1795262400100, "seq": 37}} | ends
    assert read(content) == receipt(ReceiptState.DELIVERED)


def test_read_by_watermark() -> None:
    assert read({"read": {"watermark": 1795262400100, "seq": 38}}) == receipt(ReceiptState.READ)


@pytest.mark.parametrize(
    ("reaction", "symbol", "removed"),
    [
        ({"action": "react", "reaction": "love", "emoji": "\u2764\ufe0f"}, "❤️", False),
        ({"action": "react", "reaction": "smile"}, "😆", False),
        ({"action": "react", "reaction": "other"}, "❤️", False),
        ({"action": "unreact"}, "", True),
    ],
)
def test_reaction_and_its_end(reaction: dict[str, str], symbol: str, removed: bool) -> None:
    item = read({"reaction": {"mid": "m_1", **reaction}})
    assert item == Reacted(account_id=PAGE, external_id="m_1", person=AISHA, symbol=symbol, removed=removed, at=AT)


@pytest.mark.parametrize("key", ["policy_enforcement", "policy-enforcement"])
def test_policy_block_ends_our_access(key: str) -> None:
    blocked = read({key: {"action": "block", "reason": "…"}})
    assert blocked == AccessRevoked(account_id=PAGE, at=AT, code="policy_enforcement")
    assert read({key: {"action": "unblock"}}) == Ignored(reason="policy unblock", account_id=PAGE)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"reaction": {"action": "react"}}, "unreadable reaction without target"),
        ({"reaction": {"mid": "m_1", "action": "wave"}}, "unknown action wave"),
        ({"optin": {"ref": "x"}}, "optin"),
        ({"referral": {"ref": "x"}}, "referral"),
        ({"account_linking": {}}, "account linking"),
        ({"game_play": {}}, "game play"),
        ({"pass_thread_control": {"new_owner_app_id": "1"}}, "thread control"),
        ({"take_thread_control": None}, "thread control"),
        ({"request_thread_control": {}}, "thread control"),
        ({"app_roles": {}}, "thread control"),
        ({"zonnetje": {}, "b<c>": 1}, "unknown kind bc zonnetje"),
        ({}, "unknown kind ?"),
        ({"message": None}, "unreadable message without mid"),
        ({"message": {"mid": "m_1"}, "sender": None}, "unreadable message without sender"),
        ({"postback": {"payload": "x"}, "sender": {}}, "unreadable postback without sender"),
        ({"delivery": None}, "unreadable receipt delivered"),
        ({"read": {"watermark": 0}}, "unreadable receipt read"),
        ({"message_edit": {"text": "x"}}, "unreadable message_edit without mid"),
        ({"message_edit": {"mid": "m_1"}}, "edited without content"),
    ],
)
def test_event_that_says_nothing_is_ignored_with_a_reason(content: dict[str, Any], reason: str) -> None:
    assert read(content) == Ignored(reason=reason, account_id=PAGE)


def test_standby_belongs_to_another_app() -> None:
    found = parse(event(said(), key="standby"), RECEIVED)
    assert found == [Ignored(reason="standby", account_id=PAGE)]


def test_batch_of_pages_keeps_order() -> None:
    def one(mid: str, page: str) -> dict[str, Any]:
        return {
            "sender": {"id": AISHA_PSID},
            "recipient": {"id": page},
            "timestamp": 1795262400123,
            "message": {"mid": mid, "text": "Hallo"},
        }

    envelope = body(
        entry(messaging=[one("m_1", PAGE), None, one("m_2", PAGE)]), entry(FARM, messaging=[one("m_3", FARM)])
    )
    assert parse(envelope, RECEIVED) == [
        SAID,
        Ignored(reason="unreadable messaging", account_id=PAGE),
        replace(SAID, external_id="m_2"),
        replace(SAID, external_id="m_3", account_id=FARM),
    ]
