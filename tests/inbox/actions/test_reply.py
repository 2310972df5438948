"""Beantwoorden: refused where it must be, once per form also when that form comes twice at once."""

import time
from datetime import timedelta
from functools import partial
from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection, transaction

from channels.models import Account, AccountState
from inbox.actions import close, reply
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Conversation, Message
from tests.conftest import MONDAY_10
from tests.inbox.actions.together import codes, together


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


@pytest.fixture
def mine(agent, make_conversation) -> Conversation:
    return make_conversation(assignee=agent)


def came(conversation: Conversation, text: str, minutes: int = 5, **fields: object) -> Message:
    values = {"direction": "in", "state": "received", "external_id": f"c{conversation.pk}-{minutes}-{text}"}
    return Message.objects.create(
        conversation=conversation,
        account=conversation.account,
        public=conversation.public,
        text=text,
        sent_at=MONDAY_10 + timedelta(minutes=minutes),
        **values | fields,
    )


def refused(conversation: Conversation, by, text: str = "Morgen.", **named) -> Refused:
    before = Message.objects.count()
    with pytest.raises(Refused) as caught:
        reply.reply(conversation.pk, by=by, text=text, submission=named.pop("submission", uuid4()), **named)
    assert Message.objects.count() == before
    return caught.value


def until_one_waits_for_a_lock(seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        while cursor.execute(waiting).fetchone()[0] == 0:
            assert time.monotonic() < end
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction one sees the same for ever
            time.sleep(0.01)


class TestQueued:
    def test_waits_in_the_outbox(self, agent, mine, standing, kicks_stay_here, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            (message,) = reply.reply(mine.pk, by=agent, text=" Morgen. ", submission=uuid4())
        message.refresh_from_db()
        assert (message.text, message.state, message.author, message.send_at) == (
            "Morgen.",
            "queued",
            agent,
            standing(),
        )
        assert (message.direction, message.kind, message.public) == ("out", "answer", False)
        mine.refresh_from_db()
        assert (mine.last_message_text, mine.last_message_out, mine.status) == ("Morgen.", True, "open")
        entry = AuditEntry.objects.get()
        assert (entry.verb, entry.data) == ("replied", {"messages": [message.pk]})

    def test_stands_under_the_newest_message_that_still_exists(self, agent, make_conversation):
        conversation = make_conversation("facebook", assignee=agent)
        newest = came(conversation, "Nog iets", 5)
        came(conversation, "", 9, deleted_at=MONDAY_10 + timedelta(minutes=10))
        (message,) = reply.reply(conversation.pk, by=agent, text="Ja", submission=uuid4())
        assert message.in_reply_to == newest.external_id

    def test_a_thread_is_one_form(self, agent, make_conversation):
        conversation = make_conversation("x", assignee=agent)
        submission, text = uuid4(), "Een zin van enige lengte over het restafval. " * 12
        first = reply.reply(conversation.pk, by=agent, text=text, submission=submission, as_thread=True)
        assert [message.text[-5:] for message in first] == ["(1/2)", "(2/2)"]
        assert [bool(message.in_reply_to) for message in first] == [True, False]
        again = reply.reply(conversation.pk, by=agent, text=text, submission=submission, as_thread=True)
        assert [message.pk for message in again] == [message.pk for message in first]


class TestOnce:
    def test_the_same_form_again_gives_what_it_made(self, agent, mine):
        submission = uuid4()
        (first,) = reply.reply(mine.pk, by=agent, text="Morgen.", submission=submission)
        (again,) = reply.reply(mine.pk, by=agent, text="Morgen.", submission=submission)
        assert first.pk == again.pk
        assert AuditEntry.objects.count() == 1

    def test_the_same_form_again_also_when_it_could_not_go_now(self, agent, mine):
        submission = uuid4()
        (first,) = reply.reply(mine.pk, by=agent, text="Morgen.", submission=submission)
        Conversation.objects.filter(pk=mine.pk).update(assignee=None)
        (again,) = reply.reply(mine.pk, by=agent, text="Morgen.", submission=submission)
        assert first.pk == again.pk

    @pytest.mark.django_db(transaction=True)
    def test_twice_at_once_is_one_message(self, agent, make_conversation):
        for _ in range(5):
            conversation = make_conversation(assignee=agent)
            send = partial(reply.reply, conversation.pk, by=agent, text="Morgen.", submission=uuid4())
            outcomes = together(*[send] * 4)
            assert codes(outcomes) == ["ok"] * 4
            assert len({message.pk for found in outcomes for message in found}) == 1
            assert conversation.messages.filter(direction="out").count() == 1
            assert AuditEntry.objects.filter(conversation=conversation, verb="replied").count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_twice_at_once_is_done_though_the_account_breaks_in_between(self, agent, make_conversation):
        conversation = make_conversation(assignee=agent)
        submission = uuid4()
        send = partial(reply.reply, conversation.pk, by=agent, text="Morgen.", submission=submission)
        first, again = [], []
        with transaction.atomic():
            first += send()
            second = Thread(target=lambda: (again.extend(send()), connection.close()))
            second.start()
            until_one_waits_for_a_lock()
            Account.objects.filter(pk=conversation.account_id).update(state=AccountState.BROKEN)
        second.join(20)
        assert [message.pk for message in again] == [message.pk for message in first]

    @pytest.mark.django_db(transaction=True)
    def test_a_thread_twice_at_once_is_one_thread(self, agent, make_conversation):
        conversation = make_conversation("x", assignee=agent)
        text = "Een zin van enige lengte over het restafval. " * 12
        send = partial(reply.reply, conversation.pk, by=agent, text=text, submission=uuid4(), as_thread=True)
        assert codes(together(send, send, send)) == ["ok"] * 3
        assert conversation.messages.filter(direction="out").count() == 2

    @pytest.mark.django_db(transaction=True)
    def test_closing_against_answering(self, agent, make_conversation):
        for _ in range(6):
            conversation = make_conversation(assignee=agent)
            outcomes = codes(
                together(
                    partial(close.close, conversation.pk, by=agent, result="answered"),
                    partial(reply.reply, conversation.pk, by=agent, text="Morgen.", submission=uuid4()),
                )
            )
            conversation.refresh_from_db()
            # Never a closed conversation with an answer that still has to go.
            assert outcomes in (["ok", "closed"], ["answer_underway", "ok"])
            assert conversation.status == ("closed" if outcomes[0] == "ok" else "open")
            assert conversation.messages.filter(state="queued").exists() is (outcomes[1] == "ok")


class TestRefused:
    def test_who(self, agent, colleague, viewer, outsider, mine):
        assert refused(mine, viewer).code == "not_allowed"
        assert refused(mine, colleague).code == "claimed_by_other"
        Conversation.objects.filter(pk=mine.pk).update(assignee=None)
        assert refused(mine, agent).code == "not_claimed"
        with pytest.raises(NotVisible):
            reply.reply(mine.pk, by=outsider, text="x", submission=uuid4())

    def test_closed(self, agent, make_conversation):
        closed = make_conversation(assignee=agent, status="closed", result="spam", closed_at=MONDAY_10)
        assert refused(closed, agent).code == "closed"

    @pytest.mark.parametrize("text", ["", " ", "\n\t\n"])
    def test_empty(self, agent, mine, text):
        assert refused(mine, agent, text).code == "empty"

    @pytest.mark.parametrize(("kind", "limit"), [("whatsapp", 1600), ("x", 280)])
    def test_at_the_limit_and_over_it(self, agent, make_conversation, kind, limit):
        conversation = make_conversation(kind, assignee=agent)
        refusal = refused(conversation, agent, "a" * (limit + 1))
        assert (refusal.code, refusal.data["length"], refusal.data["max_length"]) == ("too_long", limit + 1, limit)
        assert refusal.data["can_thread"] is (kind == "x")
        assert reply.reply(conversation.pk, by=agent, text="a" * limit, submission=uuid4())[0].text == "a" * limit

    def test_x_counts_by_weight(self, agent, make_conversation):
        conversation = make_conversation("x", assignee=agent)
        assert refused(conversation, agent, "€" * 141).code == "too_long"
        assert len(reply.reply(conversation.pk, by=agent, text="€" * 140, submission=uuid4())) == 1

    def test_a_newer_message_of_the_citizen(self, agent, mine):
        seen = reply.target(mine).pk
        newer = came(mine, "Laat maar")
        refusal = refused(mine, agent, seen_message_id=seen)
        assert (refusal.code, refusal.data) == ("newer_message", {"message": newer.pk})
        assert len(reply.reply(mine.pk, by=agent, text="Ja", submission=uuid4(), seen_message_id=newer.pk)) == 1

    def test_one_that_came_late_with_an_early_time_is_newer_too(self, agent, mine):
        seen = reply.target(mine).pk
        came(mine, "Eerder geschreven", -30)
        assert refused(mine, agent, seen_message_id=seen).code == "newer_message"

    def test_neither_the_out_of_hours_reply_nor_a_withdrawn_answer_is_newer(self, agent, mine):
        seen = reply.target(mine).pk
        came(mine, "Gesloten", 6, direction="out", kind="auto_reply", state="sent")
        came(mine, "Toch niet", 7, direction="out", kind="answer", state="withdrawn")
        assert len(reply.reply(mine.pk, by=agent, text="Ja", submission=uuid4(), seen_message_id=seen)) == 1

    def test_after_the_window(self, agent, mine, standing):
        Conversation.objects.filter(pk=mine.pk).update(last_inbound_at=standing() - timedelta(hours=24))
        assert refused(mine, agent).code == "window_closed"
        Conversation.objects.filter(pk=mine.pk).update(last_inbound_at=standing() - timedelta(hours=23, minutes=59))
        assert len(reply.reply(mine.pk, by=agent, text="Net", submission=uuid4())) == 1

    def test_a_removed_public_message(self, agent, make_conversation):
        conversation = make_conversation("facebook", assignee=agent)
        conversation.messages.update(deleted_at=MONDAY_10)
        assert refused(conversation, agent).code == "gone"

    def test_x_without_a_mention(self, agent, make_conversation):
        assert refused(make_conversation("x", assignee=agent, answerable=False), agent).code == "not_summoned"

    @pytest.mark.parametrize("state", [AccountState.BROKEN, AccountState.PAUSED])
    def test_an_account_that_does_not_work(self, agent, mine, state):
        Account.objects.filter(pk=mine.account_id).update(state=state)
        assert refused(mine, agent).code == "account"

    def test_another_ones_form(self, agent, colleague, mine, make_conversation):
        other, submission = make_conversation(assignee=colleague), uuid4()
        reply.reply(other.pk, by=colleague, text="Van mij", submission=submission)
        assert refused(mine, agent, submission=submission).code == "not_allowed"
        assert refused(mine, colleague, submission=submission).code == "not_allowed"
