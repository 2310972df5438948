"""Afsluiten and heropenen: with a result, never over an answer that still has to go, one unfinished at a time."""

from datetime import timedelta

import pytest

from inbox.actions import clocks, close
from inbox.actions.changing import changing
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Conversation, Message, Result
from tests.conftest import MONDAY_10


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


def refused(deed, *arguments, **named) -> str:
    with pytest.raises(Refused) as caught:
        deed(*arguments, **named)
    return caught.value.code


def answer(conversation: Conversation, minutes: int, **fields: object) -> Message:
    return Message.objects.create(
        conversation=conversation,
        account=conversation.account,
        direction="out",
        public=False,
        text="Antwoord",
        sent_at=MONDAY_10 + timedelta(minutes=minutes),
        **{"state": "sent", "kind": "answer"} | fields,
    )


@pytest.mark.parametrize("result", Result.values)
def test_with_each_result(agent, make_conversation, standing, result):
    conversation = close.close(make_conversation(assignee=agent).pk, by=agent, result=result)
    assert (conversation.status, conversation.result, conversation.closed_at) == ("closed", result, standing())
    assert conversation.assignee == agent
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.data["changes"]["result"]) == ("closed", ["", result])


@pytest.mark.parametrize("result", ["", "x", "closed"])
def test_not_without_a_result(agent, make_conversation, result):
    assert refused(close.close, make_conversation().pk, by=agent, result=result) == "no_result"


@pytest.mark.parametrize("state", ["queued", "sending", "unknown", "failed"])
def test_not_over_an_answer_that_did_not_go(agent, make_conversation, state):
    conversation = make_conversation(assignee=agent)
    answer(conversation, 5, state=state)
    assert refused(close.close, conversation.pk, by=agent, result="answered") == "answer_underway"


@pytest.mark.parametrize("state", ["sent", "delivered", "read", "withdrawn"])
def test_over_one_that_is_settled(agent, make_conversation, state):
    conversation = make_conversation(assignee=agent)
    answer(conversation, 5, state=state)
    assert close.close(conversation.pk, by=agent, result="answered").status == "closed"


@pytest.mark.parametrize("state", ["queued", "failed"])
def test_over_an_automatic_reply_that_did_not_go(agent, make_conversation, state):
    conversation = make_conversation(assignee=agent)
    answer(conversation, 5, state=state, kind="auto_reply")
    assert close.close(conversation.pk, by=agent, result="answered").status == "closed"


def test_who(agent, colleague, lead, viewer, outsider, make_conversation):
    conversation = make_conversation(assignee=colleague)
    assert refused(close.close, conversation.pk, by=agent, result="spam") == "claimed_by_other"
    assert refused(close.close, conversation.pk, by=viewer, result="spam") == "not_allowed"
    with pytest.raises(NotVisible):
        close.close(conversation.pk, by=outsider, result="spam")
    assert close.close(conversation.pk, by=lead, result="spam").status == "closed"
    assert refused(close.close, conversation.pk, by=lead, result="spam") == "closed"


def test_stops_the_clock_and_ends_later(agent, make_conversation, standing):
    conversation = make_conversation(status="snoozed", snoozed_until=standing() + timedelta(days=1))
    with changing(conversation.pk, "received", by=None) as locked:
        clocks.start(locked, MONDAY_10)
    close.close(conversation.pk, by=agent, result="no_answer_needed")
    conversation.refresh_from_db()
    assert (conversation.due_at, conversation.clock_kind, conversation.snoozed_until) == (None, "", None)
    clock = conversation.clocks.get()
    assert (clock.stopped_at, clock.stopped_by) == (standing(), "closed")


class TestReopen:
    def test_with_an_unanswered_message_the_clock_starts_at_it(self, agent, make_conversation):
        conversation = make_conversation()
        close.close(conversation.pk, by=agent, result="spam")
        close.reopen(conversation.pk, by=agent)
        conversation.refresh_from_db()
        assert (conversation.status, conversation.result, conversation.closed_at) == ("open", "", None)
        assert conversation.clock_started_at == MONDAY_10
        assert conversation.due_at == MONDAY_10 + timedelta(hours=2)

    def test_with_everything_answered_no_clock_runs(self, agent, make_conversation):
        conversation = make_conversation()
        answer(conversation, 5)
        close.close(conversation.pk, by=agent, result="answered")
        close.reopen(conversation.pk, by=agent)
        conversation.refresh_from_db()
        assert (conversation.status, conversation.due_at) == ("open", None)

    def test_an_answer_that_failed_is_no_answer(self, agent, make_conversation):
        conversation = make_conversation(status="closed", result="answered", closed_at=MONDAY_10)
        answer(conversation, 5, state="failed")
        close.reopen(conversation.pk, by=agent)
        conversation.refresh_from_db()
        assert conversation.clock_started_at == MONDAY_10

    def test_not_beside_a_newer_one(self, agent, make_conversation):
        old = make_conversation(status="closed", result="answered", closed_at=MONDAY_10)
        newer = make_conversation(identity=old.identity, thread_id=old.thread_id)
        with pytest.raises(Refused) as caught:
            close.reopen(old.pk, by=agent)
        assert (caught.value.code, caught.value.data) == ("newer_conversation", {"conversation": newer.pk})

    def test_not_what_is_open_nor_by_a_viewer(self, agent, viewer, make_conversation):
        assert refused(close.reopen, make_conversation().pk, by=agent) == "not_closed"
        closed = make_conversation(status="closed", result="answered", closed_at=MONDAY_10)
        assert refused(close.reopen, closed.pk, by=viewer) == "not_allowed"
