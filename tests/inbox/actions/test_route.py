"""Doorzetten: to another department with a note, claimed by nobody, the citizen's clock running on."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from inbox import lanes
from inbox.actions import claim, clocks, close, many, resend, route, suggestion
from inbox.actions.changing import changing
from inbox.actions.refused import NotVisible, Refused
from inbox.incoming import record
from inbox.models import AccountSettings, AuditEntry, Conversation, Department, Message, Note, Routing, Topic
from tests.conftest import MONDAY_10
from tests.inbox.actions.together import codes, together


def test_goes_with_its_note(agent, expert, burgerzaken, make_conversation):
    conversation = make_conversation(assignee=agent)
    before = Message.objects.count()
    route.route(conversation.pk, by=agent, department=burgerzaken, note=" Graag vandaag ")
    conversation.refresh_from_db()
    assert (conversation.department, conversation.assignee) == (burgerzaken, None)
    assert [(note.text, note.author) for note in conversation.notes.all()] == [("Graag vandaag", agent)]
    assert Message.objects.count() == before
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.data["to"], entry.data["to_name"]) == ("routed", burgerzaken.pk, "Burgerzaken")
    assert "Graag" not in str(entry.data)
    assert list(Conversation.objects.visible_to(expert)) == [conversation]
    assert list(Conversation.objects.visible_to(agent)) == []


def test_without_a_note_there_is_none(agent, burgerzaken, make_conversation):
    route.route(make_conversation().pk, by=agent, department=burgerzaken, note="  ")
    assert Note.objects.count() == 0


def test_the_clock_runs_on(agent, burgerzaken, make_conversation):
    conversation = make_conversation()
    with changing(conversation.pk, "received", by=None) as locked:
        clocks.start(locked, MONDAY_10)
    due = Conversation.objects.get(pk=conversation.pk).due_at
    route.route(conversation.pk, by=agent, department=burgerzaken)
    conversation.refresh_from_db()
    assert conversation.due_at == due is not None
    assert clocks.running(conversation).stopped_at is None


def test_refusals_leave_no_note(agent, viewer, outsider, webcare, burgerzaken, make_conversation):
    conversation = make_conversation()
    closed = make_conversation(status="closed", result="spam", closed_at=MONDAY_10)
    cases = ((conversation, agent, webcare), (conversation, viewer, burgerzaken), (closed, agent, burgerzaken))
    found = []
    for where, user, department in cases:
        with pytest.raises(Refused) as caught:
            route.route(where.pk, by=user, department=department, note="blijft niet")
        found.append(caught.value.code)
    assert found == ["same_department", "not_allowed", "closed"]
    with pytest.raises(NotVisible):
        route.route(conversation.pk, by=outsider, department=burgerzaken, note="blijft niet")
    assert Note.objects.count() == 0


def test_a_note_that_is_too_long_stops_the_routing(agent, burgerzaken, make_conversation):
    conversation = make_conversation()
    with pytest.raises(Refused) as caught:
        route.route(conversation.pk, by=agent, department=burgerzaken, note="n" * 10_001)
    assert caught.value.code == "too_long"
    conversation.refresh_from_db()
    assert conversation.department != burgerzaken


# -- and the citizen hears of it ----------------------------------------------------------------------------------

SAID = "Uw vraag ligt bij Burgerzaken. Het antwoord komt hier."


def word(text: str = SAID, **fields: object) -> route.Word:
    return route.Word(text, uuid4(), **fields)


def refusal(deed) -> Refused:
    with pytest.raises(Refused) as caught:
        deed()
    return caught.value


@pytest.mark.usefixtures("standing_clock")
class TestTelling:
    def test_goes_out_and_stops_no_clock(self, agent, burgerzaken, asked, platform, standing_clock):
        due, shown = asked.due_at, asked.last_message_text
        route.route(asked.pk, by=agent, department=burgerzaken, word=word())
        assert lanes.send_due() == 1
        message = Message.objects.get(direction="out")
        assert (message.kind, message.state, message.author) == ("routed", "sent", agent)
        assert platform.texts() == [SAID]
        asked.refresh_from_db()
        assert (asked.due_at, asked.status, asked.first_answered_at) == (due, "open", None)
        assert (asked.last_message_text, asked.last_message_out) == (shown, False)
        assert clocks.running(asked).stopped_at is None
        assert AuditEntry.objects.get(verb="routed").data["told"] is True

    def test_ends_as_the_account_agreed(self, agent, burgerzaken, make_conversation):
        conversation = make_conversation()
        AccountSettings.objects.filter(account=conversation.account).update(ending="Groet, {voornaam}")
        route.route(conversation.pk, by=agent, department=burgerzaken, word=word())
        assert Message.objects.get(direction="out").text == f"{SAID}\nGroet, Fatima"

    def test_nothing_is_routed_when_it_may_not_go(
        self, agent, colleague, burgerzaken, make_conversation, standing_clock
    ):
        open_one = make_conversation()
        long_ago = make_conversation(last_inbound_at=MONDAY_10 - timedelta(days=3))
        others = make_conversation(assignee=colleague)
        public = make_conversation(kind="facebook")
        seen = open_one.messages.get().pk
        Message.objects.create(
            conversation=open_one, account=open_one.account, external_id="new", direction="in", public=False,
            text="Hallo?", sent_at=MONDAY_10, state="received",
        )  # fmt: skip

        def code(conversation: Conversation, told: route.Word) -> str:
            return refusal(lambda: route.route(conversation.pk, by=agent, department=burgerzaken, word=told)).code

        assert [
            code(open_one, word(" ")),
            code(open_one, word("x" * 5000)),
            code(open_one, word("Nummer [zaaknummer]")),
            code(open_one, word(seen_message_id=seen)),
            code(long_ago, word()),
            code(others, word()),
            code(public, word("Bel 06 12345678")),
        ] == ["empty", "too_long", "unfilled", "newer_message", "window_closed", "claimed_by_other", "personal_data"]
        assert not Message.objects.filter(direction="out").exists()
        assert not Routing.objects.exists()

    def test_confirmed_personal_data_may_go(self, agent, burgerzaken, make_conversation):
        public = make_conversation(kind="facebook")
        told = word("Bel 06 12345678")
        confirm = refusal(lambda: route.route(public.pk, by=agent, department=burgerzaken, word=told)).data["confirm"]
        again = replace(told, confirm_personal_data=confirm)
        route.route(public.pk, by=agent, department=burgerzaken, word=again)
        message = Message.objects.get(direction="out")
        assert (message.in_reply_to, message.public) == (f"in-{public.pk}", True)
        assert AuditEntry.objects.get(verb="routed").data["personal_data"] == ["phone"]

    def test_the_same_form_twice_is_once(self, agent, burgerzaken, make_conversation):
        conversation, told = make_conversation(), word()
        for _time in range(2):
            route.route(conversation.pk, by=agent, department=burgerzaken, word=told)
        assert (Message.objects.filter(direction="out").count(), Routing.objects.count()) == (1, 1)

    def test_one_that_failed_lies_before_a_person(self, agent, expert, burgerzaken, asked):
        route.route(asked.pk, by=agent, department=burgerzaken, word=word())
        message = Message.objects.get(direction="out")
        record.failed(message, "x", "other")
        asked.refresh_from_db()
        assert asked.failed_count == 1
        assert refusal(lambda: close.close(asked.pk, by=expert, result="spam")).code == "answer_underway"
        claim.claim(asked.pk, by=expert)
        resend.withdraw(message.pk, by=expert)
        asked.refresh_from_db()
        assert asked.failed_count == 0

    def test_seen_at_the_platform_it_still_is_no_answer(self, agent, lead, burgerzaken, asked, standing_clock):
        route.route(asked.pk, by=agent, department=burgerzaken, word=word())
        message = Message.objects.get(direction="out")
        Message.objects.filter(pk=message.pk).update(state="unknown", send_at=None)
        resend.mark_sent(message.pk, by=lead)
        asked.refresh_from_db()
        assert (asked.status, asked.first_answered_at) == ("open", None)


def test_the_text_of_a_department_is_filled_in(agent, burgerzaken, make_conversation):
    burgerzaken.routed_text = "Dag {inwoner}, {afdeling} kijkt ernaar. {voornaam}, {gemeente}"
    conversation = make_conversation()
    filled = route.word_for(conversation, agent, burgerzaken)
    assert filled == f"Dag {conversation.identity.name}, Burgerzaken kijkt ernaar. Fatima, Gemeente Waterkant"


def test_undone_it_was_never_routed(agent, burgerzaken, make_conversation):
    conversation = make_conversation()
    change = many.do("route", [conversation.pk], by=agent, submission=uuid4(), choice=burgerzaken)
    assert Routing.objects.count() == 1
    many.undo(change.pk, by=agent)
    assert Routing.objects.count() == 0


@pytest.mark.usefixtures("standing_clock")
@pytest.mark.django_db(transaction=True)
def test_two_at_once_one_routes_and_one_word_goes(agent, colleague, burgerzaken, outsider, make_conversation):
    conversation, sport = make_conversation(), outsider.departments.get()
    outcomes = together(
        lambda: route.route(conversation.pk, by=agent, department=burgerzaken, word=word()),
        lambda: route.route(conversation.pk, by=colleague, department=sport, word=word()),
    )
    # Whoever waited for the lock finds it gone, as they see it or as they may change it.
    assert sorted(codes(outcomes))[1:] == ["ok"]
    assert sorted(codes(outcomes))[0] in ("NotVisible", "not_allowed")
    assert (Message.objects.filter(direction="out").count(), Routing.objects.count()) == (1, 1)


class TestSuggestions:
    def routed(self, conversation: Conversation, to: Department, **fields: object) -> None:
        Routing.objects.create(
            conversation=conversation, account=conversation.account, from_department=conversation.department,
            to_department=to, at=MONDAY_10, words=route.asked(conversation), **fields,
        )  # fmt: skip

    def test_from_alike_questions_on_this_account(self, burgerzaken, make_conversation, standing_clock):
        for number in range(4):
            earlier = make_conversation(text=f"Waar vraag ik een paspoort aan? 061234567{number}")
            self.routed(earlier, burgerzaken, returned=number == 3)
            assert earlier.routings.get().words == ["war", "vrag", "paspoort"]
        elsewhere = make_conversation(kind="facebook", text="Mijn paspoorten zijn weg")
        asked_now = make_conversation(text="Mijn paspoorten zijn weg")
        assert suggestion.suggestions(elsewhere) == []
        assert [each.sentence("Burgerzaken") for each in suggestion.suggestions(asked_now)] == [
            "Vaak doorgezet naar Burgerzaken bij ‘paspoorten’ (3 van 4 keer)"
        ]

    def test_from_the_topic(self, burgerzaken, make_conversation, standing_clock):
        topic = Topic.objects.create(name="Verhuizen", department=burgerzaken)
        Topic.objects.create(name="Paspoort en rijbewijs", department=burgerzaken, active=False)
        chosen, named = make_conversation(topic=topic), make_conversation(text="Ik ga verhuizen. Wat moet ik doen?")
        none = make_conversation(text="Mijn paspoort is weg")
        assert [[each.ground for each in suggestion.suggestions(one)] for one in (chosen, named, none)] == [
            ["topic"], ["named"], [],
        ]  # fmt: skip

    def test_costs_four_queries(self, burgerzaken, make_conversation, standing_clock, django_assert_num_queries):
        for number in range(12):
            Topic.objects.create(name=f"Paspoort {number}", department=burgerzaken)
            self.routed(make_conversation(text="Waar vraag ik een paspoort aan?"), burgerzaken)
        asked_now = make_conversation(text="Waar vraag ik een paspoort aan?")
        with django_assert_num_queries(4):
            assert suggestion.suggestions(asked_now) != []
