"""In a sensitive conversation every way out waits for a second pair of eyes."""

from datetime import timedelta
from uuid import uuid4

import pytest

from channels.messages import SentMessage
from inbox import due, group_answers
from inbox.actions import approval, group_answer, reply_privately, send_template
from inbox.actions.refused import Refused
from inbox.incoming import record
from inbox.models import Approval, Conversation, Draft, Message, MessageTemplate, PublicLine
from tests.conftest import MONDAY_10

TOUCHY = {"sensitive": True, "sensitive_ground": "press"}


@pytest.fixture(autouse=True)
def standing(standing_clock, lead):
    return standing_clock


def states() -> list[str]:
    return list(Message.objects.filter(direction="out").order_by("pk").values_list("state", flat=True))


def arrived(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(state="sending", taken_at=MONDAY_10 + timedelta(minutes=31))
    row = Message.objects.select_related("conversation__identity").get(pk=message.pk)
    record.sent(row, SentMessage(external_id=f"m_{message.pk}", thread_id="7300000000000001"))


def test_template_waits_and_its_text_is_fixed(agent, lead, make_conversation):
    conversation = make_conversation(assignee=agent, **TOUCHY)
    template = MessageTemplate.objects.create(
        account=conversation.account, external_id="HX1", name="hallo", status="approved", body="Dag {{1}}."
    )
    given = {"template": template.pk, "variables": {"1": "Aïsha"}, "submission": uuid4()}
    send_template.send_template(conversation.pk, by=agent, **given)
    waits = Approval.objects.get()
    assert (states(), waits.text) == (["approval"], "Dag Aïsha.")
    with pytest.raises(Refused) as caught:
        approval.approve(waits.pk, by=lead, text="Hallo Aïsha.")
    assert caught.value.code == "fixed_text"
    approval.approve(waits.pk, by=lead, text="Dag Aïsha.")
    assert states() == ["queued"]


def test_template_that_is_refused_is_no_text_for_the_composer(agent, lead, make_conversation):
    conversation = make_conversation(assignee=agent, **TOUCHY)
    template = MessageTemplate.objects.create(
        account=conversation.account, external_id="HX1", name="hallo", status="approved", body="Dag."
    )
    send_template.send_template(conversation.pk, by=agent, template=template.pk, variables={}, submission=uuid4())
    approval.refuse(Approval.objects.get().pk, by=lead, reason="Nu niet.")
    assert (states(), Draft.objects.count()) == (["withdrawn"], 0)


def test_going_on_in_private_waits_and_so_does_what_is_said_in_public(agent, lead, make_conversation):
    comment = make_conversation("facebook", assignee=agent, **TOUCHY)
    reached = reply_privately.reply_privately(
        comment.pk, by=agent, text="Mag ik uw adres?", public_text="Zie uw privéberichten.", submission=uuid4()
    )
    private = Conversation.objects.get(pk=reached.conversation.pk)
    assert (private.sensitive, private.sensitive_ground, states()) == (True, "press", ["approval"])
    assert reply_privately.say_lines() == 0
    approval.approve(Approval.objects.get().pk, by=lead)
    arrived(reached.message)
    assert reply_privately.say_lines() == 1
    assert states() == ["sent", "approval"]
    line = PublicLine.objects.get()
    approval.approve(Approval.objects.latest("pk").pk, by=lead)
    line.said.refresh_from_db()
    assert line.said.state == "queued"


def test_private_conversation_that_is_there_is_no_way_round(agent, make_conversation, standing):
    comment = make_conversation("facebook", assignee=agent, **TOUCHY)
    private = make_conversation(
        "facebook", public=False, contact=comment.identity.contact, at=standing() - timedelta(hours=1)
    )
    reply_privately.reply_privately(comment.pk, by=agent, text="Mag ik?", public_text="", submission=uuid4())
    private.refresh_from_db()
    assert (private.sensitive, states()) == (True, ["approval"])


def test_answer_to_many_waits_where_it_is_sensitive(agent, make_conversation):
    one, other = make_conversation(**TOUCHY), make_conversation()
    chosen = {each.pk: each.messages.latest("pk").pk for each in (one, other)}
    group_answer.start(by=agent, text="Dag {inwoner}, om 14:00 uur.", chosen=chosen, submission=uuid4())
    assert group_answers.work() == 2
    told = dict(Message.objects.filter(direction="out").values_list("conversation", "state"))
    assert told == {one.pk: "approval", other.pk: "queued"}


def test_what_waits_holds_up_no_automatic_reply(agent, make_conversation, queue, standing):
    conversation = make_conversation(assignee=agent, **TOUCHY)
    queue(conversation, state="approval", send_at=None)
    reply = queue(conversation, kind="auto_reply")
    assert list(due.to_send(standing())) == [reply]
