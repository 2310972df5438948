"""Thirty colleagues at one conversation at the same instant, each on a connection of their own."""

import time
from functools import partial
from uuid import UUID, uuid4

import pytest

from inbox.actions import claim, reply
from inbox.models import AuditEntry, Conversation, Delivery, Message, Role, User
from tests.conftest import make_user
from tests.inbox.actions.together import codes, together

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 30


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


@pytest.fixture
def crowd(webcare) -> list[User]:
    return [make_user(f"a{number}", "Agent", str(number), Role.AGENT, webcare) for number in range(CROWD)]


def verbs(conversation: Conversation) -> list[str]:
    return list(AuditEntry.objects.filter(conversation=conversation).order_by("pk").values_list("verb", flat=True))


def answers(conversation: Conversation) -> list[Message]:
    return list(conversation.messages.filter(direction="out").order_by("pk"))


def claim_and_answer(conversation: Conversation, user: User, seen: int, submission: UUID) -> None:
    claim.claim(conversation.pk, by=user)
    reply.reply(conversation.pk, by=user, text="Morgen.", submission=submission, seen_message_id=seen)


def test_all_claim_and_answer_and_one_does(crowd, make_conversation):
    conversation = make_conversation()
    seen = reply.target(conversation).pk
    began = time.monotonic()
    outcomes = codes(together(*(partial(claim_and_answer, conversation, user, seen, uuid4()) for user in crowd)))
    assert sorted(outcomes) == ["claimed_by_other"] * (CROWD - 1) + ["ok"]
    assert time.monotonic() - began < 15  # nobody waits for somebody who waits
    (answer,) = answers(conversation)
    conversation.refresh_from_db()
    assert (answer.author, answer.state) == (conversation.assignee, Delivery.QUEUED)
    assert crowd[outcomes.index("ok")] == conversation.assignee
    assert verbs(conversation) == ["claimed", "replied"]


def take_over_and_answer(conversation: Conversation, user: User, seen: int) -> None:
    """Again and again from whoever has it by then, with a composer that was opened before all of this."""
    for _ in range(CROWD):
        holder = Conversation.objects.values_list("assignee", flat=True).get(pk=conversation.pk)
        claim.take_over(conversation.pk, by=user, expected_assignee_id=holder, confirmed=True)
        reply.reply(conversation.pk, by=user, text="Morgen.", submission=uuid4(), seen_message_id=seen)


def test_all_take_over_from_each_other_and_the_citizen_gets_one_answer(crowd, agent, make_conversation):
    conversation = make_conversation(assignee=agent)
    seen = reply.target(conversation).pk
    outcomes = codes(together(*(partial(take_over_and_answer, conversation, user, seen) for user in crowd)))
    assert set(outcomes) <= {"claimed_by_other", "newer_message"}
    assert len(answers(conversation)) == 1
    assert verbs(conversation).count("replied") == 1


def test_one_person_with_two_tabs_answers_once(agent, make_conversation):
    for _ in range(5):
        conversation = make_conversation(assignee=agent)
        seen = reply.target(conversation).pk
        send = [
            partial(reply.reply, conversation.pk, by=agent, text=text, submission=uuid4(), seen_message_id=seen)
            for text in ("Maandag.", "Dinsdag.")
        ]
        assert sorted(codes(together(*send))) == ["newer_message", "ok"]
        assert len(answers(conversation)) == 1
