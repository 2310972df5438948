"""Drafts: kept per colleague and conversation, never overwritten unseen, gone when sent, and with time."""

from datetime import timedelta
from uuid import uuid4

import pytest

from channels.clock import now
from inbox.actions import draft, reply
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AccountSettings, Draft
from tests.inbox.actions.together import together


def keep(conversation, by, text, version=0, **more):
    return draft.save(conversation.pk, by=by, mode="reply", text=text, version=version, **more)


@pytest.fixture
def mine(agent, make_conversation):
    return make_conversation(assignee=agent)


class TestVersions:
    def test_each_save_is_a_version_and_the_same_text_is_none(self, mine, agent):
        assert [keep(mine, agent, "a").version, keep(mine, agent, "ab", 1).version] == [1, 2]
        assert keep(mine, agent, "ab", 1).version == 2

    def test_another_tabs_newer_text_is_not_overwritten_unless_chosen(self, mine, agent):
        keep(mine, agent, "eerste tabblad")
        keep(mine, agent, "tweede tabblad", 1)
        with pytest.raises(Refused) as refused:
            keep(mine, agent, "eerste tabblad!", 1)
        assert (refused.value.code, refused.value.data) == (
            "draft_elsewhere",
            {"text": "tweede tabblad", "version": 2},
        )
        assert keep(mine, agent, "eerste tabblad!", 1, force=True).version == 3

    @pytest.mark.django_db(transaction=True)
    def test_two_tabs_at_once_leave_one_text_and_one_question(self, mine, agent):
        def tab(text):
            try:
                return keep(mine, agent, text).text
            except Refused as refused:
                return refused.code

        told = sorted(together(lambda: tab("een"), lambda: tab("twee")))
        assert told in (["draft_elsewhere", "een"], ["draft_elsewhere", "twee"])
        assert Draft.objects.get().text in told

    def test_empty_is_no_draft(self, mine, agent):
        keep(mine, agent, "iets")
        assert keep(mine, agent, " \n", 1) is None
        assert draft.of(mine, agent) == {}


class TestWho:
    def test_only_its_own_writer_has_it(self, mine, agent, colleague):
        keep(mine, agent, "van Fatima")
        keep(mine, colleague, "van Joris")
        assert draft.of(mine, agent)["reply"].text == "van Fatima"
        assert draft.of(mine, colleague)["reply"].text == "van Joris"

    def test_not_for_who_does_not_see_or_work_on_it(self, mine, outsider, viewer):
        with pytest.raises(NotVisible):
            keep(mine, outsider, "x")
        with pytest.raises(Refused) as refused:
            keep(mine, viewer, "x")
        assert refused.value.code == "not_allowed"


class TestSent:
    def test_an_answer_by_hand_ends_its_draft_and_a_late_save_does_not_bring_it_back(self, mine, agent, standing_clock):
        form = uuid4()
        AccountSettings.objects.update(undo_seconds=0)
        keep(mine, agent, "Dag.", submission=form)
        reply.reply(mine.pk, by=agent, text="Dag.", submission=form, by_hand=True)
        assert draft.of(mine, agent) == {}
        assert keep(mine, agent, "Dag.", submission=form) is None
        assert not Draft.objects.exists()

    def test_old_ones_go(self, mine, agent, colleague):
        keep(mine, agent, "oud")
        keep(mine, colleague, "nieuw")
        Draft.objects.filter(user=agent).update(updated_at=now() - draft.KEPT - timedelta(seconds=1))
        assert draft.forget_old() == 1
        assert Draft.objects.get().user == colleague
