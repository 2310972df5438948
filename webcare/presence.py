"""Presence in the live process: what tabs tell of themselves, and who is told of it.

A tab says every few seconds where it is. That goes into Redis and to every live process, this one included; each keeps
the whole in memory, and lets go of what fell silent by its own clock. No database, no session: a tab shows the signed
pass that came with the conversation (inbox.presence.Pass).
"""

import json
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import redis.asyncio
from django.conf import settings

from inbox.live import CHANNEL
from inbox.presence import KEY, SILENT, STATES, Sign, heaviest, read_pass
from inbox.presence import field as name_of

TICK = 0.4  # seconds: changes are told together, at most so often
GRACE = 1.5  # seconds for a tab to come back before a broken stream means that it is gone
TAB = re.compile(r"[0-9a-z]{4,32}")  # the name that a page gives itself
MOST_BODY = 1000  # bytes of what a tab says
UNDERWAY = 0.3  # seconds that a sign from before the break may take to come in
MOST_TABS = 20  # of one person at once

type Company = dict[str, str]  # colleague's id -> state, as the browser gets it
type Change = tuple[int, int, int]  # conversation, its department, whose tab


@lru_cache(maxsize=1)
def wire() -> redis.asyncio.Redis:
    """A client that gives up soon: presence may be lost, the stream may not wait for it."""
    return redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.2)


@dataclass(slots=True)
class Heard:
    """The last of one tab, ``at`` by this process's clock that never jumps."""

    user: int
    sign: Sign
    at: float


@dataclass(slots=True)
class Presence:
    """Everybody, as this process heard it."""

    tabs: dict[str, Heard] = field(default_factory=dict)
    changed: set[Change] = field(default_factory=set)  # what the browsers were not told of yet

    def hear(self, name: str, sign: Sign | None) -> None:
        """A tab told where it is; None: that it left."""
        before = self.tabs.pop(name, None)
        user = int(name.partition(".")[0])
        if sign is not None:
            self.tabs[name] = Heard(user, sign, time.monotonic())
        there, here = (_place(before.sign) if before else None), (_place(sign) if sign else None)
        if there != here:
            self.changed |= {(*place[:2], user) for place in (there, here) if place}

    def begin(self, told: Iterable[tuple[str, Sign]]) -> None:
        """What Redis knows now; what was heard before may be old."""
        for name in list(self.tabs):
            self.hear(name, None)
        for name, sign in told:
            if time.time() - sign.at < SILENT:
                self.hear(name, sign)

    def silent(self) -> list[str]:
        """Let go of the tabs that say nothing any more; their names."""
        oldest = time.monotonic() - SILENT
        gone = [name for name, heard in self.tabs.items() if heard.at < oldest]
        for name in gone:
            self.hear(name, None)
        return gone

    def company(
        self, departments: frozenset[int], but: int, conversations: set[int] | None = None
    ) -> dict[int, Company]:
        """Who is where, for a colleague (``but``) who sees these departments. With ``conversations`` those alone, the
        empty ones too."""
        found: dict[int, dict[str, list[str]]] = {pk: {} for pk in conversations or ()}
        for heard in self.tabs.values():
            sign = heard.sign
            if heard.user == but or sign.department not in departments:
                continue
            if conversations is None or sign.conversation in conversations:
                found.setdefault(sign.conversation, {}).setdefault(str(heard.user), []).append(sign.state)
        return {pk: {user: heaviest(states) for user, states in people.items()} for pk, people in found.items()}


known = Presence()


def _place(sign: Sign) -> tuple[int, int, str]:
    return sign.conversation, sign.department, sign.state


async def tell(body: bytes) -> int:
    """What a tab says: {"pass", "tab", "state"}; the state "" is a farewell. The status of the answer."""
    try:
        said: Any = json.loads(body)
        tab, state, shown = said["tab"], said["state"], read_pass(said["pass"])
    except (ValueError, KeyError, TypeError):
        return 400
    if not TAB.fullmatch(str(tab)) or state not in ("", *STATES):
        return 400
    if shown is None:
        return 403
    name = name_of(shown.user, tab)
    if not state:
        await leave(name)
        return 204
    if name not in known.tabs and sum(heard.user == shown.user for heard in known.tabs.values()) >= MOST_TABS:
        return 429
    await _spread(name, Sign(shown.conversation, shown.department, state, time.time()))
    return 204


async def leave(name: str) -> None:
    """Gone; everybody is told."""
    await _spread(name, None)


async def left(user_id: int, tab: str, since: float) -> None:
    """The stream of a tab broke at ``since`` (monotonic): it is gone, unless it was heard of again."""
    name = name_of(user_id, tab)
    heard = known.tabs.get(name)
    if heard is not None and heard.at <= since + UNDERWAY:
        await leave(name)


async def _spread(name: str, sign: Sign | None) -> None:
    """Into Redis and to every live process. Without Redis nothing happens: tabs fall silent, and that is all."""
    text = sign.dump() if sign else None
    with suppress(redis.RedisError, OSError):
        async with wire().pipeline(transaction=False) as pipe:
            if text is None:
                pipe.hdel(KEY, name)
            else:
                pipe.hset(KEY, name, text)
                pipe.expire(KEY, 60)
            pipe.publish(CHANNEL, json.dumps({"tab": name, "sign": text}))
            await pipe.execute()


def heard(event: dict[str, Any]) -> None:
    """What another process, or this one, spread."""
    known.hear(event["tab"], Sign.read(event["sign"]) if event["sign"] else None)


async def recall() -> None:
    """At every new subscription: what was told before it. Raises redis.RedisError."""
    told = cast(dict[bytes, bytes], await wire().hgetall(KEY))
    known.begin((name.decode(), Sign.read(text)) for name, text in told.items())


async def forget_silent() -> None:
    """Out of memory, and out of Redis."""
    if gone := known.silent():
        with suppress(redis.RedisError, OSError):
            await wire().hdel(KEY, *gone)
