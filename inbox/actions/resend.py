"""What a person decides on an answer that failed, or of which nobody can tell whether it arrived."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils.translation import gettext as _

from channels.clock import now
from inbox import kick, permissions
from inbox.actions import clocks, held
from inbox.actions.answered import answered, show_last, unseen_by
from inbox.actions.changing import changing
from inbox.actions.claim import claimed_by_other, not_allowed
from inbox.actions.refused import NotVisible, Refused
from inbox.actions.reply import obstacle, refuse_newer
from inbox.models import DECIDED_ON, Conversation, Delivery, Direction, Message, Role, Status, User


def retry(message_id: int, *, by: User, seen_message_id: int | None = None) -> Message:
    """Opnieuw proberen: a failed answer, or an uncertain one that the colleague did not find at the platform.
    ``seen_message_id``: the newest message they had on screen.

    Raises Refused "not_waiting", "claimed_by_other", "not_claimed", "not_allowed", and what ``reply`` refuses
    ("window_closed", "account", "gone", "not_summoned", "newer_message").
    """
    with _deciding(message_id, "send_retried", by) as (conversation, message):
        _refuse_unless(message, failed=True, uncertain=True)
        if conversation.status == Status.CLOSED:
            raise Refused("closed", _("This conversation is closed. Reopen it first."))
        # A template needs no open window, nor does the first private answer to a comment.
        free_text = not (message.template_id or (message.in_reply_to and not message.public))
        if refusal := obstacle(conversation, free_text=free_text):
            raise refusal
        if seen_message_id is not None:
            refuse_newer(conversation, seen_message_id, by)
        _count_down(conversation, message)
        moment = now()
        message.state, message.state_at, message.send_at, message.sent_at = Delivery.QUEUED, moment, moment, moment
        # A new attempt gets a new id at the platform; receipts of the old one are not about it.
        message.external_id = message.error_code = message.error_reason = ""
        if held.must_wait(conversation, message):
            message.state, message.send_at = Delivery.APPROVAL, None
            _save(message)
            held.ask(conversation, message.author or by, [message])
        else:
            _save(message)
            transaction.on_commit(lambda: kick.kick_send(message.pk))
    return message


def mark_sent(message_id: int, *, by: User) -> Message:
    """The colleague saw it at the platform: it counts as the answer it is. Raises Refused as ``retry``."""
    with _deciding(message_id, "send_confirmed", by) as (conversation, message):
        _refuse_unless(message, uncertain=True)
        _count_down(conversation, message)
        message.sent_at = message.taken_at or message.sent_at
        message.state, message.state_at, message.send_at = Delivery.SENT, now(), None
        message.error_code = message.error_reason = ""
        _save(message)
        if message.kind == "answer":
            answered(conversation, message.sent_at, unseen_by(message), clocks)
            show_last(conversation, message)
    return message


def withdraw(message_id: int, *, by: User) -> Message:
    """It need not go (any more): failed, uncertain, or still waiting for its turn. Raises Refused as ``retry``."""
    with _deciding(message_id, "send_withdrawn", by) as (conversation, message):
        _refuse_unless(message, failed=True, uncertain=True, queued=True)
        _count_down(conversation, message)
        moment = now()
        # By compare-and-swap: the outbox takes queued messages without the conversation's lock.
        mine = Message.objects.filter(pk=message.pk, state=message.state)
        if not mine.update(state=Delivery.WITHDRAWN, state_at=moment, send_at=None):
            raise _not_waiting()
        message.state, message.state_at, message.send_at = Delivery.WITHDRAWN, moment, None
        transaction.on_commit(kick.kick_outbox)  # what waited behind it may go
    return message


@contextmanager
def _deciding(message_id: int, verb: str, by: User) -> Iterator[tuple[Conversation, Message]]:
    found = Message.objects.filter(pk=message_id, direction=Direction.OUT).values_list("conversation_id", flat=True)
    conversation_id = found.first()
    if conversation_id is None:
        raise NotVisible
    with changing(conversation_id, verb, by=by, message=message_id) as conversation:
        if not permissions.can_work(by, conversation):
            raise not_allowed()
        if conversation.assignee_id != by.pk and by.role != Role.LEAD:
            raise claimed_by_other(conversation)
        message = Message.objects.select_for_update(of=("self",)).defer("search").get(pk=message_id)
        message.conversation = conversation
        yield conversation, message


def _refuse_unless(message: Message, *, failed: bool = False, uncertain: bool = False, queued: bool = False) -> None:
    fits = (
        (failed and message.state == Delivery.FAILED)
        # While Webcare itself is still asking the platform, nobody has to decide.
        or (uncertain and message.state == Delivery.UNKNOWN and message.send_at is None)
        or (queued and message.state == Delivery.QUEUED)
    )
    if not fits:
        raise _not_waiting()


def _not_waiting() -> Refused:
    return Refused("not_waiting", _("There is nothing to decide on this answer any more. Look at its state."))


def _count_down(conversation: Conversation, message: Message) -> None:
    if message.state in (Delivery.FAILED, Delivery.UNKNOWN) and message.kind in DECIDED_ON:
        conversation.failed_count = max(0, conversation.failed_count - 1)


def _save(message: Message) -> None:
    message.save(update_fields=["state", "state_at", "send_at", "sent_at", "external_id", "error_code", "error_reason"])
