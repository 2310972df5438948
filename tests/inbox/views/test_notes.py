"""Notes on the page: whom they name, what they said before, and the button to follow."""

import re
from typing import Any

import pytest
from django.test import Client

from inbox.actions import note
from inbox.models import Conversation, Follow, Note

HTMX = {"HX-Request": "true", "HX-Target": "conversation"}


@pytest.fixture(autouse=True)
def standing(standing_clock: Any) -> None:
    """Monday 10:30."""


def pane(client: Client, conversation: Conversation) -> str:
    response = client.get(f"/conversations/{conversation.pk}/pane/", headers=HTMX)
    assert response.status_code == 200
    return response.content.decode()


def of_note(html: str, made: Note) -> str:
    part = html[html.index(f'id="note-{made.pk}"') :].partition("</article>")[0]
    return " ".join(re.sub(r"<textarea.*?</textarea>", "", part, flags=re.DOTALL).split())


def test_author_is_told_who_does_not_see_it(client, agent, expert, make_conversation):
    conversation = make_conversation()
    client.force_login(agent)
    client.post(f"/conversations/{conversation.pk}/note/", {"text": "Weet @bram dit?"})
    shown = of_note(pane(client, conversation), Note.objects.get())
    assert '<span class="mention untold">@Bram Visser</span>' in shown
    assert "Niet op de hoogte: Bram Visser. Die ziet dit gesprek niet." in shown


def test_changed_and_taken_back_with_what_stood_there_for_who_works_here(
    client, agent, colleague, viewer, make_conversation
):
    conversation = make_conversation()
    made = note.add(conversation.pk, by=agent, text="Eerste tekst")
    client.force_login(agent)
    response = client.post(f"/notes/{made.pk}/edit/", {"text": "Tweede tekst"}, headers=HTMX)
    assert "Tweede tekst" in of_note(response.content.decode(), made)
    assert "Eerste tekst" in of_note(response.content.decode(), made)
    assert client.post(f"/notes/{made.pk}/withdraw/").headers["Location"] == f"/conversations/{conversation.pk}/"
    seen = {}
    for user in (agent, colleague, viewer):
        client.force_login(user)
        seen[user] = of_note(pane(client, conversation), made)
        assert "Ingetrokken" in seen[user]
        assert "note-save" not in seen[user]
    assert ["Tweede tekst" in seen[user] for user in (agent, colleague, viewer)] == [True, True, False]


def test_only_the_author_gets_the_form_and_may_use_it(client, agent, colleague, outsider, make_conversation):
    conversation = make_conversation()
    made = note.add(conversation.pk, by=agent, text="Van Fatima")
    client.force_login(colleague)
    assert "note-save" not in of_note(pane(client, conversation), made)
    answer = client.post(f"/notes/{made.pk}/edit/", {"text": "Van Joris"}, headers=HTMX).content.decode()
    assert "Alleen wie een notitie schreef, kan die wijzigen of intrekken." in answer
    client.force_login(outsider)
    assert client.post(f"/notes/{made.pk}/edit/", {"text": "x"}).status_code == 404
    made.refresh_from_db()
    assert made.text == "Van Fatima"


def test_offers_those_who_see_it_first_and_say_who_does_not(client, agent, colleague, expert, lead, make_conversation):
    client.force_login(agent)
    url = f"/conversations/{make_conversation().pk}/mentions/"
    found = client.get(url, {"q": "b"}).json()["offers"]
    assert [(each["name"], each["words"], each["department"], each["sees"]) for each in found] == [
        ("ingrid", "Ingrid de Boer", False, True),
        ("burgerzaken", "Burgerzaken", True, True),
        ("webcare", "Webcare", True, True),
        ("bram", "Bram Visser", False, False),
    ]
    assert [each["name"] for each in client.get(url, {"q": "jor"}).json()["offers"]] == ["joris"]
    assert client.get(url, {"q": "niemand"}).json() == {"offers": []}


def test_offers_are_for_who_works_on_it(client, viewer, outsider, make_conversation):
    conversation = make_conversation()
    for user in (viewer, outsider):
        client.force_login(user)
        assert client.get(f"/conversations/{conversation.pk}/mentions/").status_code == 404


def test_follow_and_no_more_also_for_who_only_reads(client, viewer, make_conversation):
    conversation = make_conversation()
    client.force_login(viewer)
    assert 'aria-pressed="false"' in pane(client, conversation)
    client.post(f"/conversations/{conversation.pk}/follow/")
    assert Follow.objects.get().user == viewer
    html = pane(client, conversation)
    assert 'aria-pressed="true"' in html
    assert 'name="stop"' in html
    client.post(f"/conversations/{conversation.pk}/follow/", {"stop": "1"})
    assert Follow.objects.count() == 0
