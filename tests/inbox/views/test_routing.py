"""The panel in which a colleague routes: proposals and the word to the citizen, with and without scripts."""

import re
from uuid import uuid4

import pytest
from django.test import Client

from inbox.actions import route as routing
from inbox.models import Conversation, Department, Message, Role, Topic, User
from tests.conftest import make_user
from tests.inbox.conftest import StandingClock
from tests.inbox.views.test_acts import act, box, notice, plain

TEXT = "Uw vraag ligt bij {afdeling}. Het antwoord komt hier."
FILLED = "Uw vraag ligt bij Burgerzaken. Het antwoord komt hier."


@pytest.fixture(autouse=True)
def standing(standing_clock: StandingClock) -> StandingClock:
    return standing_clock


@pytest.fixture
def logged_in(client: Client, agent: User) -> Client:
    client.force_login(agent)
    return client


@pytest.fixture
def mine(agent: User, burgerzaken: Department, make_conversation) -> Conversation:
    Department.objects.filter(pk=burgerzaken.pk).update(routed_text=TEXT)
    return make_conversation(kind="facebook", assignee=agent, text="Waar vraag ik een paspoort aan?")


def panel(client: Client, conversation: Conversation, target: str = "", **query: object):
    headers = {"HX-Request": "true", "HX-Target": target} if target else {}
    return client.get(f"/conversations/{conversation.pk}/routing/", query, headers=headers)


def test_a_proposal_with_its_reason(logged_in, mine, burgerzaken):
    assert "proposal-" not in panel(logged_in, mine, "proposals").content.decode()
    Topic.objects.create(name="Paspoort", department=burgerzaken)
    html = panel(logged_in, mine, "proposals").content.decode()
    assert 'data-testid="proposal-burgerzaken"' in html
    assert "‘paspoort’ hoort bij het onderwerp Paspoort van Burgerzaken" in html


def test_the_word_of_the_chosen_department_stands_ready(logged_in, mine, burgerzaken):
    response = panel(logged_in, mine, "route-word", department=burgerzaken.pk)
    assert box(response, "route-text") == FILLED
    assert re.search(r'name="tell" value="1" checked', response.content.decode())
    assert panel(logged_in, mine, "route-word", department="").content == b""


def test_without_a_text_nothing_is_ticked(logged_in, mine, burgerzaken):
    Department.objects.update(routed_text="")
    html = panel(logged_in, mine, "route-word", department=burgerzaken.pk).content.decode()
    assert 'name="tell" value="1" data' in html


def test_what_cannot_be_said_is_told(logged_in, mine, burgerzaken, colleague):
    Conversation.objects.update(assignee=colleague)
    html = panel(logged_in, mine, "route-word", department=burgerzaken.pk).content.decode()
    assert 'data-testid="route-untold"' in html
    assert 'name="tell"' not in html


def test_a_page_of_its_own_without_scripts(logged_in, mine, burgerzaken):
    first = panel(logged_in, mine).content.decode()
    assert first.lstrip().startswith("<!doctype html>")
    assert f'<option value="{burgerzaken.pk}">Burgerzaken</option>' in first
    assert 'data-testid="route-text"' not in first
    assert box(panel(logged_in, mine, department=burgerzaken.pk), "route-text") == FILLED
    seen = mine.messages.get().pk
    form = {"department": burgerzaken.pk, "tell": "1", "word": FILLED, "submission": uuid4(), "seen": seen}
    assert plain(logged_in, mine, "route", **form)["Location"] == "/"
    assert Message.objects.get(kind="routed").text == FILLED


def test_only_for_who_works_here(client, viewer, outsider, mine):
    for user in (viewer, outsider):
        client.force_login(user)
        assert panel(client, mine).status_code == 404


def test_routed_and_told(logged_in, mine, burgerzaken):
    form = {"department": burgerzaken.pk, "note": "Voor jullie", "tell": "1", "word": FILLED, "submission": uuid4()}
    response = act(logged_in, mine, "route", **form)
    assert "Doorgezet naar Burgerzaken. De inwoner krijgt bericht." in response.content.decode()
    message = Message.objects.get(direction="out")
    assert (message.kind, message.text, message.public) == ("routed", FILLED, True)


def test_not_ticked_nothing_is_said(logged_in, mine, burgerzaken):
    act(logged_in, mine, "route", department=burgerzaken.pk, word=FILLED)
    assert not Message.objects.filter(direction="out").exists()


def test_refused_all_of_it_is_kept(logged_in, mine, burgerzaken):
    form = {"department": burgerzaken.pk, "note": "Voor jullie", "tell": "1", "word": "Bel 06 12345678"}
    response = act(logged_in, mine, "route", **form, submission=uuid4())
    assert notice(response)[0] == "personal_data"
    assert (box(response, "route-note"), box(response, "route-text")) == ("Voor jullie", "Bel 06 12345678")
    html = response.content.decode()
    assert 'id="deed-route" open' in html
    assert "<mark>06 12345678</mark>" in html
    assert 'data-testid="personal-data"' not in html  # that is of an answer
    confirm = re.search(r'name="confirm_personal_data" value="(\w+)"', html)
    assert confirm is not None
    act(logged_in, mine, "route", **form, submission=uuid4(), confirm_personal_data=confirm[1])
    assert Message.objects.get(direction="out").text == "Bel 06 12345678"


class TestBounce:
    @pytest.fixture
    def routed(self, agent, lead, burgerzaken, mine) -> Conversation:
        routing.route(mine.pk, by=agent, department=burgerzaken)
        return mine

    def test_offered_where_it_was_routed_to(self, client, expert, lead, routed, make_conversation):
        client.force_login(expert)
        html = client.get(f"/conversations/{routed.pk}/pane/", headers={"HX-Request": "true"}).content.decode()
        assert 'data-testid="act-bounce"' in html
        assert "Terugzetten naar Webcare" in html
        client.force_login(lead)
        other = make_conversation()
        html = client.get(f"/conversations/{other.pk}/pane/", headers={"HX-Request": "true"}).content.decode()
        assert 'data-testid="act-bounce"' not in html

    def test_back_with_the_reason(self, client, expert, webcare, routed):
        client.force_login(expert)
        response = act(client, routed, "bounce", text=" ")
        assert notice(response)[0] == "no_reason"
        assert 'id="deed-bounce" open' in response.content.decode()
        assert "Teruggezet." in act(client, routed, "bounce", text="Niet van ons").content.decode()
        routed.refresh_from_db()
        assert routed.department == webcare

    def test_in_the_story(self, client, lead, agent, webcare, burgerzaken, routed):
        make_user("leo", "Leo", "Bloem", Role.LEAD, webcare)
        client.force_login(lead)
        act(client, routed, "bounce", text="Niet van ons")
        routing.route(routed.pk, by=agent, department=burgerzaken)
        html = act(client, routed, "bounce", text="Echt niet").content.decode()
        assert "Ingrid de Boer zette dit terug naar Webcare · " in html
        assert "Ingrid de Boer zette dit terug naar Webcare (keer 2); de teamleider weet het" in html


def test_a_department_may_not_hold_what_nobody_fills_in(client, admin, burgerzaken):
    client.force_login(admin)
    page = f"/beheer/inbox/department/{burgerzaken.pk}/change/"
    response = client.post(page, {"name": "Burgerzaken", "routed_text": "Nummer {zaaknummer}"})
    assert "Deze variabele bestaat niet: zaaknummer" in response.content.decode()
    assert client.post(page, {"name": "Burgerzaken", "routed_text": TEXT}).status_code == 302
    burgerzaken.refresh_from_db()
    assert burgerzaken.routed_text == TEXT
