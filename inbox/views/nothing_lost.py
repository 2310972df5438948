"""Niets kwijt: for administrators, what came in and went out, what waits and what failed; never a message's text."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels import events
from channels.clock import now
from channels.models import Account, AccountState, EventState, InboundEvent
from inbox import audit, permissions, sla
from inbox.models import Conversation, Delivery, Message, User
from inbox.views import listing, lists

SHOWN = 50
STATES = (EventState.FAILED, EventState.STORED, EventState.IGNORED)


@require_safe
@never_cache
@login_required
def show(request: lists.SignedIn) -> HttpResponse:
    """Accounts, answers that did not go, the newest events that are not simply done. 403 for all but administrators."""
    refuse_others(request.user)
    chosen = request.GET.get("state", EventState.FAILED)
    state = EventState(chosen) if chosen in STATES else EventState.FAILED
    moment = now()
    context: dict[str, Any] = {
        "title": _("Nothing lost"),
        "accounts": [
            {
                "account": account,
                "broken": account.state == AccountState.BROKEN,
                "received": _moment(account.last_received_at, moment),
                "sent": _moment(account.last_sent_at, moment),
            }
            for account in Account.objects.only(
                "kind", "name", "handle", "state", "last_received_at", "last_sent_at", "error_reason"
            )
        ],
        "states": [
            {"value": value, "label": words, "count": lists.capped(_count(value)), "current": value == state}
            for value, words in (
                (EventState.FAILED, _("Failed")),
                (EventState.STORED, _("Waiting")),
                (EventState.IGNORED, _("Ignored")),
            )
        ],
        "state": state,
        "events": [
            {"event": event, "received": _moment(event.received_at, moment), "why": reason(event)}
            for event in InboundEvent.objects.filter(state=state)
            .select_related("app")
            .defer("body", "traceback", "app__secrets")
            .order_by(*(["-received_at"] if state == EventState.FAILED else []), "-pk")[:SHOWN]
        ],
        "answers": lists.capped(
            Message.objects.filter(state__in=[Delivery.FAILED, Delivery.UNKNOWN]).order_by()[: listing.CAP + 1].count()
        ),
        "queued": lists.capped(Message.objects.filter(state=Delivery.QUEUED).order_by()[: listing.CAP + 1].count()),
        "troubled": Conversation.objects.visible_to(request.user)
        .filter(Q(failed_count__gt=0))
        .select_related("identity__contact", "account")
        .order_by("-last_message_at")[:SHOWN],
    }
    return render(request, "inbox/nothing_lost.html", context | lists.navigation(request.user))


@require_POST
@login_required
def replay(request: lists.SignedIn) -> HttpResponse:
    """Process events again: one, or all failed ones on screen. Harmless for what was done before."""
    refuse_others(request.user)
    chosen = request.POST.getlist("all" if "everything" in request.POST else "event")
    ids = [int(value) for value in chosen if value.isdecimal()][:SHOWN]
    with transaction.atomic():
        count = events.replay(ids)
        audit.record(None, "events_replayed", request.user, events=ids)
    words = ngettext("%(count)s event is processed again.", "%(count)s events are processed again.", count)
    messages.success(request, words % {"count": count})
    return redirect("nothing_lost")


def refuse_others(user: User) -> None:
    """Raises PermissionDenied for all but administrators."""
    if not permissions.can_administer(user):
        raise PermissionDenied


def reason(event: InboundEvent) -> str:
    """Why an event waits, failed or was ignored, as a sentence; the code of an unexpected reason follows it."""
    if event.state == EventState.STORED:
        return _("It is processed as soon as a worker is free.")
    known = {
        "typing": _("The citizen was typing; there is nothing to answer."),
        "unknown account": _("It is for an account that is not connected here."),
        "echo": _("It is an answer of our own."),
        "reaction": _("A reaction with a symbol, without text."),
        "malformed": _("The platform sent something we cannot read."),
    }
    for code, words in known.items():
        if event.reason.lower().startswith(code):
            return words
    if event.state == EventState.IGNORED:
        return _("It holds no message for the inbox (%(reason)s).") % {"reason": event.reason or "?"}
    return _("Processing went wrong (%(reason)s). It is kept; process it again when this is mended.") % {
        "reason": event.reason or "?"
    }


def _count(state: EventState) -> int:
    return InboundEvent.objects.filter(state=state).order_by()[: listing.CAP + 1].count()


def _moment(moment: Any, at: Any) -> str:
    return sla.format_moment(moment, at, with_time=True) if moment else ""
