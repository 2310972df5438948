"""WCAG 2.2 AA as far as axe-core can see it: every screen, wide and narrow, light and dark."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("town")]

LOOKS: dict[str, dict[str, Any]] = {
    "wide-light": {"width": 1440, "height": 900, "color_scheme": "light"},
    "narrow-dark": {"width": 390, "height": 844, "color_scheme": "dark", "has_touch": True},
}
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """Each broken rule with the elements that break it."""
    page.wait_for_load_state("networkidle")
    found = Axe().run(page, options=RULES).response["violations"]
    return [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found]


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest) -> dict[str, Any]:
    return LOOKS[request.param]


@pytest.fixture
def beheer(browser: Browser, town: Town, look: dict[str, Any]) -> Iterator[Page]:
    """The administrator, who sees every kind of screen."""
    page = log_in(browser, town, "beheer", **look)
    yield page
    page.context.close()


def test_log_in_breaks_no_rule(browser: Browser, town: Town, look: dict[str, Any]) -> None:
    size = {"width": look["width"], "height": look["height"]}
    page = browser.new_context(locale="nl-NL", viewport=size, color_scheme=look["color_scheme"]).new_page()
    page.goto(f"{town.inbox}/login/")
    assert violations(page) == []
    page.context.close()


@pytest.mark.parametrize(
    "path",
    [
        "inbox/todo/",
        "inbox/late/",
        "inbox/closed/",
        "search/",
        "preferences/",
        "nothing-lost/",
        "conversations/999999/",
    ],
)
def test_screen_breaks_no_rule(beheer: Page, town: Town, path: str) -> None:
    beheer.goto(f"{town.inbox}/{path}")
    assert violations(beheer) == []


def test_conversation_breaks_no_rule_in_any_state(beheer: Page, town: Town) -> None:
    text = f"Wat staat het park er mooi bij. {uuid4()}"
    town.call("/street/facebook/visitor_post", {"citizen": "mehmet", "page": "104000000000001", "text": text})
    beheer.goto(f"{town.inbox}/inbox/todo/")
    beheer.locator("[data-testid^=row-]").filter(has_text=text).locator("a").first.click()
    beheer.get_by_test_id("act-claim").wait_for()
    assert violations(beheer) == []
    beheer.get_by_test_id("act-claim").click()
    beheer.get_by_test_id("composer").fill("Wij komen het morgen halen.")
    assert violations(beheer) == []
    beheer.get_by_test_id("mode-note").click()
    assert violations(beheer) == []
    beheer.get_by_test_id("act-route").click()
    assert violations(beheer) == []


def test_street_breaks_no_rule(browser: Browser, town: Town, look: dict[str, Any]) -> None:
    size = {"width": look["width"], "height": look["height"]}
    page = browser.new_context(locale="nl-NL", viewport=size, color_scheme=look["color_scheme"]).new_page()
    page.goto(town.street)
    page.get_by_test_id("citizen-select").wait_for(state="attached")
    # The stream stays open, so the network is never idle: the phones are what must be there.
    page.get_by_test_id("phone-x").wait_for(state="attached")
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found] == []
    page.context.close()
