"""Recorded payloads, where they are present: none crashes, each gives what it should."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.connectors.facebook.parse import parse
from channels.messages import (
    AccessRevoked,
    Attachment,
    DeliveryReceipt,
    Ignored,
    IncomingMessage,
    Person,
    Reacted,
    ReceiptState,
)
from tests.channels.connectors.facebook.conftest import RECEIVED, body

FOLDER = next(
    (
        parent / "shared/payloads/facebook"
        for parent in Path(__file__).parents
        if (parent / "shared/payloads/facebook").is_dir()
    ),
    None,
)
pytestmark = pytest.mark.skipif(FOLDER is None, reason="no recorded payloads here")
PAGE, CITIZEN = "404217156637689", "1423587017700273"


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)


def message(mid: str, when: int, **more: Any) -> IncomingMessage:
    who = Person(external_id=CITIZEN)
    return IncomingMessage(
        **{
            "account_id": PAGE,
            "external_id": mid,
            "thread_id": CITIZEN,
            "public": False,
            "author": who,
            "peer": who,
            "text": "",
            "sent_at": at(when),
        }
        | more
    )


def file(kind: str, url: str) -> IncomingMessage:
    attachment = Attachment(kind=kind, url=url)
    return message("mid.$cAAE1UUyiiwthh1ZAO1bVhDxGk2N0", 1491797604411, attachments=(attachment,))


def delivered(state: ReceiptState, mid: str = "") -> DeliveryReceipt:
    return DeliveryReceipt(account_id=PAGE, state=state, at=at(1458668856253), external_id=mid, thread_id=CITIZEN)


PHOTO = (
    "https://scontent.xx.fbcdn.net/v/t35.0-12/17887258_1429713783754592_1626047672_o.jpg"
    "?_nc_ad=z-m&oh=e44af5a4c973541ef56333202f160720&oe=58ECF78B"
)


def reacted(symbol: str) -> Reacted:
    mid = "mid.$cAAE1UUyiiwthh0NPrVbVf4HFNDGl"
    person = Person(external_id="1476077422222289")
    when = at(1469111400000)
    return Reacted(account_id=PAGE, external_id=mid, person=person, symbol=symbol, removed=not symbol, at=when)


EXPECTED: dict[str, list[Any]] = {
    "event_text": [message("mid.$cAAE1UUyiiwthh0NPrVbVf4HFNDGl", 1491796363181, text="Sharp tools make good work.")],
    "event_image": [file("image", PHOTO)],
    "event_audio": [file("audio", "https://example.com/bot/audios/audio.mp3")],
    "event_video": [file("video", "https://example.com/bot/videos/video.mp4")],
    "event_file": [file("file", "https://example.com/bot/files/file.doc")],
    "event_quick_reply": [message("mid.$cAAE1UUyiiwthh2BKL1bVhsBhVxvm", 1491798262319, text="Red")],
    "event_echo_with_app_id": [
        message(
            "mid.$cAAE1UUyiiwthh1yrIlbVhdisQW8M",
            1491798024994,
            text="Difficult the first time, easy the second.",
            author=Person(external_id=PAGE),
            from_us=True,
        )
    ],
    "event_delivery": [
        delivered(ReceiptState.DELIVERED, "mid.1458668856218:ed81099e15d3f4f233"),
        delivered(ReceiptState.DELIVERED),
    ],
    "event_read": [delivered(ReceiptState.READ)],
    "event_policy_enforcement": [AccessRevoked(account_id=PAGE, at=at(1458692752478), code="policy_enforcement")],
    "event_pass_thread_control": [Ignored(reason="thread control", account_id=PAGE)],
    "event_reaction_react": [reacted("❤️")],
    "event_reaction_unreact": [reacted("")],
    "app_dashboard_test_messages_change": [Ignored(reason="dashboard test", account_id="0")],
    "batch_single_text": [
        IncomingMessage(
            account_id="1895382890692545",
            external_id="mid.1486464322190:cb04e5a654",
            thread_id="1412611362105802",
            public=False,
            author=Person(external_id="1412611362105802"),
            peer=Person(external_id="1412611362105802"),
            text="text",
            sent_at=at(1486464322190),
        )
    ],
}


def read(path: Path) -> list[Any]:
    content = json.loads(path.read_text())
    if not path.name.startswith("event_"):
        return parse(json.dumps(content).encode(), RECEIVED)
    return parse(body({"id": PAGE, "time": 1491798782999, "messaging": [content]}), RECEIVED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_payload_gives_the_expected_items(name: str) -> None:
    assert FOLDER is not None
    assert read(FOLDER / f"{name}.json") == EXPECTED[name]


def test_payload_postback_gets_an_id() -> None:
    assert FOLDER is not None
    found = read(FOLDER / "event_postback.json")
    mid = found[0].external_id
    assert found == [message(mid, 1491798782090, text="USER_DEFINED_PAYLOAD", kind="postback")]


def test_payload_none_is_left_untested() -> None:
    assert FOLDER is not None
    assert {path.stem for path in FOLDER.glob("*.json")} == {*EXPECTED, "event_postback"}
