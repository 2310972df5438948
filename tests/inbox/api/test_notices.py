"""Notices, following and notes after they were written, by the API."""

import pytest

from inbox.actions import note
from inbox.actions.notify import notify
from inbox.models import Follow, Notice, NoticeKind

pytestmark = pytest.mark.django_db


def test_ones_own_are_listed_newest_first_and_marked_seen(fatima, agent, colleague, make_conversation, standing_clock):
    conversations = [make_conversation(), make_conversation()]
    for each in conversations:
        notify([agent], NoticeKind.ASSIGNED, each, by=colleague)
        standing_clock.forward(minutes=1)
    notify([colleague], NoticeKind.ASSIGNED, conversations[0], by=agent)
    rows = fatima.get("/api/v1/notices/").json()["results"]
    assert [row["conversation"] for row in rows] == [each.pk for each in conversations[::-1]]
    assert rows[0] == {
        "id": rows[0]["id"],
        "kind": "assigned",
        "sentence": "Joris Smit wees een gesprek aan je toe",
        "conversation": conversations[1].pk,
        "by": {"id": colleague.pk, "name": "Joris Smit", "initials": "JS"},
        "at": "2026-11-23T09:31:00Z",
        "seen_at": None,
    }
    assert fatima.post("/api/v1/notices/seen/", {"notices": [rows[0]["id"]]}).json() == {"seen": 1}
    assert len(fatima.get("/api/v1/notices/?unseen=true").json()["results"]) == 1
    assert fatima.post("/api/v1/notices/seen/", {}).json() == {"seen": 1}
    assert Notice.objects.filter(seen_at=None).get().user == colleague


def test_follow_and_unfollow(fatima, api, outsider, make_conversation):
    conversation = make_conversation()
    assert fatima.post(f"/api/v1/conversations/{conversation.pk}/follow/").status_code == 200
    assert Follow.objects.count() == 1
    assert fatima.post(f"/api/v1/conversations/{conversation.pk}/unfollow/").status_code == 200
    assert Follow.objects.count() == 0
    assert api(outsider).post(f"/api/v1/conversations/{conversation.pk}/follow/").status_code == 404


def test_note_is_changed_and_taken_back_by_its_author(fatima, api, agent, colleague, make_conversation):
    made = note.add(make_conversation().pk, by=agent, text="Eerst")
    changed = fatima.post(f"/api/v1/notes/{made.pk}/edit/", {"text": "Dan"}).json()
    assert (changed["text"], changed["withdrawn_at"]) == ("Dan", None)
    answer = api(colleague).post(f"/api/v1/notes/{made.pk}/withdraw/")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_yours")
    gone = fatima.post(f"/api/v1/notes/{made.pk}/withdraw/").json()
    assert gone["text"] == ""
    listed = fatima.get(f"/api/v1/conversations/{made.conversation_id}/notes/").json()["results"]
    assert [(row["id"], row["text"], row["withdrawn_at"]) for row in listed] == [(made.pk, "", gone["withdrawn_at"])]
