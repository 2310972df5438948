"""The verbs: the page's actions, with the page's refusals, as 200, 403, 404 and 409."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from inbox.actions import assign, claim, close, draft, note, read, route, snooze, wait
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Conversation, Department, Note, User
from tests.conftest import MONDAY_10
from tests.inbox.api.conftest import Api
from tests.inbox.conftest import StandingClock

pytestmark = pytest.mark.django_db
Make = Callable[..., Conversation]
LATER = MONDAY_10 + timedelta(days=1)


def post(client: APIClient, conversation: Conversation, verb: str, **body: Any) -> Any:
    return client.post(f"/api/v1/conversations/{conversation.pk}/{verb}/", body)


def shown(client: APIClient, conversation: Conversation, verb: str, **body: Any) -> dict[str, Any]:
    response = post(client, conversation, verb, **body)
    assert response.status_code == 200, response.json()
    told: dict[str, Any] = response.json()
    assert told == client.get(f"/api/v1/conversations/{conversation.pk}/").json()
    return told


def verbs_of(conversation: Conversation) -> list[str]:
    return list(AuditEntry.objects.filter(conversation=conversation).order_by("pk").values_list("verb", flat=True))


def test_claim_take_over_and_release(api: Api, agent: User, colleague: User, make_conversation: Make) -> None:
    made, fatima, joris = make_conversation(), api(agent), api(colleague)
    assert shown(fatima, made, "claim")["assignee"]["id"] == agent.pk
    assert shown(fatima, made, "claim")["version"] == 2
    assert shown(joris, made, "take-over", expected_assignee=agent.pk)["assignee"]["id"] == colleague.pk
    assert shown(joris, made, "release")["assignee"] is None
    assert verbs_of(made) == ["claimed", "taken_over", "released"]


def test_take_over_from_who_has_an_answer_ready(
    api: Api, agent: User, colleague: User, make_conversation: Make
) -> None:
    made = make_conversation(assignee=colleague)
    draft.save(made.pk, by=colleague, mode="reply", text="Beste", version=0)
    refusal = post(api(agent), made, "take-over", expected_assignee=colleague.pk)
    assert (refusal.status_code, refusal.json()["code"]) == (409, "being_written")
    told = shown(api(agent), made, "take-over", expected_assignee=colleague.pk, confirmed=True)
    assert told["assignee"]["id"] == agent.pk


def test_assign_route_and_note(
    api: Api, agent: User, colleague: User, expert: User, burgerzaken: Department, make_conversation: Make
) -> None:
    made, fatima = make_conversation(), api(agent)
    assert shown(fatima, made, "assign", to=colleague.pk)["assignee"]["name"] == "Joris Smit"
    noted = post(fatima, made, "note", text=" Belt terug ")
    assert (noted.status_code, noted.json()) == (
        201,
        {
            "id": ANY,
            "conversation": made.pk,
            "author": {"id": agent.pk, "name": "Fatima Amrani", "initials": "FA"},
            "text": "Belt terug",
            "created_at": ANY,
            "edited_at": None,
            "withdrawn_at": None,
        },
    )
    routed = post(fatima, made, "route", department="burgerzaken", note="Voor jullie")
    assert (routed.status_code, routed.content) == (204, b"")
    client = api(expert)
    assert client.get(f"/api/v1/conversations/{made.pk}/").json()["department"]["slug"] == "burgerzaken"
    notes = client.get(f"/api/v1/conversations/{made.pk}/notes/").json()
    assert [row["text"] for row in notes["results"]] == ["Belt terug", "Voor jullie"]
    timeline = client.get(f"/api/v1/conversations/{made.pk}/timeline/").json()
    assert [(row["verb"], row["actor"]["id"]) for row in timeline["results"]] == [
        ("assigned", agent.pk),
        ("noted", agent.pk),
        ("routed", agent.pk),
    ]
    assert timeline["results"][2]["data"]["to_name"] == "Burgerzaken"


def test_route_to_a_department_of_ones_own_answers_with_the_conversation(
    api: Api, lead: User, make_conversation: Make
) -> None:
    assert (
        shown(api(lead), make_conversation(), "route", department="burgerzaken")["department"]["slug"] == "burgerzaken"
    )


def test_close_and_reopen(fatima: APIClient, make_conversation: Make, standing_clock: StandingClock) -> None:
    made = make_conversation()
    told = shown(fatima, made, "close", result="no_answer_needed")
    assert (told["status"], told["result"], told["closed_at"]) == ("closed", "no_answer_needed", "2026-11-23T09:30:00Z")
    told = shown(fatima, made, "reopen")
    assert (told["status"], told["result"], told["closed_at"]) == ("open", "", None)
    assert told["clock"] == {
        "answer": "first",
        "started_at": "2026-11-23T09:00:00Z",
        "warn_at": "2026-11-23T10:36:00Z",
        "due_at": "2026-11-23T11:00:00Z",
        "colour": "green",
    }


def test_snooze_and_wake(fatima: APIClient, make_conversation: Make, standing_clock: StandingClock) -> None:
    made = make_conversation()
    told = shown(fatima, made, "snooze", until="2026-11-24T09:00:00+01:00")
    assert (told["status"], told["snoozed_until"]) == ("snoozed", "2026-11-24T08:00:00Z")
    assert shown(fatima, made, "wake")["status"] == "open"


def test_wait_and_resume(fatima: APIClient, make_conversation: Make) -> None:
    made = make_conversation()
    assert shown(fatima, made, "wait")["status"] == "waiting"
    assert shown(fatima, made, "resume")["status"] == "open"


def test_read_counts_for_the_reader_alone(api: Api, viewer: User, agent: User, make_conversation: Make) -> None:
    made = make_conversation(inbound_count=3)
    assert shown(api(viewer), made, "read")["unread"] == 0
    assert api(agent).get(f"/api/v1/conversations/{made.pk}/").json()["unread"] == 3
    assert verbs_of(made) == []


# Each verb with the same call of the action: (path, body, call). ``w`` is the world below.
VERBS: dict[str, tuple[Callable[["World"], dict[str, Any]], Callable[["World", User], object]]] = {
    "claim": (lambda w: {}, lambda w, by: claim.claim(w.pk, by=by)),
    "take-over": (
        lambda w: {"expected_assignee": w.expected},
        lambda w, by: claim.take_over(w.pk, by=by, expected_assignee_id=w.expected),
    ),
    "release": (lambda w: {}, lambda w, by: claim.release(w.pk, by=by)),
    "assign": (lambda w: {"to": w.to.pk}, lambda w, by: assign.assign(w.pk, by=by, to=w.to)),
    "route": (
        lambda w: {"department": w.department.slug},
        lambda w, by: route.route(w.pk, by=by, department=w.department),
    ),
    "note": (lambda w: {"text": w.text}, lambda w, by: note.add(w.pk, by=by, text=w.text)),
    "close": (lambda w: {"result": "answered"}, lambda w, by: close.close(w.pk, by=by, result="answered")),
    "reopen": (lambda w: {}, lambda w, by: close.reopen(w.pk, by=by)),
    "snooze": (
        lambda w: {"until": w.until.isoformat()},
        lambda w, by: snooze.snooze(w.pk, by=by, until=w.until),
    ),
    "wake": (lambda w: {}, lambda w, by: snooze.wake(w.pk, by=by)),
    "wait": (lambda w: {}, lambda w, by: wait.wait(w.pk, by=by)),
    "resume": (lambda w: {}, lambda w, by: wait.resume(w.pk, by=by)),
    "read": (lambda w: {}, lambda w, by: read.mark_read(w.pk, by=by)),
}


class World:
    """What the verbs are called with."""

    def __init__(self, conversation: Conversation, to: User, department: Department) -> None:
        self.pk, self.to, self.department = conversation.pk, to, department
        self.expected: int | None = None
        self.text, self.until = "Let op", LATER


def outcome(deed: Callable[[], object]) -> tuple[int, str, str, dict[str, object]]:
    """What the action says, as the API has to tell it; rolled back."""
    try:
        with transaction.atomic():
            deed()
            transaction.set_rollback(True)
    except Refused as refusal:
        status = 403 if refusal.code == "not_allowed" else 409
        return status, refusal.code, str(refusal), refusal.data
    except NotVisible:
        return 404, "not_found", "", {}
    return 200, "", "", {}


def told(response: Any) -> tuple[int, str, str, dict[str, object]]:
    if response.status_code < 300:
        return 200, "", "", {}
    body = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert (body["type"], body["status"]) == ("about:blank", response.status_code)
    detail = "" if response.status_code == 404 else body["detail"]
    return response.status_code, body["code"], detail, body.get("data", {})


@pytest.mark.parametrize("state", ["open", "theirs", "waiting", "snoozed", "closed"])
@pytest.mark.parametrize("who", ["agent", "lead", "expert", "viewer", "admin", "outsider"])
@pytest.mark.parametrize("verb", VERBS)
def test_verb_says_what_the_action_says(
    verb: str,
    who: str,
    state: str,
    api: Api,
    request: pytest.FixtureRequest,
    colleague: User,
    burgerzaken: Department,
    make_conversation: Make,
    standing_clock: StandingClock,
) -> None:
    fields: dict[str, Any] = {
        "open": {},
        "theirs": {"assignee": colleague},
        "waiting": {"status": "waiting"},
        "snoozed": {"status": "snoozed", "snoozed_until": LATER},
        "closed": {"status": "closed", "result": "spam", "closed_at": MONDAY_10},
    }[state]
    made, by = make_conversation(**fields), request.getfixturevalue(who)
    world = World(made, colleague, burgerzaken)
    body, deed = VERBS[verb]
    expected = outcome(lambda: deed(world, by))
    assert told(post(api(by), made, verb, **body(world))) == expected
    if who == "outsider":
        assert expected[0] == 404
    if who == "viewer" and verb != "read":
        assert expected[0] in (403, 409)


@pytest.mark.parametrize(
    ("verb", "change"),
    [
        ("note", {"text": "   "}),
        ("note", {"text": "x" * 10_001}),
        ("snooze", {"until": MONDAY_10}),
        ("take-over", {"expected": 10**9}),
    ],
)
def test_refusal_of_what_is_given_is_the_actions(
    verb: str,
    change: dict[str, Any],
    fatima: APIClient,
    agent: User,
    colleague: User,
    burgerzaken: Department,
    make_conversation: Make,
    standing_clock: StandingClock,
) -> None:
    made = make_conversation(assignee=colleague)
    world = World(made, colleague, burgerzaken)
    world.__dict__.update(change)
    body, deed = VERBS[verb]
    expected = outcome(lambda: deed(world, agent))
    assert expected[0] == 409
    assert told(post(fatima, made, verb, **body(world))) == expected


def test_refusal_leaves_nothing_behind(
    api: Api, viewer: User, make_conversation: Make, burgerzaken: Department, standing_clock: StandingClock
) -> None:
    made = make_conversation()
    before = Conversation.objects.filter(pk=made.pk).values().get()
    client = api(viewer)
    for verb, body in {"claim": {}, "route": {"department": "burgerzaken", "note": "x"}, "note": {"text": "x"}}.items():
        assert post(client, made, verb, **body).status_code == 403
    assert Conversation.objects.filter(pk=made.pk).values().get() == before
    assert (Note.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_claimed_by_other_tells_who(fatima: APIClient, colleague: User, make_conversation: Make) -> None:
    body = post(fatima, make_conversation(assignee=colleague), "claim").json()
    assert body == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": str(claim.claimed_by_other(Conversation(assignee=colleague))),
        "code": "claimed_by_other",
        "data": {"assignee": colleague.pk},
    }


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("take-over", {}, "expected_assignee"),
        ("take-over", {"expected_assignee": "joris"}, "expected_assignee"),
        ("assign", {}, "to"),
        ("assign", {"to": 10**30}, "to"),
        ("assign", {"to": "joris"}, "to"),
        ("route", {}, "department"),
        ("route", {"department": "nergens"}, "department"),
        ("route", {"department": "a\u0000b"}, "department"),
        ("route", {"department": ["webcare"]}, "department"),
        ("note", {}, "text"),
        ("note", {"text": "a\u0000b"}, "text"),
        ("close", {}, "result"),
        ("close", {"result": "opgelost"}, "result"),
        ("snooze", {}, "until"),
        ("snooze", {"until": "morgen"}, "until"),
        ("snooze", {"until": "0001-01-01T00:00:00+14:00"}, "until"),
        ("snooze", {"until": "9999-12-31T23:59:59-14:00"}, "until"),
    ],
)
def test_body_that_is_not_right_names_the_field(
    verb: str, body: dict[str, Any], field: str, fatima: APIClient, make_conversation: Make
) -> None:
    response = post(fatima, make_conversation(), verb, **body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["errors"]) == [field]


def test_assign_to_a_colleague_who_left_is_400(fatima: APIClient, colleague: User, make_conversation: Make) -> None:
    User.objects.filter(pk=colleague.pk).update(is_active=False)
    response = post(fatima, make_conversation(), "assign", to=colleague.pk)
    assert (response.status_code, list(response.json()["errors"])) == (400, ["to"])


def test_next_gives_the_first_then_nothing_then_refuses(api: Api, agent: User, make_conversation: Make) -> None:
    later, first = make_conversation(rank_at=LATER), make_conversation()
    fatima = api(agent)
    assert [fatima.post("/api/v1/next/").json()["id"] for _ in range(2)] == [first.pk, later.pk]
    assert fatima.post("/api/v1/next/").status_code == 204
    User.objects.filter(pk=agent.pk).update(most_open=2)
    full = fatima.post("/api/v1/next/")
    assert (full.status_code, full.json()["code"], full.json()["data"]) == (409, "cap_reached", {"held": 2, "most": 2})


def test_next_is_not_for_who_reads_along(api: Api, viewer: User, make_conversation: Make) -> None:
    make_conversation()
    assert api(viewer).post("/api/v1/next/").status_code == 403


def test_assign_beyond_the_cap(api: Api, lead: User, colleague: User, make_conversation: Make) -> None:
    User.objects.filter(pk=colleague.pk).update(most_open=0)
    made = make_conversation()
    refused = post(api(lead), made, "assign", to=colleague.pk)
    assert (refused.status_code, refused.json()["code"]) == (409, "at_cap")
    assert shown(api(lead), made, "assign", to=colleague.pk, anyway=True)["assignee"]["id"] == colleague.pk
