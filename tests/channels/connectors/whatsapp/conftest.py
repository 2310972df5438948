"""The simulated Twilio, served over real HTTP, in a tiny town of its own."""

import itertools
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from channels import clock
from channels.connectors.whatsapp.connector import WhatsAppConnector
from channels.connectors.whatsapp.simulator import SimulatedWhatsApp
from channels.http import PlatformSession
from channels.messages import AccountCredentials, AppCredentials, WebhookRequest
from channels.simulator import town
from channels.simulator.platform import Webhook

PUBLIC_URL = "https://webcare.waterkant.example"
WEBHOOK = f"{PUBLIC_URL}/webhooks/whatsapp/waterkant-twilio/"


class QuickWhatsApp(SimulatedWhatsApp):
    """The same, with less patience between two delivery states."""

    step = 0.02


class TinyWorld:
    """A town of one platform: webhooks go into a queue, files into a dictionary."""

    def __init__(self) -> None:
        self.base_url, self.public_url = "", PUBLIC_URL
        self._ids = itertools.count(9_100_000_000_000_000)
        self.reset()

    def reset(self) -> None:
        self.ahead = timedelta()
        self.post: queue.Queue[Webhook] = queue.Queue()
        self.books: list[tuple[str, str, dict[str, Any]]] = []
        self.files: dict[str, tuple[bytes, str]] = {}
        self.script: list[Refusal | str] = []
        self.asked: list[str] = []

    def now(self) -> datetime:
        return clock.now() + self.ahead

    def new_id(self) -> int:
        return next(self._ids)

    def deliver(self, kind: str, webhook: Webhook) -> None:
        assert kind == "whatsapp"
        self.post.put(webhook)

    def changed(self) -> None:
        """Nothing to keep."""

    def record(self, kind: str, what: str, external_id: str, **details: Any) -> None:
        assert kind == "whatsapp"
        self.books.append((what, external_id, details))

    def fault(self, kind: str, name: str) -> bool:
        return False

    def media(self, content: bytes, content_type: str, name: str) -> str:
        path = f"/media/{self.new_id()}/{name}"
        self.files[path] = (content, content_type)
        return self.base_url + path

    def webhook(self) -> WebhookRequest:
        """The next webhook in the post, as the gateway would receive it."""
        webhook = self.post.get(timeout=5)
        url = PUBLIC_URL + webhook.path
        headers = {name.lower(): value for name, value in webhook.sign(url).items()}
        return WebhookRequest("POST", url, {}, {"content-type": webhook.content_type, **headers}, webhook.body)


@dataclass(frozen=True)
class Refusal:
    """What the platform answers to one call instead of doing it."""

    status: int
    body: Any = None
    headers: dict[str, str] | None = None


class Scripted:
    """Answers the next call from ``world.script``; "silent" does it and never answers, "pass" just does it."""

    def __init__(self, app: ASGIApp, world: TinyWorld) -> None:
        self.app = app
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.world.asked.append(f"{scope['method']} {scope['path']}")
        step = self.world.script.pop(0) if self.world.script else None
        if isinstance(step, Refusal):
            text = isinstance(step.body, str)
            answer = (
                Response(step.body, step.status, step.headers)
                if text
                else JSONResponse(step.body, step.status, step.headers)
            )
            await answer(scope, receive, send)
        elif step == "silent":

            async def swallow(message: Any) -> None:
                """The connection broke just before the answer."""

            await self.app(scope, receive, swallow)
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            await self.app(scope, receive, send)


@dataclass(frozen=True)
class Town:
    """What a test gets to see of the town."""

    world: TinyWorld
    platform: QuickWhatsApp


@pytest.fixture(scope="session")
def served() -> Iterator[Town]:
    world = TinyWorld()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # from here on a call waits instead of failing
    world.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    platform = QuickWhatsApp(world)

    async def media(request: Request) -> Response:
        content, content_type = world.files[request.url.path]
        return Response(content, media_type=content_type)

    app = Starlette(routes=[*platform.routes(), Route("/media/{id}/{name}", media)])
    config = uvicorn.Config(Scripted(app, world), log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield Town(world, platform)
    server.should_exit = server.force_exit = True
    thread.join(timeout=10)
    with suppress(OSError):
        listener.close()


@pytest.fixture
def twilio(served: Town) -> Town:
    """The simulated Twilio in a town where nobody said anything yet."""
    served.world.reset()
    served.platform.state = served.platform.empty()
    return served


@pytest.fixture
def session(twilio: Town) -> Iterator[PlatformSession]:
    with PlatformSession(twilio.world.base_url, timeout=(2.0, 5.0)) as session:
        yield session


@pytest.fixture
def app() -> AppCredentials:
    waterkant = town.app("whatsapp")
    return AppCredentials(kind="whatsapp", key=waterkant.key, secrets=waterkant.secrets)


@pytest.fixture
def account() -> AccountCredentials:
    ours = town.app("whatsapp").accounts[0]
    return AccountCredentials(
        external_id=ours.external_id,
        handle=ours.handle,
        name=ours.name,
        secrets={},
        settings={"status_callback": WEBHOOK},
    )


@pytest.fixture
def connector(app: AppCredentials, session: PlatformSession) -> WhatsAppConnector:
    return WhatsAppConnector(app, session)
