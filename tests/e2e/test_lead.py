"""The team lead's desk with real browsers: an answer that goes only after a second pair of eyes, and the board."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.hands import Colleague, street_items, until, worded
from tests.e2e.test_access import LOOKS, browse, violations
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("desk")]
SOON = 20_000  # ms
SETUP = ("approvers/", "approvers/1/", "escalation/", "escalation/1/")
PATHS = ("board/", "approvals/", *(f"setup/{each}" for each in SETUP))


@pytest.fixture(scope="module")
def ingrid(town: Town) -> Colleague:
    """By the API."""
    return Colleague(town, "ingrid")


@pytest.fixture
def asked(town: Town, ingrid: Colleague) -> Iterator[int]:
    """A question of which nothing is left open afterwards."""
    text = worded("Klopt het dat de wethouder de bomen laat kappen?")
    town.call("/street/facebook/visitor_post", {"citizen": "mehmet", "page": "104000000000001", "text": text})
    conversation = int(ingrid.waits_for(text, 60)["id"])
    yield conversation
    ingrid.call("POST", f"conversations/{conversation}/close/", json={"result": "no_answer_needed"})


@pytest.fixture
def at(browser: Browser, town: Town) -> Iterator[Callable[..., Page]]:
    """A colleague's browser."""
    pages: list[Page] = []

    def open_for(username: str, **options: Any) -> Page:
        pages.append(log_in(browser, town, username, **options))
        return pages[-1]

    yield open_for
    for page in pages:
        page.context.close()


def written(town: Town, at: Callable[..., Page], conversation: int, text: str) -> Page:
    """Fatima claimed it, marked it and wrote this; her browser."""
    fatima = at("fatima")
    fatima.goto(f"{town.inbox}/conversations/{conversation}/")
    fatima.get_by_test_id("act-claim").click()
    fatima.get_by_test_id("label-sensitive").click()
    fatima.get_by_test_id("ground-press").click()
    expect(fatima.get_by_test_id("label-sensitive")).to_contain_text("gevoelig: pers")
    fatima.get_by_test_id("composer").fill(text)
    expect(fatima.get_by_test_id("send")).to_contain_text("Eerst laten goedkeuren")
    fatima.get_by_test_id("send").click()
    expect(fatima.locator("[data-testid^=delivery-]").last).to_contain_text("wacht op goedkeuring")
    return fatima


def said(town: Town, text: str) -> list[Any]:
    return [line for line in street_items(town, "facebook") if text in (line.get("text") or "")]


def opened(town: Town, ingrid: Page, text: str) -> None:
    """The page of the answer with this text."""
    ingrid.goto(f"{town.inbox}/approvals/")
    ingrid.get_by_test_id("waiting").locator("li").filter(has_text=text).locator("a").first.click()
    expect(ingrid.get_by_test_id("approval-page")).to_have_attribute("data-state", "pending")


def test_answer_goes_only_after_another_approved_it_as_changed(town: Town, at: Callable[..., Page], asked: int) -> None:
    text, better = worded("Daar weten wij nog niets van."), worded("Wij vragen het na en laten het u weten.")
    ingrid = at("ingrid")
    fatima = written(town, at, asked, text)
    assert violations(fatima) == []
    expect(ingrid.locator("#notice-count")).not_to_be_empty(timeout=SOON)
    opened(town, ingrid, text)
    assert said(town, text) == []
    expect(ingrid.get_by_test_id("approval-timer")).to_be_visible()
    assert violations(ingrid) == []
    ingrid.get_by_test_id("approve-text").fill(better)
    ingrid.get_by_test_id("approve").click()
    expect(ingrid.get_by_role("status").filter(has_text="Goedgekeurd")).to_be_visible()
    until(lambda: said(town, better), 60, what="the answer in the street")
    assert (len(said(town, better)), said(town, text)) == (1, [])
    # Her browser hears it by itself.
    expect(fatima.locator("[data-testid^=delivery-]").last).to_contain_text("verstuurd", timeout=SOON)
    expect(fatima.locator("#lines")).to_contain_text("paste het antwoord van Fatima Amrani aan en keurde het goed")


def test_refused_it_is_a_draft_again_with_the_reason_beside_it(town: Town, at: Callable[..., Page], asked: int) -> None:
    text = worded("Daar zeggen wij niets over.")
    fatima, ingrid = written(town, at, asked, text), at("ingrid", width=390, height=844)
    opened(town, ingrid, text)
    ingrid.get_by_test_id("not-approve").click()
    assert violations(ingrid) == []
    ingrid.get_by_test_id("refuse").click()
    expect(ingrid.get_by_test_id("notice")).to_contain_text("Schrijf waarom")
    ingrid.get_by_test_id("refuse-reason").fill("Bel eerst de wethouder.")
    ingrid.get_by_test_id("refuse").click()
    expect(fatima.locator(".four-eyes")).to_contain_text("Bel eerst de wethouder.", timeout=SOON)
    fatima.goto(f"{town.inbox}/conversations/{asked}/")
    expect(fatima.get_by_test_id("composer")).to_have_value(text)
    assert said(town, text) == []


def card(page: Page, who: str, conversation: int) -> Any:
    return page.get_by_test_id(f"pile-{who}").get_by_test_id(f"card-{conversation}")


def on_the_board(page: Page, ingrid: Colleague, asked: int) -> None:
    """Through the "more" of what nobody has, as far as it takes."""
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/board/")
    while not card(page, "nobody", asked).is_visible():
        more = page.locator("#more-nobody a")
        last = page.get_by_test_id("pile-nobody").locator(".card").count()
        more.click()
        until(
            lambda before=last: page.get_by_test_id("pile-nobody").locator(".card").count() > before, what="more cards"
        )


def test_board_gives_a_card_by_key_and_by_dragging_and_hears_of_others(
    town: Town, at: Callable[..., Page], ingrid: Colleague, asked: int
) -> None:
    page = at("ingrid")
    on_the_board(page, ingrid, asked)
    assert violations(page) == []
    card(page, "nobody", asked).get_by_role("checkbox").focus()
    page.keyboard.press("Space")
    page.keyboard.press("t")
    expect(page.get_by_test_id("board-to")).to_be_focused()
    page.get_by_test_id("board-to").select_option(
        label=page.locator("#board-to option").filter(has_text="Joris").inner_text()
    )
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(card(page, "joris", asked)).to_be_visible()
    expect(page.get_by_test_id("board-said")).to_contain_text("1 gesprek toegewezen aan Joris Smit")

    card(page, "joris", asked).drag_to(page.get_by_test_id("pile-fatima"))
    expect(card(page, "fatima", asked)).to_be_visible()
    assert ingrid.get(f"conversations/{asked}/")["assignee"]["name"] == "Fatima Amrani"

    Colleague(town, "fatima").do(f"conversations/{asked}/release/")
    expect(card(page, "fatima", asked)).to_have_count(0, timeout=SOON)


@pytest.mark.parametrize("name", LOOKS)
def test_screens_break_no_rule_in_any_look(browser: Browser, town: Town, ingrid: Colleague, name: str) -> None:
    log_in(browser, town, "beheer").context.close()
    page = browse(browser, LOOKS[name])
    page.context.add_cookies(town.sessions["beheer"])
    for path in (
        "board/",
        "approvals/",
        "setup/approvers/",
        "setup/approvers/1/",
        "setup/escalation/",
        "setup/escalation/1/",
    ):
        page.goto(f"{town.inbox}/{path}")
        assert (path, violations(page)) == (path, [])
        assert (path, page.evaluate("document.documentElement.scrollWidth <= innerWidth")) == (path, True)
    page.context.close()
