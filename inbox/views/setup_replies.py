"""Automatische antwoorden: the texts of each account, how a citizen sees them, and what goes at a given moment."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.conf import settings as project
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from channels.clock import now
from channels.models import Account, Kind
from inbox import audit, auto_reply, office_hours
from inbox.actions.clocks import DAYS, hours_of
from inbox.auto_reply import ACKNOWLEDGEMENT, OUT_OF_HOURS
from inbox.forms_replies import KINDS, MomentForm, RepliesForm
from inbox.models import AccountSettings
from inbox.office_hours import AMSTERDAM, Hours, local
from inbox.views import setup
from inbox.views.citizen import opening
from inbox.views.conversation import SignedIn
from inbox.views.previewing import Preview, shown_as
from inbox.views.setup_hours import named, settings_of

# The longest that may come in the place of a variable, to see whether a text always fits.
LONGEST = {
    auto_reply.CITIZEN: "@" + 15 * "m",
    auto_reply.NEXT_OPENING: "donderdag 24 september 09:00",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a citizen would get: the moment and whether we are open then, the decision, and how it looks."""

    moment: str
    hours: str
    reason: str
    preview: Preview | None


@require_safe
@never_cache
@login_required
def overview(request: SignedIn) -> HttpResponse:
    """Every account with its texts, and the question what goes at a moment (in the address: it holds no text)."""
    setup.administrator(request)
    rows = AccountSettings.objects.select_related("account").defer("account__secrets")
    asked = bool(request.GET)
    form = MomentForm(request.GET if asked else None, initial={"at": _saturday(), "public": "0"})
    return setup.page(
        request,
        "inbox/setup/replies.html",
        "setup_replies",
        title=_("Automatic replies"),
        rows=rows.order_by("account__kind", "account__name", "pk"),
        form=form,
        told=_told(**form.cleaned_data) if asked and form.is_valid() else None,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def edit(request: SignedIn, pk: int) -> HttpResponse:
    """Both texts; ``look`` draws them as a citizen sees them, without saving."""
    setup.administrator(request)
    settings = settings_of(pk)
    account = Account.objects.select_related("app").get(pk=pk)
    form = RepliesForm(request.POST or None, instance=settings)
    good = request.method == "POST" and form.is_valid()
    if good:
        _refuse_long(form, account)
        good = not form.errors
    if good and "save" in request.POST:
        if form.changed_data:
            with transaction.atomic():
                AccountSettings.objects.filter(account=pk).update(
                    **{name: form.cleaned_data[name] for name in form.changed_data}
                )
                audit.record(None, "replies_changed", request.user, account=pk, fields=form.changed_data)
        messages.success(request, _("Saved."))
        return redirect("setup_replies_of", pk=pk)
    texts = {name: form.data.get(name, "") if request.method == "POST" else getattr(settings, name) for name in KINDS}
    return setup.page(
        request,
        "inbox/setup/replies_of.html",
        "setup_replies",
        title=_("Automatic replies of %(account)s") % {"account": named(account)},
        account=account,
        form=form,
        fields=[
            {"field": form[name], "previews": _previews(account, text, hours_of(settings)) if text.strip() else []}
            for name, text in texts.items()
        ],
    )


def _refuse_long(form: RepliesForm, account: Account) -> None:
    """A post that does not fit would fail each time it goes."""
    fixed = {auto_reply.CHANNEL: account.name, auto_reply.MUNICIPALITY: project.MUNICIPALITY}
    for name in KINDS:
        text = auto_reply.render(form.cleaned_data.get(name, ""), fixed | LONGEST)
        for public in _reaches(account):
            seen = shown_as(account, text, public=public, whole=True)
            if seen.too_long:
                words = _("Too long for one public message on %(platform)s: with a long name it is %(length)s.")
                form.add_error(name, words % {"platform": seen.platform, "length": seen.parts[0].length})


def _reaches(account: Account) -> tuple[bool, ...]:
    """Public and private; WhatsApp has no public."""
    return (False,) if account.kind == Kind.WHATSAPP else (True, False)


def _previews(account: Account, text: str, hours: Hours) -> list[tuple[str, Preview]]:
    """Public and private, for a citizen with an example of a name, who writes after the next closing."""
    moment = now()
    ahead = office_hours.closed_stretches(hours, moment, moment + timedelta(days=7))
    closed = next((each for each in ahead if each.end > moment), None)
    opens = auto_reply.opening_words(closed.end, max(closed.start, moment)) if closed else ""
    filled = auto_reply.render(text, _variables(account) | ({auto_reply.NEXT_OPENING: opens} if opens else {}))
    return [
        (_("public") if public else _("private"), shown_as(account, filled, public=public, whole=True))
        for public in _reaches(account)
    ]


def _variables(account: Account) -> dict[str, str]:
    return {
        auto_reply.CHANNEL: account.name,
        auto_reply.MUNICIPALITY: project.MUNICIPALITY,
        auto_reply.CITIZEN: "@aisha_b" if account.kind == Kind.X else "Aïsha",
    }


def _told(account: AccountSettings, public: bool, at: datetime) -> Told:
    settings = AccountSettings.objects.prefetch_related(*DAYS).get(pk=account.pk)
    channel = Account.objects.select_related("app").get(pk=account.account_id)
    public = public and True in _reaches(channel)
    hours = hours_of(settings)
    at = at.astimezone(UTC)
    kind = ACKNOWLEDGEMENT if office_hours.is_open(hours, at) else OUT_OF_HOURS
    new = {"is_public": public, "sensitive": False, "blocked": False, "already_in_public_thread": False}
    if kind == ACKNOWLEDGEMENT:
        decision = auto_reply.acknowledge(
            hours,
            at,
            at,
            text=settings.acknowledgement_text,
            answered=False,
            acknowledged=False,
            told_closed=False,
            variables=_variables(channel),
            **new,
        )
    else:
        decision = auto_reply.decide(
            hours,
            at,
            at,
            text=settings.out_of_hours_text,
            already_in_closed_period=False,
            is_from_citizen=True,
            variables=_variables(channel),
            **new,
        )
    return Told(
        moment=date_format(local(at), "l j F Y H:i"),
        hours=opening(hours, at)[1],
        reason="" if decision.send else auto_reply.reason_text(decision.reason, kind),
        preview=shown_as(channel, decision.text, public=public, whole=True) if decision.send else None,
    )


def _saturday() -> datetime:
    """The coming Saturday at 11:00."""
    today = local(now()).date()
    return datetime.combine(today + timedelta(days=(5 - today.weekday()) % 7 or 7), time(11), AMSTERDAM)
