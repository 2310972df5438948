"""Refusals as a page: a sentence and the way out, never a bare error. For htmx the sentence alone."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _


def _answer(request: HttpRequest, status: int, heading: str, words: str) -> HttpResponse:
    context = {"heading": heading, "words": words, "status": status}
    template = "errors/fragment.html" if request.headers.get("HX-Request") else "errors/page.html"
    # Without the request: an error page must not need the session, the database or the user.
    return HttpResponse(render_to_string(template, context), status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: what came cannot be read; also Django's answer to too many or too large fields."""
    return _answer(
        request,
        400,
        _("We could not read this"),
        _("Something is wrong with the address or the form. Go back and try again."),
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: for another role."""
    return _answer(
        request, 403, _("This page is not for you"), _("An administrator can give you access, or do this for you.")
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: not there, or not for this colleague; which of the two is not told."""
    return _answer(
        request,
        404,
        _("This is not here"),
        _("The conversation does not exist, or it now lies with a department that you are not in."),
    )


def too_large(request: HttpRequest) -> HttpResponse:
    """413: a file or text that is too large."""
    return _answer(request, 413, _("This is too large"), _("Choose a smaller file, or a shorter text."))


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our mistake; what citizens sent is kept."""
    return _answer(
        request,
        500,
        _("Something went wrong here"),
        _("Nothing of what citizens sent is lost. Try again in a moment, or tell your administrator."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was too old, or came from another page: go back and send it again; what was typed is in the browser."""
    response: HttpResponse = render(request, "errors/csrf.html", status=403)
    if request.headers.get("HX-Request"):
        return _answer(
            request,
            403,
            _("This page was open too long"),
            _("What you typed is kept. Load the page again and send it once more."),
        )
    return response
