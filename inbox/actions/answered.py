"""What an answer that stands at the platform does to its conversation; the same whether we sent it or saw it there."""

from datetime import datetime
from typing import Protocol

from inbox.models import Clock, Conversation, Message, Status


class Clocks(Protocol):
    """inbox.actions.clocks, or the book of a batch."""

    def running(self, conversation: Conversation) -> Clock | None:
        """The clock that is not stopped."""

    def start(self, conversation: Conversation, at: datetime) -> Clock | None:
        """An answer is owed since then."""

    def stop(self, conversation: Conversation, at: datetime, why: str) -> None:
        """It was given."""


def answered(conversation: Conversation, at: datetime, unseen: datetime | None, clocks: Clocks) -> None:
    """An answer reached the platform ``at``. ``unseen`` is the platform's time of the citizen's oldest message that
    whoever answered cannot have seen: that one is still owed an answer, and its clock starts there."""
    clock = clocks.running(conversation)
    if clock is not None and (unseen is None or clock.started_at < unseen):
        clocks.stop(conversation, at, "answered")
    if conversation.first_answered_at is None or at < conversation.first_answered_at:
        conversation.first_answered_at = at
    if unseen is not None:
        if conversation.status == Status.WAITING:
            conversation.status = Status.OPEN
        if conversation.status != Status.CLOSED:
            clocks.start(conversation, unseen)
    elif conversation.status == Status.OPEN:
        conversation.status = Status.WAITING


def show_last(conversation: Conversation, message: Message) -> None:
    """Copy the message to the list row when it is the newest, by the platform's time."""
    if message.sent_at >= conversation.last_message_at:
        conversation.last_message_at = message.sent_at
        conversation.last_message_text = message.text[:200]
        conversation.last_message_out = message.direction == "out"


def unseen_by(answer: Message) -> datetime | None:
    """The platform's time of the citizen's oldest message that came in after ``answer`` was written (one query)."""
    newer = Message.objects.filter(
        conversation=answer.conversation_id,
        direction="in",
        deleted_at__isnull=True,
        created_at__gt=answer.created_at,
    )
    return newer.order_by("sent_at").values_list("sent_at", flat=True).first()
