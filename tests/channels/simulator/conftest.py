"""A village on a port of its own, an inbox that only keeps, and retries that do not take seconds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from channels.simulator import post
from channels.simulator.app import build

from .servers import Inbox, Server, Street, wait_for_all
from .village import FacebookVillage, Village, WhatsAppVillage

VILLAGES = {"x": Village, "facebook": FacebookVillage, "whatsapp": WhatsAppVillage}


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "RETRIES", {"x": (0.01, 0.02, 0.03), "facebook": (0.0, 0.01), "whatsapp": (0.01,)})
    monkeypatch.setattr(post, "RESCUE_WAITS", (0.05,))
    monkeypatch.setattr(post, "KNOCK_WAIT", 0.05)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def webcare_server(inbox: Inbox) -> Iterator[Server]:
    with Server(inbox.app()) as server:
        yield server


@pytest.fixture
def open_street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    """Opens a village whose webhooks go to the given address; open it twice to restart it."""
    monkeypatch.setenv("CLOCK_FILE", str(tmp_path / "clock"))
    monkeypatch.setenv("SIMULATOR_URL", "http://127.0.0.1")
    servers: list[Server] = []

    def start(public_url: str, port: int = 0) -> Server:
        for running in servers:
            running.stop()
        server = Server(None, port)
        server.app = build(server.url, public_url, tmp_path / "town.json", VILLAGES)
        servers.append(server)
        return server.start()

    yield start
    for running in servers:
        running.leave()


@pytest.fixture
def street(open_street: Callable[..., Server], webcare_server: Server) -> Street:
    return Street(open_street(webcare_server.url).url)


@pytest.fixture(scope="session", autouse=True)
def no_server_stays_behind() -> Iterator[None]:
    yield
    wait_for_all()


@pytest.fixture(scope="module")
def quiet_street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """One street for all tests of a module that are refused and so change nothing."""
    folder = tmp_path_factory.mktemp("quiet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLOCK_FILE", str(folder / "clock"))
        patch.setenv("SIMULATOR_URL", "http://127.0.0.1")
        server = Server(None)
        server.app = build(server.url, "http://127.0.0.1:9", folder / "town.json", VILLAGES)
        with server:
            yield Street(server.url)
