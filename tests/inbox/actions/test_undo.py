"""Taking an answer back: while none of it was handed over, as it was typed, and never half."""

from datetime import timedelta
from uuid import uuid4

import pytest

from inbox.actions import draft, reply, undo, upload
from inbox.actions.refused import Refused
from inbox.models import AccountSettings, AuditEntry, Conversation, Draft, Message, Upload
from tests.inbox.actions.test_upload import photo, put_ready


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


@pytest.fixture
def mine(agent, make_conversation):
    AccountSettings.objects.update(ending="^{initialen}")
    return make_conversation("x", assignee=agent)


def answer(conversation, by, text, **more):
    return reply.reply(conversation.pk, by=by, text=text, submission=uuid4(), by_hand=True, **more)


def test_an_answer_by_hand_waits_and_ends_as_agreed(mine, agent, standing):
    [message] = answer(mine, agent, "Dag.")
    assert message.text == "Dag. ^FA"
    assert message.send_at == standing() + timedelta(seconds=5)
    [at_once] = reply.reply(mine.pk, by=agent, text="Dag.", submission=uuid4())
    assert (at_once.text, at_once.send_at) == ("Dag.", standing())


def test_zero_seconds_is_at_once(mine, agent, standing):
    AccountSettings.objects.update(undo_seconds=0)
    [message] = answer(mine, agent, "Dag.")
    assert message.send_at == standing()


def test_the_text_comes_back_and_the_row_tells_what_is_last(mine, agent):
    before = Conversation.objects.get(pk=mine.pk)
    [message] = answer(mine, agent, "Dag.")
    undo.undo(message.pk, by=agent)
    assert draft.of(mine, agent)["reply"].text == "Dag."
    message.refresh_from_db()
    assert (message.state, message.send_at, message.error_reason) == ("withdrawn", None, "undone")
    after = Conversation.objects.get(pk=mine.pk)
    assert (after.last_message_text, after.last_message_out) == (before.last_message_text, False)
    assert AuditEntry.objects.filter(verb="send_undone", conversation=mine).count() == 1


def test_a_thread_comes_back_whole(mine, agent):
    text = "Dit is een zin over de brug. " * 20
    messages = answer(mine, agent, text, as_thread=True)
    assert len(messages) > 1
    undo.undo(messages[-1].pk, by=agent)
    assert draft.of(mine, agent)["reply"].text == text
    assert set(Message.objects.filter(direction="out").values_list("state", flat=True)) == {"withdrawn"}


def test_what_was_typed_since_stays_below(mine, agent):
    [message] = answer(mine, agent, "Dag.")
    draft.save(mine.pk, by=agent, mode="reply", text="Nog iets.", version=0)
    undo.undo(message.pk, by=agent)
    assert Draft.objects.get().text == "Dag.\n\nNog iets."


def test_too_late_once_a_part_was_handed_over_and_never_another_colleagues(mine, agent, colleague):
    messages = answer(mine, agent, "Dit is een zin over de brug. " * 20, as_thread=True)
    with pytest.raises(Refused) as refused:
        undo.undo(messages[0].pk, by=colleague)
    assert refused.value.code == "too_late"
    Message.objects.filter(pk=messages[0].pk).update(state="sending", attempts=1)
    with pytest.raises(Refused):
        undo.undo(messages[-1].pk, by=agent)
    assert Message.objects.get(pk=messages[-1].pk).state == "queued"


def test_its_pictures_come_back_with_their_words(mine, agent):
    made = put_ready(mine, agent, photo())
    upload.describe(mine, agent, {made.pk: upload.Words("Een brug", False)})
    [message] = answer(mine, agent, "", uploads=[made.pk])
    assert [(each.text, each.state) for each in message.attachments.all()] == [("Een brug", "ready")]
    undo.undo(message.pk, by=agent)
    assert not message.attachments.exists()
    back = Upload.objects.get()
    assert (back.alt_text, back.file.name, back.file.storage.exists(back.file.name)) == (
        "Een brug",
        made.file.name,
        True,
    )
