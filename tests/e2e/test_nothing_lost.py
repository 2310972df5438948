"""Niets kwijt under an administrator's hands: what a platform dropped is found, what broke is seen and mended."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from channels.simulator.town import APPS
from tests.e2e.hands import fault, quiet, worded
from tests.e2e.test_access import LOOKS, SCREENS, violations
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("colleagues")]

TOWN_PAGE = APPS[1].accounts[0]
POST = f"{TOWN_PAGE.external_id}_100000000000002"

FAILED_EVENT = """
from datetime import timedelta
from channels import items
from channels.clock import now
from channels.messages import IncomingMessage, Person
from channels.models import Account, EventState, InboundEvent
account = Account.objects.get(external_id={account!r})
told = IncomingMessage(
    account_id=account.external_id, external_id="m_" + {text!r}[-5:], thread_id="9001", public=False,
    author=Person(external_id="9001", name="Roos"), peer=Person(external_id="9001", name="Roos"), text={text!r},
    sent_at=now() - timedelta(minutes=1),
)
InboundEvent.objects.create(
    app=account.app, dedupe_key={text!r}, body=items.encode([told]), content_type=items.CONTENT_TYPE,
    received_at=now(), processed_at=now(), state=EventState.FAILED, reason="builtins.KeyError",
    traceback='  File "parse.py", line 1, in parse',
)
"""


@pytest.fixture(scope="module")
def session(browser: Browser, town: Town) -> Any:
    """The administrator's log-in."""
    page = log_in(browser, town, "beheer")
    found = page.context.storage_state()
    page.context.close()
    return found


@pytest.fixture
def screen(browser: Browser, town: Town, session: Any) -> Iterator[Page]:
    """The screen in a browser; afterwards the page had nothing to complain of, and no fault stays."""
    quiet(town)
    options = {"locale": "nl-NL", "timezone_id": "Europe/Amsterdam", "storage_state": session}
    page = browser.new_context(viewport={"width": 1440, "height": 900}, **options).new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{town.inbox}/nothing-lost/")
    yield page
    page.context.close()
    town.call("/faults", method="DELETE")
    assert complaints == []


def card(page: Page, name: str, platform: str) -> Locator:
    """The card of one account."""
    title = page.get_by_role("heading", level=3).filter(has_text=re.compile(rf"{name}\s+{platform}"))
    return page.locator("article.account").filter(has=title)


def press(one: Locator, words: str) -> None:
    one.get_by_role("button", name=words).click()


def test_what_a_platform_dropped_is_found_by_the_button(screen: Page, town: Town) -> None:
    fault(town, "facebook", "drop", count=3)
    texts = [worded("Is het zwembad open?") for _ in range(3)]
    for text in texts:
        town.call(
            "/street/facebook/comment", {"citizen": "aisha", "page": TOWN_PAGE.external_id, "to": POST, "text": text}
        )
    quiet(town)
    town.call("/street/clock", {"shift": 15})  # the newest are left to their webhook
    facebook = card(screen, TOWN_PAGE.name, "Facebook")
    button = facebook.get_by_role("button", name="Zoek gemiste berichten")
    button.focus()
    screen.keyboard.press("Enter")
    said = facebook.get_by_role("status")
    expect(said).to_contain_text(re.compile(r"Gezocht: \d+ berichten gevonden\."), timeout=20_000)
    expect(screen.locator("[hx-trigger]#overview")).to_have_count(0)  # it looks again no more
    assert violations(screen) == []
    screen.goto(f"{town.inbox}/inbox/todo/")
    expect(screen.locator("[data-testid^=row-]").filter(has_text=texts[2])).to_be_visible()


def test_access_that_is_refused_is_seen_and_once_restored_too(screen: Page, town: Town) -> None:
    number = fault(town, "x", "token", count=0)
    x = card(screen, APPS[0].accounts[0].name, "X")
    press(x, "Nu controleren")
    expect(x.locator(".pill")).to_have_text("verbinding verbroken", timeout=20_000)
    expect(screen.get_by_test_id("verdict")).to_contain_text("aandacht")
    expect(screen.get_by_test_id("verdict").get_by_role("link", name=re.compile(r"\(X\) is verbroken"))).to_be_visible()
    expect(x.locator(".wrong")).to_contain_text("De verbinding is verbroken sinds vandaag")
    assert violations(screen) == []
    town.call(f"/faults?id={number}", method="DELETE")
    press(x, "Nu controleren")
    expect(x.get_by_role("status")).to_contain_text("de verbinding met X werkt", timeout=20_000)
    expect(x.locator(".pill")).to_have_text("werkt")


def test_platform_that_stopped_calling_is_seen_and_made_to_call_again(screen: Page, town: Town) -> None:
    fault(town, "facebook", "webhook_invalid", count=0)
    facebook = card(screen, TOWN_PAGE.name, "Facebook")
    expect(facebook.get_by_role("button", name="Webhook herstellen")).to_have_count(0)
    press(facebook, "Nu controleren")
    expect(facebook.locator(".pill")).to_have_text("vraagt aandacht", timeout=20_000)
    press(facebook, "Webhook herstellen")
    expect(facebook.get_by_role("status")).to_contain_text("De webhook is hersteld", timeout=20_000)
    expect(facebook.locator(".pill")).to_have_text("werkt")


def test_failed_event_is_processed_again_into_its_conversation(screen: Page, town: Town) -> None:
    text = worded("Mag mijn hond mee naar de boerderij?")
    town.manage("shell", "--no-imports", "-c", FAILED_EVENT.format(account=TOWN_PAGE.external_id, text=text))
    screen.reload()
    link = screen.get_by_test_id("verdict").get_by_role("link", name=re.compile("kon(den)? niet worden verwerkt"))
    link.click()
    event = screen.locator("[data-testid^=event-]").first
    expect(event).to_contain_text("Een fout in Webcare. Er is niets kwijt")
    event.get_by_text("Voor de ontwikkelaar").click()
    expect(event.locator("pre")).to_be_visible()
    assert violations(screen) == []
    event.get_by_role("button", name="Opnieuw verwerken").click()
    expect(screen.locator("#said")).to_have_text("1 melding wordt opnieuw verwerkt.")
    expect(screen.locator("#said")).to_be_focused()
    screen.goto(f"{town.inbox}/inbox/todo/")
    expect(screen.locator("[data-testid^=row-]").filter(has_text=text)).to_be_visible()


def test_without_scripts_the_buttons_work_too(browser: Browser, town: Town, session: Any) -> None:
    page = browser.new_context(locale="nl-NL", storage_state=session, java_script_enabled=False).new_page()
    page.goto(f"{town.inbox}/nothing-lost/")
    whatsapp = card(page, APPS[2].accounts[0].name, "WhatsApp")
    press(whatsapp, "Nu controleren")
    # Who asked for it, until it is done: which may be before this page.
    expect(whatsapp.get_by_role("status")).to_contain_text(re.compile("Bea Kok|werkt"))
    for _ in range(20):
        page.get_by_role("link", name="Ververs").click()
        if "werkt" in whatsapp.get_by_role("status").inner_text():
            break
        page.wait_for_timeout(500)
    expect(whatsapp.get_by_role("status")).to_contain_text("Gecontroleerd: de verbinding met WhatsApp werkt.")
    page.context.close()


@pytest.mark.parametrize("look", SCREENS)
def test_screen_is_within_reach_in_every_look(browser: Browser, town: Town, session: Any, look: str) -> None:
    options = dict(LOOKS[look])
    size = {"width": options.pop("width"), "height": options.pop("height")}
    page = browser.new_context(locale="nl-NL", viewport=size, storage_state=session, **options).new_page()
    page.goto(f"{town.inbox}/nothing-lost/")
    assert violations(page) == []
    assert (
        page.evaluate("document.querySelector('.scroll').scrollWidth - document.querySelector('.scroll').clientWidth")
        == 0
    )
    levels = page.evaluate(
        "[...document.querySelectorAll('main :is(h1,h2,h3,h4)')].map((node) => Number(node.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    page.context.close()
