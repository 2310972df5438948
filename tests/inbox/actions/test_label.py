"""What a conversation is about and how the citizen sounds: set by hand, written down, once."""

import pytest

from inbox.actions import label
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Topic


def refused(deed, *arguments, **named) -> str:
    with pytest.raises(Refused) as caught:
        deed(*arguments, **named)
    return caught.value.code


@pytest.fixture
def waste(db) -> Topic:
    return Topic.objects.create(name="Afval")


def test_topic_is_set_and_written_down(agent, make_conversation, waste):
    conversation = make_conversation()
    assert label.set_topic(conversation.pk, by=agent, topic=waste).topic == waste
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.data) == (
        "set_topic",
        {"to": waste.pk, "to_name": "Afval", "changes": {"topic": [None, waste.pk]}},
    )


def test_the_same_again_changes_nothing(agent, make_conversation, waste):
    conversation = make_conversation(topic=waste, sentiment="negative")
    assert label.set_topic(conversation.pk, by=agent, topic=waste).version == 1
    assert label.set_sentiment(conversation.pk, by=agent, sentiment="negative").version == 1
    assert AuditEntry.objects.count() == 0


def test_taken_away_again_and_also_when_closed(agent, make_conversation, waste):
    closed = make_conversation(status="closed", result="spam", closed_at="2026-11-23T10:00Z", topic=waste)
    assert label.set_topic(closed.pk, by=agent, topic=None).topic is None
    assert label.set_sentiment(closed.pk, by=agent, sentiment="positive").sentiment == "positive"
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True)) == ["set_topic", "set_sentiment"]


def test_refusals(agent, viewer, outsider, make_conversation, waste):
    conversation = make_conversation()
    old = Topic.objects.create(name="Carnaval 2019", active=False)
    assert refused(label.set_topic, conversation.pk, by=agent, topic=old) == "topic_not_in_use"
    assert refused(label.set_topic, conversation.pk, by=viewer, topic=waste) == "not_allowed"
    assert refused(label.set_sentiment, conversation.pk, by=viewer, sentiment="neutral") == "not_allowed"
    assert refused(label.set_sentiment, conversation.pk, by=agent, sentiment="boos") == "no_choice"
    with pytest.raises(NotVisible):
        label.set_topic(conversation.pk, by=outsider, topic=waste)


def test_kind_of_contact_is_corrected_by_hand_and_written_down(agent, viewer, make_conversation):
    conversation = make_conversation(contact_kind="question")
    assert label.set_contact_kind(conversation.pk, by=agent, contact_kind="report").contact_kind == "report"
    assert label.set_contact_kind(conversation.pk, by=agent, contact_kind="report").version == 2
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.data) == ("set_contact_kind", {"changes": {"contact_kind": ["question", "report"]}})
    assert label.set_contact_kind(conversation.pk, by=agent, contact_kind="").contact_kind == ""
    assert refused(label.set_contact_kind, conversation.pk, by=agent, contact_kind="zucht") == "no_choice"
    assert refused(label.set_contact_kind, conversation.pk, by=viewer, contact_kind="idea") == "not_allowed"
