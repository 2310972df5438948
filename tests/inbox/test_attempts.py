"""Every call about an answer is written down: when, what came of it, the platform's code, who asked for it."""

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from django.db import connection

from channels.messages import IncomingMessage
from inbox import ingest, lanes, outbox
from inbox.actions import claim, resend
from inbox.actions.refused import Refused
from inbox.models import Conversation, Message, SendAttempt, User
from inbox.outbox import Outcome
from tests.channels.server import Answer
from tests.inbox.conftest import StandingClock
from tests.inbox.platform import Platform
from tests.inbox.storing import at, put, said
from tests.inbox.threads import together

type Queue = Callable[..., Message]

pytestmark = pytest.mark.django_db


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def rows(message: Message) -> list[tuple[int, str, str, str]]:
    """Number, outcome, code and reason of each, in order of time."""
    found = SendAttempt.objects.filter(message=message).order_by("started_at", "id")
    return [(row.number, row.outcome, row.code, row.reason) for row in found]


def echo(message: Message, external_id: str = "o1") -> IncomingMessage:
    """Our message as the platform tells it back."""
    return said(message.account, external_id, message.text, sent_at=at(31), from_us=True)


# -- what happened, one after the other -----------------------------------------------------------------------------


def test_answer_that_went_has_one(asked: Conversation, queue: Queue, platform: Platform) -> None:
    message = queue(asked)
    outbox.send_one(message.pk)
    row = SendAttempt.objects.get()
    assert rows(message) == [(1, "sent", "", "")]
    assert (row.started_at, row.ended_at, row.again_at, row.by) == (at(30), at(30), None, None)


def test_postponed_refused_and_asked_for_again_by_a_colleague(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock, agent: User
) -> None:
    claim.claim(asked.pk, by=agent)
    message = queue(asked)
    answers = [Answer(503), Answer(400, b"content"), None]
    platform.fault = lambda told: answers.pop(0)
    outbox.send_one(message.pk)
    first = SendAttempt.objects.get()
    assert (first.outcome, first.again_at) == ("postponed", again(message).send_at)
    standing_clock.forward(seconds=6)
    assert outbox.send_one(message.pk) == Outcome.FAILED
    standing_clock.forward(minutes=5)
    resend.retry(message.pk, by=agent)
    assert outbox.send_one(message.pk) == Outcome.SENT
    assert rows(message) == [(1, "postponed", "503", "busy"), (2, "refused", "400", "content"), (3, "sent", "", "")]
    assert list(SendAttempt.objects.order_by("id").values_list("by__username", flat=True)) == [None, None, "fatima"]


def test_attempt_after_one_that_was_asked_for_is_our_own(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock, agent: User
) -> None:
    claim.claim(asked.pk, by=agent)
    message = queue(asked)
    answers = [Answer(400, b"content"), Answer(503), None]
    platform.fault = lambda told: answers.pop(0)
    outbox.send_one(message.pk)
    standing_clock.forward(minutes=1)
    resend.retry(message.pk, by=agent)
    outbox.send_one(message.pk)
    standing_clock.forward(minutes=1)
    outbox.send_one(message.pk)
    assert list(SendAttempt.objects.order_by("id").values_list("by__username", flat=True)) == [None, "fatima", None]


@pytest.mark.parametrize(
    ("finding", "outcome", "code"), [(0, "found", ""), (409, "not_sure", ""), (503, "not_asked", "503")]
)
def test_question_is_one_too(
    asked: Conversation,
    queue: Queue,
    platform: Platform,
    standing_clock: StandingClock,
    finding: int,
    outcome: str,
    code: str,
) -> None:
    def lost(told: dict[str, Any]) -> Answer:
        platform.place(told)
        return Answer(504)

    platform.fault, platform.finding = lost, finding
    message = queue(asked)
    outbox.send_one(message.pk)
    standing_clock.forward(seconds=11)
    outbox.resolve_unknown(message.pk)
    reason = "busy" if code else ""
    assert rows(message) == [(1, "no_answer", "504", "no_answer"), (1, outcome, code, reason)]
    question = SendAttempt.objects.latest("id")
    assert question.again_at == (None if outcome == "found" else again(message).send_at)


def test_absent_and_sent_again(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    answers = [Answer(504), None]
    platform.fault = lambda told: answers.pop(0)
    message = queue(asked)
    outbox.send_one(message.pk)
    standing_clock.forward(seconds=11)
    lanes.send_due()
    assert rows(message) == [(1, "no_answer", "504", "no_answer"), (1, "absent", "", ""), (2, "sent", "", "")]


def test_account_that_is_paused_makes_none(asked: Conversation, queue: Queue, platform: Platform) -> None:
    type(asked.account).objects.update(state="paused")
    message = queue(asked)
    assert outbox.send_one(message.pk) == Outcome.HELD
    assert rows(message) == []


# -- a worker that died, an answer that came late, an echo ------------------------------------------------------------


def test_killed_worker_leaves_an_open_one_which_died(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock, monkeypatch: Any
) -> None:
    class Killed(BaseException):
        """As kill -9: nothing after it runs."""

    def killed(*_: object) -> None:
        raise Killed

    message = queue(asked)
    with monkeypatch.context() as patched:
        patched.setattr("tests.inbox.platform.PlainConnector.send", killed)
        with pytest.raises(Killed):
            outbox.send_one(message.pk)
    row = SendAttempt.objects.get()
    assert (row.outcome, row.ended_at, again(message).state) == ("", None, "sending")
    standing_clock.forward(seconds=91)
    lanes.send_due()
    assert rows(message) == [(1, "died", "", ""), (1, "absent", "", ""), (2, "sent", "", "")]
    assert platform.texts() == ["Morgen"]


def test_with_files_it_is_given_longer(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    message = queue(asked, state="sending", taken_at=at(30), attempts=1)
    message.attachments.create(kind="image", state="ready")
    standing_clock.forward(seconds=91)
    assert (lanes.send_due(), again(message).state) == (0, "sending")
    standing_clock.forward(minutes=8)
    assert (lanes.send_due(), again(message).state) == (2, "sent")


def test_question_whose_worker_was_killed_died(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    message = queue(asked, state="unknown", send_at=at(30), taken_at=at(30), attempts=1)
    SendAttempt.objects.create(message=message, number=1, started_at=at(30))
    lanes.send_due()
    assert rows(message) == [(1, "died", "", ""), (1, "absent", "", ""), (2, "sent", "", "")]


@pytest.mark.django_db(transaction=True)
def test_answer_that_comes_after_it_was_declared_dead_is_what_happened(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    called, may_answer = Event(), Event()

    def slow(told: dict[str, Any]) -> None:
        called.set()
        may_answer.wait(10)

    def declared_dead() -> None:
        called.wait(10)
        platform.finding = 409
        standing_clock.forward(seconds=91)
        lanes.send_due()
        assert rows(message)[0][1] == "died"
        may_answer.set()

    platform.fault = slow
    message = queue(asked)
    together(lambda: outbox.send_one(message.pk), declared_dead)
    assert (again(message).state, again(message).external_id) == ("sent", "o1")
    assert rows(message) == [(1, "sent", "", ""), (1, "not_sure", "", "")]
    assert platform.texts() == ["Morgen"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("status", "outcome"), [(200, "sent"), (504, "found")])
def test_echo_before_the_answer(
    asked: Conversation,
    queue: Queue,
    platform: Platform,
    standing_clock: StandingClock,
    status: int,
    outcome: str,
) -> None:
    message = queue(asked)
    supposed: list[tuple[int, str, str, str]] = []

    def echoed(told: dict[str, Any]) -> Answer | None:
        put(message.account, echo(message))
        ingest.drain()
        supposed.extend(rows(message))
        connection.close()
        if status == 200:
            return None
        platform.place(told)
        return Answer(504)

    platform.fault = echoed
    outbox.send_one(message.pk)
    assert (again(message).state, rows(message)) == ("sent", [(1, outcome, "", "")])
    assert supposed == [(1, "found", "", "")]


# -- at the same instant ---------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_pressed_twice_at_once_makes_one(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock, agent: User, lead: User
) -> None:
    def press(by: User) -> str:
        try:
            resend.retry(message.pk, by=by)
        except Refused as refused:
            return refused.code
        return by.username

    claim.claim(asked.pk, by=agent)
    for number in range(5):
        message = queue(asked, f"t{number}", state="failed", send_at=None, attempts=1)
        Conversation.objects.update(failed_count=1)
        standing_clock.forward(minutes=1)
        pressed = together(lambda: press(agent), lambda: press(lead))
        (by,) = set(pressed) - {"not_waiting"}
        together(*[lambda pk=message.pk: lanes.send_now(pk)] * 3)
        assert rows(message) == [(2, "sent", "", "")]
        assert (SendAttempt.objects.latest("id").by.username, asked.messages.latest("id").state) == (by, "sent")
    assert platform.texts() == [f"t{number}" for number in range(5)]


@pytest.mark.django_db(transaction=True)
def test_many_senders_and_askers_write_down_what_happened_and_no_more(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    answers = [Answer(504), None, None, None]
    platform.fault = lambda told: answers.pop(0)
    messages = [queue(asked, f"t{number}") for number in range(3)]
    together(*[lambda found=found: lanes.send_now(found.pk) for found in messages * 2])
    standing_clock.forward(seconds=11)
    together(*[lanes.send_due] * 4)
    lanes.send_due()
    assert [rows(message) for message in messages] == [
        [(1, "no_answer", "504", "no_answer"), (1, "absent", "", ""), (2, "sent", "", "")],
        [(1, "sent", "", "")],
        [(1, "sent", "", "")],
    ]
    assert platform.texts() == ["t0", "t1", "t2"]
