"""A citizen answers while the colleague who has the conversation is off."""

from typing import Any
from uuid import uuid4

import pytest

from channels.models import Account
from inbox import ingest
from inbox.actions import end_shift, pass_on
from inbox.models import AuditEntry, Conversation, Status, User
from tests.inbox.storing import at, person, put, said

pytestmark = pytest.mark.django_db


def waits_with(conversation: Conversation, user: User) -> Conversation:
    Conversation.objects.filter(pk=conversation.pk).update(status=Status.WAITING, assignee=user)
    return conversation


def end(of: User, rule: str = "department", to: User | None = None) -> None:
    end_shift.end_shift(of, by=of, rule=rule, to=to, submission=uuid4())


def answered(account: Account) -> Conversation:
    put(account, said(account, "m2", "En nu?", sent_at=at(20)))
    ingest.drain()
    return Conversation.objects.get()


def test_back_to_the_department(asked: Conversation, whatsapp: Account, agent: User) -> None:
    waits_with(asked, agent)
    end(agent)
    found = answered(whatsapp)
    assert (found.status, found.assignee) == ("open", None)
    entry = AuditEntry.objects.get(verb="handed_over")
    assert (entry.conversation, entry.actor) == (asked, None)
    assert entry.data == {"from": agent.pk, "to": None}


def test_to_the_named_colleague_or_as_they_wished(
    asked: Conversation, whatsapp: Account, agent: User, colleague: User
) -> None:
    waits_with(asked, agent)
    end(agent, "colleague", colleague)
    assert answered(whatsapp).assignee == colleague


def test_who_keeps_it_keeps_it(asked: Conversation, whatsapp: Account, agent: User) -> None:
    waits_with(asked, agent)
    end(agent, "keep")
    assert answered(whatsapp).assignee == agent


def test_who_is_there_keeps_it_at_one_query(
    asked: Conversation, whatsapp: Account, agent: User, django_assert_num_queries: Any
) -> None:
    waits_with(asked, agent)
    assert answered(whatsapp).assignee == agent
    with django_assert_num_queries(1):
        assert pass_on.rests([agent.pk]) == {}


def test_language_is_kept_as_first_told(accounts: dict[str, Account], standing_clock: Any) -> None:
    x = accounts["x"]
    told = {"public": True, "thread_id": "p1", "author": person()}
    put(x, said(x, "p1", **told))
    put(x, said(x, "p2", language="en", sent_at=at(1), **told))
    put(x, said(x, "p3", language="tr", sent_at=at(2), **told))
    ingest.drain()
    assert Conversation.objects.get().language == "en"
