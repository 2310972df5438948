"""Writing an answer in a real browser: hints while one types, the question before personal data goes public, the house
style that stays open, the mark on a citizen's post; and the same without scripts."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from tests.e2e.test_access import LOOKS, SCREENS, violations
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("desk")]

HARD = "Derhalve komen wij morgen."
PHONE = "U bereikt Jan op 06-12345678."


@pytest.fixture
def fatima(browser: Browser, town: Town) -> Iterator[Page]:
    page = log_in(browser, town, "fatima")
    yield page
    page.context.close()


def post(town: Town, text: str) -> str:
    """A public post on the municipality's page; its words, which no other post has."""
    words = f"{text} {uuid4().hex[:8]}"
    town.call("/street/facebook/visitor_post", {"citizen": "mehmet", "page": "104000000000001", "text": words})
    return words


def open_and_claim(page: Page, town: Town, words: str) -> None:
    page.goto(f"{town.inbox}/inbox/todo/")
    page.locator("[data-testid^=row-]").filter(has_text=words[-8:]).locator("a").first.click()
    # Reopened by the citizen it may still be hers, or a colleague's.
    claim = page.locator("[data-testid=claim-and-reply], [data-testid=take-over-and-reply]")
    claim.or_(page.get_by_test_id("composer")).first.wait_for()
    if claim.is_visible():
        claim.click()
    page.get_by_test_id("composer").wait_for()


def sent(page: Page, address: str, text: str, act: Callable[[], None]) -> None:
    """Do what sends the answer, and see it there; the page itself goes on to the next conversation."""
    with page.expect_response(lambda answer: answer.url.endswith("/reply/")):
        act()
    page.goto(address)
    expect(page.locator("[data-testid^=message-].ours").filter(has_text=text)).to_be_visible()


def test_hints_come_while_one_types_and_stop_nobody(fatima: Page, town: Town) -> None:
    open_and_claim(fatima, town, post(town, "Wanneer komt de snoeiploeg?"))
    box = fatima.get_by_test_id("composer")
    box.press_sequentially(HARD, delay=5)
    hints = fatima.get_by_test_id("hint")
    expect(hints).to_have_count(1)
    expect(hints.locator("q")).to_have_text("Derhalve")
    expect(hints.locator("b")).to_have_text("daarom")
    expect(box).to_be_focused()
    expect(box).to_have_value(HARD)
    box.fill("Daarom komen wij morgen.")
    expect(hints).to_have_count(0)
    box.fill(HARD)
    expect(hints).to_have_count(1)
    sent(fatima, fatima.url, HARD, lambda: box.press("Control+Enter"))


def test_hints_come_again_with_the_draft_after_a_reload(fatima: Page, town: Town) -> None:
    open_and_claim(fatima, town, post(town, "Is het zwembad open?"))
    fatima.get_by_test_id("composer").fill(HARD)
    expect(fatima.get_by_test_id("hint")).to_have_count(1)
    fatima.reload()
    expect(fatima.get_by_test_id("composer")).to_have_value(HARD)
    expect(fatima.get_by_test_id("hint")).to_have_count(1)


def test_draft_that_is_saved_while_its_conversation_is_drawn_stands_in_it(fatima: Page, town: Town) -> None:
    open_and_claim(fatima, town, post(town, "Is de kade weer open?"))
    fatima.goto(f"{town.inbox}/inbox/todo/")
    fatima.locator("[data-testid^=row-]").filter(has_text="Is de kade").locator("a").first.click()
    box = fatima.get_by_test_id("composer")
    expect(box).to_be_visible()
    drafts: list[Route] = []
    drawn: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        if route.request.headers.get("hx-target") == "conversation":
            drawn.append((route, route.fetch()))
        else:
            route.continue_()

    fatima.route("**/draft/", lambda route: drafts.append(route))
    fatima.route("**/inbox/todo/*/", hold)
    box.fill("Vanaf zaterdag.")
    fatima.go_back()
    expect(box).to_have_count(0)
    fatima.go_forward()
    for _turn in range(200):
        if drawn and drafts:
            break
        fatima.wait_for_timeout(50)
    with fatima.expect_response("**/draft/"):
        drafts[0].continue_()
    fatima.wait_for_function("Object.values(sessionStorage).some((kept) => kept.includes('\"unsaved\":false'))")
    route, answer = drawn[0]
    route.fulfill(response=answer)
    expect(box).to_have_value("Vanaf zaterdag.")


def test_personal_data_is_asked_about_and_then_posted(fatima: Page, town: Town) -> None:
    open_and_claim(fatima, town, post(town, "Wie kan mij helpen?"))
    box = fatima.get_by_test_id("composer")
    box.fill(PHONE)
    box.press("Control+Enter")
    expect(fatima.get_by_test_id("notice")).to_have_attribute("data-code", "personal_data")
    expect(fatima.get_by_test_id("found").locator("mark")).to_have_text("06-12345678")
    expect(box).to_have_value(PHONE)
    # The keyboard does not confirm by itself: it asks again.
    fatima.get_by_test_id("notice").evaluate("notice => notice.remove()")  # so that the second one is told apart
    box.press("Control+Enter")
    expect(fatima.get_by_test_id("notice")).to_have_attribute("data-code", "personal_data")
    expect(fatima.get_by_test_id("personal-data")).to_be_visible()
    expect(fatima.locator("[data-testid^=message-].ours").filter(has_text=PHONE)).to_have_count(0)
    # Without the number there is nothing left to ask; with it, there is.
    box.fill("U bereikt Jan aan het loket.")
    expect(fatima.get_by_test_id("personal-data")).to_be_hidden()
    box.fill(PHONE)
    expect(fatima.get_by_test_id("personal-data")).to_be_visible()
    sent(fatima, fatima.url, PHONE, fatima.get_by_test_id("confirm-personal-data").click)


def test_house_style_stays_open_from_one_conversation_to_the_next(fatima: Page, town: Town) -> None:
    for _ in range(2):
        open_and_claim(fatima, town, post(town, "Waar kan ik parkeren?"))
    house = fatima.get_by_test_id("house-style")
    expect(house.locator(".agreed")).to_be_hidden()
    house.locator("summary").click()
    expect(house.locator(".agreed")).to_contain_text("Eerst het antwoord, dan de uitleg.")
    open_and_claim(fatima, town, post(town, "Waar is de markt?"))
    expect(house.locator(".agreed")).to_be_visible()
    house.locator("summary").click()
    fatima.reload()
    expect(house.locator(".agreed")).to_be_hidden()


def test_a_citizens_public_post_with_a_number_is_marked(fatima: Page, town: Town) -> None:
    open_and_claim(fatima, town, post(town, "Bel mij terug op 06-12345678 graag."))
    expect(fatima.locator("[data-testid^=personal-mark-]")).to_be_visible()


def test_all_of_it_without_scripts(browser: Browser, town: Town) -> None:
    words = post(town, "Mag ik een boom kappen?")
    page = log_in(browser, town, "fatima")
    open_and_claim(page, town, words)
    address, state = page.url, page.context.storage_state()
    page.context.close()
    context = browser.new_context(locale="nl-NL", java_script_enabled=False, storage_state=state)
    plain = context.new_page()
    plain.goto(address)
    plain.get_by_test_id("composer").fill(HARD)
    plain.get_by_test_id("check-text").click()
    expect(plain.get_by_test_id("hint")).to_have_count(1)
    expect(plain.get_by_test_id("composer")).to_have_value(HARD)
    plain.get_by_test_id("composer").fill(PHONE)
    plain.get_by_test_id("send").click()
    expect(plain.get_by_test_id("found")).to_have_count(1)
    plain.get_by_test_id("confirm-personal-data").click()
    expect(plain.locator("[data-testid^=message-].ours").filter(has_text=PHONE)).to_be_visible()
    context.close()


@pytest.mark.parametrize("look", SCREENS)
def test_writing_breaks_no_rule(browser: Browser, town: Town, look: str) -> None:
    page = log_in(browser, town, "fatima", **LOOKS[look])
    open_and_claim(page, town, post(town, "Mijn nummer is 06-12345678."))
    page.get_by_test_id("composer").fill(f"{HARD} {PHONE}")  # on a phone it is a screen of its own from here
    agreements = page.get_by_test_id("house-style").locator("summary")
    if agreements.is_visible():  # not beside the composer of a phone
        agreements.click()
    expect(page.get_by_test_id("hint")).to_have_count(2)
    assert violations(page) == []
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("found")).to_have_count(1)
    expect(page.get_by_test_id("hint").first).to_be_visible()  # the question takes no hint away
    assert violations(page) == []
    page.context.close()
