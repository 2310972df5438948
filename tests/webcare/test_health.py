"""What the proxy, the container platform and Prometheus are told."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from channels import liveness
from channels.clock import now
from channels.models import Account, InboundEvent, PlatformApp
from inbox.models import Conversation, Message

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def forget_workers() -> None:
    liveness.wire(configured.REDIS_URL).delete(*(liveness.worker_key(queue) for queue in liveness.queues()))


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    liveness._probes.forget()
    yield
    forget_workers()
    liveness._probes.forget()


def test_healthz_asks_nobody(settings: Any) -> None:
    # Without the db fixture a query would raise; Redis is not there.
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = Client().get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_nothing_is_changed_by_these(path: str) -> None:
    assert Client().post(path).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_ready_when_all_answer() -> None:
    liveness.worker_is_alive(liveness.queues())
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready", "missing": []})


@pytest.mark.django_db(transaction=True)
def test_not_ready_without_a_worker() -> None:
    forget_workers()
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (503, {"status": "not ready", "missing": ["workers"]})


@pytest.mark.django_db(transaction=True)
def test_not_ready_without_redis(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["missing"]) == (503, ["redis", "workers"])


@pytest.mark.django_db(transaction=True)
def test_not_ready_without_the_database() -> None:
    liveness.worker_is_alive(liveness.queues())
    connection.close()
    right = connection.settings_dict["PORT"]
    connection.settings_dict["PORT"] = "1"
    started = time.monotonic()
    try:
        response = Client().get("/readyz")
    finally:
        connection.settings_dict["PORT"] = right
    assert (response.status_code, response.json()["missing"]) == (503, ["database"])
    assert time.monotonic() - started < 1


def scraped(token: str = "prometheus") -> dict[tuple[str, ...], float]:
    response = Client().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 200
    return {
        (sample.name.removeprefix("webcare_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


def test_metrics_do_not_exist_without_a_token(db: None, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    codes = [
        Client().get("/metrics", headers=headers).status_code
        for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"})
    ]
    assert codes == [404, 404, 404]


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer other", "prometheus", "Bearer prometheusx", "é"])
def test_metrics_need_the_token(given: str, db: None, settings: Any) -> None:
    settings.METRICS_TOKEN = "prometheus"
    response = Client().get("/metrics", headers={"Authorization": given})
    assert (response.status_code, response.content) == (401, b"")


@pytest.mark.django_db(transaction=True)
def test_metrics_of_an_empty_installation(settings: Any) -> None:
    settings.METRICS_TOKEN = "prometheus"
    liveness.worker_is_alive(liveness.queues())
    assert scraped() == {
        ("events", "waiting"): 0,
        ("events", "failed"): 0,
        ("messages", "queued"): 0,
        ("messages", "sending"): 0,
        ("messages", "unknown"): 0,
        ("oldest_event_waiting_seconds",): 0,
        ("oldest_message_overdue_seconds",): 0,
        ("service_up", "database"): 1,
        ("service_up", "redis"): 1,
        ("service_up", "workers"): 1,
    }


@pytest.mark.django_db(transaction=True)
def test_metrics_count_what_waits_and_what_failed(
    accounts: dict[str, Account], make_conversation: Callable[..., Conversation], settings: Any
) -> None:
    settings.METRICS_TOKEN = "prometheus"
    app = PlatformApp.objects.get(kind="x")
    begun = now()
    for number, state in enumerate(["stored", "stored", "failed", "done"]):
        InboundEvent.objects.create(
            app=app,
            dedupe_key=str(number),
            body=b"",
            received_at=begun - timedelta(seconds=600 - number),
            state=state,
        )
    conversation = make_conversation()
    for state in ["queued", "unknown", "unknown", "sent", "sending"]:
        Message.objects.create(
            conversation=conversation,
            account=conversation.account,
            direction="out",
            public=False,
            sent_at=AT,
            state=state,
            send_at=begun - timedelta(seconds=60),
        )
    Account.objects.filter(kind="x").update(state="broken")
    found = scraped()
    took = (now() - begun).total_seconds()
    ages = found.pop(("oldest_event_waiting_seconds",)), found.pop(("oldest_message_overdue_seconds",))
    assert (600 <= ages[0] <= 600 + took, 60 <= ages[1] <= 60 + took) == (True, True), ages
    counted = {key: value for key, value in found.items() if key[0] != "service_up"}
    assert counted == {
        ("events", "waiting"): 2,
        ("events", "failed"): 1,
        ("messages", "queued"): 1,
        ("messages", "sending"): 1,
        ("messages", "unknown"): 2,
        ("accounts", "x", "broken"): 1,
        ("accounts", "facebook", "active"): 1,
        ("accounts", "whatsapp", "active"): 1,
    }


def test_metrics_cost_two_queries(db: None, settings: Any, django_assert_num_queries: Any) -> None:
    settings.METRICS_TOKEN = "prometheus"
    with django_assert_num_queries(2):
        Client().get("/metrics", headers={"Authorization": "Bearer prometheus"})


@pytest.mark.django_db(transaction=True)
def test_metrics_without_the_database_are_unavailable(settings: Any) -> None:
    settings.METRICS_TOKEN = "prometheus"
    connection.close()
    right = connection.settings_dict["PORT"]
    connection.settings_dict["PORT"] = "1"
    try:
        response = Client().get("/metrics", headers={"Authorization": "Bearer prometheus"})
    finally:
        connection.settings_dict["PORT"] = right
    assert response.status_code == 503
