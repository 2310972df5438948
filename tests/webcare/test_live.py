"""The live stream as a browser sees it: a real process, real Redis, real sessions."""

import asyncio

import aiohttp
import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from inbox import live
from inbox.models import Department, User
from tests.webcare.streams import cookie_of, elsewhere, stream
from webcare.live import MOST_REMEMBERED, Memory, Rights, Stream, memory

pytestmark = pytest.mark.django_db(transaction=True)


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
            assert await browser.event() == ("again", {})
            assert await browser.ended()
        # With the cursor of fewer departments nothing is known of the new one.
        async with stream(live_url, cookies, browser.cursor) as browser:
            assert await browser.event() == ("hello", {})
            await elsewhere(nudge, 4, burgerzaken)
            assert await browser.event() == ("nudge", {"conversation": 4, "what": "claimed"})

    asyncio.run(browse())


def test_stream_that_broke_goes_on_at_its_cursor(
    live_url: str, agent: User, webcare: Department, burgerzaken: Department
) -> None:
    cookies = cookie_of(agent)

    async def browse() -> None:
        async with stream(live_url, cookies) as witness:
            assert await witness.event() == ("hello", {})
            async with stream(live_url, cookies) as browser:
                assert await browser.event() == ("hello", {})
                await elsewhere(nudge, 1, webcare)
                assert await browser.event() == ("nudge", {"conversation": 1, "what": "claimed"})
            for number in (2, 3):
                await elsewhere(nudge, number, webcare)
            await elsewhere(nudge, 4, burgerzaken)
            await elsewhere(nudge, 2, webcare)
            for number in (1, 2, 3):
                assert await witness.event() == ("nudge", {"conversation": number, "what": "claimed"})
            await witness.event()
            async with stream(live_url, cookies, browser.cursor) as back:
                assert await back.event() == ("back", {})
                assert await back.event() == ("nudge", {"conversation": 2, "what": "claimed"})
                assert await back.event() == ("nudge", {"conversation": 3, "what": "claimed"})
                await elsewhere(nudge, 5, webcare)
                assert await back.event() == ("nudge", {"conversation": 5, "what": "claimed"})

    asyncio.run(browse())


@pytest.mark.parametrize("cursor", ["", "0", "00000000-0-0", "a-b-c", "----", "%00"])
def test_stream_with_an_unknown_cursor_starts_anew(
    live_url: str, agent: User, webcare: Department, cursor: str
) -> None:
    cookies = cookie_of(agent)

    async def browse() -> None:
        async with stream(live_url, cookies, cursor) as browser:
            assert await browser.event() == ("hello", {})

    asyncio.run(browse())


def test_memory_knows_what_was_missed_as_long_as_it_remembers() -> None:
    known = Memory()
    mine, theirs = Rights(1, frozenset({7}), "", 0.0), Rights(2, frozenset({8}), "", 0.0)
    start = known.cursor(mine)
    events = [{"conversation": number, "what": "received", "departments": [7 + number % 2]} for number in range(4)]
    for event in events:
        known.add(event)
    assert known.since(start, mine) == [events[0], events[2]]
    assert known.since(known.cursor(mine), mine) == []
    assert known.since(start, theirs) is None
    epoch, _number, mark = start.split("-")
    assert known.since(f"{epoch}-5-{mark}", mine) is None  # ahead of us: of another process
    for _event in range(MOST_REMEMBERED - 3):
        known.add(events[1])
    assert known.since(start, mine) is None
    known.begin()
    assert known.since(known.cursor(mine), mine) == []
    assert known.since(f"{epoch}-0-{mark}", mine) is None


def test_stream_sends_the_newest_nudge_once_per_conversation(live_url: str, agent: User, webcare: Department) -> None:
    slow = Stream(Rights(agent.pk, frozenset({webcare.pk}), "", 0.0), hello=False)
    slow.nudge(1, "received")
    slow.nudge(2, "received")
    slow.nudge(1, "claimed")
    cursor = f"id: {memory.cursor(slow.rights)}\n"
    assert slow.drain().decode() == (
        'event: nudge\ndata: {"conversation": 1, "what": "claimed"}\n\n'
        f'{cursor}event: nudge\ndata: {{"conversation": 2, "what": "received"}}\n\n'
    )
    for number in range(201):
        slow.nudge(number, "received")
    assert slow.drain().decode() == f"{cursor}event: hello\ndata: {{}}\n\n"
    assert slow.drain().decode() == f"{cursor}event: beat\ndata: {{}}\n\n"
