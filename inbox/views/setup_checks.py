"""The check of a channel: each thing that must hold, live; asking again, restoring, a test message there and back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels.clock import now
from channels.gateway import signs_in
from channels.models import Account, AccountState, Kind
from inbox import failure_words
from inbox.actions import try_account
from inbox.actions.refused import Refused
from inbox.channel_checks import How, Row, rows
from inbox.failure_words import PLATFORMS
from inbox.models import AuditEntry, Conversation, Delivery, Message, User
from inbox.views import setup
from inbox.views.conversation import SignedIn
from inbox.views.nothing_lost_asked import CHECK, PATIENCE, TASKS, WEBHOOK, Answer, ask
from inbox.views.setup_channels import shown

ASKED = (TASKS[CHECK][0], TASKS[WEBHOOK][0], "account_connected", "account_renewed", "account_resumed")
ARRIVED = (Delivery.SENT, Delivery.DELIVERED, Delivery.READ)
UNDER_WAY = (Delivery.QUEUED, Delivery.SENDING)


@dataclass(frozen=True, slots=True)
class TrialShown:
    """The test message: its row, the text to send, and whether it can be answered now."""

    row: Row
    text: str = ""
    conversation: int | None = None
    answerable: bool = False


@require_safe
@never_cache
@login_required
def show(request: SignedIn, pk: int) -> HttpResponse:
    """The page; with htmx the rows alone."""
    setup.administrator(request)
    account = get_object_or_404(Account.objects.select_related("app").defer("secrets", "app__secrets"), pk=pk)
    context = _context(account, now(), request.user)
    if request.htmx:
        return render(request, "inbox/setup/channels/rows.html", context)
    title = _("Check %(name)s") % {"name": account.name}
    return setup.page(request, "inbox/setup/channels/check.html", "channels", title=title, **context)


@require_POST
@login_required
def again(request: SignedIn, pk: int, what: str) -> HttpResponse:
    """Ask the platform anew ("check"), or have it call us again ("webhook"); once, however many press."""
    setup.administrator(request)
    if what not in (CHECK, WEBHOOK):
        raise Http404
    account = get_object_or_404(Account.objects.only("pk", "state"), pk=pk)
    if account.state == AccountState.DISCONNECTED:
        raise Http404
    if ask(pk, what, request.user) == Answer.NO_QUEUE:
        messages.error(request, _("The work queue does not answer. Press Check again in a minute."))
    return redirect("setup_check", pk)


@require_POST
@login_required
def trial(request: SignedIn, pk: int) -> HttpResponse:
    """Begin a test message, or answer the one that came in."""
    setup.administrator(request)
    account = get_object_or_404(Account.objects.only("pk"), pk=pk)
    if "answer" not in request.POST:
        try_account.start(account.pk, request.user)
        return redirect("setup_check", pk)
    try:
        try_account.answer(account.pk, request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("setup_check", pk)


def _context(account: Account, at: datetime, user: User) -> dict[str, Any]:
    running = _running(account, at)
    found = rows(account, at, running=running)
    tried = _trial(account, at)
    place = tried.conversation
    visible = place is not None and Conversation.objects.visible_to(user).filter(pk=place).exists()
    every = [*found, tried.row]
    bad = [row for row in every if row.how == How.BAD]
    return {
        "account": account,
        "platform": PLATFORMS[account.kind],
        "line": shown(account),
        "rows": found,
        "trial": tried,
        "conversation": place if visible else None,
        "busy": any(row.how == How.BUSY for row in every),
        "running": running,
        "bad": len(bad),
        "well": all(row.how == How.GOOD for row in every),
        "signs_in": signs_in(account.kind),
        "checkable": account.state != AccountState.DISCONNECTED,
    }


def _running(account: Account, at: datetime) -> bool:
    """Whether the platform is being asked, by a button or by what connected the account. One query."""
    lately = AuditEntry.objects.filter(conversation=None, at__gt=at - PATIENCE, at__lte=at, verb__in=ASKED)
    entry = lately.filter(data__account=account.pk).order_by("-at", "-pk").first()
    if entry is None or account.state == AccountState.DISCONNECTED:
        return False
    asked = entry.at

    def since(moment: datetime | None) -> bool:
        return moment is not None and moment >= asked

    if since(account.error_at):
        return False
    heard = since(account.webhook_checked_at)
    return not (heard and (entry.verb == TASKS[WEBHOOK][0] or since(account.checked_at)))


def _trial(account: Account, at: datetime) -> TrialShown:
    title = _("Test message there and back")
    tried = try_account.last(account.pk, at)
    if tried is None:
        words = _("Not tried yet.")
        return TrialShown(
            Row(
                "trial",
                title,
                How.OPEN,
                words,
                _("Begin the test; you need an account of your own at %(platform)s.")
                % {"platform": PLATFORMS[account.kind]},
            )
        )
    text = try_account.words(tried.code)
    if tried.arrived is None:
        if tried.late(at):
            todo = _("Look at the red crosses above. Send it again, or begin a new test.")
            if not _row_is_bad(account):
                todo = _(
                    "Did you send it to this channel, with the code in it? Search for missed messages at Nothing lost."
                )
            words = _("After %(minutes)s minutes the message is not here yet.") % {
                "minutes": _minutes(try_account.PATIENCE)
            }
            return TrialShown(Row("trial", title, How.BAD, words, todo), text)
        return TrialShown(Row("trial", title, How.BUSY, where(account), ""), text)
    place = tried.arrived.conversation_id
    if tried.answer is None:
        row = Row("trial", title, How.OPEN, _("There: it came in."), _("Send the answer, and look whether it arrives."))
        return TrialShown(row, conversation=place, answerable=True)
    return TrialShown(_answered(title, tried.answer), conversation=place)


def _answered(title: str, answer: Message) -> Row:
    if answer.state in ARRIVED:
        words = _("There and back: it came in, and the answer is at the platform.")
        return Row("trial", title, How.GOOD, words)
    why = failure_words.sentence(answer)
    if answer.state in UNDER_WAY:
        words = why or _("It came in. The answer is on its way.")
        return Row("trial", title, How.BAD if why else How.BUSY, words)
    return Row(
        "trial", title, How.BAD, why or _("The answer did not go."), _("Mend what is red above, then begin a new test.")
    )


def where(account: Account) -> str:
    """How to send the test message to this channel, so that nobody else reads it."""
    words = {
        Kind.X: _("Send this text as a direct message to @%(handle)s on X, from another account."),
        Kind.FACEBOOK: _("Send this text by Messenger to the Page %(name)s, from your own account."),
        Kind.WHATSAPP: _("Send this text by WhatsApp to %(handle)s, from your own phone."),
    }
    said = {"handle": account.handle or account.external_id.removeprefix("whatsapp:"), "name": account.name}
    return words[Kind(account.kind)] % said


def _row_is_bad(account: Account) -> bool:
    return account.state != AccountState.ACTIVE or bool(account.webhook_problem) or bool(account.missing_permissions)


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
