"""Logging in at a platform for a channel: to choose accounts from what the log-in gives, or for new access."""

from typing import Any

import structlog
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from channels.errors import PermanentFailure, SendError
from channels.gateway import connector_for, signs_in
from channels.messages import OfferedAccount
from channels.models import Account, AccountState, PlatformApp
from inbox import channel_words
from inbox.actions import connect
from inbox.actions.refused import Refused
from inbox.failure_words import PLATFORMS
from inbox.forms_channels import OfferedForm
from inbox.views import setup, sign_in_tries
from inbox.views.conversation import SignedIn
from inbox.views.nothing_lost_asked import queue
from inbox.views.offered import forget, keep, kept
from inbox.views.setup_channels import PATIENCE, redirect_uri, step

SET_UP = "channels.tasks.set_up_account"

log = structlog.get_logger()


@require_safe
@never_cache
@login_required
def start(request: SignedIn, pk: int) -> HttpResponse:
    """Off to the platform, to choose accounts. A link and no form: a form may not lead to another site (CSP)."""
    setup.administrator(request)
    return _off(request, get_object_or_404(PlatformApp, pk=pk))


@require_safe
@never_cache
@login_required
def start_again(request: SignedIn, pk: int) -> HttpResponse:
    """Off to the platform, for new access to an account that is there."""
    setup.administrator(request)
    account = get_object_or_404(Account.objects.select_related("app"), pk=pk)
    return _off(request, account.app, account)


def _off(request: SignedIn, app: PlatformApp, account: Account | None = None) -> HttpResponse:
    begun = sign_in_tries.begin(request.session, app.pk, account.pk if account else None)
    try:
        url = connector_for(app).sign_in_url(redirect_uri(), begun.state, begun.verifier)
    except PermanentFailure:
        messages.error(request, _("Fill in the keys of the app first."))
        return redirect("setup_keys", app.pk)
    answer = HttpResponse(status=302)
    answer["Location"] = url
    return answer


@require_safe
@never_cache
@login_required
def done(request: SignedIn) -> HttpResponse:
    """Back from the platform. On to an address without the code, whatever came of it."""
    setup.administrator(request)
    begun = sign_in_tries.take(request.session, request.GET.get("state", ""))
    if begun is None:
        messages.error(
            request,
            _("This log-in did not begin here, or took longer than 15 minutes. Nothing was changed; begin again."),
        )
        return redirect("setup_channels")
    app = get_object_or_404(PlatformApp, pk=begun.app)
    code = request.GET.get("code", "")
    if not code:
        log.info("sign_in_denied", app=app.pk, kind=app.kind)
        words = _("You gave no permission at %(platform)s. Nothing was changed.") % {"platform": PLATFORMS[app.kind]}
        messages.error(request, words)
        return _back(app, begun.account)
    try:
        offered = connector_for(app, PATIENCE).signed_in(redirect_uri(), code, begun.verifier)
    except SendError as failure:
        log.warning("sign_in_refused", app=app.pk, kind=app.kind, reason=failure.reason, code=failure.code)
        messages.error(request, channel_words.sign_in_refused(app.kind, failure.reason))
        return _back(app, begun.account)
    if begun.account is not None:
        return _renewed(request, app, begun.account, offered)
    keep(request.session, app.pk, offered)
    return redirect("setup_accounts", app.pk)


def _renewed(request: SignedIn, app: PlatformApp, account_id: int, offered: list[OfferedAccount]) -> HttpResponse:
    """New access for the one it was meant for, and for those of the same app that are broken: this log-in is as good
    for them."""
    try:
        account = connect.renew(account_id, offered, request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return _back(app, account_id)
    also = Account.objects.filter(
        app=app, state=AccountState.BROKEN, external_id__in=[one.external_id for one in offered]
    )
    renewed = [account, *(connect.renew(other.pk, offered, request.user) for other in also.only("pk"))]
    _set_up(request, renewed)
    messages.success(request, _("New access for %(names)s.") % {"names": ", ".join(one.name for one in renewed)})
    return redirect("setup_check", account_id)


def _back(app: PlatformApp, account_id: int | None) -> HttpResponse:
    return redirect("setup_accounts", app.pk) if account_id is None else redirect("setup_account", account_id)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def accounts(request: SignedIn, pk: int) -> HttpResponse:
    """Log in, or choose from what the log-in, or the app's keys, gave."""
    setup.administrator(request)
    app = get_object_or_404(PlatformApp, pk=pk)
    offered = _offered(request, app)
    there = {account.external_id: account for account in Account.objects.filter(kind=app.kind).select_related("app")}
    forms = [
        OfferedForm(one, request.POST if request.method == "POST" else None)
        for one in offered or []
        if one.external_id not in there
    ]
    known = [(there[one.external_id], one) for one in offered or [] if one.external_id in there]
    again = [account for account, _offer in known if _may_renew(account, app)]
    if request.method == "POST" and offered is not None:
        # All are asked, so that every mistake shows at once.
        valid = [form.is_valid() for form in forms]
        chosen = [form for form in forms if all(valid) and form.cleaned_data["take"]]
        renewing = [account for account in again if f"again-{account.pk}" in request.POST]
        if all(valid) and (chosen or renewing):
            return _connect(request, app, offered, chosen, renewing)
        if all(valid):
            messages.error(request, _("Choose at least one."))
    context: dict[str, Any] = {
        "signs_in": signs_in(app.kind),
        "offered": offered,
        "forms": forms,
        "known": [{"account": account, "again": account in again} for account, _offer in known],
        "choosable": bool(forms or again),
        "missing": sorted({name for one in offered or [] for name in one.missing or ()}),
    }
    return step(request, app, "accounts", "inbox/setup/channels/accounts.html", **context)


def _may_renew(account: Account, app: PlatformApp) -> bool:
    return account.app_id == app.pk and account.state in (AccountState.BROKEN, AccountState.DISCONNECTED)


def _offered(request: SignedIn, app: PlatformApp) -> list[OfferedAccount] | None:
    """None: nobody logged in yet, or the platform does not answer (which is said)."""
    if signs_in(app.kind):
        return kept(request.session, app.pk)
    try:
        return connector_for(app, PATIENCE).offered()
    except SendError as failure:
        log.warning("accounts_not_listed", app=app.pk, kind=app.kind, reason=failure.reason, code=failure.code)
        messages.error(request, channel_words.app_refused(app.kind, failure.reason))
        return None


def _connect(
    request: SignedIn,
    app: PlatformApp,
    offered: list[OfferedAccount],
    chosen: list[OfferedForm],
    renewing: list[Account],
) -> HttpResponse:
    choices = [
        connect.Choice(
            form.offered, form.cleaned_data["name"], form.cleaned_data["department"], form.cleaned_data["hours_of"]
        )
        for form in chosen
    ]
    try:
        made = connect.connect(app, choices, request.user)
        made += [connect.renew(account.pk, offered, request.user) for account in renewing]
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("setup_accounts", app.pk)
    forget(request.session)
    _set_up(request, made)
    words = ngettext("%(count)s channel is connected.", "%(count)s channels are connected.", len(made))
    messages.success(request, words % {"count": len(made)})
    return redirect("setup_check", made[0].pk) if len(made) == 1 else redirect("setup_channels")


def _set_up(request: SignedIn, accounts: list[Account]) -> None:
    queued = [queue(SET_UP, account.pk) for account in accounts]
    if not all(queued):
        messages.error(request, _("The work queue does not answer. Press Check again in a minute."))
