"""Is it alive, is it ready, how is it doing: for the proxy, for the container platform and for Prometheus."""

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from channels import liveness
from channels.clock import now

CAP = 10_000  # counts stop here: nobody acts differently on more, and a scrape stays cheap

# Each over a partial index; all that wait are few, or CAP stops them.
COUNTS = """
    SELECT
      (SELECT count(*) FROM (SELECT 1 FROM channels_inboundevent WHERE state = 'stored' LIMIT %(cap)s) AS a),
      (SELECT count(*) FROM (SELECT 1 FROM channels_inboundevent WHERE state = 'failed' LIMIT %(cap)s) AS b),
      (SELECT count(*) FROM (SELECT 1 FROM inbox_message WHERE state = 'queued' LIMIT %(cap)s) AS c),
      (SELECT count(*) FROM (SELECT 1 FROM inbox_message WHERE state = 'sending' LIMIT %(cap)s) AS d),
      (SELECT count(*) FROM (SELECT 1 FROM inbox_message WHERE state = 'unknown' LIMIT %(cap)s) AS e),
      (SELECT received_at FROM channels_inboundevent WHERE state = 'stored' ORDER BY id LIMIT 1),
      (SELECT min(send_at) FROM inbox_message WHERE state = 'queued')
"""
ACCOUNTS = "SELECT kind, state, count(*) FROM channels_account GROUP BY kind, state"


def services() -> dict[str, bool]:
    """Who answers: database, Redis, workers. See channels.liveness.services."""
    return liveness.services()


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers; asks nobody."""
    return HttpResponse("ok", content_type="text/plain; charset=utf-8")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, Redis and workers answer, else 503 with what is missing; within a second."""
    missing = [name for name, answers in services().items() if not answers]
    if missing:
        return JsonResponse({"status": "not ready", "missing": missing}, status=503)
    return JsonResponse({"status": "ready", "missing": []})


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, with ``Authorization: Bearer METRICS_TOKEN``; 404 while no token is set, 401 for another.

    Every figure comes from the database at the moment of asking, so any web process can answer for all.
    """
    if not settings.METRICS_TOKEN:
        return HttpResponse(status=404)
    given = request.headers.get("Authorization", "").encode("utf-8", "replace")
    if not hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry(auto_describe=False)
    try:
        registry.register(Figures())
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    except DatabaseError:
        return HttpResponse(status=503)


class Figures(Collector):
    """What waits and what went wrong, by two cheap queries."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Counts stop at CAP; ages are in seconds, 0 when nothing waits."""
        with connection.cursor() as cursor:
            cursor.execute(COUNTS, {"cap": CAP})
            waiting, failed, queued, sending, unknown, oldest_event, oldest_message = cursor.fetchone()
            cursor.execute(ACCOUNTS)
            by_account = cursor.fetchall()
        events = GaugeMetricFamily("webcare_events", f"Stored events, at most {CAP}", labels=["state"])
        events.add_metric(["waiting"], waiting)
        events.add_metric(["failed"], failed)
        yield events
        messages = GaugeMetricFamily("webcare_messages", f"Answers on their way, at most {CAP}", labels=["state"])
        messages.add_metric(["queued"], queued)
        messages.add_metric(["sending"], sending)
        messages.add_metric(["unknown"], unknown)
        yield messages
        for name, words, since in (
            ("webcare_oldest_event_waiting_seconds", "Age of the oldest event that waits", oldest_event),
            ("webcare_oldest_message_overdue_seconds", "How long the first answer in the queue is due", oldest_message),
        ):
            age = max((now() - since).total_seconds(), 0.0) if since else 0.0
            yield GaugeMetricFamily(name, words, value=age)
        accounts = GaugeMetricFamily("webcare_accounts", "Accounts by platform and state", labels=["kind", "state"])
        for kind, state, count in by_account:
            accounts.add_metric([kind, state], count)
        yield accounts
        alive = GaugeMetricFamily("webcare_service_up", "Whether it answers", labels=["service"])
        for name, answers in services().items():
            alive.add_metric([name], float(answers))
        yield alive
