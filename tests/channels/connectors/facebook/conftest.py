"""The simulated Facebook, served for real over HTTP, and a connector that talks to it through facebook-sdk."""

import json
import socket
import threading
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from channels.clock import now
from channels.connectors.facebook.connector import FacebookConnector
from channels.connectors.facebook.simulator import SimulatedFacebook
from channels.http import PlatformSession
from channels.messages import AccountCredentials, AppCredentials, OutgoingMessage
from channels.simulator.platform import Webhook
from channels.simulator.town import app as demo_app

RECEIVED = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PAGE = "104000000000001"
FARM = "104000000000002"
AISHA_PSID = "7300000000000001"
SILENCE = object()  # do what was asked, never answer


class SmallTown:
    """A World of its own: keeps what it is given, and can be ahead of time."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.public_url = "https://webcare.example.nl"
        self.ahead = timedelta()
        self.files: dict[str, bytes] = {}
        self.books: list[tuple[str, str, dict[str, Any]]] = []
        self._webhooks: list[Webhook] = []
        self._news = threading.Condition()
        self._last = 1 << 60

    def now(self) -> datetime:
        return now() + self.ahead

    def new_id(self) -> int:
        self._last += 1
        return self._last

    def deliver(self, kind: str, webhook: Webhook) -> None:
        assert kind == "facebook"
        with self._news:
            self._webhooks.append(webhook)
            self._news.notify_all()

    def webhooks(self, count: int) -> list[Webhook]:
        """The first ``count`` webhooks, waiting for those that are still to come."""
        with self._news:
            assert self._news.wait_for(lambda: len(self._webhooks) >= count, timeout=5)
            return self._webhooks[:count]

    def changed(self) -> None:
        return None

    def record(self, kind: str, what: str, external_id: str, **details: Any) -> None:
        self.books.append((what, external_id, details))

    def fault(self, kind: str, name: str) -> bool:
        return False

    def media(self, content: bytes, content_type: str, name: str) -> str:
        address = f"{self.base_url}/media/{self.new_id()}/{name}"
        self.files[address] = content
        return address


class Stage:
    """The ASGI app under the server: the simulator of the moment, and answers put before it."""

    def __init__(self) -> None:
        self.app: Starlette | None = None
        self.answers: deque[Any] = deque()
        self.calls: list[tuple[str, str, str, dict[str, str]]] = []  # method, path, query, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {key.decode(): value.decode() for key, value in scope["headers"]}
        self.calls.append((scope["method"], scope["path"], scope["query_string"].decode(), headers))
        answer = self.answers.popleft() if self.answers else None
        assert self.app is not None
        if answer is None:
            await self.app(scope, receive, send)
        elif answer is SILENCE:
            await self.app(scope, receive, _swallow)
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            await Request(scope, receive).body()
            await answer(scope, receive, send)


async def _swallow(message: Message) -> None:
    return None


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@pytest.fixture(scope="session")
def facebook_server() -> Iterator[tuple[str, Stage]]:
    stage = Stage()
    listener = socket.create_server(("127.0.0.1", 0))
    server = _Server(uvicorn.Config(stage, lifespan="off", ws="none", log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    assert server.up.wait(10)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", stage
    server.should_exit = True
    thread.join(10)


class Facebook:
    """What a test holds: the platform, its world and stage, and our side of the line."""

    def __init__(self, address: str, stage: Stage) -> None:
        self.address = address
        self.stage = stage
        self.world = SmallTown(address)
        self.platform = SimulatedFacebook(self.world)
        stage.app = Starlette(routes=self.platform.routes())
        stage.answers.clear()
        stage.calls.clear()
        self.session = PlatformSession(address, timeout=(2.0, 2.0))
        app = demo_app("facebook")
        self.connector = FacebookConnector(
            AppCredentials(kind="facebook", key=app.key, secrets=app.secrets), self.session
        )
        self.page, self.farm = (
            AccountCredentials(external_id=page.external_id, handle=page.handle, name=page.name, secrets=page.secrets)
            for page in app.accounts
        )

    def first_post(self) -> str:
        return next(iter(self.platform.state["posts"]))

    def received(self, count: int) -> list[Any]:
        """The items of the first ``count`` webhooks, each with a good signature."""
        items: list[Any] = []
        for webhook in self.world.webhooks(count):
            items += self.connector.parse(webhook.body, RECEIVED)
        return items

    def comment(self, text: str = "Wanneer gaat het park open?", to: str = "") -> dict[str, Any]:
        return self.platform.play("comment", {"citizen": "aisha", "to": to or self.first_post(), "text": text})

    def chat(self, text: str = "Hallo") -> dict[str, Any]:
        return self.platform.play("message", {"citizen": "aisha", "page": PAGE, "text": text})


@pytest.fixture
def facebook(facebook_server: tuple[str, Stage]) -> Iterator[Facebook]:
    """A fresh town on the running server."""
    held = Facebook(*facebook_server)
    yield held
    held.session.close()


@pytest.fixture
def connector() -> FacebookConnector:
    """A connector for what needs no server."""
    secrets = {"app_secret": "geheim", "verify_token": "waterkant"}
    return FacebookConnector(AppCredentials(kind="facebook", key="meta", secrets=secrets), PlatformSession())


def public(text: str, to: str, thread: str = "") -> OutgoingMessage:
    return OutgoingMessage(text=text, public=True, thread_id=thread or to, in_reply_to=to)


def private(text: str, age: timedelta = timedelta(), **more: Any) -> OutgoingMessage:
    return OutgoingMessage(
        text=text,
        public=False,
        thread_id=AISHA_PSID,
        to=AISHA_PSID,
        last_from_citizen_at=now() - age,
        **more,
    )


def entry(page: str = PAGE, time: Any = 1795262400, **content: Any) -> dict[str, Any]:
    return {"id": page, "time": time, **content}


def body(*entries: Any, kind: str = "page") -> bytes:
    return json.dumps({"object": kind, "entry": list(entries)}).encode()


def change(value: Any, field: str = "feed") -> bytes:
    return body(entry(changes=[{"field": field, "value": value}]))


def event(content: dict[str, Any], page: str = PAGE, key: str = "messaging") -> bytes:
    """One Messenger event of Aïsha to the Page, at a fixed time."""
    whole = {
        "sender": {"id": AISHA_PSID},
        "recipient": {"id": page},
        "timestamp": 1795262400123,
        **content,
    }
    return body(entry(page, 1795262400500, **{key: [whole]}))


def only(items: list[Any]) -> Any:
    assert len(items) == 1
    return items[0]


def graph_error(code: int, subcode: int = 0, status: int = 400, **more: Any) -> Response:
    """Meta's error, as the server would write it."""
    headers = more.pop("headers", None)
    error = {"message": "(#0) words that say nothing", "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    if subcode:
        error["error_subcode"] = subcode
    content = json.dumps({"error": error | more})
    return Response(content, status_code=status, media_type="application/json", headers=headers)
