"""Laws: whatever order the platform's events come in, and however often, the books end the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels import events
from channels.messages import Attachment as ToldAttachment
from channels.messages import DeliveryReceipt, Item, MessageDeleted, MessageEdited, MessageHidden, ReceiptState
from channels.models import Account, InboundEvent
from inbox import ingest
from inbox.incoming import receipts
from inbox.models import Attachment, Clock, Conversation, Delivery, EarlyChange, Identity, Message
from tests.inbox.conftest import StandingClock
from tests.inbox.storing import at, echoed, person, put, said

RANK = {"sent": 1, "delivered": 2, "read": 3}


@given(st.lists(st.sampled_from(["sent", "delivered", "read", "failed"]), max_size=8))
def test_receipts_only_move_forward_and_failed_ends(states: list[str]) -> None:
    message = Message(direction="out", state=Delivery.SENT)
    for number, state in enumerate(states):
        before = str(message.state)
        moved = receipts.advance(message, state, at(number), "63016", "recipient")
        after = str(message.state)
        assert moved == (before != after)
        if before == "failed":
            assert after == "failed"
        elif state == "failed":
            assert after == ("failed" if before == "sent" else before)
        else:
            assert RANK[after] == max(RANK[before], RANK[state])


SENT = "o1"  # an answer of ours that the platform has, to Aïsha
FAILS = "o2"  # and one that will turn out never to have arrived, to Sofie
PLACES = ("identity__handle", "thread_id", "public", "status", "subject", "opened_at", "inbound_count", "answerable",
          "last_inbound_at", "last_message_at", "last_message_text", "has_attachment", "failed_count")  # fmt: skip
SHOWN = ("external_id", "conversation__identity__handle", "direction", "kind", "text", "sent_at", "edited_at",
         "deleted_at", "hidden_at", "state", "error_code")  # fmt: skip


def story(account: Account) -> list[Item]:
    """Citizens: messages, a photo, edits, a delete, hiding, a post that changed its id twice, receipts, a read
    mark, a colleague's answer at the platform itself, and changes of what never comes."""
    us = account.external_id
    aisha, henk = person("aisha"), person("henk")
    photo = ToldAttachment(kind="image", url="https://media.example/1", content_type="image/jpeg")
    return [
        said(account, "a1", "een", author=aisha, sent_at=at(0), attachments=(photo,)),
        said(account, "a2", "twee", author=aisha, sent_at=at(5)),
        said(account, "h1", "drie", author=henk, sent_at=at(3)),
        said(account, "h1v2", "drie!", author=henk, sent_at=at(4), previous_ids=("h1",)),
        said(account, "h1v3", "drie!!", author=henk, sent_at=at(6), previous_ids=("h1", "h1v2")),
        MessageEdited(account_id=us, external_id="a1", text="een, beter", at=at(6)),
        MessageEdited(account_id=us, external_id="a1", text="een, best", at=at(7)),
        MessageDeleted(account_id=us, external_id="a2", at=at(8)),
        MessageHidden(account_id=us, external_id="h1", hidden=True, at=at(9)),
        DeliveryReceipt(account_id=us, external_id=SENT, state=ReceiptState.SENT, at=at(9)),
        DeliveryReceipt(account_id=us, external_id=SENT, state=ReceiptState.DELIVERED, at=at(10)),
        DeliveryReceipt(account_id=us, thread_id=aisha.external_id, state=ReceiptState.READ, at=at(11)),
        DeliveryReceipt(
            account_id=us, external_id=FAILS, state=ReceiptState.FAILED, at=at(9), code="63016", reason="recipient"
        ),
        echoed(account, "e1", "Wij bellen u.", peer=henk, sent_at=at(12)),
        MessageEdited(account_id=us, external_id="never", text="niets", at=at(6)),
        DeliveryReceipt(account_id=us, external_id="nothing", state=ReceiptState.READ, at=at(9)),
    ]


ITEMS = 16


def begin(account: Account) -> None:
    """What was there before: an older question of two citizens, and our answers to them."""
    for who, external_id in (("aisha", SENT), ("sofie", FAILS)):
        asked = said(account, f"first-{who}", "hallo", author=person(who), sent_at=at(-60))
        put(account, asked)
        ingest.drain()
        conversation = Conversation.objects.get(identity__handle=who)
        Message.objects.create(
            conversation=conversation, account=account, external_id=external_id, direction="out", kind="answer",
            public=False, text="antwoord", sent_at=at(-30), taken_at=at(-30), state="sent", state_at=at(-30),
        )  # fmt: skip


def take_in(account: Account, items: list[Item], batches: list[int]) -> list[int]:
    """The events' ids; drained after so many events as ``batches`` says, and at the end."""
    ids = []
    for count, item in enumerate(items, 1):
        ids.append(put(account, item).pk)
        if count in batches:
            ingest.drain()
    ingest.drain()
    assert set(InboundEvent.objects.values_list("state", flat=True)) == {"done"}
    return ids


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table of the inbox, and of the accounts but for the time something last came in."""
    models = [model for model in apps.get_app_config("inbox").get_models() if not model._meta.proxy]
    rows = {model.__name__: list(model._default_manager.order_by("pk").values()) for model in models}
    return rows | {"Account": list(Account.objects.order_by("pk").values("state", "error_code", "last_sent_at"))}


def told() -> dict[str, Any]:
    """What colleagues see, whatever way it came about: no keys, no versions, no log."""
    return {
        "conversations": {row.pop("identity__handle"): row for row in Conversation.objects.values(*PLACES)},
        "messages": {row["external_id"]: row for row in Message.objects.values(*SHOWN)},
        "files": sorted(map(repr, Attachment.objects.values_list("message__external_id", "kind", "source_url"))),
        "citizens": sorted(Identity.objects.values_list("handle", "contact__name")),
        "running": sorted(
            map(repr, Clock.objects.filter(stopped_at=None).values_list("conversation__identity__handle", "started_at"))
        ),
        "waiting": sorted(map(repr, EarlyChange.objects.exclude(what="replaced").values_list("external_id", "what"))),
    }


@pytest.fixture
def begun(accounts: dict[str, Account], standing_clock: StandingClock) -> Account:
    """The account, with what was there before."""
    begin(accounts["whatsapp"])
    return accounts["whatsapp"]


@pytest.mark.django_db
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    order=st.permutations([*range(ITEMS), 0, 3, 5, 7, 13]),
    batches=st.lists(st.integers(1, 20), max_size=5),
)
def test_all_that_happened_in_any_order_is_the_same_inbox(begun: Account, order: list[int], batches: list[int]) -> None:
    items = story(begun)
    with undone():
        take_in(begun, items, [])
        expected = told()
    with undone():
        take_in(begun, [items[number] for number in order], batches)
        assert told() == expected


@pytest.mark.django_db
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    # Any of the items, each once or more, or not at all, in any order; after how many to drain; what is replayed.
    chosen=st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=20),
    batches=st.lists(st.integers(1, 20), max_size=5),
    again=st.lists(st.lists(st.integers(0, 19), min_size=1, max_size=8), max_size=10),
)
def test_whatever_came_changes_nothing_when_it_is_replayed(
    begun: Account, chosen: list[int], batches: list[int], again: list[list[int]]
) -> None:
    items = story(begun)
    with undone():
        ids = take_in(begun, [items[number] for number in chosen], batches)
        before = everything()
        for some in again:
            events.replay(ids[number % len(ids)] for number in some)
            ingest.drain()
        assert events.replay(ids) == ingest.drain() == len(ids)
        assert everything() == before


@pytest.mark.django_db
def test_all_that_happened_ten_times_over_is_the_same_inbox(begun: Account) -> None:
    ids = take_in(begun, story(begun), [3, 8])
    before = everything()
    for _ in range(10):
        assert events.replay(ids) == ingest.drain() == len(ids)
    assert everything() == before
    found = Message.objects.values_list("external_id", "text", "deleted_at", "state")
    assert {external_id: tuple(rest) for external_id, *rest in found} == {
        "first-aisha": ("hallo", None, "received"),
        "first-sofie": ("hallo", None, "received"),
        "a1": ("een, best", None, "received"),
        "a2": ("", at(8), "received"),
        "h1v3": ("drie!!", None, "received"),
        "e1": ("Wij bellen u.", None, "sent"),
        SENT: ("antwoord", None, "read"),
        FAILS: ("antwoord", None, "failed"),
    }


@contextmanager
def undone() -> Iterator[None]:
    """Each example begins with what was there before."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
