"""The hints beside an answer: asked for while one types, or by a button without scripts. Changes nothing."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from inbox import forms, permissions
from inbox.models import AccountSettings
from inbox.views import conversation as conversations
from inbox.views import listing, lists
from inbox.views.advice import MOST_TEXT, advise
from inbox.views.composer import Typed
from inbox.views.conversation import SignedIn


@require_POST
@never_cache
@login_required
def check(request: SignedIn, pk: int) -> HttpResponse:
    """The inside of #writing for htmx; without scripts the page, with the text in its place. By POST: a text that is
    not sent yet belongs in no address and no log. 404 for who does not answer here."""
    conversation = conversations.visible(request.user, pk)
    if not permissions.can_work(request.user, conversation):
        raise Http404
    form = forms.ReplyForm(request.POST)
    form.is_valid()
    text = form.cleaned_data.get("text", request.POST.get("text", "")[:MOST_TEXT])
    if request.htmx:
        agreed = AccountSettings.objects.filter(account=conversation.account_id).values_list("addressing", flat=True)
        advice = advise(conversation, text, agreed.first() or "")
        return render(request, "inbox/conversation/writing.html", {"advice": advice})
    typed = Typed(text=text, submission=form.cleaned_data.get("submission"))
    context = conversations.pane_context(request, conversation, typed=typed)
    place = lists.place_of(request.user, "todo")
    frame = lists.list_context(place, listing.page(place), pk)
    return render(request, "inbox/page.html", frame | {"opened": pk} | context)
