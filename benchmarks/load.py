"""A load generator: keep-alive connections, one request under way on each, in a process of its own."""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from statistics import quantiles
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run. Latencies in milliseconds, of the answers with the expected status only."""

    requests: int
    seconds: float
    failed: int
    latencies: tuple[float, ...]

    @classmethod
    def of(cls, runs: Sequence["Outcome"]) -> "Outcome":
        """Several as one. Which process a kept-alive connection falls to is chance: one run is one throw."""
        return cls(
            sum(run.requests for run in runs),
            sum(run.seconds for run in runs),
            sum(run.failed for run in runs),
            tuple(latency for run in runs for latency in run.latencies),
        )

    def percentile(self, number: int) -> float:
        """Of the latencies; 0 when there are too few to tell."""
        return quantiles(self.latencies, n=100)[number - 1] if len(self.latencies) > 1 else 0.0

    @property
    def p50_ms(self) -> float:
        """Half is quicker."""
        return self.percentile(50)

    @property
    def p95_ms(self) -> float:
        """One in twenty is slower."""
        return self.percentile(95)

    @property
    def p99_ms(self) -> float:
        """One in a hundred is slower."""
        return self.percentile(99)

    @property
    def per_second(self) -> float:
        """Good answers a second."""
        return (self.requests - self.failed) / self.seconds


def request_bytes(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """One HTTP/1.1 request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def run(port: int, requests: Sequence[bytes], connections: int, expect: int = 200) -> Outcome:
    """Send every request once, over so many connections, and wait for the last answer."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(port, requests, connections, expect, sender))
    process.start()
    latencies, failed, seconds = receiver.recv()
    process.join()
    return Outcome(len(requests), seconds, failed, tuple(latencies))


def _work(port: int, requests: Sequence[bytes], connections: int, expect: int, sender: Connection) -> None:
    sender.send(asyncio.run(_drive(port, requests, connections, expect)))


async def _drive(port: int, requests: Sequence[bytes], connections: int, expect: int) -> tuple[list[float], int, float]:
    waiting = iter(requests)
    latencies: list[float] = []
    failed = 0

    async def connection() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            begun = time.perf_counter()
            writer.write(request)
            status = await _answer(reader)
            if status == expect:
                latencies.append((time.perf_counter() - begun) * 1000)
            else:
                failed += 1
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(connections)))
    return latencies, failed, time.perf_counter() - begun


@dataclass(slots=True)
class Flood:
    """A generator that posts for a time, while others watch. After ``over``: how long it took, and what was taken."""

    receiver: Connection
    counter: Any  # shared with the process that posts
    seconds: float = 0.0
    refused: int = 0
    numbers: list[int] = field(default_factory=list)

    @property
    def posted(self) -> int:
        """Requests answered with 200 or 204 so far."""
        return int(self.counter.value)

    def over(self) -> bool:
        """Whether the last answer has come."""
        if not self.seconds and self.receiver.poll():
            self.numbers, self.refused, self.seconds = self.receiver.recv()
        return self.seconds > 0

    def accepted(self) -> list[int]:
        """The numbers of the requests answered with 200 or 204, once it is over."""
        return self.numbers


@contextmanager
def flood(port: int, requests: Sequence[bytes], connections: int, seconds: float, rate: float = 0.0) -> Iterator[Flood]:
    """Post in order for so many seconds, ``rate`` a second (0: as fast as the connections go); ends with the block."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    counter = context.Value("q", 0)
    process = context.Process(target=_pour, args=(port, requests, connections, seconds, rate, counter, sender))
    process.start()
    try:
        yield Flood(receiver, counter)
    finally:
        process.join(1)
        process.kill()
        process.join()


def _pour(
    port: int,
    requests: Sequence[bytes],
    connections: int,
    seconds: float,
    rate: float,
    counter: Any,
    sender: Connection,
) -> None:
    sender.send(asyncio.run(_for_a_time(port, requests, connections, seconds, rate, counter)))


async def _for_a_time(
    port: int, requests: Sequence[bytes], connections: int, seconds: float, rate: float, counter: Any
) -> tuple[list[int], int, float]:
    waiting = iter(enumerate(requests))
    accepted: list[int] = []
    refused = 0
    begun = time.perf_counter()

    async def one_connection() -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number, request in waiting:
            # Whoever is late posts at once: the rate is what is offered, not what is answered.
            early = number / rate - (time.perf_counter() - begun) if rate else 0.0
            if early > 0:
                await asyncio.sleep(early)
            if time.perf_counter() - begun >= seconds:
                break
            writer.write(request)
            if await _answer(reader) in (200, 204):
                accepted.append(number)
                counter.value = len(accepted)
            else:
                refused += 1
        writer.close()

    await asyncio.gather(*(one_connection() for _ in range(connections)))
    return accepted, refused, time.perf_counter() - begun


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
        elif line.lower().startswith(b"transfer-encoding:") and b"chunked" in line.lower():
            while size := int(await reader.readline(), 16):
                await reader.readexactly(size + 2)
            await reader.readline()
    if length:
        await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])
