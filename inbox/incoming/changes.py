"""Edits, deletes, hiding and receipts on messages we have, and remembered for those that are still to come."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from channels.events import clean
from channels.messages import (
    Attachment as ToldAttachment,
)
from channels.messages import (
    DeliveryReceipt,
    MessageDeleted,
    MessageEdited,
    MessageHidden,
    Reacted,
)
from channels.models import Account
from inbox.incoming import reactions, receipts
from inbox.incoming.batch import Batch, watermark
from inbox.models import Attachment, AttachmentState, Conversation, Delivery, EarlyChange, Message, MessageVersion

EDITED, DELETED, HIDDEN = "edited", "deleted", "hidden"
_NEVER = datetime.min.replace(tzinfo=UTC)
FILES = {"image", "video", "audio", "file", "sticker"}


def edited(batch: Batch, account: Account, item: MessageEdited) -> None:
    """The platform's time decides which text is the last."""
    message = batch.message(account, item.external_id)
    if message is not None:
        change_text(batch, message, item.text, item.at, item.attachments)
        return
    data: dict[str, Any] = {"text": clean(item.text)}
    if item.attachments is not None:
        data["attachments"] = [_as_data(told) for told in item.attachments]
    _remember(batch, account, item.external_id, EarlyChange(what=EDITED, data=data, at=item.at))


def deleted(batch: Batch, account: Account, item: MessageDeleted) -> None:
    """Gone at the platform; the text is kept as an earlier version."""
    message = batch.message(account, item.external_id)
    if message is not None:
        delete(batch, message, item.at)
        return
    _remember(batch, account, item.external_id, EarlyChange(what=DELETED, data={}, at=item.at))


def hidden(batch: Batch, account: Account, item: MessageHidden) -> None:
    """Out of the public's sight, or back in it."""
    message = batch.message(account, item.external_id)
    if message is not None:
        hide(batch, message, item.hidden, item.at)
        return
    _remember(batch, account, item.external_id, EarlyChange(what=HIDDEN, data={"hidden": item.hidden}, at=item.at))


def reacted(batch: Batch, account: Account, item: Reacted) -> None:
    """A symbol under a message, or no more: shown there, and it changes nothing else."""
    place = reactions.key(account, item)
    if reactions.newer(item, batch.reactions.get(place)):
        batch.reactions[place] = item
    message = batch.message(account, item.external_id)
    if message is not None and message.pk is not None:
        conversation = batch.conversation(message)
        batch.reacted[conversation.pk] = conversation


def receipt(batch: Batch, account: Account, item: DeliveryReceipt) -> None:
    """How far a message of ours came; without an id, all of a thread up to a moment."""
    if not item.external_id:
        _watermark(batch, account, item)
        return
    message = batch.message(account, item.external_id)
    if message is None:
        _remember(batch, account, item.external_id, receipts.early(item))
    elif message.direction == "out":
        _advance(batch, message, item.state, item.at, item.code, item.reason)


def apply_early(batch: Batch, account: Account, message: Message, earlier_ids: Iterable[str] = ()) -> None:
    """What was remembered for this message, in the platform's order; ``message`` is new, or has a newer id. Also what
    was told of it under an earlier id."""
    names = (message.external_id, *earlier_ids)
    waiting = [change for name in names for change in batch.early.pop((account.pk, name), [])]
    if message.direction == "out" and not message.public:
        _read_before(batch, account, message)
    for change in sorted(waiting, key=lambda found: found.at):
        if change.what == EDITED:
            told = change.data.get("attachments")
            change_text(batch, message, change.data["text"], change.at, None)
            if told is not None:
                add_attachments(batch, message, tuple(ToldAttachment(**found) for found in told))
        elif change.what == DELETED:
            delete(batch, message, change.at)
        elif change.what == HIDDEN:
            hide(batch, message, bool(change.data["hidden"]), change.at)
        elif message.direction == "out":
            _advance(batch, message, change.what, change.at, change.data.get("code", ""), change.data.get("reason", ""))
        if change in batch.new_early:
            batch.new_early.remove(change)
        else:
            batch.early_done.append(change.pk)


def change_text(
    batch: Batch, message: Message, text: str, at: datetime, told: tuple[ToldAttachment, ...] | None
) -> None:
    """A newer text; one that is older than what we show changes nothing, and neither does the same change again."""
    before, text = message.text, clean(text)
    if message.deleted_at is not None or at < (message.edited_at or _NEVER):
        return
    if at == message.edited_at and (text == before or _told_before(batch, message, text, at)):
        return
    conversation = batch.conversation(message)
    message.edited_at = at  # also when the words are the same: an older change that comes later stays older
    batch.touch(message)
    if text != before:
        keep_version(batch, message, before, at)
        message.text = text
        _copy_text(conversation, message, before)
    if told:
        add_attachments(batch, message, told)
    batch.changes.note(conversation, "message_edited", messages=[message])


def _told_before(batch: Batch, message: Message, text: str, at: datetime) -> bool:
    """Whether an edit of this very moment brought this text already. Facebook tells whole seconds: of two edits in one
    the last that comes is shown, unless it is the first one told again. One query, in that second only."""
    kept: list[str] = []
    if message.pk is not None:
        rows = MessageVersion.objects.filter(message=message, until=at).order_by("id")
        kept += rows.values_list("text", flat=True)
    kept += [found.text for found in batch.new_versions if found.message is message and found.until == at]
    return text in kept[1:]  # the first is what stood there before that second


def delete(batch: Batch, message: Message, at: datetime) -> None:
    """The text goes into an earlier version, so that no list or search shows it any more."""
    if message.deleted_at is not None:
        return
    before, conversation = message.text, batch.conversation(message)
    keep_version(batch, message, before, at)
    message.text, message.deleted_at = "", at
    batch.touch(message)
    _copy_text(conversation, message, before)
    batch.changes.note(conversation, "message_deleted", messages=[message])


def hide(batch: Batch, message: Message, out_of_sight: bool, at: datetime) -> None:
    """``hidden_at`` set or emptied. The platforms send no older one after a newer one that matters."""
    if (message.hidden_at is not None) == out_of_sight:
        return
    message.hidden_at = at if out_of_sight else None
    batch.touch(message)
    verb = "message_hidden" if out_of_sight else "message_shown"
    batch.changes.note(batch.conversation(message), verb, messages=[message])


def keep_version(batch: Batch, message: Message, text: str, until: datetime) -> None:
    """A text it had until then."""
    batch.new_versions.append(MessageVersion(message=message, text=clean(text), until=until))


def add_attachments(batch: Batch, message: Message, told: tuple[ToldAttachment, ...]) -> None:
    """Rows for what came along; files are fetched by their own job."""
    known: set[tuple[str, str, str]] = set()
    if message.pk is not None:
        rows = Attachment.objects.filter(message=message)
        known = {(row.kind, row.source_url, row.external_id) for row in rows}
    for found in told:
        address = found.url if len(found.url) <= 2000 else ""
        if (found.kind, address, found.external_id[:200]) in known:
            continue
        is_file = found.kind in FILES
        state = AttachmentState.NONE
        if is_file:
            state = AttachmentState.PENDING if address else AttachmentState.FAILED
        batch.new_attachments.append(
            Attachment(
                message=message,
                kind=found.kind[:10],
                source_url=address,
                external_id=clean(found.external_id)[:200],
                content_type=clean(found.content_type)[:100],
                name=clean(found.name)[:255],
                text=clean(found.text),
                latitude=found.latitude,
                longitude=found.longitude,
                state=state,
                error="no_address" if state == AttachmentState.FAILED else "",
                fetch_at=message.created_at or message.sent_at if state == AttachmentState.PENDING else None,
            )
        )
        batch.conversation(message).has_attachment = True


def _remember(batch: Batch, account: Account, external_id: str, change: EarlyChange) -> None:
    name = batch.current(account, external_id)
    held = batch.early[(account.pk, name)]
    same = next((found for found in held if (found.what, found.at) == (change.what, change.at)), None)
    if same is not None and same.data == change.data:
        return
    if same is not None:  # two in one second: the last that comes
        held.remove(same)
        if same in batch.new_early:
            batch.new_early.remove(same)
        else:
            batch.early_done.append(same.pk)
    batch.remember(account, name, change)


def _copy_text(conversation: Conversation, message: Message, before: str) -> None:
    if conversation.last_message_at == message.sent_at and conversation.last_message_text == before[:200]:
        conversation.last_message_text = message.text[:200]
    if conversation.subject == before[:200] and message.text and message.direction == "in":
        conversation.subject = message.text[:200]


def _advance(batch: Batch, message: Message, state: str, at: datetime, code: str, reason: str) -> None:
    if not receipts.advance(message, state, at, code, reason):
        return
    batch.touch(message)
    conversation = batch.conversation(message)
    if message.state == Delivery.FAILED:
        batch.changes.note(
            conversation, "send_failed", message=message, code=message.error_code, reason=message.error_reason
        )
        receipts.came_back(conversation, message, batch.clocks)
    else:
        batch.changes.note(conversation, f"message_{message.state}", messages=[message])


def _read_before(batch: Batch, account: Account, message: Message) -> None:
    """What was told of the whole thread before this message of ours was: kept, for later ones."""
    thread = watermark(batch.conversation(message).identity.external_id)
    for change in batch.early.get((account.pk, thread), []):
        if change.at >= message.sent_at:
            _advance(batch, message, change.what, change.at, "", "")


def _watermark(batch: Batch, account: Account, item: DeliveryReceipt) -> None:
    name = watermark(item.thread_id)
    held = batch.early[(account.pk, name)]
    newest = max((found.at for found in held if found.what == item.state), default=_NEVER)
    if item.at > newest:
        # Kept for an answer of ours that is recorded only after its receipt came.
        batch.early_done += [found.pk for found in held if found.what == item.state and found.pk is not None]
        batch.remember(account, name, receipts.early(item))
    identity = batch.identities.get((account.kind, item.thread_id))
    if identity is None or identity.pk is None:
        return
    sent = Message.objects.filter(
        conversation__in=[found.pk for found in batch.conversations.values() if found.identity is identity],
        account=account,
        direction="out",
        public=False,
        state__in=receipts.before(item.state),
        sent_at__lte=item.at,
    ).exclude(external_id="")
    for row in sent.defer("search"):
        message = batch.messages.setdefault((account.pk, row.external_id), row)
        if message is row:
            message.conversation = batch.conversations[message.conversation_id]
        _advance(batch, message, item.state, item.at, item.code, item.reason)
    # What this very batch has told of, an echo say, the database does not show yet.
    for message in batch.messages.values():
        ours = message.direction == "out" and not message.public and message.account_id == account.pk
        if ours and message.sent_at <= item.at and batch.conversation(message).identity is identity:
            _advance(batch, message, item.state, item.at, item.code, item.reason)


def _as_data(told: ToldAttachment) -> dict[str, Any]:
    return {
        "kind": told.kind,
        "url": told.url,
        "content_type": told.content_type,
        "name": clean(told.name),
        "external_id": told.external_id,
        "latitude": told.latitude,
        "longitude": told.longitude,
        "text": clean(told.text),
    }
