"""Toewijzen: by whom, and only to who may work on it."""

import pytest

from inbox.actions import assign
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry
from tests.conftest import MONDAY_10


def refused(**named) -> str:
    with pytest.raises(Refused) as caught:
        assign.assign(named.pop("pk"), **named)
    return caught.value.code


def test_to_a_member(agent, colleague, make_conversation):
    conversation = assign.assign(make_conversation(assignee=agent).pk, by=agent, to=colleague)
    assert conversation.assignee == colleague
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor, entry.data["to"]) == ("assigned", agent, colleague.pk)


def test_to_somebody_who_may_not_work_on_it(agent, viewer, outsider, expert, make_conversation):
    conversation = make_conversation()
    for user in (viewer, outsider, expert):
        assert refused(pk=conversation.pk, by=agent, to=user) == "not_a_member"


def test_to_somebody_who_left(agent, colleague, make_conversation):
    colleague.is_active = False
    colleague.save()
    assert refused(pk=make_conversation().pk, by=agent, to=colleague) == "not_a_member"


def test_anothers_by_the_lead_only(agent, colleague, lead, make_conversation):
    conversation = make_conversation(assignee=colleague)
    assert refused(pk=conversation.pk, by=agent, to=agent) == "not_allowed"
    assert assign.assign(conversation.pk, by=lead, to=agent).assignee == agent


def test_closed_and_unseen(agent, outsider, make_conversation):
    closed = make_conversation(status="closed", result="spam", closed_at=MONDAY_10)
    assert refused(pk=closed.pk, by=agent, to=agent) == "closed"
    with pytest.raises(NotVisible):
        assign.assign(make_conversation().pk, by=outsider, to=outsider)
