"""Side by side: an account that hangs or must wait holds up no other, and a conversation's answers keep their order."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import Any

import pytest
from django.db import connection

from channels.models import Account
from inbox import ingest, lanes, outbox
from inbox.lanes import Lanes
from inbox.models import Conversation, Message
from tests.channels.server import Answer
from tests.inbox.conftest import StandingClock
from tests.inbox.platform import Platform
from tests.inbox.storing import person, put, said

type Queue = Callable[..., Message]

pytestmark = pytest.mark.django_db(transaction=True)
SOON = 5.0  # seconds: far below what a hanging call takes


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


class Hanging:
    """Calls of one account hang until ``release``; counts how many at once, of each."""

    def __init__(self, platform: Platform, account: Account) -> None:
        self.hung, self.release = Event(), Event()
        self.account, self.lock = account.external_id, Lock()
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        platform.fault = self.fault

    def fault(self, told: dict[str, Any]) -> Answer | None:
        account = told["account"]
        with self.lock:
            self.now[account] += 1
            self.most[account] = max(self.most[account], self.now[account])
        if account == self.account:
            self.hung.set()
            self.release.wait(15)
        with self.lock:
            self.now[account] -= 1
        return None


@pytest.fixture
def threads() -> Iterator[Callable[..., Thread]]:
    """Start a call in a thread with a connection of its own; all are waited for in the end."""
    started: list[Thread] = []

    def start(call: Callable[[], object]) -> Thread:
        def run() -> None:
            try:
                call()
            finally:
                connection.close()

        started.append(Thread(target=run))
        started[-1].start()
        return started[-1]

    yield start
    for thread in started:
        thread.join(20)


def conversations(account: Account, count: int) -> list[Conversation]:
    """Of so many citizens."""
    for number in range(count):
        put(account, said(account, f"{account.pk}-{number}", author=person(f"p{account.pk}-{number}")))
    ingest.drain()
    return list(Conversation.objects.filter(account=account).order_by("id"))


def eventually(look: Callable[[], bool]) -> bool:
    end = time.monotonic() + SOON
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def test_account_that_hangs_holds_up_no_other(
    accounts: dict[str, Account], queue: Queue, platform: Platform, standing_clock: StandingClock, threads: Any
) -> None:
    slow, quick = accounts["facebook"], accounts["whatsapp"]
    theirs = [queue(found, f"traag {found.pk}") for found in conversations(slow, 8)]
    ours = [queue(found, f"vlug {found.pk}") for found in conversations(quick, 8)]
    hanging = Hanging(platform, slow)
    for message in theirs:
        threads(lambda pk=message.pk: lanes.send_now(pk))
    threads(lanes.send_due)
    assert hanging.hung.wait(SOON)
    began = time.monotonic()
    for message in ours[:4]:
        lanes.send_now(message.pk)
    assert eventually(lambda: {again(message).state for message in ours} == {"sent"})
    assert time.monotonic() - began < SOON
    assert {again(message).state for message in theirs} <= {"sending", "queued"}
    hanging.release.set()
    # Nobody swept or kicked again: who was turned away is looked after by who holds a lane.
    assert eventually(lambda: {again(message).state for message in theirs} == {"sent"})
    assert hanging.most[slow.external_id] == lanes.PER_ACCOUNT
    assert Counter(platform.texts()).most_common(1)[0][1] == 1


def held() -> set[int]:
    """Our connections to the database, by the process that serves each; its own workers are no concern of ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        return {pid for (pid,) in cursor.fetchall()}


def test_no_connection_is_held_while_lanes_are_waited_for(
    accounts: dict[str, Account], queue: Queue, platform: Platform, threads: Any
) -> None:
    _slow, quick = (queue(conversations(accounts[kind], 1)[0]) for kind in ("facebook", "whatsapp"))
    hanging = Hanging(platform, accounts["facebook"])
    before = held()
    threads(lanes.send_due)
    assert hanging.hung.wait(SOON)
    assert eventually(lambda: again(quick).state == "sent")  # its lane needs one to write that down
    assert eventually(lambda: held() <= before)
    hanging.release.set()


def test_no_connection_is_held_while_a_platform_takes_its_time(
    asked: Conversation, queue: Queue, platform: Platform, threads: Any
) -> None:
    message = queue(asked)
    hanging = Hanging(platform, asked.account)
    before = held()
    threads(lambda: lanes.send_now(message.pk))
    assert hanging.hung.wait(SOON)
    assert eventually(lambda: held() <= before)
    hanging.release.set()


def test_rate_limit_of_one_account_leaves_the_other_and_its_own_public_side(
    accounts: dict[str, Account], queue: Queue, platform: Platform, standing_clock: StandingClock, threads: Any
) -> None:
    limited, other = accounts["facebook"], accounts["whatsapp"]
    private, second, public = conversations(limited, 3)
    elsewhere = conversations(other, 1)[0]
    until = standing_clock() + timedelta(minutes=15)

    def fault(told: dict[str, Any]) -> Answer | None:
        over = told["account"] == limited.external_id and told["text"] != "openbaar"
        return Answer(429, headers={"retry-at": until.isoformat()}) if over else None

    platform.fault = fault
    waits = [queue(private, "een"), queue(second, "twee")]
    goes = [queue(public, "openbaar", public=True, in_reply_to="m"), queue(elsewhere, "vlug")]
    done = [threads(lanes.send_due) for _ in range(3)]
    for thread in done:
        thread.join(20)
    assert {again(message).state for message in goes} == {"sent"}
    assert sorted(platform.texts()) == ["openbaar", "vlug"]
    found = [again(message) for message in waits]
    assert {(row.state, row.error_reason, row.error_code) for row in found} == {("queued", "rate_limit", "429")}
    assert all(until <= row.send_at <= until + timedelta(seconds=2) for row in found)
    standing_clock.moment = until + timedelta(seconds=2)
    platform.fault = lambda told: None
    lanes.send_due()
    assert sorted(platform.texts()) == ["een", "openbaar", "twee", "vlug"]


def test_order_is_kept_while_the_first_is_uncertain_and_goes_again(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock, threads: Any
) -> None:
    answers: list[Answer | None] = [Answer(504), Answer(503)]
    platform.fault = lambda told: answers.pop(0) if answers else None
    texts = ["een", "twee", "drie"]
    messages = [queue(asked, text) for text in texts]
    outbox.send_one(messages[0].pk)

    def all_at_once() -> None:
        calls = [lambda pk=message.pk: lanes.send_now(pk) for message in reversed(messages)]
        for thread in [threads(call) for call in [*calls, lanes.send_due, lanes.send_due]]:
            thread.join(20)

    all_at_once()
    assert ([again(message).state for message in messages], platform.texts()) == (["unknown", "queued", "queued"], [])
    standing_clock.forward(seconds=11)
    all_at_once()  # it is surely not there, goes again, and X or Meta is busy
    assert ([again(message).state for message in messages], platform.texts()) == (["queued"] * 3, [])
    standing_clock.forward(seconds=20)
    all_at_once()
    lanes.send_due()
    assert (platform.texts(), again(messages[0]).sent_at) == (texts, standing_clock())


def test_what_waited_for_an_account_goes_as_soon_as_it_works_again(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    account, message = Account.objects.filter(pk=asked.account_id), queue(asked)
    account.update(state="paused")
    lanes.send_due()
    assert (again(message).error_reason, again(message).send_at) == ("paused", standing_clock() + timedelta(minutes=1))
    account.update(state="active")
    lanes.send_due()
    assert (again(message).state, platform.texts()) == ("sent", ["Morgen"])


def test_what_was_tried_just_now_waits_out_its_minute(
    asked: Conversation, queue: Queue, platform: Platform, standing_clock: StandingClock
) -> None:
    platform.fault = lambda told: Answer(401, b"token")
    account, message = Account.objects.filter(pk=asked.account_id), queue(asked)
    for expected in (1, 1, 2):
        lanes.send_due()
        account.update(state="active")
        assert again(message).attempts == expected
        standing_clock.forward(seconds=31)


# -- the bound itself -------------------------------------------------------------------------------------------------


def test_first_lane_is_always_there_more_only_while_half_is_free() -> None:
    bound = Lanes(threads=8, per_account=3)
    assert [bound.enter(1) for _ in range(4)] == [True, True, True, False]
    assert [bound.enter(2) for _ in range(3)] == [True, False, False]
    assert [bound.enter(account) for account in (3, 4, 5, 6)] == [True] * 4


def test_who_was_turned_away_is_looked_after_once() -> None:
    bound = Lanes(threads=8, per_account=1)
    assert [bound.enter(1), bound.enter(1), bound.enter(1)] == [True, False, False]
    assert [bound.leave(1), bound.enter(1), bound.leave(1)] == [True, True, False]
