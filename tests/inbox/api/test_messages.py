"""Messages, their files and earlier texts, and what becomes of answers that did not arrive."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inbox.actions import resend
from inbox.actions.refused import Refused
from inbox.models import Attachment, Conversation, Message, MessageVersion, Reaction, SendAttempt, User
from tests.conftest import MONDAY_10
from tests.inbox.api.conftest import Api, client_of
from tests.inbox.conftest import StandingClock

pytestmark = pytest.mark.django_db
Make = Callable[..., Conversation]


@pytest.fixture
def message(make_conversation: Make) -> Message:
    return make_conversation().messages.get()


def attach(message: Message, name: str = "kuil.jpg", **fields: Any) -> Attachment:
    values = {"kind": "image", "name": name, "content_type": "image/jpeg", "size": 4, "state": "ready"} | fields
    made = Attachment.objects.create(
        message=message, source_url="https://platform.example/secret?token=abc", external_id="media-1", **values
    )
    if made.state == "ready":
        made.file.save("x", ContentFile(b"\xff\xd8\xff\xd9"))
    return made


def test_message_tells_all_but_where_its_file_came_from(fatima: APIClient, message: Message) -> None:
    attachment = attach(message)
    MessageVersion.objects.create(message=message, text="Wanner?", until=MONDAY_10)
    assert fatima.get(f"/api/v1/messages/{message.pk}/").json() == {
        "id": message.pk,
        "conversation": message.conversation_id,
        "direction": "in",
        "kind": "message",
        "public": False,
        "text": "Wanneer wordt het restafval opgehaald?",
        "author": None,
        "url": "",
        "sent_at": "2026-11-23T09:00:00Z",
        "edited_at": None,
        "deleted_at": None,
        "hidden_at": None,
        "delivery": "received",
        "delivery_at": None,
        "error_code": "",
        "error_reason": "",
        "attachments": [
            {
                "id": attachment.pk,
                "kind": "image",
                "name": "kuil.jpg",
                "content_type": "image/jpeg",
                "size": 4,
                "text": "",
                "latitude": None,
                "longitude": None,
                "availability": "ready",
                "file": f"http://testserver/api/v1/attachments/{attachment.pk}/file/",
            }
        ],
        "versions": [{"text": "Wanner?", "until": "2026-11-23T09:00:00Z"}],
        "reactions": [],
        "attempts": [],
        "template_id": "",
        "liked_at": None,
    }


def test_answer_tells_every_attempt_in_order(fatima: APIClient, message: Message, agent: User) -> None:
    answer = Message.objects.create(
        conversation=message.conversation,
        account=message.account,
        direction="out",
        public=False,
        sent_at=MONDAY_10,
        state="sending",
        attempts=2,
    )
    SendAttempt.objects.create(message=answer, number=2, started_at=MONDAY_10 + timedelta(minutes=5), by=agent)
    SendAttempt.objects.create(
        message=answer,
        number=1,
        started_at=MONDAY_10,
        ended_at=MONDAY_10 + timedelta(seconds=1),
        outcome="refused",
        code="63016",
        reason="template_needed",
    )
    shown = fatima.get(f"/api/v1/messages/{answer.pk}/").json()["attempts"]
    assert shown == [
        {
            "number": 1,
            "started_at": "2026-11-23T09:00:00Z",
            "ended_at": "2026-11-23T09:00:01Z",
            "outcome": "refused",
            "code": "63016",
            "reason": "template_needed",
            "again_at": None,
            "by": None,
        },
        {
            "number": 2,
            "started_at": "2026-11-23T09:05:00Z",
            "ended_at": None,
            "outcome": "",
            "code": "",
            "reason": "",
            "again_at": None,
            "by": {"id": agent.pk, "name": "Fatima Amrani", "initials": "FA"},
        },
    ]


def test_messages_come_in_the_platforms_order_page_by_page(fatima: APIClient, message: Message) -> None:
    for minutes in (3, 1, 1, 2, 0):
        Message.objects.create(
            conversation=message.conversation,
            account=message.account,
            direction="in",
            public=False,
            text=str(minutes),
            sent_at=MONDAY_10 + timedelta(minutes=minutes),
            state="received",
        )
    texts, address = [], f"/api/v1/conversations/{message.conversation_id}/messages/?limit=2"
    while address:
        body = fatima.get(address).json()
        texts.append([row["text"][:1] for row in body["results"]])
        address = body["next"]
    assert texts == [["W", "0"], ["1", "1"], ["2", "3"]]


def test_messages_take_as_many_queries_for_30_as_for_1(fatima: APIClient, message: Message, agent: User) -> None:
    address = f"/api/v1/conversations/{message.conversation_id}/messages/"
    attach(message)
    fatima.get(address)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            fatima.get(address)
        counts.append(len(captured))
        for number in range(29):
            one = Message.objects.create(
                conversation=message.conversation,
                account=message.account,
                direction="out",
                kind="answer",
                author=agent,
                public=False,
                text=str(number),
                sent_at=MONDAY_10,
                state="sent",
            )
            attach(one, state="pending")
    # token, conversation, messages, attachments, versions
    assert counts == [5, 5]


def test_reactions_that_stand_there_are_told_with_the_message(fatima: APIClient, message: Message) -> None:
    for number, (name, symbol, removed) in enumerate((("Jan", "👍", False), ("Eva", "❤️", False), ("Weg", "😆", True))):
        Reaction.objects.create(
            account=message.account, external_id=message.external_id, person_id=name, name=name, symbol=symbol,
            removed=removed, at=MONDAY_10 + timedelta(minutes=number),
        )  # fmt: skip
    told = fatima.get(f"/api/v1/messages/{message.pk}/").json()["reactions"]
    assert told == [
        {"symbol": "❤️", "name": "Eva", "at": "2026-11-23T09:01:00Z"},
        {"symbol": "👍", "name": "Jan", "at": "2026-11-23T09:00:00Z"},
    ]
    listed = fatima.get(f"/api/v1/conversations/{message.conversation_id}/messages/").json()["results"]
    assert [row["reactions"] for row in listed] == [told]


def test_outsider_gets_404_everywhere(api: Api, outsider: User, message: Message) -> None:
    attachment, client = attach(message), api(outsider)
    for address in (
        f"conversations/{message.conversation_id}/messages/",
        f"conversations/{message.conversation_id}/notes/",
        f"conversations/{message.conversation_id}/timeline/",
        f"messages/{message.pk}/",
        f"attachments/{attachment.pk}/",
        f"attachments/{attachment.pk}/file/",
    ):
        assert (address, client.get(f"/api/v1/{address}").status_code) == (address, 404)
    for verb in ("retry", "withdraw", "mark-sent"):
        assert client.post(f"/api/v1/messages/{message.pk}/{verb}/").status_code == 404


# -- files --------------------------------------------------------------------------------------------------------


def test_file_comes_as_a_download_that_cannot_run(fatima: APIClient, message: Message) -> None:
    attachment = attach(message, "..\\..\\pagina.html", content_type="text/html")
    response = fatima.get(f"/api/v1/attachments/{attachment.pk}/file/", headers={"Accept": "image/*"})
    assert b"".join(response.streaming_content) == b"\xff\xd8\xff\xd9"
    assert {
        name: response[name]
        for name in ("Content-Type", "Content-Disposition", "X-Content-Type-Options", "Content-Security-Policy")
    } == {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": 'attachment; filename="pagina.html"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("state", ["none", "pending", "failed"])
def test_file_that_is_not_here_is_404(state: str, fatima: APIClient, message: Message) -> None:
    attachment = attach(message, state=state)
    told = fatima.get(f"/api/v1/attachments/{attachment.pk}/").json()
    assert (told["availability"], told["file"]) == (state, None)
    assert fatima.get(f"/api/v1/attachments/{attachment.pk}/file/").status_code == 404


def test_file_that_is_gone_from_the_disk_is_404(fatima: APIClient, message: Message) -> None:
    attachment = attach(message)
    attachment.file.storage.delete(attachment.file.name)
    assert fatima.get(f"/api/v1/attachments/{attachment.pk}/file/").status_code == 404


def test_what_the_citizen_took_back_is_not_for_viewers(api: Api, viewer: User, agent: User, message: Message) -> None:
    attachment = attach(message)
    MessageVersion.objects.create(message=message, text="Mijn BSN is …", until=MONDAY_10)
    Message.objects.filter(pk=message.pk).update(text="", deleted_at=MONDAY_10)
    seen = {}
    for who in (viewer, agent):
        client = api(who)
        told = client.get(f"/api/v1/messages/{message.pk}/").json()
        file = client.get(f"/api/v1/attachments/{attachment.pk}/file/")
        seen[who.username] = (len(told["attachments"]), len(told["versions"]), b"".join(file)[:2])
    assert seen == {"meelezer": (0, 0, b'{"'), "fatima": (1, 1, b"\xff\xd8")}


# -- decisions ----------------------------------------------------------------------------------------------------


@pytest.fixture
def failed(agent: User, make_conversation: Make, queue: Callable[..., Message]) -> Message:
    return queue(make_conversation("facebook", assignee=agent, failed_count=1), state="failed", error_code="500")


def test_retry_puts_a_failed_answer_back(fatima: APIClient, failed: Message) -> None:
    response = fatima.post(f"/api/v1/messages/{failed.pk}/retry/")
    assert (response.status_code, response.json()["delivery"], response.json()["error_code"]) == (200, "queued", "")


def test_retry_is_refused_for_who_did_not_read_the_newest(fatima: APIClient, failed: Message) -> None:
    address = f"/api/v1/messages/{failed.pk}/retry/"
    newest = failed.conversation.messages.filter(direction="in").latest("pk").pk
    refused = fatima.post(address, {"seen_message": newest - 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "newer_message")
    assert fatima.post(address, {"seen_message": failed.pk}).json()["delivery"] == "queued"


def test_withdraw_takes_a_failed_answer_out(fatima: APIClient, failed: Message) -> None:
    response = fatima.post(f"/api/v1/messages/{failed.pk}/withdraw/")
    assert (response.status_code, response.json()["delivery"]) == (200, "withdrawn")


def test_mark_sent_believes_the_colleague(fatima: APIClient, failed: Message) -> None:
    Message.objects.filter(pk=failed.pk).update(state="unknown", send_at=None)
    response = fatima.post(f"/api/v1/messages/{failed.pk}/mark-sent/")
    assert (response.status_code, response.json()["delivery"]) == (200, "sent")


@pytest.mark.parametrize("state", ["failed", "unknown", "sent", "queued", "withdrawn"])
@pytest.mark.parametrize("who", ["agent", "colleague", "viewer"])
@pytest.mark.parametrize("verb", ["retry", "withdraw", "mark-sent"])
def test_decision_is_refused_as_the_action_refuses(
    verb: str, who: str, state: str, failed: Message, request: pytest.FixtureRequest, standing_clock: StandingClock
) -> None:
    Message.objects.filter(pk=failed.pk).update(state=state, send_at=None)
    by = request.getfixturevalue(who)
    response = client_of(by).post(f"/api/v1/messages/{failed.pk}/{verb}/")
    if response.status_code == 200:
        assert who == "agent"
        return
    with pytest.raises(Refused) as refusal:
        getattr(resend, verb.replace("-", "_"))(failed.pk, by=by)
    told = response.json()
    assert (told["code"], told["detail"]) == (refusal.value.code, str(refusal.value))
    assert response.status_code == (403 if refusal.value.code == "not_allowed" else 409)


def test_decision_on_what_the_citizen_sent_is_404(fatima: APIClient, message: Message) -> None:
    assert fatima.post(f"/api/v1/messages/{message.pk}/retry/").status_code == 404
