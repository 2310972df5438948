"""The live stream: a small raw ASGI app that passes nudges from Redis to browsers as server-sent events.

Ids only, only of what the user may see; the browser refetches through the normal views. One Redis subscription a
process, no database connection kept, a few kilobytes a stream. Not Django under ASGI: docs/adr/0001.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webcare.settings")
os.environ["DATABASE_POOL"] = "0"  # a pool would keep connections open between two rare checks

import django

django.setup()

import redis.asyncio  # noqa: E402
import structlog  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import DatabaseError, connections  # noqa: E402
from django.http import HttpRequest  # noqa: E402

from inbox.live import CHANNEL, session_digest  # noqa: E402

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEARTBEAT = 15.0  # seconds; keeps proxies from closing a quiet stream
RECHECK = 300.0  # seconds between two looks at session and rights, beside the events that tell of a change
MOST_PENDING = 200  # nudges kept for a slow browser; past that it is told to refetch everything
log = structlog.get_logger()
checks = ThreadPoolExecutor(max_workers=4, thread_name_prefix="rights")


@dataclass(slots=True)
class Rights:
    """What a session may hear: ``expires_at`` as seconds since the epoch."""

    user_id: int
    departments: frozenset[int]
    digest: str
    expires_at: float


@dataclass(slots=True, eq=False)
class Stream:
    """One open browser tab."""

    rights: Rights
    pending: dict[int, str] = field(default_factory=dict)  # conversation -> what; the newest per conversation
    hello: bool = True
    bye: bool = False
    restart: bool = False
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def nudge(self, conversation: int, what: str) -> None:
        """Remember for sending; a browser that does not keep up is told to refetch instead."""
        if len(self.pending) >= MOST_PENDING:
            self.pending.clear()
            self.hello = True
        else:
            self.pending[conversation] = what
        self.ready.set()

    def drain(self) -> bytes:
        """Everything that waits, as server-sent events."""
        lines = []
        if self.hello:
            lines.append("event: hello\ndata: {}\n\n")
            self.hello = False
        for conversation, what in self.pending.items():
            lines.append(f"event: nudge\ndata: {json.dumps({'conversation': conversation, 'what': what})}\n\n")
        self.pending.clear()
        if self.bye:
            lines.append("event: bye\ndata: {}\n\n")
        self.ready.clear()
        return "".join(lines).encode()


streams: set[Stream] = set()


def rights_of(session_key: str) -> Rights | None:
    """Read session and departments from the database, keep no connection. None: not, or no longer, logged in."""
    try:
        request = HttpRequest()
        request.session = SessionStore(session_key)
        user = get_user(request)
        if not user.is_authenticated or not user.is_active:
            return None
        departments = frozenset(user.departments.values_list("pk", flat=True))
        expires_at = time.time() + request.session.get_expiry_age()
        return Rights(user.pk, departments, session_digest(session_key), expires_at)
    finally:
        connections.close_all()


async def check(session_key: str) -> Rights | None:
    """``rights_of`` without holding up the other streams."""
    return await asyncio.get_running_loop().run_in_executor(checks, rights_of, session_key)


def dispatch(event: dict[str, Any]) -> None:
    """One event from Redis to the streams it is for."""
    if "session" in event:
        for stream in streams:
            if stream.rights.digest == event["session"]:
                stream.bye = True
                stream.ready.set()
    elif "user" in event:
        for stream in streams:
            if stream.rights.user_id == event["user"]:
                stream.restart = True  # the browser comes back at once, with its new rights
                stream.ready.set()
    else:
        departments = frozenset(event["departments"])
        people = event.get("people", ())
        for stream in streams:
            if stream.rights.departments & departments or stream.rights.user_id in people:
                stream.nudge(event["conversation"], event["what"])


async def listen() -> None:
    """The one subscription. After a gap every browser is told to catch up: what was published meanwhile is lost."""
    wait = 0.2
    while True:
        client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, health_check_interval=20)
        try:
            async with client.pubsub(ignore_subscribe_messages=True) as subscription:
                await subscription.subscribe(CHANNEL)
                wait = 0.2
                for stream in streams:
                    stream.hello = True
                    stream.ready.set()
                while True:
                    message = await subscription.get_message(timeout=HEARTBEAT)
                    if message is not None:
                        dispatch(json.loads(message["data"]))
        except (redis.RedisError, OSError) as error:
            log.warning("live_redis_lost", error=type(error).__name__)
        except (ValueError, KeyError, TypeError) as error:
            log.error("live_event_unreadable", error=type(error).__name__)
        finally:
            await client.aclose()
        await asyncio.sleep(wait)
        wait = min(wait * 2, 5.0)


async def lifespan(receive: Receive, send: Send) -> None:
    """Start and stop the subscription with the process."""
    await receive()
    listener = asyncio.create_task(listen())
    await send({"type": "lifespan.startup.complete"})
    await receive()
    for stream in streams:
        stream.restart = True
        stream.ready.set()
    listener.cancel()
    with suppress(asyncio.CancelledError):
        await listener
    await send({"type": "lifespan.shutdown.complete"})


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """GET …/stream, GET …/healthz; all else 404."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    path = scope["path"].rstrip("/")
    if scope["type"] != "http" or scope["method"] != "GET":
        await answer(send, 405, b"")
    elif path.endswith("/healthz"):
        await answer(send, 200, json.dumps({"status": "ok", "streams": len(streams)}).encode())
    elif path.endswith("/stream"):
        await serve(scope, receive, send)
    else:
        await answer(send, 404, b"")


async def answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    """A short answer that is no stream."""
    head = [(b"content-type", b"application/json"), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


def session_key(headers: dict[bytes, bytes]) -> str:
    """The session cookie's value, "" when there is none."""
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return ""
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else ""


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Hold one stream open until the browser leaves, the session ends or the rights change."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1")
    allowed = []
    if origin:
        if origin != settings.PUBLIC_URL:
            await answer(send, 403, b"")
            return
        allowed = [
            (b"access-control-allow-origin", origin.encode()),
            (b"access-control-allow-credentials", b"true"),
            (b"vary", b"origin"),
        ]
    key = session_key(headers)
    try:
        rights = await check(key) if key else None
    except DatabaseError:
        await answer(send, 503, b"", allowed)  # EventSource gives up on this; live.js tries again
        return
    if rights is None:
        await answer(send, 401, b"", allowed)
        return
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", b"text/event-stream"),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
                *allowed,
            ],
        }
    )
    stream = Stream(rights)
    stream.ready.set()
    streams.add(stream)
    gone = asyncio.create_task(disconnected(receive))
    try:
        await pump(stream, key, gone, send)
    finally:
        streams.discard(stream)
        gone.cancel()
    with suppress(OSError):
        await send({"type": "http.response.body", "body": b""})


async def disconnected(receive: Receive) -> None:
    """Until the browser is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def pump(stream: Stream, key: str, gone: asyncio.Task[None], send: Send) -> None:
    """Write what waits, a heartbeat when nothing does, until one of the ends."""
    recheck_at = time.monotonic() + RECHECK * random.uniform(0.8, 1.2)  # noqa: S311  (spreads the load)
    while not gone.done():
        waiter = asyncio.create_task(stream.ready.wait())
        await asyncio.wait({waiter, gone}, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if gone.done():
            return
        if time.time() >= stream.rights.expires_at:
            stream.bye = True
        elif time.monotonic() >= recheck_at:
            recheck_at = time.monotonic() + RECHECK
            try:
                fresh = await check(key)
            except DatabaseError:
                fresh = stream.rights  # the database restarts: look again later, the pages check for themselves
            stream.bye = fresh is None
            stream.rights = fresh or stream.rights
        await send({"type": "http.response.body", "body": stream.drain() or b": .\n\n", "more_body": True})
        if stream.bye or stream.restart:
            return
