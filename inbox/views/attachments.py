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
    """The file as a download under the name it came with. 404 unless it is here and theirs to see."""
    found = _found(request.user, pk)
    kind = found.content_type if HARMLESS.match(found.content_type) else "application/octet-stream"
    try:
        return FileResponse(found.file.open("rb"), as_attachment=True, filename=_name(found), content_type=kind)
    except FileNotFoundError:
        raise Http404 from None


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


def _found(user: User, pk: int) -> Attachment:
    """Raises Http404 for what is not here, not theirs, or taken back by the citizen and they may only read."""
    found = (
        Attachment.objects.select_related("message__conversation")
        .filter(
            pk=pk,
            state=AttachmentState.READY,
            message__conversation__in=Conversation.objects.visible_to(user),
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
