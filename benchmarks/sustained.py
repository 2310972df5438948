"""Messages a second from webhook to conversation, sustained: real web and workers, all three platforms, nothing lost.

BENCH_SECONDS (20) is how long webhooks are posted, BENCH_RATE how many a second; 0, the default, is as fast as it goes.
"""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from django.db import connection, connections

from benchmarks import load
from benchmarks.bodies import Posted, message
from benchmarks.processes import webcare
from benchmarks.table import Figure
from channels.models import EventState, InboundEvent
from inbox import ingest
from inbox.models import Message

CONNECTIONS = 32
WARM = 200  # messages before the clock runs
FLAT_OUT = 2_000  # requests prepared for each second when no rate is given; more than one machine of this size takes
SETTLE = 180.0  # seconds after the last webhook in which all must be in conversations
PARTS = ("web", "worker", "intake", "scheduler")


@dataclass(frozen=True, slots=True)
class Moment:
    """The curve at one second: all since the beginning."""

    second: float
    posted: int
    stored: int
    waiting: int
    done: int

    def __str__(self) -> str:
        return f"{self.second:>6.1f} {self.posted:>8} {self.stored:>8} {self.waiting:>8} {self.done:>8}"


class Incomplete(RuntimeError):
    """Not every message that was accepted is in exactly one conversation."""


def measure(folder: Path) -> list[Figure]:
    """Post, watch, wait until all is settled, compare. Raises Incomplete when a message is missing or doubled."""
    seconds, rate = float(os.environ.get("BENCH_SECONDS") or 20), float(os.environ.get("BENCH_RATE") or 0)
    ingest.drain(seconds=300)  # what an earlier benchmark left
    first = _newest()
    run = _unused_run()
    connections.close_all()
    with webcare(*PARTS, data=folder) as ports:
        site = f"http://127.0.0.1:{ports.web}"
        total = WARM + int((rate or FLAT_OUT) * seconds)
        prepared = [message(number, run, site) for number in range(total)]
        requests = [one.request for one in prepared]
        with load.flood(ports.web, requests[:WARM], CONNECTIONS, SETTLE) as generator:
            _watch(generator, first)  # all processes are there, and have done what they do only once
            warm = [prepared[number] for number in generator.accepted()]
        begun = _newest()
        with load.flood(ports.web, requests[WARM:], CONNECTIONS, seconds, rate) as generator:
            curve = _watch(generator, begun)
            accepted = [prepared[WARM + number] for number in generator.accepted()]
    _compare(warm + accepted, first)
    settled = curve[-1].second
    offered = f"{rate:,.0f} webhooks/s offered" if rate else f"as fast as {CONNECTIONS} connections go"
    conditions = (
        f"{offered} for {seconds:.0f} s, X, Facebook and WhatsApp in turn, signed, over HTTP; "
        f"{len(accepted):,} posted, {generator.refused} refused, each in exactly one conversation "
        f"{settled:.1f} s after the first; {', '.join(PARTS)} and the generator on this machine"
    )
    peak = max(moment.waiting for moment in curve)
    return [
        Figure("sustained_messages_per_s", len(accepted) / settled, "messages/s", conditions),
        Figure("sustained_webhooks_per_s", len(accepted) / generator.seconds, "requests/s", conditions),
        Figure("sustained_backlog_peak", peak, "events", conditions),
        Figure("sustained_settled_after_s", max(0.0, settled - generator.seconds), "s", conditions, _rows(curve)),
    ]


def _watch(generator: load.Flood, first: int) -> list[Moment]:
    """One look a second, until all that was posted is done. Raises Incomplete when that takes too long."""
    print("second   posted   stored  waiting     done", file=sys.stderr)
    curve: list[Moment] = []
    begun, ended = time.monotonic(), 0.0
    while True:
        over, posted = generator.over(), generator.posted
        stored, waiting = _counted(first)
        moment = Moment(time.monotonic() - begun, posted, stored, waiting, stored - waiting)
        settled = over and waiting == 0 and stored >= posted
        if settled or moment.second >= len(curve):
            curve.append(moment)
            print(moment, file=sys.stderr, flush=True)
        if settled:
            return curve
        if over:
            ended = ended or time.monotonic()
            if time.monotonic() - ended > SETTLE:
                raise Incomplete(f"{waiting} of {posted} messages still wait {SETTLE:.0f} s after the last")
        # Near the end more often: the figure is the moment at which the last was done.
        time.sleep(0.1 if over else 0.5)


def _newest() -> int:
    return InboundEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _counted(first: int) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE state = 'stored') FROM channels_inboundevent WHERE id > %s",
            [first],
        )
        stored, waiting = cursor.fetchone()
    return stored, waiting


def _compare(accepted: list[Posted], first: int) -> None:
    """Each message once, under its account; each thread one conversation; every event done."""
    if len({(one.account, one.external_id) for one in accepted}) != len(accepted):
        raise Incomplete("the generator posted an id twice")
    states = InboundEvent.objects.filter(pk__gt=first).exclude(state=EventState.DONE)
    if failed := list(states.order_by("pk").values_list("pk", "state", "reason")[:5]):
        raise Incomplete(f"events that are not done, the first of them: {failed}")
    wanted = {(one.account, one.external_id): one.thread for one in accepted}
    found = Message.objects.filter(direction="in", created_at__gte=_first_received(first)).values_list(
        "account__external_id", "external_id", "conversation_id"
    )
    there: dict[tuple[str, str], int] = {}
    rows = 0
    for account, external_id, conversation in found.iterator():
        there[(account, external_id)] = conversation
        rows += 1
    if rows != len(there) or there.keys() != wanted.keys():
        missing, more = wanted.keys() - there.keys(), there.keys() - wanted.keys()
        raise Incomplete(f"{rows} messages, {len(missing)} missing, {len(more)} too many: {sorted(missing | more)[:5]}")
    pairs = {(thread, there[key]) for key, thread in wanted.items()}
    if not len(pairs) == len({thread for thread, _ in pairs}) == len({number for _, number in pairs}):
        raise Incomplete("threads and conversations are not one to one")


def _first_received(first: int) -> object:
    return InboundEvent.objects.filter(pk__gt=first).order_by("pk").values_list("received_at", flat=True)[0]


def _unused_run() -> int:
    """A number whose ids no earlier run in this database used."""
    for run in range(1, 10_000):
        if not InboundEvent.objects.filter(dedupe_key__contains=f"SM{run:04}").exists():
            return run
    raise RuntimeError("10,000 runs in one database; empty it")


def _rows(curve: list[Moment]) -> list[list[float]]:
    return [[round(m.second, 1), m.posted, m.stored, m.waiting, m.done] for m in curve]
