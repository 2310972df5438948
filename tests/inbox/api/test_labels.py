"""Topics and how citizens sound, by the API."""

import pytest

from inbox.models import Conversation, SavedView, Topic
from tests.conftest import MONDAY_10

pytestmark = pytest.mark.django_db


def test_topic_and_sentiment_are_set_shown_and_filtered_by(fatima, make_conversation):
    made, other = make_conversation(), make_conversation()
    topic = Topic.objects.create(name="Afval")
    told = fatima.post(f"/api/v1/conversations/{made.pk}/set-topic/", {"topic": topic.pk}).json()
    assert told["topic"] == {"id": topic.pk, "name": "Afval"}
    assert (
        fatima.post(f"/api/v1/conversations/{made.pk}/set-sentiment/", {"sentiment": "negative"}).json()["sentiment"]
        == "negative"
    )
    for query in (f"topic={topic.pk}", "sentiment=negative"):
        found = fatima.get(f"/api/v1/conversations/?{query}").json()["results"]
        assert [row["id"] for row in found] == [made.pk]
    assert fatima.post(f"/api/v1/conversations/{made.pk}/set-topic/", {"topic": None}).json()["topic"] is None
    assert Conversation.objects.get(pk=other.pk).version == 1


def test_priority_is_set_and_shown(fatima, make_conversation):
    made = make_conversation()
    address = f"/api/v1/conversations/{made.pk}/set-priority/"
    assert fatima.post(address, {"priority": 2}).json()["priority"] == 2
    assert [fatima.post(address, {"priority": wrong}).status_code for wrong in (3, -1, "veel", None)] == [400] * 4
    assert Conversation.objects.get().priority == 2


def test_kind_of_contact_is_set_shown_and_filtered_by(fatima, make_conversation):
    made, _other = make_conversation(priority=2), make_conversation()
    told = fatima.post(f"/api/v1/conversations/{made.pk}/set-contact-kind/", {"contact_kind": "complaint"}).json()
    assert (told["contact_kind"], told["priority"]) == ("complaint", 2)
    found = fatima.get("/api/v1/conversations/?contact_kind=complaint").json()["results"]
    assert [row["id"] for row in found] == [made.pk]
    assert fatima.post(f"/api/v1/conversations/{made.pk}/set-contact-kind/", {"contact_kind": "x"}).status_code == 400


def test_topic_not_in_use_is_refused(fatima, make_conversation):
    topic = Topic.objects.create(name="Carnaval", active=False)
    answer = fatima.post(f"/api/v1/conversations/{make_conversation().pk}/set-topic/", {"topic": topic.pk})
    assert (answer.status_code, answer.json()["code"]) == (409, "topic_not_in_use")


def test_topics_and_saved_views_are_listed(fatima, agent, colleague, webcare):
    topic = Topic.objects.create(name="Afval", department=webcare)
    assert fatima.get("/api/v1/topics/").json()["results"] == [
        {
            "id": topic.pk,
            "name": "Afval",
            "department": {"id": webcare.pk, "slug": "webcare", "name": "Webcare"},
            "active": True,
        }
    ]
    common = {"view": "todo", "created_at": MONDAY_10}
    mine = SavedView.objects.create(name="Afval", owner=agent, filters={"topic": str(topic.pk)}, **common)
    SavedView.objects.create(name="Van Joris", owner=colleague, **common)
    SavedView.objects.create(name="Weg", owner=agent, deleted_at=MONDAY_10, **common)
    shared = SavedView.objects.create(name="Samen", owner=colleague, department=webcare, sort="newest", **common)
    assert [row["id"] for row in fatima.get("/api/v1/views/").json()["results"]] == [mine.pk, shared.pk]
    assert fatima.get("/api/v1/views/").json()["results"][0] == {
        "id": mine.pk,
        "name": "Afval",
        "shared_with": None,
        "view": "todo",
        "sort": "",
        "filters": {"topic": str(topic.pk)},
    }
