"""From public to private: once, with the link kept, and said in public only when it has arrived."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from channels.messages import SentMessage
from inbox.actions import close, merge, reply, reply_privately, resend
from inbox.actions.refused import Refused
from inbox.incoming import private_threads, record
from inbox.models import Contact, Conversation, Identity, Message, PublicLine
from tests.conftest import MONDAY_10
from tests.inbox.actions.together import codes, together

PSID = "7300000000000001"


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


@pytest.fixture
def comment(agent, make_conversation) -> Conversation:
    """A comment on Facebook, claimed by Fatima."""
    return make_conversation("facebook", assignee=agent)


def go(conversation: Conversation, by, text: str = "Mag ik uw adres?", **named):
    fields = {"public_text": "We hebben u een privébericht gestuurd.", "submission": uuid4()} | named
    return reply_privately.reply_privately(conversation.pk, by=by, text=text, **fields)


def refused(conversation: Conversation, by, **named) -> Refused:
    before = Message.objects.count()
    with pytest.raises(Refused) as caught:
        go(conversation, by, **named)
    assert Message.objects.count() == before
    return caught.value


def arrived(message: Message, told: str = PSID) -> None:
    Message.objects.filter(pk=message.pk).update(state="sending", taken_at=MONDAY_10 + timedelta(minutes=31))
    row = Message.objects.select_related("conversation__identity").get(pk=message.pk)
    record.sent(row, SentMessage(external_id=f"m_{message.pk}", thread_id=told))


class TestGoingOn:
    def test_begins_a_private_conversation_with_the_link_kept(self, agent, comment):
        reached = go(comment, agent)
        private, asked = reached.conversation, comment.messages.get(direction="in")
        comment.refresh_from_db()
        assert (comment.continued_in_id, private.public, private.assignee_id) == (private.pk, False, agent.pk)
        assert private.identity.contact_id == comment.identity.contact_id
        assert private.context["external_id"] == asked.external_id
        message = reached.message
        assert (message.text, message.in_reply_to, message.public) == ("Mag ik uw adres?", asked.external_id, False)

    def test_on_x_it_is_the_same_profile_and_no_comment_is_used_up(self, agent, make_conversation):
        mention = make_conversation("x", assignee=agent)
        reached = go(mention, agent)
        assert reached.conversation.identity_id == mention.identity_id
        assert reached.conversation.thread_id == mention.identity.external_id
        assert reached.message.in_reply_to == ""

    def test_goes_on_in_the_private_conversation_there_is(self, agent, comment, make_conversation, standing):
        private = make_conversation(
            "facebook", public=False, contact=comment.identity.contact, at=standing() - timedelta(hours=1)
        )
        reached = go(comment, agent)
        private.refresh_from_db()
        assert (reached.conversation.pk, private.assignee_id) == (private.pk, agent.pk)
        assert reached.message.in_reply_to == ""  # the window is open: no comment is used up

    def test_the_same_form_is_done_once_also_when_it_comes_twice_at_once(self, transactional_db, agent, comment):
        submission = uuid4()
        outcomes = together(*[partial(go, comment, agent, submission=submission) for _ in range(2)])
        assert len({outcome.message.pk for outcome in outcomes}) == 1
        assert Conversation.objects.filter(public=False).count() == 1

    def test_two_forms_at_once_use_up_a_comment_once(self, transactional_db, agent, comment):
        outcomes = together(*[partial(go, comment, agent) for _ in range(2)])
        assert sorted(codes(outcomes)) == ["ok", "replied_privately"]


class TestRefused:
    def test_private_already(self, agent, make_conversation):
        assert refused(make_conversation(assignee=agent), agent).code == "private_already"

    def test_not_ones_own(self, colleague, comment):
        assert refused(comment, colleague).code == "claimed_by_other"

    def test_a_comment_takes_one(self, agent, comment):
        private = go(comment, agent).conversation
        refusal = refused(comment, agent)
        assert (refusal.code, refusal.data["conversation"]) == ("replied_privately", private.pk)

    def test_a_comment_of_eight_days_ago(self, agent, comment):
        comment.messages.update(sent_at=MONDAY_10 - timedelta(days=8))
        assert refused(comment, agent).code == "too_old"

    def test_a_comment_that_was_removed(self, agent, comment):
        comment.messages.update(deleted_at=MONDAY_10)
        assert refused(comment, agent).code == "gone"

    def test_somebody_whom_x_does_not_name(self, agent, make_conversation):
        mention = make_conversation("x", assignee=agent)
        Identity.objects.filter(pk=mention.identity_id).update(external_id="?thread")
        assert refused(mention, agent).code == "nameless"

    def test_a_public_line_where_none_may_go(self, agent, make_conversation):
        mention = make_conversation("x", assignee=agent, answerable=False)
        assert refused(mention, agent).code == "not_summoned"
        assert go(mention, agent, public_text="").message.pk

    def test_personal_data_in_the_public_line(self, agent, comment):
        refusal = refused(comment, agent, public_text="Wij bellen u op 06-12345678.")
        assert (refusal.code, refusal.data["kinds"]) == ("personal_data", ["phone"])

    def test_a_colleague_has_the_private_conversation(self, agent, colleague, comment, make_conversation):
        private = make_conversation("facebook", public=False, contact=comment.identity.contact, assignee=colleague)
        refusal = refused(comment, agent)
        assert (refusal.code, refusal.data["conversation"]) == ("claimed_by_other", private.pk)

    def test_the_private_conversation_lies_elsewhere(self, agent, burgerzaken, comment, make_conversation):
        make_conversation("facebook", public=False, contact=comment.identity.contact, department=burgerzaken)
        assert refused(comment, agent).code == "elsewhere"


class TestPublicLine:
    def test_waits_until_the_private_message_has_arrived(self, agent, comment):
        message = go(comment, agent).message
        assert reply_privately.say_lines() == 0
        arrived(message)
        assert reply_privately.say_lines() == 1
        line = comment.messages.get(direction="out")
        assert (line.text, line.state, line.author) == ("We hebben u een privébericht gestuurd.", "queued", agent)
        assert reply_privately.say_lines() == 0

    def test_is_not_said_when_the_message_need_not_go(self, agent, comment):
        message = go(comment, agent).message
        resend.withdraw(message.pk, by=agent)
        assert reply_privately.say_lines() == 1
        assert not comment.messages.filter(direction="out").exists()

    def test_is_said_once_by_two_at_once(self, transactional_db, agent, comment):
        arrived(go(comment, agent).message)
        together(*[reply_privately.say_lines for _ in range(2)])
        assert comment.messages.filter(direction="out").count() == 1
        assert PublicLine.objects.get().said is not None

    def test_nothing_to_say(self, agent, comment):
        go(comment, agent, public_text="  ")
        assert not PublicLine.objects.exists()


class TestWhoTheyAre:
    def test_the_platform_names_them_when_the_message_has_arrived(self, agent, comment):
        reached = go(comment, agent)
        assert reached.conversation.identity.external_id.startswith(private_threads.UNKNOWN)
        arrived(reached.message)
        private = Conversation.objects.get(pk=reached.conversation.pk)
        assert (private.identity.external_id, private.thread_id, private.status) == (PSID, PSID, "waiting")

    def test_a_profile_we_had_takes_its_place(self, agent, comment, make_conversation):
        reached = go(comment, agent)
        old = make_conversation("facebook", public=False, assignee=agent)
        Identity.objects.filter(pk=old.identity_id).update(external_id=PSID)
        Conversation.objects.filter(pk=old.pk).update(thread_id=PSID)
        close.close(old.pk, by=agent, result="answered")
        arrived(reached.message)
        private = Conversation.objects.get(pk=reached.conversation.pk)
        assert (private.identity_id, private.thread_id) == (old.identity_id, PSID)

    def test_a_conversation_that_goes_on_takes_it_in(self, agent, comment, make_conversation):
        reached = go(comment, agent)
        there = make_conversation("facebook", public=False)
        Identity.objects.filter(pk=there.identity_id).update(external_id=PSID)
        Conversation.objects.filter(pk=there.pk).update(thread_id=PSID)
        arrived(reached.message)
        comment.refresh_from_db()
        there.refresh_from_db()
        placeholder = Conversation.objects.get(pk=reached.conversation.pk)
        assert (comment.continued_in_id, there.assignee_id) == (there.pk, agent.pk)
        assert there.messages.filter(direction="out").count() == 1
        assert (placeholder.status, placeholder.continued_in_id) == ("closed", there.pk)

    def test_who_was_tied_by_mistake_is_taken_apart_again(self, agent, comment):
        reached = go(comment, agent)
        told = Contact.objects.create(name="")
        profile = Identity.objects.create(contact=told, kind="facebook", external_id=PSID)
        arrived(reached.message)
        profile.refresh_from_db()
        assert (profile.contact_id, profile.came_from_id) == (comment.identity.contact_id, told.pk)
        assert merge.split(comment.pk, by=agent, identities=[profile.pk]) == [told.pk]

    def test_free_text_waits_for_the_citizen(self, agent, comment):
        reached = go(comment, agent)
        arrived(reached.message)
        private = Conversation.objects.get(pk=reached.conversation.pk)
        with pytest.raises(Refused) as caught:
            reply.reply(private.pk, by=agent, text="En nog iets", submission=uuid4())
        assert caught.value.code == "window_closed"
