"""How many open streams one live process holds, what each costs, and how soon a nudge is with all of them."""

import asyncio
import json
import time
from pathlib import Path

import aiohttp
import psutil
import redis
from django.conf import settings
from django.db import connections
from django.test import Client

from benchmarks.processes import webcare
from benchmarks.table import Figure
from inbox.live import CHANNEL
from inbox.models import User

STREAMS = 2_000
AT_ONCE = 50


def measure(folder: Path) -> list[Figure]:
    """Open them with one agent's session, nudge once, close."""
    user = User.objects.get(username="fatima")
    client = Client()
    client.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    department = user.departments.values_list("pk", flat=True)[0]
    connections.close_all()
    with webcare("live", data=folder) as ports:
        opened, megabytes, reached_ms = asyncio.run(browse(ports.live, cookie, department))
    conditions = f"{STREAMS} streams on one live process, client on the same machine"
    return [
        Figure("live_connections", opened, "streams", conditions),
        Figure("live_mb_per_1000", megabytes / opened * 1000, "MB", conditions),
        Figure("live_nudge_to_last_ms", reached_ms, "ms", conditions),
    ]


def memory(port: int) -> float:
    """Megabytes of the process that listens on the port."""
    for connection in psutil.net_connections("tcp"):
        if connection.laddr.port == port and connection.status == psutil.CONN_LISTEN and connection.pid:
            return psutil.Process(connection.pid).memory_info().rss / 1e6
    raise RuntimeError(f"nobody listens on {port}")


async def browse(port: int, cookie: str, department: int) -> tuple[int, float, float]:
    """Open streams, megabytes they take, milliseconds until the last of them had a nudge."""
    url = f"http://127.0.0.1:{port}/stream"
    gate = asyncio.Semaphore(AT_ONCE)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        headers={"Cookie": cookie}, connector=connector, timeout=aiohttp.ClientTimeout(total=None)
    ) as session:

        async def open_one() -> aiohttp.ClientResponse:
            async with gate:
                response = await session.get(url)
                if response.status != 200:
                    raise RuntimeError(f"the stream answered {response.status}")
                await until(response, b"event: hello")
                return response

        warm = [await open_one() for _ in range(10)]
        before = memory(port)
        streams = await asyncio.gather(*(open_one() for _ in range(STREAMS)))
        used = memory(port) - before
        begun = time.perf_counter()
        event = {"conversation": 1, "departments": [department], "people": [], "what": "received"}
        redis.Redis.from_url(settings.REDIS_URL).publish(CHANNEL, json.dumps(event))
        await asyncio.gather(*(until(stream, b"event: nudge") for stream in streams))
        reached = (time.perf_counter() - begun) * 1000
        for stream in [*warm, *streams]:
            stream.close()
    return len(streams), used, reached


async def until(response: aiohttp.ClientResponse, wanted: bytes) -> None:
    """Read the stream up to a line. Raises TimeoutError after thirty seconds."""
    async with asyncio.timeout(30):
        async for line in response.content:
            if line.strip() == wanted:
                return
    raise ConnectionError("the stream ended")
