"""Terugzetten: back with the reason; the second time the leads hear it; and no clock ever begins anew."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from inbox import ingest, lanes
from inbox.actions import bounce, claim, route
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Clock, Conversation, Department, Message, Note, Role, Routing, User
from tests.conftest import MONDAY_10, make_user
from tests.inbox.actions.together import codes, together
from tests.inbox.conftest import StandingClock
from tests.inbox.storing import put, said


@pytest.fixture
def routed(agent, burgerzaken, make_conversation) -> Conversation:
    conversation = make_conversation(assignee=agent)
    route.route(conversation.pk, by=agent, department=burgerzaken)
    return conversation


def test_back_to_where_it_came_from_with_the_reason(agent, expert, webcare, routed):
    bounce.bounce(routed.pk, by=expert, reason=" Dit is voor Stadsbeheer ")
    routed.refresh_from_db()
    assert (routed.department, routed.assignee) == (webcare, None)
    assert [(note.text, note.author) for note in routed.notes.all()] == [("Dit is voor Stadsbeheer", expert)]
    entry = AuditEntry.objects.get(verb="bounced")
    assert (entry.actor, entry.data["to_name"], entry.data["times"]) == (expert, "Webcare", 1)
    assert "leads" not in entry.data
    assert "Stadsbeheer" not in str(entry.data)
    assert list(Routing.objects.order_by("pk").values_list("back", "returned")) == [(False, True), (True, False)]


def test_only_what_was_routed_here(agent, lead, burgerzaken, expert, make_conversation, routed):
    never = make_conversation()
    with pytest.raises(Refused) as caught:
        bounce.bounce(never.pk, by=agent, reason="Weet ik niet")
    found = [caught.value.code]
    bounce.bounce(routed.pk, by=expert, reason="Niet van ons")
    with pytest.raises(Refused) as caught:
        bounce.bounce(routed.pk, by=lead, reason="Van ons ook niet")  # what was bounced is not bounced on
    assert [*found, caught.value.code] == ["not_routed", "not_routed"]


def test_refusals_leave_no_note(agent, expert, outsider, routed):
    with pytest.raises(Refused) as caught:
        bounce.bounce(routed.pk, by=expert, reason="  ")
    assert caught.value.code == "no_reason"
    for user in (agent, outsider):
        with pytest.raises(NotVisible):
            bounce.bounce(routed.pk, by=user, reason="Niet zichtbaar")
    assert Note.objects.count() == 0


def test_the_second_time_the_leads_where_it_lies_are_told(agent, expert, lead, webcare, burgerzaken, routed):
    there = make_user("leo", "Leo", "Bloem", Role.LEAD, webcare)
    make_user("bo", "Bo", "Elders", Role.LEAD, burgerzaken)  # does not see it any more
    make_user("lena", "Lena", "Weg", Role.LEAD, webcare)
    User.objects.filter(username="lena").update(is_active=False)
    bounce.bounce(routed.pk, by=expert, reason="Niet van ons")
    route.route(routed.pk, by=agent, department=burgerzaken, note="Toch wel")
    bounce.bounce(routed.pk, by=expert, reason="Echt niet")
    entry = AuditEntry.objects.filter(verb="bounced").latest("pk")
    assert (entry.data["times"], entry.data["leads"]) == (2, sorted([lead.pk, there.pk]))


@pytest.mark.django_db(transaction=True)
def test_routed_and_bounced_at_once(lead, expert, agent, burgerzaken, make_conversation):
    sport = Department.objects.create(name="Sport", slug="sport")
    conversation = make_conversation(assignee=agent)
    route.route(conversation.pk, by=agent, department=burgerzaken)
    outcomes = together(
        lambda: bounce.bounce(conversation.pk, by=expert, reason="Niet van ons"),
        lambda: route.route(conversation.pk, by=expert, department=sport, note="Voor jullie"),
    )
    assert sorted(codes(outcomes))[1:] == ["ok"]
    assert sorted(codes(outcomes))[0] in ("NotVisible", "not_allowed")
    assert (Routing.objects.count(), Note.objects.count()) == (2, 1)


DEEDS = st.lists(
    st.tuples(st.sampled_from(["route", "bounce", "claim"]), st.integers(0, 2), st.booleans(), st.integers(0, 300)),
    max_size=12,
)


@pytest.fixture
def clock_of_class(request: pytest.FixtureRequest, standing_clock: StandingClock) -> None:
    request.instance.clock = standing_clock


@pytest.mark.usefixtures("accounts_of_class", "clock_of_class", "platform")
class TestTheClock(TestCase):
    """However a question wanders, it is owed an answer since the citizen asked."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(DEEDS)
    def test_no_routing_or_bounce_moves_it(self, deeds):
        self.clock.moment = MONDAY_10 + timedelta(minutes=30)
        put(self.account, said(self.account, f"m-{uuid4()}"))
        ingest.drain()
        conversation = Conversation.objects.get()
        before = _clock(conversation)
        assert before["started_at"] == MONDAY_10
        departments = [conversation.department, *(Department.objects.create(name=n, slug=n.lower()) for n in "AB")]
        ingrid = User.objects.create_user(f"lead-{uuid4()}", role=Role.LEAD)
        ingrid.departments.set(departments)
        for what, number, tells, minutes in deeds:
            self.clock.moment += timedelta(minutes=minutes)
            try:
                if what == "route":
                    word = route.Word("Een collega kijkt ernaar.", uuid4()) if tells else None
                    route.route(conversation.pk, by=ingrid, department=departments[number], word=word)
                    lanes.send_due()
                elif what == "bounce":
                    bounce.bounce(conversation.pk, by=ingrid, reason="Niet van ons")
                else:
                    claim.claim(conversation.pk, by=ingrid)
            except Refused:
                continue
        conversation.refresh_from_db()
        assert _clock(conversation) == before
        assert (conversation.status, conversation.first_answered_at) == ("open", None)
        assert not Message.objects.filter(kind="answer").exists()


def _clock(conversation: Conversation) -> dict[str, object]:
    clock = Clock.objects.get(conversation=conversation)
    assert (conversation.due_at, conversation.warn_at) == (clock.due_at, clock.warn_at)
    return {name: getattr(clock, name) for name in ("kind", "started_at", "warn_at", "due_at", "stopped_at")}
