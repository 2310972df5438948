"""The tasks by their names in the schedule; files fetched on their own; conversations that come back from "later"."""

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from PIL import Image

from channels.messages import Attachment as ToldAttachment
from channels.models import Account
from inbox import fetching, ingest, kick, tasks
from inbox.models import Attachment, AuditEntry, Conversation, Message
from tests.channels.server import Answer, Server, serving
from tests.inbox.conftest import StandingClock
from tests.inbox.platform import Platform
from tests.inbox.storing import at, put, said
from tests.inbox.threads import together

pytestmark = pytest.mark.django_db


def picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(written, "PNG")
    return written.getvalue()


@pytest.fixture
def files(settings: Any) -> Iterator[Server]:
    """A platform's file server."""
    with serving(lambda request: Answer(200, picture())) as server:
        settings.SIMULATOR_URL = server.url
        yield server


@pytest.fixture
def photo(
    accounts: dict[str, Account], files: Server, standing_clock: StandingClock, kicks_stay_here: list[str]
) -> Attachment:
    """Aïsha's photo, not yet fetched."""
    account = accounts["whatsapp"]
    told = ToldAttachment(kind="image", url=f"{files.url}/photo", name="kuil.png")
    put(account, said(account, "m1", "Kijk", attachments=(told,)))
    ingest.drain()
    return Attachment.objects.get()


def test_every_scheduled_task_of_the_inbox_exists(settings: Any) -> None:
    names = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values() if entry["task"].startswith("inbox.")}
    expected = (
        "alert_administrators",
        "forget_old_notices",
        "mail_advice",
        "send_pushes",
        "send_summaries",
        "tell_lateness",
        "recount_clocks",
        "answer_groups",
        "do_deeds",
        "end_forgotten_shifts",
        "pass_on_stuck",
        "drain_events",
        "forget_old_drafts",
        "refresh_templates",
        "say_lines",
        "send_due",
        "fetch_due_media",
        "fetch_due_profiles",
        "forget_early_changes",
        "wake_snoozed",
    )
    assert names == {f"inbox.tasks.{name}" for name in expected}
    assert names <= set(current_app.tasks)


def test_drain_events_takes_in_what_waits(accounts: dict[str, Account], standing_clock: StandingClock) -> None:
    put(accounts["whatsapp"], said(accounts["whatsapp"], "m1"))
    assert tasks.drain_events() == 1
    assert Message.objects.count() == 1


def test_send_tasks_send(asked: Conversation, queue: Callable[..., Message], platform: Platform) -> None:
    first, _second = queue(asked, "een"), queue(asked, "twee")
    assert tasks.send_message(first.pk) == "sent"
    assert tasks.send_due() == 1
    assert platform.texts() == ["een", "twee"]


def test_photo_is_fetched_and_announced(photo: Attachment, files: Server) -> None:
    assert tasks.fetch_due_media() == 1
    photo.refresh_from_db()
    assert (photo.state, photo.content_type, photo.size) == ("ready", "image/png", len(picture()))
    with photo.file.open() as content:
        assert content.read() == picture()
    assert "kuil" not in photo.file.name
    assert tasks.fetch_due_media() == 0


def test_missing_file_is_tried_again_later_and_then_failed(
    photo: Attachment, files: Server, standing_clock: StandingClock
) -> None:
    files.answer = lambda request: Answer(404)
    assert tasks.fetch_due_media() == 1
    photo.refresh_from_db()
    assert (photo.state, photo.error, photo.fetch_at) == ("pending", "http_404", at(30) + fetching.FIRST_WAIT)
    for _ in range(fetching.MAX_ATTEMPTS - 1):
        standing_clock.forward(hours=1)
        assert tasks.fetch_due_media() == 1
    photo.refresh_from_db()
    assert (photo.state, photo.error, photo.attempts) == ("failed", "http_404", fetching.MAX_ATTEMPTS)
    files.answer = lambda request: Answer(200, picture())
    assert fetching.retry_failed() == 1
    tasks.fetch_due_media()
    photo.refresh_from_db()
    assert photo.state == "ready"


def test_file_that_will_never_come_is_failed_at_once(photo: Attachment, files: Server) -> None:
    files.answer = lambda request: Answer(410)
    tasks.fetch_due_media()
    photo.refresh_from_db()
    assert (photo.state, photo.error) == ("failed", "http_410")


def test_file_whose_fetcher_died_is_fetched_after_the_lease(photo: Attachment, standing_clock: StandingClock) -> None:
    taken = fetching._take()
    assert taken is not None
    assert tasks.fetch_due_media() == 0
    standing_clock.forward(seconds=fetching.LEASE.total_seconds())
    assert tasks.fetch_due_media() == 1


@pytest.mark.django_db(transaction=True)
def test_two_fetchers_fetch_once(photo: Attachment, files: Server) -> None:
    assert sorted(together(tasks.fetch_due_media, tasks.fetch_due_media)) == [0, 1]
    assert len(files.requests) == 1


@pytest.mark.django_db(transaction=True)
def test_photo_kicks_its_fetch_once_committed(
    accounts: dict[str, Account], standing_clock: StandingClock, kicks_stay_here: list[str]
) -> None:
    kick.looking("media")
    photo = ToldAttachment(kind="image", url="https://media.example/1")
    put(accounts["whatsapp"], said(accounts["whatsapp"], "m1", attachments=(photo,)))
    ingest.drain()
    assert kicks_stay_here == [kick.MEDIA]


def test_snoozed_conversations_wake_when_due(asked: Conversation, standing_clock: StandingClock) -> None:
    Conversation.objects.update(status="snoozed", snoozed_until=standing_clock() + timedelta(hours=1))
    assert tasks.wake_snoozed() == 0
    standing_clock.forward(hours=1)
    assert tasks.wake_snoozed() == 1
    asked.refresh_from_db()
    entry = AuditEntry.objects.latest("id")
    assert (asked.status, asked.snoozed_until, entry.verb, entry.actor) == ("open", None, "woken", None)
    assert tasks.wake_snoozed() == 0


@pytest.mark.django_db(transaction=True)
def test_two_wakers_wake_once(asked: Conversation, standing_clock: StandingClock) -> None:
    Conversation.objects.update(status="snoozed", snoozed_until=standing_clock())
    together(tasks.wake_snoozed, tasks.wake_snoozed)
    assert AuditEntry.objects.filter(verb="woken").count() == 1
