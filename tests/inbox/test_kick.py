"""Kicks: debounced without a gap at the end, milliseconds when Redis is dead, and never an error."""

import json
import os
import signal
import socket
import threading
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
from tests.inbox.threads import together

real_producer = kick.producer


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No kick of another test, and a breaker that is closed."""

    def clean() -> None:
        kick._rest_until = 0.0
        kick.wire.cache_clear()
        for key in kick.wire().scan_iter("webcare:kick:*"):
            kick.wire().delete(key)

        kick.wire().delete("celery", "incoming", "sending", "media")

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
    envelope: Any = kick.wire().lpop("sending")
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
    kick.end_aside()
    assert kicks_stay_here == [kick.DRAIN]


@pytest.mark.django_db
def test_replay_kicks_on_commit(
    accounts: dict[str, Account], kicks_stay_here: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    event = put(accounts["whatsapp"], said(accounts["whatsapp"], "m1"))
    type(event).objects.update(state="failed")
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        events.replay([event.pk])
        kick.end_aside()
        assert kicks_stay_here == []
    kick.end_aside()
    assert kicks_stay_here == [kick.DRAIN]


# -- aside: the request does not wait -----------------------------------------------------------------------------


@pytest.fixture
def silent_redis(settings: Any) -> Iterator[None]:
    """One that takes connections and never answers."""
    before = settings.REDIS_URL
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        kick.wire.cache_clear()
        yield
        kick.end_aside()
    settings.REDIS_URL = before
    kick.wire.cache_clear()


def kickers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "webcare-kick"]


def test_kick_aside_comes_and_its_thread_ends_when_told(kicks_stay_here: list[str]) -> None:
    kick.kick_drain_aside()
    (thread,) = kickers()
    kick.end_aside()
    assert (kicks_stay_here, thread.daemon, kickers()) == ([kick.DRAIN], True, [])
    kick.looking("drain")
    kick.kick_drain_aside()
    kick.end_aside()
    assert kicks_stay_here == [kick.DRAIN, kick.DRAIN]


def test_request_never_waits_on_a_hanging_redis(silent_redis: None) -> None:
    kick.kick_drain_aside()
    began = time.perf_counter()
    for _ in range(1000):
        kick._rest_until = 0.0
        kick.kick_drain_aside()
    assert time.perf_counter() - began < kick.TIMEOUT


def test_no_thread_stays_when_nobody_asked() -> None:
    kick.end_aside()
    assert kickers() == []


@pytest.fixture
def each_kick_looked_at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When each task was sent; it is looked at on the spot, so that no kick is debounced."""
    moments: list[float] = []

    class Producer:
        def send_task(self, name: str, args: list[int], retry: bool) -> None:
            moments.append(time.perf_counter())
            kick.looking("drain")

    monkeypatch.setattr(kick, "producer", Producer)
    return moments


def test_flood_is_fifty_kicks_a_second_the_first_at_once_the_last_not_lost(each_kick_looked_at: list[float]) -> None:
    began = last = time.perf_counter()
    while last - began < 10 * kick.BREATH:
        last = time.perf_counter()
        kick.kick_drain_aside()
    kick.end_aside()
    passed = each_kick_looked_at[-1] - began
    assert 1 < len(each_kick_looked_at) <= 2 + passed / kick.BREATH
    assert each_kick_looked_at[0] < last < each_kick_looked_at[-1]


def test_what_is_asked_while_the_thread_kicks_is_kicked_again(
    monkeypatch: pytest.MonkeyPatch, kicks_stay_here: list[str]
) -> None:
    """Stored just after the worker looked, while the kick before it is still under way."""
    kicking, go_on = threading.Event(), threading.Event()

    class Producer:
        def send_task(self, name: str, args: list[int], retry: bool) -> None:
            kicks_stay_here.append(name)
            kick.looking("drain")
            kicking.set()
            assert go_on.wait(5)

    monkeypatch.setattr(kick, "producer", Producer)
    kick.kick_drain_aside()
    assert kicking.wait(5)
    kick.kick_drain_aside()
    go_on.set()
    kick.end_aside()
    assert kicks_stay_here == [kick.DRAIN, kick.DRAIN]


def test_many_threads_at_once_share_one_thread_aside(kicks_stay_here: list[str]) -> None:
    together(*[kick.kick_drain_aside] * 8)
    assert len(kickers()) == 1
    kick.end_aside()
    assert kicks_stay_here == [kick.DRAIN]


def test_crash_of_a_kick_leaves_the_thread(monkeypatch: pytest.MonkeyPatch, kicks_stay_here: list[str]) -> None:
    crashed = threading.Event()

    class Broken:
        def send_task(self, name: str, args: list[int], retry: bool) -> None:
            crashed.set()
            raise ValueError(name)

    mine = kick.producer
    monkeypatch.setattr(kick, "producer", Broken)
    kick.kick_drain_aside()
    assert crashed.wait(5)
    (thread,) = kickers()
    kick.looking("drain")
    monkeypatch.setattr(kick, "producer", mine)
    kick.kick_drain_aside()
    assert kickers() == [thread]
    kick.end_aside()
    assert kicks_stay_here == [kick.DRAIN]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_process_gets_a_thread_of_its_own(kicks_stay_here: list[str]) -> None:
    kick.kick_drain_aside()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # what goes wrong in here shows as a missing answer
        signal.alarm(20)
        before = len(kickers())
        kick.looking("drain")
        kick.kick_drain_aside()
        during = len(kickers())
        kick.end_aside()
        os.write(writing, f"{before} {during} {len(kickers())} {kicks_stay_here[-1]}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        answer = told.read()
    os.waitpid(child, 0)
    kick.end_aside()
    assert answer == f"0 1 0 {kick.DRAIN}"


def test_what_comes_in_what_goes_out_and_files_have_queues_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that waits for a slow platform holds up no question, and a file no answer."""
    monkeypatch.setattr(kick, "producer", real_producer)
    for ask in (kick.kick_drain, kick.kick_outbox, kick.kick_media, kick.kick_profiles):
        ask()
    queues = ("incoming", "sending", "media", "celery")
    tasks = {name: json.loads(kick.wire().lpop(name))["headers"]["task"] for name in queues}
    assert tasks == dict(zip(queues, (kick.DRAIN, kick.SEND_DUE, kick.MEDIA, kick.PROFILES), strict=True))
