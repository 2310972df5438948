"""Which conversations a view holds, in what order, a page at a time, and how many: the product's hottest queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, CharField, DateTimeField, F, Q, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from channels.clock import now
from inbox import models
from inbox.kept import Asked, Statement, slot, together, unseen
from inbox.models import Conversation, ConversationQuerySet, Department, SavedView, Status, User
from inbox.views import filters, listed
from inbox.views.filters import NOTHING, Filters
from inbox.views.listed import Listed

PAGE = 50
WINDOW = 5_000  # conversations of each department that one page with filters looks at
COUNTED_OF = 2_000  # and that one count of a saved view does
CAP = 99  # past this a count is told as "99+": never an exact count of a large table
# The department that a slice is of, where slices are taken of several: listed.by_slices and counts.
HERE = RawSQL("here.id", (), output_field=BigIntegerField())
_USER, _NOW = unseen("user"), unseen("now", "timestamptz")


@dataclass(frozen=True, slots=True)
class View:
    """One view of the inbox on screen; ``key`` follows "g". What it holds, and how ordered, is inbox.models.VIEWS."""

    slug: str
    name: str | Promise
    icon: str
    key: str
    empty: str | Promise
    counted: bool = True

    @property
    def order(self) -> str:
        """The field that, with the id, makes its order."""
        return models.VIEWS[self.slug][0]

    @property
    def newest_first(self) -> bool:
        """Which end comes first."""
        return models.VIEWS[self.slug][1]


VIEWS = {
    view.slug: view
    for view in (
        View("todo", _("To do"), "inbox", "i", _("Nothing to do.")),
        View("mine", pgettext_lazy("view", "Mine"), "mine", "m", _("You have nothing claimed.")),
        View("unclaimed", _("Unclaimed"), "unclaimed", "n", _("Everything has been claimed.")),
        View("late", pgettext_lazy("view", "Late"), "late", "t", _("Nothing is late.")),
        View(
            "waiting",
            _("Waiting for citizen"),
            "waiting",
            "w",
            _("No conversation waits for a citizen."),
        ),
        View("later", pgettext_lazy("view", "Later"), "later", "l", _("Nothing was put off.")),
        View(
            "closed",
            pgettext_lazy("view", "Closed"),
            "closed",
            "a",
            _("Nothing has been closed yet."),
            counted=False,
        ),
    )
}


COUNTED = tuple(view.slug for view in VIEWS.values() if view.counted)


@dataclass(frozen=True, slots=True)
class Place:
    """A view as one colleague sees it: all their departments, or one of them."""

    view: View
    user: User
    departments: tuple[Department, ...]
    department: Department | None = None
    filters: Filters = NOTHING
    sort: str = ""  # a key of SORTS
    saved: SavedView | None = None

    @property
    def within(self) -> tuple[Department, ...]:
        """The departments this place looks into."""
        if self.department:
            return (self.department,)
        if slug := self.filters.department:
            return tuple(department for department in self.departments if department.slug == slug)
        return self.departments

    @property
    def name(self) -> str:
        """Its name on screen."""
        if self.saved:
            return self.saved.name
        return self.department.name if self.department else str(self.view.name)

    @property
    def sorted(self) -> str:
        """The order it is in. What is closed grows for ever: days are looked up there in the order of the days."""
        dated = self.filters.since or self.filters.until
        return "newest" if dated and not self.sort and self.view.slug == "closed" else self.sort

    @property
    def order(self) -> str:
        """The field that, with the id, makes its order."""
        return "last_message_at" if self.sorted else self.view.order

    @property
    def newest_first(self) -> bool:
        """Which end comes first."""
        return self.sorted == "newest" if self.sorted else self.view.newest_first

    @property
    def key(self) -> str:
        """Its name for counts and for what a colleague prefers."""
        if self.saved:
            return f"saved:{self.saved.pk}"
        return f"department:{self.department.slug}" if self.department else self.view.slug


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: the moment it is ordered by (aware UTC), and its id. Safe to show in a URL."""

    at: datetime
    pk: int

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{self.pk}"

    @classmethod
    def read(cls, text: str) -> "Cursor | None":
        """None for what is no cursor: then a page starts at the beginning."""
        moment, _dash, pk = text.partition("-")
        try:
            return cls(datetime.strptime(moment, "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC), int(pk))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Page:
    """Conversations in order, and where to go on (None: this is all)."""

    conversations: list[Listed]
    after: Cursor | None
    partly: bool = False  # so many were looked at that the rest waits for the next page, though this one is not full


def in_view(place: Place, queryset: ConversationQuerySet) -> ConversationQuerySet:
    """Narrow conversations to those that belong in the view and pass its filters, departments apart."""
    moment = now()
    queryset = queryset.in_view(place.view.slug, place.user, moment)
    return filters.narrowed(queryset, place.filters, place.user, moment) if place.filters else queryset


def ordered(
    place: Place, queryset: ConversationQuerySet, after: Cursor | None, until: Cursor | None = None
) -> ConversationQuerySet:
    """In the order of the place, from behind ``after`` up to and including ``until``. The outer bounds on the field
    alone let the index start and end there."""
    field = place.order
    way, back = ("lt", "gt") if place.newest_first else ("gt", "lt")
    if after is not None:
        queryset = queryset.filter(
            Q(**{f"{field}__{way}e": after.at}) & (Q(**{f"{field}__{way}": after.at}) | Q(**{f"pk__{way}": after.pk}))
        )
    if until is not None:
        inside = Q(**{f"{field}__{back}": until.at}) | Q(**{f"pk__{back}e": until.pk})
        queryset = queryset.filter(Q(**{f"{field}__{back}e": until.at}) & inside)
    return queryset.order_by(*(F(name).desc() if place.newest_first else F(name).asc() for name in (field, "pk")))


def page(place: Place, after: Cursor | None = None, size: int = PAGE, beside: Iterable[Asked[Any]] = ()) -> Page:
    """One page of a place: one query, whatever the number of departments; with filters one or two more. ``beside`` is
    asked in the same round trip.

    Filters may pass one conversation in a million, so a page looks at a stretch of WINDOW conversations of each
    department: when those do not fill it, it ends there (``partly``) and the next page goes on.
    """
    until = horizon(place, after) if place.filters.loose else None
    values: dict[str, Any] = {}
    if place.filters:
        slices = ordered(place, in_view(place, Conversation.objects.filter(department=HERE)), after, until)
        try:
            sql, parameters = slices.values_list(place.order, "pk")[: size + 1].query.sql_with_params()
        except EmptyResultSet:  # a filter that nothing can pass
            return Page([], None)
        statement = listed.slices(sql, parameters, newest_first=place.newest_first, limit=size + 1)
    else:
        statement = _slices(place.view.slug, place.sort, size + 1, on=after is not None)
        values = {"at": after.at, "pk": after.pk} if after else {}
    asked = listed.by_slices(place.user, [department.pk for department in place.within], statement, **values)
    together(asked, *beside)
    found = asked.rows()
    if len(found) > size:
        last = found[size - 1]
        return Page(found[:size], Cursor(getattr(last, place.order), last.pk))
    return Page(found, until, partly=until is not None)


@lru_cache
def _slices(view: str, sort: str, limit: int, *, on: bool) -> Statement:
    """The statement for a page without filters; with slots for the cursor when it goes ``on``."""
    place = Place(VIEWS[view], _USER, (), sort=sort)
    here = Conversation.objects.filter(department=HERE).in_view(view, _USER, _NOW)
    slices = ordered(place, here, Cursor(slot("at"), slot("pk")) if on else None)
    sql, parameters = slices.values_list(place.order, "pk")[:limit].query.sql_with_params()
    return listed.slices(sql, parameters, newest_first=place.newest_first, limit=limit)


def horizon(place: Place, after: Cursor | None) -> Cursor | None:
    """How far a page with filters looks: the nearest end of WINDOW conversations in any department; None: to the end
    of them all. One query over an index alone."""
    moment = now()
    here = Conversation.objects.filter(department=HERE).in_view(place.view.slug, place.user, moment)
    if place.order == "last_message_at":
        here = filters.between(here, place.filters)
    slices = ordered(place, here, after).values_list(place.order, "pk")[WINDOW : WINDOW + 1]
    sql, parameters = slices.query.sql_with_params()
    way = "DESC" if place.newest_first else "ASC"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT edge.at, edge.id FROM unnest(%s::bigint[]) AS here (id), LATERAL ({sql}) AS edge (at, id) "  # noqa: S608
            f"ORDER BY edge.at {way}, edge.id {way} LIMIT 1",
            [[department.pk for department in place.within], *parameters],
        )
        row = cursor.fetchone()
    return Cursor(*row) if row else None


def rows_of(user: User, ids: Sequence[int], beside: Iterable[Asked[Any]] = ()) -> list[Listed]:
    """Conversations by id with all that a row shows; only what this colleague sees, in the order given. One query, in
    one round trip with ``beside``."""
    asked = listed.by_id(user, ids)
    together(asked, *beside)
    return asked.rows()


def belonging(place: Place, ids: Sequence[int]) -> set[int]:
    """Which of these conversations are in the view now. One query."""
    queryset = Conversation.objects.filter(pk__in=ids, department__in=place.within)
    return set(in_view(place, queryset).values_list("pk", flat=True))


def ask_counts(user: User, departments: Sequence[Department]) -> Asked[tuple[Any, ...]]:
    """What ``counts`` tells of. Every count stops at CAP + 1 rows of a partial index, department by department, so it
    costs the same with a million conversations."""
    if not departments:
        return Asked.nothing()
    return _counting().asked(user=user.pk, now=now(), departments=[department.pk for department in departments])


def counts(asked: Asked[tuple[Any, ...]], departments: Sequence[Department]) -> dict[str, int]:
    """Per view slug, and per department as "department:<slug>", how many; at most CAP + 1."""
    if not departments:
        return {}
    by_department = {row[0]: row[1:] for row in asked}
    found = [by_department[department.pk] for department in departments]
    told = {slug: min(sum(column), CAP + 1) for slug, column in zip(COUNTED, zip(*found, strict=True), strict=True)}
    todo = COUNTED.index("todo")
    return told | {
        f"department:{department.slug}": row[todo] for department, row in zip(departments, found, strict=True)
    }


@lru_cache
def _counting() -> Statement:
    """The statement that counts for a colleague."""
    parts: list[str] = []
    parameters: list[Any] = []
    for slug in COUNTED:
        queryset = Conversation.objects.filter(department=HERE).in_view(slug, _USER, _NOW)
        sql, values = queryset.values("pk")[: CAP + 1].query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS capped)")  # noqa: S608 - Django's own SQL, values apart
        parameters += values
    sql = f"SELECT here.id, {', '.join(parts)} FROM {listed.HERE} AS here (id)"  # noqa: S608 - same
    return Statement(sql, [*parameters, slot("departments")])


def saved_counts(places: Sequence[Place]) -> dict[str, int]:
    """Per key of a place with filters, how many pass; at most CAP + 1, among the first COUNTED_OF of each department.
    One query, none without places."""
    parts: dict[str, str] = {}
    parameters: list[Any] = []
    for place in places:
        here = Conversation.objects.filter(department=HERE)
        if place.filters.loose:
            field, newest_first = place.view.order, place.view.newest_first
            first = here.in_view(place.view.slug, place.user, now()).order_by(f"{'-' if newest_first else ''}{field}")
            edge = Subquery(first.values(field)[COUNTED_OF : COUNTED_OF + 1])
            beyond = Value("-infinity" if newest_first else "infinity", output_field=CharField())
            last = Coalesce(edge, Cast(beyond, DateTimeField()))
            here = here.filter(**{f"{field}__{'gte' if newest_first else 'lte'}": last})
        try:
            sql, values = in_view(place, here).values("pk")[: CAP + 1].query.sql_with_params()
        except EmptyResultSet:  # a filter that nothing can pass
            continue
        parts[place.key] = f"(SELECT count(*) FROM ({sql}) AS capped)"  # noqa: S608 - Django's own SQL, values apart
        parameters += values
    if not parts:
        return {}
    departments = [department.pk for department in places[0].departments]
    with connection.cursor() as cursor:
        statement = f"SELECT here.id, {', '.join(parts.values())} FROM unnest(%s::bigint[]) AS here (id)"  # noqa: S608
        cursor.execute(statement, [*parameters, departments])
        rows = cursor.fetchall()
    within = {place.key: {department.pk for department in place.within} for place in places}
    return {
        key: min(sum(row[number] for row in rows if row[0] in within[key]), CAP + 1)
        for number, key in enumerate(parts, 1)
    }


def oldest_waiting(departments: Iterable[Department]) -> datetime | None:
    """Since when the conversation has waited that has waited longest for its citizen; None when none waits."""
    slices = [
        Conversation.objects.filter(department=department, status=Status.WAITING)
        .order_by("last_message_at", "pk")
        .values_list("last_message_at", flat=True)[:1]
        for department in departments
    ]
    return min((moment for found in slices for moment in found), default=None)
