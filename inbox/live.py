"""Tell the browsers that something changed: ids only, after the commit, best effort."""

import hashlib
import json
import time
from collections.abc import Iterable
from functools import lru_cache

import redis
import structlog
from django.conf import settings
from django.db import transaction
from redis.connection import parse_url

# Channels know no database numbers: two installations in one Redis must not hear each other.
CHANNEL = f"webcare:live:{parse_url(settings.REDIS_URL).get('db', 0)}"  # type: ignore[no-untyped-call]
REST = 1.0  # seconds
log = structlog.get_logger()
_rest_until = 0.0


@lru_cache(maxsize=1)
def wire() -> redis.Redis:
    """A client that gives up in milliseconds: a dead Redis may cost a nudge, never a page."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.25, socket_connect_timeout=0.1)


def publish(event: dict[str, object]) -> None:
    """Now, best effort: without it the browser's polling catches up. A dead Redis is left alone for REST seconds, so
    that a batch of nudges waits for it once."""
    global _rest_until  # noqa: PLW0603  (one breaker a process; a race costs one more try)
    if time.monotonic() < _rest_until:
        return
    try:
        wire().publish(CHANNEL, json.dumps(event))
    except redis.RedisError as error:
        _rest_until = time.monotonic() + REST
        log.warning("live_nudge_lost", error=type(error).__name__)


def announce(conversation_id: int, departments: Iterable[int], what: str, people: Iterable[int] = ()) -> None:
    """Nudge, on commit, everyone who sees ``departments`` (ids, before and after the change), and ``people``."""
    event = {
        "conversation": conversation_id,
        "departments": sorted(set(departments)),
        "people": sorted(set(people)),
        "what": what,
    }
    transaction.on_commit(lambda: publish(event))


def session_digest(session_key: str) -> str:
    """A session by a name that gives nothing away on the wire."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:32]


def session_ended(session_key: str) -> None:
    """On commit: the streams of this session end ("bye")."""
    digest = session_digest(session_key)
    transaction.on_commit(lambda: publish({"session": digest}))


def rights_changed(user_id: int) -> None:
    """On commit: this colleague's departments, role or account changed; their streams start again."""
    transaction.on_commit(lambda: publish({"user": user_id}))


def colleagues_changed(departments: Iterable[int]) -> None:
    """On commit: somebody in these departments is at work, or no longer. Of no conversation: its number is 0."""
    announce(0, departments, "colleagues")
