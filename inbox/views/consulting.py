"""Advies vragen, on the page of whoever has the conversation: ask, withdraw, take the answer over."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from channels.clock import now
from inbox import forms, permissions
from inbox.actions import advice
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AdviceRequest, Department, User
from inbox.views import conversation as conversations
from inbox.views import lists
from inbox.views.acts import act, attempt
from inbox.views.ask_form import ask_form
from inbox.views.composer import Typed
from inbox.views.conversation import SignedIn
from inbox.views.writing import page, typed_of


@require_safe
@never_cache
@login_required
def panel(request: SignedIn, pk: int) -> HttpResponse:
    """The form, asked for once its panel opens; without scripts a page of its own. 404 for who does not work here."""
    conversation = conversations.visible(request.user, pk)
    if not permissions.can_work(request.user, conversation):
        raise Http404
    context = {"conversation": conversation, "ask": ask_form(conversation, request.user, now())}
    if request.htmx:
        return render(request, "inbox/conversation/ask_advice.html", context)
    context |= {"title": _("Ask for advice")}
    return render(request, "inbox/ask_advice.html", context | lists.navigation(request.user))


@act
def ask(request: SignedIn, pk: int) -> HttpResponse:
    """Advies vragen."""
    form = forms.AdviceForm(request.POST)
    form.is_valid()
    given = form.cleaned_data

    def deed() -> None:
        of = _asked(str(given.get("of", "")))
        if of is None:
            raise Refused("no_choice", _("Choose who you ask."))
        advice.ask(pk, by=request.user, question=given.get("question", ""), minutes=given.get("minutes") or 0, of=of)

    return attempt(request, pk, deed, Typed(panel="advice", panel_form=given))


@act
def withdraw(request: SignedIn, pk: int) -> HttpResponse:
    """Intrekken."""
    return attempt(request, _conversation_of(pk), lambda: advice.withdraw(pk, by=request.user))


@act
def use(request: SignedIn, pk: int) -> HttpResponse:
    """Overnemen: JSON {"text"} for the scripts; without them the page, with the advice below what was typed."""
    taken = advice.use(pk, by=request.user)
    if "application/json" in request.headers.get("accept", ""):
        return JsonResponse({"text": taken.answer})
    typed = typed_of(request, more=taken.answer)
    return page(request, conversations.visible(request.user, taken.conversation_id), typed)


def _asked(value: str) -> User | Department | None:
    number = int(value[1:]) if value[1:].isdecimal() and len(value) < 19 else 0
    if value.startswith("u"):
        return User.objects.filter(pk=number, is_active=True).first()
    return Department.objects.filter(pk=number).first() if value.startswith("d") else None


def _conversation_of(request_id: int) -> int:
    found = AdviceRequest.objects.filter(pk=request_id).values_list("conversation_id", flat=True).first()
    if found is None:
        raise NotVisible
    return found
