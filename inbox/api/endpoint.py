"""What every endpoint shares: who calls, what of it they may see, and the words of the schema."""

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ParseError, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.authentication import ApiTokenAuthentication
from inbox.api.paging import Keyset, Order
from inbox.api.problems import Problem
from inbox.models import Conversation, User

READING: dict[int, str] = {401: "No token, or one that is not valid.", 404: "Not there, or not for this colleague."}
WRITING: dict[int, str] = {
    **READING,
    400: "The body cannot be read; code invalid comes with errors for each field.",
    403: "This colleague may look but not do this (code not_allowed).",
    415: "The body is not JSON.",
}


class UtcField(serializers.DateTimeField):
    """A moment, told in UTC with a Z; taken with any offset."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)


class AlwaysJson(DefaultContentNegotiation):
    """Whatever a client says it accepts: the one thing there is, never 406 instead of a problem in words."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        """The first and only renderer."""
        return renderers[0], renderers[0].media_type


class Json(JSONParser):
    """Also a body that nests deeper than Python reads is the caller's mistake, not ours."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        """Raises ParseError."""
        try:
            parsed: dict[str, Any] = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError from None
        return parsed


class Endpoint(GenericAPIView):
    """By token; rows come from ``get_queryset``, narrowed to what the caller may see."""

    authentication_classes = [ApiTokenAuthentication]
    content_negotiation_class = AlwaysJson
    parser_classes = [Json]
    pagination_class: type[Keyset] | None = None

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """What citizens wrote is kept by no cache on the way."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        return response

    @property
    def caller(self) -> User:
        """The colleague whose token this is."""
        user = self.request.user
        if not isinstance(user, User):  # the permission let nobody else in
            raise NotFound
        return user

    def conversation(self) -> Conversation:
        """The conversation of the address, as the caller may see it. Raises NotFound."""
        found = Conversation.objects.visible_to(self.caller).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise NotFound
        return found


class Listing(ListModelMixin, Endpoint):
    """GET: one page of rows."""

    pagination_class = Keyset
    ordering: ClassVar[Order] = Order("pk")
    query_class: ClassVar[type[serializers.Serializer] | None] = None  # the filters

    def order(self, request: Request) -> Order:
        """In what order; Keyset asks."""
        return self.ordering

    def parts(self, queryset: QuerySet[Any]) -> Sequence[QuerySet[Any]]:
        """The rows in parts that each have an index of their own; Keyset asks."""
        return [queryset]

    def filters(self) -> dict[str, Any]:
        """The query as the filters of this list read it. Raises ValidationError, also for one it does not know:
        a filter that is misspelt must not answer with everything."""
        # A plain dict: in a form, and so in a query string, rest_framework reads a missing boolean as False.
        known = (self.query_class or serializers.Serializer)(data=self.request.query_params.dict())
        unknown = set(self.request.query_params) - set(known.fields) - {"cursor", "limit"}
        if unknown:
            raise ValidationError({name: [_("There is no such filter here.")] for name in sorted(unknown)})
        known.is_valid(raise_exception=True)
        return dict(known.validated_data)

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page."""
        return self.list(request, *args, **kwargs)


class Detail(RetrieveModelMixin, Endpoint):
    """GET: one row."""

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The row, or 404."""
        return self.retrieve(request, *args, **kwargs)


def problems(told: dict[int, str]) -> dict[Any, Any]:
    """Problem responses for the schema."""
    return {
        (status, "application/problem+json"): OpenApiResponse(Problem, description=words)
        for status, words in sorted(told.items())
    }


def reading(operation: str, summary: str, *, many: bool = False, **schema: Any) -> Callable[[type], type]:
    """Class decorator for GET: the operation's name and words in the schema, its filters, and its problems. ``many``:
    a short list without pages."""

    def decorate(view: Any) -> type:
        listing = issubclass(view, Listing)
        told: dict[int, str] = READING | ({400: "A filter or the cursor is not right."} if listing else {})
        answers = {200: view.serializer_class(many=listing or many), **problems(told)}
        query: dict[str, Any] = {"parameters": [view.query_class]} if listing and view.query_class else {}
        return _extended(
            view, get=extend_schema(operation_id=operation, summary=summary, responses=answers, **query, **schema)
        )

    return decorate


def writing(
    operation: str, summary: str, responses: dict[int, Any], refusals: Sequence[str] = (), **schema: Any
) -> Callable[[type], type]:
    """Class decorator for POST: the same, with the codes of ``Refused`` that the action knows."""
    told = WRITING | ({409: f"It cannot be done now; code: {', '.join(refusals)}."} if refusals else {})
    answers = {**responses, **problems(told)}
    words = extend_schema(operation_id=operation, summary=summary, responses=answers, **schema)
    return lambda view: _extended(view, post=words)


def _extended(view: Any, **methods: Any) -> type:
    extended: type = extend_schema_view(**methods)(view)
    return extended
