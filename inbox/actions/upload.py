"""Bijlagen bij een antwoord: put on the server at once, checked, made anew when it is a picture, described, sent."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels import media, sniffing
from channels.clock import now
from channels.gateway import capabilities_of
from channels.messages import Files
from inbox import permissions
from inbox.actions.claim import claimed_by_other, not_allowed
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Attachment, AttachmentState, Conversation, Message, Upload, User

MOST_BYTES = media.MAX_BYTES  # that we read at all; a picture may shrink below the platform's limit
MOST_WAITING = 20  # files of one colleague in one conversation, sent or not
KINDS = {"image": "image", "video": "video", "audio": "audio"}


@dataclass(frozen=True, slots=True)
class Words:
    """What a colleague says of a picture."""

    alt_text: str
    decorative: bool


def limits(conversation: Conversation) -> Files:
    """What the platform takes along with an answer here."""
    capabilities = capabilities_of(conversation.account)
    return capabilities.files_public if conversation.public else capabilities.files_private


def of(conversation: Conversation, user: User) -> list[Upload]:
    """The files this colleague put ready here. One query."""
    return list(Upload.objects.filter(conversation=conversation, user=user))


def add(conversation_id: int, *, by: User, file: Any, name: str, size: int) -> Upload:
    """Keep one file for the answer; ``file`` reads bytes and can be wound back.

    Raises NotVisible; Refused "not_allowed", "claimed_by_other", "not_claimed", "no_files", "too_many", "file_type",
    "file_size", "file_damaged"."""
    conversation = _mine(conversation_id, by)
    most = limits(conversation)
    if not most.most:
        raise Refused("no_files", _("No file can go along here."))
    if size > MOST_BYTES:
        raise _too_large(name, MOST_BYTES)
    content_type = sniffing.sniff(file)
    content = file.read()
    if content_type not in most.sizes and content_type == "image/webp":
        content, content_type = _as_jpeg(content), "image/jpeg"
    if content_type not in most.sizes:
        raise Refused("file_type", _("%(name)s cannot go along here. Possible: %(types)s.") % {
            "name": name, "types": types_words(most),
        })  # fmt: skip
    if content_type.startswith("image/"):
        try:
            content = media.to_send(content, content_type, most.sizes[content_type])
        except media.MediaFailed as failed:
            if failed.code == "too_large":
                raise _too_large(name, most.sizes[content_type]) from None
            raise _damaged(name) from None
    elif len(content) > most.sizes[content_type]:
        raise _too_large(name, most.sizes[content_type])
    with transaction.atomic():
        # Two files dropped at once are counted one after the other.
        Conversation.objects.select_for_update(of=("self",)).get(pk=conversation.pk)
        if Upload.objects.filter(conversation=conversation, user=by).count() >= min(most.most, MOST_WAITING):
            raise Refused(
                "too_many",
                ngettext(
                    "At most %(count)s file can go along here.", "At most %(count)s files can go along here.", most.most
                )
                % {"count": most.most},
            )
        upload = Upload(
            user=by,
            conversation=conversation,
            name=_name(name, content_type),
            content_type=content_type,
            size=len(content),
            created_at=now(),
        )
        upload.file.save("file", ContentFile(content), save=False)
        upload.save()
    return upload


def describe(conversation: Conversation, by: User, words: Mapping[int, Words]) -> None:
    """Keep what was typed with the pictures; other people's files are left alone."""
    for upload in Upload.objects.filter(conversation=conversation, user=by, pk__in=words):
        said = words[upload.pk]
        alt_text = "" if said.decorative else said.alt_text.strip()[:1000]
        if (upload.alt_text, upload.decorative) != (alt_text, said.decorative):
            upload.alt_text, upload.decorative = alt_text, said.decorative
            upload.save(update_fields=["alt_text", "decorative"])


def remove(upload_id: int, *, by: User) -> int:
    """It need not go along; the conversation's id. Raises NotVisible when it is not theirs (any more)."""
    upload = Upload.objects.filter(pk=upload_id, user=by).first()
    if upload is None or not Upload.objects.filter(pk=upload_id).delete()[0]:
        raise NotVisible
    upload.file.delete(save=False)
    return upload.conversation_id


def for_answer(conversation: Conversation, by: User, ids: Iterable[int]) -> list[Upload]:
    """The files that go along, locked. Raises Refused "file_gone", "too_many", "file_type", "alt_text"."""
    wanted = sorted(set(ids))
    found = list(
        Upload.objects.select_for_update().filter(conversation=conversation, user=by, pk__in=wanted).order_by("pk")
    )
    if len(found) != len(wanted):
        raise Refused("file_gone", _("A file is not there any more. Look at the files, then send again."))
    most = limits(conversation)
    gifs = any(upload.content_type == "image/gif" for upload in found)
    if len(found) > most.most or (gifs and len(found) > 1):
        raise Refused(
            "too_many", _("These files cannot go along together. Remove one, then send again."), most=most.most
        )
    for upload in found:
        if upload.content_type not in most.sizes:
            raise Refused("file_type", _("%(name)s cannot go along here. Possible: %(types)s.") % {
                "name": upload.name, "types": types_words(most),
            })  # fmt: skip
        if upload.is_picture and not upload.alt_text and not upload.decorative:
            raise Refused(
                "alt_text",
                _("Say what is in the picture, for who cannot see it. Or choose: the picture says nothing by itself."),
                upload=upload.pk,
            )
    return found


def send_along(uploads: Iterable[Upload], message: Message) -> None:
    """They become attachments of the message, inside the change that queues it."""
    for upload in uploads:
        Attachment.objects.create(
            message=message,
            kind=KINDS.get(upload.content_type.partition("/")[0], "file"),
            content_type=upload.content_type,
            name=upload.name,
            text=upload.alt_text,
            file=upload.file.name,
            size=upload.size,
            state=AttachmentState.READY,
        )
        Upload.objects.filter(pk=upload.pk).delete()


def take_back(messages: Iterable[Message], by: User) -> None:
    """The files of messages that did not go are ready to go along again, inside the change that takes them back."""
    for attachment in Attachment.objects.filter(message__in=list(messages)):
        Upload.objects.create(
            user=by,
            conversation_id=attachment.message.conversation_id,
            file=attachment.file.name,
            name=attachment.name,
            content_type=attachment.content_type,
            size=attachment.size or 0,
            alt_text=attachment.text,
            # It went without words because a colleague chose so.
            decorative=attachment.content_type.startswith("image/") and not attachment.text,
            created_at=now(),
        )
        attachment.delete()


def types_words(most: Files) -> str:
    """What may go along: "photo (JPEG, PNG), PDF"."""
    names = {
        "image/jpeg": "JPEG",
        "image/png": "PNG",
        "image/gif": "GIF",
        "image/webp": "WebP",
        "application/pdf": "PDF",
        "video/mp4": "MP4",
    }
    return ", ".join(names.get(kind, kind) for kind in most.sizes)


def _mine(conversation_id: int, by: User) -> Conversation:
    found = Conversation.objects.visible_to(by).select_related("account__app").filter(pk=conversation_id).first()
    if found is None:
        raise NotVisible
    if not permissions.can_work(by, found):
        raise not_allowed()
    if found.assignee_id != by.pk:
        raise claimed_by_other(found)
    return found


def _as_jpeg(content: bytes) -> bytes:
    """A picture of a kind this platform does not take, as one it does. Raises Refused "file_damaged"."""
    made = media.preview(content)
    if made is None:
        raise _damaged("")
    return made


def _name(name: str, content_type: str) -> str:
    """The file's own name, without what could pass for a path, and ending as its type does."""
    name = re.sub(r"[\x00-\x1f]", "", name.replace("\\", "/").rpartition("/")[2]).strip()[-200:] or "bestand"
    ends = {"image/jpeg": (".jpg", ".jpeg"), "image/png": (".png",), "application/pdf": (".pdf",)}.get(content_type)
    if ends and not name.lower().endswith(ends):
        name = name.rpartition(".")[0] or name
        name += ends[0]
    return name


def _too_large(name: str, most: int) -> Refused:
    return Refused(
        "file_size",
        _("%(name)s is too large: at most %(size)s. Make it smaller first.")
        % {"name": name, "size": filesizeformat(most)},
    )


def _damaged(name: str) -> Refused:
    return Refused("file_damaged", _("%(name)s cannot be opened as a picture. Choose another file.") % {"name": name})
