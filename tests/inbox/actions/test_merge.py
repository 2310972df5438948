"""Two citizens who are one, and one who is two after all: what moves, what stays, who may, and two at once."""

from typing import Any

import pytest

from inbox.actions import block, merge
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Contact, Conversation, Identity
from tests.inbox.actions.together import together
from tests.inbox.conftest import StandingClock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def standing(standing_clock: StandingClock) -> StandingClock:
    return standing_clock


def owners() -> dict[int, int]:
    return dict(Identity.objects.order_by("pk").values_list("pk", "contact_id"))


def verbs(conversation: Conversation) -> list[str]:
    return list(AuditEntry.objects.filter(conversation=conversation).order_by("id").values_list("verb", flat=True))


def test_profiles_come_together_and_go_back(agent, make_conversation):
    here, there = make_conversation("x"), make_conversation("whatsapp")
    before = owners()
    moved = merge.merge(here.pk, by=agent, other=there.identity.contact_id)
    assert moved == [there.identity_id]
    assert set(owners().values()) == {here.identity.contact_id}
    assert merge.split(here.pk, by=agent, identities=moved) == [there.identity.contact_id]
    assert owners() == before
    assert verbs(here) == ["merged", "split"]
    assert verbs(there) == ["merged", "split"]
    told = AuditEntry.objects.filter(conversation=there, verb="merged").get().data
    assert told == {"identities": moved, "contact": here.identity.contact_id, "other": there.identity.contact_id}


def test_a_profile_that_came_from_nowhere_becomes_a_citizen_of_its_own(agent, make_conversation):
    here, there = make_conversation("x"), make_conversation("whatsapp")
    Identity.objects.filter(pk=there.identity_id).update(contact=here.identity.contact_id)
    (made,) = merge.split(here.pk, by=agent, identities=[there.identity_id])
    assert Contact.objects.get(pk=made).name == there.identity.name
    assert owners() == {here.identity_id: here.identity.contact_id, there.identity_id: made}


def test_a_block_on_either_counts_for_both(agent, lead, make_conversation, standing_clock):
    here, there = make_conversation("x"), make_conversation("whatsapp")
    block.block(there.pk, by=lead, ground="threat", note="zie aangifte")
    merge.merge(here.pk, by=agent, other=there.identity.contact_id)
    one = Contact.objects.get(pk=here.identity.contact_id)
    assert (one.blocked(standing_clock()), one.blocked_ground, one.blocked_by) == (True, "threat", lead)


def test_one_sees_a_conversation_of_both_or_cannot_merge_them(agent, outsider, viewer, make_conversation):
    here, there = make_conversation("x"), make_conversation("whatsapp")
    Conversation.objects.filter(pk=there.pk).update(department=outsider.departments.get())
    for user in (agent, outsider):
        with pytest.raises(NotVisible):
            merge.merge(here.pk, by=user, other=there.identity.contact_id)
    Conversation.objects.filter(pk=there.pk).update(department=here.department)
    with pytest.raises(Refused) as refused:
        merge.merge(here.pk, by=viewer, other=there.identity.contact_id)
    assert refused.value.code == "not_allowed"
    assert len(set(owners().values())) == 2


@pytest.mark.parametrize(("identities", "code"), [([], "not_theirs"), ([0], "not_theirs"), (["own"], "last")])
def test_what_cannot_be_taken_apart(agent, make_conversation, identities: list[Any], code: str):
    here = make_conversation("x")
    wanted = [here.identity_id if one == "own" else one for one in identities]
    with pytest.raises(Refused) as refused:
        merge.split(here.pk, by=agent, identities=wanted)
    assert refused.value.code == code


def test_another_than_in_the_preview_is_looked_at_again(agent, make_conversation):
    here, there = make_conversation("x"), make_conversation("whatsapp")
    with pytest.raises(Refused) as refused:
        merge.merge(here.pk, by=agent, other=there.identity.contact_id, expected=frozenset({1, 2}))
    assert refused.value.code == "changed"


@pytest.mark.django_db(transaction=True)
def test_two_colleagues_merge_in_opposite_directions_at_once(agent, colleague, make_conversation):
    here, there = make_conversation("x"), make_conversation("whatsapp")
    outcomes = together(
        lambda: merge.merge(here.pk, by=agent, other=there.identity.contact_id),
        lambda: merge.merge(there.pk, by=colleague, other=here.identity.contact_id),
    )
    failures = [found.code for found in outcomes if isinstance(found, Refused)]
    assert failures in (["same"], ["merged_already"])
    assert len(set(owners().values())) == 1
    assert AuditEntry.objects.filter(verb="merged").count() == 2
