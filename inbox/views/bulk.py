"""One deed on many rows of the list: choose what is still to be chosen, do it, tell what became of each, undo it.

With scripts the answers are the inside of #bulk-outcome; without, pages.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels.clock import now
from inbox import forms, permissions
from inbox.actions import many
from inbox.actions.refused import NotVisible
from inbox.models import BulkChange, Conversation, Department, Result, Topic, User
from inbox.views import places
from inbox.views.conversation import SignedIn
from inbox.views.deeds import moments

BARE = ("claim", "read")  # nothing to choose


@require_POST
@login_required
def do(request: SignedIn) -> HttpResponse:
    """The deed on the rows that were ticked. Without its choice: the form that asks for it."""
    verb = request.POST.get("verb", "")
    if verb not in many.DEEDS:
        raise Http404
    ids = [int(text) for text in request.POST.getlist("id") if text.isdecimal() and len(text) < 19]
    if not ids or len(ids) > many.MOST:
        return told(request, sentence=no_ids(len(ids)))
    valid, choice = chosen(verb, request)
    if not valid:
        return ask(request, verb, ids)
    try:
        submission = UUID(request.POST.get("submission", ""))
    except ValueError:
        submission = uuid4()
    try:
        change = many.do(verb, ids, by=request.user, submission=submission, choice=choice)
    except NotVisible:
        raise Http404 from None
    return outcome(request, change)


def no_ids(count: int) -> str:
    """Why nothing was done."""
    if not count:
        return _("Select one or more conversations first.")
    return _("At most %(most)s conversations at a time. Nothing was changed.") % {"most": many.MOST}


def chosen(verb: str, request: HttpRequest) -> tuple[bool, Any]:
    """Whether the choice is made, and what it is, as many.do wants it."""
    given = request.POST
    match verb:
        case "assign":
            form = forms.AssignForm({"to": given.get("choice")})
            return form.is_valid(), form.cleaned_data.get("to")
        case "route":
            department = _row(Department, given.get("choice", ""))
            return department is not None, department
        case "close":
            return given.get("choice") in Result.values, given.get("choice")
        case "snooze":
            later = forms.SnoozeForm({"until": given.get("choice"), "moment": given.get("moment")})
            if not later.is_valid():
                return False, None
            return True, later.cleaned_data["until"] or later.cleaned_data["moment"]
        case "topic":
            topic = _row(Topic, given.get("choice", ""))
            return topic is not None or given.get("choice") == "none", topic
        case _:
            return True, None


def _row(model: type[Any], text: str) -> Any:
    return model.objects.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 19 else None


def ask(request: SignedIn, verb: str, ids: list[int]) -> HttpResponse:
    """The form that asks for the choice, with the rows along."""
    count = len(ids)
    context = {
        "title": asking(verb, count),
        "verb": verb,
        "ids": ids,
        "submission": uuid4(),
        "choices": choices(verb, request.user),
        "moment": now(),
        "back": back(request),
    }
    if request.htmx:
        return render(request, "inbox/list/bulk_choice.html", context)
    return render(request, "inbox/list/bulk_choice_page.html", context | places.navigation(request.user))


def asking(verb: str, count: int) -> str:
    """What the form asks."""
    words = {
        "assign": ngettext("Assign %(count)s conversation to", "Assign %(count)s conversations to", count),
        "route": ngettext("Route %(count)s conversation to", "Route %(count)s conversations to", count),
        "close": ngettext(
            "Close %(count)s conversation with result", "Close %(count)s conversations with result", count
        ),
        "snooze": ngettext("Put off %(count)s conversation", "Put off %(count)s conversations", count),
        "topic": ngettext("Topic of %(count)s conversation", "Topic of %(count)s conversations", count),
    }
    return words[verb] % {"count": count}


def choices(verb: str, user: User) -> list[tuple[str, str]]:
    """(value, words) to choose from."""
    match verb:
        case "assign":
            mine = user.departments.values("pk")
            members = User.objects.filter(departments__in=mine, is_active=True, role__in=permissions.WORKERS)
            found = members.distinct().order_by("first_name", "last_name", "username")
            return [(str(other.pk), str(other)) for other in found]
        case "route":
            return [(str(department.pk), department.name) for department in Department.objects.all()]
        case "close":
            return [(value, str(words)) for value, words in Result.choices]
        case "snooze":
            return [(moment.value, moment.words) for moment in moments(None, now())]
        case _:
            topics = [(str(topic.pk), topic.name) for topic in Topic.objects.filter(active=True)]
            return [*topics, ("none", _("No topic"))]


# -- what became of it --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some were left as they are, with a link to each."""

    sentence: str
    links: list[tuple[str, str]]  # address, name of the citizen


def outcome(request: SignedIn, change: BulkChange) -> HttpResponse:
    """What became of it: in the notice with scripts, else a page of its own."""
    if not request.htmx:
        query = urlencode({"back": back(request)})
        return redirect(f"{reverse('bulk_outcome', args=[change.pk])}?{query}")
    response = render(request, "inbox/list/bulk_outcome.html", outcome_context(request, change))
    ids = list(change.items.values_list("conversation_id", flat=True))
    response["HX-Trigger"] = json.dumps({"bulk-done": {"ids": ids}})
    return response


def outcome_context(request: SignedIn, change: BulkChange) -> dict[str, Any]:
    """What the notice shows. Two queries."""
    items = list(
        change.items.select_related("conversation__identity__contact").order_by("pk").defer("conversation__context")
    )
    undone = change.undone_at is not None
    good = [item for item in items if (item.undone if undone else item.done)]
    bad = [item for item in items if (item.undone is False if undone else not item.done)]
    visible = set(
        Conversation.objects.visible_to(request.user)
        .filter(pk__in=[item.conversation_id for item in bad])
        .values_list("pk", flat=True)
    )
    reasons: dict[str, list[tuple[str, str]]] = {}
    for item in bad:
        links = reasons.setdefault(item.reason, [])
        identity = item.conversation.identity
        if item.conversation_id in visible:
            links.append(
                (reverse("conversation", args=[item.conversation_id]), identity.contact.name or identity.display_name)
            )
    unseen = 0 if undone else int(change.data.get("unseen", 0))
    return {
        "title": _("Several at once"),
        "change": change,
        "sentence": sentence(change, len(good), len(bad) + unseen),
        "reasons": [Reason(words, links) for words, links in reasons.items()],
        "unseen": unseen,
        "may_undo": not undone and bool(good),
        "back": back(request),
    }


def sentence(change: BulkChange, good: int, bad: int) -> str:
    """ "12 closed, 2 not."."""
    told = {
        "claim": ngettext("%(count)s claimed", "%(count)s claimed", good),
        "assign": ngettext("%(count)s assigned", "%(count)s assigned", good),
        "route": ngettext("%(count)s routed", "%(count)s routed", good),
        "close": ngettext("%(count)s closed", "%(count)s closed", good),
        "snooze": ngettext("%(count)s put off", "%(count)s put off", good),
        "topic": ngettext("Topic of %(count)s set", "Topic of %(count)s set", good),
        "shift": ngettext("%(count)s handed over", "%(count)s handed over", good),
        "read": ngettext("%(count)s marked as read", "%(count)s marked as read", good),
    }[change.verb]
    if change.undone_at is not None:
        told = ngettext("%(count)s put back", "%(count)s put back", good)
    words = told % {"count": good}
    if bad:
        words += ", " + ngettext("%(count)s not", "%(count)s not", bad) % {"count": bad}
    return words + (":" if bad else ".")


@require_safe
@never_cache
@login_required
def show(request: SignedIn, pk: int) -> HttpResponse:
    """What became of a change of one's own, with the way to undo it. 404 for another's."""
    change = get_object_or_404(BulkChange, pk=pk, by=request.user)
    context = outcome_context(request, change) | places.navigation(request.user)
    return render(request, "inbox/list/bulk_outcome_page.html", context)


@require_POST
@login_required
def undo(request: SignedIn, pk: int) -> HttpResponse:
    """Ongedaan maken."""
    try:
        change = many.undo(pk, by=request.user)
    except NotVisible:
        raise Http404 from None
    return outcome(request, change)


def told(request: SignedIn, *, sentence: str) -> HttpResponse:
    """Nothing was done, and why."""
    context = {"title": _("Several at once"), "sentence": sentence, "back": back(request)}
    if request.htmx:
        return render(request, "inbox/list/bulk_outcome.html", context)
    return render(request, "inbox/list/bulk_outcome_page.html", context | places.navigation(request.user))


def back(request: HttpRequest) -> str:
    """The list they came from: ours only."""
    given = request.POST.get("back", "") or request.GET.get("back", "")
    ours = url_has_allowed_host_and_scheme(given, None) and given.startswith("/inbox/")
    return given if ours else reverse("inbox")
