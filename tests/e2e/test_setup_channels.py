"""Connecting a channel under an administrator's hands: from the choice of a platform to a test message there and back,
and a red cross that says what to do."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from channels.simulator.town import SPARE
from tests.e2e.hands import fault, quiet
from tests.e2e.test_access import LOOKS, SCREENS, violations
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("desk")]

POOL = next(one for one in SPARE if one.kind == "facebook")


@pytest.fixture(scope="module")
def session(browser: Browser, town: Town) -> Any:
    """The administrator's log-in."""
    page = log_in(browser, town, "beheer")
    found = page.context.storage_state()
    page.context.close()
    return found


@pytest.fixture
def screen(browser: Browser, town: Town, session: Any) -> Iterator[Page]:
    """A browser; afterwards the pages had nothing to complain of, and no fault stays."""
    quiet(town)
    options = {"locale": "nl-NL", "timezone_id": "Europe/Amsterdam", "storage_state": session}
    context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{town.inbox}/setup/channels/")
    yield page
    context.close()
    town.call("/faults", method="DELETE")
    assert complaints == []


def how(page: Page, row: str, state: str) -> None:
    """A row of the check becomes so by itself, without the page being loaded again."""
    expect(page.get_by_test_id(f"check-{row}")).to_have_attribute("data-how", state, timeout=30_000)


def app_of(page: Page, name: str) -> str:
    href = (
        page.locator("section.app").filter(has_text=name).get_by_role("link", name="Meer kanalen").get_attribute("href")
    )
    assert href is not None
    found = re.search(r"/apps/(\d+)/", href)
    assert found is not None
    return found[1]


def test_swimming_pool_is_connected_and_answers(screen: Page, town: Town) -> None:
    screen.get_by_role("link", name="Kanaal toevoegen").click()
    screen.get_by_role("link", name="Via Meta-app van Gemeente Waterkant").click()
    screen.get_by_test_id("sign-in").click()
    expect(screen.get_by_role("heading", level=1)).to_have_text("Facebook (simulator)")
    screen.get_by_role("button", name="Toestaan").click()
    expect(screen).not_to_have_url(re.compile("code="))  # one-time, and gone from the address
    offered = screen.get_by_test_id(f"offered-{POOL.external_id}")
    offered.get_by_label("Aansluiten").check()
    offered.get_by_label("Thuisafdeling").select_option(label="Stadsboerderij")
    screen.get_by_test_id("connect").click()
    for row in ("access", "permissions", "address", "subscription"):
        how(screen, row, "good")
    how(screen, "trial", "open")
    screen.get_by_test_id("trial-begin").click()
    how(screen, "trial", "busy")
    screen.get_by_role("button", name="Kopiëren").click()
    text = screen.evaluate("navigator.clipboard.readText()")
    town.call("/street/facebook/message", {"citizen": "aisha", "text": text, "page": POOL.external_id})
    how(screen, "trial", "open")
    how(screen, "signature", "good")
    screen.get_by_test_id("trial-answer").click()
    how(screen, "trial", "good")
    expect(screen.get_by_test_id("sum")).to_contain_text("Alles werkt")


def test_red_cross_says_what_to_do_and_goes_when_it_is_done(screen: Page, town: Town) -> None:
    screen.get_by_role("link", name="Controleren Stadsboerderij Waterkant").click()
    fault(town, "facebook", "token", count=0)
    screen.get_by_test_id("again").click()
    how(screen, "access", "bad")
    expect(screen.get_by_test_id("check-access")).to_contain_text("Log opnieuw in")
    town.call("/faults", method="DELETE")
    screen.locator("#checks").get_by_role("link", name="Log opnieuw in").click()
    screen.get_by_role("button", name="Toestaan").click()
    how(screen, "access", "good")


def test_log_in_that_is_refused_at_facebook_changes_nothing(screen: Page, town: Town) -> None:
    app = app_of(screen, "Meta-app")
    screen.goto(f"{town.inbox}/setup/channels/apps/{app}/accounts/")
    link = screen.get_by_test_id("sign-in")
    if link.count() == 0:  # what the log-in before gave still waits
        screen.get_by_role("link", name="Als een ander inloggen").click()
    else:
        link.click()
    screen.get_by_role("button", name="Weigeren").click()
    expect(screen.locator(".notice.bad")).to_contain_text("Je gaf geen toestemming bij Facebook")


def test_pausing_says_first_what_happens(screen: Page, town: Town) -> None:
    screen.get_by_role("link", name="Stadsboerderij Waterkant", exact=True).click()
    screen.get_by_role("link", name="Pauzeren…").click()
    expect(screen.locator(".happens")).to_contain_text("Niemand kan antwoorden tot je hervat")
    screen.get_by_test_id("do-pause").click()
    expect(screen.locator(".top .how")).to_have_text("gepauzeerd")
    screen.get_by_role("link", name="Hervatten…").click()
    screen.get_by_test_id("do-resume").click()
    expect(screen.locator(".top .how")).to_have_text("werkt")


def test_steps_are_made_by_keyboard_alone(screen: Page, town: Town) -> None:
    screen.goto(f"{town.inbox}/setup/channels/new/whatsapp/")
    screen.get_by_label("Naam in Webcare").focus()
    screen.keyboard.press("Control+A")
    screen.keyboard.type("Twilio van het zwembad")
    screen.keyboard.press("Enter")
    expect(screen.locator("[aria-current=step]")).to_have_text("Maken bij Twilio")
    screen.get_by_role("link", name="Klaar, verder naar de sleutels").press("Enter")
    for label, value in (("Account SID", "AC00000000000000000000000000000009"), ("Auth Token", "verkeerd")):
        screen.get_by_label(label, exact=True).focus()
        screen.keyboard.type(value)
    screen.keyboard.press("Enter")
    expect(screen.locator(".notice.bad")).to_contain_text("Twilio accepteert deze sleutels niet")


@pytest.mark.parametrize("look", SCREENS)
def test_screens_break_no_rule_of_wcag(look: str, browser: Browser, town: Town, session: Any) -> None:
    options = dict(LOOKS[look])
    size = {"width": options.pop("width"), "height": options.pop("height")}
    context = browser.new_context(locale="nl-NL", viewport=size, storage_state=session, **options)
    page = context.new_page()
    page.goto(f"{town.inbox}/setup/channels/")
    app = app_of(page, "Meta-app")
    href = page.locator('[data-testid^="channel-"] a').first.get_attribute("href")
    assert href is not None
    paths = ["/setup/channels/", "/setup/channels/new/", "/setup/channels/new/x/"]
    paths += [f"/setup/channels/apps/{app}/{step}" for step in ("", "keys/", "accounts/")]
    paths += [href, f"{href}check/", f"{href}pause/", f"{href}disconnect/"]
    found = {}
    for path in paths:
        page.goto(f"{town.inbox}{path}")
        found[path] = violations(page)
        wider = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wider, path
    context.close()
    assert found == {path: [] for path in paths}
