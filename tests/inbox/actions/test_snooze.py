"""Later: until a moment, the citizen's clock running on."""

from datetime import timedelta

import pytest

from inbox.actions import clocks, snooze
from inbox.actions.changing import changing
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry
from tests.conftest import MONDAY_10


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


def refused(deed, *arguments, **named) -> str:
    with pytest.raises(Refused) as caught:
        deed(*arguments, **named)
    return caught.value.code


def test_until_a_moment_and_back(agent, make_conversation, standing):
    conversation = make_conversation()
    with changing(conversation.pk, "received", by=None) as locked:
        clocks.start(locked, MONDAY_10)
    until = standing() + timedelta(hours=20)
    found = snooze.snooze(conversation.pk, by=agent, until=until)
    assert (found.status, found.snoozed_until, found.due_at) == ("snoozed", until, MONDAY_10 + timedelta(hours=2))
    found = snooze.wake(conversation.pk, by=agent)
    assert (found.status, found.snoozed_until) == ("open", None)
    verbs = AuditEntry.objects.order_by("pk").values_list("verb", "actor")
    assert list(verbs) == [("received", None), ("snoozed", agent.pk), ("woken", agent.pk)]


def test_further_off_while_it_is_off(agent, make_conversation, standing):
    conversation = make_conversation(status="snoozed", snoozed_until=standing() + timedelta(hours=1))
    until = standing() + timedelta(days=3)
    assert snooze.snooze(conversation.pk, by=agent, until=until).snoozed_until == until


def test_webcare_itself_brings_it_back(make_conversation, standing):
    conversation = make_conversation(status="snoozed", snoozed_until=standing())
    assert snooze.wake(conversation.pk, by=None).status == "open"
    assert AuditEntry.objects.get().actor is None


def test_not_to_now_or_before(agent, make_conversation, standing):
    conversation = make_conversation()
    for until in (standing(), standing() - timedelta(seconds=1)):
        assert refused(snooze.snooze, conversation.pk, by=agent, until=until) == "in_the_past"


def test_who_and_what(agent, viewer, outsider, make_conversation, standing):
    until = standing() + timedelta(hours=1)
    conversation = make_conversation()
    closed = make_conversation(status="closed", result="spam", closed_at=MONDAY_10)
    assert refused(snooze.snooze, closed.pk, by=agent, until=until) == "closed"
    assert refused(snooze.snooze, conversation.pk, by=viewer, until=until) == "not_allowed"
    assert refused(snooze.wake, conversation.pk, by=agent) == "not_snoozed"
    assert refused(snooze.wake, conversation.pk, by=viewer) == "not_allowed"
    with pytest.raises(NotVisible):
        snooze.snooze(conversation.pk, by=outsider, until=until)
