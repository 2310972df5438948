"""Channels: all apps and accounts with their state, and the first steps of connecting: what to make, and its keys."""

import secrets
from typing import Any

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from channels.crypto import CredentialsUnreadable
from channels.errors import SendError
from channels.gateway import connector_for, signs_in
from channels.models import Account, AccountState, Kind, PlatformApp
from inbox import account_words, audit, channel_words
from inbox.failure_words import PLATFORMS
from inbox.forms_channels import AppForm, KeysForm
from inbox.views import setup
from inbox.views.conversation import SignedIn
from inbox.views.nothing_lost_asked import CHECK, TASKS, queue

PATIENCE = 20.0  # seconds a page waits for a platform

log = structlog.get_logger()


@require_safe
@never_cache
@login_required
def overview(request: SignedIn) -> HttpResponse:
    """Every app with its accounts. Two queries, however many."""
    setup.administrator(request)
    accounts = Account.objects.select_related("inbox_settings__department").defer("secrets")
    of_app: dict[int, list[dict[str, Any]]] = {}
    for account in accounts:
        of_app.setdefault(account.app_id, []).append(shown(account))
    apps = [
        {
            "app": app,
            "platform": PLATFORMS[app.kind],
            "maker": channel_words.MAKERS[Kind(app.kind)],
            "accounts": of_app.get(app.pk, []),
        }
        for app in PlatformApp.objects.defer("secrets")
    ]
    return setup.page(request, "inbox/setup/channels/overview.html", "channels", title=_("Channels"), apps=apps)


def shown(account: Account) -> dict[str, Any]:
    """A line of the overview: state in words, tone, what is the matter."""
    trouble = account_words.trouble(account)
    missing = account.state == AccountState.ACTIVE and bool(account.missing_permissions)
    words = {
        AccountState.ACTIVE: _("works"),
        AccountState.PAUSED: _("paused"),
        AccountState.BROKEN: _("connection broken"),
        AccountState.DISCONNECTED: _("disconnected"),
    }
    tone = "calm" if account.state in (AccountState.PAUSED, AccountState.DISCONNECTED) else "good"
    state = words[AccountState(account.state)]
    if trouble or missing:
        tone = "bad"
    if tone == "bad" and account.state == AccountState.ACTIVE:
        state = _("needs attention")
    what = trouble.happened if trouble else _("A permission is missing at the platform.") if missing else ""
    return {"account": account, "tone": tone, "state": state, "what": what, "department": department_of(account)}


def department_of(account: Account) -> str:
    """The name of its home department; "" while it has none."""
    agreed = getattr(account, "inbox_settings", None)
    return agreed.department.name if agreed else ""


@require_safe
@never_cache
@login_required
def choose(request: SignedIn) -> HttpResponse:
    """Which platform; with an app that is there one goes on with that."""
    setup.administrator(request)
    apps: dict[str, list[PlatformApp]] = {}
    for app in PlatformApp.objects.defer("secrets"):
        apps.setdefault(app.kind, []).append(app)
    kinds = [
        {"kind": kind, "name": PLATFORMS[kind], "about": channel_words.about(kind), "apps": apps.get(kind, [])}
        for kind in Kind.values
    ]
    return setup.page(request, "inbox/setup/channels/choose.html", "channels", title=_("Add a channel"), kinds=kinds)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def new_app(request: SignedIn, kind: str) -> HttpResponse:
    """An app under a name; its address and verify token are made with it."""
    setup.administrator(request)
    if kind not in Kind.values:
        raise Http404
    maker = channel_words.MAKERS[Kind(kind)]
    proposed = _("%(maker)s app of %(municipality)s") % {"maker": maker, "municipality": settings.MUNICIPALITY}
    form = AppForm(request.POST or None, initial={"name": proposed})
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            own = {"verify_token": secrets.token_urlsafe(24)} if kind == Kind.FACEBOOK else {}
            app = PlatformApp.objects.create(kind=kind, name=form.cleaned_data["name"], secrets=own)
            audit.record(None, "app_added", request.user, app=app.pk, kind=kind)
        return redirect("setup_app", app.pk)
    title = _("Connect %(platform)s") % {"platform": PLATFORMS[kind]}
    return setup.page(request, "inbox/setup/channels/new_app.html", "channels", title=title, form=form)


@require_safe
@never_cache
@login_required
def app_page(request: SignedIn, pk: int) -> HttpResponse:
    """What to make at the platform, which permissions and why, with what to copy."""
    setup.administrator(request)
    app = get_object_or_404(PlatformApp, pk=pk)
    copies = [(_("Address for new messages (webhook)"), app.webhook_url)]
    if app.kind == Kind.FACEBOOK and (token := stored(app).get("verify_token")):
        copies.append((_("Verify token"), token))
    back = (_("Address for the way back"), redirect_uri()) if signs_in(app.kind) else None
    return step(
        request,
        app,
        "make",
        "inbox/setup/channels/make.html",
        portal=channel_words.PORTALS[Kind(app.kind)],
        to_make=channel_words.to_make(app.kind),
        permissions=channel_words.permissions(app.kind),
        by_itself=channel_words.by_itself(app.kind),
        copies=copies,
        back=back,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def keys(request: SignedIn, pk: int) -> HttpResponse:
    """The keys of the app: written, never read back. Saved ones are tried at the platform at once."""
    setup.administrator(request)
    app = get_object_or_404(PlatformApp, pk=pk)
    form = KeysForm(app.kind, {name for name, value in stored(app).items() if value}, request.POST or None)
    if request.method == "POST" and form.is_valid():
        if typed := form.typed():
            _keep(app.pk, typed, request)
            app.refresh_from_db()
        if _works(app, request):
            return redirect("setup_accounts", app.pk)
        return redirect("setup_keys", app.pk)
    return step(request, app, "keys", "inbox/setup/channels/keys.html", form=form)


def step(request: SignedIn, app: PlatformApp, current: str, template: str, **context: Any) -> HttpResponse:
    """A page of connecting, with where one is in it."""
    title = _("Connect %(platform)s") % {"platform": PLATFORMS[app.kind]}
    maker = channel_words.MAKERS[Kind(app.kind)]
    words = [
        ("make", _("Make at %(maker)s") % {"maker": maker}, reverse("setup_app", args=[app.pk])),
        ("keys", _("Fill in keys"), reverse("setup_keys", args=[app.pk])),
        ("accounts", _("Choose channels"), reverse("setup_accounts", args=[app.pk])),
        ("check", _("Check"), ""),
    ]
    steps = [{"words": text, "url": url, "current": name == current} for name, text, url in words]
    given = {"title": title, "app": app, "steps": steps, "maker": maker, "platform": PLATFORMS[app.kind]}
    return setup.page(request, template, "channels", **given | context)


def redirect_uri() -> str:
    """Where a platform sends the browser after the log-in; one address for all, which the app there must know."""
    return f"{settings.PUBLIC_URL}{reverse('setup_signed_in')}"


def stored(app: PlatformApp) -> dict[str, str]:
    """The app's secrets; none when no key fits them any more: then they are filled in again."""
    try:
        found: dict[str, str] = app.secrets
    except CredentialsUnreadable:
        return {}
    return found


def _keep(pk: int, typed: dict[str, str], request: SignedIn) -> None:
    with transaction.atomic():
        row = PlatformApp.objects.select_for_update(no_key=True).get(pk=pk)  # two who fill in different ones
        row.secrets = {**stored(row), **typed}
        row.save(update_fields=["secrets"])
        audit.record(None, "app_keys_changed", request.user, app=pk, keys=sorted(typed))


def _works(app: PlatformApp, request: SignedIn) -> bool:
    """Try the keys at the platform, and say what came of it; the accounts of the app are asked after along with it."""
    try:
        health = connector_for(app, PATIENCE).check_app()
        reason = "" if health.ok else health.reason
    except SendError as failure:
        log.warning("app_not_checked", app=app.pk, kind=app.kind, reason=failure.reason, code=failure.code)
        reason = failure.reason
    if reason:
        messages.error(request, channel_words.app_refused(app.kind, reason))
        return False
    verb, task = TASKS[CHECK]
    for account in Account.objects.filter(app=app).exclude(state=AccountState.DISCONNECTED).only("pk"):
        audit.record(None, verb, request.user, account=account.pk)
        queue(task, account.pk)
    maker = channel_words.MAKERS[Kind(app.kind)]
    messages.success(request, _("%(maker)s accepts the keys.") % {"maker": maker})
    return True
