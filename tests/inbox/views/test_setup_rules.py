"""Regels onder Inrichten: the list in order, one rule as sentences, and what it would have done."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels.models import Account
from inbox import dry_run
from inbox.models import AuditEntry, Conversation, Department, Message, RoutingRule, Topic, User
from tests.conftest import MONDAY_10
from tests.inbox.views.test_lists import browser

pytestmark = pytest.mark.django_db

type Make = Callable[..., Conversation]


def make(name: str = "Grofvuil", **fields: Any) -> RoutingRule:
    values: dict[str, Any] = {
        "name": name,
        "position": RoutingRule.objects.count() + 1,
        "conditions": {"any_of": ["grofvuil"]},
        "contact_kind": "report",
        "changed_at": MONDAY_10,
    } | fields
    return RoutingRule.objects.create(**values)


def main(response: Any) -> str:
    text = response.content.decode()
    return " ".join(text[text.index("<main") : text.index("</main>")].split())


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return len(found)


@pytest.fixture
def bea(admin: User) -> Client:
    return browser(admin)


PAGES = ["", "new/", "{pk}/", "{pk}/move/", "{pk}/switch/", "{pk}/remove/"]


@pytest.mark.parametrize("who", ["agent", "lead", "viewer", "outsider"])
def test_rules_are_for_administrators(who: str, request: pytest.FixtureRequest) -> None:
    client, pk = browser(request.getfixturevalue(who)), make().pk
    paths = [f"/setup/rules/{page.format(pk=pk)}" for page in PAGES]
    answers = [client.get(path).status_code for path in paths[:3]]
    assert answers + [client.post(path).status_code for path in paths[3:]] == [403] * 6
    assert RoutingRule.objects.count() == 1


def test_list_says_each_rule_as_a_sentence(bea: Client, burgerzaken: Department, accounts: dict[str, Account]) -> None:
    topic = Topic.objects.create(name="Afval")
    conditions = {
        "any_of": ["grofvuil", "bankstel"],
        "none_of": ["gratis"],
        "topics": [topic.pk],
        "accounts": [accounts["x"].pk],
        "senders": ["henk"],
        "languages": ["nl"],
        "weekdays": [5, 6],
        "public": True,
        "open": False,
        "begins": "22:00",
        "ends": "06:00",
    }
    make(conditions=conditions, department=burgerzaken, topic=topic, stop=True, notify_leads=True)
    make("Altijd", conditions={}, active=True, hits=3, hit_at=MONDAY_10)
    text = main(bea.get("/setup/rules/"))
    assert text.count("<li id=") == 2
    assert (
        "Als er ‘grofvuil’ of ‘bankstel’ in staat, ‘gratis’ er niet in staat, het over Afval gaat, "
        "het binnenkwam op Gemeente Waterkant (X), het van henk komt, het in het Nederlands is, "
        "het op zaterdag of zondag kwam, het openbaar is, het buiten openingstijd kwam "
        "en het tussen 22:00 en 06:00 kwam: "
        "doorzetten naar Burgerzaken, onderwerp Afval, soort contact: melding, de teamleiders inseinen, daarna stoppen."
    ) in text
    assert "Altijd: soort contact: melding." in text
    assert "3 keer voorgekomen, het laatst" in text


def test_list_costs_the_same_with_many(bea: Client, burgerzaken: Department, agent: User) -> None:
    topic = Topic.objects.create(name="Afval")
    make(conditions={"topics": [topic.pk]}, department=burgerzaken, notify=[agent.pk])
    before = queries(bea, "/setup/rules/")
    for number in range(20):
        make(f"Regel {number}", conditions={"topics": [topic.pk], "any_of": [f"woord{number}"]}, notify=[agent.pk])
    assert queries(bea, "/setup/rules/") == before


def test_new_rule_is_saved_off_and_leads_to_trying_it(bea: Client, admin: User, burgerzaken: Department) -> None:
    given = {"name": "Paspoort", "any_of": "paspoort, op reis\nrijbewijs", "department": burgerzaken.pk}
    answer = bea.post("/setup/rules/new/", given)
    rule = RoutingRule.objects.get()
    assert answer.url == f"/setup/rules/{rule.pk}/"
    assert (rule.name, rule.active, rule.department, rule.conditions, rule.priority) == (
        "Paspoort",
        False,
        burgerzaken,
        {"any_of": ["paspoort", "op reis", "rijbewijs"]},
        None,
    )
    entry = AuditEntry.objects.get(verb="rule_added")
    assert (entry.actor, entry.data) == (admin, {"rule": rule.pk, "name": "Paspoort"})


def test_all_conditions_come_back_as_they_were_typed(bea: Client, agent: User, accounts: dict[str, Account]) -> None:
    topic = Topic.objects.create(name="Afval")
    given = {
        "name": "Alles",
        "any_of": "grofvuil",
        "all_of": "losse tegel",
        "none_of": "gratis",
        "topics": [topic.pk],
        "accounts": [accounts["x"].pk, accounts["whatsapp"].pk],
        "reach": "private",
        "senders": "@PersMuskiet, 06-12345678",
        "languages": ["en"],
        "hours": "closed",
        "weekdays": ["5", "6"],
        "begins": "22:00",
        "ends": "06:00",
        "priority": "2",
        "notify": [agent.pk],
        "stop": "on",
    }
    bea.post("/setup/rules/new/", given)
    rule = RoutingRule.objects.get()
    assert rule.conditions == {
        "any_of": ["grofvuil"],
        "all_of": ["losse tegel"],
        "none_of": ["gratis"],
        "topics": [topic.pk],
        "accounts": sorted([accounts["x"].pk, accounts["whatsapp"].pk]),
        "public": False,
        "senders": ["persmuskiet", "+31612345678"],
        "languages": ["en"],
        "open": False,
        "weekdays": [5, 6],
        "begins": "22:00",
        "ends": "06:00",
    }
    assert (rule.priority, rule.notify, rule.stop) == (2, [agent.pk], True)
    text = main(bea.get(f"/setup/rules/{rule.pk}/"))
    assert text.count("checked") == 2 + 1 + 1 + 2 + 1 + 1
    bea.post(f"/setup/rules/{rule.pk}/", given | {"name": "Alles samen", "senders": "persmuskiet, +31612345678"})
    assert AuditEntry.objects.get(verb="rule_changed").data["fields"] == ["name"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "Niets", "any_of": "grofvuil"}, "Kies minstens één ding dat er gebeurt."),
        (
            {"name": "Kort", "any_of": "de, wc, paspoort, ID-kaart, A12", "stop": "on"},
            "Naar ‘de’, ‘wc’, ‘ID-kaart’ en ‘A12’ kan Webcare niet zoeken",
        ),
        ({"name": "Half", "begins": "09:00", "stop": "on"}, "Vul beide tijden in, of geen van beide."),
        ({"name": "Gelijk", "begins": "09:00", "ends": "09:00", "stop": "on"}, "Deze tijden zijn gelijk."),
        ({"name": "Lang", "any_of": "x" * 61, "stop": "on"}, "is te lang: hoogstens 60 tekens."),
        (
            {"name": "Veel", "any_of": ",".join(f"woord{'a' * n}" for n in range(101)), "stop": "on"},
            "Hoogstens 100 woorden",
        ),
        ({"name": "Grofvuil", "stop": "on"}, "bestaat al"),
        ({"name": "", "stop": "on"}, "Dit veld is vereist."),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_saved(bea: Client, given: dict[str, Any], told: str) -> None:
    make()
    text = main(bea.post("/setup/rules/new/", given))
    assert (told in text, RoutingRule.objects.count()) == (True, 1)
    assert text.count("errorlist") == 1


def test_who_does_not_see_the_department_cannot_get_it(
    bea: Client, burgerzaken: Department, agent: User, colleague: User
) -> None:
    given = {"name": "Fout", "department": burgerzaken.pk, "assignee": agent.pk, "notify": [colleague.pk]}
    text = main(bea.post("/setup/rules/new/", given))
    assert "Fatima Amrani werkt niet bij Burgerzaken." in text
    assert "Niet bij Burgerzaken, dus zij zien het gesprek niet: Joris Smit." in text
    assert RoutingRule.objects.count() == 0


def test_moved_and_switched_with_and_without_scripts(bea: Client) -> None:
    first, second = make("Een"), make("Twee")
    answer = bea.post(f"/setup/rules/{second.pk}/move/", {"to": "up"})
    assert answer.url == f"/setup/rules/#rule-{second.pk}"
    assert list(RoutingRule.objects.values_list("name", flat=True)) == ["Twee", "Een"]
    answer = bea.post(f"/setup/rules/{first.pk}/switch/", {"on": "1"}, headers={"HX-Request": "true"})
    text = " ".join(answer.content.decode().split())
    assert text.startswith('<p class="hidden" role="status">‘Een’ staat aan en geldt voor elk nieuw gesprek.</p>')
    assert RoutingRule.objects.get(pk=first.pk).active
    assert bea.post("/setup/rules/999/switch/", {"on": "1"}).status_code == 404


def test_removed_only_where_the_button_is(bea: Client) -> None:
    rule = make(active=True)
    assert "remove-rule" not in main(bea.get(f"/setup/rules/{rule.pk}/"))
    RoutingRule.objects.update(active=False)
    assert "remove-rule" in main(bea.get(f"/setup/rules/{rule.pk}/"))
    bea.post(f"/setup/rules/{rule.pk}/remove/")
    assert RoutingRule.objects.count() == 0


# -- trying it ----------------------------------------------------------------------------------------------------


def everything() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Conversation, Message, RoutingRule, AuditEntry)]


def test_dry_run_shows_what_would_happen_and_changes_nothing(
    bea: Client, make_conversation: Make, burgerzaken: Department
) -> None:
    make_conversation(text="Halen jullie het grofvuil op?")
    make_conversation(text="Waar is mijn paspoort?")
    there = make_conversation(text="Grofvuil in de Kerkstraat", department=burgerzaken)
    rule = make(department=burgerzaken)
    before = everything()
    text = main(bea.get(f"/setup/rules/{rule.pk}/?try=1"))
    assert everything() == before
    assert "Er is naar 3 gesprekken gekeken" in text
    assert "De regel geldt voor 2 daarvan." in text
    assert "1 daarvan ligt nu bij Burgerzaken." in text
    assert "Halen jullie het grofvuil op?" in text
    assert "doorzetten naar Burgerzaken, soort contact: melding, omdat er ‘grofvuil’ in staat" in text
    # Bea is not of Burgerzaken: what lies there is counted, not shown.
    assert "1 daarvan ligt bij een afdeling waar jij niet bij hoort." in text
    assert (there.subject in text, "paspoort" in text) == (False, False)


def test_dry_run_of_what_is_typed_saves_nothing(bea: Client, make_conversation: Make) -> None:
    make_conversation(text="Mijn container is niet geleegd")
    given = {"name": "Nieuw", "any_of": "container", "priority": "1", "try": "1"}
    text = main(bea.post("/setup/rules/new/", given))
    assert "De regel geldt voor 1 daarvan." in text
    assert 'value="Nieuw"' in text
    assert RoutingRule.objects.count() == 0
    rule = make()
    bea.post(f"/setup/rules/{rule.pk}/", given)
    rule.refresh_from_db()
    assert (rule.name, rule.conditions) == ("Grofvuil", {"any_of": ["grofvuil"]})


def test_dry_run_counts_with_the_rules_before_it(admin: User, make_conversation: Make, burgerzaken: Department) -> None:
    make_conversation(text="Het grofvuil staat er nog")
    make("Eerst", department=burgerzaken, active=True)
    second = make("Dan", department=burgerzaken)
    (match,) = dry_run.run(second, admin).shown
    assert match.deeds == ()
    RoutingRule.objects.filter(name="Eerst").update(stop=True)
    assert dry_run.run(second, admin).met == 0


def test_dry_run_looks_at_the_citizens_first_message(admin: User, make_conversation: Make) -> None:
    conversation = make_conversation(text="Hallo")
    Message.objects.create(
        conversation=conversation,
        account=conversation.account,
        external_id="later",
        direction="in",
        public=False,
        text="Het grofvuil",
        sent_at=MONDAY_10.replace(hour=12),
        state="received",
    )
    assert dry_run.run(make(), admin).met == 0


def test_dry_run_is_bounded_and_costs_the_same(
    admin: User, make_conversation: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run, "MOST", 4)
    monkeypatch.setattr(dry_run, "PAGE", 2)
    rule = make()
    for _ in range(4):
        make_conversation(text="grofvuil")
    with CaptureQueriesContext(connection) as few:
        assert dry_run.run(rule, admin).looked == 4
    for _ in range(6):
        make_conversation(text="grofvuil")
    with CaptureQueriesContext(connection) as many:
        assert dry_run.run(rule, admin).looked == 4
    assert len(few) == len(many)
