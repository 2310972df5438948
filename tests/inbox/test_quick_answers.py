"""Answers written faster than the platform takes them: each leaves as soon as the one before it is through."""

from collections.abc import Callable, Iterator

import pytest

from inbox import kick, tasks
from inbox.models import Conversation, Message
from tests.inbox.platform import Platform

type Queue = Callable[..., Message]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No kick of another test."""

    def clean() -> None:
        for key in kick.wire().scan_iter("webcare:kick:*"):
            kick.wire().delete(key)

    clean()
    yield
    clean()


def test_an_answer_that_had_to_wait_is_kicked_when_the_one_before_it_is_through(
    asked: Conversation, queue: Queue, platform: Platform, kicks_stay_here: list[str]
) -> None:
    first, second = queue(asked, "een"), queue(asked, "twee")
    taken = Message.objects.filter(pk=first.pk)
    taken.update(state="sending", taken_at=first.sent_at)  # a colleague's worker has it in hand
    kick.kick_send(second.pk)
    assert tasks.send_message(second.pk) == "not_taken"
    taken.update(state="queued")
    assert tasks.send_message(first.pk) == "sent"
    assert kicks_stay_here == [kick.SEND, kick.SEND]
    assert tasks.send_message(second.pk) == "sent"
    assert platform.texts() == ["een", "twee"]
