"""The team lead's board: what is whose, given to somebody by form, in a constant number of queries."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels.clock import now
from inbox.models import Conversation, Department, Role, User
from inbox.views import board
from tests.conftest import make_user
from tests.inbox.conftest import StandingClock
from tests.inbox.views.test_lists import browser, due

type Make = Callable[..., Conversation]

HTMX = {"HX-Request": "true", "HX-Target": "board"}


def queries(client: Client) -> int:
    client.get("/board/")
    with CaptureQueriesContext(connection) as found:
        assert client.get("/board/").status_code == 200
    return len(found)


def piles(text: str) -> dict[str, list[int]]:
    """By colleague the cards of their column, in order."""
    parts = text.split('data-testid="pile-')[1:]
    return {
        part.split('"')[0]: [int(card.split('"')[0]) for card in part.split('data-testid="card-')[1:]] for part in parts
    }


def shown(client: Client, query: str = "") -> dict[str, list[int]]:
    return piles(client.get(f"/board/{query}").content.decode())


@pytest.mark.parametrize("who", ["agent", "expert", "viewer", "outsider"])
def test_only_for_team_leads_and_administrators(who: str, request: pytest.FixtureRequest) -> None:
    client = browser(request.getfixturevalue(who))
    assert client.get("/board/").status_code == 403
    assert client.post("/board/assign/", {"id": "1", "to": "nobody"}).status_code == 403


def test_cards_stand_with_who_has_them_first_due_first(
    lead: User, agent: User, colleague: User, expert: User, make_conversation: Make, burgerzaken: Department
) -> None:
    moment = now()
    later = make_conversation(assignee=agent, **due(moment + timedelta(hours=2)))
    soon = make_conversation(assignee=agent, **due(moment + timedelta(hours=1)))
    free = make_conversation(**due(moment + timedelta(hours=1)))
    theirs = make_conversation(department=burgerzaken, assignee=expert)
    make_conversation(assignee=agent, status="waiting")
    make_conversation(status="closed", closed_at=moment, result="spam")
    assert shown(browser(lead)) == {
        "nobody": [free.pk], "bram": [theirs.pk], "fatima": [soon.pk, later.pk], "ingrid": [], "joris": [],
    }  # fmt: skip
    assert shown(browser(lead), "?department=burgerzaken") == {"nobody": [], "bram": [theirs.pk], "ingrid": []}


def test_departments_are_counted_up_to_the_cap(
    lead: User, agent: User, make_conversation: Make, monkeypatch: pytest.MonkeyPatch, standing_clock: StandingClock
) -> None:
    moment = standing_clock()
    make_conversation(assignee=agent, **due(moment - timedelta(minutes=1)))
    make_conversation(**due(moment + timedelta(hours=1)))
    make_conversation(**due(moment + timedelta(days=2)))
    webcare = lead.departments.get(slug="webcare")
    (line,) = board._lines((webcare,))
    assert (line.open, line.today, line.late, line.unclaimed) == ("3", "1", "1", "2")
    monkeypatch.setattr(board, "CAP", 1)
    monkeypatch.setattr("inbox.views.listing.CAP", 1)
    assert board._lines((webcare,))[0].open == "1+"


def test_number_of_queries_does_not_grow(lead: User, webcare: Department, make_conversation: Make) -> None:
    client = browser(lead)
    make_conversation(assignee=lead, **due(now()))
    make_conversation(**due(now()))
    before = queries(client)
    for number in range(12):
        agent = make_user(f"a{number}", "Agent", str(number), Role.AGENT, webcare)
        for _ in range(3):
            make_conversation(assignee=agent, **due(now()))
            make_conversation(**due(now()))
    assert (queries(client), before) == (before, 12)


class TestMore:
    def test_column_goes_on_where_it_stopped(self, lead: User, agent: User, make_conversation: Make) -> None:
        moment = now()
        made = [make_conversation(assignee=agent, **due(moment + timedelta(minutes=n))).pk for n in range(8)]
        free = [make_conversation(**due(moment + timedelta(minutes=n))).pk for n in range(7)]
        client = browser(lead)
        text = client.get("/board/").content.decode()
        assert (piles(text)["fatima"], piles(text)["nobody"]) == (made[:6], free[:6])
        for key, rest in ((f"person-{agent.pk}", made[6:]), ("nobody", free[6:])):
            address = text.split(f'href="/board/?column={key}&amp;after=')[1].split('"')[0]
            address = f"/board/?column={key}&after={address.replace('&amp;', '&')}"
            fragment = client.get(address, headers={"HX-Request": "true", "HX-Target": f"more-{key}"}).content.decode()
            cards = [int(part.split('"')[0]) for part in fragment.split('data-testid="card-')[1:]]
            assert (key, cards) == (key, rest)
            name = "nobody" if key == "nobody" else "fatima"
            assert shown(client, address.removeprefix("/board/"))[name] == rest


class TestAssigning:
    def post(self, client: Client, **form: Any) -> str:
        return client.post("/board/assign/", form, headers=HTMX).content.decode()

    def test_what_is_ticked_goes_to_the_colleague(self, lead: User, agent: User, make_conversation: Make) -> None:
        one, other = make_conversation(), make_conversation()
        text = self.post(browser(lead), id=[one.pk, other.pk], to=agent.pk)
        assert piles(text)["fatima"] == [one.pk, other.pk]
        assert set(Conversation.objects.values_list("assignee", flat=True)) == {agent.pk}

    def test_without_scripts_back_to_the_board(self, lead: User, agent: User, make_conversation: Make) -> None:
        made = make_conversation()
        answer = browser(lead).post("/board/assign/", {"id": made.pk, "to": agent.pk})
        assert (answer.status_code, answer["Location"]) == (302, "/board/")

    def test_from_who_is_not_there_to_somebody_else_or_back(
        self, lead: User, agent: User, colleague: User, make_conversation: Make
    ) -> None:
        User.objects.filter(pk=agent.pk).update(availability="off")
        one, other = make_conversation(assignee=agent), make_conversation(assignee=agent)
        client = browser(lead)
        assert f'href="/team/{agent.pk}/shift/"' in client.get("/board/").content.decode()
        self.post(client, id=one.pk, to=colleague.pk)
        self.post(client, id=other.pk, to="nobody")
        assert list(Conversation.objects.order_by("pk").values_list("assignee", flat=True)) == [colleague.pk, None]

    def test_cap_is_respected_unless_the_lead_says_anyway(
        self, lead: User, agent: User, make_conversation: Make
    ) -> None:
        User.objects.filter(pk=agent.pk).update(most_open=0)
        made = make_conversation()
        client = browser(lead)
        text = self.post(client, id=made.pk, to=agent.pk)
        assert 'data-testid="board-anyway"' in text
        assert f'id="tick-{made.pk}" checked' in text
        assert Conversation.objects.get().assignee is None
        self.post(client, id=made.pk, to=agent.pk, anyway="on")
        assert Conversation.objects.get().assignee == agent

    def test_others_conversations_and_strange_forms_change_nothing(
        self, admin: User, agent: User, expert: User, burgerzaken: Department, make_conversation: Make
    ) -> None:
        there, here = make_conversation(department=burgerzaken), make_conversation()
        client = browser(admin)
        for form in ({"id": there.pk, "to": agent.pk}, {"id": here.pk, "to": expert.pk}, {"id": here.pk}, {"to": "x"}):
            self.post(client, **form)
        assert set(Conversation.objects.values_list("assignee", flat=True)) == {None}

    def test_ticked_cards_stay_ticked_when_the_board_is_drawn_anew(self, lead: User, make_conversation: Make) -> None:
        made = make_conversation()
        text = browser(lead).get(f"/board/?id={made.pk}", headers=HTMX).content.decode()
        assert f'id="tick-{made.pk}" checked' in text
