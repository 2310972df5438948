"""Routing with a word, sending back, proposals and advice by the API: the page's rules, with its codes."""

import pytest

from inbox.actions import route
from inbox.models import AdviceRequest, Message, Topic

pytestmark = pytest.mark.usefixtures("standing_clock")


@pytest.fixture
def mine(agent, make_conversation):
    return make_conversation(assignee=agent)


def test_routes_and_tells(api, agent, burgerzaken, mine):
    body = {"department": "burgerzaken", "note": "Voor jullie", "tell": {"text": "Het antwoord komt hier."}}
    assert api(agent).post(f"/api/v1/conversations/{mine.pk}/route/", body).status_code == 204
    assert Message.objects.get(direction="out").kind == "routed"


def test_a_word_that_may_not_go_is_a_problem(api, agent, colleague, burgerzaken, make_conversation):
    theirs = make_conversation(assignee=colleague)
    body = {"department": "burgerzaken", "tell": {"text": "Het antwoord komt hier."}}
    answer = api(agent).post(f"/api/v1/conversations/{theirs.pk}/route/", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "claimed_by_other")


def test_sent_back(api, agent, lead, expert, burgerzaken, mine):
    answer = api(agent).post(f"/api/v1/conversations/{mine.pk}/bounce/", {"reason": "Niet van ons"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_routed")
    route.route(mine.pk, by=agent, department=burgerzaken)
    assert api(expert).post(f"/api/v1/conversations/{mine.pk}/bounce/", {"reason": "Niet van ons"}).status_code == 204


def test_proposals(api, agent, viewer, burgerzaken, make_conversation):
    Topic.objects.create(name="Paspoort", department=burgerzaken)
    conversation = make_conversation(text="Waar haal ik mijn paspoort?")
    path = f"/api/v1/conversations/{conversation.pk}/route-suggestions/"
    found = api(agent).get(path).json()
    assert [(each["department"]["slug"], each["ground"], each["word"]) for each in found] == [
        ("burgerzaken", "named", "paspoort")
    ]
    assert api(viewer).get(path).status_code == 403


def test_advice(api, agent, expert, outsider, mine):
    asks = f"/api/v1/conversations/{mine.pk}/ask-advice/"
    body = {"question": "Mag dit?", "expert": expert.pk, "within_minutes": 120}
    assert api(agent).post(asks, body | {"department": "webcare"}).status_code == 400
    made = api(agent).post(asks, body)
    assert made.status_code == 201
    request = f"/api/v1/advice/{made.json()['id']}/"
    assert [each["id"] for each in api(expert).get("/api/v1/advice/").json()["results"]] == [made.json()["id"]]
    assert api(outsider).get(request).status_code == 404
    assert api(outsider).post(f"{request}answer/", {"text": "Ja"}).status_code == 404
    assert api(expert).post(f"{request}answer/", {"text": "Ja"}).json()["state"] == "answered"
    assert api(agent).get(request).json()["answer"] == "Ja"
    refused = api(agent).post(f"{request}withdraw/")
    assert (refused.status_code, refused.json()["code"]) == (409, "answered")
    listed = api(agent).get(f"/api/v1/conversations/{mine.pk}/advice/").json()["results"]
    assert [each["answered_by"]["name"] for each in listed] == ["Bram Visser"]
    assert AdviceRequest.objects.count() == 1
