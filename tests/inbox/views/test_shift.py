"""The end of a shift on screen: what is held, the choice, what became of it, the way back."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.models import Conversation, Department, Handover, User
from tests.inbox.views.test_lists import browser

type Make = Callable[..., Conversation]


def send(client: Client, address: str = "/shift/", **form: object) -> str:
    answer = client.post(address, {"rule": "department", "submission": uuid4()} | form, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_preview_shows_what_is_held_and_what_stays(agent: User, make_conversation: Make) -> None:
    client = browser(agent)
    for _ in range(3):
        make_conversation(assignee=agent)
    make_conversation(assignee=agent, status="waiting")
    text = client.get("/shift/").content.decode()
    assert text.count("3 open gesprekken") == 1
    assert text.count("1 gesprek wacht op de inwoner of tot later.") == 1
    assert re.findall(r'value="(\w+)" checked', text) == ["department"]
    assert Handover.objects.count() == 0


def test_queries_of_the_preview_do_not_grow(agent: User, make_conversation: Make) -> None:
    client = browser(agent)
    counted = []
    for number in (1, 8):
        for _ in range(number):
            make_conversation(assignee=agent)
        with CaptureQueriesContext(connection) as found:
            client.get("/shift/")
        counted.append(len(found))
    assert counted[0] == counted[1]


def test_done_told_and_undone(agent: User, colleague: User, make_conversation: Make) -> None:
    client, joris = browser(agent), browser(colleague)
    mine = make_conversation(assignee=agent)
    text = send(client, rule="colleague", to=colleague.pk, note="Bel mevrouw <b>Jansen</b>\nom drie uur")
    made = Handover.objects.get()
    assert text.count("Fatima Amrani droeg 1 gesprek over aan Joris Smit.") == 1
    for page in (text, joris.get(f"/shift/{made.pk}/").content.decode()):
        assert page.count("Bel mevrouw &lt;b&gt;Jansen&lt;/b&gt;<br>om drie uur") == 1
        assert page.count(f'href="/conversations/{mine.pk}/"') == 1
    assert joris.get("/team/").content.decode().count(f'href="/shift/{made.pk}/"') == 1
    assert joris.post(f"/shift/{made.pk}/undo/").status_code == 404
    undone = client.post(f"/shift/{made.pk}/undo/", follow=True).content.decode()
    assert undone.count("Ongedaan gemaakt") == 1
    assert Conversation.objects.get(pk=mine.pk).assignee == agent


def test_what_cannot_be_keeps_the_note(agent: User, colleague: User, make_conversation: Make) -> None:
    client = browser(agent)
    make_conversation(assignee=agent)
    User.objects.filter(pk=colleague.pk).update(availability="off")
    text = send(client, rule="colleague", to=colleague.pk, note="Let op")
    assert text.count("Joris Smit is er niet.") == 1
    assert text.count(">Let op</textarea>") == 1
    assert send(client, rule="").count("Kies waar de gesprekken heen gaan.") == 1


def test_by_the_lead_for_an_absent_colleague(
    agent: User, lead: User, outsider: User, make_conversation: Make, burgerzaken: Department
) -> None:
    mine = make_conversation(assignee=agent)
    text = send(browser(lead), f"/team/{agent.pk}/shift/")
    assert text.count("gedaan door Ingrid de Boer") == 1
    assert Conversation.objects.get(pk=mine.pk).assignee is None
    assert browser(outsider).get(f"/shift/{Handover.objects.get().pk}/").status_code == 404


def test_who_only_reads_has_no_shift(viewer: User) -> None:
    assert browser(viewer).get("/shift/").status_code == 404
