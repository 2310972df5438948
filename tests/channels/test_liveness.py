"""Who answers, told within a second even when nobody does."""

import socket
import time
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
import redis
from celery import current_app
from celery.signals import heartbeat_sent, task_postrun, worker_ready
from django.conf import settings as configured
from django.db import connection

from channels import liveness, tasks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wire() -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(configured.REDIS_URL)
    keys = [liveness.worker_key(queue) for queue in liveness.queues()]
    client.delete(*keys)
    liveness._probes.forget()
    yield client
    client.delete(*keys)
    liveness._probes.forget()
    client.close()


def test_all_there(wire: redis.Redis) -> None:
    liveness.worker_is_alive(liveness.queues())
    assert (liveness.services(), liveness.background_works()) == (
        {"database": True, "redis": True, "workers": True},
        True,
    )


def test_background_is_known_without_the_database(wire: redis.Redis) -> None:
    liveness.worker_is_alive(liveness.queues())
    connection.close()
    right = connection.settings_dict["PORT"]
    connection.settings_dict["PORT"] = "1"
    try:
        found = liveness.background_works(), liveness.services()
    finally:
        connection.settings_dict["PORT"] = right
    assert found == (True, {"database": False, "redis": True, "workers": True})


def test_sign_of_life_fades(wire: redis.Redis) -> None:
    liveness.worker_is_alive(liveness.queues())
    lasting = [wire.ttl(liveness.worker_key(queue)) for queue in liveness.queues()]
    assert [0 < seconds <= liveness.WORKER_SECONDS for seconds in lasting] == [True] * 4


@pytest.mark.parametrize("missing", ["celery", "incoming", "sending", "media"])
def test_queue_without_a_worker_is_a_worker_missing(wire: redis.Redis, missing: str) -> None:
    liveness.worker_is_alive(queue for queue in liveness.queues() if queue != missing)
    assert liveness.services() == {"database": True, "redis": True, "workers": False}


def test_no_worker(wire: redis.Redis) -> None:
    assert (liveness.services(), liveness.background_works()) == (
        {"database": True, "redis": True, "workers": False},
        False,
    )


@pytest.mark.parametrize("signal", [heartbeat_sent, task_postrun, worker_ready])
def test_worker_signals_leave_a_sign_of_life(signal: Any, wire: redis.Redis) -> None:
    assert tasks.sign_of_life in [receiver for receiver, _ in signal.send(sender=None)]
    served = current_app.amqp.queues.consume_from
    assert [queue for queue in liveness.queues() if wire.exists(liveness.worker_key(queue))] == list(served)


def test_answer_is_kept_for_a_second(wire: redis.Redis) -> None:
    before = liveness.services()
    liveness.worker_is_alive(liveness.queues())
    assert liveness.services() == before
    liveness._probes.forget()
    assert liveness.services()["workers"] is True


def test_dead_redis(wire: redis.Redis, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    started = time.monotonic()
    liveness.worker_is_alive(liveness.queues())
    assert liveness.services() == {"database": True, "redis": False, "workers": False}
    assert time.monotonic() - started < 1


def test_silent_redis(wire: redis.Redis, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        started = time.monotonic()
        assert liveness.services() == {"database": True, "redis": False, "workers": False}
        assert time.monotonic() - started < 1.5


def test_probe_that_hangs_costs_its_patience_and_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "PATIENCE", 0.05)
    monkeypatch.setattr(liveness, "FRESH", 0.0)
    released, asked = Event(), []

    def hangs() -> bool:
        asked.append(1)
        return released.wait(10)

    probes = liveness.Probes({"slow": hangs, "quick": lambda: True})
    found = [probes.answers("slow", "quick") for _ in range(3)]
    released.set()
    probes.pool.shutdown()
    assert (found, len(asked)) == ([{"slow": False, "quick": True}] * 3, 1)
    assert probes.running["slow"].result() is True
