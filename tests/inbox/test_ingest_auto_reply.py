"""The out-of-hours reply as ingest gives it: once per closed period and public thread, and never a clock stopped."""

from datetime import timedelta

import pytest

from channels.messages import Person
from channels.models import Account
from inbox import ingest
from inbox.models import AuditEntry, AutoReply, Clock, Contact, Conversation, Message
from tests.inbox.conftest import StandingClock
from tests.inbox.storing import person, put, said

pytestmark = pytest.mark.django_db

EVENING = timedelta(hours=10)  # Monday 20:30


@pytest.fixture
def account(accounts: dict[str, Account], standing_clock: StandingClock) -> Account:
    """WhatsApp with a text, on Monday evening."""
    for found in accounts.values():
        found.inbox_settings.out_of_hours_text = "Wij zijn er {volgende_opening} weer. {gemeente}"
        found.inbox_settings.save()
    standing_clock.moment += EVENING
    return accounts["whatsapp"]


def ask(account: Account, clock: StandingClock, name: str, **fields: object) -> None:
    put(account, said(account, name, **{"sent_at": clock()} | fields))
    ingest.drain()


def told() -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(verb__startswith="auto_reply").order_by("id")
    return [(entry.verb, entry.data["reason"]) for entry in found]


def test_reply_is_queued_and_stops_no_clock(account: Account, standing_clock: StandingClock) -> None:
    ask(account, standing_clock, "m1")
    reply = Message.objects.get(kind="auto_reply")
    assert (reply.text, reply.state, reply.send_at, reply.author) == (
        "Wij zijn er dinsdag 09:00 weer. Gemeente Waterkant",
        "queued",
        standing_clock(),
        None,
    )
    conversation = Conversation.objects.get()
    assert (conversation.first_answered_at, conversation.last_message_out) == (None, False)
    assert Clock.objects.get().stopped_at is None
    assert told() == [("auto_reply_sent", "sent")]


def test_reply_calls_the_citizen_by_handle_or_else_by_name(
    account: Account, accounts: dict[str, Account], standing_clock: StandingClock
) -> None:
    for found in accounts.values():
        found.inbox_settings.out_of_hours_text = "{inwoner} Wij zijn dicht."
        found.inbox_settings.save()
    handle = Person(external_id="x-1", name="Henk {kanaal}", handle="henkdewit")
    ask(accounts["x"], standing_clock, "p1", public=True, thread_id="p1", author=handle)
    ask(account, standing_clock, "w1", author=Person(external_id="w-1", name="Lot {kanaal}"))
    replies = Message.objects.filter(kind="auto_reply").order_by("id")
    assert [reply.text for reply in replies] == ["@henkdewit Wij zijn dicht.", "Lot {kanaal} Wij zijn dicht."]


def test_reply_goes_once_in_a_closed_period(account: Account, standing_clock: StandingClock) -> None:
    ask(account, standing_clock, "m1")
    standing_clock.forward(hours=1)
    ask(account, standing_clock, "m2")
    assert AutoReply.objects.count() == 1
    assert told() == [("auto_reply_sent", "sent"), ("auto_reply_not_sent", "already_this_closed_period")]
    standing_clock.forward(days=1)
    ask(account, standing_clock, "m3")
    assert AutoReply.objects.count() == 2


def test_two_messages_in_one_batch_get_one_reply(account: Account, standing_clock: StandingClock) -> None:
    put(account, said(account, "m1", sent_at=standing_clock()))
    put(account, said(account, "m2", sent_at=standing_clock()))
    ingest.drain()
    assert AutoReply.objects.count() == 1


def test_public_thread_gets_it_once_for_all(
    account: Account, accounts: dict[str, Account], standing_clock: StandingClock
) -> None:
    page = accounts["facebook"]
    ask(page, standing_clock, "c1", public=True, thread_id="post")
    ask(page, standing_clock, "c2", public=True, thread_id="post", author=person("henk"))
    standing_clock.forward(days=1)
    ask(page, standing_clock, "c3", public=True, thread_id="post")
    assert (AutoReply.objects.count(), Message.objects.get(kind="auto_reply").in_reply_to) == (1, "c1")


def test_blocked_and_sensitive_get_none(account: Account, standing_clock: StandingClock) -> None:
    ask(account, standing_clock, "m1")
    AutoReply.objects.all().delete()
    Contact.objects.update(blocked_at=standing_clock())
    ask(account, standing_clock, "m2")
    Contact.objects.update(blocked_at=None)
    Conversation.objects.update(sensitive=True)
    ask(account, standing_clock, "m3")
    assert AutoReply.objects.count() == 0
    assert told()[1:] == [("auto_reply_not_sent", "blocked"), ("auto_reply_not_sent", "sensitive")]


def test_old_message_fetched_after_an_outage_gets_none(account: Account, standing_clock: StandingClock) -> None:
    ask(account, standing_clock, "m1", sent_at=standing_clock() - timedelta(hours=13))
    assert (AutoReply.objects.count(), told()) == (0, [("auto_reply_not_sent", "too_old")])


def test_post_that_x_would_refuse_to_answer_gets_none(
    account: Account, accounts: dict[str, Account], standing_clock: StandingClock
) -> None:
    ask(accounts["x"], standing_clock, "p1", public=True, thread_id="p1", answerable=False)
    assert (AutoReply.objects.count(), told()) == (0, [("auto_reply_not_sent", "not_answerable")])


def test_open_office_tells_nothing(account: Account, standing_clock: StandingClock) -> None:
    standing_clock.moment -= EVENING
    ask(account, standing_clock, "m1")
    assert (AutoReply.objects.count(), told()) == (0, [])
