"""Webhook requests a second, beside a no-op view on the same server in the same run."""

import hashlib
import hmac
import json
from pathlib import Path
from statistics import median

from benchmarks.load import Outcome, request_bytes, run
from benchmarks.processes import webcare
from benchmarks.table import Figure
from channels.models import InboundEvent
from channels.simulator import town

CONNECTIONS = 32
REQUESTS = 8_000
RUNS = 3
PADDING = "x" * 1_500  # a comment's webhook is about 2 kB


def signed(number: int, batch: int) -> bytes:
    """One comment's webhook, signed, different each time."""
    app = town.app("facebook")
    page = app.accounts[0].external_id
    value = {
        "item": "comment",
        "verb": "add",
        "post_id": f"{page}_1",
        "parent_id": f"{page}_1",
        "comment_id": f"1_{batch}{number:06}",
        "from": {"id": f"{number % 500}", "name": f"Inwoner {number % 500}"},
        "message": f"Wanneer is de Molenstraat weer open? {PADDING}",
        "created_time": 1_795_000_000 + number,
    }
    entry = {"id": page, "time": 1_795_000_000, "changes": [{"field": "feed", "value": value}]}
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    digest = hmac.new(app.secrets["app_secret"].encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
    return request_bytes("POST", f"/webhooks/facebook/{app.key}/", body, headers)


def measure(folder: Path) -> list[Figure]:
    """No-op and webhook in turn, medians of three; every webhook must be in the table afterwards."""
    outcomes: dict[str, list[Outcome]] = {"noop": [], "webhook": []}
    with webcare("web", data=folder, DJANGO_SETTINGS_MODULE="benchmarks.settings") as ports:
        noop = [request_bytes("POST", "/bench/noop/", PADDING.encode())] * REQUESTS
        run(ports.web, noop[:500], CONNECTIONS)  # warm
        run(ports.web, [signed(number, 9) for number in range(500)], CONNECTIONS)
        before = InboundEvent.objects.count()
        for batch in range(RUNS):
            outcomes["noop"].append(run(ports.web, noop, CONNECTIONS))
            requests = [signed(number, batch) for number in range(REQUESTS)]
            outcomes["webhook"].append(run(ports.web, requests, CONNECTIONS))
        stored = InboundEvent.objects.count() - before
    refused = sum(outcome.failed for outcome in outcomes["webhook"])
    if stored != RUNS * REQUESTS - refused:
        raise RuntimeError(f"{RUNS * REQUESTS - refused} webhooks were answered with 200, {stored} are stored")
    conditions = f"granian WSGI 2×2, {CONNECTIONS} connections, {REQUESTS} requests, median of {RUNS}"
    return [
        Figure("noop_rps", median(o.per_second for o in outcomes["noop"]), "requests/s", conditions),
        Figure("noop_ms_p99", median(o.p99_ms for o in outcomes["noop"]), "ms", conditions),
        Figure(
            "webhook_rps",
            median(o.per_second for o in outcomes["webhook"]),
            "requests/s",
            f"{conditions}; 2 kB, signature checked, one committed INSERT each, {refused} refused",
        ),
        Figure("webhook_ms_p99", median(o.p99_ms for o in outcomes["webhook"]), "ms", conditions),
    ]
