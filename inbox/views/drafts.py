"""Drafts kept while one types, and taken up again in another tab, after a reload or a log-in."""

import re
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from inbox.actions import draft
from inbox.actions import upload as uploading
from inbox.actions.refused import NotVisible, Refused
from inbox.models import DraftMode
from inbox.views import conversation as conversations
from inbox.views.composer import words_of
from inbox.views.conversation import SignedIn


@require_POST
@never_cache
@login_required
def save(request: SignedIn, pk: int) -> HttpResponse:
    """JSON {"version"} (0: there is no draft any more); 409 {"text", "version"} when another tab has another text."""
    mode = request.POST.get("mode", "")
    version = request.POST.get("version", "0")
    if mode not in DraftMode.values or not re.fullmatch(r"[0-9]{1,9}", version):
        return JsonResponse({}, status=400)
    if words := words_of(request.POST):
        uploading.describe(conversations.visible(request.user, pk), request.user, words)
    try:
        kept = draft.save(
            pk,
            by=request.user,
            mode=mode,
            text=request.POST.get("text", "").replace("\r\n", "\n"),
            version=int(version),
            submission=_uuid(request.POST.get("submission", "")),
            force=bool(request.POST.get("force")),
        )
    except NotVisible:
        return JsonResponse({}, status=404)
    except Refused as refusal:
        status = 409 if refusal.code == "draft_elsewhere" else 403
        return JsonResponse(refusal.data, status=status)
    return JsonResponse({"version": kept.version if kept else 0})


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
