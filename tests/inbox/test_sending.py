"""What waits to be sent, is not certain or failed, per account: counted no further than it is shown."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from channels.health import CAP
from channels.models import Account
from inbox.models import Conversation, Message
from inbox.sending import SendingFacts, sending_facts
from tests.inbox.conftest import StandingClock

type Queue = Callable[..., Message]


def test_each_account_has_its_own_counts(
    asked: Conversation, accounts: dict[str, Account], queue: Queue, standing_clock: StandingClock
) -> None:
    moment = standing_clock()
    earlier = moment - timedelta(hours=2)
    queue(asked, sent_at=earlier)
    queue(asked, kind="auto_reply", author=None)
    queue(asked, state="unknown", send_at=moment)
    queue(asked, state="unknown", send_at=None)
    queue(asked, state="failed", send_at=None)
    queue(asked, state="failed", kind="auto_reply", author=None, send_at=None)
    queue(asked, state="withdrawn", send_at=None)
    queue(asked, state="sent", external_id="SM1", send_at=None)
    facts = sending_facts(accounts.values())
    assert facts[asked.account_id] == SendingFacts(
        account_id=asked.account_id,
        queued=2,
        oldest_queued_at=earlier,
        being_asked=1,
        cannot_tell=1,
        failed=1,
    )
    assert facts[asked.account_id].uncertain == 2
    nothing = SendingFacts(
        account_id=accounts["x"].pk, queued=0, oldest_queued_at=None, being_asked=0, cannot_tell=0, failed=0
    )
    assert (set(facts), facts[accounts["x"].pk]) == ({account.pk for account in accounts.values()}, nothing)


def test_counting_stops_beyond_the_cap(asked: Conversation, queue: Queue, django_assert_num_queries: Any) -> None:
    for _ in range(CAP + 3):
        queue(asked, state="failed", send_at=None)
    account = asked.account
    with django_assert_num_queries(1):
        facts = sending_facts([account])
    assert facts[asked.account_id].failed == CAP + 1
