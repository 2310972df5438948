"""What waits for a message that never came: how long it is kept, and what is kept for ever."""

from datetime import timedelta

import pytest

from channels import events
from channels.events import Outcome
from channels.messages import DeliveryReceipt, MessageDeleted, MessageEdited, ReceiptState
from channels.models import Account, EventState, InboundEvent
from inbox import ingest, tasks
from inbox.incoming import early
from inbox.models import EarlyChange, Message
from tests.inbox.conftest import StandingClock
from tests.inbox.storing import at, put, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


def gone(account: Account, external_id: str = "m1") -> MessageDeleted:
    return MessageDeleted(account_id=account.external_id, external_id=external_id, at=at(0))


def test_changes_without_a_message_go_after_a_month(whatsapp: Account, standing_clock: StandingClock) -> None:
    name = whatsapp.external_id
    put(whatsapp, gone(whatsapp), MessageEdited(account_id=name, external_id="m2", text="ja", at=at(1)))
    put(whatsapp, DeliveryReceipt(account_id=name, external_id="o1", state=ReceiptState.READ, at=at(1)))
    put(whatsapp, DeliveryReceipt(account_id=name, thread_id="id-aisha", state=ReceiptState.READ, at=at(1)))
    ingest.drain()
    assert EarlyChange.objects.count() == 4
    standing_clock.moment = at(0) + early.KEPT
    assert tasks.forget_early_changes() == 0
    standing_clock.forward(seconds=1)
    assert (tasks.forget_early_changes(), EarlyChange.objects.count()) == (1, 3)
    standing_clock.forward(minutes=1)
    assert (tasks.forget_early_changes(), EarlyChange.objects.count()) == (3, 0)


def test_way_from_an_earlier_id_to_the_newer_stays(accounts: dict[str, Account], standing_clock: StandingClock) -> None:
    account = accounts["x"]
    put(account, said(account, "p1v2", "nu!", public=True, thread_id="p1", previous_ids=("p1",)))
    ingest.drain()
    standing_clock.forward(days=400)
    assert tasks.forget_early_changes() == 0
    put(account, gone(account, "p1"))
    ingest.drain()
    assert Message.objects.get().deleted_at == at(0)


@pytest.mark.parametrize("state", [EventState.FAILED, EventState.STORED])
def test_nothing_goes_while_an_event_may_bring_its_message(
    whatsapp: Account, standing_clock: StandingClock, state: EventState
) -> None:
    put(whatsapp, gone(whatsapp))
    ingest.drain()
    holder = put(whatsapp, said(whatsapp, "m1"))
    events.finish_many([Outcome(holder.pk, state)])
    standing_clock.forward(days=400)
    assert tasks.forget_early_changes() == 0
    events.replay([holder.pk])
    ingest.drain()
    assert (Message.objects.get().text, Message.objects.get().deleted_at) == ("", at(0))


def test_event_of_another_app_holds_nothing_up(
    whatsapp: Account, accounts: dict[str, Account], standing_clock: StandingClock
) -> None:
    put(whatsapp, gone(whatsapp))
    ingest.drain()
    other = put(accounts["x"], said(accounts["x"], "p1"))
    InboundEvent.objects.filter(pk=other.pk).update(state=EventState.FAILED)
    standing_clock.forward(days=31)
    assert tasks.forget_early_changes() == 1


def test_event_that_came_long_after_the_change_holds_it_no_longer(
    whatsapp: Account, standing_clock: StandingClock
) -> None:
    put(whatsapp, gone(whatsapp))
    ingest.drain()
    late = put(whatsapp, said(whatsapp, "m9"))
    InboundEvent.objects.filter(pk=late.pk).update(
        state=EventState.FAILED, received_at=at(0) + early.KEPT + timedelta(seconds=1)
    )
    standing_clock.forward(days=90)
    assert tasks.forget_early_changes() == 1


def test_many_go_in_chunks(whatsapp: Account, standing_clock: StandingClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early, "CHUNK", 2)
    put(whatsapp, *[gone(whatsapp, f"m{number}") for number in range(5)])
    ingest.drain()
    standing_clock.forward(days=31)
    assert early.prune() == 5
