"""Collega's: who is at work, how much each holds; and what a team lead changes there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox import workload
from inbox.models import AuditEntry, Conversation, Department, Role, User
from tests.conftest import MONDAY_10, make_user
from tests.inbox.conftest import StandingClock
from tests.inbox.views.test_lists import browser

type Make = Callable[..., Conversation]


def queries(client: Client) -> int:
    client.get("/team/")
    with CaptureQueriesContext(connection) as found:
        assert client.get("/team/").status_code == 200
    return len(found)


def clock(hours: float) -> dict[str, object]:
    at = MONDAY_10 + timedelta(hours=hours)
    return {"clock_kind": "first", "clock_started_at": MONDAY_10, "warn_at": at, "due_at": at, "rank_at": at}


def test_load_counts_what_waits_for_us_apart(agent: User, colleague: User, make_conversation: Make) -> None:
    moment = MONDAY_10 + timedelta(hours=1)
    for hours in (0.5, 3, 4, 30):
        make_conversation(assignee=agent, **clock(hours))
    make_conversation(assignee=agent)
    make_conversation(assignee=agent, status="waiting")
    make_conversation(assignee=agent, status="closed", result="spam", closed_at=MONDAY_10)
    held = workload.loads([agent.pk, colleague.pk], moment)
    assert held == {agent.pk: workload.Load(open=5, today=2, late=1, waiting=1)}
    assert workload.open_of(agent) == 5


def test_shows_who_shares_a_department_and_works(
    agent: User, colleague: User, lead: User, viewer: User, expert: User, outsider: User
) -> None:
    text = browser(agent).get("/team/").content.decode()
    shown = [user.username for user in User.objects.order_by("pk") if f'data-testid="person-{user.username}"' in text]
    assert shown == ["fatima", "joris", "ingrid"]
    assert text.count('data-availability="available"') == 1  # who looks logged in
    assert "cap-joris" not in text


def test_number_of_queries_does_not_grow(agent: User, webcare: Department, make_conversation: Make) -> None:
    client = browser(agent)
    before = queries(client)
    for number in range(6):
        make_conversation(assignee=make_user(f"a{number}", "Agent", str(number), Role.AGENT, webcare))
    assert queries(client) == before


class TestLead:
    def test_sets_a_cap_and_it_is_written_down(self, lead: User, colleague: User) -> None:
        client = browser(lead)
        for value, kept in (("4", 4), ("", None), ("-1", None), ("veel", None)):
            assert client.post(f"/team/{colleague.pk}/cap/", {"most_open": value}).status_code == 302
            colleague.refresh_from_db()
            assert colleague.most_open == kept
        told = [entry.data for entry in AuditEntry.objects.filter(verb="cap").order_by("pk")]
        of = colleague.pk
        assert told == [{"of": of, "was": None, "to": 4}, {"of": of, "was": 4, "to": None}]

    def test_brings_a_colleague_back(self, lead: User, colleague: User) -> None:
        User.objects.filter(pk=colleague.pk).update(availability="off")
        browser(lead).post("/availability/", {"of": colleague.pk, "availability": "available"})
        colleague.refresh_from_db()
        assert colleague.availability == "available"

    @pytest.mark.parametrize("who", ["agent", "outsider"])
    def test_others_change_nothing_of_a_colleague(
        self, who: str, request: pytest.FixtureRequest, colleague: User
    ) -> None:
        client = browser(request.getfixturevalue(who))
        answers = [
            client.post(f"/team/{colleague.pk}/cap/", {"most_open": "4"}),
            client.post("/availability/", {"of": colleague.pk, "availability": "away"}),
            client.get(f"/team/{colleague.pk}/shift/"),
            client.post(f"/team/{colleague.pk}/shift/", {"rule": "department"}),
        ]
        assert [answer.status_code for answer in answers] == [404] * 4
        colleague.refresh_from_db()
        assert (colleague.most_open, colleague.availability) == (None, "")


def test_own_status_from_the_menu(agent: User, standing_clock: StandingClock) -> None:
    client = browser(agent)
    headers = {"HX-Request": "true", "HX-Target": "availability"}
    text = client.post("/availability/", {"availability": "away"}, headers=headers).content.decode()
    assert text.count('aria-pressed="true"') == 1
    assert text.count('hx-swap-oob="true"') == 1
    agent.refresh_from_db()
    assert (agent.availability, agent.availability_at) == ("away", standing_clock())
    assert client.post("/availability/", {"availability": "off"}).status_code == 404
