"""Answering: refusals of the action, and once for each key, also when two requests come at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from rest_framework.test import APIClient

from inbox.actions import reply
from inbox.actions.refused import Refused
from inbox.models import AuditEntry, Conversation, Message, User
from tests.inbox.api.conftest import Api, client_of
from tests.inbox.conftest import StandingClock

pytestmark = pytest.mark.django_db
Make = Callable[..., Conversation]


@pytest.fixture
def mine(agent: User, make_conversation: Make, standing_clock: StandingClock) -> Conversation:
    return make_conversation(assignee=agent)


def send(client: APIClient, conversation: Conversation, key: str = "k1", **body: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(
        f"/api/v1/conversations/{conversation.pk}/reply/", {"text": "Donderdag.", **body}, headers=headers
    )


def answers() -> list[str]:
    return list(Message.objects.filter(direction="out").order_by("pk").values_list("text", flat=True))


def test_reply_queues_the_answer(fatima: APIClient, agent: User, mine: Conversation) -> None:
    response = send(fatima, mine)
    (message,) = response.json()["messages"]
    assert response.status_code == 201
    assert {name: message[name] for name in ("conversation", "direction", "kind", "text", "delivery", "public")} == {
        "conversation": mine.pk,
        "direction": "out",
        "kind": "answer",
        "text": "Donderdag.",
        "delivery": "queued",
        "public": False,
    }
    assert message["author"]["id"] == agent.pk
    assert fatima.get(f"/api/v1/messages/{message['id']}/").json() == message | {"attempts": []}


@pytest.mark.parametrize("key", ["k1", '"k1"', "92486794-503b-4287-9e0a-537b3b30c418", "é" * 100])
def test_same_key_again_gives_the_first_answer(key: str, fatima: APIClient, mine: Conversation) -> None:
    first = send(fatima, mine, key)
    second = send(fatima, mine, key, text="Vrijdag.")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert answers() == ["Donderdag."]


def test_same_submission_again_gives_the_first_answer(fatima: APIClient, mine: Conversation) -> None:
    submission = str(uuid4())
    first, second = (send(fatima, mine, "", submission=submission) for _ in range(2))
    assert (first.status_code, second.status_code, first.json() == second.json()) == (201, 200, True)
    assert str(Message.objects.get(direction="out").submission) == submission


def test_other_key_is_another_answer(fatima: APIClient, mine: Conversation) -> None:
    assert [send(fatima, mine, key).status_code for key in ("k1", "k2")] == [201, 201]
    assert answers() == ["Donderdag.", "Donderdag."]


def test_key_counts_for_one_colleague_and_conversation(
    api: Api, agent: User, colleague: User, mine: Conversation, make_conversation: Make
) -> None:
    theirs = make_conversation(assignee=colleague)
    assert send(api(agent), mine).status_code == 201
    assert send(api(colleague), theirs).status_code == 201


def test_submission_of_a_colleague_is_403(api: Api, agent: User, colleague: User, mine: Conversation) -> None:
    submission = str(uuid4())
    send(api(agent), mine, "", submission=submission)
    response = send(api(colleague), mine, "", submission=submission)
    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("key", "body"),
    [("", {}), (" ", {}), ("k1", {"submission": "92486794-503b-4287-9e0a-537b3b30c418"})],
)
def test_reply_needs_one_key(key: str, body: dict[str, Any], fatima: APIClient, mine: Conversation) -> None:
    response = send(fatima, mine, key, **body)
    assert (response.status_code, list(response.json()["errors"])) == (400, ["submission"])
    assert answers() == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": None}, "text"),
        ({"text": "x" * 10_001}, "text"),
        ({"seen_message": "x"}, "seen_message"),
        ({"as_thread": "x"}, "as_thread"),
    ],
)
def test_body_that_is_not_right_names_the_field(
    body: dict[str, Any], field: str, fatima: APIClient, mine: Conversation
) -> None:
    response = send(fatima, mine, **body)
    assert (response.status_code, list(response.json()["errors"])) == (400, [field])


@pytest.mark.parametrize("who", ["agent", "colleague", "viewer", "lead"])
@pytest.mark.parametrize(
    ("body", "fields", "hours"),
    [
        ({}, {}, 0),
        ({"text": "  "}, {}, 0),
        ({"text": "x" * 1601}, {}, 0),
        ({"seen_message": 0}, {}, 0),
        ({}, {}, 30),
        ({}, {"status": "closed", "result": "spam", "closed": True}, 0),
        ({"text": "x" * 281}, {"kind": "x"}, 0),
        ({}, {"kind": "x", "answerable": False}, 0),
    ],
)
def test_reply_refuses_as_the_action_does(
    who: str,
    body: dict[str, Any],
    fields: dict[str, Any],
    hours: int,
    agent: User,
    request: pytest.FixtureRequest,
    make_conversation: Make,
    standing_clock: StandingClock,
) -> None:
    fields = dict(fields)
    if fields.pop("closed", False):
        fields["closed_at"] = standing_clock()
    made = make_conversation(assignee=agent, **fields)
    standing_clock.forward(hours=hours)
    by = request.getfixturevalue(who)
    arguments = {"text": "Donderdag."} | {
        ("seen_message_id" if name == "seen_message" else name): value for name, value in body.items()
    }
    response = send(client_of(by), made, **body)
    if response.status_code == 201:
        assert (who, body, hours, fields) == ("agent", {}, 0, {})
        return
    with pytest.raises(Refused) as refusal:
        reply.reply(made.pk, by=by, submission=uuid4(), **arguments)
    told = response.json()
    assert (told["code"], told["detail"], told.get("data", {})) == (
        refusal.value.code,
        str(refusal.value),
        refusal.value.data,
    )
    assert response.status_code == (403 if refusal.value.code == "not_allowed" else 409)
    assert answers() == []


def test_outsider_gets_404(api: Api, outsider: User, mine: Conversation) -> None:
    client = api(outsider)
    assert send(client, mine).status_code == 404
    assert client.get(f"/api/v1/conversations/{mine.pk}/reply/").status_code == 404


def test_newer_message_can_be_confirmed(fatima: APIClient, mine: Conversation) -> None:
    assert send(fatima, mine, seen_message=0).json()["code"] == "newer_message"
    assert send(fatima, mine, seen_message=0, confirm_newer=True).status_code == 201


def test_long_answer_on_x_may_become_a_thread(
    fatima: APIClient, agent: User, make_conversation: Make, standing_clock: StandingClock
) -> None:
    made = make_conversation("x", assignee=agent)
    text = "Het restafval wordt donderdag opgehaald. " * 10
    refused = send(fatima, made, text=text).json()
    assert (refused["code"], refused["data"]["can_thread"]) == ("too_long", True)
    first, second = (send(fatima, made, text=text, as_thread=True) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert len(first.json()["messages"]) == len(answers()) == 2


def test_limits_tell_the_window_and_the_obstacle(
    fatima: APIClient, mine: Conversation, standing_clock: StandingClock
) -> None:
    address = f"/api/v1/conversations/{mine.pk}/reply/"
    assert fatima.get(address).json() == {
        "max_length": 1600,
        "weighted": False,
        "can_thread": False,
        "window_until": "2026-11-24T09:00:00Z",
        "obstacle": None,
    }
    standing_clock.forward(hours=24)
    refusal = reply.obstacle(Conversation.objects.select_related("account").get(pk=mine.pk))
    assert refusal is not None
    assert fatima.get(address).json()["obstacle"] == {"code": "window_closed", "detail": str(refusal)}


@pytest.mark.django_db(transaction=True)
def test_one_key_sends_once_however_many_come_at_once(agent: User, make_conversation: Make) -> None:
    made = make_conversation(assignee=agent, kind="facebook")
    clients = [client_of(agent) for _ in range(6)]
    barrier = Barrier(len(clients))

    def call(client: APIClient) -> tuple[int, Any]:
        try:
            barrier.wait(timeout=20)
            response = send(client, made, "the-same")
            return response.status_code, response.json()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(clients)) as pool:
        told = list(pool.map(call, clients))
    assert sorted(status for status, _body in told) == [200, 200, 200, 200, 200, 201]
    assert all(body == told[0][1] for _status, body in told)
    assert answers() == ["Donderdag."]
    assert AuditEntry.objects.filter(conversation=made, verb="replied").count() == 1


def test_personal_data_in_public_is_confirmed_by_what_the_refusal_gave(
    fatima: APIClient, agent: User, make_conversation: Make, standing_clock: StandingClock
) -> None:
    public = make_conversation("facebook", assignee=agent)
    refused = send(fatima, public, text="Bel Jan: 06-12345678.")
    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
    problem = refused.json()
    confirm = problem["data"].pop("confirm")
    assert (problem["code"], problem["data"]) == (
        "personal_data",
        {"kinds": ["phone"], "findings": [{"kind": "phone", "start": 9, "end": 20}]},
    )
    assert "12345678" not in refused.content.decode()
    other = send(fatima, public, text="Bel Jan: 06-87654321.", confirm_personal_data=confirm)
    assert (other.status_code, other.json()["code"]) == (409, "personal_data")
    sent = send(fatima, public, text="Bel Jan: 06-12345678.", confirm_personal_data=confirm)
    assert (sent.status_code, answers()) == (201, ["Bel Jan: 06-12345678."])
    again = send(fatima, public, text="Bel Jan: 06-12345678.")
    assert (again.status_code, again.json()) == (200, sent.json())
