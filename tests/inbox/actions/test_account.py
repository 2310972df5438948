"""Pause, resume and disconnect: once, written down, and nothing of a conversation is lost."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels.models import Account
from inbox import ingest, lanes
from inbox.actions import account as verbs
from inbox.actions import connect, reply
from inbox.models import AuditEntry, Conversation, Message, User
from tests.conftest import MONDAY_10
from tests.inbox.actions.test_connect import offered
from tests.inbox.actions.together import together
from tests.inbox.conftest import StandingClock
from tests.inbox.platform import Platform
from tests.inbox.storing import put, said

pytestmark = pytest.mark.django_db
type Queue = Callable[..., Message]
type Make = Callable[..., Conversation]


def state(account: Account) -> str:
    return Account.objects.get(pk=account.pk).state


def test_paused_account_takes_in_and_sends_after_resuming(
    asked: Conversation, queue: Queue, platform: Platform, admin: User, standing_clock: StandingClock
) -> None:
    account = asked.account
    message = queue(asked, "Morgen")
    assert verbs.pause(account.pk, admin)
    lanes.send_due()
    put(account, said(account, "m2", text="Hallo?"))
    ingest.drain()
    inbound = Message.objects.filter(direction="in").count()
    message.refresh_from_db()
    assert (inbound, platform.texts(), message.state, message.error_reason) == (2, [], "queued", "paused")
    assert verbs.resume(account.pk, admin)
    lanes.send_due()
    standing_clock.forward(seconds=61)
    lanes.send_due()
    assert platform.texts() == ["Morgen"]
    assert list(AuditEntry.objects.filter(conversation=None).values_list("verb", flat=True)) == [
        "account_paused",
        "account_resumed",
    ]


def test_disconnected_account_forgets_its_access_and_keeps_its_conversations(
    asked: Conversation, queue: Queue, platform: Platform, admin: User, standing_clock: StandingClock
) -> None:
    account = asked.account
    message = queue(asked, "Morgen")
    # The small platform of these tests has no way to be told.
    assert verbs.disconnect(account.pk, admin) is False
    lanes.send_due()
    account.refresh_from_db()
    message.refresh_from_db()
    assert (account.state, account.secrets, message.error_reason, platform.texts()) == (
        "disconnected",
        {},
        "disconnected",
        [],
    )
    refused = reply.obstacle(Conversation.objects.select_related("account").get(pk=asked.pk))
    assert (refused.code if refused else "", Message.objects.filter(conversation=asked).count()) == ("account", 2)
    connect.renew(account.pk, [offered(account.external_id)], admin)
    standing_clock.forward(seconds=61)
    lanes.send_due()
    assert platform.texts() == ["Morgen"]


def test_what_is_done_already_is_not_done_again(accounts: dict[str, Account], admin: User) -> None:
    account = accounts["whatsapp"].pk
    outcomes = [verbs.resume(account, admin), verbs.pause(account, admin), verbs.pause(account, admin)]
    assert (outcomes, AuditEntry.objects.count()) == ([False, True, False], 1)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_press_at_once_one_does_it(accounts: dict[str, Account], admin: User) -> None:
    outcomes = together(*[lambda: verbs.pause(accounts["x"].pk, admin)] * 4)
    assert (sorted(map(str, outcomes)), AuditEntry.objects.count()) == (["False"] * 3 + ["True"], 1)


def test_left_counts_what_is_not_over_up_to_the_cap(
    accounts: dict[str, Account], make_conversation: Make, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = accounts["whatsapp"]
    one = make_conversation()
    make_conversation(status="snoozed", snoozed_until=MONDAY_10 + timedelta(days=1))
    make_conversation(status="closed", result="spam", closed_at=MONDAY_10)
    make_conversation(kind="facebook")
    queue(one)
    queue(one, state="sent")
    with CaptureQueriesContext(connection) as queries:
        found = verbs.left(account)
    assert (found, len(queries)) == (verbs.Left(unfinished=2, queued=1), 2)
    monkeypatch.setattr(verbs, "CAP", 0)
    assert verbs.left(account) == verbs.Left(unfinished=1, queued=1)
