"""Beside an answer while it is written: hints, and how the citizen will see it. Asked for while one types, or by a
button without scripts. Changes nothing."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from inbox import forms, permissions
from inbox.actions import upload as uploading
from inbox.actions.refused import Refused
from inbox.models import AccountSettings, Conversation
from inbox.views import conversation as conversations
from inbox.views import listing, lists
from inbox.views.advice import MOST_TEXT, advise
from inbox.views.composer import Typed, words_of
from inbox.views.conversation import SignedIn
from inbox.views.previewing import preview_of


@require_POST
@never_cache
@login_required
def check(request: SignedIn, pk: int) -> HttpResponse:
    """The inside of #writing for htmx; without scripts the page, with the text in its place. By POST: a text that is
    not sent yet belongs in no address and no log. 404 for who does not answer here."""
    conversation = _answerable(request, pk)
    typed = typed_of(request)
    if request.htmx:
        agreed = AccountSettings.objects.filter(account=conversation.account_id).values_list("addressing", flat=True)
        advice = advise(conversation, typed.text, agreed.first() or "")
        return render(request, "inbox/conversation/writing.html", {"advice": advice})
    return page(request, conversation, typed)


@require_POST
@never_cache
@login_required
def preview(request: SignedIn, pk: int) -> HttpResponse:
    """The inside of #preview: the answer as the citizen will see it, ending and files included; as ``check``.
    Keeps the words with the pictures."""
    conversation = _answerable(request, pk)
    typed = typed_of(request)
    if words := words_of(request.POST):
        uploading.describe(conversation, request.user, words)
    shown = preview_of(conversation, request.user, typed.text)
    if request.htmx:
        return render(request, "inbox/conversation/preview.html", {"preview": shown})
    return page(request, conversation, typed, preview=shown)


def _answerable(request: SignedIn, pk: int) -> Conversation:
    """Raises Http404 for who does not answer here."""
    conversation = conversations.visible(request.user, pk)
    if not permissions.can_work(request.user, conversation):
        raise Http404
    return conversation


def typed_of(request: SignedIn, more: str = "") -> Typed:
    """What the form of an answer holds now; ``more`` comes below it."""
    form = forms.ReplyForm(request.POST)
    form.is_valid()
    text = form.cleaned_data.get("text", request.POST.get("text", "")[:MOST_TEXT])
    if more:
        text = f"{text.rstrip()}\n\n{more}" if text.strip() else more
    return Typed(text=text, submission=form.cleaned_data.get("submission"))


def page(
    request: SignedIn,
    conversation: Conversation,
    typed: Typed,
    *,
    refused: Refused | None = None,
    preview: object = None,
) -> HttpResponse:
    """The whole page with the text in its place, for a browser without scripts."""
    context = conversations.pane_context(request, conversation, typed=typed, refused=refused)
    context["pane"]["preview"] = preview
    place = lists.place_of(request.user, "todo")
    frame = lists.list_context(place, listing.page(place), conversation.pk)
    return render(request, "inbox/page.html", frame | {"opened": conversation.pk} | context)
