"""Where one is in the inbox: a view, a department or a saved view, with filters and an order; its address, its name in
the menu, and the counts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from inbox import saved_views
from inbox.kept import Asked, together
from inbox.models import Department, SavedView, User
from inbox.views import filters, listing
from inbox.views.conversation import SignedIn

COUNTED = 12  # saved views of which the menu tells how many
SORTS = ("newest", "oldest")
OWN = "own"  # in an address: the order of the view, whatever one prefers
DIGITS = 9  # saved views with a key of their own: g and a digit


def of(request: SignedIn, view: str = "todo", department: str | None = None, saved: int | None = None) -> listing.Place:
    """The place of a request: its path, its filters and its order. Raises Http404 for what is not theirs.

    The order is the address's, else the one this colleague prefers here, else that of the saved view or the view.
    """
    given = filters.single(request.GET)
    if saved is not None:
        place = saved_place(request.user, saved)
        kept = filters.remember(request.session, place.filters) if place.filters.text else place.filters
        place = replace(place, filters=filters.looked_up(kept))
    else:
        place = place_of(request.user, view, department)
        texts = request.session.get(filters.SESSION, {}) if given.get("text") else {}
        place = replace(place, filters=filters.looked_up(filters.read(given, texts)))
    asked = given.get("sort", "")
    if asked not in (*SORTS, OWN):
        asked = str(request.user.list_sorts.get(place.key, "")) or place.sort
    return replace(place, sort=asked if asked in SORTS else "")


def place_of(user: User, view: str, department: str | None = None) -> listing.Place:
    """The place of a path. Raises Http404 for a view we do not know or a department that is not theirs."""
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


def saved_place(user: User, pk: int) -> listing.Place:
    """The place of a saved view. Raises Http404 for another's own, and for one that was deleted."""
    found = saved_views.visible(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return _place(user, tuple(user.departments.all()), found)


def _place(user: User, departments: tuple[Department, ...], saved: SavedView) -> listing.Place:
    view = listing.VIEWS.get(saved.view, listing.VIEWS["todo"])
    return listing.Place(view, user, departments, filters=filters.read(saved.filters), sort=saved.sort, saved=saved)


def address(place: listing.Place) -> str:
    """The path of a place; a conversation in it is this and its id."""
    if place.saved:
        return reverse("saved_view", args=[place.saved.pk])
    if place.department:
        return reverse("department", args=[place.department.slug])
    return reverse("list", args=[place.view.slug])


def query(place: listing.Place) -> str:
    """What comes after the path: "?…", or nothing. A saved view knows its filters itself."""
    return filters.address("", {} if place.saved else place.filters.pairs())


def capped(count: int) -> str:
    """A count as the menu tells it: nothing for none, "99+" past the cap."""
    if not count:
        return ""
    return str(count) if count <= listing.CAP else f"{listing.CAP}+"


def title(place: listing.Place, counted: dict[str, int]) -> str:
    """The document's title: "(3) To do". With filters the count of the view says nothing."""
    count = capped(counted.get(place.key, 0)) if place.saved or not place.filters else ""
    return f"({count}) {place.name}" if count else place.name


@dataclass(frozen=True, slots=True)
class Menu:
    """What the menu shows, asked for; with what else a page asks in the same round trip (``together(*menu)``)."""

    user: User
    departments: tuple[Department, ...]
    saved: Asked[SavedView]
    counted: Asked[tuple[Any, ...]]

    def __iter__(self) -> Iterator[Asked[Any]]:
        return iter((self.saved, self.counted))


def menu_of(user: User, departments: tuple[Department, ...]) -> Menu:
    """The menu of one colleague, not asked for yet."""
    return Menu(user, departments, saved_views.in_menu(user), listing.ask_counts(user, departments))


def counts(menu: Menu) -> dict[str, int]:
    """Of every view, department and saved view, at most listing.CAP + 1. One query more for the saved views."""
    together(*menu)
    places = [_place(menu.user, menu.departments, view) for view in menu.saved.rows()[:COUNTED]]
    # Closed ones are never counted; words would have to be looked up for every change on screen.
    told = [place for place in places if place.view.counted and not place.filters.text]
    return listing.counts(menu.counted, menu.departments) | listing.saved_counts(told)


def navigation(user: User, place: listing.Place | None = None, menu: Menu | None = None) -> dict[str, Any]:
    """The menu of views, saved views and departments with their counts, for every page with the frame. Two queries,
    none of them when ``menu`` was asked for already; one for the departments when neither brings them; one more with
    saved views."""
    if menu is None:
        menu = menu_of(user, place.departments if place else tuple(user.departments.all()))
    counted = counts(menu)
    return {
        "views": [
            {
                "slug": view.slug,
                "name": view.name,
                "icon": view.icon,
                "key": view.key,
                "url": reverse("list", args=[view.slug]),
                "count": capped(counted.get(view.slug, 0)),
                "current": place is not None and place.key == view.slug,
            }
            for view in listing.VIEWS.values()
        ],
        "saved": [
            {
                "slug": f"saved:{view.pk}",
                "name": view.name,
                "shared": str(_("shared with %(department)s") % {"department": view.department})
                if view.department
                else "",
                "key": str(number) if number <= DIGITS else "",
                "url": reverse("saved_view", args=[view.pk]),
                "count": capped(counted.get(f"saved:{view.pk}", 0)),
                "current": place is not None and place.saved is not None and place.saved.pk == view.pk,
            }
            for number, view in enumerate(menu.saved, 1)
        ],
        "departments": [
            {
                "slug": f"department:{department.slug}",
                "name": department.name,
                "url": reverse("department", args=[department.slug]),
                "count": capped(counted.get(f"department:{department.slug}", 0)),
                "current": place is not None and place.department == department,
            }
            for department in menu.departments
        ],
        "counted": counted,
    }


def sorts(place: listing.Place) -> list[tuple[str, str, bool]]:
    """The orders to choose from: value, words, whether it is this one."""
    own = {
        "waiting": _("Newest message first"),
        "later": _("First to come back"),
        "closed": _("Last closed first"),
    }.get(place.view.slug, _("First due first"))
    choices = [(OWN, own), ("newest", _("Newest message first")), ("oldest", _("Oldest message first"))]
    if place.view.slug == "waiting":
        del choices[1]
    now_on = place.sorted or OWN
    return [(value, words, value == now_on) for value, words in choices]
