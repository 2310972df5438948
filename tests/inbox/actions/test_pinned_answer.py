"""Pinned answers: offered until their time has come, and two who change one are told."""

from datetime import timedelta
from uuid import uuid4

import pytest

from inbox.actions import label, pinned_answer
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, PinnedAnswer, Topic
from tests.conftest import MONDAY_10
from tests.inbox.actions.together import codes, together

LATER = MONDAY_10 + timedelta(hours=4)


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


@pytest.fixture
def storm(db):
    return Topic.objects.create(name="Storm")


def pin(by, topic, text="Blijf binnen, {inwoner}.", until=LATER, version=0, department=None, account=None):
    return pinned_answer.pin(
        by=by, topic=topic, department=department, account=account, text=text, until=until, version=version
    )


def offered(conversation) -> list[int]:
    conversation.refresh_from_db()
    return [pinned.pk for pinned in pinned_answer.fitting(conversation)]


def test_offered_about_the_topic_here_until_its_time(agent, storm, burgerzaken, make_conversation, standing):
    untold, about, other = (make_conversation() for _ in range(3))
    label.set_topic(about.pk, by=agent, topic=storm)
    label.set_topic(other.pk, by=agent, topic=Topic.objects.create(name="Afval"))
    pinned = pin(agent, storm)
    elsewhere = pin(agent, storm, account=make_conversation("x").account)
    assert [offered(each) for each in (untold, about, other)] == [[pinned.pk], [pinned.pk], []]
    assert elsewhere.pk != pinned.pk
    taken = pinned_answer.use(pinned.pk, by=agent, conversation_id=about.pk)
    assert taken.text == f"Blijf binnen, {about.identity.contact.name}."
    assert PinnedAnswer.objects.get(pk=pinned.pk).used_count == 1
    standing.forward(hours=4)
    assert offered(about) == []
    with pytest.raises(NotVisible):
        pinned_answer.use(pinned.pk, by=agent, conversation_id=about.pk)


def test_changed_where_it_stands_and_withdrawn(agent, colleague, storm, make_conversation):
    pinned = pin(agent, storm)
    with pytest.raises(Refused) as refusal:
        pin(colleague, storm, "Andere tekst.")
    assert (refusal.value.code, refusal.value.data) == (
        "changed_elsewhere", {"text": "Blijf binnen, {inwoner}.", "by": agent.pk, "version": 1}
    )  # fmt: skip
    changed = pin(colleague, storm, "Andere tekst.", version=1)
    assert (changed.pk, changed.by, changed.version) == (pinned.pk, colleague, 2)
    with pytest.raises(Refused) as refusal:
        pinned_answer.withdraw(pinned.pk, by=agent, version=1)
    assert refusal.value.code == "changed_elsewhere"
    pinned_answer.withdraw(pinned.pk, by=agent, version=2)
    assert offered(make_conversation()) == []
    assert pinned_answer.withdraw(pinned.pk, by=agent, version=2).version == 3
    # What has ended stands in nobody's way.
    assert pin(colleague, storm).pk == pinned.pk
    verbs = ["answer_pinned", "answer_pinned", "answer_unpinned", "answer_pinned"]
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True)) == verbs


def test_refused(agent, viewer, outsider, storm, burgerzaken):
    for code, by, more in (
        ("empty", agent, {"text": " "}),
        ("passed", agent, {"until": MONDAY_10}),
        ("not_allowed", viewer, {}),
        ("not_allowed", agent, {"department": burgerzaken}),
    ):
        with pytest.raises(Refused) as refusal:
            pin(by, storm, **more)
        assert refusal.value.code == code
    assert PinnedAnswer.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_pin_at_the_same_moment(agent, colleague, storm):
    outcomes = together(*[lambda by=by: pin(by, storm, f"{by} {uuid4()}") for by in (agent, colleague)])
    assert sorted(codes(outcomes)) == ["changed_elsewhere", "ok"]
    assert PinnedAnswer.objects.count() == 1
