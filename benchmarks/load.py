"""A load generator: keep-alive connections, one request under way on each, in a process of its own."""

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from statistics import quantiles


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run. Latencies in milliseconds, of the answers with the expected status only."""

    requests: int
    seconds: float
    failed: int
    p50_ms: float
    p95_ms: float
    p99_ms: float

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
    cuts = quantiles(latencies, n=100) if len(latencies) > 1 else [0.0] * 99
    return Outcome(len(requests), seconds, failed, cuts[49], cuts[94], cuts[98])


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
