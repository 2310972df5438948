"""Every address: webhooks, pages, API, health."""

from django.urls import include, path

from inbox.admin import site
from webcare import health

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("api/v1/", include("inbox.api.urls")),
    path("beheer/", site.urls),
    path("", include("channels.urls")),
    path("", include("inbox.urls")),
]

handler400 = "inbox.views.errors.bad_request"
handler403 = "inbox.views.errors.forbidden"
handler404 = "inbox.views.errors.not_found"
handler500 = "inbox.views.errors.server_error"
