"""Ongedaan maken: an answer that did not go yet is taken back into the composer, as it was typed."""

from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from channels.clock import now
from inbox import kick, standard_texts
from inbox.actions import held, upload
from inbox.actions.changing import changing
from inbox.actions.refused import NotVisible, Refused
from inbox.actions.reply import MOST_PARTS, submitted
from inbox.actions.standard_reply import ending_of
from inbox.models import AccountSettings, Conversation, Delivery, Direction, Draft, DraftMode, Message, User

UNDONE = "undone"  # Message.error_reason of what was taken back: the thread does not show it


def undo(message_id: int, *, by: User, stopping: bool = False) -> Draft | None:
    """Take back one's own answer, all its posts and files, while none of it was handed to the platform; the draft it
    became. ``stopping``: it was one of many to which somebody called a halt: anybody's, and it leaves no draft.
    Raises NotVisible; Refused "too_late", also for what is not one's own."""
    found = Message.objects.filter(pk=message_id, direction=Direction.OUT).values_list("conversation_id", flat=True)
    conversation_id = found.first()
    if conversation_id is None:
        raise NotVisible
    with changing(conversation_id, "send_undone", by=by, message=message_id) as conversation:
        message = Message.objects.defer("search").get(pk=message_id)
        author = message.author
        if author is None or (author != by and not stopping) or message.submission is None:
            raise _too_late()
        parts = whole(message, author)
        # By compare-and-swap: the outbox takes queued messages without the conversation's lock.
        mine = Message.objects.filter(pk__in=[part.pk for part in parts], state=Delivery.QUEUED, attempts=0)
        moment = now()
        taken = mine.update(state=Delivery.WITHDRAWN, state_at=moment, send_at=None, error_reason=UNDONE)
        if not parts or taken != len(parts):
            raise _too_late()
        upload.take_back(parts, author)
        draft = None if stopping else back_to_draft(conversation, by, parts)
        _show_what_is_last(conversation)
        transaction.on_commit(kick.kick_outbox)  # what waited behind it may go
    return draft


def whole(message: Message, by: User) -> list[Message]:
    """All posts of the answer of ``by`` that this one is a part of."""
    before = Message.objects.defer("search").filter(
        conversation=message.conversation_id, author=by, submission__isnull=False, pk__lte=message.pk
    )
    for first in before.order_by("-pk")[:MOST_PARTS]:
        parts = submitted(first.submission, by, message.conversation_id) if first.submission else []
        if any(part.pk == message.pk for part in parts[1:]) or (first.pk == message.pk and len(parts) > 1):
            return parts
    return [message]


def back_to_draft(conversation: Conversation, by: User, parts: list[Message]) -> Draft:
    """A draft of ``by`` as it was typed; what was typed since stands below it."""
    moment = now()
    draft = Draft.objects.select_for_update().filter(user=by, conversation=conversation, mode=DraftMode.REPLY).first()
    if draft is not None and draft.sent_at is not None and draft.submission == parts[0].submission:
        text = draft.text
    else:
        agreed = AccountSettings.objects.filter(account=conversation.account_id).first()
        text = standard_texts.unsigned(held.whole([part.text for part in parts]), ending_of(agreed, by))
        if draft is not None and draft.sent_at is None and draft.text.strip():
            text = f"{text}\n\n{draft.text}"
    if draft is None:
        draft = Draft(user=by, conversation=conversation, mode=DraftMode.REPLY, version=0)
    # A new form: the old one's number belongs to what was taken back.
    draft.text, draft.submission, draft.sent_at, draft.updated_at = text, uuid4(), None, moment
    draft.version += 1
    if text.strip():
        draft.save()
    elif draft.pk:
        draft.delete()
    return draft


def _show_what_is_last(conversation: Conversation) -> None:
    last = conversation.messages.exclude(state=Delivery.WITHDRAWN, error_reason=UNDONE).order_by("sent_at", "id").last()
    if last is not None:
        conversation.last_message_at = last.sent_at
        conversation.last_message_text = last.text[:200]
        conversation.last_message_out = last.direction == Direction.OUT


def _too_late() -> Refused:
    return Refused("too_late", _("This answer is on its way already. It cannot be taken back any more."))
