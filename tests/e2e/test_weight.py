"""The first screen over the wire, as Chromium counts it: under 150 kB without images."""

import pytest
from playwright.sync_api import Browser, expect

from benchmarks.browser import weigh
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("colleagues")]

MOST = 150_000
ROWS = 50  # a page of the list


def test_first_screen_is_light(browser: Browser, town: Town) -> None:
    for number in range(ROWS):
        town.call(
            "/street/x/mention",
            {"citizen": "henk", "text": f"@gemwaterkant Wanneer komt nummer {number} aan de beurt?"},
        )
    page = log_in(browser, town, "ingrid")
    expect(page.locator("#rows > li[data-id]")).to_have_count(ROWS, timeout=60_000)
    cookies = page.context.cookies()
    page.context.close()
    fresh = browser.new_context(viewport={"width": 1440, "height": 900})  # with an empty cache
    fresh.add_cookies(cookies)  # type: ignore[arg-type]
    weight, requests = weigh(fresh.new_page(), f"{town.inbox}/inbox/todo/")
    fresh.close()
    assert requests > 10
    assert weight < MOST
