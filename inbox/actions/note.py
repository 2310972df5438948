"""Notitie: for colleagues only; in a table of its own, so that the send path can never reach it."""

from django.utils.translation import gettext as _

from channels.clock import now
from inbox import permissions
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed
from inbox.actions.refused import Refused
from inbox.models import Conversation, Note, User

MAX_LENGTH = 10_000


def add(conversation_id: int, *, by: User, text: str) -> Note:
    """Leave a note. Raises Refused "empty", "too_long", "not_allowed"."""
    with changing(conversation_id, "noted", by=by) as conversation:
        return write(conversation, by, text)


def write(conversation: Conversation, by: User, text: str) -> Note:
    """A note inside another change (routing with a note)."""
    if not permissions.can_work(by, conversation):
        raise not_allowed()
    text = text.strip()
    if not text:
        raise Refused("empty", _("Write something first."))
    if len(text) > MAX_LENGTH:
        raise Refused("too_long", _("A note holds at most %(max)s characters.") % {"max": MAX_LENGTH})
    note = Note.objects.create(conversation=conversation, author=by, text=text, created_at=now())
    conversation.audit_data["note"] = note.pk  # type: ignore[attr-defined]
    return note
