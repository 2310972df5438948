"""Stored events into conversations: once each, in the platform's order, and poison alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from channels import events
from channels.messages import (
    AccessRevoked,
    Attachment,
    Context,
    DeliveryReceipt,
    Ignored,
    MessageDeleted,
    MessageEdited,
    MessageHidden,
    Person,
    ReceiptState,
)
from channels.models import Account, EventState, InboundEvent
from inbox import ingest
from inbox.actions import wait
from inbox.models import (
    AuditEntry,
    Clock,
    Contact,
    Conversation,
    EarlyChange,
    Identity,
    Message,
    MessageVersion,
    Status,
)
from tests.inbox.conftest import StandingClock
from tests.inbox.storing import at, echoed, person, put, put_raw, said

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def half_past_ten(standing_clock: StandingClock) -> StandingClock:
    """Now is Monday 10:30."""
    return standing_clock


@pytest.fixture
def whatsapp(accounts: dict[str, Account]) -> Account:
    return accounts["whatsapp"]


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


# -- the platform's order -----------------------------------------------------------------------------------------


def test_late_older_message_moves_the_clock_back(whatsapp: Account) -> None:
    put(whatsapp, said(whatsapp, "m2", "Tweede", sent_at=at(10)))
    ingest.drain()
    put(whatsapp, said(whatsapp, "m1", "Eerste", sent_at=at(0)))
    ingest.drain()
    conversation, clock = Conversation.objects.get(), Clock.objects.get()
    assert (conversation.last_message_text, conversation.last_message_at) == ("Tweede", at(10))
    assert (conversation.subject, conversation.opened_at) == ("Eerste", at(0))
    assert (clock.started_at, clock.due_at, conversation.due_at) == (at(0), at(120), at(120))


def test_message_that_comes_after_a_later_answer_is_owed_from_that_answer(whatsapp: Account, agent: Any) -> None:
    put(whatsapp, said(whatsapp, "m2", sent_at=at(10)))
    ingest.drain()
    conversation = Conversation.objects.get()
    Message.objects.create(
        conversation=conversation, account=whatsapp, direction="out", kind="answer", public=False, text="Morgen",
        author=agent, sent_at=at(15), state="sent", external_id="o1",
    )  # fmt: skip
    Clock.objects.update(stopped_at=at(15), stopped_by="answered")
    Conversation.objects.update(
        status="waiting", first_answered_at=at(15), clock_kind="", due_at=None, last_message_at=at(15)
    )
    put(whatsapp, said(whatsapp, "m1", sent_at=at(0)))
    ingest.drain()
    conversation.refresh_from_db()
    clock = Clock.objects.get(stopped_at__isnull=True)
    assert (conversation.status, clock.kind, clock.started_at) == ("open", "next", at(15))


def test_edit_keeps_the_earlier_text_and_older_edit_is_ignored(whatsapp: Account) -> None:
    put(whatsapp, said(whatsapp, "m1", "Een"))
    put(whatsapp, MessageEdited(account_id=whatsapp.external_id, external_id="m1", text="Drie", at=at(3)))
    put(whatsapp, MessageEdited(account_id=whatsapp.external_id, external_id="m1", text="Twee", at=at(2)))
    ingest.drain()
    message, conversation = Message.objects.get(), Conversation.objects.get()
    assert (message.text, message.edited_at) == ("Drie", at(3))
    assert (conversation.last_message_text, conversation.subject) == ("Drie", "Drie")
    assert list(MessageVersion.objects.values_list("text", "until")) == [("Een", at(3))]


def test_edit_back_to_the_first_words_outlives_the_edit_between(whatsapp: Account) -> None:
    put(whatsapp, said(whatsapp, "m1", "Een"))
    put(whatsapp, MessageEdited(account_id=whatsapp.external_id, external_id="m1", text="Een", at=at(3)))
    put(whatsapp, MessageEdited(account_id=whatsapp.external_id, external_id="m1", text="Twee", at=at(2)))
    ingest.drain()
    assert Message.objects.get().text == "Een"


@pytest.mark.parametrize("apart", [True, False])
def test_changes_before_the_message_are_applied_when_it_comes(whatsapp: Account, apart: bool) -> None:
    early = [
        MessageEdited(account_id=whatsapp.external_id, external_id="m1", text="Beter", at=at(1)),
        MessageDeleted(account_id=whatsapp.external_id, external_id="m2", at=at(2)),
        MessageHidden(account_id=whatsapp.external_id, external_id="m1", hidden=True, at=at(2)),
    ]
    late = [said(whatsapp, "m1", "Goed"), said(whatsapp, "m2", "Weg", sent_at=at(1))]
    if apart:
        put(whatsapp, *early)
        ingest.drain()
        assert EarlyChange.objects.count() == 3
        put(whatsapp, *late)
    else:
        put(whatsapp, *early, *late)
    ingest.drain()
    first, second = Message.objects.order_by("sent_at")
    assert (first.text, first.edited_at, first.hidden_at) == ("Beter", at(1), at(2))
    assert (second.text, second.deleted_at) == ("", at(2))
    assert list(MessageVersion.objects.order_by("id").values_list("text", flat=True)) == ["Goed", "Weg"]
    assert EarlyChange.objects.count() == 0


def test_message_deleted_before_it_came_owes_no_answer(whatsapp: Account) -> None:
    put(whatsapp, MessageDeleted(account_id=whatsapp.external_id, external_id="m1", at=at(2)), said(whatsapp, "m1"))
    ingest.drain()
    assert Clock.objects.count() == 0
    assert Conversation.objects.get().inbound_count == 1


@pytest.mark.parametrize("order", ["abc", "acb", "bac", "bca", "cab", "cba"])
def test_edits_on_x_with_new_ids_are_one_message_in_any_order(x: Account, order: str) -> None:
    versions = {
        "a": said(x, "a", "een", public=True, thread_id="a", sent_at=at(0)),
        "b": said(x, "b", "twee", public=True, thread_id="a", sent_at=at(1), previous_ids=("a",)),
        "c": said(x, "c", "drie", public=True, thread_id="a", sent_at=at(2), previous_ids=("a", "b")),
    }
    for name in order + order:
        put(x, versions[name])
        ingest.drain()
    message = Message.objects.get()
    assert (message.external_id, message.text, message.sent_at) == ("c", "drie", min(message.sent_at, at(0)))
    assert Conversation.objects.get().inbound_count == 1
    put(x, MessageDeleted(account_id=x.external_id, external_id="a", at=at(9)))
    ingest.drain()
    message.refresh_from_db()
    assert message.deleted_at == at(9)


# -- what cannot be taken in ----------------------------------------------------------------------------------------


def test_poison_in_the_middle_of_a_batch_stands_alone(whatsapp: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = [put(whatsapp, said(whatsapp, f"m{number}", sent_at=at(number))) for number in range(9)]
    arrive = ingest.arrive

    def faulty(batch: Any, account: Account, item: Any) -> str:
        if item.external_id == "m4":
            raise ValueError(item.text)
        return arrive(batch, account, item)

    monkeypatch.setattr(ingest, "arrive", faulty)
    assert ingest.drain() == 9
    assert [state(event)[0] for event in stored] == ["done"] * 4 + ["failed"] + ["done"] * 4
    stored[4].refresh_from_db()
    assert stored[4].reason == "builtins.ValueError"
    assert "restafval" not in stored[4].traceback
    assert "in faulty" in stored[4].traceback
    assert Message.objects.count() == 8
    monkeypatch.setattr(ingest, "arrive", arrive)
    events.replay([stored[4].pk])
    ingest.drain()
    assert (Message.objects.count(), Conversation.objects.get().inbound_count) == (9, 9)


def test_message_the_database_refuses_is_poison_too(whatsapp: Account) -> None:
    good = put(whatsapp, said(whatsapp, "m1"))
    bad = put(whatsapp, said(whatsapp, "m" * 300))
    ingest.drain()
    assert (state(good)[0], state(bad)) == ("done", ("failed", "django.db.utils.DataError 22001"))


def test_body_that_cannot_be_read_is_failed(accounts: dict[str, Account]) -> None:
    event = put_raw(accounts["x"], b"{")
    ingest.drain()
    assert state(event) == ("failed", "the body is not JSON")
    assert event.traceback != ""


def test_unknown_account_is_ignored_with_the_reason(whatsapp: Account) -> None:
    event = put(whatsapp, said(whatsapp, "m1", account_id="whatsapp:+31000"))
    other = put(whatsapp, Ignored(reason="typing"), Ignored(reason="reaction"), Ignored(reason="typing"))
    mixed = put(whatsapp, said(whatsapp, "m2"), said(whatsapp, "m3", account_id="whatsapp:+31000"))
    ingest.drain()
    assert state(event) == ("ignored", "unknown account")
    assert state(other) == ("ignored", "typing, reaction")
    assert state(mixed) == ("done", "unknown account")


def test_account_of_another_app_is_unknown(accounts: dict[str, Account]) -> None:
    event = put(accounts["x"], said(accounts["whatsapp"], "m1"))
    ingest.drain()
    assert state(event) == ("ignored", "unknown account")


def test_account_never_set_up_is_failed_and_replayable(whatsapp: Account) -> None:
    whatsapp.inbox_settings.delete()
    event = put(whatsapp, said(whatsapp, "m1"))
    ingest.drain()
    assert state(event) == ("failed", "inbox.models.rules.AccountSettings.DoesNotExist")


def test_revoked_access_breaks_the_account(whatsapp: Account, django_capture_on_commit_callbacks: Any) -> None:
    put(whatsapp, AccessRevoked(account_id=whatsapp.external_id, at=at(0), code="oauth.revoke"))
    with django_capture_on_commit_callbacks(execute=True):
        ingest.drain()
    whatsapp.refresh_from_db()
    assert (whatsapp.state, whatsapp.error_reason, whatsapp.error_code) == ("broken", "token", "oauth.revoke")


def test_blocked_citizen_comes_in_without_a_clock(whatsapp: Account) -> None:
    put(whatsapp, said(whatsapp, "m1"))
    ingest.drain()
    Contact.objects.update(blocked_at=at(1))
    Clock.objects.update(stopped_at=at(1), stopped_by="closed")
    Conversation.objects.update(clock_kind="", due_at=None, status="waiting")
    put(whatsapp, said(whatsapp, "m2", sent_at=at(2)))
    ingest.drain()
    assert Conversation.objects.get().status == Status.OPEN
    assert Clock.objects.filter(stopped_at__isnull=True).count() == 0


def test_queries_of_a_batch_do_not_grow_with_it(whatsapp: Account, django_assert_max_num_queries: Any) -> None:
    for number in range(100):
        put(whatsapp, said(whatsapp, f"m{number}", author=person(f"p{number}")))
    with django_assert_max_num_queries(35):
        ingest.drain()
    assert Conversation.objects.count() == 100


def test_message_sets_a_paused_clock_going_with_what_was_left(whatsapp: Account, agent: Any) -> None:
    put(whatsapp, said(whatsapp, "m1"))
    ingest.drain()
    wait.wait(Conversation.objects.get().pk, by=agent)
    assert Clock.objects.get().remaining_minutes == 90
    put(whatsapp, said(whatsapp, "m2", sent_at=at(40)))
    ingest.drain()
    conversation, clock = Conversation.objects.get(), Clock.objects.get()
    assert (clock.paused_at, clock.started_at, clock.due_at) == (None, at(0), at(130))
    assert (conversation.status, conversation.due_at) == ("open", at(130))


def test_next_clock_starts_after_a_first_answer(whatsapp: Account) -> None:
    put(whatsapp, said(whatsapp, "m1"), echoed(whatsapp, "e1", "Morgen", sent_at=at(5)))
    put(whatsapp, said(whatsapp, "m2", sent_at=at(20)), said(whatsapp, "m3", sent_at=at(25)))
    ingest.drain()
    first, following = Clock.objects.order_by("id")
    assert (first.kind, first.stopped_at, first.stopped_by) == ("first", at(5), "answered")
    assert (following.kind, following.started_at, following.due_at) == ("next", at(20), at(260))


def test_unique_key_that_stays_broken_is_poison(whatsapp: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = [put(whatsapp, said(whatsapp, f"m{number}", sent_at=at(number))) for number in range(4)]
    arrive = ingest.arrive

    def faulty(batch: Any, account: Account, item: Any) -> str:
        if item.external_id == "m2":
            raise IntegrityError
        return arrive(batch, account, item)

    monkeypatch.setattr(ingest, "arrive", faulty)
    assert ingest.drain() == 4
    assert [state(event)[0] for event in stored] == ["done", "done", "failed", "done"]


def test_text_the_search_index_cannot_hold_stands_alone(whatsapp: Account) -> None:
    words = " ".join(f"woord{number}" for number in range(120_000))
    stored = [put(whatsapp, said(whatsapp, "m1")), put(whatsapp, said(whatsapp, "m2", words))]
    ingest.drain()
    assert [state(event) for event in stored] == [
        ("done", ""),
        ("failed", "django.db.utils.OperationalError 54000"),
    ]


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
