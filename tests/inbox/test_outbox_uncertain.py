"""Nobody knows whether an answer arrived: the platform is asked, and never sent to blindly."""

from collections.abc import Callable
from typing import Any

import pytest

from inbox import lanes, outbox
from inbox.actions import resend
from inbox.models import AuditEntry, Conversation, Message, User
from inbox.outbox import Outcome
from tests.channels.server import Answer
from tests.inbox.conftest import StandingClock
from tests.inbox.platform import Platform
from tests.inbox.storing import at

type Queue = Callable[..., Message]

pytestmark = pytest.mark.django_db


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def verbs() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("verb", flat=True))


def uncertain(asked: Conversation, queue: Queue, platform: Platform, *, placed: bool) -> Message:
    """An answer whose confirmation never came; placed or not."""

    def fault(told: dict[str, Any]) -> Answer:
        if placed:
            platform.place(told)
        return Answer(504)

    platform.fault = fault
    message = queue(asked)
    assert outbox.send_one(message.pk) == Outcome.UNKNOWN
    platform.fault = lambda told: None
    assert again(message).state == "unknown"
    return message


def test_uncertain_answer_that_is_there_is_sent(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    message = uncertain(asked, queue, platform, placed=True)
    assert lanes.send_due() == 0
    standing_clock.forward(seconds=11)
    assert lanes.send_due() == 1
    asked.refresh_from_db()
    assert (again(message).state, again(message).external_id, asked.status) == ("sent", "o1", "waiting")
    assert platform.texts() == ["Morgen"]


def test_uncertain_answer_that_is_surely_absent_goes_again(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    message = uncertain(asked, queue, platform, placed=False)
    standing_clock.forward(seconds=11)
    assert lanes.send_due() == 2
    assert (again(message).state, platform.texts()) == ("sent", ["Morgen"])
    assert verbs() == ["received", "send_unknown", "send_requeued", "sent"]


def test_answer_of_which_nobody_can_tell_lies_before_a_person(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock, agent: User
) -> None:
    message = uncertain(asked, queue, platform, placed=True)
    behind = queue(asked, "later")
    platform.finding = 409
    for _ in range(len(outbox.ASK_AFTER)):
        standing_clock.moment = max(standing_clock.moment, again(message).send_at)
        lanes.send_due()
    asked.refresh_from_db()
    assert (again(message).state, again(message).send_at, asked.failed_count) == ("unknown", None, 1)
    assert verbs()[-1] == "cannot_tell"
    standing_clock.forward(days=3)
    assert lanes.send_due() == 0
    assert platform.texts() == ["Morgen"]
    Conversation.objects.update(assignee=agent)
    resend.mark_sent(message.pk, by=agent)
    asked.refresh_from_db()
    assert (again(message).state, asked.failed_count, asked.status) == ("sent", 0, "waiting")
    assert outbox.send_one(behind.pk) == Outcome.SENT


def test_platform_that_cannot_be_asked_says_nothing(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    message = uncertain(asked, queue, platform, placed=True)
    platform.finding = 503
    standing_clock.forward(hours=2)
    assert outbox.resolve_unknown(message.pk) == Outcome.UNKNOWN
    assert again(message).send_at > standing_clock.moment
    standing_clock.forward(hours=25)
    outbox.resolve_unknown(message.pk)
    assert again(message).send_at is None


def test_platform_that_cannot_be_asked_is_asked_less_and_less(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    message = uncertain(asked, queue, platform, placed=True)
    platform.finding = 503
    questions = 0
    begun = standing_clock.moment
    while (send_at := again(message).send_at) is not None:
        standing_clock.moment = send_at
        outbox.resolve_unknown(message.pk)
        questions += 1
    assert standing_clock.moment - begun > outbox.GIVE_UP
    assert 80 < questions < 140  # about every quarter of an hour, for a day


def test_what_stood_under_a_comment_that_is_gone_is_not_asked_after_for_ever(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    message = uncertain(asked, queue, platform, placed=True)
    platform.finding = 410
    standing_clock.forward(seconds=11)
    assert lanes.send_due() == 1
    asked.refresh_from_db()
    assert (again(message).state, again(message).send_at, asked.failed_count) == ("unknown", None, 1)
    assert verbs()[-1] == "cannot_tell"


def test_worker_that_died_while_sending_is_asked_after(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    message = queue(asked, state="sending", taken_at=at(30), send_at=at(30), attempts=1)
    platform.place({"text": "Morgen", "key": f"webcare-{message.pk}"})
    assert lanes.send_due() == 0
    standing_clock.forward(seconds=91)
    assert lanes.send_due() == 1
    assert (again(message).state, again(message).external_id) == ("sent", "o1")
    assert platform.texts() == ["Morgen"]


def test_same_words_twice_are_not_taken_for_each_other(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    outbox.send_one(queue(asked).pk)
    second = queue(asked, state="unknown", taken_at=at(30), attempts=1)
    platform.placed.append({"text": "Morgen", "key": "another"})
    platform.placed[0]["key"] = f"webcare-{second.pk}"
    outbox.resolve_unknown(second.pk)
    assert (again(second).state, again(second).send_at) == ("unknown", None)


# -- refused as a duplicate ---------------------------------------------------------------------------------------


def duplicate(platform: Platform, *, placed: bool = False) -> None:
    """The platform refuses these words; with ``placed`` because an attempt of ours is there."""

    def fault(told: dict[str, Any]) -> Answer:
        if placed and not platform.placed:
            platform.place(told)
        return Answer(403, b"duplicate")

    platform.fault = fault


def test_duplicate_of_an_attempt_of_ours_that_is_there_is_sent(
    asked: Conversation, queue: Queue, platform: Platform
) -> None:
    duplicate(platform, placed=True)
    message = queue(asked)
    assert outbox.send_one(message.pk) == Outcome.SENT
    asked.refresh_from_db()
    sent = again(message)
    assert (sent.state, sent.external_id, sent.error_reason, sent.send_at) == ("sent", "o1", "", None)
    assert (asked.status, asked.failed_count, platform.texts()) == ("waiting", 0, ["Morgen"])
    assert verbs() == ["received", "send_unknown", "sent"]


@pytest.mark.parametrize("finding", [404, 409])
def test_duplicate_that_is_not_to_be_found_failed_and_goes_never_again(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock, finding: int
) -> None:
    """Surely absent, or nobody can tell: a colleague puts it in other words."""
    duplicate(platform)
    platform.finding = finding
    message = queue(asked)
    assert outbox.send_one(message.pk) == Outcome.FAILED
    asked.refresh_from_db()
    failed = again(message)
    assert (failed.state, failed.error_code, failed.error_reason) == ("failed", "403", "duplicate")
    assert (failed.send_at, asked.failed_count, asked.status) == (None, 1, "open")
    assert verbs() == ["received", "send_unknown", "send_failed"]
    platform.fault = lambda told: None
    standing_clock.forward(hours=1)
    assert (lanes.send_due(), platform.placed) == (0, [])


def test_duplicate_of_another_answer_of_ours_failed(asked: Conversation, queue: Queue, platform: Platform) -> None:
    outbox.send_one(queue(asked).pk)
    second = queue(asked)
    duplicate(platform)
    platform.placed[0]["key"] = f"webcare-{second.pk}"  # found by its words, as on Facebook
    assert outbox.send_one(second.pk) == Outcome.FAILED
    assert (again(second).state, again(second).error_reason) == ("failed", "duplicate")


def test_duplicate_that_cannot_be_asked_after_is_asked_after_later(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    duplicate(platform, placed=True)
    platform.finding = 503
    message = queue(asked)
    assert outbox.send_one(message.pk) == Outcome.UNKNOWN
    assert (again(message).state, again(message).error_reason) == ("unknown", "duplicate")
    platform.finding = 0
    standing_clock.forward(minutes=15)
    assert lanes.send_due() == 1
    assert (again(message).state, platform.texts()) == ("sent", ["Morgen"])


def test_duplicate_that_could_not_be_asked_after_for_a_day_failed(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    duplicate(platform, placed=True)
    platform.finding = 503
    message = queue(asked)
    outbox.send_one(message.pk)
    standing_clock.forward(hours=25)
    assert lanes.send_due() == 1
    assert (again(message).state, again(message).error_reason) == ("failed", "duplicate")
    assert verbs() == ["received", "send_unknown", "send_failed"]


def test_duplicate_is_looked_for_from_its_first_attempt_on(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    """The attempt that is there may be hours older than the one that was refused."""
    message = queue(asked)
    Message.objects.filter(pk=message.pk).update(created_at=standing_clock())
    standing_clock.forward(hours=3)
    duplicate(platform, placed=True)
    outbox.send_one(message.pk)
    assert platform.since == [at(30) - outbox.MARGIN]
