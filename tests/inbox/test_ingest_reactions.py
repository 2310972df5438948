"""Reactions: the platform's last one stands, whatever comes first; and they wake nobody."""

from itertools import permutations

import pytest

from channels.messages import Reacted
from channels.models import Account, InboundEvent
from inbox import ingest
from inbox.incoming import reactions
from inbox.models import AuditEntry, Conversation, Reaction
from tests.inbox.conftest import StandingClock
from tests.inbox.storing import at, person, put, said

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def standing(standing_clock: StandingClock) -> StandingClock:
    return standing_clock


@pytest.fixture
def facebook(accounts: dict[str, Account]) -> Account:
    return accounts["facebook"]


def reacted(account: Account, symbol: str, minutes: float, who: str = "jan", to: str = "m-1") -> Reacted:
    return Reacted(
        account_id=account.external_id,
        external_id=to,
        person=person(who),
        symbol=symbol,
        removed=not symbol,
        at=at(minutes),
    )


def shown() -> list[tuple[str, str, str, bool]]:
    return list(Reaction.objects.order_by("person_id").values_list("external_id", "name", "symbol", "removed"))


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("together", [True, False])
def test_the_last_one_stands_in_any_order(facebook: Account, order: tuple[int, ...], together: bool) -> None:
    told = [reacted(facebook, "👍", 1), reacted(facebook, "", 2), reacted(facebook, "❤️", 3)]
    for number in order:
        put(facebook, told[number])
        if not together:
            ingest.drain()
    ingest.drain()
    assert shown() == [("m-1", "Jan", "❤️", False)]


def test_taken_back_within_a_second_is_taken_back(facebook: Account) -> None:
    for told in (reacted(facebook, "", 1), reacted(facebook, "👍", 1)):
        put(facebook, told)
        ingest.drain()
    assert shown() == [("m-1", "Jan", "", True)]


def test_a_closed_conversation_stays_closed_and_nothing_is_owed(facebook: Account) -> None:
    put(facebook, said(facebook, "m-1"))
    ingest.drain()
    Conversation.objects.update(
        status="closed", result="answered", closed_at=at(10), due_at=None, clock_kind="", rank_at=at(0)
    )
    before = Conversation.objects.values().get()
    entries = AuditEntry.objects.count()
    event = put(facebook, reacted(facebook, "👍", 20), reacted(facebook, "👍", 21, who="eva"))
    ingest.drain()
    assert Conversation.objects.values().get() == before
    assert AuditEntry.objects.count() == entries
    assert InboundEvent.objects.get(pk=event.pk).state == "done"
    assert [row[1] for row in shown()] == ["Eva", "Jan"]


def test_what_stands_under_no_message_is_forgotten(facebook: Account, standing_clock: StandingClock) -> None:
    put(facebook, said(facebook, "m-1"), reacted(facebook, "👍", 1), reacted(facebook, "👍", 1, to="our-post"))
    ingest.drain()
    assert reactions.prune() == 0
    standing_clock.forward(days=40)
    assert reactions.prune() == 1
    assert [row[0] for row in shown()] == ["m-1"]
