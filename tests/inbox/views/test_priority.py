"""Priority on the page: set in the head, shown in the row when it is not normal, and which target counts for it."""

import pytest
from django.test import Client

from inbox.actions import clocks, label
from inbox.actions.changing import changing
from inbox.models import AnswerTarget, Conversation, Topic
from inbox.views import listed, rows
from tests.conftest import MONDAY_10
from tests.inbox.views.test_lists import browser


@pytest.fixture
def running(make_conversation, standing_clock, whatsapp) -> Conversation:
    """Asked at 10:00; it is 10:30; urgent is within an hour."""
    AnswerTarget.objects.create(
        settings=whatsapp.inbox_settings, priority=2, first_answer_minutes=60, next_answer_minutes=60
    )
    made = make_conversation()
    with changing(made.pk, "received", by=None) as locked:
        clocks.start(locked, MONDAY_10)
    return made


def row_of(user, conversation) -> rows.Row:
    return rows.make(listed.by_id(user, [conversation.pk]), user, prefix="/")[0]


def test_row_says_it_when_not_normal_and_explains_the_target(agent, running):
    assert (row_of(agent, running).haste, row_of(agent, running).timer.words) == ("", "nog 1 u 30")
    browser(agent).post(f"/conversations/{running.pk}/priority/", {"priority": "2"})
    shown = row_of(agent, running)
    assert (shown.haste, shown.timer.words) == ("dringend", "nog 30 min")
    assert shown.timer.why.endswith(" Doel 60 minuten: kanaal Gemeente Waterkant, prioriteit dringend.")
    assert "dringend</span>" in rows.draw([shown])


def test_own_target_of_the_account_needs_no_explanation(agent, running):
    assert "Doel" not in row_of(agent, running).timer.why


def test_topic_of_the_row_is_named(agent, running, whatsapp):
    topic = Topic.objects.create(name="Gladheid")
    AnswerTarget.objects.create(
        settings=whatsapp.inbox_settings, public=False, topic=topic, first_answer_minutes=90, next_answer_minutes=90
    )
    label.set_topic(running.pk, by=agent, topic=topic)
    why = row_of(agent, running).timer.why
    assert why.endswith(" Doel 90 minuten: kanaal Gemeente Waterkant, privé, onderwerp Gladheid.")


def test_panel_shows_the_times_that_count(agent, running):
    client = browser(agent)
    client.post(f"/conversations/{running.pk}/priority/", {"priority": "2"})
    agreed = client.get(f"/conversations/{running.pk}/", follow=True).context["pane"]["citizen"].agreed
    assert (agreed.first, agreed.next, agreed.which) == ("1 u", "1 u", "prioriteit dringend")


@pytest.mark.parametrize("given", ["3", "", "veel", "-1", "²"])
def test_strange_priority_changes_nothing(agent, running, given):
    browser(agent).post(f"/conversations/{running.pk}/priority/", {"priority": given})
    assert Conversation.objects.get().priority == 0


@pytest.mark.parametrize(("who", "status"), [("viewer", 0), ("outsider", 0)])
def test_not_for_who_only_reads_or_does_not_see(who, status, request, running):
    client: Client = browser(request.getfixturevalue(who))
    client.post(f"/conversations/{running.pk}/priority/", {"priority": "2"})
    assert Conversation.objects.get().priority == status


def test_head_says_it_also_to_who_may_only_read(viewer, make_conversation):
    made = make_conversation(priority=1)
    html = browser(viewer).get(f"/conversations/{made.pk}/", follow=True).content.decode()
    assert 'class="haste"' in html.split('id="heading"')[1]
