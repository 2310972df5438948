"""Alike questions, group answers and pinned answers by the API."""

from uuid import uuid4

import pytest

from inbox import group_answers
from inbox.models import GroupAnswer, PinnedAnswer, Topic
from tests.inbox.actions.test_group_answer import seen

pytestmark = pytest.mark.django_db
QUESTION = "Wanneer is de stroomstoring in de Molenstraat voorbij?"


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


def test_found_begun_told_stopped_and_tried_again(fatima, make_conversation, burgerzaken):
    storm = [make_conversation(text=QUESTION) for _ in range(2)]
    make_conversation(text=QUESTION, department=burgerzaken)
    found = fatima.get(f"/api/v1/conversations/{storm[0].pk}/alike/").json()["results"]
    assert sorted(row["conversation"] for row in found) == [each.pk for each in storm]
    assert {(row["score"], row["sure"], row["text"]) for row in found} == {(1.0, True, QUESTION)}
    chosen = [{key: row[key] for key in ("conversation", "seen_message")} for row in found]
    body = {"text": "Om 14:00 uur.", "conversations": chosen}
    assert fatima.post("/api/v1/group-answers/", body).status_code == 400
    made = fatima.post("/api/v1/group-answers/", body, headers={"Idempotency-Key": "storm"})
    again = fatima.post("/api/v1/group-answers/", body, headers={"Idempotency-Key": "storm"})
    assert (made.status_code, again.status_code, made.json()["id"]) == (201, 200, again.json()["id"])
    address = f"/api/v1/group-answers/{made.json()['id']}/"
    group_answers.work()
    told = fatima.get(address).json()
    assert [(item["state"], item["delivery"]) for item in told["items"]] == [("queued", "queued")] * 2
    stopped = fatima.post(f"{address}stop/").json()
    assert [(item["state"], item["code"]) for item in stopped["items"]] == [("skipped", "taken_back")] * 2
    retried = fatima.post(f"{address}retry/", {"conversations": chosen[:1]}).json()
    assert sorted(item["state"] for item in retried["items"]) == ["pending", "skipped"]


def test_refusals_and_others(fatima, make_conversation, colleague, agent, burgerzaken):
    made = make_conversation()
    chosen = [{"conversation": pk, "seen_message": newest} for pk, newest in seen(made).items()]
    body = {"text": "Zaak {zaaknummer}", "conversations": chosen}
    answer = fatima.post("/api/v1/group-answers/", body, headers={"Idempotency-Key": "a"})
    assert (answer.status_code, answer.json()["code"]) == (409, "unfilled")
    theirs = make_conversation(department=burgerzaken)
    assert fatima.get(f"/api/v1/conversations/{theirs.pk}/alike/").status_code == 404
    group = GroupAnswer.objects.create(by=colleague, text="x", submission=uuid4(), at=made.opened_at)
    for path in ("stop/", "retry/"):
        body = {"conversations": chosen}
        assert fatima.post(f"/api/v1/group-answers/{group.pk}/{path}", body).status_code == 404
    assert fatima.get(f"/api/v1/group-answers/{group.pk}/").status_code == 404


def test_pinned_answers(fatima, agent):
    topic = Topic.objects.create(name="Storm")
    body = {"topic": topic.pk, "text": "Blijf binnen.", "until": "2026-11-23T14:00:00+01:00"}
    made = fatima.post("/api/v1/pinned-answers/", body).json()
    assert made == {
        "id": PinnedAnswer.objects.get().pk,
        "topic": {"id": topic.pk, "name": "Storm"},
        "department": None,
        "account": None,
        "text": "Blijf binnen.",
        "until": "2026-11-23T13:00:00Z",
        "by": {"id": agent.pk, "name": "Fatima Amrani", "initials": "FA"},
        "version": 1,
    }
    assert fatima.get("/api/v1/pinned-answers/").json()["results"] == [made]
    answer = fatima.post("/api/v1/pinned-answers/", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_elsewhere")
    assert fatima.post(f"/api/v1/pinned-answers/{made['id']}/withdraw/", {"version": 1}).json()["version"] == 2
    assert fatima.get("/api/v1/pinned-answers/").json()["results"] == []
