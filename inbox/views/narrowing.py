"""The panel that narrows a list, and the order one prefers. Words typed there go by POST and never into an address."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels.models import Account, Kind
from inbox import permissions, saved_views
from inbox.models import Topic, User
from inbox.views import filters, listing, places
from inbox.views.conversation import SignedIn


@require_safe
@never_cache
@login_required
def panel(request: SignedIn) -> HttpResponse:
    """The form, filled in as the list is (``view`` and its filters, or ``place`` = a saved view): the inside of
    #filters, or a page of its own."""
    context = form_context(request)
    if request.htmx:
        return render(request, "inbox/list/filters.html", context)
    return render(request, "inbox/list/filters_page.html", context | places.navigation(request.user))


def form_context(request: SignedIn) -> dict[str, Any]:
    """What the form shows. Five queries for what there is to choose from."""
    place = place_given(request, request.GET)
    departments = place.departments
    mine = [department.pk for department in departments]
    colleagues = User.objects.filter(departments__in=mine, is_active=True, role__in=permissions.WORKERS).distinct()
    return {
        "title": _("Filter"),
        "place": place,
        "address": places.address(place) + places.query(place),
        "given": place.filters.stored(),
        "views_to_choose": [(view.slug, str(view.name), view == place.view) for view in listing.VIEWS.values()],
        "filter_departments": departments,
        "accounts": Account.objects.filter(inbox_settings__department__in=mine).order_by("kind", "name"),
        "platforms": Kind.choices,
        "colleagues": colleagues.order_by("first_name", "last_name", "username"),
        "topics": Topic.objects.filter(active=True),
        "sentiments": filters.sentiments().items(),
        "contact_kinds": filters.contact_kinds().items(),
        "timers": filters.timers().items(),
        "labels": filters.labels(),
        "altering": place.saved.pk if place.saved else request.GET.get("saved", ""),
    }


def place_given(request: SignedIn, given: QueryDict) -> listing.Place:
    """The place that a form names: ``place`` a saved view, else ``view`` with filters; ``in`` a department's own page.
    Raises Http404 as places.of does."""
    saved = str(given.get("place", ""))
    if saved.isdecimal():
        return places.of(request, saved=int(saved[:18]))
    place = places.place_of(request.user, given.get("view") or "todo", given.get("in") or None)
    texts = request.session.get(filters.SESSION, {})
    return listing.Place(
        place.view, place.user, place.departments, place.department, filters=filters.read(filters.single(given), texts)
    )


@require_POST
@login_required
def apply(request: SignedIn) -> HttpResponse:
    """To the list as the form has it; the words are kept in the session."""
    slug = request.POST.get("view", "todo")
    if slug not in listing.VIEWS:
        raise Http404
    chosen = filters.remember(request.session, filters.read(filters.single(request.POST)))
    pairs = chosen.pairs()
    saved = request.POST.get("saved", "")
    if saved.isdecimal():
        pairs["saved"] = saved
    path = places.address(places.place_of(request.user, slug))
    return redirect(filters.address(path, pairs))


@require_POST
@login_required
def sort(request: SignedIn) -> HttpResponse:
    """The list in another order, from now on and for this colleague: theirs alone, so it is no audit entry."""
    place = place_given(request, request.POST)
    wanted = request.POST.get("sort", "")
    if wanted not in (*places.SORTS, places.OWN):
        raise Http404
    sorts = {key: value for key, value in request.user.list_sorts.items() if key != place.key}
    # "own" is remembered only where the saved view itself says otherwise.
    if wanted != places.OWN or (place.saved and place.saved.sort):
        sorts[place.key] = wanted
    if sorts != request.user.list_sorts:
        request.user.list_sorts = dict(list(sorts.items())[-saved_views.MOST :])
        request.user.save(update_fields=["list_sorts"])
    return redirect(places.address(place) + places.query(place))
