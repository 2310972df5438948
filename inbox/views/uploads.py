"""Files to send along: put on the server at once, described, removed; and where a platform may fetch them."""

from pathlib import Path

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from channels import media
from inbox import public_files
from inbox.actions import upload as uploading
from inbox.actions.refused import Refused
from inbox.models import Attachment, Conversation, Direction, Upload
from inbox.views import conversation as conversations
from inbox.views.acts import act, unreadable
from inbox.views.attachments import SANDBOX, locked
from inbox.views.composer import words_of
from inbox.views.conversation import SignedIn
from inbox.views.writing import page, typed_of


@act
def add(request: SignedIn, pk: int) -> HttpResponse:
    """One file or several: the inside of #files with what is there now and, for what could not be kept, why. Without
    scripts the page, with the text in its place."""
    conversation = conversations.visible(request.user, pk)
    uploading.describe(conversation, request.user, words_of(request.POST))
    refused: list[Refused] = []
    given = request.FILES.getlist("file")
    if not given:
        refused.append(unreadable())
    for file in given:
        try:
            uploading.add(pk, by=request.user, file=file, name=file.name or "", size=file.size or 0)
        except Refused as refusal:
            refused.append(refusal)
    return shown(request, conversation, refused)


@act
def remove(request: SignedIn, pk: int) -> HttpResponse:
    """It need not go along; answers as ``add``."""
    mine = Upload.objects.filter(pk=pk, user=request.user).values_list("conversation_id", flat=True).first()
    if mine is None:
        raise Http404
    conversation = conversations.visible(request.user, mine)
    uploading.describe(conversation, request.user, words_of(request.POST))
    uploading.remove(pk, by=request.user)
    return shown(request, conversation, [])


def shown(request: SignedIn, conversation: Conversation, refused: list[Refused]) -> HttpResponse:
    """The files as they are now: a fragment, or the page."""
    if not request.htmx:
        return page(request, conversation, typed_of(request), refused=refused[0] if refused else None)
    context = {
        "conversation": conversation,
        "files": uploading.of(conversation, request.user),
        "sentences": [str(each) for each in refused],
    }
    return render(request, "inbox/conversation/files.html", context)


@require_safe
@login_required
@locked
def preview(request: SignedIn, pk: int) -> HttpResponseBase:
    """A picture that is put ready, for who put it there."""
    found = Upload.objects.filter(pk=pk, user=request.user).first()
    if found is None or not found.is_picture:
        raise Http404
    path = Path(found.file.path)
    try:
        kept = media.preview_path(path)
        picture = kept.read_bytes() if kept.exists() else media.keep_preview(path)
    except FileNotFoundError:
        raise Http404 from None
    if picture is None:
        raise Http404
    return HttpResponse(picture, content_type="image/jpeg", headers={"Content-Disposition": "inline"})


@require_safe
@never_cache
def public(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """A file of an answer, for the platform that sends it: by the address that inbox.public_files gave out, alone."""
    pk = public_files.attachment_id(token)
    found = Attachment.objects.filter(pk=pk, message__direction=Direction.OUT).first() if pk is not None else None
    if found is None or not found.file:
        raise Http404
    try:
        response = FileResponse(found.file.open("rb"), content_type=found.content_type, filename=name)
    except FileNotFoundError:
        raise Http404 from None
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
