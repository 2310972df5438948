"""Milliseconds from a webhook to the changed list in a browser: posted, stored, drained, nudged, refetched."""

import asyncio
import time
from pathlib import Path
from statistics import quantiles

import aiohttp
from django.conf import settings
from django.db import connections
from django.test import Client

from benchmarks.processes import webcare
from benchmarks.table import Figure
from benchmarks.webhooks import signed
from inbox.models import User

SAMPLES = 100
PAUSE = 0.05  # seconds between two messages: one after the other, not a flood


def measure(folder: Path) -> list[Figure]:
    """As a logged-in agent with an open stream, who refetches the list's rows at every nudge."""
    client = Client()
    client.force_login(User.objects.get(username="fatima"))
    cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}
    connections.close_all()
    with webcare("web", "live", "worker", data=folder) as ports:
        latencies = asyncio.run(browse(ports.web, ports.live, cookies))
    cuts = quantiles(latencies, n=100)
    conditions = f"{SAMPLES} messages one by one; web, live and a worker of 2 on this machine; list refetched"
    return [
        Figure("webhook_to_browser_ms_p50", cuts[49], "ms", conditions),
        Figure("webhook_to_browser_ms_p95", cuts[94], "ms", conditions),
    ]


async def browse(web: int, live: int, cookies: dict[str, str]) -> list[float]:
    """Post a message, wait for its nudge, refetch the list: the time of each."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, cookies=cookies) as session:
        jar.update_cookies(cookies)
        async with session.get(f"http://127.0.0.1:{live}/stream") as stream:
            if stream.status != 200:
                raise RuntimeError(f"the stream answered {stream.status}")
            await nudged(stream, b"hello")
            latencies = []
            for number in range(SAMPLES + 5):
                head, _, body = signed(number, 77).partition(b"\r\n\r\n")
                lines = head.decode().split("\r\n")
                headers = dict(line.split(": ", 1) for line in lines[1:])
                begun = time.perf_counter()
                async with session.post(
                    f"http://127.0.0.1:{web}{lines[0].split()[1]}", data=body, headers=headers
                ) as answer:
                    if answer.status != 200:
                        raise RuntimeError(f"the webhook answered {answer.status}")
                await nudged(stream, b"nudge")
                async with session.get(
                    f"http://127.0.0.1:{web}/inbox/todo/", headers={"HX-Request": "true", "HX-Target": "rows"}
                ) as rows:
                    if rows.status != 200:
                        raise RuntimeError(f"the list answered {rows.status}")
                    await rows.read()
                if number >= 5:  # the first few warm up
                    latencies.append((time.perf_counter() - begun) * 1000)
                await asyncio.sleep(PAUSE)
            return latencies


async def nudged(stream: aiohttp.ClientResponse, name: bytes) -> None:
    """Until the stream says so. Raises TimeoutError after ten seconds."""
    async with asyncio.timeout(10):
        async for line in stream.content:
            if line.strip() == b"event: " + name:
                return
    raise ConnectionError("the stream ended")
