"""The simulated X, served for real over HTTP, in a town of our own; and a connector that talks to it."""

import queue
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from channels.clock import now
from channels.connectors.x.connector import XConnector
from channels.connectors.x.simulator import SimulatedX
from channels.http import PlatformSession
from channels.messages import AccountCredentials, AppCredentials, Item, OutgoingMessage, WebhookRequest
from channels.simulator.platform import Webhook
from channels.simulator.town import app

WEBHOOK_URL = "https://webcare.waterkant.example/webhooks/x/waterkant-x/"
ACCOUNT_ID = app("x").accounts[0].external_id


class TestWorld:
    """Implements channels.simulator.platform.World with everything in memory; webhooks end in a queue."""

    __test__ = False

    def __init__(self) -> None:
        self.base_url = "http://simulator.test"
        self.public_url = "https://webcare.waterkant.example"
        self.ahead = timedelta()
        self.post: queue.Queue[Webhook] = queue.Queue()
        self.books: list[dict[str, Any]] = []
        self._last_id = 2**60

    def now(self) -> datetime:
        return now() + self.ahead

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def deliver(self, kind: str, webhook: Webhook) -> None:
        self.post.put(webhook)

    def changed(self) -> None:
        pass

    def record(self, kind: str, what: str, external_id: str, **details: Any) -> None:
        self.books.append({"kind": kind, "what": what, "external_id": external_id, **details})

    def fault(self, kind: str, name: str) -> bool:
        return False

    def media(self, content: bytes, content_type: str, name: str) -> str:
        return f"/media/{self.new_id()}/{name}"


Answer = Callable[[Request], Awaitable[Response | None]]


@dataclass
class Town:
    """A running simulated X: ``faults`` are used up one a call; None from a fault lets the call through."""

    x: SimulatedX
    world: TestWorld
    url: str
    faults: list[Callable[[Request], Response | None]] = field(default_factory=list)
    silent: int = 0  # so many calls are done, and never answered
    calls: list[str] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    def play(self, action: str, **data: Any) -> dict[str, Any]:
        """A citizen (Aïsha, unless told) does something."""
        return self.x.play(action, {"citizen": "aisha", **data})

    def webhooks(self, count: int = 1) -> list[Item]:
        """The items of the next ``count`` webhooks, verified and parsed as the inbox does."""
        found: list[Item] = []
        for _ in range(count):
            webhook = self.world.post.get(timeout=5)
            headers = {name.lower(): value for name, value in webhook.sign(WEBHOOK_URL).items()}
            connector = XConnector(credentials(), PlatformSession())
            connector.verify(WebhookRequest("POST", WEBHOOK_URL, {}, headers, webhook.body))
            found += connector.parse(webhook.body, now())
        return found

    @contextmanager
    def hush(self, connector: XConnector) -> Iterator[None]:
        """The next call is done and never answered; the connector soon gives up waiting."""
        self.silent = 1
        patient, connector.session.default_timeout = connector.session.default_timeout, (1.0, 0.3)
        yield
        connector.session.default_timeout = patient

    def fail(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """The next call is answered so, without being done."""
        self.faults.append(lambda _request: Response(body, status, headers, "application/json"))

    def pass_on(self, calls: int) -> None:
        """So many calls go well before what is asked for next."""
        self.faults += [lambda _request: None] * calls

    def refuse(self, fault: str) -> None:
        """The next call is answered with X's own refusal."""
        self.faults.append(lambda request: self.x.refusal(fault, request))


def credentials(**secrets: str) -> AppCredentials:
    """The demo's app."""
    return AppCredentials(kind="x", key="waterkant-x", secrets={**app("x").secrets, **secrets})


def the_account(**settings: Any) -> AccountCredentials:
    """The demo's account."""
    one = app("x").accounts[0]
    return AccountCredentials(
        external_id=one.external_id, handle=one.handle, name=one.name, secrets=one.secrets, settings=settings
    )


def reply(to: str, text: str = "Dat zoeken we voor u uit.", **more: Any) -> OutgoingMessage:
    """A public answer."""
    return OutgoingMessage(text=text, public=True, thread_id=to, in_reply_to=to, **more)


def direct(to: str, text: str = "Dat zoeken we voor u uit.", **more: Any) -> OutgoingMessage:
    """A private answer."""
    return OutgoingMessage(text=text, public=False, thread_id=to, to=to, **more)


class Server(uvicorn.Server):
    """uvicorn in a thread, saying when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


class Faulty:
    """The simulated X behind the faults of the test."""

    def __init__(self) -> None:
        self.town: Town | None = None
        self.app: Starlette | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.town is not None
        assert self.app is not None
        request = Request(scope, receive)
        self.town.calls.append(f"{request.method} {request.url.path}")
        if self.town.faults:
            answer = self.town.faults.pop(0)(request)
            if answer is not None:
                await request.body()
            await (answer or self.app)(scope, receive, send)
        elif self.town.silent:
            self.town.silent -= 1

            async def swallow(_message: Any) -> None:
                return None

            await self.app(scope, receive, swallow)
            # The client gives up, which ends this call.
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[Faulty, str]]:
    """One server for all tests; each test puts its own town behind it."""
    faulty = Faulty()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(faulty, log_config=None, access_log=False, lifespan="off", ws="none", loop="asyncio")
    server = Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    assert server.up.wait(10)
    yield faulty, f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listening.close()


@pytest.fixture
def town(served: tuple[Faulty, str]) -> Town:
    """A fresh simulated X."""
    faulty, url = served
    world = TestWorld()
    x = SimulatedX(world)
    faulty.app = Starlette(routes=x.routes())
    faulty.town = Town(x, world, url)
    return faulty.town


@pytest.fixture
def connector(town: Town) -> Iterator[XConnector]:
    """A connector on the demo's app, talking to the town."""
    with PlatformSession(town.url, timeout=(5.0, 5.0)) as session:
        yield XConnector(credentials(), session)
