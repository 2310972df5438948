"""Sensitive conversations by the API: the page's rules, with its codes; and no way to close without a result."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from inbox.actions import many
from inbox.models import Approval, Conversation, Message
from tests.inbox.views.test_lists import browser

pytestmark = pytest.mark.usefixtures("standing_clock")


@pytest.fixture
def mine(agent, lead, make_conversation):
    return make_conversation(assignee=agent)


def mark(client, pk, **body):
    return client.post(f"/api/v1/conversations/{pk}/mark-sensitive/", body)


def test_marked_answered_approved_by_another(api, agent, lead, mine):
    answer = mark(api(agent), mine.pk, sensitive=True, ground="politics")
    assert (answer.status_code, answer.json()["sensitive_ground"]) == (200, "politics")
    body = {"text": "Morgen.", "submission": str(uuid4())}
    told = api(agent).post(f"/api/v1/conversations/{mine.pk}/reply/", body).json()
    assert [message["delivery"] for message in told["messages"]] == ["approval"]
    (waits,) = api(lead).get("/api/v1/approvals/").json()["results"]
    assert (waits["text"], waits["state"], waits["author"]["name"]) == ("Morgen.", "pending", "Fatima Amrani")
    assert api(agent).get("/api/v1/approvals/").json()["results"] == []
    address = f"/api/v1/approvals/{waits['id']}"
    assert api(agent).post(f"{address}/approve/", {}).json()["code"] == "not_approver"
    done = api(lead).post(f"{address}/approve/", {"text": "Morgen vroeg."}).json()
    assert (done["state"], done["changed_text"]) == ("approved", "Morgen vroeg.")
    assert Message.objects.get(direction="out").state == "queued"
    assert api(lead).post(f"{address}/refuse/", {"reason": "Nee"}).json()["code"] == "decided"


def test_refused_with_a_reason_and_taken_back(api, agent, lead, mine):
    mark(api(agent), mine.pk, sensitive=True, ground="press")
    for number, (who, what, body) in enumerate(((lead, "refuse", {"reason": "Nog niet."}), (agent, "withdraw", {}))):
        given = {"text": f"Antwoord {number}", "submission": str(uuid4())}
        api(agent).post(f"/api/v1/conversations/{mine.pk}/reply/", given)
        waits = Approval.objects.latest("pk")
        assert api(who).post(f"/api/v1/approvals/{waits.pk}/{what}/", body).status_code == 200
    assert set(Approval.objects.values_list("state", flat=True)) == {"refused", "withdrawn"}
    assert set(Message.objects.filter(direction="out").values_list("state", flat=True)) == {"withdrawn"}


def test_problems_tell_why(api, agent, viewer, outsider, mine):
    assert mark(api(agent), mine.pk, sensitive=True).json()["code"] == "no_ground"
    assert mark(api(viewer), mine.pk, sensitive=True, ground="press").status_code == 403
    assert mark(api(outsider), mine.pk, sensitive=True, ground="press").status_code == 404
    mark(api(agent), mine.pk, sensitive=True, ground="press")
    assert mark(api(agent), mine.pk, sensitive=False).status_code == 403


class TestClosing:
    """Nobody closes without a result: not on the page, by the API, many at once, nor past all of them."""

    def test_page(self, agent, mine):
        for form in ({}, {"result": ""}, {"result": "klaar"}):
            browser(agent).post(f"/conversations/{mine.pk}/close/", form)
        assert Conversation.objects.get().status == "open"

    def test_api(self, api, agent, mine):
        for body in ({}, {"result": ""}, {"result": "klaar"}):
            assert api(agent).post(f"/api/v1/conversations/{mine.pk}/close/", body).status_code == 400
        assert Conversation.objects.get().status == "open"

    def test_many_at_once(self, agent, mine):
        browser(agent).post("/inbox/bulk/", {"verb": "close", "id": mine.pk, "submission": str(uuid4())})
        assert Conversation.objects.get().status == "open"
        change = many.do("close", [mine.pk], by=agent, submission=uuid4(), choice="")
        assert [(item.done, bool(item.reason)) for item in change.items.all()] == [(False, True)]

    def test_database(self, mine):
        with pytest.raises(IntegrityError), transaction.atomic():
            Conversation.objects.update(status="closed", closed_at=mine.opened_at)
        with pytest.raises(IntegrityError), transaction.atomic():
            Conversation.objects.update(result="answered")
