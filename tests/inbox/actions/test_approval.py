"""Four eyes: in a sensitive conversation nothing of ours goes before a colleague approved it, and then once."""

from functools import partial
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from inbox import lanes, outbox
from inbox.actions import approval, close, queueing, reply, resend, route, sensitive
from inbox.actions.changing import changing
from inbox.actions.refused import NotVisible, Refused
from inbox.incoming import record
from inbox.models import (
    Approval,
    ApproverGroup,
    AuditEntry,
    Clock,
    Conversation,
    Draft,
    Message,
    MessageVersion,
    Notice,
)
from inbox.outbox import Outcome
from tests.inbox.actions.together import codes, together

pytestmark = pytest.mark.django_db


@pytest.fixture
def touchy(asked, agent):
    """Aïsha's question, claimed by Fatima and sensitive."""
    Conversation.objects.update(assignee=agent)
    return sensitive.mark_sensitive(asked.pk, by=agent, sensitive=True, ground="press")


@pytest.fixture
def waits(touchy, agent, lead):
    """Fatima's answer there, which waits."""
    reply.reply(touchy.pk, by=agent, text="Morgen.", submission=uuid4())
    return Approval.objects.get()


def refused(deed, *given, **more):
    with pytest.raises(Refused) as caught:
        deed(*given, **more)
    return caught.value.code


def state(pk):
    return Message.objects.get(pk=pk).state


def told():
    return sorted(Notice.objects.values_list("kind", "user__username"))


class TestMarking:
    def test_says_why_and_is_written_down(self, touchy, agent):
        touchy.refresh_from_db()
        assert (touchy.sensitive, touchy.sensitive_ground) == (True, "press")
        entry = AuditEntry.objects.get(verb="marked_sensitive")
        assert (entry.actor, entry.data) == (agent, {"ground": "press", "changes": {"sensitive": [False, True]}})

    def test_again_changes_nothing(self, touchy, agent):
        sensitive.mark_sensitive(touchy.pk, by=agent, sensitive=True, ground="press")
        assert AuditEntry.objects.filter(verb="marked_sensitive").count() == 1

    def test_rule_marks_it_without_anybody(self, asked):
        sensitive.mark_sensitive(asked.pk, by=None, sensitive=True, ground="threat")
        assert Conversation.objects.get().sensitive is True

    def test_needs_a_ground_and_somebody_who_works_there(self, asked, agent, viewer, outsider):
        assert refused(sensitive.mark_sensitive, asked.pk, by=agent, sensitive=True, ground="") == "no_ground"
        assert refused(sensitive.mark_sensitive, asked.pk, by=viewer, sensitive=True, ground="press") == "not_allowed"
        with pytest.raises(NotVisible):
            sensitive.mark_sensitive(asked.pk, by=outsider, sensitive=True, ground="press")

    def test_only_leads_and_approvers_take_it_away(self, touchy, agent, colleague, lead, webcare):
        take_away = partial(sensitive.mark_sensitive, touchy.pk, sensitive=False, ground="")
        assert refused(take_away, by=colleague) == "not_allowed"
        ApproverGroup.objects.create(department=webcare, name="Pers").members.add(colleague)
        take_away(by=colleague)
        assert Conversation.objects.get().sensitive is False

    def test_stays_while_an_answer_waits(self, waits, touchy, lead):
        assert refused(sensitive.mark_sensitive, touchy.pk, by=lead, sensitive=False, ground="") == "approval_waits"

    def test_what_is_in_the_outbox_waits_from_then_on(self, asked, agent, lead, platform):
        Conversation.objects.update(assignee=agent)
        (message,) = reply.reply(asked.pk, by=agent, text="Morgen.", submission=uuid4())
        sensitive.mark_sensitive(asked.pk, by=lead, sensitive=True, ground="politics")
        assert (lanes.send_due(), state(message.pk)) == (0, "approval")
        assert Approval.objects.get().message_ids == [message.pk]


class TestWaiting:
    def test_answer_waits_and_who_approves_is_told(self, waits, touchy, agent, lead, platform):
        assert (lanes.send_due(), platform.texts()) == (0, [])
        message = Message.objects.get(pk=waits.message_ids[0])
        assert (message.state, message.send_at, waits.text) == ("approval", None, "Morgen.")
        assert told() == [("approval_asked", "ingrid")]
        touchy.refresh_from_db()
        assert (touchy.last_message_out, touchy.status) == (False, "open")
        assert Clock.objects.get().stopped_at is None

    def test_group_of_the_department_is_told_in_place_of_the_lead(self, touchy, agent, colleague, lead, webcare):
        ApproverGroup.objects.create(department=webcare, name="Pers").members.add(colleague, agent)
        reply.reply(touchy.pk, by=agent, text="Morgen.", submission=uuid4())
        assert told() == [("approval_asked", "joris")]
        assert list(approval.waiting(colleague)) == [Approval.objects.get()]
        assert (list(approval.waiting(lead)), list(approval.waiting(agent))) == ([], [])

    def test_word_of_a_routing_waits_too(self, touchy, agent, burgerzaken):
        word = route.Word(text="Een collega kijkt ernaar.", submission=uuid4())
        route.route(touchy.pk, by=agent, department=burgerzaken, word=word)
        assert Message.objects.get(kind="routed").state == "approval"

    def test_who_approves_where_it_is_routed_to_is_told(self, waits, agent, expert, burgerzaken):
        ApproverGroup.objects.create(department=burgerzaken, name="Balie").members.add(expert)
        route.route(waits.conversation_id, by=agent, department=burgerzaken)
        assert ("approval_asked", "bram") in told()
        assert list(approval.waiting(expert)) == [waits]

    def test_cannot_be_closed_meanwhile(self, waits, touchy, agent):
        assert refused(close.close, touchy.pk, by=agent, result="answered") == "answer_underway"

    def test_database_refuses_what_forgets_it(self, touchy, queue, waits):
        with pytest.raises(IntegrityError), transaction.atomic():
            queue(touchy)
        with pytest.raises(IntegrityError), transaction.atomic():
            Message.objects.filter(pk__in=waits.message_ids).update(state="sending")
        with pytest.raises(IntegrityError), transaction.atomic():
            queue(touchy, kind="routed")
        queue(touchy, kind="auto_reply")

    def test_failed_answer_of_before_waits_when_it_is_tried_again(self, asked, agent, lead, queue):
        Conversation.objects.update(assignee=agent, failed_count=1)
        message = queue(asked, state="failed")
        sensitive.mark_sensitive(asked.pk, by=agent, sensitive=True, ground="safety")
        resend.retry(message.pk, by=agent)
        assert state(message.pk) == "approval"
        approval.approve(Approval.objects.get().pk, by=lead)
        assert state(message.pk) == "queued"

    def test_answer_the_platform_put_off_while_it_became_sensitive_waits(self, asked, agent, lead, queue, platform):
        Conversation.objects.update(assignee=agent)
        message = queue(asked)

        Message.objects.filter(pk=message.pk).update(state="sending", attempts=1)
        sensitive.mark_sensitive(asked.pk, by=lead, sensitive=True, ground="press")
        current = Message.objects.select_related("account").get(pk=message.pk)
        record.queued_again(current, current.sent_at, "", "busy", verb="send_postponed")
        assert (state(message.pk), lanes.send_due()) == ("approval", 0)


class TestDeciding:
    def test_approved_goes_once_and_its_author_is_told(self, waits, touchy, lead, agent, platform, standing_clock):
        standing_clock.forward(minutes=20)
        approval.approve(waits.pk, by=lead)
        assert (lanes.send_due(), platform.texts()) == (1, ["Morgen."])
        assert ("approved", "fatima") in told()
        waits.refresh_from_db()
        assert (waits.state, waits.decided_by, waits.changed_text) == ("approved", lead, "")
        assert Clock.objects.get().stopped_by == "answered"

    def test_changed_goes_as_changed_and_both_are_kept(self, waits, lead, platform):
        approval.approve(waits.pk, by=lead, text="Morgen voor 10:00.")
        lanes.send_due()
        waits.refresh_from_db()
        assert platform.texts() == ["Morgen voor 10:00."]
        assert (waits.text, waits.changed_text) == ("Morgen.", "Morgen voor 10:00.")
        assert MessageVersion.objects.get().text == "Morgen."
        assert AuditEntry.objects.get(verb="answer_approved").data["changed"] is True

    def test_refused_goes_back_to_its_author_with_the_reason(self, waits, agent, lead, platform):
        assert refused(approval.refuse, waits.pk, by=lead, reason=" ") == "no_reason"
        approval.refuse(waits.pk, by=lead, reason="Eerst de wethouder bellen.")
        assert (lanes.send_due(), platform.texts()) == (0, [])
        assert Draft.objects.get().text == "Morgen."
        assert ("not_approved", "fatima") in told()
        message = Message.objects.get(pk=waits.message_ids[0])
        assert (message.state, message.error_reason) == ("withdrawn", approval.REFUSED)

    def test_author_takes_it_back_and_nobody_else(self, waits, agent, lead):
        assert refused(approval.withdraw, waits.pk, by=lead) == "not_yours"
        approval.withdraw(waits.pk, by=agent)
        assert (state(waits.message_ids[0]), Draft.objects.get().text) == ("withdrawn", "Morgen.")
        assert refused(approval.approve, waits.pk, by=lead) == "decided"

    def test_not_by_its_author_nor_by_who_does_not_approve_there(self, touchy, agent, colleague, lead, outsider):
        Conversation.objects.update(assignee=lead)
        reply.reply(touchy.pk, by=lead, text="Morgen.", submission=uuid4())
        mine = Approval.objects.get()
        assert refused(approval.approve, mine.pk, by=lead) == "not_approver"
        assert refused(approval.approve, mine.pk, by=colleague) == "not_approver"
        with pytest.raises(NotVisible):
            approval.approve(mine.pk, by=outsider)

    def test_database_refuses_one_pair_of_eyes(self, waits, agent):
        with pytest.raises(IntegrityError), transaction.atomic():
            Approval.objects.update(state="approved", decided_by=agent, decided_at=waits.asked_at)

    def test_citizen_who_wrote_meanwhile_is_read_first(self, waits, touchy, lead):
        seen = Message.objects.order_by("-pk").values_list("pk", flat=True).first()
        Message.objects.create(
            conversation=touchy, account=touchy.account, direction="in", public=False, text="Laat maar",
            sent_at=waits.asked_at, state="received", external_id="later",
        )  # fmt: skip
        assert refused(approval.approve, waits.pk, by=lead, seen_message_id=seen) == "newer_message"

    def test_window_that_closed_meanwhile_is_said(self, waits, lead, standing_clock):
        standing_clock.forward(hours=25)
        assert refused(approval.approve, waits.pk, by=lead) == "window_closed"


class TestThread:
    def test_thread_becomes_longer_or_shorter_when_it_is_changed(self, agent, lead, make_conversation, standing_clock):
        conversation = make_conversation(kind="x", assignee=agent, sensitive=True, sensitive_ground="press")
        long = "Dat leggen wij u graag uit in een paar zinnen. " * 12
        made = reply.reply(conversation.pk, by=agent, text=long, submission=uuid4(), as_thread=True)
        waits = Approval.objects.get()
        assert (len(made) > 1, waits.message_ids) == (True, [message.pk for message in made])
        approval.approve(waits.pk, by=lead, text="Kort dan.")
        states = list(Message.objects.filter(direction="out").order_by("pk").values_list("text", "state"))
        assert states[0] == ("Kort dan.", "queued")
        assert {each for _text, each in states[1:]} == {"withdrawn"}

    def test_longer(self, agent, lead, make_conversation, standing_clock):
        conversation = make_conversation(kind="x", assignee=agent, sensitive=True, sensitive_ground="press")
        made = reply.reply(
            conversation.pk, by=agent, text="Dat leggen wij uit. " * 20, submission=uuid4(), as_thread=True
        )
        waits = Approval.objects.get()
        approval.approve(waits.pk, by=lead, text="Dat leggen wij uit aan u. " * 40)
        waits.refresh_from_db()
        assert len(waits.message_ids) > len(made)
        assert set(Message.objects.filter(direction="out").values_list("state", flat=True)) == {"queued"}


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_approve_and_many_send_and_it_goes_once(self, waits, lead, admin, platform):
        outcomes = together(
            *[lambda: lanes.send_due()] * 2,
            lambda: approval.approve(waits.pk, by=lead),
            lambda: approval.approve(waits.pk, by=admin),
            *[lambda: outbox.send_one(waits.message_ids[0])] * 2,
        )
        assert sorted(codes(outcomes[2:4])) == ["decided", "ok"]
        together(*[lambda: lanes.send_due()] * 3)
        assert platform.texts() == ["Morgen."]

    def test_marked_and_sent_at_the_same_moment_is_one_of_the_two(self, asked, agent, lead, queue, platform):
        for number in range(8):
            Conversation.objects.update(assignee=agent, sensitive=False, sensitive_ground="")
            message = queue(asked, f"t{number}")
            sent, marked = together(
                lambda m=message: outbox.send_one(m.pk),
                lambda: sensitive.mark_sensitive(asked.pk, by=lead, sensitive=True, ground="press"),
            )
            assert not isinstance(marked, Exception), marked
            assert (sent == Outcome.SENT) == (f"t{number}" in platform.texts())
            assert state(message.pk) == ("sent" if sent == Outcome.SENT else "approval")
            if sent != Outcome.SENT:
                approval.approve(Approval.objects.latest("pk").pk, by=lead)
                lanes.send_due()
            assert platform.texts().count(f"t{number}") == 1

    def test_approved_and_taken_back_at_the_same_moment_is_one_of_the_two(self, waits, agent, lead, platform):
        outcomes = codes(
            together(lambda: approval.approve(waits.pk, by=lead), lambda: approval.withdraw(waits.pk, by=agent))
        )
        assert sorted(outcomes) == ["decided", "ok"]
        lanes.send_due()
        assert platform.texts() == (["Morgen."] if outcomes[0] == "ok" else [])


def test_queueing_gives_the_message_that_waits(touchy, agent, lead):
    with changing(touchy.pk, "replied", by=agent) as conversation:
        message = queueing.queue(conversation, agent, "Morgen.", uuid4())
    assert (message.state, message.send_at) == ("approval", None)
