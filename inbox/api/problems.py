"""Errors as problem+json (RFC 9457): type, title, status, detail, code; errors or data where they help."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.http import Http404
from django.utils.log import log_response
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

from inbox.actions.refused import NotVisible, Refused

CONTENT_TYPE = "application/problem+json"


class Problem(serializers.Serializer):
    """What went wrong, for a program (code) and for a person (detail)."""

    type = serializers.CharField(help_text="Always about:blank; tell problems apart by code.")
    title = serializers.CharField(help_text="The name of the HTTP status.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for people, in Dutch; says what to do instead.")
    code = serializers.CharField(
        help_text="Stable: claimed_by_other, window_closed, not_allowed, not_found, invalid, throttled …"
    )
    errors = serializers.DictField(  # type: ignore[assignment]
        required=False, help_text="With code invalid: for each field the sentences about it."
    )
    data = serializers.DictField(  # type: ignore[assignment]
        required=False, help_text="What belongs to the code, such as the colleague's id."
    )


def problem(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler. Refused is 409 (403 for "not_allowed"), NotVisible is 404; the unforeseen is 500."""
    if isinstance(error, Refused):
        status = HTTPStatus.FORBIDDEN if error.code == "not_allowed" else HTTPStatus.CONFLICT
        return answer(status, error.code, str(error), data=error.data)
    known = _as_api_exception(error)
    if known is None:
        return _unforeseen(error, context)
    response = exception_handler(known, context)
    headers = dict(response.items()) if response is not None else {}  # Retry-After, WWW-Authenticate
    if isinstance(known, exceptions.ValidationError):
        sentence, code, more = _("Something in the request is not right."), "invalid", {"errors": _errors(known.detail)}
    else:
        sentence, code, more = str(known.detail), _code(known), {}
    return answer(HTTPStatus(known.status_code), code, sentence, headers, **more)


def answer(status: HTTPStatus, code: str, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """One problem as a response."""
    headers = {name: value for name, value in (headers or {}).items() if name.lower() != "content-type"}
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
    }
    return Response(
        body | {name: value for name, value in more.items() if value},
        status=int(status),
        headers=headers,
        content_type=CONTENT_TYPE,
    )


def not_found(request: Request) -> Response:
    """For an address that does not exist."""
    raise exceptions.NotFound(_("There is nothing at this address. Addresses end in a slash."))


def _as_api_exception(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404 | NotVisible):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    return None


def _unforeseen(error: Exception, context: dict[str, Any]) -> Response:
    """Our mistake: told to the log and to whoever listens for failures, as Django does for a page."""
    request = context["request"]
    response = answer(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "error",
        _("Something went wrong on our side. What citizens sent is kept. Try again in a moment."),
    )
    got_request_exception.send(sender=problem, request=request._request)
    log_response(
        "%s: %s", response.status_text, request.path, response=response, request=request._request, exception=error
    )
    return response


def _code(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else error.default_code


def _errors(detail: Any) -> dict[str, Any]:
    return detail if isinstance(detail, dict) else {"non_field_errors": detail}
