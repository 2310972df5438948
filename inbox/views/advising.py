"""Advies geven, for whoever is asked: what is asked of them, and the page where they read along and answer. The address
holds an id only; whoever opens it from a mail logs in first, and sees it only when they are asked."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from channels.clock import now
from inbox import forms, permissions, sla
from inbox.actions import advice
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AdviceRequest, AdviceState, Conversation, User
from inbox.views import lists, thread
from inbox.views.advice_items import until
from inbox.views.around import context_of
from inbox.views.conversation import SignedIn
from inbox.views.listing import Cursor
from inbox.views.messages import linked

MOST = 100
KEPT = timedelta(days=30)  # answered longer ago than this is found in its conversation
BEGINNING = Cursor(datetime(2000, 1, 1, tzinfo=UTC), 0)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as the pages show it."""

    request: AdviceRequest
    question: SafeString
    answer: SafeString
    until: str
    tone: str
    due: str
    ended: str


@require_safe
@never_cache
@login_required
def overview(request: SignedIn) -> HttpResponse:
    """What is asked of this colleague, the first due on top, and what they asked of others. Two queries."""
    moment = now()
    known = AdviceRequest.objects.select_related("asked_by", "expert", "department", "answered_by")
    known = known.select_related("conversation__account", "conversation__identity").defer(
        "conversation__account__secrets"
    )
    of_me = known.asked_of(request.user).open().order_by("due_at", "pk")[:MOST]
    recent = Q(state=AdviceState.OPEN) | Q(state=AdviceState.ANSWERED, ended_at__gt=moment - KEPT)
    by_me = known.filter(recent, asked_by=request.user).order_by("-asked_at", "-pk")[:MOST]
    context = {
        "title": _("Advice"),
        "of_me": [asked(each, moment) for each in of_me],
        "by_me": [asked(each, moment) for each in by_me],
    }
    return render(request, "inbox/advices.html", context | lists.navigation(request.user))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def show(request: SignedIn, pk: int) -> HttpResponse:
    """The question with its conversation, to read, and the field to answer. 404 for who is not asked; who works on the
    conversation is shown that."""
    found = _found(pk)
    if not permissions.may_advise(request.user, found):
        if Conversation.objects.visible_to(request.user).filter(pk=found.conversation_id).exists():
            return redirect("conversation", pk=found.conversation_id)
        raise Http404
    if request.method != "POST":
        return _page(request, found)
    form = forms.NoteForm(request.POST)
    form.is_valid()
    text = form.cleaned_data.get("text", request.POST.get("text", ""))
    try:
        advice.answer(pk, by=request.user, text=text)
    except NotVisible:
        raise Http404 from None
    except Refused as refusal:
        return _page(request, _found(pk), refused=refusal, text=text)
    return redirect("advice", pk=pk)


@require_safe
@never_cache
@login_required
def along(request: SignedIn, pk: int) -> HttpResponse:
    """The conversation as it is now, while one reads along: asked for by the page from time to time. 404 once the
    question is over."""
    found = _found(pk)
    if found.state != AdviceState.OPEN or not permissions.may_advise(request.user, found):
        raise Http404
    return render(request, "inbox/advice_thread.html", _talk(found, request.user))


def asked(request: AdviceRequest, moment: datetime) -> Asked:
    """In words."""
    words, tone = until(request, moment)
    return Asked(
        request=request,
        question=linked(request.question),
        answer=linked(request.answer),
        until=words,
        tone=tone,
        due=sla.format_moment(request.due_at, moment, with_time=True),
        ended=sla.format_moment(request.ended_at, moment, with_time=True) if request.ended_at else "",
    )


def _page(request: SignedIn, found: AdviceRequest, *, refused: Refused | None = None, text: str = "") -> HttpResponse:
    context: dict[str, Any] = {
        "title": _("Advice for %(name)s") % {"name": found.asked_by},
        "asked": asked(found, now()),
        "advice": found,
        "refused": refused,
        "text": text,
        "member": permissions.can_see(request.user, found.conversation),
    }
    if found.state == AdviceState.OPEN:
        context |= _talk(found, request.user)
    return render(request, "inbox/advice.html", context | lists.navigation(request.user))


def _talk(found: AdviceRequest, user: User) -> dict[str, Any]:
    """All of it, to read only; without the way to a page that this colleague may not open."""
    conversation = found.conversation
    talk = thread.build(
        conversation, None, user=user, works=False, decides=False, moment=now(), since=BEGINNING, advised=True
    )
    talk = replace(talk, earlier=None)
    return {"conversation": conversation, "pane": {"thread": talk, "context": context_of(conversation, talk)}}


def _found(pk: int) -> AdviceRequest:
    known = AdviceRequest.objects.select_related("asked_by", "expert", "department", "answered_by")
    found = known.select_related("conversation__account__app", "conversation__identity__contact").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
