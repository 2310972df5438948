"""The live stream as a browser sees it: a real process, real Redis, real sessions."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, connections
from django.test import Client

from inbox import live
from inbox.models import Department, User
from webcare.live import Rights, Stream

pytestmark = pytest.mark.django_db(transaction=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def live_url(django_db_setup: None) -> Iterator[str]:
    """The stream's process on the test's own database and Redis."""
    port = free_port()
    parts = connection.settings_dict
    database = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
    environment = os.environ | {"DATABASE_URL": database, "PUBLIC_URL": "http://testserver"}
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "webcare.live:app", "--port", str(port), "--log-level", "warning"],
        env=environment,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        asyncio.run(until_up(url))
        yield url
    finally:
        process.terminate()
        process.wait(10)


async def until_up(url: str) -> None:
    async with asyncio.timeout(20), aiohttp.ClientSession() as session:
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

    async def event(self) -> tuple[str, dict[str, object]]:
        """The next event that is no heartbeat, as (name, data)."""
        name = ""
        async with asyncio.timeout(10):
            async for raw in self.response.content:
                line = raw.decode().strip()
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    return name, json.loads(line.removeprefix("data: "))
        raise ConnectionError("the stream ended")

    async def ended(self) -> bool:
        async with asyncio.timeout(10):
            await self.response.content.read()
        return True


@asynccontextmanager
async def stream(url: str, cookies: dict[str, str], **headers: str) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession(cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        session.cookie_jar.update_cookies(cookies)
        async with session.get(f"{url}/stream", headers=headers) as response:
            assert response.status == 200
            yield Browser(response)


def nudge(conversation: int, *departments: Department, people: tuple[int, ...] = ()) -> None:
    live.publish(
        {
            "conversation": conversation,
            "departments": [department.pk for department in departments],
            "people": list(people),
            "what": "claimed",
        }
    )


def test_stream_passes_only_what_the_colleague_may_see(
    live_url: str, agent: User, webcare: Department, burgerzaken: Department
) -> None:
    cookies = cookie_of(agent)

    async def browse() -> None:
        async with stream(live_url, cookies) as browser:
            assert await browser.event() == ("hello", {})
            await elsewhere(nudge, 1, burgerzaken)
            await elsewhere(nudge, 2, webcare)
            assert await browser.event() == ("nudge", {"conversation": 2, "what": "claimed"})
            await elsewhere(nudge, 3, burgerzaken, people=(agent.pk,))
            assert await browser.event() == ("nudge", {"conversation": 3, "what": "claimed"})

    asyncio.run(browse())


def test_stream_without_login_is_refused(live_url: str) -> None:
    async def browse() -> int:
        async with aiohttp.ClientSession() as session, session.get(f"{live_url}/stream") as response:
            return response.status

    assert asyncio.run(browse()) == 401


def test_stream_from_a_foreign_page_is_refused(live_url: str, agent: User) -> None:
    cookies = cookie_of(agent)

    async def browse() -> int:
        async with aiohttp.ClientSession() as session:
            headers = {"Origin": "https://evil.example", "Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
            async with session.get(f"{live_url}/stream", headers=headers) as response:
                return response.status

    assert asyncio.run(browse()) == 403


def test_stream_ends_with_the_session(live_url: str, agent: User, webcare: Department) -> None:
    client = Client()
    client.force_login(agent)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value

    async def browse() -> None:
        async with stream(live_url, {settings.SESSION_COOKIE_NAME: key}) as browser:
            assert await browser.event() == ("hello", {})
            await elsewhere(client.logout)
            assert await browser.event() == ("bye", {})
            assert await browser.ended()

    asyncio.run(browse())
    assert not SessionStore().exists(key)


def test_stream_starts_again_when_rights_change(
    live_url: str, agent: User, webcare: Department, burgerzaken: Department
) -> None:
    cookies = cookie_of(agent)

    async def browse() -> None:
        async with stream(live_url, cookies) as browser:
            assert await browser.event() == ("hello", {})
            await elsewhere(agent.departments.add, burgerzaken)
            assert await browser.ended()
        async with stream(live_url, cookies) as browser:
            assert await browser.event() == ("hello", {})
            await elsewhere(nudge, 4, burgerzaken)
            assert await browser.event() == ("nudge", {"conversation": 4, "what": "claimed"})

    asyncio.run(browse())


def test_stream_sends_the_newest_nudge_once_per_conversation(live_url: str, agent: User, webcare: Department) -> None:
    slow = Stream(Rights(agent.pk, frozenset({webcare.pk}), "", 0.0), hello=False)
    slow.nudge(1, "received")
    slow.nudge(2, "received")
    slow.nudge(1, "claimed")
    assert slow.drain().decode() == (
        'event: nudge\ndata: {"conversation": 1, "what": "claimed"}\n\n'
        'event: nudge\ndata: {"conversation": 2, "what": "received"}\n\n'
    )
    for number in range(201):
        slow.nudge(number, "received")
    assert slow.drain().decode() == "event: hello\ndata: {}\n\n"
