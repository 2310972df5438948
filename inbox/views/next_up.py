"""Volgende: the button above the list that hands out work."""

import json
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inbox.actions import take_next as taking
from inbox.actions.refused import Refused
from inbox.models import User
from inbox.views import bulk, places
from inbox.views.conversation import SignedIn


@require_POST
@login_required
def take_next(request: SignedIn) -> HttpResponse:
    """With scripts the inside of #next-outcome: empty, and word to open the conversation, or a sentence. Without: the
    conversation, or a page with the sentence."""
    try:
        found = taking.take_next(by=request.user)
    except Refused as refusal:
        return _told(request, str(refusal))
    if found is None:
        return _told(request, nothing_words(request.user))
    place = urlsplit(bulk.back(request))
    address = place.path if place.path != reverse("inbox") else reverse("list", args=["todo"])
    path = f"{address}{found.pk}/{'?' + place.query if place.query else ''}"
    if not request.htmx:
        return redirect(path)
    response = HttpResponse()
    response["HX-Trigger"] = json.dumps({"open-conversation": {"path": path}, "conversation-changed": {"id": found.pk}})
    return response


def nothing_words(user: User) -> str:
    """That there is nothing to hand out, and why when something does wait."""
    if taking.more_for_others(user):
        return _("Nothing waits for you. What waits is on other channels, or in a language you do not speak.")
    return _("Nothing to hand out: everything has been claimed.")


def _told(request: SignedIn, sentence: str) -> HttpResponse:
    context = {"title": _("Pick up the next conversation"), "sentence": sentence, "back": bulk.back(request)}
    if request.htmx:
        return render(request, "inbox/list/bulk_outcome.html", context)
    return render(request, "inbox/list/bulk_outcome_page.html", context | places.navigation(request.user))
