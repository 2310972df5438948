"""Kicks: debounced without a gap at the end, milliseconds when Redis is dead, and never an error."""

import json
import socket
import time
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from channels import events
from channels.models import Account
from inbox import kick
from tests.inbox.storing import put, said

real_producer = kick.producer


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No kick of another test, and a breaker that is closed."""

    def clean() -> None:
        kick._rest_until = 0.0
        kick.wire.cache_clear()
        for key in kick.wire().scan_iter("webcare:kick:*"):
            kick.wire().delete(key)

    clean()
    yield
    clean()


def test_second_kick_before_a_look_is_spared(kicks_stay_here: list[str]) -> None:
    kick.kick_drain()
    kick.kick_drain()
    kick.kick_outbox()
    assert kicks_stay_here == [kick.DRAIN, kick.SEND_DUE]


def test_kick_after_a_look_began_is_a_new_one(kicks_stay_here: list[str]) -> None:
    """What was stored just after the drainer looked does not wait for the sweeper."""
    kick.kick_drain()
    kick.looking("drain")
    kick.kick_drain()
    assert kicks_stay_here == [kick.DRAIN, kick.DRAIN]


def test_each_message_has_a_kick_of_its_own(kicks_stay_here: list[str]) -> None:
    for message_id in (1, 2, 1):
        kick.kick_send(message_id)
    assert kicks_stay_here == [kick.SEND, kick.SEND]


def test_task_reaches_the_queue_of_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kick, "producer", real_producer)
    kick.kick_send(7)
    envelope: Any = kick.wire().lpop("celery")
    told = json.loads(envelope)
    assert (told["headers"]["task"], json.loads(b64decode(told["body"]))[0]) == ("inbox.tasks.send_message", [7])


def test_dead_redis_costs_milliseconds_once(settings: Any, kicks_stay_here: list[str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{closed.getsockname()[1]}/0"
    kick.wire.cache_clear()
    began = time.perf_counter()
    kick.kick_drain()
    first = time.perf_counter() - began
    for _ in range(100):
        kick.kick_drain()
        kick.looking("drain")
    rest = time.perf_counter() - began - first
    kick.wire.cache_clear()
    kick.wire()
    assert first < 0.5
    assert rest < 0.05
    assert kicks_stay_here == []
    settings.REDIS_URL = settings.CELERY_BROKER_URL
    kick.wire.cache_clear()


def test_hanging_redis_is_left_after_its_timeout(settings: Any, kicks_stay_here: list[str]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        kick.wire.cache_clear()
        began = time.perf_counter()
        kick.kick_drain()
        kick.kick_drain()
        assert time.perf_counter() - began < 1
    assert kicks_stay_here == []
    settings.REDIS_URL = settings.CELERY_BROKER_URL
    kick.wire.cache_clear()


@pytest.mark.django_db
def test_stored_event_kicks_the_drainer(accounts: dict[str, Account], kicks_stay_here: list[str]) -> None:
    put(accounts["whatsapp"], said(accounts["whatsapp"], "m1"))
    assert kicks_stay_here == []
    events.announce()
    assert kicks_stay_here == [kick.DRAIN]


@pytest.mark.django_db
def test_replay_kicks_on_commit(
    accounts: dict[str, Account], kicks_stay_here: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    event = put(accounts["whatsapp"], said(accounts["whatsapp"], "m1"))
    type(event).objects.update(state="failed")
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        events.replay([event.pk])
        assert kicks_stay_here == []
    assert kicks_stay_here == [kick.DRAIN]
