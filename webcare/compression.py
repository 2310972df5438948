"""Middleware: pages, fragments and scripts go over the wire compressed, also where no proxy does it."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

# What shrinks. What whitenoise serves of the source is among it; in the image it has files compressed beforehand.
TYPES = frozenset({
    *("text/html", "text/css", "text/javascript", "application/javascript"),
    *("application/json", "application/problem+json", "image/svg+xml"),
})  # fmt: skip


class Compression(GZipMiddleware):
    """Django's, which pads against BREACH, for what shrinks: never a part (206) or a citizen's file."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        """The answer, compressed where that is of use."""
        kind = response.get("Content-Type", "").partition(";")[0]
        if kind not in TYPES or response.status_code == 206 or response.has_header("Content-Disposition"):
            return response
        return super().process_response(request, response)
