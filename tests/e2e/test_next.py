"""Volgende, status and the end of a shift, with two colleagues at once; in a real browser, by key and by mouse."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.hands import Colleague, until
from tests.e2e.test_access import LOOKS, SCREENS, violations
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("colleagues")]


@pytest.fixture
def two(browser: Browser, town: Town) -> Iterator[tuple[Page, Page]]:
    """Fatima and Joris; what their pages complain of fails the test."""
    pages = log_in(browser, town, "fatima"), log_in(browser, town, "joris")
    complaints: list[str] = []
    for page in pages:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield pages
    for page in pages:
        page.context.close()
    assert complaints == []


@pytest.fixture
def joris(town: Town) -> Colleague:
    return Colleague(town, "joris")


def questions(town: Town, joris: Colleague, number: int) -> list[int]:
    """So many posts that nobody has claimed; the conversations."""
    made = []
    for citizen in ("mehmet", "sofie", "mehmet")[:number]:
        text = f"{uuid4().hex[:8]} Is de brug morgen open?"
        town.call("/street/facebook/visitor_post", {"citizen": citizen, "page": "104000000000001", "text": text})
        made.append(joris.waits_for(text)["id"])
    return made


def opened(page: Page) -> int:
    """The conversation that came into view, and that is theirs now."""
    expect(page.get_by_test_id("act-release")).to_be_visible()
    found = re.search(r"/(\d+)/", page.url)
    assert found
    return int(found[1])


def person(page: Page, username: str) -> Locator:
    return page.get_by_test_id(f"person-{username}")


def test_two_press_next_and_each_gets_their_own(two: tuple[Page, Page], town: Town, joris: Colleague) -> None:
    made = questions(town, joris, 2)
    fatima, other = two
    fatima.keyboard.press("w")
    other.get_by_test_id("next").click()
    got = [opened(fatima), opened(other)]
    assert got[0] != got[1]
    assert fatima.evaluate("document.activeElement.id") == "pane-title"
    # Until nothing is left: then it says so, and nobody is sent anywhere.
    for _ in made:
        joris.call("POST", "next/")
    until(lambda: joris.call("POST", "next/").status_code == 204, what="nothing to hand out")
    where = other.url
    other.get_by_test_id("next").click()
    expect(other.get_by_test_id("next-outcome")).to_contain_text("Er is niets uit te delen: alles is opgepakt.")
    assert other.url == where
    other.keyboard.press("Control+k")
    other.locator("#palette-input").fill("volgende")
    expect(other.locator("#palette-list li").first).to_contain_text("Pak het volgende gesprek op")


def test_status_is_seen_by_colleagues_and_a_shift_is_handed_over(
    two: tuple[Page, Page], town: Town, joris: Colleague
) -> None:
    fatima, other = two
    (asked,) = questions(town, joris, 1)
    Colleague(town, "fatima").claims(asked)
    other.goto(f"{town.inbox}/team/")
    expect(person(other, "fatima")).to_have_attribute("data-availability", "available")
    fatima.locator("details.person summary").click()
    fatima.get_by_test_id("away").click()
    expect(fatima.get_by_test_id("away")).to_have_attribute("aria-pressed", "true")
    expect(person(other, "fatima")).to_have_attribute("data-availability", "away")

    fatima.get_by_test_id("end-shift").click()
    expect(fatima.get_by_test_id("held")).to_contain_text("Is de brug morgen open?")
    fatima.get_by_test_id("rule-colleague").check()
    fatima.get_by_test_id("shift-to").select_option(label="Joris Smit")
    fatima.get_by_test_id("shift-note").fill("De brugwachter belt om drie uur terug.")
    fatima.get_by_test_id("do-end-shift").click()
    expect(fatima.get_by_test_id("handover")).to_contain_text("Fatima Amrani droeg")
    expect(person(other, "fatima")).to_have_attribute("data-availability", "off")
    assert joris.get(f"conversations/{asked}/")["assignee"]["name"] == "Joris Smit"

    other.goto(f"{town.inbox}/team/")
    other.get_by_role("link", name=re.compile("Dienst van Fatima Amrani")).first.click()
    expect(other.get_by_test_id("handover-note")).to_have_text("De brugwachter belt om drie uur terug.")
    other.goto(f"{town.inbox}/conversations/{asked}/")
    expect(other.locator("#lines")).to_contain_text("Fatima Amrani droeg dit over aan Joris Smit")

    fatima.get_by_test_id("undo-shift").click()
    expect(fatima.get_by_test_id("handover")).to_contain_text("Ongedaan gemaakt")
    assert joris.get(f"conversations/{asked}/")["assignee"]["name"] == "Fatima Amrani"


@pytest.mark.parametrize("look", SCREENS)
def test_screens_can_be_used_by_everybody(browser: Browser, town: Town, joris: Colleague, look: str) -> None:
    options = dict(LOOKS[look])
    page = log_in(browser, town, "ingrid", options.pop("width"), options.pop("height"), **options)
    Colleague(town, "ingrid").claims(questions(town, joris, 1)[0])
    page.goto(f"{town.inbox}/team/")
    expect(page.get_by_test_id("cap-joris")).to_be_visible()
    assert violations(page) == []
    page.get_by_test_id("cap-joris").fill("0")
    page.get_by_test_id("set-cap-joris").click()
    expect(person(page, "joris").locator(".badge")).to_have_text("vol")
    assert violations(page) == []
    page.get_by_test_id("cap-joris").fill("")
    page.get_by_test_id("set-cap-joris").click()
    expect(person(page, "joris").locator(".badge")).to_have_count(0)
    page.goto(f"{town.inbox}/shift/")
    assert violations(page) == []
    page.get_by_test_id("rule-department").check()
    page.get_by_test_id("do-end-shift").click()
    expect(page.get_by_test_id("handover")).to_be_visible()
    assert violations(page) == []
    page.get_by_test_id("undo-shift").click()
    expect(page.get_by_test_id("handover")).to_contain_text("Ongedaan gemaakt")
    page.context.close()
