"""Told once for each clock that it is almost late, and once that it is late."""

import pytest

from inbox import lateness
from inbox.actions import wait
from inbox.models import Clock, Conversation, Notice
from tests.inbox.actions.together import together


def told() -> list[tuple[str, str]]:
    return sorted(Notice.objects.values_list("kind", "user__username"))


def test_holder_at_four_fifths_of_office_time_and_the_lead_when_it_is_late(asked, agent, lead, standing_clock):
    Conversation.objects.update(assignee=agent)
    # Asked on Monday 10:00 with 120 minutes to answer: orange from 11:36, late at 12:00.
    standing_clock.forward(minutes=65)
    assert (lateness.tell_due(), told()) == (0, [])
    standing_clock.forward(minutes=1)
    assert (lateness.tell_due(), told()) == (1, [("almost_late", "fatima")])
    assert lateness.tell_due() == 0
    standing_clock.forward(minutes=24)
    assert lateness.tell_due() == 1
    assert told() == [("almost_late", "fatima"), ("late", "fatima"), ("late", "ingrid")]
    assert lateness.tell_due() == 0


def test_nobodys_is_told_to_the_lead(asked, agent, lead, standing_clock):
    standing_clock.forward(minutes=70)
    lateness.tell_due()
    assert told() == [("almost_late", "ingrid")]


def test_not_while_the_clock_stands_still_and_not_again_when_it_goes_on(asked, agent, lead, standing_clock):
    standing_clock.forward(minutes=70)
    lateness.tell_due()
    Notice.objects.all().delete()
    wait.wait(asked.pk, by=agent)
    standing_clock.forward(hours=3)
    assert lateness.tell_due() == 0
    wait.resume(asked.pk, by=agent)
    standing_clock.forward(minutes=15)
    assert (lateness.tell_due(), told()) == (0, [])


def test_late_at_the_first_look_is_told_as_late_alone(asked, lead, standing_clock):
    standing_clock.forward(hours=4)
    assert (lateness.tell_due(), told()) == (1, [("late", "ingrid")])


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_of_it_once(asked, lead, standing_clock):
    standing_clock.forward(minutes=70)
    assert sorted(together(lateness.tell_due, lateness.tell_due)) == [0, 1]
    assert told() == [("almost_late", "ingrid")]
    assert Clock.objects.get().warned_at == standing_clock()
