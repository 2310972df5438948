"""A clock that stands still where it is put, and a platform to send to."""

import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

import channels
import inbox
from channels import clock as real_clock
from channels import registry
from channels.models import Account
from inbox import ingest, kick
from inbox.models import Conversation, Message, User
from tests.channels.server import serving
from tests.conftest import MONDAY_10
from tests.inbox.platform import Platform
from tests.inbox.storing import put, said


@dataclass
class StandingClock:
    """Says ``moment`` until it is moved."""

    moment: datetime = MONDAY_10 + timedelta(minutes=30)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **amount: float) -> None:
        self.moment += timedelta(**amount)


@pytest.fixture
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> StandingClock:
    """Monday 10:30 in Amsterdam, wherever inbox or channels ask for the time."""
    clock, real = StandingClock(), real_clock.now
    for module in ours():
        if getattr(module, "now", None) is real:
            monkeypatch.setattr(module, "now", clock)
    return clock


@cache
def ours() -> list[ModuleType]:
    """Every module of inbox and channels, imported: one that were imported while the clock stands, as connectors and
    views are at their first use, would keep that clock for all later tests. So would those of webcare that the URLs
    bring in."""
    import_module("webcare.urls")
    for package in (inbox, channels):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in found.name:
                import_module(found.name)
    return [module for name, module in sys.modules.items() if name.split(".")[0] in ("inbox", "channels")]


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Platform]:
    """WhatsApp and Facebook as a small platform on a real port."""
    made = Platform()
    registry.connector_class.cache_clear()
    for kind in ("whatsapp", "facebook"):
        monkeypatch.setitem(registry.CONNECTORS, kind, "tests.inbox.platform.PlainConnector")
    with serving(made.answer) as server:
        settings.SIMULATOR_URL = server.url
        yield made
    registry.connector_class.cache_clear()


@pytest.fixture(autouse=True)
def kicks_stay_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of tasks that would have been sent; no worker of another run gets them."""
    names: list[str] = []

    class Producer:
        def send_task(self, name: str, args: list[int], retry: bool, countdown: float = 0.0) -> None:
            names.append(name)

    monkeypatch.setattr(kick, "producer", Producer)
    monkeypatch.setattr(kick, "_rest_until", 0.0)  # a slow answer of Redis to the test before
    yield names
    kick.end_aside()


@pytest.fixture
def whatsapp(accounts: dict[str, Account]) -> Account:
    """The account on WhatsApp."""
    return accounts["whatsapp"]


@pytest.fixture
def asked(accounts: dict[str, Account], standing_clock: StandingClock) -> Conversation:
    """Aïsha asked something on WhatsApp at Monday 10:00; the first clock runs."""
    put(accounts["whatsapp"], said(accounts["whatsapp"], "m1"))
    ingest.drain()
    return Conversation.objects.get()


@pytest.fixture
def queue(agent: User, standing_clock: StandingClock) -> Callable[..., Message]:
    """An answer of Fatima's in the outbox: queue(conversation, "text", **fields)."""

    def make(conversation: Conversation, text: str = "Morgen", **fields: Any) -> Message:
        moment = standing_clock()
        values: dict[str, Any] = {
            "conversation": conversation,
            "account": conversation.account,
            "direction": "out",
            "kind": "answer",
            "public": conversation.public,
            "text": text,
            "author": agent,
            "sent_at": moment,
            "state": "queued",
            "state_at": moment,
            "send_at": moment,
        } | fields
        return Message.objects.create(**values)

    return make


@pytest.fixture
def accounts_of_class(
    request: pytest.FixtureRequest, accounts: dict[str, Account], standing_clock: StandingClock
) -> None:
    """For hypothesis' Django test cases: ``self.account``."""
    request.instance.account = accounts["whatsapp"]
