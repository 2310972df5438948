"""Many senders, real connections: each answer goes once."""

from collections.abc import Callable

import pytest

from channels.models import Account
from inbox import ingest, lanes, outbox
from inbox.actions import resend
from inbox.actions.refused import Refused
from inbox.models import Conversation, Message, User
from inbox.outbox import Outcome
from tests.inbox.conftest import StandingClock
from tests.inbox.platform import Platform
from tests.inbox.storing import person, put, said
from tests.inbox.threads import together

type Queue = Callable[..., Message]

pytestmark = pytest.mark.django_db


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


@pytest.mark.django_db(transaction=True)
def test_many_senders_send_once(asked: Conversation, queue: Queue, platform: Platform) -> None:
    messages = [queue(asked, f"t{number}") for number in range(5)]
    calls = [lambda: lanes.send_due()] * 3 + [lambda found=found: outbox.send_one(found.pk) for found in messages]
    together(*calls)
    lanes.send_due()
    assert platform.texts() == ["t0", "t1", "t2", "t3", "t4"]
    assert {again(message).attempts for message in messages} == {1}


@pytest.mark.django_db(transaction=True)
def test_busy_account_sends_side_by_side_each_once(
    accounts: dict[str, Account], queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    account = accounts["whatsapp"]
    for number in range(20):
        put(account, said(account, f"m{number}", author=person(f"p{number}")))
    ingest.drain()
    for conversation in Conversation.objects.all():
        queue(conversation, f"{conversation.pk}")
        queue(conversation, f"{conversation.pk} en dit")
    assert lanes.send_due() == 40
    placed = platform.texts()
    assert (len(placed), len(set(placed))) == (40, 40)
    assert all(placed.index(text) < placed.index(f"{text} en dit") for text in placed if "en dit" not in text)


def test_message_that_cannot_be_written_down_leaves_the_others(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    """The platform gives an id that another message has: nobody can tell what happened, so a person looks."""
    Message.objects.filter(external_id="m1").update(external_id="o1")
    message = queue(asked)
    put(asked.account, said(asked.account, "m9", author=person("henk")))
    ingest.drain()
    other = queue(Conversation.objects.latest("id"), "ook")
    lanes.send_due()
    assert (again(message).state, again(other).state) == ("sending", "sent")
    standing_clock.forward(seconds=91)
    lanes.send_due()
    assert (again(message).state, again(message).send_at, platform.texts()) == ("unknown", None, ["Morgen", "ook"])


@pytest.mark.django_db(transaction=True)
def test_withdraw_and_send_at_once_never_both(
    asked: Conversation, queue: Queue, platform: Platform, lead: User
) -> None:
    def withdraw(pk: int) -> str:
        try:
            resend.withdraw(pk, by=lead)
        except Refused as refused:
            return refused.code
        return "withdrawn"

    for number in range(8):
        message = queue(asked, f"t{number}")
        sent, withdrawn = together(lambda m=message: outbox.send_one(m.pk), lambda m=message: withdraw(m.pk))
        assert (sent == Outcome.SENT) != (withdrawn == "withdrawn")
        assert (f"t{number}" in platform.texts()) == (sent == Outcome.SENT)
