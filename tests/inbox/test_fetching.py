"""Files that came along: kept here for sure before they are deleted there; asked for again; a crash at any point."""

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from channels import polling
from channels.clock import now
from channels.messages import Attachment as ToldAttachment
from channels.models import Account, InboundEvent
from channels.simulator import town
from channels.simulator.app import build, platform_classes
from channels.simulator.samples import sample
from inbox import fetching, ingest
from inbox.models import Attachment, Conversation, Message
from tests.channels.server import Answer, Request, Server, serving
from tests.channels.simulator import servers
from tests.inbox.backups.conftest import ROOT, address
from tests.inbox.conftest import StandingClock
from tests.inbox.storing import put, said
from tests.inbox.test_tasks import picture
from tests.inbox.threads import together

pytestmark = pytest.mark.django_db(transaction=True)
SID = town.app("whatsapp").secrets["account_sid"]
MEDIA = f"/2010-04-01/Accounts/{SID}/Messages/MM1/Media/ME1"
PHOTO = {"content": base64.b64encode(sample("volle-container.jpg")).decode(), "content_type": "image/jpeg"}


@pytest.fixture
def twilio(settings: Any, tmp_path: Path) -> Iterator[Server]:
    """A Twilio with one photo, that lets itself be told what to answer."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    with serving(lambda request: Answer(200, picture()) if request.method == "GET" else Answer(204)) as server:
        settings.SIMULATOR_URL = server.url
        yield server


@pytest.fixture
def photo(accounts: dict[str, Account], twilio: Server, kicks_stay_here: list[str]) -> Attachment:
    """Aïsha's photo, not yet fetched."""
    account = accounts["whatsapp"]
    told = ToldAttachment(kind="image", url=twilio.url + MEDIA, name="kuil.png", external_id="ME1")
    put(account, said(account, "m1", "Kijk", attachments=(told,)))
    ingest.drain()
    Attachment.objects.update(fetch_at=now())
    return Attachment.objects.get()


def asked(twilio: Server) -> list[str]:
    return [f"{request.method} {request.path}" for request in twilio.requests]


GET, DELETE = f"GET {MEDIA}", f"DELETE {MEDIA}.json"


def test_file_is_deleted_at_twilio_once_it_is_here(photo: Attachment, twilio: Server) -> None:
    assert fetching.fetch_due() == 1
    photo.refresh_from_db()
    assert (photo.state, photo.source_url, photo.source_delete_at, photo.error) == ("ready", "", None, "")
    assert Path(photo.file.path).read_bytes() == picture()
    assert (asked(twilio), fetching.fetch_due(), fetching.delete_due()) == ([GET, DELETE], 0, 0)


def test_simulated_twilio_loses_the_file_and_gap_repair_brings_nothing_anew(
    accounts: dict[str, Account], settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, server = accounts["whatsapp"], servers.Server(None)
    monkeypatch.setenv("CLOCK_FILE", str(tmp_path / "clock"))
    monkeypatch.setenv("SIMULATOR_URL", server.url)
    settings.SIMULATOR_URL, settings.MEDIA_ROOT = server.url, str(tmp_path / "media")
    server.app = build(server.url, "http://127.0.0.1:1", tmp_path / "town.json", platform_classes())
    with server:
        street = servers.Street(server.url)
        street.fault("whatsapp", "drop", count=0)
        street.play("whatsapp", "message", text="Kijk", photo={**PHOTO, "name": "container.jpg"})
        Account.objects.update(created_at=now() - timedelta(hours=1))
        monkeypatch.setattr(polling, "SETTLING", timedelta())
        for _ in range(2):
            account.refresh_from_db()
            account.gaps_checked_at = None  # asks for all of it once more
            InboundEvent.objects.all().delete()  # as if it came by another way
            polling.repair_gap(account)
            ingest.drain()
            fetching.fetch_due()
        photo = Attachment.objects.get()
        assert (photo.state, photo.source_url, Message.objects.count()) == ("ready", "", 1)
        assert [line["external_id"] for line in street.books("media_deleted")] == [photo.external_id]
        assert Path(photo.file.path).read_bytes() == sample("volle-container.jpg")
    servers.wait_for_all()


def test_killed_between_copy_and_commit_the_file_is_still_there_and_comes_again(
    photo: Attachment, twilio: Server
) -> None:
    """A real process, killed when the copy is on disk and the row is not: it waits for a lock that we hold."""
    database = address(_name())
    lock = psycopg.connect(database)

    def answer(request: Request) -> Answer:
        if request.method == "GET" and not lock.closed:
            lock.execute("SELECT FROM inbox_attachment WHERE id = %s FOR UPDATE", [photo.pk])
        return Answer(200, picture()) if request.method == "GET" else Answer(204)

    twilio.answer = answer
    process = _worker(database, twilio)
    try:
        _until(lambda: _waiting(database))
        (copy,) = _copies(photo)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    lock.close()
    photo.refresh_from_db()
    assert (photo.state, photo.attempts, photo.source_delete_at, asked(twilio)) == ("pending", 1, None, [GET])
    assert copy.read_bytes() == picture()
    Attachment.objects.update(fetch_at=now())  # the lease is over
    assert fetching.fetch_due() == 1
    photo.refresh_from_db()
    assert (photo.state, asked(twilio)) == ("ready", [GET, GET, DELETE])
    assert Path(photo.file.path).read_bytes() == picture()


def test_killed_while_deleting_it_is_asked_again(photo: Attachment, twilio: Server) -> None:
    hanging: list[str] = []

    def answer(request: Request) -> Answer:
        if request.method == "DELETE":
            hanging.append(request.path)
            return Answer(hang=len(hanging) == 1, status=404)
        return Answer(200, picture())

    twilio.answer = answer
    process = _worker(address(_name()), twilio)
    try:
        _until(lambda: hanging)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    twilio.stopping.set()
    photo.refresh_from_db()
    assert (photo.state, photo.source_url == "", photo.source_delete_at is None) == ("ready", False, False)
    Attachment.objects.update(source_delete_at=now())
    assert fetching.delete_due() == 1
    photo.refresh_from_db()
    assert (photo.state, photo.source_url, photo.source_delete_at) == ("ready", "", None)


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _worker(database: str, twilio: Server) -> subprocess.Popen[bytes]:
    code = "import django; django.setup(); from inbox import fetching; fetching.fetch_due()"
    told = {"DATABASE_URL": database, "SIMULATOR_URL": twilio.url, "MEDIA_ROOT": _media_root()}
    told |= {"DJANGO_SETTINGS_MODULE": "webcare.settings", "SECRET_KEY": "tests-only"}
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=os.environ | told)


def _media_root() -> str:
    return str(Attachment(file="x").file.storage.location)


def _copies(photo: Attachment) -> list[Path]:
    return [path for path in Path(_media_root()).rglob("*") if path.is_file() and path.suffix != ".preview"]


def _waiting(database: str) -> bool:
    with psycopg.connect(database) as look:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return look.execute(query).fetchone() == (1,)


def _until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def test_two_workers_delete_once(photo: Attachment, twilio: Server) -> None:
    fetching._fetch(fetching._take())  # type: ignore[arg-type]
    assert sorted(together(fetching.delete_due, fetching.delete_due)) == [0, 1]
    assert asked(twilio) == [GET, DELETE]


def test_platform_that_does_not_answer_is_asked_later_each_time_and_then_no_more(
    photo: Attachment, twilio: Server, standing_clock: StandingClock
) -> None:
    standing_clock.moment = now()
    twilio.answer = lambda request: Answer(200, picture()) if request.method == "GET" else Answer(503)
    Attachment.objects.update(fetch_at=standing_clock())
    fetching.fetch_due()
    photo.refresh_from_db()
    assert photo.source_delete_at == standing_clock() + fetching.DELETE_FIRST_WAIT
    began = standing_clock()
    for _ in range(fetching.MAX_DELETE_ATTEMPTS - 1):
        photo.refresh_from_db()
        standing_clock.moment = photo.source_delete_at
        assert fetching.delete_due() == 1
    photo.refresh_from_db()
    assert (photo.state, photo.source_delete_at, photo.error) == ("ready", None, fetching.NOT_DELETED)
    assert timedelta(days=3) < standing_clock() - began < timedelta(days=7)
    assert (photo.source_url == "", fetching.delete_due()) == (False, 0)


def test_broken_account_is_waited_for(photo: Attachment, twilio: Server) -> None:
    twilio.answer = lambda request: Answer(200, picture()) if request.method == "GET" else Answer(401)
    fetching.fetch_due()
    photo.refresh_from_db()
    account = Account.objects.get(kind="whatsapp")
    assert (account.state, account.error_reason, photo.source_delete_at is None) == ("broken", "token", False)
    Attachment.objects.update(source_delete_at=now())
    assert fetching.delete_due() == 0
    twilio.answer = lambda request: Answer(204)
    Account.objects.update(state="active")
    assert fetching.delete_due() == 1


@pytest.mark.parametrize("damage", ["gone", "short"])
def test_nothing_is_deleted_there_that_is_not_whole_here(damage: str, photo: Attachment, twilio: Server) -> None:
    fetching._fetch(fetching._take())  # type: ignore[arg-type]
    photo.refresh_from_db()
    path = Path(photo.file.path)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(picture()[:-1])
    assert fetching.delete_due() == 1
    photo.refresh_from_db()
    assert (photo.state, photo.source_delete_at, asked(twilio)) == ("pending", None, [GET])
    assert fetching.fetch_due() == 1
    photo.refresh_from_db()
    assert (photo.state, asked(twilio)) == ("ready", [GET, GET, DELETE])


def test_file_is_kept_there_as_long_as_the_installation_says(photo: Attachment, twilio: Server, settings: Any) -> None:
    settings.MEDIA_KEPT_THERE_HOURS = 26
    fetching.fetch_due()
    photo.refresh_from_db()
    assert (photo.state, asked(twilio)) == ("ready", [GET])
    assert photo.source_delete_at is not None
    assert timedelta(hours=25) < photo.source_delete_at - now() <= timedelta(hours=26)


def test_platform_that_keeps_nothing_is_asked_nothing(photo: Attachment, twilio: Server) -> None:
    Account.objects.filter(kind="facebook").update(state="active")
    Message.objects.update(account=Account.objects.get(kind="facebook"))
    Attachment.objects.update(source_url=f"{twilio.url}/photo")
    fetching.fetch_due()
    photo.refresh_from_db()
    assert (photo.state, photo.source_url, photo.source_delete_at) == ("ready", f"{twilio.url}/photo", None)
    assert asked(twilio) == ["GET /photo"]


def test_file_that_killed_every_fetcher_is_given_up(photo: Attachment, twilio: Server) -> None:
    Attachment.objects.update(attempts=fetching.MAX_ATTEMPTS)
    fetching.fetch_due()
    photo.refresh_from_db()
    assert (photo.state, photo.error, asked(twilio)) == ("failed", "crashed", [])


def test_slow_fetcher_whose_file_came_by_another_leaves_nothing_behind(photo: Attachment, twilio: Server) -> None:
    slow = fetching._take()
    assert slow is not None
    Attachment.objects.update(fetch_at=now())  # its lease is over
    fetching.fetch_due()
    fetching._fetch(slow)
    photo.refresh_from_db()
    assert (photo.state, _copies(photo)) == ("ready", [Path(photo.file.path)])


def test_failed_files_are_all_tried_again(make_conversation: Callable[..., Conversation], twilio: Server) -> None:
    message = make_conversation().messages.get()
    for number in range(3):
        Attachment.objects.create(
            message=message,
            kind="image",
            state="failed",
            error="http_503",
            attempts=8,
            source_url=f"{twilio.url}/{number}",
        )
    nowhere = Attachment.objects.create(message=message, kind="image", state="failed", error="no_address")
    assert [fetching.retry_failed(2), fetching.retry_failed(), fetching.retry_failed()] == [2, 1, 0]
    assert fetching.fetch_due() == 3
    nowhere.refresh_from_db()
    assert (nowhere.state, Attachment.objects.filter(state="ready").count()) == ("failed", 3)
