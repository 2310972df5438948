"""Our own echoes and receipts, before and after the platform's answer was written down."""

from collections.abc import Callable

import pytest

from channels.messages import DeliveryReceipt, ReceiptState, SentMessage
from channels.models import Account
from inbox import ingest, outbox
from inbox.incoming import record
from inbox.models import Clock, Conversation, EarlyChange, Message, User
from tests.inbox.conftest import StandingClock
from tests.inbox.platform import Platform
from tests.inbox.storing import at, echoed, person, put, said

type Queue = Callable[..., Message]

pytestmark = pytest.mark.django_db


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


@pytest.mark.parametrize("words", ["Morgen", "Morgen, maar het platform schrijft het anders"])
@pytest.mark.parametrize("kind", ["answer", "auto_reply"])
def test_echo_before_the_api_answer_is_one_message(
    asked: Conversation, queue: Queue, platform: Platform, agent: User, words: str, kind: str
) -> None:
    message = queue(asked, kind=kind, author=agent if kind == "answer" else None)
    Message.objects.filter(pk=message.pk).update(state="sending", taken_at=at(30), attempts=1)
    put(asked.account, echoed(asked.account, "o1", words, sent_at=at(30)))
    ingest.drain()
    message.refresh_from_db(fields=["attempts", "state", "taken_at"])
    record.sent(message, SentMessage(external_id="o1"))
    asked.refresh_from_db()
    ours = Message.objects.get(direction="out")
    assert (ours.pk, ours.external_id, ours.state, ours.kind) == (message.pk, "o1", "sent", kind)
    if kind == "answer":
        assert (asked.status, asked.first_answered_at, asked.due_at) == ("waiting", at(30), None)
        assert Clock.objects.get().stopped_at == at(30)
    else:
        assert (asked.status, asked.first_answered_at, asked.due_at) == ("open", None, at(120))
        assert Clock.objects.get().stopped_at is None


def test_echo_settles_what_lay_before_a_person(asked: Conversation, queue: Queue) -> None:
    message = queue(asked, state="unknown", send_at=None, taken_at=at(30), attempts=1)
    Conversation.objects.update(failed_count=1)
    put(asked.account, echoed(asked.account, "o1", "Morgen", sent_at=at(30)))
    ingest.drain()
    asked.refresh_from_db()
    assert (again(message).state, asked.failed_count, asked.status) == ("sent", 0, "waiting")


def test_echo_after_the_api_answer_changes_nothing(asked: Conversation, queue: Queue, platform: Platform) -> None:
    outbox.send_one(queue(asked).pk)
    before = list(Message.objects.order_by("pk").values())
    put(asked.account, echoed(asked.account, "o1", "Morgen"))
    ingest.drain()
    assert list(Message.objects.order_by("pk").values()) == before


def test_answer_given_at_the_platform_itself_stops_the_clock(asked: Conversation) -> None:
    put(asked.account, echoed(asked.account, "elsewhere", "Vanuit de app", sent_at=at(20)))
    ingest.drain()
    asked.refresh_from_db()
    echo = Message.objects.get(direction="out")
    assert (echo.kind, echo.state, echo.author) == ("echo", "sent", None)
    assert (asked.status, asked.first_answered_at, asked.due_at, asked.last_message_out) == (
        "waiting", at(20), None, True,
    )  # fmt: skip
    assert Clock.objects.get().stopped_at == at(20)


def test_question_that_comes_after_its_answer_elsewhere_is_answered(
    accounts: dict[str, Account], standing_clock: StandingClock
) -> None:
    account = accounts["whatsapp"]
    put(account, echoed(account, "e1", "Morgen", sent_at=at(20)))
    put(account, said(account, "m1", sent_at=at(10)))
    ingest.drain()
    conversation = Conversation.objects.get()
    assert (conversation.status, Clock.objects.count()) == ("waiting", 0)


def test_receipt_before_the_api_answer_is_applied(asked: Conversation, queue: Queue, platform: Platform) -> None:
    account = asked.account
    for state in (ReceiptState.READ, ReceiptState.DELIVERED):
        put(account, DeliveryReceipt(account_id=account.external_id, external_id="o1", state=state, at=at(31)))
    ingest.drain()
    assert EarlyChange.objects.count() == 2
    message = queue(asked)
    outbox.send_one(message.pk)
    assert (again(message).state, EarlyChange.objects.count()) == ("read", 0)


def test_watermark_moves_all_before_it_and_a_later_record(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    first = queue(asked, "een")
    outbox.send_one(first.pk)
    standing_clock.forward(minutes=5)
    last = queue(asked, "twee")
    outbox.send_one(last.pk)
    receipt = {"account_id": asked.account.external_id, "thread_id": "id-aisha"}
    put(asked.account, DeliveryReceipt(**receipt, state=ReceiptState.READ, at=at(33)))
    put(asked.account, DeliveryReceipt(**receipt, state=ReceiptState.DELIVERED, at=at(36)))
    ingest.drain()
    assert (again(first).state, again(last).state) == ("read", "delivered")
    third = queue(asked, "drie")
    outbox.send_one(third.pk)
    assert again(third).state == "delivered"


@pytest.mark.parametrize("flying", [True, False], ids=["ours", "given at the platform itself"])
@pytest.mark.parametrize("order", ["echo first", "read first", "in one batch", "read first in one batch"])
def test_watermark_moves_what_only_its_echo_told_of(
    asked: Conversation, queue: Queue, flying: bool, order: str
) -> None:
    if flying:
        Message.objects.filter(pk=queue(asked).pk).update(state="sending", taken_at=at(30), attempts=1)
    account = asked.account
    told = [
        echoed(account, "o1", "Morgen", sent_at=at(30)),
        DeliveryReceipt(account_id=account.external_id, thread_id="id-aisha", state=ReceiptState.READ, at=at(31)),
    ]
    for item in reversed(told) if order.startswith("read") else told:
        put(account, item)
        if not order.endswith("batch"):
            ingest.drain()
    ingest.drain()
    ours = Message.objects.get(direction="out")
    assert (ours.external_id, ours.state, ours.state_at) == ("o1", "read", at(31))


def test_watermark_says_nothing_of_what_came_after_it(asked: Conversation, queue: Queue) -> None:
    account = asked.account
    put(
        account,
        DeliveryReceipt(account_id=account.external_id, thread_id="id-aisha", state=ReceiptState.READ, at=at(29)),
    )
    put(account, echoed(account, "o1", "Morgen", sent_at=at(30)))
    ingest.drain()
    assert Message.objects.get(direction="out").state == "sent"


def test_undelivered_answer_comes_back_with_its_clock(asked: Conversation, queue: Queue, platform: Platform) -> None:
    message = queue(asked)
    outbox.send_one(message.pk)
    failed = DeliveryReceipt(
        account_id=asked.account.external_id, external_id="o1", state=ReceiptState.FAILED, at=at(31),
        code="63016", reason="template_needed",
    )  # fmt: skip
    for _ in range(3):
        put(asked.account, failed)
        ingest.drain()
    asked.refresh_from_db()
    assert (again(message).state, again(message).error_code, again(message).error_reason) == (
        "failed", "63016", "template_needed",
    )  # fmt: skip
    assert (asked.failed_count, asked.status, asked.first_answered_at) == (1, "open", None)
    running = Clock.objects.get(stopped_at__isnull=True)
    assert (running.kind, running.started_at) == ("first", at(0))


@pytest.mark.parametrize("words", ["Morgen", "Morgen, maar het platform schrijft het anders"])
def test_echo_under_a_neighbour_s_comment_answers_nobody_but_the_one_it_was_for(
    accounts: dict[str, Account], queue: Queue, standing_clock: StandingClock, words: str
) -> None:
    """Facebook files an answer to a reply under the top-level comment, which is another citizen's."""
    page = accounts["facebook"]
    public = {"public": True, "thread_id": "c1"}
    put(page, said(page, "c1", "Hoe laat?", **public))
    put(page, said(page, "c2", "En morgen?", author=person("henk"), in_reply_to="c1", **public))
    ingest.drain()
    aisha, henk = Conversation.objects.order_by("pk")
    message = queue(henk, state="sending", taken_at=at(30), attempts=1, public=True, in_reply_to="c2")
    put(page, echoed(page, "o1", words, peer=None, in_reply_to="c1", sent_at=at(30), **public))
    ingest.drain()
    record.sent(again(message), SentMessage(external_id="o1"))
    assert (again(message).state, again(message).external_id) == ("sent", "o1")
    assert Message.objects.filter(direction="out").count() == 1
    aisha.refresh_from_db()
    henk.refresh_from_db()
    assert (aisha.status, aisha.due_at, aisha.first_answered_at) == ("open", at(120), None)
    assert (aisha.last_message_text, aisha.last_message_out) == ("Hoe laat?", False)
    assert (henk.status, henk.due_at, henk.first_answered_at) == ("waiting", None, at(30))
