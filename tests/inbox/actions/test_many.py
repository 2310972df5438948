"""One deed on many: each with its own refusal, undone exactly, and never over what a colleague did meanwhile."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from inbox.actions import assign, claim, clocks, close, many, read, route
from inbox.actions.changing import changing
from inbox.actions.refused import NotVisible
from inbox.models import AuditEntry, BulkChange, BulkItem, Clock, Conversation, ReadMarker, Topic
from tests.conftest import MONDAY_10
from tests.inbox.actions.together import codes, together

STATE = (
    "assignee_id",
    "department_id",
    "status",
    "result",
    "topic_id",
    "closed_at",
    "snoozed_until",
    "due_at",
    "rank_at",
)


def states(*conversations) -> list[tuple]:
    ids = [conversation.pk for conversation in conversations]
    return list(Conversation.objects.filter(pk__in=ids).order_by("pk").values_list("pk", *STATE))


def outcomes(change: BulkChange) -> dict[int, bool]:
    return dict(change.items.values_list("conversation_id", "done"))


@pytest.fixture
def clocked(make_conversation, standing_clock):
    """Two whose clock runs."""
    made = [make_conversation(), make_conversation()]
    for conversation in made:
        with changing(conversation.pk, "received", by=None) as found:
            clocks.start(found, MONDAY_10)
    return made


def test_each_is_done_or_refused_for_itself(agent, colleague, make_conversation):
    free, theirs = make_conversation(), make_conversation(assignee=colleague)
    closed = make_conversation(status="closed", result="spam", closed_at=MONDAY_10)
    change = many.do("claim", [free.pk, theirs.pk, closed.pk, free.pk], by=agent, submission=uuid4())
    assert outcomes(change) == {free.pk: True, theirs.pk: False, closed.pk: False}
    assert [item.reason for item in change.items.filter(done=False).order_by("pk")] == [
        "Joris Smit heeft dit gesprek opgepakt. Je kunt het overnemen.",
        "Joris Smit heeft dit gesprek opgepakt. Je kunt het overnemen."
        if closed.assignee
        else "Dit gesprek is afgesloten. Heropen het eerst.",
    ]
    entry = AuditEntry.objects.get(verb="many_changed")
    assert (entry.actor, entry.data) == (agent, {"change": change.pk, "deed": "claim", "done": 1, "refused": 2})


def test_what_is_not_theirs_to_see_is_not_touched_nor_told(agent, burgerzaken, make_conversation):
    elsewhere = make_conversation(department=burgerzaken)
    change = many.do("close", [elsewhere.pk, 999_999], by=agent, submission=uuid4(), choice="spam")
    assert (outcomes(change), change.data) == ({}, {"choice": "spam", "unseen": 2})
    assert Conversation.objects.get(pk=elsewhere.pk).version == 1


@pytest.mark.parametrize("verb", ["claim", "assign", "route", "close", "snooze", "topic"])
def test_undo_puts_back_exactly_what_was(verb, clocked, agent, colleague, burgerzaken, standing_clock):
    choice = {
        "assign": colleague,
        "route": burgerzaken,
        "close": "answered",
        "snooze": MONDAY_10 + timedelta(days=1),
        "topic": Topic.objects.create(name="Afval"),
    }.get(verb)
    before = states(*clocked)
    change = many.do(verb, [found.pk for found in clocked], by=agent, submission=uuid4(), choice=choice)
    assert set(outcomes(change).values()) == {True}
    assert [a[1:] != b[1:] for a, b in zip(before, states(*clocked), strict=True)] == [True, True]
    standing_clock.forward(minutes=5)
    many.undo(change.pk, by=agent)
    assert states(*clocked) == before
    assert list(change.items.values_list("undone", flat=True)) == [True, True]
    assert Clock.objects.filter(stopped_at=None).count() == 2
    verbs = list(AuditEntry.objects.filter(conversation=clocked[0]).order_by("pk").values_list("verb", flat=True))
    assert verbs[-1] == "undone"


def test_read_is_undone_to_what_was_read(agent, make_conversation):
    new, half = make_conversation(inbound_count=3), make_conversation(inbound_count=3)
    ReadMarker.objects.create(user=agent, conversation=half, seen=1)
    change = many.do("read", [new.pk, half.pk], by=agent, submission=uuid4())
    assert list(ReadMarker.objects.order_by("conversation").values_list("seen", flat=True)) == [3, 3]
    many.undo(change.pk, by=agent)
    assert list(ReadMarker.objects.values_list("conversation", "seen")) == [(half.pk, 1)]


def test_read_on_since_stays_read(agent, make_conversation):
    conversation = make_conversation(inbound_count=3)
    change = many.do("read", [conversation.pk], by=agent, submission=uuid4())
    Conversation.objects.update(inbound_count=4)
    read.mark_read(conversation.pk, by=agent)
    many.undo(change.pk, by=agent)
    assert change.items.get().undone is False
    assert ReadMarker.objects.get().seen == 4


def test_what_changed_since_stays_and_says_so(agent, colleague, make_conversation):
    first, second = make_conversation(), make_conversation()
    change = many.do("claim", [first.pk, second.pk], by=agent, submission=uuid4())
    claim.take_over(second.pk, by=colleague, expected_assignee_id=agent.pk)
    many.undo(change.pk, by=agent)
    assert dict(change.items.values_list("conversation_id", "undone")) == {first.pk: True, second.pk: False}
    assert change.items.get(undone=False).reason == (
        "Er is sindsdien iets gebeurd in dit gesprek. Het blijft zoals het nu is."
    )
    assert Conversation.objects.get(pk=second.pk).assignee == colleague


def test_a_newer_conversation_keeps_the_old_one_closed(agent, make_conversation):
    old = make_conversation()
    change = many.do("close", [old.pk], by=agent, submission=uuid4(), choice="answered")
    make_conversation(identity=old.identity, thread_id=old.thread_id)
    many.undo(change.pk, by=agent)
    assert (change.items.get().undone, Conversation.objects.get(pk=old.pk).status) == (False, "closed")


def test_what_was_so_already_needs_no_undo(agent, make_conversation):
    mine = make_conversation(assignee=agent)
    change = many.do("claim", [mine.pk], by=agent, submission=uuid4())
    many.undo(change.pk, by=agent)
    mine.refresh_from_db()
    assert (mine.assignee, mine.version, change.items.get().undone) == (agent, 1, True)


def test_the_same_form_again_does_nothing_more(agent, make_conversation):
    conversation, submission = make_conversation(), uuid4()
    first = many.do("claim", [conversation.pk], by=agent, submission=submission)
    claim.release(conversation.pk, by=agent)
    assert many.do("claim", [conversation.pk], by=agent, submission=submission).pk == first.pk
    assert Conversation.objects.get().assignee is None


def test_another_colleague_neither_sees_nor_undoes_it(agent, colleague, make_conversation):
    submission = uuid4()
    change = many.do("claim", [make_conversation().pk], by=agent, submission=submission)
    with pytest.raises(NotVisible):
        many.undo(change.pk, by=colleague)
    with pytest.raises(NotVisible):
        many.do("claim", [], by=colleague, submission=submission)
    assert BulkChange.objects.get().undone_at is None


def test_no_more_than_the_most(agent, make_conversation, monkeypatch):
    monkeypatch.setattr(many, "MOST", 2)
    ids = [make_conversation().pk for _ in range(3)]
    assert len(outcomes(many.do("claim", ids, by=agent, submission=uuid4()))) == 2


def test_one_who_became_a_reader_undoes_nothing(agent, make_conversation):
    change = many.do("claim", [make_conversation().pk], by=agent, submission=uuid4())
    agent.role = "viewer"
    agent.save()
    many.undo(change.pk, by=agent)
    assert change.items.get().undone is False


@pytest.mark.django_db(transaction=True)
def test_many_against_colleagues_at_the_same_moment(agent, colleague, make_conversation):
    """Both claim all of them at once, from both ends: each goes to one, and each is told what became of it."""
    ids = [make_conversation().pk for _ in range(6)]
    mine, theirs = together(
        partial(many.do, "claim", ids, by=agent, submission=uuid4()),
        partial(many.do, "claim", ids[::-1], by=colleague, submission=uuid4()),
    )
    assert codes([mine, theirs]) == ["ok", "ok"]
    held = dict(Conversation.objects.values_list("pk", "assignee"))
    assert {pk for pk, done in outcomes(mine).items() if done} == {pk for pk, who in held.items() if who == agent.pk}
    assert {pk for pk, done in outcomes(theirs).items() if done} == {
        pk for pk, who in held.items() if who == colleague.pk
    }
    assert set(held.values()) <= {agent.pk, colleague.pk}


@pytest.mark.django_db(transaction=True)
def test_undo_against_a_colleague_at_the_same_moment(agent, lead, make_conversation):
    """Either the undo was first and the lead closed what nobody has, or the close was first and it stays closed."""
    ids = [make_conversation().pk for _ in range(5)]
    change = many.do("claim", ids, by=agent, submission=uuid4())

    def close_all() -> None:
        for pk in ids:
            close.close(pk, by=lead, result="answered")

    assert codes(together(partial(many.undo, change.pk, by=agent), close_all)) == ["ok", "ok"]
    assert set(Conversation.objects.values_list("status", flat=True)) == {"closed"}
    for item in change.items.select_related("conversation"):
        assert (item.conversation.assignee_id is None) == item.undone


@pytest.mark.django_db(transaction=True)
def test_undone_twice_at_once_is_undone_once(agent, make_conversation):
    ids = [make_conversation().pk for _ in range(4)]
    change = many.do("claim", ids, by=agent, submission=uuid4())
    assert codes(together(*[partial(many.undo, change.pk, by=agent)] * 3)) == ["ok"] * 3
    assert AuditEntry.objects.filter(verb="undone").count() == 4
    assert set(BulkItem.objects.values_list("undone", flat=True)) == {True}


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_twice_at_once_is_done_once(agent, make_conversation):
    ids = [make_conversation().pk for _ in range(4)]
    deed = partial(many.do, "claim", ids, by=agent, submission=uuid4())
    assert codes(together(deed, deed, deed)) == ["ok"] * 3
    assert (BulkChange.objects.count(), BulkItem.objects.count()) == (1, 4)


@pytest.mark.django_db(transaction=True)
def test_routed_away_is_put_back_unless_they_took_it_there(agent, expert, burgerzaken, webcare, make_conversation):
    kept, taken = make_conversation(), make_conversation()
    change = many.do("route", [kept.pk, taken.pk], by=agent, submission=uuid4(), choice=burgerzaken)
    assign.assign(taken.pk, by=expert, to=expert)
    many.undo(change.pk, by=agent)
    assert dict(Conversation.objects.values_list("pk", "department")) == {kept.pk: webcare.pk, taken.pk: burgerzaken.pk}
    route.route(kept.pk, by=agent, department=burgerzaken)
