"""The inbox page, its list, and the fragments that keep the list up to date."""

from dataclasses import replace
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from channels.clock import now
from inbox import sla
from inbox.models import Conversation, Status, User
from inbox.views import listing, rows
from inbox.views.conversation import pane_context

MOST_IDS = 300  # rows that one refresh may ask for


class SignedIn(HttpRequest):
    """A request after ``login_required`` and the htmx middleware, for the type checker."""

    user: User
    htmx: HtmxDetails


@require_safe
@login_required
def home(request: SignedIn) -> HttpResponse:
    """/ is the list of what is to be done."""
    return redirect("list", view="todo")


@require_safe
@never_cache
@login_required
def show(request: SignedIn, view: str = "todo", department: str | None = None, pk: int | None = None) -> HttpResponse:
    """A view or a department, with or without an open conversation: the page, or the fragment that htmx asks for.

    404 for an unknown view, a department of others and a conversation that this colleague may not see.
    """
    place = place_of(request.user, view, department)
    target = request.htmx.target if request.htmx and not request.htmx.history_restore_request else None
    if target == "conversation":
        return pane(request, pk)
    after = listing.Cursor.read(request.GET.get("after", ""))
    if target == "more":
        return HttpResponse(_rows(place, listing.page(place, after), pk))
    context = list_context(place, listing.page(place, after), pk)
    if target == "list":
        return render(request, "inbox/list.html", context)
    if pk is not None:
        context |= {"opened": pk, **pane_context(request, visible(request.user, pk))}
    return render(request, "inbox/page.html", context)


@require_safe
@never_cache
@login_required
def refresh(request: SignedIn, view: str = "todo", department: str | None = None) -> HttpResponse:
    """What changed, for the list on screen: the rows asked for by ``ids`` (with whether they still belong), with
    ``first`` also the first page, and the counts. A row that may no longer be seen is left out of the answer.

    JSON: {"rows": [{"id", "key", "belongs", "html"}], "counts": {"todo": "3"}, "title": "(3) To do"}.
    """
    place = place_of(request.user, view, department)
    ids = [int(part) for part in request.GET.get("ids", "").split(",") if part.isdecimal()][:MOST_IDS]
    ids = [pk for pk in ids if pk < 2**63]
    conversations = listing.rows_of(request.user, ids)
    belonging = listing.belonging(place, ids) if ids else set()
    if "first" in request.GET:
        known = set(ids)
        newest = [found for found in listing.page(place).conversations if found.pk not in known]
        conversations += newest
        belonging |= {found.pk for found in newest}
    made = rows.make(
        conversations,
        request.user,
        prefix=address(place),
        order=place.view.order,
        belongs=belonging,
        selected=_number(request.GET.get("open", "")),
    )
    counted = listing.counts(request.user, place.departments)
    return JsonResponse(
        {
            "rows": [
                {"id": row.pk, "key": row.key, "belongs": row.belongs, "name": row.name, "html": rows.draw([row])}
                for row in made
            ],
            "counts": {slug: capped(count) for slug, count in counted.items()},
            "title": title(place, counted),
        }
    )


@require_safe
@never_cache
@login_required
def deep_link(request: SignedIn, pk: int) -> HttpResponse:
    """A conversation without a view: its pane for htmx, else the page of the view where it lies."""
    conversation = visible(request.user, pk)
    if request.htmx and request.htmx.target == "conversation":
        return pane(request, pk)
    where = {Status.WAITING: "waiting", Status.SNOOZED: "later", Status.CLOSED: "closed"}
    url = reverse("conversation_in_view", args=[where.get(Status(conversation.status), "todo"), pk])
    # Without scripts "earlier messages" is a link to here.
    query = request.GET.urlencode()
    return redirect(f"{url}?{query}" if query else url)


def pane(request: SignedIn, pk: int | None) -> HttpResponse:
    """The inside of #conversation: the conversation, or the words that none was chosen."""
    if pk is None:
        return render(request, "inbox/no_conversation.html")
    return render(request, "inbox/conversation.html", pane_context(request, visible(request.user, pk)))


def visible(user: User, pk: int) -> Conversation:
    """The conversation with all its relations; 404 when it is not this colleague's to see."""
    found: Conversation = get_object_or_404(Conversation.objects.visible_to(user).for_list(), pk=pk)
    return found


def place_of(user: User, view: str, department: str | None = None) -> listing.Place:
    """The place of an address. Raises Http404 for a view we do not know or a department that is not theirs."""
    departments = tuple(user.departments.all())
    if view not in listing.VIEWS:
        raise Http404
    place = listing.Place(listing.VIEWS[view], user, departments)
    if department is None:
        return place
    mine = {item.slug: item for item in departments}
    if department not in mine:
        raise Http404
    return replace(place, department=mine[department])


def address(place: listing.Place) -> str:
    """Where a place is; a conversation in it is this and its id."""
    if place.department:
        return reverse("department", args=[place.department.slug])
    return reverse("list", args=[place.view.slug])


def capped(count: int) -> str:
    """A count as the menu tells it: nothing for none, "99+" past the cap."""
    if not count:
        return ""
    return str(count) if count <= listing.CAP else f"{listing.CAP}+"


def title(place: listing.Place, counted: dict[str, int]) -> str:
    """The document's title: "(3) To do"."""
    slug = f"department:{place.department.slug}" if place.department else place.view.slug
    count = capped(counted.get(slug, 0))
    return f"({count}) {place.name}" if count else place.name


def navigation(user: User, place: listing.Place | None = None) -> dict[str, Any]:
    """The menu of views and departments with their counts, for every page with the frame. Two queries, one of them
    for the departments when ``place`` does not bring them."""
    departments = place.departments if place else tuple(user.departments.all())
    counted = listing.counts(user, departments)
    return {
        "views": [
            {
                "slug": view.slug,
                "name": view.name,
                "icon": view.icon,
                "key": view.key,
                "url": reverse("list", args=[view.slug]),
                "count": capped(counted.get(view.slug, 0)),
                "current": place is not None and place.department is None and place.view == view,
            }
            for view in listing.VIEWS.values()
        ],
        "departments": [
            {
                "slug": f"department:{department.slug}",
                "name": department.name,
                "url": reverse("department", args=[department.slug]),
                "count": capped(counted.get(f"department:{department.slug}", 0)),
                "current": place is not None and place.department == department,
            }
            for department in departments
        ],
        "counted": counted,
    }


def list_context(place: listing.Place, page: listing.Page, selected: int | None) -> dict[str, Any]:
    """Everything page.html and list.html show."""
    menu = navigation(place.user, place)
    return {
        **menu,
        "place": place,
        "address": address(place),
        "title": title(place, menu["counted"]),
        "rows": _rows(place, page, selected),
        "count": len(page.conversations),
        "empty": "" if page.conversations else empty_words(place),
    }


def empty_words(place: listing.Place) -> str:
    """What an empty view says: that there is nothing, and what may come."""
    if not place.departments:
        return _("You are in no department yet. Ask an administrator to add you to one.")
    words = str(place.view.empty)
    if place.view.slug == "todo":
        oldest = listing.oldest_waiting(place.within)
        if oldest is not None:
            words += " " + _("The oldest conversation that waits for a citizen is from %(moment)s.") % {
                "moment": sla.format_moment(oldest, now())
            }
    return words


def _rows(place: listing.Place, page: listing.Page, selected: int | None) -> str:
    prefix = address(place)
    more = f"{prefix}?after={escape(str(page.after))}" if page.after else ""
    return rows.draw(
        rows.make(page.conversations, place.user, prefix=prefix, order=place.view.order, selected=selected), more
    )


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
