"""Files that came along: only for who may see the conversation, never as something a browser would run."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from channels import media
from inbox import permissions
from inbox.actions.refetch import refetch
from inbox.actions.refused import NotVisible
from inbox.models import Attachment, AttachmentState, Conversation, User
from inbox.views import acts
from inbox.views.conversation import SignedIn

# Types that a browser shows or plays without running anything of them; every other file is only bytes.
HARMLESS = re.compile(r"(image/(jpeg|png|gif|webp)|audio/[\w.+-]+|video/[\w.+-]+|application/pdf)\Z")
SANDBOX = "sandbox; default-src 'none'; style-src 'none'; script-src 'none'; media-src 'self'"
KEEP = "private, max-age=600"


def locked(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Headers for bytes of strangers."""

    def answer(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = SANDBOX
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        if response.status_code == 200:
            response["Cache-Control"] = KEEP
        return response

    return answer


@require_safe
@login_required
@locked
def attachment(request: SignedIn, pk: int) -> HttpResponseBase:
    """The file as a download under the name it came with. 404 unless it is here and theirs to see.

    A part of it when one part is asked for: some players play nothing else, and none can wind without."""
    found = _found(request.user, pk)
    kind = found.content_type if HARMLESS.match(found.content_type) else "application/octet-stream"
    try:
        content = found.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    size = found.file.size
    part = _part(request.headers.get("range", ""), size)
    if part is None:
        response: HttpResponseBase = FileResponse(content, as_attachment=True, filename=_name(found), content_type=kind)
    elif part.start >= size:
        content.close()
        response = HttpResponse(status=416, content_type=kind, headers={"Content-Range": f"bytes */{size}"})
        response["Content-Disposition"] = "attachment"
    else:
        content.seek(part.start)
        response = FileResponse(
            _Part(content, len(part)), as_attachment=True, filename=_name(found), content_type=kind, status=206
        )
        response["Content-Length"] = str(len(part))
        response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    response["Accept-Ranges"] = "bytes"
    return response


@require_safe
@login_required
@locked
def preview(request: SignedIn, pk: int) -> HttpResponseBase:
    """A picture, made anew as a JPEG: nothing of the sender's bytes reaches the page. 404 for what is no picture."""
    found = _found(request.user, pk)
    path = Path(found.file.path)
    try:
        picture = _kept(media.preview_path(path)) or media.keep_preview(path)
    except FileNotFoundError:
        raise Http404 from None
    if picture is None:
        raise Http404
    return HttpResponse(picture, content_type="image/jpeg", headers={"Content-Disposition": "inline"})


@acts.act
def retry(request: SignedIn, pk: int) -> HttpResponse:
    """Opnieuw ophalen: POST, back to the conversation, where it now says that it is being fetched."""
    visible = Conversation.objects.visible_to(request.user)
    found = Attachment.objects.filter(pk=pk, message__conversation__in=visible)
    conversation_id = found.values_list("message__conversation_id", flat=True).first()
    if conversation_id is None:
        raise NotVisible
    return acts.attempt(request, conversation_id, lambda: refetch(pk, by=request.user))


def _kept(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _part(asked: str, size: int) -> range | None:
    """The bytes of a Range header with one part (RFC 9110, 14.2), from ``size`` on when there are none; None for the
    whole file, also when we cannot read what is asked."""
    found = re.fullmatch(r"bytes=(\d{0,15})-(\d{0,15})", asked.strip())
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:
        return range(max(size - int(found[2]), 0), size) if int(found[2]) else range(size, size)
    start, last = int(found[1]), int(found[2]) if found[2] else size - 1
    if found[2] and last < start:
        return None
    return range(start, max(min(last + 1, size), start))


class _Part:
    """The next ``length`` bytes of an open file, as a file."""

    def __init__(self, file: Any, length: int) -> None:
        self._file = file
        self._left = length

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes of what is left."""
        piece: bytes = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """The file itself."""
        self._file.close()


def _found(user: User, pk: int) -> Attachment:
    """Raises Http404 for what is not here, not theirs, or taken back by the citizen and they may only read."""
    found = (
        Attachment.objects.select_related("message__conversation")
        .filter(
            pk=pk,
            state=AttachmentState.READY,
            message__conversation__in=permissions.readable_by(user),
        )
        .first()
    )
    if found is None or not found.file:
        raise Http404
    message = found.message
    if message.deleted_at is not None and not permissions.can_work(user, message.conversation):
        raise Http404
    return found


def _name(found: Attachment) -> str:
    """The sender's name without what could pass for a path; Django quotes the rest."""
    name = found.name.replace("\\", "/").rpartition("/")[2].strip()
    return name or f"{found.kind}-{found.pk}"
