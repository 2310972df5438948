"""Dienst afsluiten: what one still holds, where it goes, and a note; then what became of it, with the way back."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels.clock import now
from inbox import forms, permissions, sla
from inbox.actions import end_shift, pass_on
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Availability, Conversation, Handover, Role, Status, User
from inbox.views import places, rows
from inbox.views.conversation import SignedIn
from inbox.views.team import colleague, colleagues_of


@dataclass(frozen=True, slots=True)
class Held:
    """One conversation, as a line."""

    conversation: Conversation
    timer: rows.Timer


@dataclass(frozen=True, slots=True)
class Choice:
    """A colleague who may receive it. ``full``: they take nothing more."""

    user: User
    words: str
    full: bool


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def show(request: SignedIn, pk: int | None = None) -> HttpResponse:
    """Of oneself, or (``pk``) as team lead of a colleague: the preview; on POST it is done."""
    of = request.user if pk is None or pk == request.user.pk else colleague(request, pk)
    if of.role not in permissions.WORKERS or (of != request.user and request.user.role not in (Role.LEAD, Role.ADMIN)):
        raise Http404
    refusal = ""
    if request.method == "POST":
        form = forms.ShiftForm(request.POST)
        if form.is_valid():
            given = form.cleaned_data
            try:
                made = end_shift.end_shift(of, by=request.user, **given)
            except Refused as refused:
                refusal = str(refused)
            except NotVisible:
                raise Http404 from None
            else:
                return redirect("handover", pk=made.pk)
        else:
            refusal = _("Choose where the conversations go.")
    return render(request, "inbox/shift.html", preview(request, of, refusal) | places.navigation(request.user))


def preview(request: SignedIn, of: User, refusal: str) -> dict[str, Any]:
    """What is held, and the choice. Six queries at most."""
    moment = now()
    found = end_shift.held(of, request.user)
    known = rows.agreements(rows.ask_agreements(each.account_id for each in found if each.due_at))
    elsewhere = Conversation.objects.filter(assignee=of, status__in=[Status.WAITING, Status.SNOOZED])
    rule = request.POST.get("rule") or of.shift_rule
    to = request.POST.get("to") or str(of.shift_colleague_id or "")
    return {
        "title": _("End the shift") if of == request.user else _("End the shift of %(name)s") % {"name": of},
        "of": of,
        "mine": of == request.user,
        "already": of.availability == Availability.OFF,
        "held": [Held(each, rows.timer(each, known.get(each.account_id), moment)) for each in found],
        "later": elsewhere.count(),
        "rule": rule,
        "to": to,
        "note": request.POST.get("note", ""),
        "choices": choices(request.user, of),
        "refusal": refusal,
        "submission": uuid4(),
        "most_note": end_shift.LONGEST_NOTE,
    }


def choices(user: User, of: User) -> list[Choice]:
    """Colleagues at work who share a department with ``of``, with how much room each has."""
    people = list(colleagues_of(of).exclude(pk=of.pk).exclude(availability=Availability.OFF))
    found = pass_on.receivers([each.pk for each in people])
    made = []
    for each in people:
        room = found[each.pk].room
        words = str(each)
        if each.availability == Availability.AWAY:
            words += f" · {each.get_availability_display()}"
        if room is not None:
            words += " · " + (_("room for %(count)s") % {"count": room} if room > 0 else _("full"))
        made.append(Choice(each, words, room is not None and room <= 0))
    return made


@require_safe
@never_cache
@login_required
def handover(request: SignedIn, pk: int) -> HttpResponse:
    """What was handed over, with the note: for who did it, whose it was, who goes on, and their departments."""
    context = handover_context(request, visible(request, pk))
    return render(request, "inbox/handover.html", context | places.navigation(request.user))


def visible(request: SignedIn, pk: int) -> Handover:
    """Raises Http404."""
    mine = request.user.departments.all()
    shared = User.departments.through.objects.filter(department__in=mine).values("user")
    seen = Q(of=request.user) | Q(to=request.user) | Q(change__by=request.user) | Q(of__in=shared)
    found: Handover = get_object_or_404(Handover.objects.filter(seen).select_related("of", "to", "change__by"), pk=pk)
    return found


def handover_context(request: SignedIn, found: Handover) -> dict[str, Any]:
    """Its conversations as far as one sees them, as they are now. Three queries."""
    items = list(found.change.items.order_by("pk"))
    pks = [item.conversation_id for item in items]
    rows_now = Conversation.objects.visible_to(request.user).for_list().in_bulk(pks)
    undone = found.change.undone_at is not None
    moment = now()
    return {
        "title": _("Shift of %(name)s") % {"name": found.of},
        "handover": found,
        "mine": found.of_id == request.user.pk,
        "at": sla.format_moment(found.at, moment, with_time=True),
        "items": [rows_now[pk] for pk in pks if pk in rows_now],
        "unseen": len([pk for pk in pks if pk not in rows_now]),
        "total": len(pks),
        "forgotten": bool(found.change.data.get("forgotten")),
        "undone": undone,
        "left": [item.reason for item in items if item.undone is False],
        "may_undo": found.change.by_id == request.user.pk and not undone,
    }


@require_POST
@login_required
def undo(request: SignedIn, pk: int) -> HttpResponse:
    """Ongedaan maken."""
    try:
        end_shift.undo(pk, by=request.user)
    except NotVisible:
        raise Http404 from None
    return redirect("handover", pk=pk)
