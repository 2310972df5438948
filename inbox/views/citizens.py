"""The citizen's own page: merge and take apart with a preview, block with a ground. From a conversation one sees.

What is looked for never stands in an address: a name or number would land in logs and history.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from channels.clock import now
from inbox import permissions
from inbox.actions import block as blocking
from inbox.actions import merge as merging
from inbox.actions.refused import Refused
from inbox.models import BlockGround, Contact, Conversation, Identity, User
from inbox.office_hours import AMSTERDAM, local
from inbox.views import finding, lists
from inbox.views.acts import act, done
from inbox.views.acts import refused as refused_in_pane
from inbox.views.citizen import Blocked, Profile, blocked, profile
from inbox.views.conversation import Notice, SignedIn, visible

MOST_FOUND = 10
LOOKED_AT = 100  # conversations that are found, the latest; several may be of one citizen
LONGEST = 200
UNDO = "merged"  # tag of a message that offers to undo; the profiles that moved come after it


@dataclass(frozen=True, slots=True)
class Person:
    """A citizen as a preview shows them. ``seen`` and ``unseen``: conversations this colleague may and may not see."""

    pk: int
    name: str
    profiles: tuple[Profile, ...]
    seen: int
    unseen: int
    blocked: Blocked | None


def people(user: User, contacts: list[int], moment: datetime, current: int | None = None) -> list[Person]:
    """These citizens, as far as the colleague sees a conversation of them, in the order given. Three queries."""
    mine = Conversation.objects.visible_to(user).filter(identity__contact__in=contacts)
    seen = dict(mine.order_by().values_list("identity__contact").annotate(Count("pk")))
    every = Conversation.objects.filter(identity__contact__in=list(seen)).order_by()
    total = dict(every.values_list("identity__contact").annotate(Count("pk")))
    found = Contact.objects.filter(pk__in=list(seen)).select_related("blocked_by").prefetch_related("identities")
    by_pk = {contact.pk: contact for contact in found}
    return [
        Person(
            pk=pk,
            name=by_pk[pk].name or next((one.display_name for one in by_pk[pk].identities.all()), str(by_pk[pk])),
            profiles=tuple(profile(one, current) for one in by_pk[pk].identities.all()),
            seen=seen[pk],
            unseen=total[pk] - seen[pk],
            blocked=blocked(by_pk[pk], moment),
        )
        for pk in contacts
        if pk in by_pk
    ]


def candidates(user: User, text: str, not_this: int) -> list[int]:
    """Ids of citizens by part of a name or handle, or a phone number; only those of whom they see a conversation."""
    sought = finding.by_citizen(text)
    hits = [pk for _at, pk in finding.find(user, sought, None, LOOKED_AT).hits()]
    others = Conversation.objects.filter(pk__in=hits).exclude(identity__contact=not_this)
    newest = others.order_by("-last_message_at", "-pk").values_list("identity__contact", flat=True)
    return list(dict.fromkeys(newest))[:MOST_FOUND]


@never_cache
@login_required
def show(request: SignedIn, pk: int) -> HttpResponse:
    """GET: the page. POST with ``q``: the page with citizens found, for htmx those alone. 404 for a conversation that
    is not theirs."""
    text = " ".join(request.POST.get("q", "").replace("\0", " ").split())[:LONGEST]
    return _page(request, pk, q=text)


@require_safe
@never_cache
@login_required
def preview(request: SignedIn, pk: int, other: int) -> HttpResponse:
    """What would be one citizen, before it is."""
    return _page(request, pk, other=other)


@require_safe
@never_cache
@login_required
def split_preview(request: SignedIn, pk: int, identity: int) -> HttpResponse:
    """Which profile would leave, and where it goes, before it does."""
    return _page(request, pk, leaving=identity)


def _page(
    request: SignedIn,
    pk: int,
    *,
    q: str = "",
    other: int | None = None,
    leaving: int | None = None,
    refused: Refused | None = None,
) -> HttpResponse:
    user = request.user
    conversation = visible(user, pk)
    moment = now()
    contact_id = conversation.identity.contact_id
    here = people(user, [contact_id], moment, conversation.identity_id)[0]
    context: dict[str, Any] = {
        "conversation": conversation,
        "citizen": here,
        "q": q,
        "works": permissions.can_work(user, conversation),
        "may_block": blocking.may_block(user),
        "grounds": BlockGround.choices,
        "refused": refused,
        "today": local(moment).date().isoformat(),
        "title": here.name,
        "notices": [(str(said), _undo_of(said.extra_tags or "")) for said in messages.get_messages(request)],
    }
    if q:
        context["found"] = people(user, candidates(user, q, contact_id), moment)
    if other is not None:
        context["other"] = next(iter(people(user, [other], moment)), None)
        context["gone"] = context["other"] is None or other == contact_id
    if leaving is not None:
        context["leaving"] = _leaving(contact_id, leaving)
    if request.htmx and not refused:
        # In place, in the panel beside the conversation.
        part = "people_found" if other is None else "merge_preview"
        return render(request, f"inbox/conversation/{part}.html", context | {"inplace": True})
    status = 409 if refused else 200
    return render(request, "inbox/citizen.html", context | lists.navigation(user), status=status)


def _leaving(contact_id: int, identity_id: int) -> dict[str, Any] | None:
    """The profile and the name of the citizen it goes back to; None when it is not this citizen's (any more)."""
    identity = Identity.objects.filter(pk=identity_id, contact=contact_id).select_related("came_from").first()
    if identity is None:
        return None
    goes_to = identity.came_from if identity.came_from_id != contact_id else None
    with_it = Identity.objects.filter(contact=goes_to).count() if goes_to else 0
    return {"profile": profile(identity, None), "back": goes_to is not None, "joins": with_it}


@act
def merge(request: SignedIn, pk: int) -> HttpResponse:
    """Samenvoegen, as the preview showed it."""
    other = _number(request.POST.get("other", ""))
    expected = frozenset(_number(text) for text in request.POST.getlist("identity"))
    try:
        moved = merging.merge(pk, by=request.user, other=other, expected=expected)
    except Refused as refused:
        return (
            refused_in_pane(request, pk, refused) if request.htmx else _page(request, pk, other=other, refused=refused)
        )
    words = _("Merged into one citizen.")
    if request.htmx:
        return done(request, pk, notice=Notice(words, calm=True, moved=tuple(moved)))
    messages.success(request, words, extra_tags=" ".join([UNDO, *map(str, moved)]))
    return redirect("citizen", pk=pk)


@act
def split(request: SignedIn, pk: int) -> HttpResponse:
    """Losmaken; also the undo of a merge, with all the profiles that moved."""
    wanted = [_number(text) for text in request.POST.getlist("identity")]
    try:
        merging.split(pk, by=request.user, identities=wanted)
    except Refused as refused:
        return refused_in_pane(request, pk, refused) if request.htmx else _page(request, pk, refused=refused)
    words = _("Taken apart. The conversations went along with their profile.")
    if request.htmx:
        return done(request, pk, notice=Notice(words, calm=True))
    messages.success(request, words)
    return redirect("citizen", pk=pk)


@act
def block(request: SignedIn, pk: int) -> HttpResponse:
    """Blokkeren, or another ground or end."""
    day = parse_date(request.POST.get("until", "")) if _is_day(request.POST.get("until", "")) else None
    try:
        blocking.block(
            pk,
            by=request.user,
            ground=request.POST.get("ground", ""),
            note=request.POST.get("note", "").replace("\0", ""),
            until=_end(day) if day else None,
        )
    except Refused as refused:
        return _page(request, pk, refused=refused)
    messages.success(request, _("Blocked. Every colleague sees this with the conversations of this citizen."))
    return redirect("citizen", pk=pk)


@act
def unblock(request: SignedIn, pk: int) -> HttpResponse:
    """Deblokkeren."""
    try:
        blocking.unblock(pk, by=request.user)
    except Refused as refused:
        return _page(request, pk, refused=refused)
    messages.success(request, _("The block is lifted. The next message starts a timer again."))
    return redirect("citizen", pk=pk)


def _end(day: date) -> datetime:
    """The end of that day here."""
    return datetime.combine(day, time(23, 59), AMSTERDAM)


def _is_day(text: str) -> bool:
    try:
        return parse_date(text) is not None
    except ValueError:
        return False


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _undo_of(tags: str) -> list[int]:
    first, *rest = tags.split() or [""]
    return [_number(word) for word in rest] if first == UNDO else []
