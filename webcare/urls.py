"""Every address: webhooks, pages, API, health."""

from django.urls import include, path

from webcare import health

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("api/v1/", include("inbox.api.urls")),
    path("", include("channels.urls")),
    path("", include("inbox.urls")),
]
