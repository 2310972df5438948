"""Stored events into conversations: once each, in the platform's order, and poison alone."""

from datetime import timedelta
from typing import Any

import pytest

from channels import events
from channels.messages import (
    Attachment,
    Context,
    DeliveryReceipt,
    MessageDeleted,
    MessageEdited,
    MessageHidden,
    Person,
    ReceiptState,
)
from channels.models import Account, EventState, InboundEvent
from inbox import ingest
from inbox.models import (
    AuditEntry,
    Clock,
    Contact,
    Conversation,
    EarlyChange,
    Identity,
    Message,
    MessageVersion,
)
from tests.inbox.storing import at, echoed, person, put, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


@pytest.fixture
def x(accounts: dict[str, Account]) -> Account:
    return accounts["x"]


def state(event: InboundEvent) -> tuple[str, str]:
    event.refresh_from_db()
    return event.state, event.reason


def books() -> dict[str, Any]:
    """Everything a second delivery must leave as it is."""
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Contact, Identity, Conversation, Message, MessageVersion, Clock, EarlyChange, AuditEntry)
    }


# -- one message ------------------------------------------------------------------------------------------------


def test_message_makes_conversation_with_clock(whatsapp: Account, webcare: Any) -> None:
    event = put(whatsapp, said(whatsapp, "m1"))
    assert ingest.drain() == 1
    conversation = Conversation.objects.get()
    message = Message.objects.get()
    clock = Clock.objects.get()
    assert state(event) == (EventState.DONE, "")
    assert (conversation.status, conversation.department, conversation.inbound_count) == ("open", webcare, 1)
    assert (conversation.subject, conversation.last_message_text) == ("Wanneer komt het restafval?",) * 2
    assert (conversation.last_message_at, conversation.last_inbound_at, conversation.opened_at) == (at(0),) * 3
    assert (conversation.due_at, conversation.rank_at, clock.due_at) == (at(120),) * 3
    assert (clock.kind, clock.started_at, conversation.clock_kind) == ("first", at(0), "first")
    assert (message.direction, message.state, message.sent_at) == ("in", "received", at(0))
    assert (conversation.identity.name, conversation.identity.contact.name) == ("Aisha", "Aisha")
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor, entry.data) == ("received", None, {"messages": [message.pk]})


def test_nothing_waiting_is_nothing_done(whatsapp: Account) -> None:
    assert ingest.drain() == 0


def test_same_message_in_several_envelopes_is_one(x: Account) -> None:
    post = said(x, "p1", public=True, thread_id="root", kind="mention")
    put(x, post, post)
    put(x, said(x, "p1", public=True, thread_id="root", kind="reply"))
    ingest.drain()
    before = books()
    put(x, post)
    ingest.drain()
    assert books() == before
    assert Message.objects.count() == 1
    assert Conversation.objects.get().inbound_count == 1


def test_ten_replays_change_nothing(whatsapp: Account) -> None:
    told = [
        said(whatsapp, "m1", attachments=(Attachment(kind="location", latitude=52.0, longitude=4.0),)),
        MessageEdited(account_id=whatsapp.external_id, external_id="m1", text="Beter", at=at(1)),
        said(whatsapp, "m2", "Nog iets", sent_at=at(2)),
        MessageDeleted(account_id=whatsapp.external_id, external_id="m2", at=at(3)),
        said(whatsapp, "m3v2", "Derde, verbeterd", sent_at=at(4), previous_ids=("m3",)),
        said(whatsapp, "m3", "Derde", sent_at=at(3)),
        MessageHidden(account_id=whatsapp.external_id, external_id="m1", hidden=True, at=at(5)),
        DeliveryReceipt(account_id=whatsapp.external_id, external_id="o1", state=ReceiptState.READ, at=at(6)),
        MessageEdited(account_id=whatsapp.external_id, external_id="m9", text="Ooit", at=at(6)),
        echoed(whatsapp, "o2", "Vanuit de app"),
    ]
    event = put(whatsapp, *told)
    ingest.drain()
    before = books()
    for _ in range(10):
        assert events.replay([event.pk]) == 1
        ingest.drain()
    assert books() == before
    assert Message.objects.count() == 4


def test_messages_of_one_citizen_share_a_conversation(whatsapp: Account) -> None:
    put(whatsapp, said(whatsapp, "m1"), said(whatsapp, "m2", "En het oud papier?", sent_at=at(5)))
    ingest.drain()
    conversation = Conversation.objects.get()
    assert (conversation.inbound_count, conversation.last_message_text) == (2, "En het oud papier?")
    assert Clock.objects.get().started_at == at(0)
    assert [entry.data for entry in AuditEntry.objects.all()] == [
        {"messages": list(Message.objects.order_by("sent_at").values_list("pk", flat=True))}
    ]


def test_attachments_are_left_to_their_own_job(whatsapp: Account) -> None:
    files = (
        Attachment(kind="image", url="https://media.example/1", content_type="image/jpeg"),
        Attachment(kind="location", latitude=52.1, longitude=4.3, name="Stadhuis"),
    )
    put(whatsapp, said(whatsapp, "m1", "", attachments=files))
    ingest.drain()
    message = Message.objects.get()
    rows = list(message.attachments.values_list("kind", "state", "source_url", "latitude"))
    assert rows == [("image", "pending", "https://media.example/1", None), ("location", "none", "", 52.1)]
    assert message.attachments.filter(fetch_at__isnull=False).count() == 1
    assert Conversation.objects.get().has_attachment is True


def test_nul_in_a_text_is_no_poison(whatsapp: Account) -> None:
    put(whatsapp, said(whatsapp, "m1", "a\0b"))
    ingest.drain()
    assert Message.objects.get().text == "a\N{REPLACEMENT CHARACTER}b"


# -- where it belongs -------------------------------------------------------------------------------------------


def test_phone_and_user_id_are_one_citizen(whatsapp: Account) -> None:
    phone, user = "whatsapp:+31600000001", "whatsapp:NL.1"
    by_phone = Person(external_id=phone, name="Aïsha", phone="+31600000001")
    both = Person(external_id=user, name="Aïsha", aliases=(phone,))
    by_user = Person(external_id=user, name="Aïsha")
    for number, who in enumerate((by_phone, both, by_user)):
        put(whatsapp, said(whatsapp, f"m{number}", author=who, sent_at=at(number)))
        ingest.drain()
    assert (Contact.objects.count(), Conversation.objects.count()) == (1, 1)
    identity = Identity.objects.get()
    assert (identity.external_id, identity.aliases, identity.phone) == (phone, [user], "+31600000001")


def test_public_answer_to_a_known_message_stays_in_its_thread(x: Account) -> None:
    put(x, said(x, "p1", public=True, thread_id="root"))
    put(x, said(x, "p2", public=True, thread_id="elsewhere", in_reply_to="p1", sent_at=at(1)))
    put(x, said(x, "p3", public=True, thread_id="elsewhere", in_reply_to="p2", sent_at=at(2), author=person("henk")))
    ingest.drain()
    rows = Conversation.objects.order_by("id").values_list("thread_id", "identity__handle", "inbound_count")
    assert list(rows) == [("root", "aisha", 2), ("root", "henk", 1)]


def test_nameless_citizens_are_not_one_person(accounts: dict[str, Account]) -> None:
    page = accounts["facebook"]
    nobody = Person(external_id="")
    put(page, said(page, "c1", public=True, thread_id="c1", author=nobody))
    put(page, said(page, "c2", public=True, thread_id="c2", author=nobody))
    ingest.drain()
    assert (Contact.objects.count(), Conversation.objects.count()) == (2, 2)


@pytest.mark.parametrize("status", ["waiting", "snoozed"])
def test_message_opens_what_waited(whatsapp: Account, status: str) -> None:
    put(whatsapp, said(whatsapp, "m1"))
    ingest.drain()
    Conversation.objects.update(status=status, snoozed_until=at(900) if status == "snoozed" else None)
    put(whatsapp, said(whatsapp, "m2", sent_at=at(5)))
    ingest.drain()
    conversation = Conversation.objects.get()
    assert (conversation.status, conversation.snoozed_until) == ("open", None)
    assert AuditEntry.objects.latest("id").data["changes"]["status"] == [status, "open"]


@pytest.mark.parametrize(("days", "conversations"), [(6, 1), (8, 2)])
def test_closed_a_short_time_ago_is_reopened(whatsapp: Account, days: int, conversations: int) -> None:
    put(whatsapp, said(whatsapp, "m1"))
    ingest.drain()
    Clock.objects.update(stopped_at=at(1), stopped_by="closed")
    Conversation.objects.update(
        status="closed",
        result="answered",
        closed_at=at(30) - timedelta(days=days),
        first_answered_at=at(1),
        clock_kind="",
        due_at=None,
    )
    put(whatsapp, said(whatsapp, "m2", sent_at=at(20)))
    ingest.drain()
    assert Conversation.objects.count() == conversations
    latest = Conversation.objects.latest("id")
    assert (latest.status, latest.result, latest.closed_at) == ("open", "", None)
    assert latest.clock_kind == ("next" if conversations == 1 else "first")
    assert AuditEntry.objects.filter(verb="reopened").count() == 2 - conversations


def test_context_and_answerable_come_along(x: Account) -> None:
    context = Context(external_id="root", text="Nieuwe bibliotheek", author_name="Gemeente", from_us=True)
    put(x, said(x, "p1", public=True, thread_id="root", context=context, answerable=False))
    ingest.drain()
    conversation = Conversation.objects.get()
    assert (conversation.context["text"], conversation.answerable) == ("Nieuwe bibliotheek", False)
    put(x, said(x, "p2", public=True, thread_id="root", sent_at=at(3)))
    put(x, said(x, "p0", public=True, thread_id="root", sent_at=at(-3), answerable=False))
    ingest.drain()
    conversation.refresh_from_db()
    assert conversation.answerable is True


def test_queries_of_a_batch_do_not_grow_with_it(whatsapp: Account, django_assert_max_num_queries: Any) -> None:
    for number in range(100):
        put(whatsapp, said(whatsapp, f"m{number}", author=person(f"p{number}")))
    with django_assert_max_num_queries(35):
        ingest.drain()
    assert Conversation.objects.count() == 100


def test_name_told_later_is_taken_over(whatsapp: Account) -> None:
    put(whatsapp, said(whatsapp, "m1", author=Person(external_id="psid")))
    ingest.drain()
    put(whatsapp, said(whatsapp, "m2", author=Person(external_id="psid", name="Aïsha Benali"), sent_at=at(1)))
    put(whatsapp, said(whatsapp, "m3", author=Person(external_id="psid"), sent_at=at(2)))
    ingest.drain()
    assert (Identity.objects.get().name, Contact.objects.get().name) == ("Aïsha Benali", "Aïsha Benali")


def test_own_post_that_answers_nobody_is_ignored(x: Account) -> None:
    event = put(x, echoed(x, "p1", "Nieuws", public=True, thread_id="p1", peer=None))
    ingest.drain()
    assert (state(event), Message.objects.count()) == (("ignored", "own post"), 0)


def test_public_echo_without_a_citizen_goes_to_the_thread(x: Account) -> None:
    put(x, said(x, "p1", public=True, thread_id="p1"))
    put(x, echoed(x, "p2", "Morgen", public=True, thread_id="p1", in_reply_to="p1", peer=None))
    ingest.drain()
    conversation = Conversation.objects.get()
    assert (conversation.status, conversation.messages.count()) == ("waiting", 2)
