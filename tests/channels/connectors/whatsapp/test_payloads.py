"""Bodies recorded by others, where they are present: each gives what it should."""

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from channels.connectors.whatsapp.parse import parse
from channels.messages import Attachment, DeliveryReceipt, IncomingMessage, Item, Person, ReceiptState

PAYLOADS = Path(__file__).parents[5] / "shared" / "payloads" / "whatsapp"
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
US = "whatsapp:+14123456789"
CITIZEN = Person(external_id="whatsapp:+31612345678", phone="+31612345678")
ACCOUNT = "AC1a03647d811fab342c0ad608e382fab2"


def message(sid: str, attachment: Attachment) -> IncomingMessage:
    return IncomingMessage(
        account_id=US,
        external_id=sid,
        thread_id=CITIZEN.external_id,
        public=False,
        author=CITIZEN,
        peer=CITIZEN,
        text="",
        sent_at=AT,
        attachments=(attachment,),
    )


EXPECTED: dict[str, Item] = {
    "in_image_empty_body": message(
        "MM21151abfaadc1fb79b782f8460862a52",
        Attachment(
            kind="image",
            url=f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/"
            "MM21151abfaadc1fb79b782f8460862a52/Media/ME5f0afa2336bd0f73ca553fb5a2e3150bc",
            content_type="image/jpeg",
            external_id="ME5f0afa2336bd0f73ca553fb5a2e3150bc",
        ),
    ),
    "in_location_schiphol": message(
        "SM9c871cd9649aa3829298e153ae6a8123",
        Attachment(
            kind="location",
            latitude=52.303897857666016,
            longitude=4.750025749206543,
            name="Microsoft",
            text="Evert van de Beekstraat 354, Schiphol, North Holland 1118 CZ",
        ),
    ),
    "status_delivered_eventtype": DeliveryReceipt(
        account_id=US,
        external_id="SMdf55df64a2ff4920bb0748193cfbb640",
        state=ReceiptState.DELIVERED,
        at=AT,
    ),
    "status_sent": DeliveryReceipt(
        account_id=US, external_id="SM0cec4ed334e74bcbb64eb8b6684e9654", state=ReceiptState.SENT, at=AT
    ),
}

pytestmark = pytest.mark.skipif(not PAYLOADS.is_dir(), reason="the recorded payloads are not here")


def test_payloads_are_all_expected() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_parse_payload(name: str) -> None:
    form = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    assert parse(urlencode(form).encode(), AT) == [EXPECTED[name]]
