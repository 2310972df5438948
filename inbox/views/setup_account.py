"""One channel: its state, its own department, people, hours, tone and replies; pause, resume, disconnect."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from channels.clock import now
from channels.gateway import signs_in
from channels.models import Account, AccountState
from inbox import audit, sla
from inbox.actions import account as verbs
from inbox.admin.hours import in_words
from inbox.failure_words import PLATFORMS
from inbox.forms_channels import ChannelForm
from inbox.models import AccountSettings, StandardReply, User
from inbox.views import setup
from inbox.views.conversation import SignedIn
from inbox.views.nothing_lost_asked import queue
from inbox.views.setup_channels import shown
from inbox.views.setup_sign_in import SET_UP

MOST_PEOPLE = 12


@dataclass(frozen=True, slots=True)
class Own:
    """Something this channel has of its own: what it is, how it is now, and where it is changed."""

    title: str
    words: str
    url: str


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def show(request: SignedIn, pk: int) -> HttpResponse:
    """The channel; POST changes its name and home department."""
    setup.administrator(request)
    account = get_object_or_404(Account.objects.select_related("app").defer("secrets", "app__secrets"), pk=pk)
    agreed = AccountSettings.objects.select_related("department").filter(account=account).first()
    initial = {"department": agreed.department_id if agreed else None}
    form = ChannelForm(request.POST or None, instance=account, initial=initial)
    if request.method == "POST" and form.is_valid():
        _save(form, agreed, request.user)
        messages.success(request, _("Saved."))
        return redirect("setup_account", pk)
    moment = now()
    return setup.page(
        request,
        "inbox/setup/channels/account.html",
        "channels",
        title=account.name,
        platform=PLATFORMS[account.kind],
        line=shown(account),
        form=form,
        own=_own(account, agreed) if agreed else [],
        people=_people(agreed) if agreed else [],
        signs_in=signs_in(account.kind),
        heard=sla.format_moment(account.last_received_at, moment, with_time=True) if account.last_received_at else "",
    )


def _save(form: ChannelForm, agreed: AccountSettings | None, by: User) -> None:
    with transaction.atomic():
        account = form.save(commit=False)
        account.save(update_fields=["name"])
        department = form.cleaned_data["department"]
        if agreed is None:
            AccountSettings.objects.create(account=account, department=department)
        else:
            AccountSettings.objects.filter(pk=agreed.pk).update(department=department)
        if form.changed_data:
            audit.record(
                None, "account_changed", by, account=account.pk, fields=form.changed_data, department=department.pk
            )


def _own(account: Account, agreed: AccountSettings) -> list[Own]:
    settings_page = reverse("admin:channels_account_change", args=[account.pk])
    replies = StandardReply.objects.filter(active=True)
    own = replies.filter(Q(account=account) | Q(department=agreed.department_id)).count()
    tone = _("citizens are addressed with %(word)s") % {"word": agreed.get_addressing_display()}
    if agreed.house_style.strip():
        tone += " · " + agreed.house_style.strip().splitlines()[0]
    return [
        Own(
            _("Opening hours"),
            in_words(agreed),
            reverse("setup_hours_of", args=[account.pk]),
        ),
        Own(
            _("Targets"),
            _("first answer within %(first)s, next within %(next)s office minutes")
            % {"first": agreed.first_answer_minutes, "next": agreed.next_answer_minutes},
            reverse("setup_targets", args=[account.pk]),
        ),
        Own(_("Tone"), tone, settings_page),
        Own(
            _("Reply outside opening hours"),
            agreed.out_of_hours_text.strip() or _("none"),
            reverse("setup_replies_of", args=[account.pk]),
        ),
        Own(
            _("Standard replies"),
            ngettext("%(count)s of its own", "%(count)s of its own", own) % {"count": own},
            reverse("standard_replies"),
        ),
        Own(_("People"), _("who is in the home department"), reverse("admin:inbox_user_changelist")),
    ]


def _people(agreed: AccountSettings) -> list[str]:
    """Who sees its conversations, each with the other departments they see: that is how the central team is told."""
    members = User.objects.filter(is_active=True, departments=agreed.department_id).order_by("first_name", "last_name")
    found = []
    for user in members.prefetch_related("departments")[: MOST_PEOPLE + 1]:
        others = [one.name for one in user.departments.all() if one.pk != agreed.department_id]
        role = str(user.get_role_display())
        also = _("also %(departments)s") % {"departments": ", ".join(others)} if others else _("only here")
        found.append(f"{user} · {role} · {also}")
    return [*found[:MOST_PEOPLE], "…"] if len(found) > MOST_PEOPLE else found


# -- pause, resume, disconnect --------------------------------------------------------------------------------------

PAUSE, RESUME, DISCONNECT = "pause", "resume", "disconnect"
FROM = {
    PAUSE: (AccountState.ACTIVE, AccountState.BROKEN),
    RESUME: (AccountState.PAUSED,),
    DISCONNECT: (AccountState.ACTIVE, AccountState.BROKEN, AccountState.PAUSED),
}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def change(request: SignedIn, pk: int, deed: str) -> HttpResponse:
    """GET says what happens to its conversations, POST does it. 404 for another deed."""
    setup.administrator(request)
    if deed not in FROM:
        raise Http404
    account = get_object_or_404(Account.objects.select_related("app").defer("secrets", "app__secrets"), pk=pk)
    if account.state not in FROM[deed]:
        messages.info(request, _("That was done already."))
        return redirect("setup_account", pk)
    if request.method == "POST":
        _do(request, account, deed)
        return redirect("setup_account", pk)
    title = {PAUSE: _("Pause %(name)s"), RESUME: _("Resume %(name)s"), DISCONNECT: _("Disconnect %(name)s")}[deed]
    button = {PAUSE: _("Pause"), RESUME: _("Resume"), DISCONNECT: _("Disconnect")}[deed]
    return setup.page(
        request,
        "inbox/setup/channels/change.html",
        "channels",
        title=title % {"name": account.name},
        account=account,
        deed=deed,
        button=button,
        happens=happens(account, deed),
    )


def happens(account: Account, deed: str) -> list[str]:
    """What it does to the conversations and to what waits to be sent, in sentences. Two queries."""
    left = verbs.left(account)
    open_now = _counted(
        left.unfinished,
        _("No conversation is open on this channel."),
        lambda count: (
            ngettext(
                "%(count)s conversation is not closed. It stays where it is, and can be read.",
                "%(count)s conversations are not closed. They stay where they are, and can be read.",
                left.unfinished,
            )
            % {"count": count}
        ),
    )
    queued = _counted(
        left.queued,
        _("No answer waits to be sent."),
        lambda count: (
            ngettext("%(count)s answer waits to be sent.", "%(count)s answers wait to be sent.", left.queued)
            % {"count": count}
        ),
    )
    if deed == RESUME:
        going = [_("What waits goes by itself. What citizens wrote meanwhile is fetched.")]
        return [open_now, queued, *going, _("The check says whether the connection works.")]
    waits = _("What waits, waits for at most 24 hours. After that a colleague decides in the conversation.")
    if deed == PAUSE:
        comes = _("What citizens write comes in and is shown. Nobody can answer until you resume.")
        return [open_now, comes, queued, waits, _("Timers go on: a citizen still waits.")]
    platform = {"platform": PLATFORMS[account.kind]}
    return [
        open_now,
        queued,
        waits,
        _("%(platform)s brings no new messages to Webcare any more. Citizens get no sign of that.") % platform,
        _("Webcare forgets its access. To connect again you log in anew; the conversations are there then.")
        if signs_in(account.kind)
        else _("You can connect the number again later; the conversations are there then."),
    ]


def _counted(number: int, none: str, some: Callable[[str], str]) -> str:
    return some(f"{verbs.CAP}+" if number > verbs.CAP else str(number)) if number else none


def _do(request: SignedIn, account: Account, deed: str) -> None:
    if deed == PAUSE:
        verbs.pause(account.pk, request.user)
        messages.success(request, _("The channel is paused. What comes in is kept."))
    elif deed == RESUME:
        if verbs.resume(account.pk, request.user):
            queue(SET_UP, account.pk)
        messages.success(request, _("The channel works again. What waited goes by itself."))
    elif verbs.disconnect(account.pk, request.user):
        messages.success(request, _("The channel is disconnected. Its conversations can still be read."))
    else:
        words = _("The channel is disconnected here, but %(platform)s did not take it. Remove Webcare there yourself.")
        messages.error(request, words % {"platform": PLATFORMS[account.kind]})
