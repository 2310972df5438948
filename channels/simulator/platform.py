"""What one simulated platform is to the simulator: routes for the API, a phone in the street, a state that is kept."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Webhook:
    """A signed call to us, ready to go: ``path`` is /webhooks/<kind>/<app key>/, ``body`` the raw bytes.

    ``sign`` is given the public URL that is called and returns the headers (Twilio signs the URL too)."""

    path: str
    body: bytes
    content_type: str
    sign: Callable[[str], Mapping[str, str]]


class World(Protocol):
    """What the simulator's core (channels/simulator/world.py) gives every platform."""

    base_url: str  # where the simulator itself is reached, for media and permalinks; no trailing slash
    public_url: str  # where the inbox is reached, for the webhook address a platform knows; no trailing slash

    def now(self) -> datetime:
        """The town's time, aware UTC (channels.clock.now)."""
        ...

    def new_id(self) -> int:
        """A number that grows with time and is never given twice, as long as X's ids (over 2^53)."""
        ...

    def deliver(self, kind: str, webhook: Webhook) -> None:
        """Put a webhook in the post, in order, with the faults of the moment (doubled, reversed, dropped, batched)."""
        ...

    def changed(self) -> None:
        """The state changed: keep it on disk soon, and tell the street."""
        ...

    def record(self, kind: str, what: str, external_id: str, **details: Any) -> None:
        """A line in the simulator's books: "posted", "edited", "deleted", "answered", "receipt" …"""
        ...

    def fault(self, kind: str, name: str) -> bool:
        """Whether this fault is to happen now; it is used up once more by asking."""
        ...

    def media(self, content: bytes, content_type: str, name: str) -> str:
        """Keep a file; returns its address at the simulator (/media/<id>/<name>)."""
        ...


class Platform(ABC):
    """A simulated platform. All state is in ``self.state``: plain JSON, so that it survives a restart."""

    kind: ClassVar[str]

    def __init__(self, world: World) -> None:
        self.world = world
        self.state: Json = self.empty()

    @abstractmethod
    def empty(self) -> Json:
        """The state of a town where nothing was said yet, with the municipality's own first posts."""

    @property
    def webhook_valid(self) -> bool:
        """Whether the platform calls our webhook. False (fault ``webhook_invalid``): it brings nothing until its own
        API is asked to validate, or subscribe, anew; the endpoint that does so sets this to True."""
        return bool(self.state.get("webhook_valid", True))

    @webhook_valid.setter
    def webhook_valid(self, valid: bool) -> None:
        self.state["webhook_valid"] = valid
        self.world.changed()

    def brings(self, body: bytes) -> bool:
        """Whether this webhook is brought at all; asked when it is posted and before each try."""
        return self.webhook_valid

    def missed(self, body: bytes) -> bool:
        """This webhook was dropped, withheld or given up; whether it is kept, by a platform that can bring it again."""
        return False

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """The platform's HTTP API at its own paths (/2/tweets, /v26.0/…, /2010-04-01/…).

        Every endpoint is wrapped in ``faulty`` by the core: a fault on request answers before, or after, it ran."""

    @abstractmethod
    def refusal(self, fault: str, request: Request) -> Response:
        """The platform's own answer for a fault: "rate_limit" (429 with its headers), "server_error", "token"."""

    @abstractmethod
    def street(self) -> Json:
        """What the phone shows: see channels/simulator/README.md for the shape."""

    @abstractmethod
    def play(self, action: str, data: Json) -> Json:
        """A citizen does something. Returns what was made (with its ``id``). Raises KeyError/ValueError with a
        Dutch sentence for what cannot be done."""

    def batch(self, webhooks: list[Webhook]) -> Webhook | None:
        """Several webhooks as the one call this platform would make of them; None where it never batches."""
        return None


Endpoint = Callable[[Request], Awaitable[Response]]
