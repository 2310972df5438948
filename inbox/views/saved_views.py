"""Saved views: keep what is on screen under a name, share it with a department, put them in order, delete and undo."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Max
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels.clock import now
from inbox import audit
from inbox import saved_views as rights
from inbox.models import Department, Role, SavedView, User
from inbox.views import filters, listing, places
from inbox.views.conversation import SignedIn
from inbox.views.narrowing import place_given

SHARERS = (Role.LEAD, Role.ADMIN)


class SavedViewForm(forms.ModelForm):
    """A name, and with whom. ``department`` is offered only to who may share."""

    class Meta:
        model = SavedView
        fields = ("name", "department")
        labels = {"name": gettext_lazy("Name"), "department": gettext_lazy("For whom")}

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        if user.role in SHARERS:
            choice: Any = self.fields["department"]
            choice.queryset = Department.objects.filter(members=user)
            choice.empty_label = _("Only me")
        else:
            del self.fields["department"]


@require_safe
@never_cache
@login_required
def show(request: SignedIn) -> HttpResponse:
    """All saved views of this colleague, with what can be done to each; what was just deleted can come back."""
    undo = request.GET.get("deleted", "")
    deleted = (
        SavedView.objects.filter(pk=int(undo[:18]), deleted_at__isnull=False).first() if undo.isdecimal() else None
    )
    mine = tuple(request.user.departments.all())
    made = [
        {
            "view": view,
            "may_change": rights.may_change(request.user, view),
            "form": SavedViewForm(instance=view, user=request.user, prefix=str(view.pk)),
            "narrowed": [f"{chip.label}: {chip.words}" for chip in filters.chips(filters.read(view.filters), mine)],
            "base": str(listing.VIEWS[view.view].name),
            "key": number if number <= places.DIGITS else None,
        }
        for number, view in enumerate(rights.visible(request.user), 1)
    ]
    context = {
        "title": _("Saved views"),
        "made": made,
        "deleted": deleted if deleted and rights.may_change(request.user, deleted) else None,
    }
    return render(request, "inbox/list/saved_views.html", context | places.navigation(request.user))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def new(request: SignedIn) -> HttpResponse:
    """Keep the list on screen under a name: a form (the inside of #filters, or a page), then the saved view."""
    given: QueryDict = request.POST if request.method == "POST" else request.GET
    place = place_given(request, given)
    form = SavedViewForm(request.POST if request.method == "POST" else None, user=request.user, prefix="kept")
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            view = form.save(commit=False)
            view.owner, view.created_at = request.user, now()
            narrowed = place.filters.stored()
            if place.department:
                narrowed["department"] = place.department.slug
            view.view, view.filters = place.view.slug, narrowed
            view.sort = given.get("sort", "") if given.get("sort", "") in places.SORTS else ""
            refuse_too_many(view)
            view.position = next_position(view)
            view.save()
            audit.record(None, "view_saved", request.user, view=view.pk, shared_with=view.department_id)
        return redirect("saved_view", saved=view.pk)
    context = {
        "title": _("Save as view"),
        "form": form,
        "place": place,
        "address": places.address(place) + places.query(place),
        "pairs": place.filters.pairs().items(),
        "sort": given.get("sort", ""),
    }
    if request.htmx and request.method != "POST":
        return render(request, "inbox/list/save_view.html", context)
    return render(request, "inbox/list/save_view_page.html", context | places.navigation(request.user))


def refuse_too_many(view: SavedView) -> None:
    """Raises Http404 past a number that no menu shows: no form of ours leads there."""
    if siblings(view).count() >= rights.MOST:
        raise Http404


def siblings(view: SavedView) -> Any:
    """The views it stands in order with: one's own, or those of its department."""
    kept = SavedView.objects.filter(deleted_at=None)
    if view.department_id:
        return kept.filter(department=view.department_id)
    return kept.filter(department=None, owner=view.owner_id)


def next_position(view: SavedView) -> int:
    """Behind all others."""
    return int(siblings(view).aggregate(last=Max("position"))["last"] or 0) + 1


@require_POST
@login_required
def change(request: SignedIn, pk: int, deed: str) -> HttpResponse:
    """One change of one saved view. 404 for who may not change it: then it is another's, or none."""
    with transaction.atomic():
        view = SavedView.objects.select_for_update().filter(pk=pk).first()
        if view is None or not rights.may_change(request.user, view):
            raise Http404
        if (view.deleted_at is not None) != (deed == "restore"):
            # Deleted or brought back by a colleague, or in another tab: look again.
            return redirect("saved_views")
        done = DEEDS.get(deed)
        if done is None:
            raise Http404
        where = done(request, view)
        audit.record(None, f"view_{deed}", request.user, view=view.pk)
    return redirect(where)


def _edit(request: SignedIn, view: SavedView) -> str:
    before = view.department_id
    form = SavedViewForm(request.POST, instance=view, user=request.user, prefix=str(view.pk))
    if not form.is_valid():
        messages.error(request, _("Give the view a name of at most 40 characters."))
        return reverse("saved_views")
    changed = form.save(commit=False)
    if changed.department_id != before:
        refuse_too_many(changed)
        changed.position = next_position(changed)
    changed.save(update_fields=["name", "department", "position"])
    messages.success(request, _("Saved."))
    return reverse("saved_views")


def _filters(request: SignedIn, view: SavedView) -> str:
    place = place_given(request, request.POST)
    view.view, view.filters = place.view.slug, place.filters.stored()
    view.save(update_fields=["view", "filters"])
    return reverse("saved_view", args=[view.pk])


def _delete(request: SignedIn, view: SavedView) -> str:
    view.deleted_at = now()
    view.save(update_fields=["deleted_at"])
    return f"{reverse('saved_views')}?deleted={view.pk}"


def _restore(request: SignedIn, view: SavedView) -> str:
    view.deleted_at = None
    view.save(update_fields=["deleted_at"])
    return reverse("saved_views")


def _move(view: SavedView, step: int) -> str:
    order = list(siblings(view).select_for_update().order_by("position", "id"))
    here = next(number for number, other in enumerate(order) if other.pk == view.pk)
    there = min(max(here + step, 0), len(order) - 1)
    order.insert(there, order.pop(here))
    for position, other in enumerate(order, 1):
        other.position = position
    SavedView.objects.bulk_update(order, ["position"])
    return reverse("saved_views")


DEEDS: dict[str, Callable[[SignedIn, SavedView], str]] = {
    "edit": _edit,
    "filters": _filters,
    "delete": _delete,
    "restore": _restore,
    "up": lambda _request, view: _move(view, -1),
    "down": lambda _request, view: _move(view, 1),
}
