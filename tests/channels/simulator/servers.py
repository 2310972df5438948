"""Real servers for these tests: any ASGI app on a port of its own, and an inbox that only keeps what it is sent."""

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import requests
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def until(condition: Callable[[], Any], seconds: float = 8.0) -> Any:
    """What ``condition`` returns as soon as it is true; fails when it does not become so."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
    return found


LEFT: list["Server"] = []


def wait_for_all() -> None:
    """Wait until every server that was left has stopped."""
    while LEFT:
        LEFT.pop().stop()


class Server:
    """An ASGI app under uvicorn in a thread."""

    def __init__(self, app: Any, port: int = 0) -> None:
        # asyncio switches Nagle off only for sockets that say they are TCP; with it every answer takes 40 ms.
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.port: int = self.socket.getsockname()[1]
        self.app = app
        self.server: uvicorn.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        config = uvicorn.Config(
            self.app, log_level="error", lifespan="on", ws="none", timeout_graceful_shutdown=1, access_log=False
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self.thread.start()
        until(lambda: self.server and self.server.started)
        return self

    def ask_to_stop(self) -> None:
        """Begin to stop, without waiting for it."""
        if self.server is not None:
            self.server.should_exit = True
            if town := getattr(self.app.state, "town", None):
                town.end_streams()  # in a process of its own a signal does this

    def stop(self) -> None:
        self.ask_to_stop()
        if self.server is not None:
            self.thread.join()
            self.server = None
        self.socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Stop while the next test begins already; ``wait_for_all`` sees to the end of it."""
        self.ask_to_stop()
        LEFT.append(self)


@dataclass
class Inbox:
    """Stands where Webcare stands: keeps every webhook, answers what ``statuses`` says and then 200."""

    statuses: list[int] = field(default_factory=list)
    calls: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    def app(self) -> Starlette:
        async def webhook(request: Request) -> Response:
            self.calls.append((request.url.path, await request.body(), dict(request.headers)))
            return Response(status_code=self.statuses.pop(0) if self.statuses else 200)

        return Starlette(routes=[Route("/{path:path}", webhook, methods=["POST"])])

    def texts(self) -> list[list[str]]:
        """The texts in every call, in the order in which the calls came."""
        return [[event["text"] for event in json.loads(body)] for _, body, _ in self.calls]

    def expect(self, *texts: list[str]) -> None:
        """Wait for exactly these calls."""
        until(lambda: len(self.calls) >= len(texts))
        assert self.texts() == list(texts)


class Street:
    """Talks to a running simulator as the page does."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def call(self, method: str, path: str, status: int = 200, **kwargs: Any) -> Any:
        answer = self.session.request(method, self.url + path, timeout=10, **kwargs)
        assert answer.status_code == status, answer.text
        return answer.json()

    def play(self, kind: str, action: str, status: int = 200, citizen: str = "aisha", **data: Any) -> Any:
        return self.call("POST", f"/street/{kind}/{action}", status, json={"citizen": citizen, **data})

    def fault(self, kind: str, fault: str, **order: Any) -> Any:
        return self.call("POST", "/faults", 201, json={"kind": kind, "fault": fault, **order})

    def state(self) -> Any:
        return self.call("GET", "/street/state")

    def books(self, what: str = "") -> list[Any]:
        return [line for line in self.call("GET", "/books") if not what or line["what"] == what]
