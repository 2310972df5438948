"""The post: brings webhooks to the inbox in order, tries again as each platform does, and fails on request."""

import asyncio
import base64
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count as counter
from typing import Any

import aiohttp

from channels.simulator.faults import HOLDING, Fault, Faults
from channels.simulator.platform import Json, Webhook

# Seconds before each further try. The platforms' own rhythm, shrunk to what a demo can wait for:
# X up to 3 in 5 minutes, Meta at once and then falling off over 36 hours, Twilio one, when it could not connect.
RETRIES: dict[str, tuple[float, ...]] = {
    "x": (1.0, 2.0, 4.0),
    "facebook": (0.0, 1.0, 2.0, 4.0, 8.0),
    "whatsapp": (0.5,),
}
DEFAULT_RETRIES = (1.0,)
ONLY_WHEN_NOT_CONNECTED = frozenset({"whatsapp"})
# A real platform has given up by then. The simulator goes on, so that the demo can show that nothing was lost.
RESCUE_WAITS = (5.0, 10.0, 20.0, 40.0, 60.0)
RESCUE_TRIES = 40
KNOCK_WAIT = 1.0  # between tries while the inbox cannot be reached at all
KEEP_AT_MOST = 10_000
TIMEOUT = aiohttp.ClientTimeout(total=15, connect=5)


@dataclass(slots=True, eq=False)
class Parcel:
    """One webhook on its way. Signed once, so that every try is byte for byte the same call."""

    number: int
    kind: str
    path: str
    body: bytes
    content_type: str
    headers: dict[str, str]
    tries: int = 0
    undelivered: bool = False  # the platform itself would have given up
    webhook: Webhook | None = None  # gone after a restart; only needed to make a batch

    def as_json(self) -> Json:
        """For the state on disk."""
        return {
            "kind": self.kind,
            "path": self.path,
            "body": base64.b64encode(self.body).decode(),
            "content_type": self.content_type,
            "headers": self.headers,
            "tries": self.tries,
            "undelivered": self.undelivered,
        }


@dataclass(slots=True)
class Line:
    """What waits for one webhook address, in order."""

    parcels: deque[Parcel] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    blocked: bool = False  # the inbox could not be reached at the last try


class Post:
    """One line per webhook address. Call ``deliver`` in the event loop; ``start`` before anything moves."""

    def __init__(
        self,
        public_url: str,
        faults: Faults,
        batch: Callable[[str, list[Webhook]], Webhook | None],
        record: Callable[..., None],
        changed: Callable[[], None],
        brings: Callable[[str, bytes], bool],
        missed: Callable[[str, bytes], bool],
    ) -> None:
        self.public_url = public_url.rstrip("/")
        self.faults = faults
        self.batch = batch
        self.record = record
        self.changed = changed
        self.brings = brings  # whether the platform calls us with this at all
        self.missed = missed  # told of what was not brought
        self.delivered = 0
        self.losing = False  # while True everything posted is lost: how a test loses the webhooks of one happening
        self.lines: dict[str, Line] = {}
        self.later: dict[Parcel, asyncio.TimerHandle] = {}
        self.held: dict[int, tuple[Fault, list[Parcel], asyncio.TimerHandle]] = {}
        self._numbers = counter(1)
        self._client: aiohttp.ClientSession | None = None

    # -- what the town sees ------------------------------------------------------------------------------

    def waiting(self) -> Iterator[Parcel]:
        """Every parcel that is not there yet, in the order in which it was posted."""
        found = [parcel for line in self.lines.values() for parcel in line.parcels]
        found += self.later
        found += [parcel for _, parcels, _ in self.held.values() for parcel in parcels]
        return iter(sorted(found, key=lambda parcel: parcel.number))

    def as_json(self) -> Json:
        """For the street: how many wait, how many the platform would have given up, whether the inbox answers."""
        waiting = list(self.waiting())
        return {
            "waiting": len(waiting),
            "undelivered": sum(parcel.undelivered for parcel in waiting),
            "held": sum(len(parcels) for _, parcels, _ in self.held.values()),
            "delivered": self.delivered,
            "reachable": not any(line.blocked for line in self.lines.values()),
        }

    def state(self) -> Json:
        """What must survive a restart."""
        return {"delivered": self.delivered, "waiting": [parcel.as_json() for parcel in self.waiting()]}

    def restore(self, state: Json) -> None:
        """Put what was waiting at the last stop back in line; held and delayed parcels go as they come."""
        self.delivered = int(state.get("delivered", 0))
        for kept in state.get("waiting", []):
            self._line_up(
                Parcel(
                    next(self._numbers),
                    kept["kind"],
                    kept["path"],
                    base64.b64decode(kept["body"]),
                    kept["content_type"],
                    dict(kept["headers"]),
                    int(kept["tries"]),
                    bool(kept["undelivered"]),
                )
            )

    # -- start and stop ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to deliver. In the event loop."""
        # trust_env stays off: the inbox is never behind a proxy of this machine.
        self._client = aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())
        for path, line in self.lines.items():
            line.task = asyncio.create_task(self._run(line), name=f"post {path}")

    async def stop(self) -> None:
        """Stop delivering; what waits stays where it is, for ``state``."""
        tasks = [line.task for line in self.lines.values() if line.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for handle in [*self.later.values(), *(handle for _, _, handle in self.held.values())]:
            handle.cancel()
        if self._client is not None:
            await self._client.close()
            self._client = None

    # -- posting -----------------------------------------------------------------------------------------

    def deliver(self, kind: str, webhook: Webhook) -> None:
        """Put a webhook in line, with the faults of the moment."""
        if not self.brings(kind, webhook.body):
            self._withhold(kind, webhook.path, webhook.body)
            self.changed()
            return
        if self.losing or self._fault("drop", kind) is not None:
            self.record(kind, "webhook dropped", "", path=webhook.path)
            self.missed(kind, webhook.body)
            self.changed()
            return
        copies = 1
        if self._fault("duplicate", kind) is not None:
            copies = 2
            self.record(kind, "webhook doubled", "", path=webhook.path)
        first = self._parcel(kind, webhook)
        for copy in range(copies):
            self._send_off(first if copy == 0 else self._copy(first))
        self._bound()
        self.changed()

    def flush(self) -> None:
        """Let go of everything that a fault holds back (the faults were switched off)."""
        for number in list(self.held):
            self._release(number)
        self.changed()

    def _fault(self, name: str, kind: str) -> Fault | None:
        return self.faults.take((name,), kind)

    def _parcel(self, kind: str, webhook: Webhook) -> Parcel:
        headers = dict(webhook.sign(f"{self.public_url}{webhook.path}"))
        if self._fault("bad_signature", kind) is not None:  # as made with another secret than the inbox has
            headers = {name: f"{value[:-4]}AAAA" for name, value in headers.items()}
            self.record(kind, "webhook forged", "", path=webhook.path)
        return Parcel(
            next(self._numbers),
            kind,
            webhook.path,
            webhook.body,
            webhook.content_type,
            headers,
            webhook=webhook,
        )

    def _copy(self, parcel: Parcel) -> Parcel:
        return Parcel(
            next(self._numbers),
            parcel.kind,
            parcel.path,
            parcel.body,
            parcel.content_type,
            dict(parcel.headers),
            webhook=parcel.webhook,
        )

    def _send_off(self, parcel: Parcel) -> None:
        delay = self._fault("delay", parcel.kind)
        if delay is not None:
            self.record(parcel.kind, "webhook delayed", "", path=parcel.path, seconds=delay.seconds)
            self._wait(parcel, delay.seconds)
            return
        hold = self.faults.take(HOLDING, parcel.kind)
        if hold is None:
            self._line_up(parcel)
            return
        if hold.id not in self.held:
            # A street that falls silent must not keep a message for ever.
            handle = asyncio.get_running_loop().call_later(hold.seconds, self._release, hold.id)
            self.held[hold.id] = (hold, [], handle)
        self.held[hold.id][1].append(parcel)
        if not hold.left:
            self._release(hold.id)

    def _release(self, number: int) -> None:
        if number not in self.held:
            return
        fault, parcels, handle = self.held.pop(number)
        handle.cancel()
        self.faults.clear(number)
        if fault.fault == "reverse":
            self.record(fault.kind, "webhooks reversed", "", number=len(parcels))
            for parcel in reversed(parcels):
                self._line_up(parcel)
            return
        for path in dict.fromkeys(parcel.path for parcel in parcels):
            together = [parcel for parcel in parcels if parcel.path == path]
            whole = self.batch(fault.kind, [item.webhook for item in together if item.webhook is not None])
            if whole is None:  # this platform never batches
                for parcel in together:
                    self._line_up(parcel)
            else:
                self.record(fault.kind, "webhooks batched", "", number=len(together))
                self._line_up(self._parcel(fault.kind, whole))
        self.changed()

    def _bound(self) -> None:
        """Never keep more than KEEP_AT_MOST: the oldest that the platform gave up goes first."""
        if len(self.later) + sum(len(line.parcels) for line in self.lines.values()) <= KEEP_AT_MOST:
            return
        waiting = sorted(self.waiting(), key=lambda parcel: (not parcel.undelivered, parcel.number))
        for parcel in waiting[: len(waiting) - KEEP_AT_MOST]:
            line = self.lines.get(parcel.path)
            if parcel in self.later:
                self.later.pop(parcel).cancel()
            elif line is not None and parcel in line.parcels:
                line.parcels.remove(parcel)
            else:
                continue
            self._lost(parcel, "te veel wachtende berichten")

    # -- delivering --------------------------------------------------------------------------------------

    def _line_up(self, parcel: Parcel) -> None:
        line = self.lines.get(parcel.path)
        if line is None:
            line = self.lines[parcel.path] = Line()
            if self._client is not None:
                line.task = asyncio.create_task(self._run(line), name=f"post {parcel.path}")
        line.parcels.append(parcel)
        line.wake.set()

    async def _run(self, line: Line) -> None:
        while True:
            while not line.parcels:
                line.wake.clear()
                await line.wake.wait()
            parcel = line.parcels[0]
            if not self.brings(parcel.kind, parcel.body):
                line.parcels.popleft()
                self._withhold(parcel.kind, parcel.path, parcel.body)
                self.changed()
                continue
            problem, connected = await self._try(parcel)
            parcel.tries += 1
            if not connected:
                # Nobody home: nothing behind this one would get through either, so the order is kept.
                line.blocked = True
                waits = RETRIES.get(parcel.kind, DEFAULT_RETRIES)
                if parcel.tries > len(waits):
                    self._given_up(parcel, problem)
                self.changed()
                await asyncio.sleep(waits[parcel.tries - 1] if parcel.tries <= len(waits) else KNOCK_WAIT)
                continue
            if parcel in line.parcels:  # _bound may have thrown it out meanwhile
                line.parcels.remove(parcel)
            if problem:
                self._again(parcel, problem)
            else:
                self.delivered += 1
            if line.blocked:
                line.blocked = False
                for waiting in [item for item in self.later if item.undelivered and item.path == parcel.path]:
                    if waiting is not parcel:
                        self._due(waiting)
            self.changed()

    async def _try(self, parcel: Parcel) -> tuple[str, bool]:
        """One call. Returns what was wrong ("" for a 2xx answer) and whether anybody was there at all."""
        if self._client is None:
            return "stopped", False
        headers = {**parcel.headers, "Content-Type": parcel.content_type}
        try:
            async with self._client.post(
                f"{self.public_url}{parcel.path}", data=parcel.body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
                return ("" if 200 <= answer.status < 300 else str(answer.status)), True
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return type(error).__name__, False
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return type(error).__name__, True

    def _again(self, parcel: Parcel, problem: str) -> None:
        """It was there and said no: others go first, this one comes back later."""
        waits = () if parcel.kind in ONLY_WHEN_NOT_CONNECTED else RETRIES.get(parcel.kind, DEFAULT_RETRIES)
        if parcel.tries <= len(waits):
            self.record(parcel.kind, "webhook refused", "", path=parcel.path, problem=problem)
            self._wait(parcel, waits[parcel.tries - 1])
            return
        self._given_up(parcel, problem)
        extra = parcel.tries - len(waits) - 1
        if extra >= RESCUE_TRIES:
            self._lost(parcel, problem)
            return
        self._wait(parcel, RESCUE_WAITS[min(extra, len(RESCUE_WAITS) - 1)])

    def _wait(self, parcel: Parcel, seconds: float) -> None:
        self.later[parcel] = asyncio.get_running_loop().call_later(seconds, self._due, parcel)

    def _due(self, parcel: Parcel) -> None:
        handle = self.later.pop(parcel, None)
        if handle is not None:
            handle.cancel()
            self._line_up(parcel)

    def _given_up(self, parcel: Parcel, problem: str) -> None:
        if not parcel.undelivered:
            parcel.undelivered = True
            self.record(parcel.kind, "webhook undelivered", "", path=parcel.path, problem=problem)
            self.missed(parcel.kind, parcel.body)

    def _withhold(self, kind: str, path: str, body: bytes) -> None:
        self.record(kind, "webhook withheld", "", path=path)
        self.missed(kind, body)

    def _lost(self, parcel: Parcel, problem: str) -> None:
        details: dict[str, Any] = {"path": parcel.path, "problem": problem}
        self.record(parcel.kind, "webhook lost", "", **details)
