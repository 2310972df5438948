"""An answer goes out once, in order, and what became of it is written down."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from channels.messages import MessageDeleted
from channels.models import Account
from inbox import ingest, lanes, outbox
from inbox.actions import resend
from inbox.actions.refused import Refused
from inbox.models import AuditEntry, Clock, Conversation, Message, Note, User
from inbox.outbox import Outcome
from tests.channels.server import Answer
from tests.inbox.conftest import StandingClock
from tests.inbox.platform import Platform
from tests.inbox.storing import at, person, put, said

type Queue = Callable[..., Message]

pytestmark = pytest.mark.django_db


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def verbs() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("verb", flat=True))


# -- sent -------------------------------------------------------------------------------------------------------


def test_answer_is_sent_and_stops_the_clock(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    message = queue(asked)
    assert outbox.send_one(message.pk) == Outcome.SENT
    asked.refresh_from_db()
    sent, clock = again(message), Clock.objects.get()
    assert platform.placed == [
        {"account": asked.account.external_id, "text": "Morgen", "to": "id-aisha", "in_reply_to": "",
         "key": f"webcare-{message.pk}"}
    ]  # fmt: skip
    assert (sent.state, sent.external_id, sent.attempts, sent.send_at) == ("sent", "o1", 1, None)
    assert (asked.status, asked.first_answered_at, asked.due_at) == ("waiting", at(30), None)
    assert (asked.last_message_text, asked.last_message_out) == ("Morgen", True)
    assert (clock.stopped_at, clock.stopped_by) == (at(30), "answered")
    assert verbs() == ["received", "sent"]
    assert Account.objects.get(pk=asked.account_id).last_sent_at == at(30)


def test_sent_message_is_not_taken_again(asked: Conversation, queue: Queue, platform: Platform) -> None:
    message = queue(asked)
    assert [outbox.send_one(message.pk), outbox.send_one(message.pk)] == [Outcome.SENT, Outcome.NOT_TAKEN]
    assert lanes.send_due() == 0
    assert platform.texts() == ["Morgen"]


def test_message_that_is_not_due_waits(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    message = queue(asked, send_at=at(31))
    assert outbox.send_one(message.pk) == Outcome.NOT_TAKEN
    standing_clock.forward(minutes=1)
    assert lanes.send_due() == 1
    assert platform.texts() == ["Morgen"]


def test_answers_of_a_conversation_go_in_order(asked: Conversation, queue: Queue, platform: Platform) -> None:
    first, second, third = (queue(asked, text) for text in ("een", "twee", "drie"))
    assert outbox.send_one(third.pk) == Outcome.NOT_TAKEN
    assert outbox.send_one(second.pk) == Outcome.NOT_TAKEN
    assert lanes.send_due() == 3
    assert platform.texts() == ["een", "twee", "drie"]
    assert again(first).state == again(third).state == "sent"


def test_newer_question_keeps_the_conversation_open_with_the_next_clock(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    message = queue(asked)
    put(asked.account, said(asked.account, "m2", "En oud papier?", sent_at=at(31)))
    ingest.drain()
    standing_clock.forward(minutes=2)
    outbox.send_one(message.pk)
    asked.refresh_from_db()
    first, following = Clock.objects.order_by("id")
    assert (first.kind, first.stopped_at) == ("first", at(32))
    assert (following.kind, following.started_at, following.stopped_at) == ("next", at(31), None)
    assert (asked.status, asked.clock_kind, asked.first_answered_at) == ("open", "next", at(32))


def test_second_answer_leaves_the_clock_of_an_unseen_question(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    first, second = queue(asked, "een"), queue(asked, "twee")
    outbox.send_one(first.pk)
    put(asked.account, said(asked.account, "m2", sent_at=at(31)))
    ingest.drain()
    outbox.send_one(second.pk)
    running = Clock.objects.get(stopped_at__isnull=True)
    asked.refresh_from_db()
    assert (running.kind, running.started_at, asked.status) == ("next", at(31), "open")


def test_auto_reply_stops_no_clock(asked: Conversation, queue: Queue, platform: Platform) -> None:
    message = queue(asked, kind="auto_reply", author=None)
    outbox.send_one(message.pk)
    asked.refresh_from_db()
    assert (asked.status, asked.first_answered_at, asked.due_at) == ("open", None, at(120))
    assert again(message).state == "sent"


def test_later_part_of_a_thread_stands_under_the_part_before(
    accounts: dict[str, Account], queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    page = accounts["facebook"]
    put(page, said(page, "c1", public=True, thread_id="c1"))
    ingest.drain()
    conversation = Conversation.objects.get()
    queue(conversation, "1/2", in_reply_to="c1")
    queue(conversation, "2/2")
    lanes.send_due()
    assert [(told["text"], told["in_reply_to"]) for told in platform.placed] == [("1/2", "c1"), ("2/2", "o1")]


def test_later_part_waits_for_a_failed_part(
    accounts: dict[str, Account], queue: Queue, platform: Platform, standing_clock: StandingClock, agent: User
) -> None:
    page = accounts["facebook"]
    put(page, said(page, "c1", public=True, thread_id="c1"))
    ingest.drain()
    conversation = Conversation.objects.get()
    first = queue(conversation, "1/2", in_reply_to="c1")
    second = queue(conversation, "2/2")
    platform.fault = lambda told: Answer(400, b"content") if told["text"] == "1/2" else None
    lanes.send_due()
    assert (again(first).state, again(second).state) == ("failed", "queued")
    platform.fault = lambda told: None
    Conversation.objects.update(assignee=agent)
    resend.retry(first.pk, by=agent)
    lanes.send_due()
    assert platform.texts() == ["1/2", "2/2"]


def test_note_is_no_message(asked: Conversation, agent: User, platform: Platform) -> None:
    Note.objects.create(conversation=asked, author=agent, text="alleen collega's", created_at=at(1))
    assert lanes.send_due() == 0
    assert platform.placed == []


# -- refused, postponed -------------------------------------------------------------------------------------------


def test_refused_answer_lies_before_a_person(asked: Conversation, queue: Queue, platform: Platform) -> None:
    platform.fault = lambda told: Answer(400, b"window_closed")
    message = queue(asked)
    assert outbox.send_one(message.pk) == Outcome.FAILED
    asked.refresh_from_db()
    failed = again(message)
    assert (failed.state, failed.error_code, failed.error_reason) == ("failed", "400", "window_closed")
    assert (asked.failed_count, asked.status, asked.due_at) == (1, "open", at(120))
    assert AuditEntry.objects.latest("id").data["reason"] == "window_closed"


def test_busy_platform_gets_it_later(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    platform.fault = lambda told: Answer(503)
    message = queue(asked)
    assert outbox.send_one(message.pk) == Outcome.LATER
    waiting = again(message)
    assert (waiting.state, waiting.error_reason) == ("queued", "busy")
    assert at(30) < waiting.send_at <= at(30) + outbox.FIRST_WAIT
    platform.fault = lambda told: None
    standing_clock.forward(seconds=6)
    assert lanes.send_due() == 1
    assert (again(message).state, again(message).error_reason, again(message).attempts) == ("sent", "", 2)


def test_after_a_day_of_trying_it_failed(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    platform.fault = lambda told: Answer(503)
    message = queue(asked)
    standing_clock.forward(hours=25)
    assert outbox.send_one(message.pk) == Outcome.FAILED
    assert again(message).error_reason == "busy"


@pytest.mark.parametrize("attempts", range(1, 40))
def test_wait_grows_to_a_quarter_of_an_hour(attempts: int) -> None:
    wait = outbox._wait(attempts)
    assert outbox.FIRST_WAIT / 2 <= wait <= outbox.LONGEST_WAIT


def test_removed_question_is_not_answered(
    accounts: dict[str, Account], queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    page = accounts["facebook"]
    put(page, said(page, "c1", public=True, thread_id="c1"))
    put(page, MessageDeleted(account_id=page.external_id, external_id="c1", at=at(3)))
    ingest.drain()
    message = queue(Conversation.objects.get(), in_reply_to="c1")
    assert outbox.send_one(message.pk) == Outcome.FAILED
    assert (again(message).error_reason, platform.placed) == ("gone", [])


@pytest.mark.parametrize(("state", "reason"), [("broken", "token"), ("paused", "paused")])
def test_broken_or_paused_account_holds_its_answers(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock, state: str, reason: str
) -> None:
    Account.objects.filter(pk=asked.account_id).update(state=state)
    message = queue(asked)
    assert outbox.send_one(message.pk) == Outcome.HELD
    held = again(message)
    assert (held.state, held.error_reason, held.send_at, held.attempts) == ("queued", reason, at(31), 0)
    Account.objects.update(state="active")
    standing_clock.forward(minutes=1)
    assert lanes.send_due() == 1
    assert platform.texts() == ["Morgen"]


def test_expired_token_breaks_the_account_and_keeps_the_answer(
    asked: Conversation, queue: Queue, platform: Platform
) -> None:
    platform.fault = lambda told: Answer(401, b"token")
    message, behind = queue(asked), queue(asked, "later")
    assert lanes.send_due() == 1
    assert (again(message).state, again(message).error_reason) == ("queued", "token")
    assert (again(behind).error_reason, asked.failed_count) == ("token", 0)
    assert Account.objects.get(pk=asked.account_id).state == "broken"


@pytest.mark.django_db(transaction=True)
def test_rate_limit_of_one_account_does_not_hold_another(
    accounts: dict[str, Account], queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    until = at(45)
    limited, free = accounts["whatsapp"], accounts["facebook"]
    messages = []
    for number, account in enumerate((limited, limited, free, free)):
        put(account, said(account, f"m{number}", author=person(f"p{number}")))
        ingest.drain()
        messages.append(queue(Conversation.objects.latest("id"), f"t{number}"))
    limits = {"retry-at": until.isoformat()}
    platform.fault = lambda told: Answer(429, headers=limits) if told["account"] == limited.external_id else None
    lanes.send_due()
    assert sorted(platform.texts()) == ["t2", "t3"]
    first, second = again(messages[0]), again(messages[1])
    assert [first.state, second.state, second.error_reason] == ["queued", "queued", "rate_limit"]
    assert (first.attempts, second.attempts) == (1, 0)
    assert until <= second.send_at <= until + timedelta(seconds=1)


# -- a person decides -----------------------------------------------------------------------------------------------


def test_retry_makes_a_new_attempt(
    asked: Conversation, queue: Queue, platform: Platform, agent: User, colleague: User
) -> None:
    platform.fault = lambda told: Answer(400, b"content")
    message = queue(asked)
    outbox.send_one(message.pk)
    platform.fault = lambda told: None
    with pytest.raises(Refused) as refused:
        resend.retry(message.pk, by=colleague)
    assert refused.value.code == "not_claimed"
    Conversation.objects.update(assignee=agent)
    resend.retry(message.pk, by=agent)
    assert outbox.send_one(message.pk) == Outcome.SENT
    asked.refresh_from_db()
    assert (asked.failed_count, asked.status, again(message).attempts) == (0, "waiting", 2)
    with pytest.raises(Refused) as refused:
        resend.retry(message.pk, by=agent)
    assert refused.value.code == "not_waiting"


def test_withdrawn_answer_never_goes(asked: Conversation, queue: Queue, platform: Platform, lead: User) -> None:
    first, second = queue(asked, "een"), queue(asked, "twee")
    resend.withdraw(first.pk, by=lead)
    lanes.send_due()
    assert (again(first).state, again(second).state, platform.texts()) == ("withdrawn", "sent", ["twee"])
