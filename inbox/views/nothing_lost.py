"""Niets kwijt: for administrators, whether everything received became a conversation, and the buttons that mend it.

Never a message's text."""

import re
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels import events, liveness
from channels.clock import now
from channels.models import Account, EventState, InboundEvent, PlatformApp
from inbox import alerts, audit, failure_words, fetching, permissions, replaying
from inbox.models import Delivery, User
from inbox.views import lists
from inbox.views import nothing_lost_asked as asked
from inbox.views import nothing_lost_cards as cards
from inbox.views import nothing_lost_facts as facts
from inbox.views import nothing_lost_words as wording

STATES = (EventState.FAILED, EventState.STORED, EventState.IGNORED)
ERROR = re.compile(r"[\w.]+(Error|Exception|Warning|Failure|Interrupt)( \w+)?")


@require_safe
@never_cache
@login_required
def show(request: lists.SignedIn) -> HttpResponse:
    """The whole screen. 403 for all but administrators."""
    refuse_others(request.user)
    moment = now()
    context = overview(moment) | _notices(request, moment) | _answers(request, moment)
    return render(
        request, "inbox/nothing_lost.html", {"title": _("Nothing lost")} | context | lists.navigation(request.user)
    )


@require_safe
@never_cache
@login_required
def accounts(request: lists.SignedIn) -> HttpResponse:
    """The upper half, asked for every few seconds while something runs that somebody pressed."""
    refuse_others(request.user)
    return render(request, "inbox/nothing_lost/overview.html", overview(now()))


@require_POST
@login_required
def mend(request: lists.SignedIn, pk: int, what: str) -> HttpResponse:
    """One of the buttons of an account: asked once, whoever presses. 404 for what there is not."""
    refuse_others(request.user)
    if what not in asked.TASKS:
        raise Http404
    try:
        answer = asked.ask(pk, what, request.user)
    except Account.DoesNotExist:
        raise Http404 from None
    if answer == asked.Answer.NO_QUEUE:
        messages.error(request, _no_queue(what))
        return redirect(f"{reverse('nothing_lost')}#said")
    if answer == asked.Answer.TOO_SOON:
        messages.info(request, _("The platform wants to be asked later. It is searched by itself then."))
        return redirect(f"{reverse('nothing_lost')}#said")
    if answer == asked.Answer.RUNS:
        messages.info(request, _("That was asked already, and runs. It was not asked again."))
        return redirect(f"{reverse('nothing_lost')}#said")
    return redirect(f"{reverse('nothing_lost')}#account-{pk}")


@require_POST
@login_required
def replay(request: lists.SignedIn) -> HttpResponse:
    """Process events again: one, or all that failed (of one app when ``app`` says so). Harmless for what was done
    before; what others put back meanwhile is left alone."""
    refuse_others(request.user)
    moment, app = now(), number(request.POST.get("app", ""))
    everything = "everything" in request.POST
    with transaction.atomic():
        if everything:
            count = replaying.replay_failed(moment, app)
            data: dict[str, Any] = {"app": app, "until": moment.isoformat(), "count": count}
        else:
            event = number(request.POST.get("event", "")) or 0
            failed = InboundEvent.objects.select_for_update().filter(state__in=[EventState.FAILED, EventState.IGNORED])
            ids = list(failed.filter(pk=event).values_list("pk", flat=True))
            count, data = events.replay(ids), {"events": ids}
        if count:
            audit.record(None, "events_replayed", request.user, **data)
    _say_replayed(request, count, rest=everything and count == replaying.CHUNK, moment=moment, app=app)
    return redirect(f"{reverse('nothing_lost')}{f'?app={app}' if app is not None else ''}#said")


@require_POST
@login_required
def refetch(request: lists.SignedIn) -> HttpResponse:
    """Fetch again all files that could not be fetched."""
    refuse_others(request.user)
    with transaction.atomic():
        count = fetching.retry_failed()
        if count:
            audit.record(None, "files_refetched", request.user, count=count)
    if count:
        words = ngettext("%(count)s file is fetched again.", "%(count)s files are fetched again.", count)
        messages.success(request, words % {"count": count})
    else:
        messages.info(request, _("There is no file any more that has to be fetched again."))
    return redirect(f"{reverse('nothing_lost')}#said")


def refuse_others(user: User) -> None:
    """Raises PermissionDenied for all but administrators."""
    if not permissions.can_administer(user):
        raise PermissionDenied


def number(text: str) -> int | None:
    """A number from an address or a form that PostgreSQL takes as an id; None for what is none."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


# -- the upper half ---------------------------------------------------------------------------------------------


def overview(moment: datetime) -> dict[str, Any]:
    """Whether everything became a conversation, and a card per account. A fixed number of queries."""
    known = facts.of_accounts(moment)
    presses = asked.lately(moment)
    made = [cards.card(one, presses.get(one.account.pk, []), moment) for one in known]
    failed = facts.count(EventState.FAILED, None)
    files = facts.lost_files()
    waits = [one.health.oldest_waiting_at for one in known if cards.stands_still(one, moment)]
    needs = cards.needs(made, failed, facts.undecided(known), files, min(filter(None, waits), default=None), moment)
    received = [one.account.last_received_at for one in known if one.account.last_received_at]
    return {
        "cards": made,
        "needs": needs,
        "files": lists.capped(files),
        "worker_absent": not liveness.background_works(),
        "waiting": lists.capped(facts.count(EventState.STORED, None)),
        "mail": _mail(),
        "newest": wording.shortly(max(received), moment) if received else "",
        "as_of": wording.clock(moment, moment),
        "busy": any(one.busy for one in made),
    }


def _mail() -> str:
    """Why administrators would hear nothing when a channel breaks; "" when they would."""
    if not alerts.mail_is_set_up():
        return _("E-mail is not set up: when a channel breaks, administrators get no mail. It is seen only here.")
    if not alerts.receivers():
        return _("No administrator has an e-mail address: when a channel breaks, nobody gets a mail.")
    return ""


# -- the lists --------------------------------------------------------------------------------------------------


def _notices(request: lists.SignedIn, moment: datetime) -> dict[str, Any]:
    """What platforms told us and that is not simply done, by state, of one app or of all. Five queries."""
    chosen = request.GET.get("state", EventState.FAILED)
    state = EventState(chosen) if chosen in STATES else EventState.FAILED
    apps = list(PlatformApp.objects.defer("secrets"))
    app = number(request.GET.get("app", ""))
    if app not in {one.pk for one in apps}:
        app = None
    found, after = facts.page(state, app, facts.Place.read(request.GET.get("after", "")))
    of_app = f"&app={app}" if app is not None else ""
    failed = facts.count(EventState.FAILED, app, facts.MOST_TOLD + 1)
    return {
        "states": [
            {
                "url": f"?state={value}{of_app}#notices",
                "label": words,
                "count": lists.capped(failed if value == EventState.FAILED else facts.count(value, app)),
                "current": value == state,
            }
            for value, words in (
                (EventState.FAILED, _("Failed")),
                (EventState.STORED, _("Waiting")),
                (EventState.IGNORED, _("Ignored")),
            )
        ],
        "state": state,
        "apps": [{"pk": one.pk, "name": str(one), "current": one.pk == app} for one in apps],
        "app": app,
        "events": [
            {
                "event": event,
                "received": wording.shortly(event.received_at, moment),
                "why": reason(event),
                "code": event.reason,
            }
            for event in found
        ],
        "older": f"?state={state}{of_app}&after={after}#notices" if after else "",
        "paged": "after" in request.GET,
        "first": f"?state={state}{of_app}#notices",
        "all_failed": _all_failed(failed),
    }


def _answers(request: lists.SignedIn, moment: datetime) -> dict[str, Any]:
    """Answers about which a person decides, in the conversation itself. One query."""
    account = number(request.GET.get("account", ""))
    rows = facts.answers(request.user, account)
    return {
        "undecided": [
            {
                "message": message,
                "citizen": str(message.conversation.identity.contact),
                "state": _("failed") if message.state == Delivery.FAILED else _("not certain"),
                "since": wording.shortly(message.state_at, moment) if message.state_at else "",
                "why": failure_words.sentence(message),
            }
            for message in rows[: facts.PAGE]
        ],
        "more_answers": len(rows) > facts.PAGE,
        "answers_of": next((message.account.name for message in rows), "") if account is not None else "",
    }


def _all_failed(count: int) -> str:
    """On the button: how many go, not only those on screen."""
    if count <= 1:
        return ""
    if count > facts.MOST_TOLD:
        return _("Process all again: more than %(count)s") % {"count": facts.MOST_TOLD}
    return _("Process all %(count)s again") % {"count": count}


def reason(event: InboundEvent) -> str:
    """Why an event waits, failed or was ignored, as a sentence for people who do not program."""
    if event.state == EventState.STORED:
        return _("It is processed as soon as a worker is free.")
    known = {
        "typing": _("The citizen was typing; there is nothing to answer."),
        "unknown account": _("It is for an account that is not connected here."),
        "echo": _("It is an answer of our own."),
        "reaction": _("A reaction with a symbol, without text."),
        "malformed": _("The platform sent something we cannot read."),
        "nothing in it": _("There was nothing in it for us."),
        events.STOPPED: _("Processing it stopped Webcare several times. It is kept apart; tell your supplier."),
    }
    for code, words in known.items():
        if event.reason.lower().startswith(code):
            return words
    if event.state == EventState.IGNORED:
        return _("It holds no message for the inbox.")
    if event.reason and not ERROR.fullmatch(event.reason):
        return _("The platform sent something we cannot read.")
    return _("A fault in Webcare. Nothing is lost; process it again when this is mended.")


# -- what is said -----------------------------------------------------------------------------------------------


def _no_queue(what: str) -> str:
    """That a button's task could not be queued, and what happens by itself."""
    by_itself = {
        asked.CHECK: _("Webcare checks every channel once a day by itself."),
        asked.GAPS: _("Webcare searches by itself every few minutes, as soon as its queue works again."),
        asked.WEBHOOK: _("Until then messages come by searching every few minutes."),
    }
    return _("Webcare's queue does not answer now, so this did not begin. Nothing is lost.") + " " + by_itself[what]


def _say_replayed(request: lists.SignedIn, count: int, *, rest: bool, moment: datetime, app: int | None) -> None:
    if not count:
        messages.info(request, _("There is nothing any more to process again."))
        return
    words = ngettext("%(count)s notice is processed again.", "%(count)s notices are processed again.", count)
    said = words % {"count": count}
    if not rest:
        messages.success(request, said)
    elif asked.queue("inbox.tasks.replay_failed", moment.isoformat(), app):
        messages.success(request, said + " " + _("The rest follows in the background."))
    else:
        messages.error(request, said + " " + _("Webcare's queue does not answer now: press again for the rest."))
