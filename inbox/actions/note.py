"""Notitie: for colleagues only; in a table of its own, so that the send path can never reach it."""

from django.utils.translation import gettext as _

from channels.clock import now
from inbox import permissions
from inbox.actions import mentions
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed
from inbox.actions.notify import notify
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Conversation, Note, NoteVersion, Notice, NoticeKind, User

MAX_LENGTH = 10_000


def add(conversation_id: int, *, by: User, text: str) -> Note:
    """Leave a note. Raises Refused "empty", "too_long", "not_allowed"."""
    with changing(conversation_id, "noted", by=by) as conversation:
        return write(conversation, by, text)


def write(conversation: Conversation, by: User, text: str, *, allowed: bool = False) -> Note:
    """A note inside another change. Whom it names is told when they see the conversation where it lies by now.
    ``allowed``: the caller saw to the rights of ``by``, who may not see it any more (routing with a note)."""
    if not allowed and not permissions.can_work(by, conversation):
        raise not_allowed()
    text = checked(text)
    found = mentions.mentioned(text, conversation)
    note = Note.objects.create(
        conversation=conversation, author=by, text=text, mentions=found.as_kept, created_at=now()
    )
    conversation.audit_data["note"] = note.pk  # type: ignore[attr-defined]
    notify(found.people, NoticeKind.MENTIONED, conversation, by=by, note=note.pk)
    return note


def edit(note_id: int, *, by: User, text: str) -> Note:
    """Change one's own note; what it said is kept. Who is named in it only now is told. The same text changes nothing.

    Raises NotVisible, Refused "empty", "too_long", "withdrawn", "not_yours", "not_allowed".
    """
    note = _own(note_id, by)
    text = checked(text)
    if note.text == text:
        return note
    with changing(note.conversation_id, "note_edited", by=by, note=note.pk) as conversation:
        note = _locked(note, by, conversation)
        before = mentions.mentioned(note.text, conversation).people
        found = mentions.mentioned(text, conversation)
        moment = now()
        NoteVersion.objects.create(note=note, text=note.text, until=moment)
        note.text, note.mentions, note.edited_at = text, found.as_kept, moment
        note.save(update_fields=["text", "mentions", "edited_at"])
        notify(found.people - before, NoticeKind.MENTIONED, conversation, by=by, note=note.pk)
    return note


def withdraw(note_id: int, *, by: User) -> Note:
    """Take back one's own note: it is said that it stood there. Who was named and has not looked is told no more.

    Raises NotVisible, Refused "withdrawn", "not_yours", "not_allowed".
    """
    note = _own(note_id, by)
    with changing(note.conversation_id, "note_withdrawn", by=by, note=note.pk) as conversation:
        note = _locked(note, by, conversation)
        note.withdrawn_at = now()
        note.save(update_fields=["withdrawn_at"])
        Notice.objects.filter(
            conversation=conversation, kind=NoticeKind.MENTIONED, seen_at__isnull=True, data__note=note.pk
        ).delete()
    return note


def checked(text: str) -> str:
    """The text as it is kept. Raises Refused "empty", "too_long"."""
    text = text.strip().replace("\x00", "")  # PostgreSQL takes none
    if not text:
        raise Refused("empty", _("Write something first."))
    if len(text) > MAX_LENGTH:
        raise Refused("too_long", _("A note holds at most %(max)s characters.") % {"max": MAX_LENGTH})
    return text


def _own(note_id: int, by: User) -> Note:
    visible = Conversation.objects.visible_to(by).values("pk")
    note = Note.objects.filter(pk=note_id, conversation__in=visible).first()
    if note is None:
        raise NotVisible
    _refuse(note, by)
    return note


def _locked(note: Note, by: User, conversation: Conversation) -> Note:
    """As it is now that nobody else changes it."""
    if not permissions.can_work(by, conversation):
        raise not_allowed()
    note.refresh_from_db()
    _refuse(note, by)
    return note


def _refuse(note: Note, by: User) -> None:
    if note.author_id != by.pk:
        raise Refused("not_yours", _("Only who wrote a note can change it or take it back."))
    if note.withdrawn_at is not None:
        raise Refused("withdrawn", _("This note was taken back already."))
