"""Webcare's addresses plus a no-op beside them, so that both are measured on the same server."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def noop(request: HttpRequest) -> HttpResponse:
    """What the server and Django's middleware cost alone."""
    return HttpResponse("ok")


urlpatterns = [path("bench/noop/", noop), path("", include("webcare.urls"))]
