"""The one way to change: saved, written down and told, or none of the three."""

import json

import pytest

from inbox import live
from inbox.actions.changing import changing
from inbox.actions.refused import NotVisible
from inbox.models import AuditEntry, Conversation


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What went onto the wire."""
    events: list[dict] = []

    class Wire:
        def publish(self, channel: str, event: str) -> None:
            assert channel == live.CHANNEL
            events.append(json.loads(event))

    monkeypatch.setattr(live, "wire", Wire)
    return events


def test_all_three(agent, colleague, burgerzaken, webcare, make_conversation, told, django_capture_on_commit_callbacks):
    conversation = make_conversation(assignee=colleague)
    with django_capture_on_commit_callbacks(execute=True):
        with changing(conversation.pk, "routed", by=agent, to=burgerzaken.pk) as locked:
            locked.department, locked.assignee = burgerzaken, None
        assert told == []  # not before the commit
    conversation.refresh_from_db()
    assert (conversation.department, conversation.version) == (burgerzaken, 2)
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor) == ("routed", agent)
    assert entry.data == {
        "to": burgerzaken.pk,
        "changes": {"department": [webcare.pk, burgerzaken.pk], "assignee": [colleague.pk, None]},
    }
    assert told == [
        {
            "conversation": conversation.pk,
            "departments": sorted([webcare.pk, burgerzaken.pk]),
            "people": [colleague.pk],
            "what": "routed",
        }
    ]


def test_none_of_the_three(agent, make_conversation, told, django_capture_on_commit_callbacks):
    conversation = make_conversation()

    def fail_halfway() -> None:
        with changing(conversation.pk, "claimed", by=agent) as locked:
            locked.assignee = agent
            raise ZeroDivisionError

    with django_capture_on_commit_callbacks(execute=True) as callbacks, pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert (callbacks, told) == ([], [])
    conversation.refresh_from_db()
    assert (conversation.assignee, conversation.version, AuditEntry.objects.count()) == (None, 1, 0)


def test_not_for_who_may_not_see(outsider, make_conversation):
    conversation = make_conversation()
    for pk in (conversation.pk, conversation.pk + 99):
        with pytest.raises(NotVisible), changing(pk, "claimed", by=outsider):
            pytest.fail("it was given")


def test_webcare_itself_may(make_conversation):
    conversation = make_conversation()
    with changing(conversation.pk, "woken", by=None) as locked:
        locked.sensitive = True
    assert AuditEntry.objects.get().actor is None
    assert Conversation.objects.get(pk=conversation.pk).sensitive is True


def test_a_dead_redis_costs_nothing_but_the_nudge(
    agent, make_conversation, settings, django_capture_on_commit_callbacks
):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    live.wire.cache_clear()
    conversation = make_conversation()
    try:
        with django_capture_on_commit_callbacks(execute=True), changing(conversation.pk, "claimed", by=agent) as locked:
            locked.assignee = agent
    finally:
        live.wire.cache_clear()
    conversation.refresh_from_db()
    assert conversation.assignee == agent
