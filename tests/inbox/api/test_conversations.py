"""The list with its filters and its cursor, and one conversation: only what lies at the caller's departments."""

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from channels.models import Account
from inbox.actions import claim
from inbox.models import Conversation, Department, User
from tests.conftest import MONDAY_10
from tests.inbox.api.conftest import Api
from tests.inbox.conftest import StandingClock

pytestmark = pytest.mark.django_db

LIST = "/api/v1/conversations/"
Make = Callable[..., Conversation]


def ids(client: APIClient, query: str = "") -> list[int]:
    response = client.get(f"{LIST}?{query}")
    assert response.status_code == 200, response.json()
    return [row["id"] for row in response.json()["results"]]


def walk(client: APIClient, query: str) -> list[int]:
    found, address = [], f"{LIST}?{query}"
    while address:
        body = client.get(address).json()
        found += [row["id"] for row in body["results"]]
        address = body["next"]
    return found


def test_conversation_tells_what_the_page_shows(
    fatima: APIClient, agent: User, make_conversation: Make, standing_clock: StandingClock
) -> None:
    at = MONDAY_10
    made = make_conversation(
        assignee=agent,
        clock_kind="first",
        clock_started_at=at,
        warn_at=at + timedelta(minutes=96),
        due_at=at + timedelta(hours=2),
    )
    assert fatima.get(f"{LIST}{made.pk}/").json() == {
        "id": made.pk,
        "version": 1,
        "account": {
            "id": made.account_id,
            "platform": "whatsapp",
            "handle": made.account.handle,
            "name": made.account.name,
        },
        "contact": {"id": made.identity.contact_id, "name": "Aïsha Benali 1"},
        "identity": {"id": made.identity_id, "platform": "whatsapp", "name": "Aïsha Benali 1", "handle": "aisha1"},
        "public": False,
        "subject": "Wanneer wordt het restafval opgehaald?",
        "context": {},
        "department": {"id": made.department_id, "slug": "webcare", "name": "Webcare"},
        "assignee": {"id": agent.pk, "name": "Fatima Amrani", "initials": "FA"},
        "status": "open",
        "result": "",
        "snoozed_until": None,
        "opened_at": "2026-11-23T09:00:00Z",
        "closed_at": None,
        "sensitive": False,
        "sensitive_ground": "",
        "nobodys": False,
        "answerable": True,
        "last_message_at": "2026-11-23T09:00:00Z",
        "last_message_text": "Wanneer wordt het restafval opgehaald?",
        "last_message_out": False,
        "last_inbound_at": "2026-11-23T09:00:00Z",
        "first_answered_at": None,
        "inbound_count": 1,
        "unread": 1,
        "has_attachment": False,
        "failed_count": 0,
        "topic": None,
        "sentiment": "",
        "contact_kind": "",
        "priority": 0,
        "continued_in": None,
        "clock": {
            "answer": "first",
            "started_at": "2026-11-23T09:00:00Z",
            "warn_at": "2026-11-23T10:36:00Z",
            "due_at": "2026-11-23T11:00:00Z",
            "colour": "green",
        },
    }


@pytest.mark.parametrize(("minutes", "colour"), [(95, "green"), (96, "orange"), (119, "orange"), (120, "red")])
def test_clock_has_the_colour_of_the_page(
    minutes: int, colour: str, fatima: APIClient, make_conversation: Make, standing_clock: StandingClock
) -> None:
    standing_clock.moment = MONDAY_10 + timedelta(minutes=minutes)
    make_conversation(
        clock_kind="next",
        clock_started_at=MONDAY_10,
        warn_at=MONDAY_10 + timedelta(minutes=96),
        due_at=MONDAY_10 + timedelta(hours=2),
    )
    assert fatima.get(LIST).json()["results"][0]["clock"]["colour"] == colour


def test_conversation_without_a_clock_has_null(fatima: APIClient, make_conversation: Make) -> None:
    made = make_conversation()
    assert fatima.get(f"{LIST}{made.pk}/").json()["clock"] is None


def test_list_tells_the_same_as_one(fatima: APIClient, make_conversation: Make) -> None:
    made = make_conversation(context={"text": "Kerst", "from_us": True})
    assert fatima.get(LIST).json() == {"next": None, "results": [fatima.get(f"{LIST}{made.pk}/").json()]}


def test_outsider_sees_nothing(api: Api, outsider: User, make_conversation: Make) -> None:
    made = make_conversation()
    client = api(outsider)
    assert client.get(LIST).json() == {"next": None, "results": []}
    assert client.get(f"{LIST}{made.pk}/").json()["code"] == "not_found"
    assert ids(client, "department=webcare") == []
    assert ids(client, f"account={made.account_id}") == []


def test_colleague_without_departments_sees_nothing(api: Api, outsider: User, make_conversation: Make) -> None:
    make_conversation()
    outsider.departments.clear()
    assert ids(api(outsider)) == []


def test_viewer_reads(api: Api, viewer: User, make_conversation: Make) -> None:
    made = make_conversation()
    client = api(viewer)
    assert ids(client) == [made.pk]
    assert client.get(f"{LIST}{made.pk}/").status_code == 200


def test_number_beyond_the_database_is_404(fatima: APIClient) -> None:
    assert fatima.get(f"{LIST}{10**30}/").status_code == 404
    assert ids(fatima, f"account={10**30}") == []


@pytest.fixture
def mixed(
    agent: User, colleague: User, lead: User, make_conversation: Make, burgerzaken: Department
) -> dict[str, Conversation]:
    """One of every kind; Ingrid sees them all."""
    at = MONDAY_10
    due = {"clock_kind": "first", "clock_started_at": at, "warn_at": at}
    return {
        "late": make_conversation(**due, due_at=at + timedelta(minutes=10), rank_at=at + timedelta(minutes=10)),
        "soon": make_conversation("x", **due, due_at=at + timedelta(hours=3), rank_at=at + timedelta(hours=3)),
        "fatimas": make_conversation(assignee=agent),
        "waiting": make_conversation(assignee=colleague, status="waiting"),
        "later": make_conversation(status="snoozed", snoozed_until=at + timedelta(days=1)),
        "closed": make_conversation(status="closed", result="answered", closed_at=at),
        "elsewhere": make_conversation("facebook", department=burgerzaken, rank_at=at + timedelta(minutes=1)),
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "elsewhere closed later waiting fatimas soon late"),
        ("view=todo", "elsewhere late fatimas soon"),
        ("view=unclaimed", "elsewhere late soon"),
        ("view=late", "late"),
        ("view=mine", ""),
        ("view=waiting", "waiting"),
        ("view=later", "later"),
        ("view=closed", "closed"),
        ("department=burgerzaken", "elsewhere"),
        ("department=webcare&view=todo", "late fatimas soon"),
        ("department=nergens", ""),
        ("assignee=none&status=open", "elsewhere soon late"),
        ("assignee=me", ""),
        ("status=waiting", "waiting"),
        ("public=true", "elsewhere soon"),
        ("public=false&view=todo", "late fatimas"),
    ],
)
def test_filters_and_views_of_the_lead(
    query: str, names: str, api: Api, lead: User, mixed: dict[str, Conversation], standing_clock: StandingClock
) -> None:
    assert ids(api(lead), query) == [mixed[name].pk for name in names.split()]


def test_filter_on_account_and_assignee(
    api: Api, lead: User, agent: User, mixed: dict[str, Conversation], accounts: dict[str, Account]
) -> None:
    client = api(lead)
    assert ids(client, f"account={accounts['x'].pk}") == [mixed["soon"].pk]
    assert ids(client, f"assignee={agent.pk}") == [mixed["fatimas"].pk]
    assert ids(api(agent), "view=mine") == [mixed["fatimas"].pk]
    assert ids(api(agent), "assignee=me") == [mixed["fatimas"].pk]


def test_updated_since_finds_messages_and_changes(
    fatima: APIClient, agent: User, make_conversation: Make, standing_clock: StandingClock
) -> None:
    old, claimed, fresh = make_conversation(), make_conversation(), make_conversation(at=MONDAY_10 + timedelta(hours=1))
    claim.claim(claimed.pk, by=agent)
    since = quote((MONDAY_10 + timedelta(minutes=30)).astimezone(UTC).isoformat())
    assert ids(fatima, f"updated_since={since}") == [fresh.pk, claimed.pk]
    standing_clock.forward(minutes=1)
    assert ids(fatima, f"updated_since={quote(standing_clock().isoformat())}") == [fresh.pk]
    assert ids(fatima, "updated_since=2026-11-23T10:00:00%2B01:00") == [fresh.pk, claimed.pk, old.pk]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("view=alles", "view"),
        ("status=nieuw", "status"),
        ("account=x", "account"),
        ("assignee=fatima", "assignee"),
        ("assignee=", "assignee"),
        ("public=misschien", "public"),
        ("updated_since=gisteren", "updated_since"),
        ("department=%00", "department"),
        ("asignee=me", "asignee"),
        ("page=2", "page"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("cursor=", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=20261123T090000000000-1", "cursor"),
        ("cursor=99999999999999999999", "cursor"),
        ("view=todo&cursor=12", "cursor"),
        ("view=todo&cursor=20269999T090000000000-1", "cursor"),
    ],
)
def test_filter_that_is_not_right_is_named(query: str, field: str, fatima: APIClient, make_conversation: Make) -> None:
    response = fatima.get(f"{LIST}?{query}")
    body = response.json()
    assert (response.status_code, body["code"], list(body["errors"])) == (400, "invalid", [field])


@pytest.mark.parametrize("view", ["", "&view=todo", "&view=unclaimed", "&view=late"])
@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_pages_hold_each_conversation_once_also_when_moments_are_equal(
    limit: int,
    view: str,
    api: Api,
    lead: User,
    make_conversation: Make,
    burgerzaken: Department,
    standing_clock: StandingClock,
) -> None:
    due = MONDAY_10 - timedelta(days=1)
    made = [
        make_conversation(
            **({"department": burgerzaken} if number % 3 == 0 else {}),
            clock_kind="first",
            clock_started_at=due,
            warn_at=due,
            due_at=due + timedelta(minutes=number // 4),
            rank_at=due + timedelta(minutes=number // 4),
        ).pk
        for number in range(8)
    ]
    assert walk(api(lead), f"limit={limit}{view}") == (made if view else made[::-1])


def test_page_goes_on_where_it_was_when_the_list_changes(fatima: APIClient, make_conversation: Make) -> None:
    made = [make_conversation() for _ in range(4)]
    first = fatima.get(f"{LIST}?limit=2").json()
    make_conversation()
    second = fatima.get(first["next"]).json()
    assert [row["id"] for row in second["results"]] == [made[1].pk, made[0].pk]
    assert second["next"] is None


def queries(client: APIClient, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize("who", ["agent", "lead"])
def test_list_of_30_takes_as_many_queries_as_a_list_of_1(
    who: str, api: Api, request: pytest.FixtureRequest, make_conversation: Make, burgerzaken: Department
) -> None:
    user: User = request.getfixturevalue(who)
    client = api(user)
    make_conversation(assignee=user)
    client.get(LIST)  # the first use of a token is written down
    one = queries(client, LIST)
    for number in range(29):
        make_conversation(**({"department": burgerzaken} if who == "lead" and number % 2 else {"assignee": user}))
    expected = {"agent": 3, "lead": 4}[who]  # token, departments, the page (with several departments: ids, then rows)
    assert (one, queries(client, LIST)) == (expected, expected)


def test_one_conversation_takes_two_queries(fatima: APIClient, make_conversation: Make) -> None:
    made = make_conversation()
    fatima.get(LIST)
    assert queries(fatima, f"{LIST}{made.pk}/") == 2


def test_secrets_are_not_even_read(fatima: APIClient, make_conversation: Make) -> None:
    made = make_conversation()
    with CaptureQueriesContext(connection) as captured:
        fatima.get(LIST)
        fatima.get(f"{LIST}{made.pk}/")
    assert [query["sql"] for query in captured if "secrets" in query["sql"]] == []


def test_answer_is_kept_by_no_cache(fatima: APIClient, db: Any) -> None:
    assert fatima.get(LIST)["Cache-Control"] == "private, no-store"
