"""Browsers on the live process, without a browser."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
from django.conf import settings
from django.db import connections
from django.test import Client

from inbox.models import User


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until_up(url: str) -> None:
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/healthz") as answer:
                    assert answer.status == 200
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)


def cookie_of(user: User) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}


async def elsewhere(function: Callable[..., object], *arguments: object, **named: object) -> None:
    """Run in another thread, as another request would, and leave no database connection behind."""

    def work() -> None:
        try:
            function(*arguments, **named)
        finally:
            connections.close_all()

    await asyncio.to_thread(work)


class Browser:
    """Reads server-sent events."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.cursor = ""

    async def event(self) -> tuple[str, dict[str, object]]:
        """The next event that is no heartbeat, as (name, data)."""
        name = ""
        async with asyncio.timeout(10):
            async for raw in self.response.content:
                line = raw.decode().strip()
                if line.startswith("id: "):
                    self.cursor = line.removeprefix("id: ")
                elif line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: ") and name != "beat":
                    return name, json.loads(line.removeprefix("data: "))
        raise ConnectionError("the stream ended")

    async def ended(self) -> bool:
        async with asyncio.timeout(10):
            await self.response.content.read()
        return True


@asynccontextmanager
async def stream(url: str, cookies: dict[str, str], since: str = "", tab: str = "") -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession(cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        session.cookie_jar.update_cookies(cookies)
        async with session.get(f"{url}/stream", params={"since": since, "tab": tab}) as response:
            assert response.status == 200
            yield Browser(response)
