"""Inrichten: a rule made, tried and switched on by an administrator, and what it does with the next message."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.eyes import sideways
from tests.e2e.hands import Colleague
from tests.e2e.test_access import LOOKS, SCREENS, violations
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("desk")]


@pytest.fixture(scope="module")
def ingrid(town: Town) -> Colleague:
    """By the API."""
    return Colleague(town, "ingrid")


@pytest.fixture
def beheer(browser: Browser, town: Town) -> Iterator[Page]:
    page = log_in(browser, town, "beheer")
    yield page
    page.context.close()


@pytest.fixture
def word() -> str:
    """A word that nobody else says: letters only, as rules look for them."""
    return "knol" + "".join(chr(97 + int(digit, 16)) for digit in uuid4().hex[:12])


def ask(town: Town, text: str) -> None:
    """A post of its own: a conversation that begins."""
    town.call("/street/facebook/visitor_post", {"citizen": "mehmet", "page": "104000000000001", "text": text})


def fill(page: Page, town: Town, name: str, words: str) -> None:
    page.goto(f"{town.inbox}/setup/rules/new/")
    page.get_by_label("Naam van de regel").fill(name)
    page.get_by_label("Minstens één van deze woorden staat erin").fill(words)
    page.get_by_label("Soort contact").select_option(label="melding")


def gone(page: Page, town: Town, name: str) -> None:
    """The town is shared: what a test made is removed."""
    page.goto(f"{town.inbox}/setup/rules/")
    page.get_by_role("link", name=name, exact=True).click()
    if page.get_by_test_id("remove-rule").count() == 0:
        page.get_by_test_id("switch").click()
        page.get_by_role("link", name=name, exact=True).click()
    page.get_by_test_id("remove-rule").click()
    expect(page.get_by_role("status").filter(has_text="is verwijderd")).to_be_visible()


def test_rule_is_tried_then_switched_on_and_does_what_it_says(
    beheer: Page, browser: Browser, town: Town, ingrid: Colleague, word: str
) -> None:
    before = f"Waar laat ik mijn {word}?"
    ask(town, before)
    first = ingrid.waits_for(before)["id"]
    ingrid.do(f"conversations/{first}/close/", result="no_answer_needed")

    name = f"Regel {word}"
    fill(beheer, town, name, f"bankstel, {word}")
    beheer.get_by_label("Doorzetten naar").select_option(label="Stadsbeheer")
    beheer.get_by_test_id("try-rule").click()
    expect(beheer.get_by_test_id("tried")).to_contain_text("De regel geldt voor 1 daarvan.")
    expect(beheer.locator(".matches")).to_contain_text(
        f"doorzetten naar Stadsbeheer, soort contact: melding, omdat er ‘{word}’ in staat"
    )
    expect(beheer.get_by_label("Naam van de regel")).to_have_value(name)

    beheer.get_by_test_id("save-rule").click()
    expect(beheer.locator("main [role=status]")).to_contain_text("De regel staat uit")
    beheer.get_by_test_id("switch").click()
    line = beheer.locator(".rules > li").filter(has_text=name)
    expect(line).to_contain_text(f"Als er ‘bankstel’ of ‘{word}’ in staat: doorzetten naar Stadsbeheer")
    expect(line.locator(".onoff")).to_have_text("aan")

    after = f"Er staat een {word} op straat"
    ask(town, after)
    found = ingrid.waits_for(after)
    assert (found["department"]["slug"], found["contact_kind"]) == ("stadsbeheer", "report")
    page = log_in(browser, town, "ingrid")
    page.goto(f"{town.inbox}/conversations/{found['id']}/")
    expect(page.locator(".inline, .event").filter(has_text=name).first).to_contain_text(
        f"Regel ‘{name}’ zette dit door naar Stadsbeheer en noemde dit een melding, omdat er ‘{word}’ in staat"
    )
    # A colleague knows better.
    page.get_by_test_id("label-topic").click()
    page.get_by_test_id("contact_kind-complaint").click()
    expect(page.get_by_test_id("contact-kind")).to_have_text("klacht")
    page.context.close()
    assert ingrid.get(f"conversations/{found['id']}/")["contact_kind"] == "complaint"
    ingrid.do(f"conversations/{found['id']}/close/", result="no_answer_needed")
    gone(beheer, town, name)


def test_order_is_changed_by_keyboard_and_the_focus_stays(beheer: Page, town: Town, word: str) -> None:
    name = f"Regel {word}"
    fill(beheer, town, name, word)
    beheer.get_by_test_id("save-rule").click()
    beheer.goto(f"{town.inbox}/setup/rules/")
    last = beheer.locator(".rules > li").last
    expect(last).to_contain_text(name)
    up = beheer.get_by_role("button", name=f"‘{name}’ omhoog")
    up.focus()
    beheer.keyboard.press("Enter")
    expect(beheer.locator(".rules > li").nth(-2)).to_contain_text(name)
    expect(up).to_be_focused()
    expect(beheer.locator("#rules [role=status]")).to_contain_text(f"‘{name}’ staat nu op plaats")
    gone(beheer, town, name)


def test_rules_are_kept_without_scripts(browser: Browser, town: Town, word: str) -> None:
    known = log_in(browser, town, "beheer")
    state = known.context.storage_state()
    known.context.close()
    page = browser.new_context(java_script_enabled=False, locale="nl-NL", storage_state=state).new_page()
    name = f"Regel {word}"
    fill(page, town, name, word)
    page.get_by_label("Merk aan als gevoelig").select_option(label="politiek")
    page.get_by_test_id("save-rule").click()
    page.get_by_test_id("switch").click()
    page.get_by_role("button", name=f"‘{name}’ omhoog").click()
    expect(page.locator(".rules > li").nth(-2)).to_contain_text(name)
    gone(page, town, name)
    page.context.close()


@pytest.mark.parametrize("look", SCREENS)
def test_screens_break_no_rule_and_fit(browser: Browser, town: Town, look: str) -> None:
    options: dict[str, Any] = dict(LOOKS[look])
    size = {"width": options.pop("width"), "height": options.pop("height")}
    page = log_in(browser, town, "beheer", **size, **options)
    for path in ("setup/", "setup/topics/", "setup/topics/new/", "setup/rules/", "setup/rules/new/"):
        page.goto(f"{town.inbox}/{path}")
        assert (path, violations(page), sideways(page)) == (path, [], 0)
    for summary in page.locator(".further > summary").all():
        summary.click()
    page.get_by_label("Minstens één van deze woorden staat erin").fill("de")
    page.get_by_test_id("save-rule").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert (violations(page), sideways(page)) == ([], 0)
    page.goto(f"{town.inbox}/setup/rules/")
    page.get_by_role("link", name="Proberen Ongedierte").click()
    expect(page.get_by_test_id("tried")).to_be_visible()
    assert (violations(page), sideways(page)) == ([], 0)
    page.context.close()
