"""Hele draad ophalen: what others said around a public conversation, from the platform, to read along with."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from inbox import permissions, thread_context
from inbox.views.acts import act, attempt
from inbox.views.attachments import locked
from inbox.views.conversation import SignedIn


@act
def fetch_thread(request: SignedIn, pk: int) -> HttpResponse:
    """POST; the pane with what came."""
    return attempt(request, pk, lambda: thread_context.fetch(pk, by=request.user))


@require_safe
@login_required
@locked
def post_picture(request: SignedIn, pk: int, post: int) -> HttpResponseBase:
    """The picture with the post on top of the thread, made anew as a JPEG; also for who reads along to advise. 404
    while it is not here."""
    conversation = permissions.readable_by(request.user).filter(pk=pk).first()
    picture = conversation and thread_context.picture_of(conversation, post)
    if picture is None:
        raise Http404
    return HttpResponse(picture, content_type="image/jpeg", headers={"Content-Disposition": "inline"})
