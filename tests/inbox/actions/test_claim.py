"""Who has a conversation: one at a time, also when ten reach for it at once."""

import re
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from inbox import live, presence
from inbox.actions import claim, draft
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Conversation, Role, User
from tests.conftest import MONDAY_10, make_user
from tests.inbox.actions.together import codes, together


def verbs(conversation: Conversation) -> list[str]:
    return list(AuditEntry.objects.filter(conversation=conversation).order_by("pk").values_list("verb", flat=True))


def refused(deed, *arguments, **named) -> str:
    with pytest.raises(Refused) as caught:
        deed(*arguments, **named)
    return caught.value.code


@pytest.fixture
def at_work() -> Iterator[Callable[..., None]]:
    """A tab of a colleague said so."""

    def say(conversation: Conversation, user: User, state: str, tab: str = "aaaa", ago: float = 0.0) -> None:
        sign = presence.Sign(conversation.pk, conversation.department_id, state, time.time() - ago)
        live.wire().hset(presence.KEY, presence.field(user.pk, tab), sign.dump())

    live.wire().delete(presence.KEY)
    yield say
    live.wire().delete(presence.KEY)


class TestClaim:
    def test_a_free_one_is_theirs_and_it_is_written_down(self, agent, make_conversation):
        conversation = claim.claim(make_conversation().pk, by=agent)
        assert conversation.assignee == agent
        entry = AuditEntry.objects.get()
        assert (entry.verb, entry.actor, entry.data) == ("claimed", agent, {"changes": {"assignee": [None, agent.pk]}})

    def test_ones_own_again_changes_nothing(self, agent, make_conversation):
        conversation = make_conversation()
        claim.claim(conversation.pk, by=agent)
        assert claim.claim(conversation.pk, by=agent).version == 2
        assert verbs(conversation) == ["claimed"]

    def test_anothers_is_refused_with_a_name(self, agent, colleague, make_conversation):
        conversation = make_conversation(assignee=colleague)
        with pytest.raises(Refused) as caught:
            claim.claim(conversation.pk, by=agent)
        assert (caught.value.code, caught.value.data) == ("claimed_by_other", {"assignee": colleague.pk})
        assert str(colleague) in str(caught.value)
        assert verbs(conversation) == []

    def test_closed_viewer_and_outsider(self, agent, viewer, outsider, make_conversation):
        closed = make_conversation(status="closed", result="spam", closed_at=MONDAY_10)
        assert refused(claim.claim, closed.pk, by=agent) == "closed"
        conversation = make_conversation()
        assert refused(claim.claim, conversation.pk, by=viewer) == "not_allowed"
        with pytest.raises(NotVisible):
            claim.claim(conversation.pk, by=outsider)
        with pytest.raises(NotVisible):
            claim.claim(conversation.pk + 99, by=agent)

    @pytest.mark.django_db(transaction=True)
    def test_ten_at_once_gives_exactly_one(self, webcare, make_conversation):
        conversation = make_conversation()
        agents = [make_user(f"a{number}", "Agent", str(number), Role.AGENT, webcare) for number in range(10)]
        outcomes = together(*(partial(claim.claim, conversation.pk, by=user) for user in agents))
        assert sorted(codes(outcomes)) == ["claimed_by_other"] * 9 + ["ok"]
        conversation.refresh_from_db()
        assert codes(outcomes)[agents.index(conversation.assignee)] == "ok"
        assert verbs(conversation) == ["claimed"]

    @pytest.mark.django_db(transaction=True)
    def test_a_double_click_is_one_claim(self, agent, make_conversation):
        conversation = make_conversation()
        outcomes = together(*[partial(claim.claim, conversation.pk, by=agent)] * 4)
        assert codes(outcomes) == ["ok"] * 4
        conversation.refresh_from_db()
        assert conversation.assignee == agent
        assert verbs(conversation) == ["claimed"]


class TestTakeOver:
    def test_from_the_one_seen(self, agent, colleague, make_conversation):
        conversation = make_conversation(assignee=colleague)
        assert claim.take_over(conversation.pk, by=agent, expected_assignee_id=colleague.pk).assignee == agent
        entry = AuditEntry.objects.get()
        assert (entry.verb, entry.data["from"]) == ("taken_over", colleague.pk)

    def test_not_from_whom_one_did_not_see(self, agent, colleague, lead, make_conversation):
        conversation = make_conversation(assignee=lead)
        assert (
            refused(claim.take_over, conversation.pk, by=agent, expected_assignee_id=colleague.pk) == "claimed_by_other"
        )
        assert refused(claim.take_over, conversation.pk, by=agent, expected_assignee_id=None) == "claimed_by_other"

    def test_from_who_writes_an_answer_only_when_one_knows(self, agent, colleague, make_conversation, at_work):
        conversation = make_conversation(assignee=colleague)
        take = partial(claim.take_over, conversation.pk, by=agent, expected_assignee_id=colleague.pk)
        at_work(conversation, colleague, "answering")
        with pytest.raises(Refused) as caught:
            take()
        assert (caught.value.code, caught.value.data) == ("being_written", {"assignee": colleague.pk})
        assert str(caught.value) == "Joris Smit schrijft nu een antwoord."
        assert verbs(conversation) == []
        assert take(confirmed=True).assignee == agent

    def test_who_looks_or_writes_a_note_or_is_another_is_in_nobodys_way(
        self, agent, colleague, lead, make_conversation, at_work
    ):
        conversation, other = make_conversation(assignee=colleague), make_conversation(assignee=colleague)
        at_work(conversation, colleague, "noting", "aaaa")
        at_work(conversation, lead, "answering", "bbbb")
        at_work(other, colleague, "answering", "cccc")
        at_work(conversation, colleague, "answering", "dddd", ago=presence.SILENT + 1)
        assert claim.take_over(conversation.pk, by=agent, expected_assignee_id=colleague.pk).assignee == agent

    def test_from_who_has_an_answer_ready_only_when_one_knows(self, agent, colleague, make_conversation):
        conversation = make_conversation(assignee=colleague)
        draft.save(conversation.pk, by=colleague, mode="note", text="Bel even", version=0)
        draft.save(conversation.pk, by=agent, mode="reply", text="Van mij", version=0)
        take = partial(claim.take_over, conversation.pk, by=agent, expected_assignee_id=colleague.pk)
        draft.save(conversation.pk, by=colleague, mode="reply", text="Beste", version=0)
        with pytest.raises(Refused) as caught:
            take()
        assert re.fullmatch(
            r"Joris Smit heeft hier een antwoord dat niet verstuurd is, van vandaag \d\d:\d\d\.", str(caught.value)
        )
        assert take(confirmed=True).assignee == agent
        # It stays theirs.
        assert draft.of(conversation, colleague)["reply"].text == "Beste"

    @pytest.mark.django_db(transaction=True)
    def test_two_take_over_at_once_gives_one(self, agent, colleague, lead, make_conversation):
        conversation = make_conversation(assignee=lead)
        outcomes = together(
            partial(claim.take_over, conversation.pk, by=agent, expected_assignee_id=lead.pk),
            partial(claim.take_over, conversation.pk, by=colleague, expected_assignee_id=lead.pk),
        )
        assert sorted(codes(outcomes)) == ["claimed_by_other", "ok"]
        assert verbs(conversation) == ["taken_over"]

    @pytest.mark.django_db(transaction=True)
    def test_take_over_against_give_back_and_claim(self, agent, colleague, lead, make_conversation):
        for _ in range(5):
            conversation = make_conversation(assignee=lead)
            outcomes = together(
                partial(claim.release, conversation.pk, by=lead),
                partial(claim.claim, conversation.pk, by=colleague),
                partial(claim.take_over, conversation.pk, by=agent, expected_assignee_id=lead.pk),
            )
            conversation.refresh_from_db()
            # Whatever the order was: whoever has it now did the last deed that went well.
            last = AuditEntry.objects.filter(conversation=conversation).latest("pk")
            holder = None if last.verb == "released" else last.actor
            assert conversation.assignee == holder
            assert len(verbs(conversation)) == codes(outcomes).count("ok")


class TestRelease:
    def test_ones_own(self, agent, make_conversation):
        assert claim.release(make_conversation(assignee=agent).pk, by=agent).assignee is None

    def test_the_lead_anyones(self, agent, lead, make_conversation):
        assert claim.release(make_conversation(assignee=agent).pk, by=lead).assignee is None

    def test_another_ones_not(self, agent, colleague, make_conversation):
        assert refused(claim.release, make_conversation(assignee=colleague).pk, by=agent) == "not_allowed"

    def test_nobodys_not(self, agent: User, make_conversation):
        assert refused(claim.release, make_conversation().pk, by=agent) == "not_claimed"
