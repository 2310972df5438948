"""Rules as the intake applies them: once, in the batch that makes the conversation, before clock and reply."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels.messages import MessageDeleted, Person
from channels.models import Account
from inbox import ingest
from inbox.actions import bounce
from inbox.actions.standard_reply import fitting
from inbox.models import (
    AnswerTarget,
    AuditEntry,
    AutoReply,
    Conversation,
    Department,
    Notice,
    Routing,
    RoutingRule,
    StandardReply,
    Topic,
    User,
)
from inbox.views.story import events
from tests.conftest import MONDAY_10
from tests.inbox.conftest import StandingClock
from tests.inbox.storing import at, echoed, person, put, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


def make(name: str = "Grofvuil", conditions: dict[str, Any] | None = None, **fields: Any) -> RoutingRule:
    """A rule that is on, by default for a message that says "grofvuil"."""
    values: dict[str, Any] = {
        "name": name,
        "position": RoutingRule.objects.count() + 1,
        "active": True,
        "conditions": {"any_of": ["grofvuil"]} if conditions is None else conditions,
        "changed_at": MONDAY_10,
    } | fields
    return RoutingRule.objects.create(**values)


def ask(account: Account, text: str = "Halen jullie het grofvuil op?", name: str = "m1", **fields: Any) -> Conversation:
    put(account, said(account, name, text, **fields))
    ingest.drain()
    return Conversation.objects.order_by("pk").last()  # type: ignore[return-value]


def sentences() -> list[str]:
    found = AuditEntry.objects.filter(verb="rule").order_by("pk")
    return [event.words for event in events(found, MONDAY_10)]


def test_rule_settles_everything_before_the_clock_starts_and_says_so(
    whatsapp: Account, burgerzaken: Department, webcare: Department, expert: User
) -> None:
    topic = Topic.objects.create(name="Afval")
    rule = make(
        department=burgerzaken, topic=topic, contact_kind="report", priority=1, assignee=expert, sensitive="press"
    )
    made = ask(whatsapp)
    assert (made.department, made.topic, made.contact_kind, made.priority, made.assignee, made.sensitive_ground) == (
        burgerzaken,
        topic,
        "report",
        1,
        expert,
        "press",
    )
    assert made.sensitive is True
    assert (made.due_at, made.status) == (at(120), "open")
    routing = Routing.objects.get()
    assert (routing.from_department, routing.to_department, routing.by, routing.words) == (
        webcare,
        burgerzaken,
        None,
        [],
    )
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True)) == ["received", "rule"]
    assert AuditEntry.objects.get(verb="rule").data == {
        "rule": rule.pk,
        "name": "Grofvuil",
        "did": [
            ["department", "Burgerzaken"],
            ["topic", "Afval"],
            ["contact_kind", "report"],
            ["priority", "1"],
            ["assignee", "Bram Visser"],
            ["sensitive", "press"],
        ],
        "why": [["word", "grofvuil"]],
    }
    assert sentences() == [
        "Regel ‘Grofvuil’ zette dit door naar Burgerzaken, gaf dit het onderwerp Afval, noemde dit een melding, "
        "gaf dit de prioriteit hoog, wees dit toe aan Bram Visser en merkte dit aan als gevoelig (pers), "
        "omdat er ‘grofvuil’ in staat"
    ]
    assert [(notice.user, notice.kind) for notice in Notice.objects.all()] == [(expert, "assigned")]


def test_target_of_what_a_rule_settled_counts_from_the_first_minute(whatsapp: Account) -> None:
    topic = Topic.objects.create(name="Gevaar")
    settings = whatsapp.inbox_settings
    for fields, minutes in (({"priority": 2}, 30), ({"topic": topic}, 60)):
        AnswerTarget.objects.create(
            settings=settings, first_answer_minutes=minutes, next_answer_minutes=minutes, **fields
        )
    make(priority=2, topic=topic)
    make("Gas", {"any_of": ["gas"]}, topic=topic)
    assert ask(whatsapp).due_at == at(30)
    assert ask(whatsapp, "Het ruikt hier naar gas", "m2", author=person("p2")).due_at == at(60)
    assert ask(whatsapp, "Dank jullie wel", "m3", author=person("p3")).due_at == at(120)


def test_what_a_rule_routed_is_sent_back_like_anything_else(
    whatsapp: Account, burgerzaken: Department, webcare: Department, expert: User
) -> None:
    make(department=burgerzaken)
    made = ask(whatsapp)
    assert bounce.bounce(made.pk, by=expert, reason="Niet van ons").department == webcare
    assert list(Routing.objects.order_by("pk").values_list("back", "returned")) == [(False, True), (True, False)]


def test_other_words_and_rules_that_are_off_do_nothing(whatsapp: Account, burgerzaken: Department) -> None:
    make(department=burgerzaken)
    make("Uit", {}, department=burgerzaken, active=False)
    made = ask(whatsapp, "Wanneer komt het restafval?")
    assert (made.department.slug, sentences()) == ("webcare", [])


def test_stems_are_compared(whatsapp: Account) -> None:
    make("Tegels", {"all_of": ["losse tegel"]}, contact_kind="report")
    assert ask(whatsapp, "Er liggen LOSSE tegels in de Molenstraat").contact_kind == "report"


def test_keywords_of_a_topic_count_and_a_later_rule_sees_the_topic(whatsapp: Account, burgerzaken: Department) -> None:
    topic = Topic.objects.create(name="Afval", keywords=["grofvuil", "oud papier"])
    make("Onderwerp", {"topics": [topic.pk]}, topic=topic)
    make("Afdeling", {"topics": [topic.pk]}, department=burgerzaken)
    made = ask(whatsapp, "Halen jullie ook oud papier op?")
    assert (made.topic, made.department) == (topic, burgerzaken)
    assert sentences() == [
        "Regel ‘Onderwerp’ gaf dit het onderwerp Afval, omdat het over Afval gaat",
        "Regel ‘Afdeling’ zette dit door naar Burgerzaken, omdat het over Afval gaat",
    ]


def test_only_the_first_message_is_asked_about(whatsapp: Account, burgerzaken: Department) -> None:
    made = ask(whatsapp, "Hallo")
    make(department=burgerzaken)
    ask(whatsapp, name="m2", sent_at=at(5))
    made.refresh_from_db()
    assert (made.department.slug, made.inbound_count) == ("webcare", 2)


def test_conversation_a_colleague_began_at_the_platform_is_left_alone(
    whatsapp: Account, burgerzaken: Department
) -> None:
    make(department=burgerzaken)
    put(whatsapp, echoed(whatsapp, "e1", "Dag Aisha"), said(whatsapp, "m1", "Over het grofvuil", sent_at=at(31)))
    ingest.drain()
    assert Conversation.objects.get().department.slug == "webcare"


def test_message_that_was_deleted_before_it_came_asks_nothing(whatsapp: Account, burgerzaken: Department) -> None:
    make(department=burgerzaken)
    put(whatsapp, MessageDeleted(account_id=whatsapp.external_id, external_id="m1", at=at(1)))
    assert ask(whatsapp).department.slug == "webcare"


def test_sensitive_gets_no_automatic_reply(whatsapp: Account, standing_clock: StandingClock) -> None:
    whatsapp.inbox_settings.out_of_hours_text = "Wij zijn dicht."
    whatsapp.inbox_settings.save()
    standing_clock.forward(hours=10)
    make(sensitive="politics")
    ask(whatsapp, sent_at=standing_clock())
    assert (AutoReply.objects.count(), AuditEntry.objects.get(verb="auto_reply_not_sent").data) == (
        0,
        {"kind": "out_of_hours", "reason": "sensitive"},
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"availability": "off"}, "wees niemand toe (Joris Smit is niet aan het werk)"),
        ({"most_open": 0}, "wees niemand toe (Joris Smit heeft het maximum)"),
        ({"is_active": False}, "wees niemand toe (Joris Smit is niet aan het werk)"),
    ],
)
def test_colleague_who_cannot_take_it_does_not_get_it(
    whatsapp: Account, colleague: User, fields: dict[str, Any], words: str
) -> None:
    User.objects.filter(pk=colleague.pk).update(**fields)
    make(assignee=colleague)
    assert ask(whatsapp).assignee is None
    assert sentences() == [f"Regel ‘Grofvuil’ {words}, omdat er ‘grofvuil’ in staat"]
    assert Notice.objects.count() == 0


def test_colleague_of_another_department_does_not_get_it(whatsapp: Account, expert: User) -> None:
    make(assignee=expert)
    assert ask(whatsapp).assignee is None
    assert sentences() == [
        "Regel ‘Grofvuil’ wees niemand toe (Bram Visser werkt niet op die afdeling), omdat er ‘grofvuil’ in staat"
    ]


def test_room_is_counted_within_a_batch(whatsapp: Account, colleague: User) -> None:
    User.objects.filter(pk=colleague.pk).update(most_open=2)
    make(assignee=colleague)
    for number in range(4):
        put(whatsapp, said(whatsapp, f"m{number}", "grofvuil", author=person(f"c{number}")))
    ingest.drain()
    assert Conversation.objects.filter(assignee=colleague).count() == 2


def test_colleagues_and_leads_are_told_once_when_they_see_it(
    whatsapp: Account, lead: User, colleague: User, expert: User
) -> None:
    make(notify=[colleague.pk, expert.pk], notify_leads=True)
    ask(whatsapp)
    told = Notice.objects.order_by("user__username").values_list("user__username", "kind")
    assert list(told) == [("ingrid", "ruled"), ("joris", "ruled")]
    assert sentences() == [
        "Regel ‘Grofvuil’ seinde Joris Smit in en seinde de teamleiders in, omdat er ‘grofvuil’ in staat"
    ]


def test_rule_about_sender_and_reach_never_writes_down_who_it_was(accounts: dict[str, Account]) -> None:
    make("Pers", {"senders": ["persmuskiet"], "public": True}, priority=2)
    author = Person(external_id="p-1", name="Piet", handle="PersMuskiet")
    ask(accounts["x"], "Klopt dit?", public=True, thread_id="t1", author=author)
    assert AuditEntry.objects.get(verb="rule").data["why"] == [["public", ""], ["sender", ""]]
    assert sentences() == [
        "Regel ‘Pers’ gaf dit de prioriteit dringend, omdat het openbaar is en het van deze afzender komt"
    ]


def test_rule_outside_opening_hours_looks_at_when_it_was_sent(whatsapp: Account) -> None:
    make("Avond", {"open": False}, priority=1)
    assert ask(whatsapp, sent_at=at(0)).priority == 0
    assert ask(whatsapp, name="m2", sent_at=at(-120), author=person("henk")).priority == 1


def test_hits_are_counted_after_the_batch(
    whatsapp: Account, standing_clock: StandingClock, django_capture_on_commit_callbacks: Any
) -> None:
    rule = make(contact_kind="report")
    for number in range(3):
        put(whatsapp, said(whatsapp, f"m{number}", "grofvuil", author=person(f"c{number}")))
    with django_capture_on_commit_callbacks(execute=True):
        ingest.drain()
    rule.refresh_from_db()
    assert (rule.hits, rule.hit_at) == (3, standing_clock())


def test_replayed_event_is_asked_about_once(whatsapp: Account, burgerzaken: Department) -> None:
    make(department=burgerzaken)
    ask(whatsapp)
    put(whatsapp, said(whatsapp, "m1", "Halen jullie het grofvuil op?"))
    ingest.drain()
    assert (Routing.objects.count(), len(sentences())) == (1, 1)


def test_number_of_queries_does_not_grow_with_the_batch(whatsapp: Account, lead: User, colleague: User) -> None:
    topic = Topic.objects.create(name="Afval", keywords=["restafval"])
    for number in range(5):
        make(f"Regel {number}", {"any_of": ["grofvuil"], "topics": [topic.pk]}, assignee=colleague, notify=[lead.pk])
    spent = []
    for batch in range(2):
        for number in range(1 + 19 * batch):
            author = person(f"b{batch}c{number}")
            put(whatsapp, said(whatsapp, f"b{batch}m{number}", "grofvuil en restafval", author=author))
        with CaptureQueriesContext(connection) as queries:
            ingest.drain()
        spent.append(len(queries))
    assert spent[0] == spent[1]


def test_no_rules_cost_one_query(whatsapp: Account) -> None:
    put(whatsapp, said(whatsapp, "m1"))
    with CaptureQueriesContext(connection) as queries:
        ingest.drain()
    assert len([each for each in queries if "routingrule" in each["sql"]]) == 1
    assert len([each for each in queries if "to_tsvector" in each["sql"] and "unnest" in each["sql"]]) == 0


def test_standard_reply_of_the_topic_comes_first(whatsapp: Account, agent: User, standing_clock: StandingClock) -> None:
    topic = Topic.objects.create(name="Afval")
    often = StandardReply.objects.create(name="Vaak", text="x", used_count=9, changed_at=MONDAY_10)
    about = StandardReply.objects.create(name="Over afval", text="x", topic=topic, changed_at=MONDAY_10)
    made = ask(whatsapp)
    assert list(fitting(agent, made)) == [often, about]
    made.topic = topic
    assert list(fitting(agent, made)) == [about, often]


def test_far_in_time_is_no_trouble(whatsapp: Account) -> None:
    make("Nacht", {"begins": "22:00", "ends": "06:00"}, priority=1)
    assert ask(whatsapp, sent_at=MONDAY_10 - timedelta(days=400, hours=10)).priority == 1
