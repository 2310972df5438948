"""Refusals as a page: a sentence and the way out, never a bare error."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was too old, or came from another page: log in again or go back, what was typed is in the browser."""
    return render(request, "errors/csrf.html", status=403)
