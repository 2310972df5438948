"""The inbox page, its list, and the fragments that keep the list up to date."""

from typing import Any
from uuid import uuid4

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from channels.clock import now
from inbox import saved_views, sla
from inbox.models import SavedView, Status
from inbox.views import filters, listing, places, rows
from inbox.views.conversation import SignedIn, pane_context, visible
from inbox.views.places import capped, navigation, place_of

__all__ = ["SignedIn", "capped", "list_context", "navigation", "place_of", "visible"]

MOST_IDS = 300  # rows that one refresh may ask for


@require_safe
@login_required
def home(request: SignedIn) -> HttpResponse:
    """/ is the list of what is to be done."""
    return redirect("list", view="todo")


@require_safe
@never_cache
@login_required
def show(
    request: SignedIn,
    view: str = "todo",
    department: str | None = None,
    pk: int | None = None,
    saved: int | None = None,
) -> HttpResponse:
    """A view, a department or a saved view, with or without an open conversation: the page, or the fragment that htmx
    asks for.

    404 for an unknown view, a department or a saved view of others and a conversation this colleague may not see.
    """
    target = request.htmx.target if request.htmx and not request.htmx.history_restore_request else None
    if target == "conversation":
        return pane(request, pk)
    place = places.of(request, view, department, saved)
    after = listing.Cursor.read(request.GET.get("after", ""))
    if target == "more":
        return HttpResponse(_rows(place, listing.page(place, after), pk))
    menu = places.menu_of(request.user, place.departments)
    page = listing.page(place, after, beside=menu)
    context = list_context(place, page, pk, menu) | {"altered": altered(request)}
    if target == "list":
        return render(request, "inbox/list.html", context)
    if pk is not None:
        context |= {"opened": pk, **pane_context(request, visible(request.user, pk))}
    return render(request, "inbox/page.html", context)


@require_safe
@never_cache
@login_required
def refresh(
    request: SignedIn, view: str = "todo", department: str | None = None, saved: int | None = None
) -> HttpResponse:
    """What changed, for the list on screen: the rows asked for by ``ids`` (with whether they still belong), with
    ``first`` also the first page, and the counts. A row that may no longer be seen is left out of the answer.

    JSON: {"rows": [{"id", "key", "belongs", "html"}], "counts": {"todo": "3"}, "title": "(3) To do"}.
    """
    place = places.of(request, view, department, saved)
    ids = [int(part) for part in request.GET.get("ids", "").split(",") if part.isdecimal()][:MOST_IDS]
    ids = [pk for pk in ids if pk < 2**63]
    menu = places.menu_of(request.user, place.departments)
    conversations = listing.rows_of(request.user, ids, beside=menu)
    belonging = listing.belonging(place, ids) if ids else set()
    if "first" in request.GET:
        known = set(ids)
        newest = [found for found in listing.page(place).conversations if found.pk not in known]
        conversations += newest
        belonging |= {found.pk for found in newest}
    made = rows.make(
        conversations,
        request.user,
        prefix=places.address(place),
        suffix=places.query(place),
        order=place.order,
        belongs=belonging,
        selected=_number(request.GET.get("open", "")),
    )
    counted = places.counts(menu)
    return JsonResponse(
        {
            "rows": [
                {
                    "id": row.pk,
                    "key": row.key,
                    "belongs": row.belongs,
                    "name": row.name,
                    "html": rows.draw([row], pick=True),
                }
                for row in made
            ],
            "counts": {slug: capped(count) for slug, count in counted.items()},
            "title": places.title(place, counted),
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


def list_context(
    place: listing.Place, page: listing.Page, selected: int | None, asked: places.Menu | None = None
) -> dict[str, Any]:
    """Everything page.html and list.html show; ``asked``: what the menu shows, when it came with the page."""
    menu = navigation(place.user, place, asked)
    return {
        **menu,
        "place": place,
        "address": places.address(place),
        "query": places.query(place),
        "title": places.title(place, menu["counted"]),
        "sorts": places.sorts(place),
        "chips": filters.chips(place.filters, place.departments) if place.filters else [],
        "submission": uuid4(),
        "rows": _rows(place, page, selected),
        "count": len(page.conversations),
        "empty": "" if page.conversations else empty_words(place, partly=page.partly),
    }


def altered(request: SignedIn) -> SavedView | None:
    """The saved view whose filters were changed to what is on screen, when this colleague may save them in it."""
    pk = _number(request.GET.get("saved", ""))
    found = saved_views.visible(request.user).filter(pk=pk).first() if pk and pk < 2**63 else None
    return found if found and saved_views.may_change(request.user, found) else None


def empty_words(place: listing.Place, *, partly: bool = False) -> str:
    """What an empty view says: that there is nothing, and what may come."""
    if not place.departments:
        return _("You are in no department yet. Ask an administrator to add you to one.")
    if partly:
        return _("Nothing among the conversations looked at so far.")
    if place.filters:
        return _("No conversation here passes these filters.")
    words = str(place.view.empty)
    if place.view.slug == "todo":
        oldest = listing.oldest_waiting(place.within)
        if oldest is not None:
            words += " " + _("The oldest conversation that waits for a citizen is from %(moment)s.") % {
                "moment": sla.format_moment(oldest, now())
            }
    return words


def _rows(place: listing.Place, page: listing.Page, selected: int | None) -> str:
    prefix, suffix = places.address(place), places.query(place)
    more = f"{prefix}{suffix}{'&' if suffix else '?'}after={page.after}" if page.after else ""
    made = rows.make(page.conversations, place.user, prefix=prefix, suffix=suffix, order=place.order, selected=selected)
    return rows.draw(made, more, partly=page.partly, pick=True)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
