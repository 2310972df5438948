"""Items survive the way to the database and back, whatever is in them."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import items
from channels.errors import MalformedEvent
from channels.messages import Attachment, IncomingMessage, Item, Person

moments = st.datetimes(timezones=st.just(UTC))
st.register_type_strategy(datetime, moments)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


@given(st.lists(st.one_of([st.from_type(cls) for cls in items.CLASSES.values()]), max_size=3))
def test_round_trip_changes_nothing(listed: list[Item]) -> None:
    assert items.decode(items.encode(listed)) == listed


@given(st.binary())
def test_garbage_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedEvent):
        items.decode(body)


def test_every_kind_of_item_has_a_name() -> None:
    assert sorted(items.CLASSES) == [
        "AccessRevoked",
        "DeliveryReceipt",
        "Ignored",
        "IncomingMessage",
        "MessageDeleted",
        "MessageEdited",
        "MessageHidden",
        "Reacted",
    ]


def message(**more: object) -> IncomingMessage:
    return IncomingMessage(
        **{
            "account_id": "1",
            "external_id": "m1",
            "thread_id": "t",
            "public": False,
            "author": Person(external_id="p", aliases=("a", "b")),
            "text": "Hoi 😀\0",
            "sent_at": datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
            "attachments": (Attachment(kind="location", latitude=52.0, longitude=4.5),),
            **more,
        }
    )


@pytest.mark.parametrize(
    "change",
    [
        {"sent_at": None},
        {"public": 1},
        {"author": "p"},
        {"attachments": [1]},
        {"type": "Message"},
        {"text": None},
        {"sent_at": "gisteren"},
    ],
)
def test_field_of_another_type_is_malformed(change: dict[str, object]) -> None:
    stored = json.loads(items.encode([message()]))
    stored["items"][0] |= change
    with pytest.raises(MalformedEvent):
        items.decode(json.dumps(stored).encode())


def test_field_that_was_not_known_when_written_gets_its_default() -> None:
    stored = json.loads(items.encode([message()]))
    del stored["items"][0]["answerable"]
    stored["items"][0]["from_a_later_version"] = 1
    assert items.decode(json.dumps(stored).encode()) == [message()]


def test_other_version_is_malformed() -> None:
    with pytest.raises(MalformedEvent, match="another version"):
        items.decode(b'{"version": 2, "items": []}')
