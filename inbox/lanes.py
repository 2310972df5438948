"""Sending side by side: each account in lanes of its own, so that one that is slow holds up nobody else."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from django.db import InterfaceError, OperationalError, connection

from channels.clock import now
from inbox import due, outbox
from inbox.incoming import record
from inbox.models import Delivery, Direction, Message
from inbox.outbox import Outcome

THREADS = 32  # of the worker that sends: see webcare/embedded/product.py and docker-compose.yml
PER_ACCOUNT = 4
WORTH_A_LANE = 4  # messages
LOOK = 500  # rows: enough to see who has work
TRIES = 3  # for one message in one lane, which may be asked after, found absent and sent; never round and round


class Lanes:
    """How many calls are under way for each account, in this process.

    An account always gets its first lane, and more only while half of the threads are free: many accounts that hang
    at once still leave a thread for the next. Who finds no lane goes away: somebody who has one looks again.
    """

    def __init__(self, threads: int = THREADS, per_account: int = PER_ACCOUNT) -> None:
        self._threads, self._per_account = threads, per_account
        self._lock = Lock()
        self._busy: Counter[int] = Counter()
        self._turned_away: set[int] = set()

    def enter(self, account_id: int) -> bool:
        """Whether there is a lane; then ``leave`` must follow."""
        with self._lock:
            mine = self._busy[account_id]
            if mine and (mine >= self._per_account or self._busy.total() >= self._threads // 2):
                self._turned_away.add(account_id)
                return False
            self._busy[account_id] += 1
            return True

    def leave(self, account_id: int) -> bool:
        """The lane is free; whether somebody was turned away meanwhile, so that there is to be looked again."""
        with self._lock:
            self._busy[account_id] -= 1
            if not self._busy[account_id]:
                del self._busy[account_id]
            looked = account_id in self._turned_away
            self._turned_away.discard(account_id)
            return looked


_lanes = Lanes()


def send_now(message_id: int, seconds: float = 20.0) -> Outcome:
    """Send this message if it is due, its turn, and its account has a lane free; what became of it."""
    found = Message.objects.filter(pk=message_id, direction=Direction.OUT, state=Delivery.QUEUED)
    account_id = found.values_list("account_id", flat=True).first()
    if account_id is None or not _lanes.enter(account_id):
        return Outcome.NOT_TAKEN
    end = time.monotonic() + seconds
    look_again = False
    try:
        outcome = outbox.send_one(message_id)
    finally:
        look_again = _lanes.leave(account_id)
    if look_again:
        _run_lane(account_id, end)
    return outcome


def send_due(seconds: float = 20.0) -> int:
    """Send what is due and ask after what is uncertain, until nothing is or ``seconds`` are over; how many.

    Any number may run at once, in any process. One that waits for a slow account leaves the others to the next call.
    """
    end = time.monotonic() + seconds
    for message_id in list(due.left_behind().values_list("pk", flat=True)[:LOOK]):
        record.uncertain(message_id, "", "no_answer", now(), died=True)
    due.release_held()
    handled = 0
    while time.monotonic() < end:
        done = _side_by_side(_who_has_work(), end)
        if not done:
            break  # nothing is due, or somebody else has it all in hand
        handled += done
    return handled


def _who_has_work() -> list[int]:
    """Accounts, each as often as it is worth a lane: what is due together is of different conversations."""
    moment = now()
    accounts = Counter[int]()
    for waiting in (due.to_ask(moment), due.to_send(moment)):
        accounts.update(waiting.values_list("account_id", flat=True)[:LOOK])
    return [
        account_id
        for account_id, count in accounts.items()
        for _ in range(max(1, min(PER_ACCOUNT, count // WORTH_A_LANE)))
    ]


def _side_by_side(accounts: list[int], end: float) -> int:
    if len(accounts) < 2:
        return sum(_run_lane(account_id, end) for account_id in accounts)
    # All we do now is wait: a few of us, each with a connection in hand, would leave none for the lanes.
    outbox.let_go()
    with ThreadPoolExecutor(max_workers=min(len(accounts), THREADS), thread_name_prefix="lane") as pool:
        return sum(pool.map(lambda account_id: _in_thread(account_id, end), accounts))


def _in_thread(account_id: int, end: float) -> int:
    try:
        return _run_lane(account_id, end)
    finally:
        connection.close()


def _run_lane(account_id: int, end: float) -> int:
    done = 0
    while time.monotonic() < end and _lanes.enter(account_id):
        look_again = False
        try:
            done += _work_off(account_id, end)
        finally:
            look_again = _lanes.leave(account_id)
        if not look_again:
            break
    return done


def _work_off(account_id: int, end: float) -> int:
    done, tries = 0, Counter[int]()
    while time.monotonic() < end:
        found = _next(account_id, [pk for pk, count in tries.items() if count >= TRIES])
        if found is None:
            break
        handle, message_id = found
        tries[message_id] += 1
        try:
            outcome = handle(message_id)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001  (one never holds up the others; the sweeper comes back to it)
            outbox.log_crash(message_id, error)
            continue
        done += outcome != Outcome.NOT_TAKEN
        if outcome == Outcome.HELD:
            break  # the others of this account were put off along with it
    return done


def _next(account_id: int, tired: list[int]) -> tuple[Callable[[int], Outcome], int] | None:
    moment = now()
    for handle, waiting in ((outbox.resolve_unknown, due.to_ask(moment)), (outbox.send_one, due.to_send(moment))):
        mine = waiting.filter(account=account_id).exclude(pk__in=tired)
        message_id = mine.values_list("pk", flat=True).first()
        if message_id is not None:
            return handle, message_id
    return None
