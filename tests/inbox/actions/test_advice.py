"""Advies: asked, answered once, withdrawn; the expert sees this one conversation and no longer than it is open."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from inbox import permissions
from inbox.actions import advice, close, route
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AdviceRequest, AuditEntry, Conversation, Message, Role, User
from tests.conftest import MONDAY_10, make_user
from tests.inbox.actions.together import codes, together
from tests.inbox.conftest import StandingClock

QUESTION = "Mag dit met spoed?"


@pytest.fixture(autouse=True)
def standing(standing_clock: StandingClock) -> StandingClock:
    return standing_clock


@pytest.fixture
def mine(agent: User, make_conversation) -> Conversation:
    return make_conversation(assignee=agent)


@pytest.fixture
def asked(agent: User, expert: User, mine: Conversation) -> AdviceRequest:
    return advice.ask(mine.pk, by=agent, question=QUESTION, minutes=120, of=expert)


def code(deed) -> str:
    with pytest.raises(Refused) as caught:
        deed()
    return caught.value.code


class TestAsking:
    def test_stays_with_the_agent_and_is_due_in_office_time(self, agent, expert, mine, standing_clock):
        standing_clock.moment = MONDAY_10 + timedelta(hours=6, minutes=30)  # half an hour before we close
        made = advice.ask(mine.pk, by=agent, question=f" {QUESTION} ", minutes=120, of=expert)
        before = Message.objects.count()
        mine.refresh_from_db()
        assert (mine.assignee, mine.status) == (agent, "open")
        assert (made.question, made.state) == (QUESTION, "open")
        assert made.due_at == MONDAY_10 + timedelta(days=1, minutes=30)  # Tuesday 10:30
        assert Message.objects.count() == before
        entry = AuditEntry.objects.get(verb="advice_asked")
        assert (entry.actor, entry.data["advice"], entry.data["of"]) == (agent, made.pk, "Bram Visser")
        assert QUESTION not in str(entry.data)

    def test_the_clock_of_the_citizen_is_not_touched(self, asked, mine):
        assert "due" not in str(AuditEntry.objects.get(verb="advice_asked").data)
        mine.refresh_from_db()
        assert mine.due_at is None

    def test_refusals(self, agent, viewer, expert, burgerzaken, webcare, mine, make_conversation):
        closed = make_conversation(status="closed", result="spam", closed_at=MONDAY_10)
        found = [
            code(lambda: advice.ask(mine.pk, by=agent, question=" ", minutes=120, of=expert)),
            code(lambda: advice.ask(mine.pk, by=agent, question="x" * 10_001, minutes=120, of=expert)),
            code(lambda: advice.ask(mine.pk, by=agent, question=QUESTION, minutes=7, of=expert)),
            code(lambda: advice.ask(mine.pk, by=agent, question=QUESTION, minutes=120, of=webcare)),
            code(lambda: advice.ask(mine.pk, by=agent, question=QUESTION, minutes=120, of=viewer)),
            code(lambda: advice.ask(mine.pk, by=viewer, question=QUESTION, minutes=120, of=expert)),
            code(lambda: advice.ask(closed.pk, by=agent, question=QUESTION, minutes=120, of=expert)),
        ]
        assert found == ["empty", "too_long", "no_choice", "no_experts", "no_experts", "not_allowed", "closed"]
        with pytest.raises(NotVisible):
            advice.ask(mine.pk, by=expert, question=QUESTION, minutes=120, of=burgerzaken)
        assert AdviceRequest.objects.count() == 0

    def test_once_at_a_time(self, agent, expert, burgerzaken, asked, mine):
        assert (
            code(lambda: advice.ask(mine.pk, by=agent, question="Nog eens", minutes=60, of=expert)) == "asked_already"
        )
        advice.ask(mine.pk, by=agent, question="Of een ander?", minutes=60, of=burgerzaken)
        advice.answer(asked.pk, by=expert, text="Ja")
        advice.ask(mine.pk, by=agent, question="En nog iets", minutes=60, of=expert)
        assert AdviceRequest.objects.count() == 3

    def test_the_database_knows_one_of_two(self, agent, expert, burgerzaken, asked):
        asked.department = burgerzaken
        with pytest.raises(IntegrityError):
            asked.save()


class TestSeeing:
    def test_only_this_conversation_and_only_while_it_is_open(self, agent, expert, asked, mine, make_conversation):
        make_conversation()
        assert list(Conversation.objects.visible_to(expert)) == []
        assert list(permissions.readable_by(expert)) == [mine]
        assert not permissions.can_see(expert, mine)
        advice.withdraw(asked.pk, by=agent)
        assert list(permissions.readable_by(expert)) == []

    def test_a_department_is_its_experts(self, agent, expert, burgerzaken, mine):
        outsider = make_user("olga", "Olga", "Lezer", Role.VIEWER, burgerzaken)
        clerk = make_user("kees", "Kees", "Balie", Role.AGENT, burgerzaken)
        advice.ask(mine.pk, by=agent, question=QUESTION, minutes=60, of=burgerzaken)
        seen = [list(permissions.readable_by(user)) for user in (expert, clerk, outsider)]
        assert seen == [[mine], [], []]

    def test_who_left_sees_nothing(self, expert, asked):
        User.objects.filter(pk=expert.pk).update(is_active=False)
        expert.refresh_from_db()
        assert list(permissions.readable_by(expert)) == []


class TestAnswering:
    def test_once(self, agent, expert, asked, mine):
        advice.answer(asked.pk, by=expert, text=" Ja, dat mag ")
        asked.refresh_from_db()
        assert (asked.state, asked.answer, asked.answered_by) == ("answered", "Ja, dat mag", expert)
        assert code(lambda: advice.answer(asked.pk, by=expert, text="Toch niet")) == "answered"
        assert code(lambda: advice.withdraw(asked.pk, by=agent)) == "answered"
        entry = AuditEntry.objects.get(verb="advice_given")
        assert (entry.actor, entry.data) == (expert, {"advice": asked.pk, "of": "Bram Visser"})
        mine.refresh_from_db()
        assert mine.assignee == agent

    def test_not_by_others(self, agent, colleague, outsider, asked):
        for user in (agent, colleague, outsider):
            with pytest.raises(NotVisible):
                advice.answer(asked.pk, by=user, text="Ja")
        with pytest.raises(NotVisible):
            advice.answer(asked.pk + 1, by=agent, text="Ja")

    def test_not_when_it_was_withdrawn(self, agent, colleague, viewer, outsider, expert, asked):
        for user, refusal in ((outsider, NotVisible), (expert, NotVisible), (viewer, Refused)):
            with pytest.raises(refusal):
                advice.withdraw(asked.pk, by=user)
        advice.withdraw(asked.pk, by=colleague)
        assert code(lambda: advice.answer(asked.pk, by=expert, text="Ja")) == "withdrawn"
        assert code(lambda: advice.withdraw(asked.pk, by=agent)) == "withdrawn"

    def test_routed_on_it_is_still_answered(self, agent, expert, asked, mine, outsider):
        route.route(mine.pk, by=agent, department=outsider.departments.get())
        advice.answer(asked.pk, by=expert, text="Ja")
        assert AdviceRequest.objects.get().state == "answered"

    def test_closing_ends_it(self, agent, expert, asked, mine):
        close.close(mine.pk, by=agent, result="no_answer_needed")
        assert AdviceRequest.objects.get().state == "withdrawn"
        assert AuditEntry.objects.get(verb="closed").data["advice_withdrawn"] == [asked.pk]

    def test_taken_over(self, agent, expert, outsider, asked):
        assert code(lambda: advice.use(asked.pk, by=agent)) == "not_answered"
        advice.answer(asked.pk, by=expert, text="Ja")
        assert advice.use(asked.pk, by=agent).answer == "Ja"
        assert AdviceRequest.objects.get().used_at is not None
        for user in (outsider, expert):
            with pytest.raises(NotVisible):
                advice.use(asked.pk, by=user)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_answered_while_it_is_withdrawn(self, agent, expert, mine):
        for _round in range(5):
            request = advice.ask(mine.pk, by=agent, question=QUESTION, minutes=60, of=expert)
            outcomes = together(
                lambda pk=request.pk: advice.answer(pk, by=expert, text="Ja"),
                lambda pk=request.pk: advice.withdraw(pk, by=agent),
            )
            found = AdviceRequest.objects.get(pk=request.pk)
            expected = {"answered": ["ok", "answered"], "withdrawn": ["withdrawn", "ok"]}
            assert codes(outcomes) == expected[found.state]
            assert AuditEntry.objects.filter(data__advice=request.pk).exclude(verb="advice_asked").count() == 1

    def test_two_ask_the_same_expert(self, agent, colleague, expert, mine):
        outcomes = together(
            lambda: advice.ask(mine.pk, by=agent, question=QUESTION, minutes=60, of=expert),
            lambda: advice.ask(mine.pk, by=colleague, question=QUESTION, minutes=60, of=expert),
        )
        assert sorted(codes(outcomes)) == ["asked_already", "ok"]
        assert AdviceRequest.objects.count() == 1

    def test_two_experts_answer(self, agent, expert, burgerzaken, mine):
        other = make_user("sara", "Sara", "Kok", Role.EXPERT, burgerzaken)
        request = advice.ask(mine.pk, by=agent, question=QUESTION, minutes=60, of=burgerzaken)
        outcomes = together(
            lambda: advice.answer(request.pk, by=expert, text="Ja"),
            lambda: advice.answer(request.pk, by=other, text="Nee"),
        )
        assert sorted(codes(outcomes)) == ["answered", "ok"]
