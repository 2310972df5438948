"""A citizen who is blocked: who may, what everyone sees, that no clock starts, and how it ends."""

from datetime import timedelta
from typing import Any

import pytest

from channels.models import Account
from inbox import ingest
from inbox.actions import block
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Contact, Conversation
from inbox.views import story
from tests.inbox.conftest import StandingClock
from tests.inbox.storing import at, put, said

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def standing(standing_clock: StandingClock) -> StandingClock:
    return standing_clock


def due(conversation: Conversation) -> bool:
    conversation.refresh_from_db()
    return conversation.due_at is not None


def test_blocked_until_a_day_and_then_no_more(accounts, lead, standing_clock):
    account: Account = accounts["whatsapp"]
    put(account, said(account, "m-1"))
    ingest.drain()
    conversation = Conversation.objects.get()
    assert due(conversation)
    Conversation.objects.update(status="waiting", due_at=None, clock_kind="")
    conversation.clocks.all().delete()
    block.block(conversation.pk, by=lead, ground="abuse", until=standing_clock() + timedelta(days=1))
    put(account, said(account, "m-2", sent_at=at(20)))
    ingest.drain()
    assert not due(conversation)
    assert (conversation.status, conversation.inbound_count) == ("open", 2)
    standing_clock.forward(days=2)
    put(account, said(account, "m-3", sent_at=at(60 * 48)))
    ingest.drain()
    assert due(conversation)


def test_it_is_told_and_lifted(lead, make_conversation, standing_clock):
    conversation = make_conversation()
    block.block(conversation.pk, by=lead, ground="threat", note=" zie aangifte ")
    contact = Contact.objects.get()
    assert (contact.blocked_at, contact.blocked_note) == (standing_clock(), "zie aangifte")
    assert "aangifte" not in str(AuditEntry.objects.get().data)
    block.unblock(conversation.pk, by=lead)
    contact.refresh_from_db()
    assert (contact.blocked(standing_clock()), contact.blocked_by, contact.blocked_ground) == (False, None, "")
    entries = reversed(story.entries_of(conversation.pk, 9))
    assert [event.words for event in story.events(entries, standing_clock())] == [
        "Ingrid de Boer blokkeerde deze inwoner: bedreiging",
        "Ingrid de Boer hief de blokkade van deze inwoner op",
    ]
    with pytest.raises(Refused) as refused:
        block.unblock(conversation.pk, by=lead)
    assert refused.value.code == "not_blocked"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ground": "ugly"}, "no_choice"),
        ({"ground": "spam", "note": "x" * 1001}, "too_long"),
        ({"ground": "spam", "until": timedelta(0)}, "too_soon"),
        ({"ground": "spam", "until": timedelta(days=400)}, "too_far"),
    ],
)
def test_what_is_no_block(lead, make_conversation, standing_clock, given: dict[str, Any], code: str):
    if "until" in given:
        given = given | {"until": standing_clock() + given["until"]}
    with pytest.raises(Refused) as refused:
        block.block(make_conversation().pk, by=lead, **given)
    assert refused.value.code == code


def test_agents_ask_their_lead_and_outsiders_see_nothing(agent, viewer, outsider, make_conversation):
    conversation = make_conversation()
    for user in (agent, viewer):
        with pytest.raises(Refused) as refused:
            block.block(conversation.pk, by=user, ground="spam")
        assert refused.value.code == "not_allowed"
    with pytest.raises(NotVisible):
        block.block(conversation.pk, by=outsider, ground="spam")
