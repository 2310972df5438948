"""How much haste: set by hand or by a rule, and the clock follows from where it began."""

from datetime import timedelta

import pytest

from inbox.actions import clocks, label, wait
from inbox.actions.changing import changing
from inbox.actions.prioritise import set_priority
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AnswerTarget, AuditEntry, Clock, Conversation, Priority, Topic
from tests.conftest import MONDAY_10
from tests.inbox.actions.together import codes, together


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.fixture
def urgent(whatsapp) -> AnswerTarget:
    """Within an hour what is urgent, within half an hour the next answer."""
    settings = whatsapp.inbox_settings
    return AnswerTarget.objects.create(
        settings=settings, priority=Priority.URGENT, first_answer_minutes=60, next_answer_minutes=30
    )


@pytest.fixture
def running(make_conversation, standing_clock) -> Conversation:
    """Asked on Monday 10:00; it is 10:30; due at 12:00."""
    made = make_conversation()
    with changing(made.pk, "received", by=None) as locked:
        clocks.start(locked, MONDAY_10)
    return Conversation.objects.get(pk=made.pk)


def test_priority_is_set_and_written_down(agent, make_conversation):
    made = make_conversation()
    assert set_priority(made.pk, by=agent, priority=Priority.HIGH).priority == 1
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor, entry.data) == ("set_priority", agent, {"changes": {"priority": [0, 1]}})


def test_a_rule_sets_it_wherever_it_lies(make_conversation):
    made = make_conversation()
    set_priority(made.pk, by=None, priority=Priority.URGENT)
    assert (Conversation.objects.get().priority, AuditEntry.objects.get().actor) == (2, None)


def test_the_same_again_changes_nothing(agent, make_conversation):
    made = make_conversation(priority=2)
    assert (set_priority(made.pk, by=agent, priority=2).version, AuditEntry.objects.count()) == (1, 0)


def test_refusals(agent, viewer, outsider, make_conversation):
    made = make_conversation()
    for who, priority, code in ((agent, 3, "no_choice"), (agent, -1, "no_choice"), (viewer, 1, "not_allowed")):
        with pytest.raises(Refused) as caught:
            set_priority(made.pk, by=who, priority=priority)
        assert caught.value.code == code
    with pytest.raises(NotVisible):
        set_priority(made.pk, by=outsider, priority=1)


def test_clock_gets_the_target_of_the_new_priority_from_its_own_start(agent, running, urgent):
    set_priority(running.pk, by=agent, priority=Priority.URGENT)
    clock, shown = Clock.objects.get(), Conversation.objects.get()
    due, warn = MONDAY_10 + minutes(60), MONDAY_10 + minutes(48)
    assert (clock.started_at, clock.target_minutes, clock.due_at, clock.warn_at) == (MONDAY_10, 60, due, warn)
    assert (shown.clock_started_at, shown.due_at, shown.rank_at, shown.warn_at) == (MONDAY_10, due, due, warn)


def test_back_to_normal_gives_the_time_it_had(agent, running, urgent):
    for priority in (Priority.URGENT, Priority.NORMAL):
        set_priority(running.pk, by=agent, priority=priority)
    assert (Clock.objects.get().due_at, Conversation.objects.get().due_at) == (running.due_at, running.due_at)


def test_told_again_when_what_was_late_no_longer_is(agent, running, urgent, standing_clock):
    set_priority(running.pk, by=agent, priority=Priority.URGENT)
    standing_clock.forward(minutes=60)  # 11:30, half an hour late
    Clock.objects.update(warned_at=standing_clock(), late_told_at=standing_clock())
    set_priority(running.pk, by=agent, priority=Priority.NORMAL)
    clock = Clock.objects.get()
    assert (clock.due_at, clock.late_told_at, clock.warned_at) == (MONDAY_10 + minutes(120), None, None)


def test_topic_has_a_target_too_and_priority_goes_before_it(agent, running, urgent, whatsapp):
    topic = Topic.objects.create(name="Gladheid")
    AnswerTarget.objects.create(
        settings=whatsapp.inbox_settings, topic=topic, first_answer_minutes=90, next_answer_minutes=90
    )
    label.set_topic(running.pk, by=agent, topic=topic)
    assert Conversation.objects.get().due_at == MONDAY_10 + minutes(90)
    set_priority(running.pk, by=agent, priority=Priority.URGENT)
    assert Conversation.objects.get().due_at == MONDAY_10 + minutes(60)
    label.set_topic(running.pk, by=agent, topic=None)
    assert Conversation.objects.get().due_at == MONDAY_10 + minutes(60)


def test_clock_that_stood_still_keeps_the_citizens_turn(agent, running, urgent, standing_clock):
    wait.wait(running.pk, by=agent)  # 10:30, 90 minutes left
    set_priority(running.pk, by=agent, priority=Priority.URGENT)  # 30 left
    assert (Conversation.objects.get().due_at, Clock.objects.get().remaining_minutes) == (None, 30)
    standing_clock.forward(hours=2)  # 12:30
    wait.resume(running.pk, by=agent)
    assert Conversation.objects.get().due_at == MONDAY_10 + minutes(180)  # 13:00
    set_priority(running.pk, by=agent, priority=Priority.NORMAL)
    assert Conversation.objects.get().due_at == MONDAY_10 + minutes(240)  # as if it had never been urgent
    set_priority(running.pk, by=agent, priority=Priority.URGENT)
    assert Conversation.objects.get().due_at == MONDAY_10 + minutes(180)


def test_shorter_than_what_is_over_means_late_from_where_it_went_on(agent, running, whatsapp, standing_clock):
    AnswerTarget.objects.create(
        settings=whatsapp.inbox_settings, priority=2, first_answer_minutes=10, next_answer_minutes=10
    )
    wait.wait(running.pk, by=agent)
    wait.resume(running.pk, by=agent)  # 90 of 120 left
    set_priority(running.pk, by=agent, priority=2)
    assert Conversation.objects.get().due_at == MONDAY_10 + minutes(30)
    set_priority(running.pk, by=agent, priority=0)
    assert Conversation.objects.get().due_at == MONDAY_10 + minutes(120)


def test_without_a_clock_none_starts(agent, make_conversation, urgent):
    made = make_conversation(status="closed", result="answered", closed_at=MONDAY_10)
    set_priority(made.pk, by=agent, priority=2)
    assert (Clock.objects.count(), Conversation.objects.get().due_at) == (0, None)


@pytest.mark.django_db(transaction=True)
def test_topic_and_priority_at_the_same_moment_leave_the_right_target(agent, running, urgent, whatsapp):
    topic = Topic.objects.create(name="Gladheid")
    AnswerTarget.objects.create(
        settings=whatsapp.inbox_settings, topic=topic, priority=2, first_answer_minutes=45, next_answer_minutes=45
    )
    outcomes = together(
        lambda: label.set_topic(running.pk, by=agent, topic=topic),
        lambda: set_priority(running.pk, by=agent, priority=2),
    )
    assert codes(outcomes) == ["ok", "ok"]
    assert (Clock.objects.get().target_minutes, Conversation.objects.get().due_at) == (45, MONDAY_10 + minutes(45))
