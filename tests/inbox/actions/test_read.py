"""Gelezen: per colleague, also a viewer; no change of the conversation."""

from functools import partial

import pytest

from inbox.actions import read
from inbox.actions.refused import NotVisible
from inbox.models import AuditEntry, Conversation, ReadMarker
from tests.inbox.actions.together import codes, together


def test_moves_to_what_is_there(agent, viewer, make_conversation):
    conversation = make_conversation()
    read.mark_read(conversation.pk, by=agent)
    Conversation.objects.filter(pk=conversation.pk).update(inbound_count=3)
    read.mark_read(conversation.pk, by=agent)
    read.mark_read(conversation.pk, by=viewer)
    assert sorted(ReadMarker.objects.values_list("user", "seen")) == sorted([(agent.pk, 3), (viewer.pk, 3)])
    conversation.refresh_from_db()
    assert (conversation.version, AuditEntry.objects.count()) == (1, 0)


def test_not_what_one_may_not_see(outsider, make_conversation):
    with pytest.raises(NotVisible):
        read.mark_read(make_conversation().pk, by=outsider)
    assert ReadMarker.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_in_two_tabs_at_once(agent, make_conversation):
    conversation = make_conversation()
    assert codes(together(*[partial(read.mark_read, conversation.pk, by=agent)] * 5)) == ["ok"] * 5
    assert ReadMarker.objects.get().seen == 1
