"""Klaar voor vandaag: what one holds goes where one says, also what citizens answer later; and all of it back."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from inbox.actions import assign, available, claim, end_shift, many, pass_on
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Availability, Conversation, Handover, User
from inbox.tasks import end_forgotten_shifts, pass_on_stuck
from tests.conftest import MONDAY_10
from tests.inbox.actions.together import codes, together


def end(of: User, by: User | None = None, rule: str = "department", **more) -> Handover:
    return end_shift.end_shift(of, by=by or of, rule=rule, **{"submission": uuid4(), **more})


def refused(of: User, **more) -> str:
    with pytest.raises(Refused) as caught:
        end(of, **more)
    return caught.value.code


def owners(*conversations: Conversation) -> list[User | None]:
    return [Conversation.objects.get(pk=each.pk).assignee for each in conversations]


def at_work(*people: User) -> None:
    for user in people:
        User.objects.filter(pk=user.pk).update(availability=Availability.AVAILABLE, availability_at=MONDAY_10)
        user.refresh_from_db()


def test_back_to_the_department_and_what_waits_stays(agent, make_conversation):
    at_work(agent)
    mine, waiting = make_conversation(assignee=agent), make_conversation(assignee=agent, status="waiting")
    made = end(agent, note=" Let op: bellen ")
    assert owners(mine, waiting) == [None, agent]
    assert (made.of, made.to, made.note) == (agent, None, "Let op: bellen")
    agent.refresh_from_db()
    assert (agent.availability, agent.shift_rule) == ("off", "department")
    told = list(AuditEntry.objects.order_by("pk").values_list("verb", "conversation", "data"))
    assert told == [
        (
            "shift_ended",
            None,
            {"of": agent.pk, "rule": "department", "to": None, "handover": made.pk, "forgotten": False},
        ),
        ("handed_over", mine.pk, {"from": agent.pk, "to": None, "changes": {"assignee": [agent.pk, None]}}),
    ]


def test_to_a_colleague_in_due_order_as_far_as_there_is_room(agent, colleague, burgerzaken, make_conversation):
    at_work(agent, colleague)
    colleague.most_open = 2
    colleague.save()
    make_conversation(assignee=colleague)
    later = make_conversation(assignee=agent, rank_at=MONDAY_10 + timedelta(hours=3))
    first = make_conversation(assignee=agent, rank_at=MONDAY_10 + timedelta(hours=1))
    elsewhere = make_conversation(assignee=agent, department=burgerzaken, rank_at=MONDAY_10)
    end(agent, rule="colleague", to=colleague)
    assert owners(first, later, elsewhere) == [colleague, None, None]


def test_they_may_stay(agent, make_conversation):
    mine = make_conversation(assignee=agent)
    end(agent, rule="keep")
    assert owners(mine) == [agent]
    User.objects.update(availability_at=MONDAY_10 - timedelta(days=9))
    assert pass_on_stuck() == 0


def test_not_to_who_is_not_there(agent, colleague, viewer, make_conversation):
    make_conversation(assignee=agent)
    end(colleague)
    for other in (colleague, viewer, agent):
        assert refused(agent, rule="colleague", to=other) == "cannot_receive"
    assert refused(agent, rule="colleague") == "no_choice"
    assert refused(agent, rule="somewhere") == "no_choice"
    assert refused(agent, note="x" * 2001) == "too_long"


def test_by_a_lead_of_the_department_only(agent, colleague, lead, outsider, expert, make_conversation):
    mine = make_conversation(assignee=agent)
    assert refused(agent, by=colleague) == "not_allowed"
    for other in (outsider, expert):
        with pytest.raises(NotVisible):
            end(agent, by=other)
    end(agent, by=lead)
    assert owners(mine) == [None]


def test_a_lead_moves_only_what_lies_with_their_departments(agent, lead, outsider, make_conversation):
    sport = outsider.departments.get()
    elsewhere = make_conversation(assignee=agent, department=sport)
    end(agent, by=lead)
    assert owners(elsewhere) == [agent]


def test_the_same_form_counts_once(agent, colleague, make_conversation):
    submission = uuid4()
    first = end(agent, submission=submission)
    mine = make_conversation(assignee=agent)
    assert end(agent, submission=submission) == first
    assert owners(mine) == [agent]
    with pytest.raises(NotVisible):
        end(colleague, submission=submission)


def test_undone_all_but_what_was_touched_since(agent, colleague, make_conversation):
    at_work(agent)
    one, other = make_conversation(assignee=agent), make_conversation(assignee=agent)
    made = end(agent)
    claim.claim(other.pk, by=colleague)
    end_shift.undo(made.pk, by=agent)
    assert owners(one, other) == [agent, colleague]
    agent.refresh_from_db()
    assert agent.availability == "available"
    made.change.refresh_from_db()
    assert made.change.undone_at is not None
    with pytest.raises(NotVisible):
        end_shift.undo(made.pk, by=colleague)


def test_undone_late_leaves_a_status_that_was_said_since(agent, make_conversation):
    at_work(agent)
    make_conversation(assignee=agent)
    made = end(agent)
    available.say(agent, by=agent, availability="away")
    end_shift.undo(made.pk, by=agent)
    agent.refresh_from_db()
    assert agent.availability == "away"


@pytest.mark.django_db(transaction=True)
def test_while_a_colleague_takes_over_each_goes_one_way(agent, colleague, make_conversation):
    at_work(agent)
    made = [make_conversation(assignee=agent) for _ in range(8)]
    deeds = [partial(claim.take_over, each.pk, by=colleague, expected_assignee_id=agent.pk) for each in made]
    outcomes = codes(together(partial(end, agent), *deeds))
    assert outcomes[0] == "ok"
    taken = [outcome == "ok" for outcome in outcomes[1:]]
    assert owners(*made) == [colleague if each else None for each in taken]
    assert many.BulkItem.objects.count() == taken.count(False)


class TestLater:
    def test_what_came_back_is_swept_but_not_at_once(self, agent, make_conversation):
        end(agent)
        stuck = make_conversation(assignee=agent)
        assert pass_on_stuck() == 0
        User.objects.update(availability_at=MONDAY_10 - timedelta(days=9))
        assert pass_on_stuck() == 1
        assert owners(stuck) == [None]
        entry = AuditEntry.objects.get(conversation=stuck)
        assert (entry.verb, entry.actor) == ("handed_over", None)

    def test_by_the_kept_rule_to_the_named_colleague(self, agent, colleague, make_conversation):
        at_work(colleague)
        end(agent, rule="colleague", to=colleague)
        stuck = make_conversation(assignee=agent)
        rest = pass_on.rests([agent.pk])[agent.pk]
        assert pass_on.pass_on(stuck.pk, rest, by=None) == colleague.pk
        end(colleague)
        other = make_conversation(assignee=agent)
        rest = pass_on.rests([agent.pk])[agent.pk]
        assert pass_on.pass_on(other.pk, rest, by=None) is None

    def test_nothing_is_known_of_who_is_there(self, agent, colleague):
        at_work(agent)
        assert pass_on.rests([agent.pk, colleague.pk]) == {}

    def test_who_left_for_good_holds_nothing(self, agent):
        agent.is_active = False
        agent.save()
        assert pass_on.rests([agent.pk])[agent.pk].place(1) is None


class TestForgotten:
    @pytest.fixture
    def evening(self, standing_clock):
        standing_clock.forward(hours=9)  # 19:30; all closed at 17:00
        return standing_clock

    def test_goes_by_their_own_rule_and_can_be_undone(self, agent, make_conversation, evening):
        at_work(agent)
        mine = make_conversation(assignee=agent)
        assert end_forgotten_shifts() == 1
        assert owners(mine) == [None]
        entry = AuditEntry.objects.get(verb="shift_ended")
        assert (entry.actor, entry.data["forgotten"]) == (None, True)
        end_shift.undo(Handover.objects.get().pk, by=agent)
        assert owners(mine) == [agent]

    def test_not_who_did_something_a_short_time_ago(self, agent, make_conversation, evening):
        at_work(agent)
        claim.claim(make_conversation().pk, by=agent)
        assert end_forgotten_shifts() == 0

    def test_not_who_is_off_already_or_never_said(self, agent, accounts, evening):
        assert end_forgotten_shifts() == 0
        end(agent)
        assert end_forgotten_shifts() == 0


class TestAssign:
    def test_not_to_who_is_done_for_today(self, agent, colleague, make_conversation):
        end(colleague)
        colleague.refresh_from_db()
        with pytest.raises(Refused) as caught:
            assign.assign(make_conversation().pk, by=agent, to=colleague)
        assert caught.value.code == "colleague_off"

    def test_beyond_the_cap_by_a_lead_only(self, agent, colleague, lead, make_conversation):
        colleague.most_open = 1
        colleague.save()
        held, more = make_conversation(assignee=colleague), make_conversation()
        for by, anyway in ((agent, False), (agent, True), (lead, False)):
            with pytest.raises(Refused) as caught:
                assign.assign(more.pk, by=by, to=colleague, anyway=anyway)
            assert caught.value.code == "at_cap"
            assert caught.value.data == {"colleague": colleague.pk, "may_anyway": by == lead}
        assert assign.assign(held.pk, by=lead, to=colleague).assignee == colleague
        assert assign.assign(more.pk, by=lead, to=colleague, anyway=True).assignee == colleague

    def test_to_oneself_beyond_it_is_ones_own_affair(self, agent, make_conversation):
        agent.most_open = 0
        agent.save()
        assert assign.assign(make_conversation().pk, by=agent, to=agent).assignee == agent


class TestSaying:
    def test_of_oneself_and_once(self, agent):
        for _ in range(2):
            available.say(agent, by=agent, availability="away")
        entry = AuditEntry.objects.get()
        assert (entry.verb, entry.actor, entry.data) == ("availability", agent, {"of": agent.pk, "to": "away"})

    def test_of_a_colleague_by_their_lead(self, agent, colleague, lead, outsider):
        available.say(agent, by=lead, availability="available")
        with pytest.raises(Refused) as caught:
            available.say(agent, by=colleague, availability="away")
        assert caught.value.code == "not_allowed"
        with pytest.raises(NotVisible):
            available.say(agent, by=outsider, availability="away")
        with pytest.raises(Refused):
            available.say(agent, by=agent, availability="off")

    def test_claiming_says_it(self, agent, make_conversation):
        end(agent)
        agent.refresh_from_db()
        claim.claim(make_conversation().pk, by=agent)
        agent.refresh_from_db()
        assert agent.availability == "available"

    def test_logging_in_says_it_but_not_of_who_only_reads(self, client, agent, viewer):
        for user in (agent, viewer):
            client.force_login(user)
            user.refresh_from_db()
        assert (agent.availability, viewer.availability) == ("available", "")
        assert AuditEntry.objects.count() == 0
