"""The open conversation follows what happens at the platform, whatever a colleague did just before."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.test_access import violations
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("desk")]

POST = "104000000000001_100000000000002"


@pytest.fixture
def fatima(browser: Browser, town: Town) -> Iterator[Page]:
    page = log_in(browser, town, "fatima")
    yield page
    page.context.close()


def comment(town: Town, citizen: str = "aisha") -> tuple[str, str]:
    """The comment's id at Facebook, and its text."""
    text = f"Is de markt zaterdag? {uuid4().hex[:8]}"
    made = town.call("/street/facebook/comment", {"citizen": citizen, "to": POST, "text": text})
    return str(made["id"]), text


def opened(page: Page, text: str) -> None:
    page.locator("[data-testid^=row-]").filter(has_text=text).locator("a").first.click()
    expect(page.locator("#lines .message").filter(has_text=text)).to_be_visible()
    expect(page.locator(".htmx-added")).to_have_count(0)  # from here on its forms go by script


def edited(page: Page, town: Town, external_id: str) -> None:
    """The citizen changes the text, and the page shows it without a reload."""
    newer = f"Ik bedoel zondag {uuid4().hex[:8]}"
    town.call("/street/facebook/edit", {"citizen": "aisha", "id": external_id, "text": newer})
    expect(page.locator("#lines .message .text").filter(has_text=newer)).to_be_visible()


def test_two_edits_in_one_breath_show_the_last(fatima: Page, town: Town) -> None:
    external_id, text = comment(town)
    opened(fatima, text)
    town.call("/street/facebook/edit", {"citizen": "aisha", "id": external_id, "text": f"Eerst {uuid4().hex}"})
    edited(fatima, town, external_id)


def test_an_edit_is_shown_after_one_left_while_a_form_was_under_way(fatima: Page, town: Town) -> None:
    _left, first = comment(town, "mehmet")
    external_id, second = comment(town)
    held: list[Route] = []
    fatima.route("**/claim/", lambda route: held.append(route))
    opened(fatima, first)
    with fatima.expect_request("**/claim/"):
        fatima.get_by_test_id("act-claim").click()
    opened(fatima, second)
    with fatima.expect_response("**/claim/"):
        held[0].continue_()
    edited(fatima, town, external_id)


def test_a_note_that_is_under_way_while_one_goes_on_is_no_draft(fatima: Page, town: Town) -> None:
    _left, first = comment(town, "mehmet")
    _here, second = comment(town)
    held: list[Route] = []
    fatima.route("**/note/", lambda route: held.append(route))
    opened(fatima, first)
    fatima.keyboard.press("n")
    words = f"Belde ook al {uuid4().hex[:8]}"
    fatima.get_by_test_id("note").fill(words)
    with fatima.expect_request("**/note/"):
        fatima.get_by_test_id("note").press("Control+Enter")
    opened(fatima, second)
    with fatima.expect_response("**/note/"):
        held[0].continue_()
    opened(fatima, first)
    expect(fatima.locator("#lines .note").filter(has_text=words)).to_have_count(1)
    expect(fatima.get_by_test_id("note")).to_have_value("")
    expect(fatima.locator(".row").filter(has_text=first)).not_to_contain_text("concept")


def test_a_citizen_is_found_and_compared_by_keyboard_and_the_place_stays(fatima: Page, town: Town) -> None:
    external_id, text = comment(town)
    private = f"Ik ben het {uuid4().hex[:8]}"
    town.call("/street/whatsapp/message", {"citizen": "lot", "text": private})
    expect(fatima.locator("#rows").get_by_text(private)).to_be_visible(timeout=30_000)
    opened(fatima, text)
    fatima.keyboard.press("m")
    expect(fatima.get_by_test_id("merge-q")).to_be_focused()
    fatima.keyboard.type("lot jan")
    compare = fatima.get_by_test_id("found").get_by_role("link").first
    expect(compare).to_be_visible()
    edited(fatima, town, external_id)
    expect(fatima.get_by_test_id("merge-q")).to_have_value("lot jan")
    compare.press("Enter")
    expect(fatima.locator("#preview-title")).to_be_focused()
    fatima.get_by_test_id("merge-cancel").press("Enter")
    expect(compare).to_be_visible()


def test_a_key_right_after_new_content_came_does_what_it_says(fatima: Page, town: Town) -> None:
    _external_id, text = comment(town)
    opened(fatima, text)
    here = fatima.url
    fatima.keyboard.press("m")
    fatima.keyboard.type("lot jan")
    fatima.evaluate("""() => document.addEventListener("focusin", (event) => {
        if (event.target.id === "preview-title")
            setTimeout(() => document.querySelector("[data-testid=merge-cancel]").click());
    })""")
    with fatima.expect_response(lambda answer: answer.request.method == "POST" and answer.url.endswith("/citizen/")):
        fatima.get_by_test_id("found").get_by_role("link").first.press("Enter")
    expect(fatima.get_by_test_id("found").get_by_role("link").first).to_be_visible()
    expect(fatima).to_have_url(here)


def test_what_the_platform_can_do_goes_by_key(fatima: Page, town: Town) -> None:
    _external_id, text = comment(town)
    opened(fatima, text)
    fatima.keyboard.press("r")
    expect(fatima.get_by_test_id("composer")).to_be_focused()
    fatima.keyboard.press("Escape")
    fatima.keyboard.press("a")
    expect(fatima.get_by_test_id("private-text")).to_be_focused()
    fatima.keyboard.press("Escape")
    fatima.keyboard.press("u")
    expect(fatima.locator(".there[open] button").first).to_be_focused()
    fatima.keyboard.press("Escape")
    fatima.keyboard.press("h")
    fatima.get_by_test_id("post-picture").scroll_into_view_if_needed()  # loaded when it is looked at
    expect(fatima.get_by_test_id("post-picture").locator("img")).to_be_visible()
    assert violations(fatima) == []
