"""Onderwerpen onder Inrichten: kept with an audit entry, and listed in one go."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.models import AuditEntry, Department, StandardReply, Topic, User
from tests.conftest import MONDAY_10
from tests.inbox.views.test_lists import browser
from tests.inbox.views.test_setup_rules import main

pytestmark = pytest.mark.django_db


@pytest.fixture
def bea(admin: User) -> Client:
    return browser(admin)


@pytest.mark.parametrize("who", ["agent", "lead", "viewer", "outsider"])
def test_topics_are_for_administrators(who: str, request: pytest.FixtureRequest) -> None:
    client = browser(request.getfixturevalue(who))
    assert [client.get(f"/setup/topics/{page}").status_code for page in ("", "new/")] == [403, 403]


def test_topic_is_added_and_changed_with_audit(bea: Client, admin: User, burgerzaken: Department) -> None:
    given = {
        "name": "Afval",
        "department": burgerzaken.pk,
        "keywords": "grofvuil; oud papier,Grofvuil",
        "examples": "Wanneer komt de kraakwagen?",
        "retention": "3_years",
        "active": "on",
    }
    assert bea.post("/setup/topics/new/", given).url == "/setup/topics/"
    topic = Topic.objects.get()
    assert (topic.keywords, topic.retention, topic.get_retention_display(), topic.active) == (
        ["Grofvuil", "oud papier"],
        "3_years",
        "3 jaar",
        True,
    )
    bea.post(f"/setup/topics/{topic.pk}/", given)
    bea.post(f"/setup/topics/{topic.pk}/", {**given, "active": "", "retention": ""})
    entries = [(entry.verb, entry.actor, entry.data) for entry in AuditEntry.objects.order_by("pk")]
    assert entries == [
        (
            "topic_added",
            admin,
            {"topic": topic.pk, "fields": ["name", "department", "keywords", "examples", "retention"]},
        ),
        ("topic_changed", admin, {"topic": topic.pk, "fields": ["retention", "active"]}),
    ]


def test_name_is_used_once_and_words_must_say_something(bea: Client) -> None:
    Topic.objects.create(name="Afval")
    text = main(bea.post("/setup/topics/new/", {"name": "Afval", "keywords": "het"}))
    assert ("bestaat al" in text, "Naar ‘het’ kan Webcare niet zoeken" in text) == (True, True)
    assert Topic.objects.count() == 1


def test_page_shows_the_replies_that_go_with_it(bea: Client) -> None:
    topic = Topic.objects.create(name="Afval", keywords=["grofvuil"])
    reply = StandardReply.objects.create(name="Grofvuil aanmelden", text="x", topic=topic, changed_at=MONDAY_10)
    assert f'<a href="/standard-replies/{reply.pk}/">Grofvuil aanmelden</a>' in main(
        bea.get(f"/setup/topics/{topic.pk}/")
    )
    assert "grofvuil" in main(bea.get("/setup/topics/"))


def test_list_costs_the_same_with_many(bea: Client, burgerzaken: Department) -> None:
    spent = []
    for round_ in range(2):
        for number in range(1 + 19 * round_):
            topic = Topic.objects.create(name=f"Onderwerp {round_} {number}", department=burgerzaken)
            StandardReply.objects.create(name=f"{round_} {number}", text="x", topic=topic, changed_at=MONDAY_10)
        with CaptureQueriesContext(connection) as queries:
            bea.get("/setup/topics/")
        spent.append(len(queries))
    assert spent[0] == spent[1]


def test_standard_reply_gets_a_topic_on_its_own_page(bea: Client) -> None:
    topic = Topic.objects.create(name="Afval")
    Topic.objects.create(name="Oud", active=False)
    text = main(bea.get("/standard-replies/new/"))
    assert (f'value="{topic.pk}">Afval' in text, ">Oud<" in text) == (True, False)
    bea.post("/standard-replies/new/", {"name": "Grofvuil", "text": "Bel 14 0140", "topic": topic.pk, "active": "on"})
    assert StandardReply.objects.get().topic == topic
