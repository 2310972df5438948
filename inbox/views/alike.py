"""Gelijke vragen: groups proposed, and the check list of one group with the text that answers it.

Asked for by a person; nothing of it is on the list's own page. What is sought for and what is written go by POST: no
address holds a text.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.db.models import Max, OuterRef, Subquery
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels.clock import now
from channels.models import Account
from inbox import alike, permissions, sla, standard_texts
from inbox.actions import group_answer, standard_reply
from inbox.actions.refused import NotVisible, Refused
from inbox.alike import Window
from inbox.likeness import Alike
from inbox.models import Conversation, GroupItem, ItemState, Message, User
from inbox.views import places
from inbox.views.conversation import SignedIn
from inbox.views.previewing import preview_of

LONGEST_SOUGHT = 500
LONGEST_TEXT = 10_000
PREVIEWS = 6
LATEST = 8  # groups on the first page
_CHOSEN = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Line:
    """One conversation of the check list. ``value``: its id and the newest message that is on screen. ``held``: why it
    cannot be chosen."""

    pk: int
    value: str
    name: str
    where: str
    kind: str
    when: str
    text: str
    sure: bool
    checked: bool
    held: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """What the form of the check list holds."""

    text: str = ""
    chosen: Mapping[int, int] | None = None  # None: nothing was chosen by hand yet
    submission: UUID | None = None
    as_thread: bool = False
    refused: Refused | None = None


def worker(request: SignedIn) -> User:
    """Who may answer. Raises Http404 for a reader."""
    if request.user.role not in permissions.WORKERS:
        raise Http404
    return request.user


@require_safe
@never_cache
@login_required
def overview(request: SignedIn) -> HttpResponse:
    """What is proposed, what runs, and a search."""
    user, window = worker(request), window_of(request.GET)
    groups = alike.proposed(user, window)
    firsts = {found.pk: found for found in _conversations(user, [group[0] for group in groups])}
    context = {
        "title": _("Alike questions"),
        "proposals": [
            {
                "count": ngettext("%(count)s question", "%(count)s questions", len(group)) % {"count": len(group)},
                "text": firsts[group[0]].last_message_text,
                "url": f"{reverse('alike_of', args=[group[0]])}?{_query(window)}",
            }
            for group in groups
            if group[0] in firsts
        ],
        "latest": latest(user),
    }
    return render(request, "inbox/alike/overview.html", context | _frame(user, window))


@require_safe
@never_cache
@login_required
def of(request: SignedIn, pk: int) -> HttpResponse:
    """The check list of questions like that of a conversation."""
    user, window = worker(request), window_of(request.GET)
    found = alike.like_conversation(user, pk, window)
    if found is None:
        raise Http404
    return _page(request, found, window, Filled(), of=pk)


@require_POST
@never_cache
@login_required
def find(request: SignedIn) -> HttpResponse:
    """The check list of questions like some words."""
    return _again(request, Filled())


@require_POST
@never_cache
@login_required
def preview(request: SignedIn) -> HttpResponse:
    """The inside of #previews for htmx: the answer as a citizen sees it, one for each account; else the page with it.
    Sends nothing."""
    user, filled = worker(request), filled_of(request.POST)
    shown = [
        preview_of(conversation, user, standard_reply.filled(conversation, user, filled.text))
        for conversation in group_answer.samples(user, list(filled.chosen or {}))[:PREVIEWS]
    ]
    if request.htmx:
        return render(request, "inbox/alike/previews.html", {"previews": shown, "looked": True})
    return _again(request, filled, previews=shown, looked=True)


@require_POST
@never_cache
@login_required
def start(request: SignedIn) -> HttpResponse:
    """Answer those that were chosen; to how far it is. Refused: the page, with what was typed and chosen."""
    user, filled = worker(request), filled_of(request.POST)
    try:
        group = group_answer.start(
            by=user,
            text=filled.text,
            chosen=filled.chosen or {},
            submission=filled.submission or uuid4(),
            as_thread=filled.as_thread,
            confirm_personal_data=request.POST.get("confirm_personal_data", ""),
        )
    except NotVisible:
        raise Http404 from None
    except Refused as refusal:
        given = Filled(filled.text, filled.chosen, filled.submission, filled.as_thread, refusal)
        return _again(request, given)
    return redirect("group_answer", pk=group.pk)


# -- what the form says -------------------------------------------------------------------------------------------


def window_of(given: QueryDict) -> Window:
    """How far back, and on which account."""
    hours, account = given.get("hours", ""), given.get("account", "")
    return Window(
        int(hours) if hours.isdecimal() and int(hours) in alike.HOURS else alike.HOURS[1],
        int(account) if account.isdecimal() and len(account) < 19 else None,
    )


def chosen_of(given: QueryDict) -> dict[int, int]:
    """By conversation the newest message that was on screen when it was chosen; one too many is refused later."""
    matches = (_CHOSEN.fullmatch(value) for value in given.getlist("item")[: group_answer.MOST + 1])
    return {int(found[1]): int(found[2]) for found in matches if found}


def filled_of(given: QueryDict) -> Filled:
    """What was typed and chosen."""
    try:
        submission = UUID(given.get("submission", ""))
    except ValueError:
        submission = None
    text = given.get("text", "")[:LONGEST_TEXT].replace("\0", "")
    return Filled(text, chosen_of(given), submission, bool(given.get("as_thread")))


def _again(request: SignedIn, filled: Filled, **more: object) -> HttpResponse:
    """The check list of the same search, looked up anew."""
    user, window = worker(request), window_of(request.POST)
    sought = " ".join(request.POST.get("q", "").split())[:LONGEST_SOUGHT]
    of_text = request.POST.get("of", "")
    pk = int(of_text) if of_text.isdecimal() and len(of_text) < 19 else None
    found = alike.like_conversation(user, pk, window) if pk else alike.like_text(user, sought, window)
    return _page(request, found or [], window, filled, of=pk, q=sought, **more)


# -- what the page shows ------------------------------------------------------------------------------------------


def _page(
    request: SignedIn, found: Sequence[Alike], window: Window, filled: Filled, *, of: int | None = None, **more: object
) -> HttpResponse:
    user = request.user
    lines = lines_of(user, found, filled.chosen)
    refused = filled.refused
    context = {
        "title": _("Alike questions"),
        "lines": lines,
        "tally": ngettext("%(count)s question looks alike", "%(count)s questions look alike", len(lines))
        % {"count": len(lines)},
        "of": of,
        "q": "",
        "filled": filled,
        "submission": filled.submission or uuid4(),
        "refused": refused,
        "confirm": refused.data.get("confirm", "") if refused and refused.code == "personal_data" else "",
        "offer_thread": filled.as_thread or bool(refused and refused.data.get("can_thread")),
        "variables": standard_texts.FILLED,
        "most": group_answer.MOST,
    }
    return render(request, "inbox/alike/checklist.html", context | _frame(user, window) | more)


def lines_of(user: User, found: Sequence[Alike], chosen: Mapping[int, int] | None) -> list[Line]:
    """The lines of the check list, most alike first. Two queries."""
    likes = {each.pk: each for each in found}
    conversations = {each.pk: each for each in _conversations(user, list(likes))}
    waiting = GroupItem.objects.filter(state=ItemState.PENDING, conversation__in=list(conversations))
    in_group = {item.conversation_id: str(item.group.by) for item in waiting.select_related("group__by")}
    made = ((each, conversations.get(pk)) for pk, each in likes.items())
    return [_line(found, user, each, chosen, in_group.get(found.pk, "")) for each, found in made if found is not None]


def _line(found: Conversation, user: User, each: Alike, chosen: Mapping[int, int] | None, in_group: str) -> Line:
    held = ""
    if in_group:
        held = _("%(name)s answers this in another group.") % {"name": in_group}
    elif found.assignee_id not in (None, user.pk):
        held = _("%(name)s claimed this.") % {"name": found.assignee}
    seen = found.seen_id  # type: ignore[attr-defined]
    if chosen is not None and found.pk in chosen:
        seen = chosen[found.pk]  # as it was on screen when it was chosen
    return Line(
        pk=found.pk,
        value=f"{found.pk}.{seen}",
        name=found.identity.contact.name or found.identity.display_name,
        where=found.account.name,
        kind=found.account.kind,
        when=sla.format_moment(found.last_message_at, now(), with_time=True),
        text=found.last_message_text,
        sure=each.sure,
        checked=not held and (each.sure if chosen is None else found.pk in chosen),
        held=held,
    )


def _conversations(user: User, ids: list[int]) -> list[Conversation]:
    """With ``seen_id``, the newest message that belongs to what they show, read in the same statement."""
    newest = Message.objects.filter(conversation=OuterRef("pk")).order_by().values("conversation").annotate(m=Max("pk"))
    found = Conversation.objects.visible_to(user).filter(pk__in=ids).for_list().defer("context")
    return list(found.annotate(seen_id=Subquery(newest.values("m"))))


def latest(user: User) -> list[dict[str, object]]:
    """The groups one may see, newest first. One query."""
    groups = group_answer.visible(user).select_related("by").order_by("-at", "-pk")[:LATEST]
    moment = now()
    return [
        {
            "url": reverse("group_answer", args=[group.pk]),
            "text": group.text,
            "by": str(group.by),
            "when": sla.format_moment(group.at, moment, with_time=True),
        }
        for group in groups
    ]


def _query(window: Window) -> str:
    return f"hours={window.hours}&account={window.account or ''}"


def _frame(user: User, window: Window) -> dict[str, Any]:
    accounts = Account.objects.filter(inbox_settings__department__in=user.departments.all()).only("name", "kind")
    return {
        "window": window,
        "spans": [(hours, _("last %(hours)s hours") % {"hours": hours}) for hours in alike.HOURS],
        "accounts": list(accounts.order_by("name")),
        **places.navigation(user),
    }
