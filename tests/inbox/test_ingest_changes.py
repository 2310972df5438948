"""The platform's order: late messages, edits, deletes, and clocks that follow the messages."""

from typing import Any

import pytest

from channels.messages import (
    MessageDeleted,
    MessageEdited,
    MessageHidden,
)
from channels.models import Account
from inbox import ingest
from inbox.actions import wait
from inbox.models import (
    Clock,
    Contact,
    Conversation,
    EarlyChange,
    Message,
    MessageVersion,
    Status,
)
from tests.inbox.storing import at, echoed, put, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


@pytest.fixture
def x(accounts: dict[str, Account]) -> Account:
    return accounts["x"]


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


def edit(account: Account, text: str, minutes: float) -> MessageEdited:
    return MessageEdited(account_id=account.external_id, external_id="m1", text=text, at=at(minutes))


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize(
    ("texts", "last"),
    [
        (["Twee", "Drie"], "Drie"),
        (["Twee", "Drie", "Twee"], "Drie"),
        (["Twee", "Een"], "Een"),
        (["Twee", "Twee"], "Twee"),
    ],
    ids=["another", "the first one again", "back", "the same again"],
)
def test_of_two_edits_in_one_second_the_last_that_comes_is_shown(
    whatsapp: Account, texts: list[str], last: str, early: bool, apart: bool
) -> None:
    told = [said(whatsapp, "m1", "Een"), *[edit(whatsapp, text, 3) for text in texts]]
    if early:
        told.append(told.pop(0))
        # Before its message an edit is remembered once a second: nobody can tell a repetition from a change of mind.
        last = texts[-1]
    for item in told:
        put(whatsapp, item)
        if apart:
            ingest.drain()
    ingest.drain()
    message = Message.objects.get()
    assert (message.text, message.edited_at) == (last, at(3))
    assert EarlyChange.objects.count() == 0


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


@pytest.mark.parametrize("apart", [1, 0], ids=["own time", "same time"])
@pytest.mark.parametrize("order", ["abc", "acb", "bac", "bca", "cab", "cba"])
def test_edits_on_x_with_new_ids_are_one_message_in_any_order(x: Account, order: str, apart: int) -> None:
    versions = {
        "a": said(x, "a", "een", public=True, thread_id="a", sent_at=at(0)),
        "b": said(x, "b", "twee", public=True, thread_id="a", sent_at=at(apart), previous_ids=("a",)),
        "c": said(x, "c", "drie", public=True, thread_id="a", sent_at=at(2 * apart), previous_ids=("a", "b")),
    }
    for name in order + order:
        put(x, versions[name])
        ingest.drain()
    message = Message.objects.get()
    assert (message.external_id, message.text, message.sent_at) == ("c", "drie", at(0))
    assert sorted(message.versions.values_list("text", flat=True)) == ["een", "twee"]
    assert Conversation.objects.get().inbound_count == 1
    put(x, MessageDeleted(account_id=x.external_id, external_id="a", at=at(9)))
    ingest.drain()
    message.refresh_from_db()
    assert message.deleted_at == at(9)


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
