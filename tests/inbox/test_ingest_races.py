"""Several drainers, real connections: two of anything at the same instant become one."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, connections

from channels import events
from channels.messages import DeliveryReceipt, MessageDeleted, MessageEdited, ReceiptState, SentMessage
from channels.models import Account, InboundEvent
from inbox import ingest
from inbox.incoming import record
from inbox.models import AuditEntry, AutoReply, Clock, Contact, Conversation, EarlyChange, Identity, Message
from tests.inbox.conftest import StandingClock
from tests.inbox.storing import at, person, put, said
from tests.inbox.threads import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("standing_clock")]


@pytest.fixture
def one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of one event, so that drainers truly meet."""
    monkeypatch.setattr(ingest, "BATCH", 1)


def outcomes() -> list[str]:
    return list(InboundEvent.objects.order_by("id").values_list("state", flat=True))


@pytest.mark.parametrize("round_number", range(4))
def test_two_first_messages_at_once_make_one_conversation(
    accounts: dict[str, Account], one_each: None, round_number: int
) -> None:
    account = accounts["whatsapp"]
    put(account, said(account, "m1"))
    put(account, said(account, "m2", "En oud papier?", sent_at=at(1)))
    together(ingest.drain, ingest.drain)
    conversation = Conversation.objects.get()
    assert (Contact.objects.count(), Identity.objects.count(), Clock.objects.count()) == (1, 1, 1)
    assert (conversation.inbound_count, conversation.last_message_text) == (2, "En oud papier?")
    assert Clock.objects.get().started_at == at(0)
    assert outcomes() == ["done", "done"]


@pytest.mark.parametrize("round_number", range(4))
def test_phone_and_user_id_at_once_are_one_citizen(
    accounts: dict[str, Account], one_each: None, round_number: int
) -> None:
    account, phone = accounts["whatsapp"], "whatsapp:+31600000001"
    put(account, said(account, "m1", author=person("x", aliases=(phone,))))
    by_phone = person("y")
    put(account, said(account, "m2", author=type(by_phone)(external_id=phone, name="Y")))
    together(ingest.drain, ingest.drain)
    assert (Contact.objects.count(), Conversation.objects.count()) == (1, 1)


@pytest.mark.parametrize("round_number", range(4))
def test_message_and_its_changes_at_once_never_miss_each_other(
    accounts: dict[str, Account], one_each: None, round_number: int
) -> None:
    account = accounts["whatsapp"]
    for number in range(6):
        put(account, said(account, f"m{number}", "oud", author=person(f"p{number}")))
        put(account, MessageEdited(account_id=account.external_id, external_id=f"m{number}", text="nieuw", at=at(2)))
        put(account, MessageDeleted(account_id=account.external_id, external_id=f"m{number}", at=at(3)))
    together(ingest.drain, ingest.drain, ingest.drain)
    assert list(Message.objects.values_list("text", "deleted_at")) == [("", at(3))] * 6


def test_same_message_in_two_events_at_once_is_one(accounts: dict[str, Account], one_each: None) -> None:
    account = accounts["x"]
    for number in range(10):
        for _ in range(3):
            put(account, said(account, f"p{number}", public=True, thread_id="root"))
    together(ingest.drain, ingest.drain, ingest.drain)
    assert (Message.objects.count(), Conversation.objects.get().inbound_count) == (10, 10)
    assert set(outcomes()) == {"done"}


@pytest.mark.parametrize("round_number", range(4))
def test_receipt_and_the_record_of_sending_at_once_never_miss_each_other(
    accounts: dict[str, Account], queue: Callable[..., Message], round_number: int
) -> None:
    account = accounts["whatsapp"]
    put(account, said(account, "m1"))
    ingest.drain()
    message = queue(Conversation.objects.get(), state="sending", taken_at=at(30), attempts=1)
    put(account, DeliveryReceipt(account_id=account.external_id, external_id="o1", state=ReceiptState.READ, at=at(31)))
    together(lambda: record.sent(message, SentMessage(external_id="o1")), ingest.drain)
    assert Message.objects.get(pk=message.pk).state == "read"


def test_public_thread_gets_one_out_of_hours_reply_from_many_at_once(
    accounts: dict[str, Account], one_each: None, standing_clock: StandingClock
) -> None:
    account = accounts["facebook"]
    account.inbox_settings.out_of_hours_text = "Wij zijn er {volgende_opening} weer."
    account.inbox_settings.save()
    standing_clock.forward(hours=10)
    sent_at = standing_clock()
    for number in range(8):
        put(
            account,
            said(account, f"c{number}", public=True, thread_id="post", author=person(f"p{number}"), sent_at=sent_at),
        )
    together(ingest.drain, ingest.drain, ingest.drain)
    assert (AutoReply.objects.count(), Message.objects.filter(kind="auto_reply").count()) == (1, 1)
    assert Conversation.objects.count() == 8


def test_replayed_while_others_drain_changes_nothing(accounts: dict[str, Account], one_each: None) -> None:
    account = accounts["whatsapp"]
    ids = [put(account, said(account, f"m{number}", sent_at=at(number))).pk for number in range(6)]
    ids.append(put(account, MessageEdited(account_id=account.external_id, external_id="m3", text="ja", at=at(9))).pk)
    together(ingest.drain, ingest.drain)
    audited = AuditEntry.objects.count()
    fresh = [put(account, said(account, f"n{number}", sent_at=at(20 + number))).pk for number in range(6)]

    def replay() -> None:
        for _ in range(5):
            events.replay(ids + fresh)

    together(replay, ingest.drain, ingest.drain, replay)
    events.replay(ids + fresh)
    together(ingest.drain, ingest.drain)
    assert set(outcomes()) == {"done"}
    assert (Message.objects.count(), Conversation.objects.get().inbound_count) == (12, 12)
    assert Message.objects.get(external_id="m3").text == "ja"
    new = AuditEntry.objects.order_by("pk").values_list("verb", "data")[audited:]
    assert sorted(key for verb, data in new if verb == "received" for key in data["messages"]) == sorted(
        Message.objects.filter(external_id__startswith="n").values_list("pk", flat=True)
    )
    assert {verb for verb, _ in new} == {"received"}


@pytest.mark.parametrize("round_number", range(4))
def test_edit_and_create_in_two_batches_at_once_never_miss_each_other(
    accounts: dict[str, Account], round_number: int
) -> None:
    account = accounts["whatsapp"]
    names = [f"m{number}" for number in range(8)]
    create = [put(account, said(account, name, "oud", author=person(name))).pk for name in names]
    edits = [MessageEdited(account_id=account.external_id, external_id=name, text="nieuw", at=at(2)) for name in names]
    edit = [put(account, item).pk for item in edits]
    together(lambda: ingest._take_batch(create, set()), lambda: ingest._take_batch(edit, set()))
    assert list(Message.objects.values_list("text", flat=True)) == ["nieuw"] * 8
    assert EarlyChange.objects.count() == 0


def test_drainer_killed_in_the_middle_leaves_nothing_half_done(
    accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = accounts["whatsapp"]
    put(account, said(account, "m1"))
    finish = events.finish_many

    def killed(rows: Any) -> None:
        # As PostgreSQL sees a kill -9 of the worker: the connection is gone in the middle of a transaction.
        pid = connection.connection.info.backend_pid
        info = connection.connection.info
        with psycopg.connect(info.dsn, password=info.password, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
        finish(rows)

    def drain() -> None:
        taken = events.take(10)
        monkeypatch.setattr(events, "finish_many", killed)
        ingest._take_batch(taken, set())

    thread = Thread(target=lambda: _fails(drain))
    thread.start()
    thread.join(30)
    assert (Message.objects.count(), Conversation.objects.count(), outcomes()) == (0, 0, ["stored"])
    monkeypatch.setattr(events, "finish_many", finish)
    monkeypatch.setattr(events, "LEASE", timedelta(0))
    assert ingest.drain() == 1
    assert (Message.objects.count(), outcomes()) == (1, ["done"])


def _fails(call: Callable[[], None]) -> None:
    try:
        with pytest.raises(OperationalError):
            call()
    finally:
        connections.close_all()


def test_batches_that_touch_the_same_conversations_end(accounts: dict[str, Account], monkeypatch: Any) -> None:
    """No two drainers wait for each other in a ring, whatever the order of the events."""
    monkeypatch.setattr(ingest, "BATCH", 7)
    account = accounts["x"]
    for number in range(120):
        who = person(f"p{number * 7 % 10}")
        put(
            account,
            said(account, f"p{number}", public=True, thread_id=f"t{number % 3}", author=who, sent_at=at(number)),
        )
    together(ingest.drain, ingest.drain, ingest.drain)
    assert Message.objects.count() == 120
    assert set(outcomes()) == {"done"}
    counted = {c.pk: c.inbound_count for c in Conversation.objects.all()}
    assert counted == {pk: Message.objects.filter(conversation=pk).count() for pk in counted}
