"""Who may do what, as one table: role by state."""

import pytest

from inbox import permissions
from inbox.models import Conversation, User
from tests.conftest import MONDAY_10

PREDICATES = ("can_see", "can_work", "can_claim", "can_take_over", "can_release", "can_assign")
CLOSED = {"status": "closed", "result": "spam", "closed_at": MONDAY_10}

# who, whose it is -> what they may, in the order of PREDICATES
TABLE = {
    ("agent", "nobody"): "see work claim assign",
    ("agent", "agent"): "see work release assign",
    ("agent", "colleague"): "see work take_over",
    ("agent", "closed"): "see work",
    ("lead", "nobody"): "see work claim assign",
    ("lead", "colleague"): "see work take_over release assign",
    ("lead", "lead"): "see work release assign",
    ("lead", "closed"): "see work",
    ("admin", "colleague"): "see work take_over assign",
    ("viewer", "nobody"): "see",
    ("viewer", "colleague"): "see",
    ("viewer", "viewer"): "see",
    ("viewer", "closed"): "see",
    ("expert", "nobody"): "",
    ("outsider", "nobody"): "",
    ("outsider", "outsider"): "",
}


@pytest.mark.parametrize(("who", "whose"), TABLE)
def test_table(request: pytest.FixtureRequest, make_conversation, who: str, whose: str):
    user: User = request.getfixturevalue(who)
    fields = CLOSED if whose == "closed" else {}
    holder = None if whose in ("nobody", "closed") else request.getfixturevalue(whose)
    conversation = make_conversation(assignee=holder, **fields)
    may = [name.removeprefix("can_") for name in PREDICATES if getattr(permissions, name)(user, conversation)]
    assert " ".join(may) == TABLE[who, whose]
    assert Conversation.objects.visible_to(user).exists() is ("see" in may)


def test_a_colleague_who_left_sees_nothing(agent, make_conversation):
    conversation = make_conversation()
    agent.is_active = False
    assert not any(getattr(permissions, name)(agent, conversation) for name in PREDICATES)
    assert Conversation.objects.visible_to(agent).count() == 0


def test_in_two_departments_it_is_still_one(lead, make_conversation, burgerzaken):
    first, second = make_conversation(), make_conversation(department=burgerzaken)
    assert set(Conversation.objects.visible_to(lead).values_list("pk", flat=True)) == {first.pk, second.pk}


def test_administrators_only(agent, lead, admin, viewer):
    assert [permissions.can_administer(user) for user in (agent, lead, viewer, admin)] == [False, False, False, True]
    admin.is_active = False
    assert permissions.can_administer(admin) is False
