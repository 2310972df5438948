"""Doorzetten: to another department with a note, claimed by nobody, the citizen's clock running on."""

import pytest

from inbox.actions import clocks, route
from inbox.actions.changing import changing
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Conversation, Message, Note
from tests.conftest import MONDAY_10


def test_goes_with_its_note(agent, expert, burgerzaken, make_conversation):
    conversation = make_conversation(assignee=agent)
    before = Message.objects.count()
    route.route(conversation.pk, by=agent, department=burgerzaken, note=" Graag vandaag ")
    conversation.refresh_from_db()
    assert (conversation.department, conversation.assignee) == (burgerzaken, None)
    assert [(note.text, note.author) for note in conversation.notes.all()] == [("Graag vandaag", agent)]
    assert Message.objects.count() == before
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.data["to"], entry.data["to_name"]) == ("routed", burgerzaken.pk, "Burgerzaken")
    assert "Graag" not in str(entry.data)
    assert list(Conversation.objects.visible_to(expert)) == [conversation]
    assert list(Conversation.objects.visible_to(agent)) == []


def test_without_a_note_there_is_none(agent, burgerzaken, make_conversation):
    route.route(make_conversation().pk, by=agent, department=burgerzaken, note="  ")
    assert Note.objects.count() == 0


def test_the_clock_runs_on(agent, burgerzaken, make_conversation):
    conversation = make_conversation()
    with changing(conversation.pk, "received", by=None) as locked:
        clocks.start(locked, MONDAY_10)
    due = Conversation.objects.get(pk=conversation.pk).due_at
    route.route(conversation.pk, by=agent, department=burgerzaken)
    conversation.refresh_from_db()
    assert conversation.due_at == due is not None
    assert clocks.running(conversation).stopped_at is None


def test_refusals_leave_no_note(agent, viewer, outsider, webcare, burgerzaken, make_conversation):
    conversation = make_conversation()
    closed = make_conversation(status="closed", result="spam", closed_at=MONDAY_10)
    cases = ((conversation, agent, webcare), (conversation, viewer, burgerzaken), (closed, agent, burgerzaken))
    found = []
    for where, user, department in cases:
        with pytest.raises(Refused) as caught:
            route.route(where.pk, by=user, department=department, note="blijft niet")
        found.append(caught.value.code)
    assert found == ["same_department", "not_allowed", "closed"]
    with pytest.raises(NotVisible):
        route.route(conversation.pk, by=outsider, department=burgerzaken, note="blijft niet")
    assert Note.objects.count() == 0


def test_a_note_that_is_too_long_stops_the_routing(agent, burgerzaken, make_conversation):
    conversation = make_conversation()
    with pytest.raises(Refused) as caught:
        route.route(conversation.pk, by=agent, department=burgerzaken, note="n" * 10_001)
    assert caught.value.code == "too_long"
    conversation.refresh_from_db()
    assert conversation.department != burgerzaken
