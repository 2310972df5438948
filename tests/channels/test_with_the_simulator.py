"""The gateway against the simulator: signed webhooks over HTTP, files, and what a lost webhook left behind."""

import base64
from collections.abc import Iterator
from pathlib import Path
from threading import Semaphore
from typing import Any

import pytest
from PIL import Image

from channels import clock, media, polling
from channels.account_state import check_account
from channels.events import items_of
from channels.messages import IncomingMessage
from channels.models import Account, InboundEvent
from channels.signals import event_stored
from channels.simulator.app import build, platform_classes
from channels.simulator.samples import sample
from tests.channels.simulator.servers import Server, Street, wait_for_all

pytestmark = pytest.mark.django_db(transaction=True)

PHOTO = {"content": base64.b64encode(sample("volle-container.jpg")).decode(), "content_type": "image/jpeg"}
PRIVATE = {"x": "dm", "facebook": "message", "whatsapp": "message"}
PUBLIC = {"x": "mention", "facebook": "visitor_post"}


@pytest.fixture
def street(live_server: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    """The town, with its webhooks going to our own pages."""
    server = Server(None)
    monkeypatch.setenv("CLOCK_FILE", str(tmp_path / "clock"))
    monkeypatch.setenv("SIMULATOR_URL", server.url)
    settings.SIMULATOR_URL, settings.PUBLIC_URL = server.url, live_server.url
    server.app = build(server.url, live_server.url, tmp_path / "town.json", platform_classes())
    with server:
        yield Street(server.url)
    wait_for_all()


class Stored:
    """Counts stored events; ``wait`` lets the test go on as soon as so many came."""

    def __init__(self) -> None:
        self.semaphore = Semaphore(0)

    def __call__(self, **_: Any) -> None:
        self.semaphore.release()

    def wait(self, number: int = 1) -> None:
        for _ in range(number):
            assert self.semaphore.acquire(timeout=10)


@pytest.fixture
def stored() -> Iterator[Stored]:
    counter = Stored()
    event_stored.connect(counter)
    yield counter
    event_stored.disconnect(counter)


def received() -> list[IncomingMessage]:
    events = InboundEvent.objects.select_related("app").order_by("id")
    return [item for event in events for item in items_of(event) if isinstance(item, IncomingMessage)]


@pytest.mark.parametrize(("kind", "action"), [*PRIVATE.items(), *PUBLIC.items()])
def test_message_with_a_photo_comes_in_whole(
    kind: str, action: str, accounts: dict[str, Account], street: Street, stored: Stored
) -> None:
    text = "De container in de Molenstraat is vol"
    if kind == "x" and action == "mention":
        text = "@gemwaterkant " + text
    street.play(kind, action, text=text, photo={**PHOTO, "name": "container.jpg"})
    stored.wait()
    messages = received()
    # Facebook sends a picture in Messenger as a message of its own.
    words = [message.text for message in messages if message.text]
    assert (words, {message.account_id for message in messages}) == ([text], {accounts[kind].external_id})
    (photo,) = [attachment for message in messages for attachment in message.attachments if attachment.url]
    found = media.fetch(accounts[kind], photo.url, photo.kind)
    with found.content, Image.open(found.content) as picture:
        assert (found.content_type, found.size, picture.size) == (
            "image/jpeg",
            len(sample("volle-container.jpg")),
            (960, 720),
        )


@pytest.mark.parametrize(("kind", "action"), [*PRIVATE.items(), *PUBLIC.items()])
def test_message_whose_webhook_was_lost_is_fetched_once(
    kind: str, action: str, accounts: dict[str, Account], street: Street
) -> None:
    account = accounts[kind]
    street.fault(kind, "drop", count=0)
    text = "@gemwaterkant Is de balie open?" if (kind, action) == ("x", "mention") else "Is de balie open?"
    street.play(kind, action, text=text)
    clock.shift(300)
    assert [polling.repair_gap(account), polling.repair_gap(account)] == [1, 0]
    assert [message.text for message in received()] == [text]


@pytest.mark.parametrize("kind", list(PRIVATE))
def test_check_tells_a_living_account_from_a_dead_one(kind: str, accounts: dict[str, Account], street: Street) -> None:
    account = accounts[kind]
    before = check_account(account)
    street.fault(kind, "token", count=0)
    after = check_account(account)
    account.refresh_from_db()
    assert (before, after, account.state, account.error_reason) == (True, False, "broken", "token")
    street.call("DELETE", "/faults")
    assert (check_account(account), account.state) == (True, "active")
