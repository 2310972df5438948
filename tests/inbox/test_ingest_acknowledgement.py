"""The first acknowledgement as ingest gives it: in office hours, once, and never after a person or beside the
out-of-hours reply."""

from datetime import timedelta
from uuid import uuid4

import pytest

from channels.models import Account
from inbox import ingest
from inbox.actions import claim, reply
from inbox.models import AccountSettings, AuditEntry, AutoReply, Clock, Contact, Conversation, Message
from tests.inbox.conftest import StandingClock
from tests.inbox.storing import echoed, person, put, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(accounts: dict[str, Account], standing_clock: StandingClock) -> Account:
    """WhatsApp with both texts, on Monday 10:30."""
    AccountSettings.objects.update(out_of_hours_text="Wij zijn dicht.", acknowledgement_text="{inwoner}, dank u wel.")
    return accounts["whatsapp"]


def ask(account: Account, clock: StandingClock, name: str, **fields: object) -> None:
    put(account, said(account, name, **{"sent_at": clock()} | fields))
    ingest.drain()


def told() -> list[tuple[str, str, str]]:
    found = AuditEntry.objects.filter(verb__startswith="auto_reply").order_by("id")
    return [(entry.verb.removeprefix("auto_reply_"), entry.data["kind"], entry.data["reason"]) for entry in found]


def test_acknowledged_in_office_hours_and_no_clock_stops(account, standing_clock):
    ask(account, standing_clock, "m1")
    made = Message.objects.get(kind="auto_reply")
    assert (made.text, made.state, made.author) == ("@aisha, dank u wel.", "queued", None)
    assert (Conversation.objects.get().first_answered_at, Clock.objects.get().stopped_at) == (None, None)
    given = AutoReply.objects.get()
    assert (given.kind, given.closed_since, told()) == (
        "acknowledgement",
        None,
        [("sent", "acknowledgement", "sent")],
    )


def test_off_by_default(accounts, standing_clock):
    ask(accounts["whatsapp"], standing_clock, "m1")
    assert (AutoReply.objects.count(), told()) == (0, [])


def test_once_in_a_conversation_also_on_another_day(account, standing_clock):
    for name in ("m1", "m2"):
        ask(account, standing_clock, name)
        standing_clock.forward(days=1)
    assert (AutoReply.objects.count(), told()) == (1, [("sent", "acknowledgement", "sent")])


def test_two_messages_in_one_batch_get_one(account, standing_clock):
    for name in ("m1", "m2"):
        put(account, said(account, name, sent_at=standing_clock()))
    ingest.drain()
    assert AutoReply.objects.count() == 1


def test_never_beside_an_out_of_hours_reply(account, standing_clock):
    standing_clock.forward(hours=10)
    ask(account, standing_clock, "m1")
    standing_clock.forward(hours=13)  # Tuesday 9:30
    ask(account, standing_clock, "m2")
    assert told() == [("sent", "out_of_hours", "sent")]


def test_out_of_hours_reply_goes_after_an_acknowledgement(account, standing_clock):
    ask(account, standing_clock, "m1")
    standing_clock.forward(hours=10)
    ask(account, standing_clock, "m2")
    assert told() == [("sent", "acknowledgement", "sent"), ("sent", "out_of_hours", "sent")]


def test_not_after_a_colleague_wrote_and_the_first_message_says_so(account, standing_clock):
    put(account, echoed(account, "e1", "Wij hebben een vraag aan u.", sent_at=standing_clock()))
    ingest.drain()
    for name in ("m1", "m2"):
        standing_clock.forward(minutes=5)
        ask(account, standing_clock, name)
    assert told() == [("not_sent", "acknowledgement", "answered_first")]


def test_not_after_an_answer_that_still_waits_to_go(account, standing_clock, agent, queue):
    AccountSettings.objects.update(acknowledgement_text="")
    ask(account, standing_clock, "m1")
    queue(Conversation.objects.get())
    AccountSettings.objects.update(acknowledgement_text="Dank u wel.")
    ask(account, standing_clock, "m2")
    assert (AutoReply.objects.count(), told()) == (0, [])


def test_blocked_sensitive_and_old_get_none_and_it_is_told(account, standing_clock):
    ask(account, standing_clock, "m1", sent_at=standing_clock() - timedelta(hours=13))
    Contact.objects.update(blocked_at=standing_clock())
    standing_clock.forward(minutes=1)
    ask(account, standing_clock, "m2", author=person("henk"))
    assert told() == [("not_sent", "acknowledgement", "too_old"), ("sent", "acknowledgement", "sent")]
    Conversation.objects.all().update(status="closed", result="spam", closed_at=standing_clock() - timedelta(days=30))
    Contact.objects.update(blocked_at=standing_clock())
    ask(account, standing_clock, "m3")
    assert told()[2:] == [("not_sent", "acknowledgement", "blocked")]


def test_public_thread_gets_one_for_all(account, accounts, standing_clock):
    page = accounts["facebook"]
    ask(page, standing_clock, "c1", public=True, thread_id="post")
    ask(page, standing_clock, "c2", public=True, thread_id="post", author=person("henk"))
    assert Message.objects.get(kind="auto_reply").in_reply_to == "c1"
    assert told()[1:] == [("not_sent", "acknowledgement", "already_in_public_thread")]


def test_not_where_x_takes_no_answer(account, accounts, standing_clock):
    ask(accounts["x"], standing_clock, "p1", public=True, thread_id="p1", answerable=False)
    assert told() == [("not_sent", "acknowledgement", "not_answerable")]


def test_acknowledgement_is_nothing_newer_for_who_answers(account, standing_clock, agent):
    ask(account, standing_clock, "m1")
    conversation = Conversation.objects.get()
    seen = Message.objects.get(direction="in").pk
    claim.claim(conversation.pk, by=agent)
    made = reply.reply(conversation.pk, by=agent, text="Morgen.", seen_message_id=seen, submission=uuid4())
    assert [message.kind for message in made] == ["answer"]
