"""Wake the workers: best effort and in milliseconds. PostgreSQL is the truth; a lost kick costs a sweeper's seconds."""

import time
from collections.abc import Sequence
from functools import lru_cache

import redis
import structlog
from celery import Celery
from django.conf import settings
from kombu.exceptions import KombuError
from redis.backoff import NoBackoff
from redis.retry import Retry

DRAIN, SEND_DUE, MEDIA, SEND = (
    "inbox.tasks.drain_events",
    "inbox.tasks.send_due",
    "inbox.tasks.fetch_due_media",
    "inbox.tasks.send_message",
)
DEBOUNCE_MS = 1000  # only when a task never starts; one that starts ends it, see ``looking``
TIMEOUT = 0.025  # seconds; the redis of an installation answers in one
REST = 3.0  # seconds in which a dead Redis is left alone, so that it costs one webhook its TIMEOUT and not each

log = structlog.get_logger()
_rest_until = 0.0


@lru_cache(maxsize=1)
def wire() -> redis.Redis:
    """A client that gives up in milliseconds; one retry, for a connection that Redis closed long ago."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 1),
    )


@lru_cache(maxsize=1)
def producer() -> Celery:
    """A sender of its own: the workers' app has no timeouts, for it must wait for work."""
    app = Celery("webcare-kick", broker=settings.CELERY_BROKER_URL, set_as_current=False)
    app.conf.broker_transport_options = {"socket_timeout": 10 * TIMEOUT, "socket_connect_timeout": 4 * TIMEOUT}
    app.conf.task_ignore_result = True
    return app


def kick_drain() -> None:
    """Events were stored and committed: somebody look."""
    _kick("drain", DRAIN)


def kick_outbox() -> None:
    """Messages are due and committed: somebody look."""
    _kick("outbox", SEND_DUE)


def kick_media() -> None:
    """Attachments are to be fetched, committed: somebody look."""
    _kick("media", MEDIA)


def kick_send(message_id: int) -> None:
    """This queued message may go, now that its row is committed."""
    _kick(f"send:{message_id}", SEND, [message_id])


def looking(name: str) -> None:
    """A worker is about to look for ``drain``, ``outbox`` or ``media`` work: whoever commits from now on kicks again.

    Before looking, never after: what was committed under a kick that was debounced is then seen by this very look.
    """
    if time.monotonic() < _rest_until:
        return
    try:
        wire().delete(_key(name))
    except redis.RedisError as error:
        _give_rest(error)


def _kick(name: str, task: str, arguments: Sequence[int] = ()) -> None:
    if time.monotonic() < _rest_until:
        return
    try:
        if wire().set(_key(name), 1, nx=True, px=DEBOUNCE_MS):
            producer().send_task(task, args=list(arguments), retry=False)
    except (redis.RedisError, KombuError, OSError) as error:
        _give_rest(error)


def _give_rest(error: Exception) -> None:
    global _rest_until  # noqa: PLW0603  (one breaker a process; a race costs one more try)
    _rest_until = time.monotonic() + REST
    log.warning("kick_lost", error=type(error).__name__)


def _key(name: str) -> str:
    return f"webcare:kick:{name}"
