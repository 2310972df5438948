"""By the API: templates, going on in private, and what is done to a message at the platform."""

from datetime import timedelta

import pytest

from inbox.models import Conversation, Message, MessageTemplate, PlatformDeed
from tests.conftest import MONDAY_10


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


@pytest.fixture
def hello(accounts) -> MessageTemplate:
    return MessageTemplate.objects.create(
        account=accounts["whatsapp"], external_id="HX1", name="hallo", status="approved", body="Dag {{1}}."
    )


def test_templates_of_an_account_with_their_variables(fatima, accounts, hello):
    rows = fatima.get(f"/api/v1/accounts/{accounts['whatsapp'].pk}/templates/").json()["results"]
    assert [(row["id"], row["status"], row["variables"]) for row in rows] == [(hello.pk, "approved", ["1"])]
    assert fatima.get("/api/v1/accounts/0/templates/").status_code == 404


def test_template_is_sent_once_a_key(fatima, agent, make_conversation, hello):
    conversation = make_conversation(assignee=agent, at=MONDAY_10 - timedelta(days=3))
    told = [
        fatima.post(
            f"/api/v1/conversations/{conversation.pk}/template/",
            {"template": hello.pk, "variables": {"1": "Aïsha"}},
            headers={"Idempotency-Key": "een"},
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in told] == [201, 200]
    assert (told[0].json()["text"], told[0].json()["template_id"]) == ("Dag Aïsha.", "HX1")
    assert Message.objects.filter(direction="out").count() == 1


def test_template_without_a_variable_is_refused(fatima, agent, make_conversation, hello):
    conversation = make_conversation(assignee=agent)
    answer = fatima.post(
        f"/api/v1/conversations/{conversation.pk}/template/",
        {"template": hello.pk},
        headers={"Idempotency-Key": "een"},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "variables_missing")


def test_private_reply_once_a_key(fatima, agent, make_conversation):
    public = make_conversation("facebook", assignee=agent)
    told = [
        fatima.post(
            f"/api/v1/conversations/{public.pk}/reply-privately/",
            {"text": "Mag ik uw adres?", "public_text": ""},
            headers={"Idempotency-Key": "een"},
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in told] == [201, 200]
    private = Conversation.objects.get(public=False)
    assert told[1].json()["conversation"] == private.pk
    assert fatima.get(f"/api/v1/conversations/{public.pk}/").json()["continued_in"] == private.pk


def test_message_is_hidden_at_the_platform(fatima, agent, make_conversation):
    asked = make_conversation("facebook", assignee=agent).messages.get()
    answer = fatima.post(f"/api/v1/messages/{asked.pk}/at-platform/", {"what": "hide"})
    assert (answer.status_code, answer.json()["progress"]) == (202, "waiting")
    assert PlatformDeed.objects.get().by == agent
    private = make_conversation().messages.get()
    refused = fatima.post(f"/api/v1/messages/{private.pk}/at-platform/", {"what": "hide"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_offered")
