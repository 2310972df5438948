"""The live stream: a small raw ASGI app that passes nudges from Redis to browsers as server-sent events.

Ids only, only of what the user may see; the browser refetches through the normal views. One Redis subscription a
process, no database connection kept, a few kilobytes a stream. Not Django under ASGI: docs/adr/0001.
"""

import asyncio
import json
import os
import random
import secrets
import time
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

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
from webcare import presence  # noqa: E402

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEARTBEAT = 15.0  # seconds; keeps proxies from closing a quiet stream, and tells the browser that the line lives
RECHECK = 300.0  # seconds between two looks at session and rights, beside the events that tell of a change
MOST_PENDING = 200  # nudges kept for a slow browser; past that it is told to refetch everything
MOST_REMEMBERED = 2000  # nudges kept for browsers that come back: a tunnel of some minutes on a busy day
log = structlog.get_logger()
checks = ThreadPoolExecutor(max_workers=4, thread_name_prefix="rights")


@dataclass(slots=True)
class Rights:
    """What a session may hear: ``expires_at`` as seconds since the epoch."""

    user_id: int
    departments: frozenset[int]
    digest: str
    expires_at: float

    def may_hear(self, event: dict[str, Any]) -> bool:
        """Whether a nudge is of a conversation they see, or saw until this change."""
        return not self.departments.isdisjoint(event["departments"]) or self.user_id in event.get("people", ())

    @property
    def mark(self) -> str:
        """Another one for another colleague or other departments: what was told to those says nothing of these."""
        return f"{zlib.crc32(repr((self.user_id, sorted(self.departments))).encode()):x}"


class Memory:
    """The last nudges, so that a browser that was away hears only what it missed.

    A cursor names the subscription in which it was given, how far that had come, and whose rights it was told by.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """What was published before is unknown: every cursor given until now is worth nothing."""
        self.epoch = secrets.token_hex(4)
        self.told = 0
        self.events: deque[dict[str, Any]] = deque(maxlen=MOST_REMEMBERED)

    def add(self, event: dict[str, Any]) -> None:
        """Remember a nudge; the oldest is forgotten."""
        self.told += 1
        self.events.append(event)

    def cursor(self, rights: Rights) -> str:
        """How far a stream with these rights was told."""
        return f"{self.epoch}-{self.told}-{rights.mark}"

    def since(self, cursor: str, rights: Rights) -> list[dict[str, Any]] | None:
        """What these rights missed, oldest first; None when that cannot be known."""
        epoch, _dash, rest = cursor.partition("-")
        number, _dash, mark = rest.partition("-")
        if epoch != self.epoch or mark != rights.mark or not number.isdecimal():
            return None
        missed = self.told - int(number)
        if not 0 <= missed <= len(self.events):
            return None
        return [event for event in list(self.events)[len(self.events) - missed :] if rights.may_hear(event)]


@dataclass(slots=True, eq=False)
class Stream:
    """One open browser tab, by the name that it gave itself ("" when it gave none)."""

    rights: Rights
    tab: str = ""
    # The newest per conversation, and beside it that there is a notice: neither takes the other's place.
    pending: dict[tuple[int, bool], str] = field(default_factory=dict)
    company: set[int] = field(default_factory=set)  # conversations where colleagues came, left, or began to write
    hello: bool = True  # refetch everything
    back: bool = False  # what was missed follows
    bye: bool = False
    restart: bool = False
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def nudge(self, conversation: int, what: str) -> None:
        """Remember for sending; a browser that does not keep up is told to refetch instead."""
        if len(self.pending) >= MOST_PENDING:
            self.pending.clear()
            self.hello = True
        else:
            self.pending[conversation, what == "notice"] = what
        self.ready.set()

    def meet(self, changes: set[presence.Change]) -> None:
        """Colleagues came or went, as far as these rights go."""
        mine = {
            conversation
            for conversation, department, user in changes
            if department in self.rights.departments and user != self.rights.user_id
        }
        if mine:
            self.company |= mine
            self.ready.set()

    def go_on(self, cursor: str) -> None:
        """Start where this browser's last stream broke, when that is known; else it refetches everything."""
        missed = memory.since(cursor, self.rights)
        if missed is None:
            return
        self.hello, self.back = False, True
        for event in missed:
            self.nudge(event["conversation"], event["what"])

    def drain(self) -> bytes:
        """Everything that waits, as server-sent events; a beat when nothing does. The last one bears the cursor: a
        browser that loses the line halfway goes on at the one it had."""
        told: list[tuple[str, dict[str, object]]] = []
        if self.hello or self.back:
            told.append(("hello" if self.hello else "back", {}))
        told += [("nudge", {"conversation": pk, "what": what}) for (pk, _notice), what in self.pending.items()]
        greeting = self.hello or self.back  # the browser knows of nobody then
        if greeting or self.company:
            rights = self.rights
            people = presence.known.company(rights.departments, rights.user_id, None if greeting else self.company)
            told += [("presence", {str(pk): there for pk, there in people.items()})] if people else []
        if self.restart:
            told.append(("again", {}))
        if self.bye:
            told.append(("bye", {}))
        self.hello = self.back = False
        self.company = set()
        self.pending.clear()
        self.ready.clear()
        lines = [f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in told or [("beat", {})]]
        lines[-1] = f"id: {memory.cursor(self.rights)}\n{lines[-1]}"
        return "".join(lines).encode()


streams: set[Stream] = set()
tasks: set[asyncio.Task[None]] = set()
memory = Memory()


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
    if "tab" in event:
        presence.heard(event)
    elif "session" in event:
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
        memory.add(event)
        for stream in streams:
            if stream.rights.may_hear(event):
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
                memory.begin()
                await presence.recall()
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


async def introduce() -> None:
    """Tell who came and went, and let go of who fell silent."""
    while True:
        await asyncio.sleep(presence.TICK)
        await presence.forget_silent()
        changes, presence.known.changed = presence.known.changed, set()
        for stream in streams if changes else ():
            stream.meet(changes)


async def farewell(stream: Stream) -> None:
    """Its tab is gone, unless it comes back."""
    broke = time.monotonic()
    await asyncio.sleep(presence.GRACE)
    if not any(other.tab == stream.tab and other.rights.user_id == stream.rights.user_id for other in streams):
        await presence.left(stream.rights.user_id, stream.tab, broke)


async def lifespan(receive: Receive, send: Send) -> None:
    """Start and stop the subscription with the process."""
    await receive()
    tasks.update({asyncio.create_task(listen()), asyncio.create_task(introduce())})
    await send({"type": "lifespan.startup.complete"})
    await receive()
    for stream in streams:
        stream.restart = True
        stream.ready.set()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await send({"type": "lifespan.shutdown.complete"})


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """GET …/stream, POST …/presence, GET …/healthz; all else 404."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    path = scope["path"].rstrip("/")
    if scope["type"] == "http" and scope["method"] == "POST" and path.endswith("/presence"):
        await sign(scope, receive, send)
    elif scope["type"] != "http" or scope["method"] != "GET":
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


def allowed_for(origin: bytes) -> list[tuple[bytes, bytes]] | None:
    """The headers for a page of ours on another port; None for a page that is not ours."""
    if not origin:
        return []
    if origin.decode("latin-1") != settings.PUBLIC_URL:
        return None
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"origin"),
    ]


async def sign(scope: Scope, receive: Receive, send: Send) -> None:
    """A tab tells where it is: a few hundred bytes every few seconds, of which nobody is asked anything."""
    allowed = allowed_for(dict(scope["headers"]).get(b"origin", b""))
    if allowed is None:
        await answer(send, 403, b"")
        return
    body, more = b"", True
    while more and len(body) <= presence.MOST_BODY:
        part = await receive()
        body += part.get("body", b"")
        more = part.get("more_body", False)
    await answer(send, await presence.tell(body) if len(body) <= presence.MOST_BODY else 413, b"", allowed)


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Hold one stream open until the browser leaves, the session ends or the rights change."""
    headers = dict(scope["headers"])
    allowed = allowed_for(headers.get(b"origin", b""))
    if allowed is None:
        await answer(send, 403, b"")
        return
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
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    tab = asked.get("tab", [""])[0]
    stream = Stream(rights, tab if presence.TAB.fullmatch(tab) else "")
    stream.go_on(asked.get("since", [""])[0])
    stream.ready.set()
    streams.add(stream)
    gone = asyncio.create_task(disconnected(receive))
    try:
        await pump(stream, key, gone, send)
    finally:
        streams.discard(stream)
        gone.cancel()
        if stream.tab:
            leaving = asyncio.create_task(farewell(stream))
            tasks.add(leaving)
            leaving.add_done_callback(tasks.discard)
    with suppress(OSError):
        await send({"type": "http.response.body", "body": b""})


async def disconnected(receive: Receive) -> None:
    """Until the browser is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def pump(stream: Stream, key: str, gone: asyncio.Task[None], send: Send) -> None:
    """Write what waits, a beat when nothing does, until one of the ends."""
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
        await send({"type": "http.response.body", "body": stream.drain(), "more_body": True})
        if stream.bye or stream.restart:
            return
