"""Who is at a conversation, as the browsers of colleagues hear it: a real process, real Redis."""

import asyncio
import time
from collections.abc import Callable

import aiohttp
import pytest
from django.core import signing

from inbox import live, presence
from inbox.models import Conversation, Department, User
from inbox.presence import SILENT, Sign
from tests.webcare.streams import Browser, cookie_of, elsewhere, stream
from webcare.presence import MOST_TABS, Presence

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Conversation]


@pytest.fixture(autouse=True)
def nobody() -> None:
    """What earlier tests said of themselves is forgotten, also by the process."""
    live.wire().delete(presence.KEY)


async def say(url: str, shown: str, state: str, tab: str = "aaaa", origin: str = "") -> int:
    headers = {"Origin": origin} if origin else {}
    async with aiohttp.ClientSession(headers=headers) as session:
        body = {"pass": shown, "tab": tab, "state": state}
        async with session.post(f"{url}/presence", json=body) as answer:
            return answer.status


async def met(browser: Browser) -> dict[str, object]:
    name, data = await browser.event()
    assert name == "presence"
    return data


def test_colleagues_hear_who_looks_who_writes_and_who_left(
    live_url: str, agent: User, colleague: User, make_conversation: Make
) -> None:
    cookies, made = cookie_of(agent), make_conversation()
    theirs = presence.pass_for(made, colleague)

    async def browse() -> None:
        async with stream(live_url, cookies) as browser:
            assert await browser.event() == ("hello", {})
            for state in ("looking", "noting", "answering", "looking"):
                assert await say(live_url, theirs, state) == 204
                assert await met(browser) == {str(made.pk): {str(colleague.pk): state}}
            assert await say(live_url, theirs, "") == 204
            assert await met(browser) == {str(made.pk): {}}

    asyncio.run(browse())


def test_who_comes_later_hears_who_is_there(
    live_url: str, agent: User, colleague: User, make_conversation: Make
) -> None:
    cookies, made = cookie_of(agent), make_conversation()
    theirs = presence.pass_for(made, colleague)

    async def browse() -> None:
        async with stream(live_url, cookies) as witness:
            assert await witness.event() == ("hello", {})
            await say(live_url, theirs, "looking")
            await met(witness)
        async with stream(live_url, cookies, witness.cursor) as back:
            assert await back.event() == ("back", {})
            assert await met(back) == {str(made.pk): {str(colleague.pk): "looking"}}
        await say(live_url, theirs, "")

    asyncio.run(browse())


def test_who_may_not_see_the_conversation_hears_of_nobody(
    live_url: str, expert: User, colleague: User, lead: User, burgerzaken: Department, make_conversation: Make
) -> None:
    cookies = cookie_of(expert)
    hidden, shared = make_conversation(), make_conversation(department=burgerzaken)

    async def browse() -> None:
        async with stream(live_url, cookies) as browser:
            assert await browser.event() == ("hello", {})
            await say(live_url, presence.pass_for(hidden, colleague), "answering")
            await say(live_url, presence.pass_for(shared, lead), "looking", tab="bbbb")
            assert await met(browser) == {str(shared.pk): {str(lead.pk): "looking"}}
            await say(live_url, presence.pass_for(hidden, colleague), "")
            await say(live_url, presence.pass_for(shared, lead), "", tab="bbbb")
            assert await met(browser) == {str(shared.pk): {}}

    asyncio.run(browse())


def test_two_tabs_of_one_person_are_one_person_who_does_not_hear_of_herself(
    live_url: str, agent: User, colleague: User, make_conversation: Make
) -> None:
    hers, his, made = cookie_of(agent), cookie_of(colleague), make_conversation()
    shown = presence.pass_for(made, colleague)
    place = str(made.pk)

    async def browse() -> None:
        async with stream(live_url, hers) as fatima, stream(live_url, his) as joris:
            assert await fatima.event() == await joris.event() == ("hello", {})
            await say(live_url, shown, "looking", tab="aaaa")
            assert await met(fatima) == {place: {str(colleague.pk): "looking"}}
            await say(live_url, shown, "answering", tab="bbbb")
            assert await met(fatima) == {place: {str(colleague.pk): "answering"}}
            await say(live_url, shown, "", tab="bbbb")
            assert await met(fatima) == {place: {str(colleague.pk): "looking"}}
            await say(live_url, presence.pass_for(made, agent), "looking", tab="cccc")
            # The first he hears of: nothing was said to him of his own two tabs.
            assert await met(joris) == {place: {str(agent.pk): "looking"}}
            for shown_to, tab in ((colleague, "aaaa"), (agent, "cccc")):
                await say(live_url, presence.pass_for(made, shown_to), "", tab=tab)

    asyncio.run(browse())


def test_a_broken_stream_takes_its_tab_along_within_seconds(
    live_url: str, agent: User, colleague: User, make_conversation: Make
) -> None:
    hers, his, made = cookie_of(agent), cookie_of(colleague), make_conversation()
    shown = presence.pass_for(made, colleague)

    async def browse() -> float:
        async with stream(live_url, hers) as fatima:
            assert await fatima.event() == ("hello", {})
            async with stream(live_url, his, tab="aaaa") as joris:
                assert await joris.event() == ("hello", {})
                await say(live_url, shown, "answering")
                assert await met(fatima) == {str(made.pk): {str(colleague.pk): "answering"}}
            broke = time.monotonic()
            assert await met(fatima) == {str(made.pk): {}}
            return time.monotonic() - broke

    assert asyncio.run(browse()) < 5
    assert presence.present(made.pk) == {}


def test_a_stream_that_comes_back_keeps_its_tab(
    live_url: str, agent: User, colleague: User, make_conversation: Make
) -> None:
    hers, his, made, other = cookie_of(agent), cookie_of(colleague), make_conversation(), make_conversation()
    shown = presence.pass_for(made, colleague)

    async def browse() -> None:
        async with stream(live_url, hers) as fatima:
            assert await fatima.event() == ("hello", {})
            async with stream(live_url, his, tab="aaaa"):
                await say(live_url, shown, "looking")
                assert await met(fatima) == {str(made.pk): {str(colleague.pk): "looking"}}
            async with stream(live_url, his, tab="aaaa"):
                await say(live_url, shown, "looking")  # as a page does at once
                # Another one who breaks off later is the next that is heard.
                async with stream(live_url, his, tab="dddd"):
                    await say(live_url, presence.pass_for(other, colleague), "looking", tab="dddd")
                    assert await met(fatima) == {str(other.pk): {str(colleague.pk): "looking"}}
                assert await met(fatima) == {str(other.pk): {}}
                await elsewhere(lambda: presence.present(made.pk) == {colleague.pk: "looking"} or 1 / 0)
            assert await met(fatima) == {str(made.pk): {}}

    asyncio.run(browse())


def test_only_a_page_of_ours_tells_and_only_of_itself(
    live_url: str, agent: User, colleague: User, make_conversation: Make
) -> None:
    made = make_conversation()
    shown = presence.pass_for(made, agent)
    forged = signing.dumps([made.pk, made.department_id, colleague.pk], salt="another")

    async def browse() -> list[int]:
        return [
            await say(live_url, forged, "looking"),
            await say(live_url, shown[:-1], "looking"),
            await say(live_url, shown, "dancing"),
            await say(live_url, shown, "looking", tab="<b>"),
            await say(live_url, shown, "looking", tab="a" * 1000),
            await say(live_url, shown, "looking", origin="https://evil.example"),
            *[await say(live_url, shown, "looking", tab=f"tab{number:02}") for number in range(MOST_TABS + 1)],
            *[await say(live_url, shown, "", tab=f"tab{number:02}") for number in range(MOST_TABS)],
        ]

    statuses = asyncio.run(browse())
    assert statuses[:6] == [403, 403, 400, 400, 413, 403]
    assert statuses[6:] == [204] * MOST_TABS + [429] + [204] * MOST_TABS


def sign(conversation: int, state: str = "looking", department: int = 7, ago: float = 0.0) -> Sign:
    return Sign(conversation, department, state, time.time() - ago)


def test_a_tab_that_says_nothing_is_gone() -> None:
    known = Presence()
    known.hear("1.aaaa", sign(12))
    known.hear("2.bbbb", sign(12, "answering"))
    assert known.company(frozenset({7}), 3) == {12: {"1": "looking", "2": "answering"}}
    known.changed.clear()
    known.tabs["1.aaaa"].at -= SILENT + 0.1
    assert known.silent() == ["1.aaaa"]
    assert known.company(frozenset({7}), 3) == {12: {"2": "answering"}}
    assert known.changed == {(12, 7, 1)}


def test_a_sign_of_life_that_says_nothing_new_is_told_to_nobody() -> None:
    known = Presence()
    known.hear("1.aaaa", sign(12))
    known.changed.clear()
    known.hear("1.aaaa", sign(12))
    assert known.changed == set()
    known.hear("1.aaaa", sign(13))
    assert known.changed == {(12, 7, 1), (13, 7, 1)}


def test_a_process_that_starts_knows_what_redis_remembers_and_no_more() -> None:
    known = Presence()
    known.hear("1.aaaa", sign(12))
    known.begin([("2.bbbb", sign(13)), ("3.cccc", sign(13, ago=SILENT + 1))])
    assert known.company(frozenset({7, 8}), 9) == {13: {"2": "looking"}}
    assert known.company(frozenset({7}), 9, {12, 13}) == {12: {}, 13: {"2": "looking"}}
    assert known.company(frozenset({8}), 9, {13}) == {13: {}}
