"""Concepten: what a colleague typed is kept on the server, per conversation, for nobody but themselves."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from channels.clock import now
from inbox import permissions
from inbox.actions.claim import not_allowed
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Conversation, Draft, DraftMode, Message, Upload, User

KEPT = timedelta(days=30)
KEPT_AFTER_SENDING = timedelta(hours=1)  # far longer than any account's undo
LONGEST = 100_000


def of(conversation: Conversation, user: User) -> dict[str, Draft]:
    """This colleague's drafts here by mode. One query."""
    found = Draft.objects.filter(conversation=conversation, user=user, sent_at=None)
    return {draft.mode: draft for draft in found}


def save(
    conversation_id: int,
    *,
    by: User,
    mode: str,
    text: str,
    version: int,
    submission: UUID | None = None,
    force: bool = False,
) -> Draft | None:
    """Keep what was typed; None when there is nothing to keep (empty, or its form was sent already).

    ``version``: the draft this text grew from, 0 when there was none. Another text by a newer version (another tab)
    is never overwritten unless ``force``: Refused "draft_elsewhere" with that draft's text and version. Raises
    NotVisible, Refused "not_allowed".
    """
    conversation = Conversation.objects.visible_to(by).filter(pk=conversation_id).first()
    if conversation is None:
        raise NotVisible
    if not permissions.can_work(by, conversation):
        raise not_allowed()
    text = text[:LONGEST].replace("\x00", "")  # PostgreSQL takes none
    with transaction.atomic():
        draft, _new = Draft.objects.select_for_update().get_or_create(
            user=by,
            conversation=conversation,
            mode=DraftMode(mode),
            defaults={"text": "", "version": 0, "updated_at": now()},
        )
        # A save that was under way while its form was sent must not bring the text back.
        if submission is not None and Message.objects.filter(submission=submission, author=by).exists():
            if draft.version == 0:
                draft.delete()
            return None
        there = draft.sent_at is None and bool(draft.text)
        if there and draft.version != version and draft.text != text and not force:
            raise Refused("draft_elsewhere", "", text=draft.text, version=draft.version)
        if not text.strip():
            draft.delete()
            return None
        if not there or draft.text != text or draft.submission != submission:
            draft.text, draft.submission, draft.sent_at = text, submission, None
            draft.version += 1
        draft.updated_at = now()
        draft.save()
    return draft


def sent(conversation: Conversation, by: User, mode: str, text: str = "", submission: UUID | None = None) -> None:
    """It went: no draft any more. With ``submission`` it is kept aside for a moment, to be taken back as it was."""
    mine = Draft.objects.filter(user=by, conversation=conversation, mode=mode)
    if submission is None:
        mine.delete()
        return
    moment = now()
    Draft.objects.update_or_create(
        user=by,
        conversation=conversation,
        mode=mode,
        defaults={"text": text, "submission": submission, "updated_at": moment, "sent_at": moment},
    )


def forget_old() -> int:
    """What nobody came back to for KEPT goes, files too; how many drafts and files."""
    moment = now()
    gone = Draft.objects.filter(updated_at__lt=moment - KEPT).delete()[0]
    Draft.objects.filter(sent_at__lt=moment - KEPT_AFTER_SENDING).delete()
    for upload in Upload.objects.filter(created_at__lt=moment - KEPT)[:1000]:
        upload.delete()
        upload.file.delete(save=False)
        gone += 1
    return gone
