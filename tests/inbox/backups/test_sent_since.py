"""An answer that waited when the backup was made, and went out since: found at the platform, never sent again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from channels import clock
from channels.clock import now
from channels.simulator import town
from channels.simulator.app import build, platform_classes
from inbox import tasks
from inbox.actions import approval, group_answer, reply, sensitive
from inbox.models import Approval, Conversation, Identity, Message, User
from tests.channels.simulator.servers import Server, Street, wait_for_all
from tests.inbox.backups.conftest import Manage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def street(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    """The town, whose webhooks reach nobody."""
    server = Server(None)
    monkeypatch.setenv("CLOCK_FILE", str(tmp_path / "clock"))
    monkeypatch.setenv("SIMULATOR_URL", server.url)
    settings.SIMULATOR_URL = server.url
    server.app = build(server.url, "http://127.0.0.1:1", tmp_path / "town.json", platform_classes())
    with server:
        yield Street(server.url)
    wait_for_all()


@pytest.fixture
def asked(make_conversation: Callable[..., Conversation], street: Street) -> Conversation:
    """Aïsha asked something on WhatsApp just now."""
    street.fault("whatsapp", "drop", count=0)
    street.play("whatsapp", "message", text="Wanneer komt het restafval?")
    conversation = make_conversation(at=now())
    Identity.objects.filter(pk=conversation.identity_id).update(external_id=f"whatsapp:{town.citizen('aisha').phone}")
    return conversation


def answer(conversation: Conversation, agent: User, text: str) -> Message:
    moment = now()
    return Message.objects.create(
        conversation=conversation,
        account=conversation.account,
        direction="out",
        kind="answer",
        public=False,
        text=text,
        author=agent,
        sent_at=moment,
        state="queued",
        state_at=moment,
        send_at=moment,
    )


def settle(message: Message) -> None:
    """Run the outbox until nothing waits, a little later each time."""
    for _ in range(12):
        tasks.send_due()
        message.refresh_from_db()
        if message.state not in {"queued", "sending", "unknown"}:
            return
        clock.shift(60)


def test_answer_that_went_out_since_the_backup_is_found_and_not_sent_again(
    manage: Manage, asked: Conversation, agent: User, street: Street, tmp_path: Path
) -> None:
    message = answer(asked, agent, "Morgen, tussen 8 en 12 uur.")
    assert manage("backup", tmp_path / "webcare.tar").code == 0
    assert tasks.send_message(message.pk) == "sent"
    message.refresh_from_db()
    known = message.external_id
    done = manage("restore", tmp_path / "webcare.tar", "--replace", "--yes")
    assert (done.code, done.error) == (0, "")
    message.refresh_from_db()
    assert (message.state, message.external_id, message.error_code) == ("unknown", "", "restored")
    settle(message)
    assert (message.state, message.external_id, message.error_code) == ("sent", known, "")
    assert [line["text"] for line in street.books("answered")] == ["Morgen, tussen 8 en 12 uur."]


def test_answer_that_was_in_flight_is_found_too(
    manage: Manage, asked: Conversation, agent: User, street: Street, tmp_path: Path
) -> None:
    message = answer(asked, agent, "Morgen.")
    tasks.send_message(message.pk)
    message.refresh_from_db()
    known = message.external_id
    Message.objects.filter(pk=message.pk).update(state="sending", external_id="")
    manage("backup", tmp_path / "webcare.tar")
    manage("restore", tmp_path / "webcare.tar", "--replace", "--yes")
    settle(message)
    assert (message.state, message.external_id, len(street.books("answered"))) == ("sent", known, 1)


def test_answer_that_never_went_goes_once(
    manage: Manage, asked: Conversation, agent: User, street: Street, tmp_path: Path
) -> None:
    message = answer(asked, agent, "Morgen.")
    manage("backup", tmp_path / "webcare.tar")
    manage("restore", tmp_path / "webcare.tar", "--replace", "--yes")
    settle(message)
    assert (message.state, len(street.books("answered"))) == ("sent", 1)


def test_what_waited_in_a_group_waits_for_a_person(
    manage: Manage, asked: Conversation, agent: User, tmp_path: Path
) -> None:
    seen = asked.messages.get().pk
    group = group_answer.start(by=agent, text="Morgen.", chosen={asked.pk: seen}, submission=uuid4())
    manage("backup", tmp_path / "webcare.tar")
    assert tasks.answer_groups() == 1
    manage("restore", tmp_path / "webcare.tar", "--replace", "--yes")
    assert tasks.answer_groups() == 0
    assert list(group.items.values_list("state", "code")) == [("skipped", "restored")]


@pytest.fixture
def waits(asked: Conversation, agent: User, lead: User) -> Approval:
    """Fatima's answer in a sensitive conversation."""
    Conversation.objects.update(assignee=agent)
    sensitive.mark_sensitive(asked.pk, by=agent, sensitive=True, ground="press")
    reply.reply(asked.pk, by=agent, text="Morgen.", submission=uuid4())
    return Approval.objects.get()


def test_answer_approved_since_is_found_and_not_approved_again(
    manage: Manage, waits: Approval, lead: User, street: Street, tmp_path: Path
) -> None:
    manage("backup", tmp_path / "webcare.tar")
    approval.approve(waits.pk, by=lead)
    assert tasks.send_message(waits.message_ids[0]) == "sent"
    manage("restore", tmp_path / "webcare.tar", "--replace", "--yes")
    message = Message.objects.get(pk=waits.message_ids[0])
    settle(message)
    assert (message.state, len(street.books("answered"))) == ("sent", 1)
    assert list(approval.waiting(lead)) == []


def test_answer_that_was_not_approved_waits_for_that_again(
    manage: Manage, waits: Approval, lead: User, street: Street, tmp_path: Path
) -> None:
    manage("backup", tmp_path / "webcare.tar")
    manage("restore", tmp_path / "webcare.tar", "--replace", "--yes")
    message = Message.objects.get(pk=waits.message_ids[0])
    settle(message)
    assert (message.state, street.books("answered")) == ("approval", [])
    (again,) = approval.waiting(lead)
    approval.approve(again.pk, by=lead)
    settle(message)
    assert (message.state, len(street.books("answered"))) == ("sent", 1)
