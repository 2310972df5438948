"""Doorzetten and terugzetten on the page: the panel with its proposals and the word to the citizen, and the deeds."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox import forms, permissions
from inbox.actions import bounce as bouncing
from inbox.actions import route as routing
from inbox.actions import suggestion
from inbox.actions.refused import Refused
from inbox.models import Conversation, Department, User
from inbox.views import conversation as conversations
from inbox.views import lists
from inbox.views.acts import act, attempt
from inbox.views.composer import Typed
from inbox.views.conversation import SignedIn
from inbox.views.route_word import word_form


@dataclass(frozen=True, slots=True)
class Proposal:
    """A department that may know, and the reason in words."""

    department: Department
    why: str


@require_safe
@never_cache
@login_required
def panel(request: SignedIn, pk: int) -> HttpResponse:
    """What the panel asks for once it opens: the proposals, for htmx; with ``department`` and the word for it, for
    #route-word. Without scripts a page of its own. Changes nothing; 404 for who does not work here."""
    conversation = _workable(request.user, pk)
    department = _department(request.GET.get("department", ""), conversation)
    if request.htmx and request.htmx.target == "route-word":
        if department is None:
            return HttpResponse("")
        word = word_form(conversation, request.user, department)
        return render(request, "inbox/conversation/route_word.html", {"word": word, "conversation": conversation})
    context: dict[str, Any] = {"conversation": conversation, "proposals": proposals(conversation)}
    if request.htmx:
        return render(request, "inbox/conversation/route_proposals.html", context)
    context |= {
        "title": _("Route to a department"),
        "chosen": department,
        "elsewhere": Department.objects.exclude(pk=conversation.department_id),
        "word": word_form(conversation, request.user, department) if department else None,
    }
    return render(request, "inbox/route.html", context | lists.navigation(request.user))


def proposals(conversation: Conversation) -> list[Proposal]:
    """Departments that may know, the surest first."""
    found = suggestion.suggestions(conversation)
    if not found:
        return []
    known = Department.objects.in_bulk([each.department for each in found])
    return [
        Proposal(known[each.department], each.sentence(known[each.department].name))
        for each in found
        if each.department in known
    ]


@act
def route(request: SignedIn, pk: int) -> HttpResponse:
    """Doorzetten, with the reason for the colleagues there and a word to the citizen in the same step."""
    form = forms.RouteForm(request.POST)
    valid = form.is_valid()
    given = form.cleaned_data
    department: Department | None = given.get("department")
    typed = Typed(
        panel="route",
        panel_text=given.get("note", ""),
        panel_choice=department.pk if department else None,
        panel_form=given,
    )

    def deed() -> None:
        if not valid or department is None:
            raise Refused("no_choice", _("Choose a department."))
        word = None
        if given["tell"]:
            word = routing.Word(
                given["word"],
                given["submission"] or uuid4(),
                given["seen"],
                confirm_newer=given["confirm_newer"],
                confirm_personal_data=given["confirm_personal_data"],
                confirm_unfilled=given["confirm_unfilled"],
            )
        routing.route(pk, by=request.user, department=department, note=given["note"], word=word)

    sentence = _("Routed to %(department)s.") % {"department": department}
    if given.get("tell"):
        sentence += " " + _("The citizen hears so.")
    return attempt(request, pk, deed, typed, sentence=sentence)


@act
def bounce(request: SignedIn, pk: int) -> HttpResponse:
    """Terugzetten, with the reason."""
    form = forms.NoteForm(request.POST)
    form.is_valid()
    reason = form.cleaned_data.get("text", "")
    typed = Typed(panel="bounce", panel_text=reason)
    return attempt(
        request, pk, lambda: bouncing.bounce(pk, by=request.user, reason=reason), typed, sentence=_("Sent back.")
    )


def _workable(user: User, pk: int) -> Conversation:
    """Raises Http404."""
    conversation = conversations.visible(user, pk)
    if not permissions.can_work(user, conversation):
        raise Http404
    return conversation


def _department(text: str, conversation: Conversation) -> Department | None:
    if not text.isdecimal() or len(text) > 18:
        return None
    return Department.objects.exclude(pk=conversation.department_id).filter(pk=int(text)).first()
