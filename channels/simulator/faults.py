"""Faults on request: which are waiting, and the wrapper that makes a platform's API fail as the platform would."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from itertools import count as counter
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from channels.simulator.platform import Json, Platform

API_FAULTS = ("slow", "rate_limit", "server_error", "token", "timeout_after")
WEBHOOK_FAULTS = ("duplicate", "reverse", "drop", "delay", "batch", "bad_signature")
HOLDING = ("reverse", "batch")  # hold a number of webhooks back, so they need one
SWITCHES = ("webhook_invalid",)  # on until the platform's own API, or whoever clears faults, mends it
# While a colleague connects a channel: the way back carries another state, a permission is not given, the challenge
# names another verify token.
CONNECTING_FAULTS = ("wrong_state", "fewer_permissions", "wrong_verify_token")
DEFAULT_SECONDS = {"slow": 3.0, "timeout_after": 30.0, "delay": 5.0, "reverse": 30.0, "batch": 30.0}
ALL = API_FAULTS + WEBHOOK_FAULTS + SWITCHES + CONNECTING_FAULTS
OPERATIONS = ("", "send", "read")
MAX_COUNT, MAX_SECONDS, MAX_ACTIVE = 10_000, 3600.0, 200


@dataclass(slots=True)
class Fault:
    """One order: ``left`` times still, None until it is taken away. ``seconds`` is what the fault makes of it."""

    id: int
    kind: str
    fault: str
    left: int | None
    seconds: float
    operation: str = ""
    used: int = 0

    def fits(self, kind: str, operation: str = "") -> bool:
        """Whether it is meant for this platform and this sort of call."""
        return self.kind in (kind, "*") and self.operation in ("", operation)


class Faults:
    """The faults that are on, oldest first: the oldest that fits is used up first."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self.kinds = kinds
        self.active: list[Fault] = []
        self._ids = counter(1)

    def as_json(self) -> list[Json]:
        """For the street and GET /faults: id, kind, fault, left (null: until taken away), seconds, operation, used."""
        return [asdict(item) for item in self.active]

    def add(self, order: Json) -> list[Fault]:
        """Switch a fault on. Raises ValueError with a Dutch sentence for an order that makes no sense.

        ``count`` 0 means until taken away; a switch knows no other. A holding fault or a switch for "*" becomes one
        per platform: each platform holds its own webhooks.
        """
        kind, name, operation = (order.get(key, "") for key in ("kind", "fault", "operation"))
        if kind not in (*self.kinds, "*"):
            raise ValueError(f"Kies een platform: {', '.join(self.kinds)}, of * voor alle.")
        if name not in ALL:
            raise ValueError(f"Deze storing is er niet. Kies uit: {', '.join(ALL)}.")
        if operation not in OPERATIONS:
            raise ValueError("Een storing geldt voor send, voor read, of voor beide (laat operation dan leeg).")
        count = _number(order.get("count", 1), "Het aantal keren", MAX_COUNT)
        if count != int(count):
            raise ValueError("Het aantal keren is een heel getal.")
        if name in HOLDING and count < 2:
            raise ValueError("Geef aan hoeveel berichten worden vastgehouden: minstens twee.")
        seconds = _number(
            order.get("seconds") if order.get("seconds") is not None else DEFAULT_SECONDS.get(name, 0.0),
            "Het aantal seconden",
            MAX_SECONDS,
        )
        if len(self.active) >= MAX_ACTIVE:
            raise ValueError("Er staan al te veel storingen aan. Zet ze eerst uit.")
        kinds = self.kinds if kind == "*" and name in HOLDING + SWITCHES else (kind,)
        if name in SWITCHES:
            count = 0
            self.active = [item for item in self.active if item.fault != name or item.kind not in kinds]
        added = [
            Fault(
                next(self._ids),
                one,
                name,
                int(count) or None,
                seconds,
                operation if name in API_FAULTS else "",
            )
            for one in kinds
        ]
        self.active += added
        return added

    def take(self, names: tuple[str, ...], kind: str, operation: str = "") -> Fault | None:
        """Use the oldest fitting fault once; it leaves the list when it is used up."""
        for item in self.active:
            if item.fault in names and item.fits(kind, operation):
                item.used += 1
                if item.left is not None:
                    item.left -= 1
                    if item.left <= 0:
                        self.active.remove(item)
                return item
        return None

    def switched_off(self, name: str, kind: str) -> None:
        """The platform mended it itself: take the switch away."""
        self.active = [item for item in self.active if item.fault != name or item.kind != kind]

    def clear(self, number: int | None = None) -> None:
        """Switch one off, or all."""
        self.active = [item for item in self.active if number is not None and item.id != number]


def _number(value: Any, what: str, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{what} is een getal.")
    if not 0 <= value <= most:
        raise ValueError(f"{what} ligt tussen 0 en {most:g}.")
    return float(value)


class FaultyApp:
    """A platform's route that fails when asked to: before it ran (refusals), or after (timeout_after)."""

    def __init__(
        self,
        app: ASGIApp,
        platform: Platform,
        faults: Faults,
        noted: Callable[[Fault, str, str], None],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self.app = app
        self.platform = platform
        self.faults = faults
        self.noted = noted  # told of every fault used: the fault, method and path
        self.pause = pause  # sleeps, but not longer than the town is open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. A call meets at most one ``slow`` and one other fault."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        operation = "read" if scope["method"] in ("GET", "HEAD", "OPTIONS") else "send"
        slow = self.faults.take(("slow",), self.platform.kind, operation)
        if slow is not None:
            self.noted(slow, scope["method"], scope["path"])
            await self.pause(slow.seconds)
        fault = self.faults.take(API_FAULTS[1:], self.platform.kind, operation)
        if fault is None:
            await self.app(scope, receive, send)
            return
        self.noted(fault, scope["method"], scope["path"])
        if fault.fault == "timeout_after":
            await self._never_answer(scope, receive, send, fault.seconds)
            return
        request = Request(scope, receive)
        await request.body()  # a client that is still sending would see a broken pipe, not the answer
        await self.platform.refusal(fault.fault, request)(scope, receive, send)

    async def _never_answer(self, scope: Scope, receive: Receive, send: Send, seconds: float) -> None:
        """Do what was asked, say nothing for ``seconds``, then break the connection in the middle of an answer."""

        async def swallow(message: Message) -> None:
            return None

        await self.app(scope, receive, swallow)

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        left, over = asyncio.ensure_future(gone()), asyncio.ensure_future(self.pause(seconds))
        await asyncio.wait({left, over}, return_when=asyncio.FIRST_COMPLETED)
        client_left = left.done()
        left.cancel()
        over.cancel()
        if client_left:
            return
        # Headers that promise a byte which never comes: the one way in ASGI to close without an answer.
        await send({"type": "http.response.start", "status": 504, "headers": [(b"content-length", b"1")]})
