"""Wacht op inwoner: the clock stands still and goes on with what was left."""

from datetime import timedelta

import pytest

from inbox.actions import clocks, wait
from inbox.actions.changing import changing
from inbox.actions.refused import NotVisible, Refused
from tests.conftest import MONDAY_10


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


def refused(deed, *arguments, **named) -> str:
    with pytest.raises(Refused) as caught:
        deed(*arguments, **named)
    return caught.value.code


def test_the_clock_stands_still_and_goes_on(agent, make_conversation, standing):
    conversation = make_conversation()
    with changing(conversation.pk, "received", by=None) as locked:
        clocks.start(locked, MONDAY_10)  # due at 12:00; it is 10:30
    found = wait.wait(conversation.pk, by=agent)
    assert (found.status, found.due_at, found.clock_kind) == ("waiting", None, "")
    assert clocks.running(found).remaining_minutes == 90
    standing.forward(days=1)
    found = wait.resume(conversation.pk, by=agent)
    assert (found.status, found.due_at) == ("open", standing() + timedelta(minutes=90))
    assert clocks.running(found).paused_at is None


def test_without_a_clock(agent, make_conversation):
    conversation = make_conversation()
    assert wait.wait(conversation.pk, by=agent).status == "waiting"
    assert wait.resume(conversation.pk, by=agent).due_at is None


def test_from_later(agent, make_conversation, standing):
    conversation = make_conversation(status="snoozed", snoozed_until=standing() + timedelta(hours=1))
    found = wait.wait(conversation.pk, by=agent)
    assert (found.status, found.snoozed_until) == ("waiting", None)


def test_who_and_what(agent, viewer, outsider, make_conversation):
    conversation = make_conversation()
    closed = make_conversation(status="closed", result="spam", closed_at=MONDAY_10)
    assert refused(wait.wait, closed.pk, by=agent) == "closed"
    assert refused(wait.wait, conversation.pk, by=viewer) == "not_allowed"
    assert refused(wait.resume, conversation.pk, by=agent) == "not_waiting"
    assert refused(wait.resume, conversation.pk, by=viewer) == "not_allowed"
    wait.wait(conversation.pk, by=agent)
    assert refused(wait.wait, conversation.pk, by=agent) == "already_waiting"
    with pytest.raises(NotVisible):
        wait.resume(conversation.pk, by=outsider)
