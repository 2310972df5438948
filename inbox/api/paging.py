"""Pages by keyset: an opaque cursor to the next one, no counts, the same cost on page 1 and page 10,000."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

SIZE, MOST = 50, 200
FORMAT = "%Y%m%dT%H%M%S%f"
# To and from PostgreSQL's bigint; beyond it there is no row.
LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Order:
    """By ``field`` and then by id, both the same way. ``field`` is never null in the rows; "pk" stands alone."""

    field: str
    newest_first: bool = False

    def columns(self) -> list[str]:
        """For ``order_by``."""
        sign = "-" if self.newest_first else ""
        return [f"{sign}pk"] if self.field == "pk" else [f"{sign}{self.field}", f"{sign}pk"]

    def beyond(self, after: "Cursor") -> Q:
        """The rows behind the cursor. The bound on the field alone lets an index start there."""
        edge, past = ("lte", "lt") if self.newest_first else ("gte", "gt")
        behind = Q(**{f"pk__{past}": after.pk})
        if self.field == "pk":
            return behind
        at = after.at
        return Q(**{f"{self.field}__{edge}": at}) & (Q(**{f"{self.field}__{past}": at}) | behind)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: the moment it is ordered by (aware UTC; None in order of id), and its id."""

    pk: int
    at: datetime | None = None

    def __str__(self) -> str:
        return f"{self.pk}" if self.at is None else f"{self.at.astimezone(UTC):{FORMAT}}-{self.pk}"

    @classmethod
    def of(cls, row: Any, order: Order) -> Self:
        """The cursor that stands on this row."""
        return cls(row.pk, None if order.field == "pk" else getattr(row, order.field))

    @classmethod
    def read(cls, text: str, order: Order) -> Self:
        """Raises ValidationError for what is no cursor of this list: never quietly the first page again."""
        moment, _dash, pk = text.rpartition("-")
        refused = ValidationError({"cursor": [_("This cursor does not belong to this list.")]})
        try:
            cursor = cls(int(pk), datetime.strptime(moment, FORMAT).replace(tzinfo=UTC) if moment else None)
        except ValueError:
            raise refused from None
        if (cursor.at is None) != (order.field == "pk") or not 0 <= cursor.pk <= LARGEST:
            raise refused
        return cursor


class Keyset(BasePagination):
    """Asks the view for ``order(request)`` and ``parts(queryset)``; answers {"next", "results"}."""

    cursor: Cursor | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """One page. With several parts each is a slice of its own index, joined by UNION ALL: with IN over three
        departments PostgreSQL sorts everything first (34 ms against 0.4 ms with a million conversations)."""
        self.request, order, size = request, view.order(request), self._size(request)
        text = request.query_params.get("cursor")
        after = Cursor.read(text, order) if text is not None else None
        parts = view.parts(queryset)
        if not parts:
            return []
        slices = [self._slice(part, order, after)[: size + 1] for part in parts]
        if len(slices) > 1:
            return self._joined(queryset, slices, order, size)
        rows = list(slices[0])
        if len(rows) > size:
            rows = rows[:size]
            self.cursor = Cursor.of(rows[-1], order)
        return rows

    def _slice(self, part: QuerySet[Any], order: Order, after: Cursor | None) -> QuerySet[Any]:
        if after is not None:
            part = part.filter(order.beyond(after))
        return part.order_by(*order.columns())

    def _joined(self, queryset: QuerySet[Any], slices: Sequence[QuerySet[Any]], order: Order, size: int) -> list[Any]:
        columns = ["pk"] if order.field == "pk" else [order.field, "pk"]
        first, *others = [part.select_related(None).values_list(*columns) for part in slices]
        signs = [name.replace("pk", "id") for name in order.columns()]
        found = list(first.union(*others, all=True).order_by(*signs)[: size + 1])
        if len(found) > size:
            found = found[:size]
            at, pk = None if order.field == "pk" else found[-1][0], found[-1][-1]
            self.cursor = Cursor(pk, at)
        by_pk = queryset.in_bulk([row[-1] for row in found])
        # One that was routed away between the two queries is simply not shown.
        return [by_pk[row[-1]] for row in found if row[-1] in by_pk]

    def get_paginated_response(self, data: Any) -> Response:
        """{"next": the address of the next page or null, "results": […]}."""
        following = None
        if self.cursor is not None:
            following = replace_query_param(self.request.build_absolute_uri(), "cursor", str(self.cursor))
        return Response({"next": following, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The same for the OpenAPI schema."""
        following = {
            "type": "string",
            "format": "uri",
            "nullable": True,
            "description": "The address of the next page; null on the last one.",
        }
        properties = {"next": following, "results": schema}
        return {"type": "object", "required": ["next", "results"], "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """``cursor`` and ``limit``."""
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "Where to go on; taken from next.",
                "schema": {"type": "string"},
            },
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": "How many at most.",
                "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": SIZE},
            },
        ]

    def _size(self, request: Request) -> int:
        text = request.query_params.get("limit", str(SIZE))
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST):
            raise ValidationError({"limit": [_("Choose a number from 1 to %(most)s.") % {"most": MOST}]})
        return int(text)
