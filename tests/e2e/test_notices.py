"""Naming a colleague, following and being told, with two browsers at once; and a push message as a browser shows it."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.hands import Colleague, until
from tests.e2e.test_access import LOOKS, SCREENS, violations
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("colleagues")]

SHOWN = """
async () => {
  const worker = await navigator.serviceWorker.ready;
  for (let look = 0; look < 20; look += 1) {
    const [shown] = await worker.getNotifications();
    if (shown) return [shown.title, shown.body, shown.data.url];
    await new Promise((again) => setTimeout(again, 100));
  }
  return null;
}
"""
ONE = re.compile(r"^1 melding · ")


@pytest.fixture
def fatima(browser: Browser, town: Town) -> Iterator[Page]:
    page = log_in(browser, town, "fatima")
    yield page
    page.context.close()


@pytest.fixture
def joris(browser: Browser, town: Town) -> Iterator[Page]:
    """In his browser, with nothing that he was told of before."""
    Colleague(town, "joris").do("notices/seen/")
    page = log_in(browser, town, "joris")
    yield page
    page.context.close()


def asked(town: Town) -> int:
    """A citizen asked something that nobody else did; the conversation."""
    words = f"Is het stadhuis zaterdag open? {uuid4().hex[:8]}"
    town.call("/street/facebook/visitor_post", {"citizen": "mehmet", "page": "104000000000001", "text": words})
    return int(Colleague(town, "ingrid").waits_for(words)["id"])


def leave_note(page: Page, text: str) -> None:
    page.get_by_test_id("mode-note").click()
    page.get_by_test_id("note").fill(text)
    page.get_by_test_id("save-note").click()
    expect(page.get_by_test_id("note")).to_have_value("")


def test_named_by_keyboard_and_told_at_once_in_another_browser(fatima: Page, joris: Page, town: Town) -> None:
    pk = asked(town)
    joris.wait_for_load_state("networkidle")
    fatima.goto(f"{town.inbox}/conversations/{pk}/")
    fatima.keyboard.press("n")
    box = fatima.get_by_test_id("note")
    box.press_sequentially("Kijk jij even mee, @jo")
    option = fatima.locator("#mentions [role=option]").filter(has_text="Joris Smit")
    expect(option).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    expect(box).to_have_value("Kijk jij even mee, @joris ")
    box.press_sequentially("**vandaag**")
    box.press("Control+Enter")
    note = fatima.locator("article.note").filter(has=fatima.locator("b", has_text="vandaag"))
    expect(note.locator(".mention")).to_have_text("@Joris Smit")

    expect(joris.locator("#notice-count")).to_have_text("1")
    expect(joris).to_have_title(ONE)
    joris.get_by_test_id("bell").click()
    line = joris.get_by_test_id("notices").locator("li.unseen")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("Fatima Amrani noemde je in een notitie")
    line.locator("a").click()
    expect(joris.locator(".mention")).to_have_text("@Joris Smit")
    expect(joris.locator("#notice-count")).to_have_text("")
    expect(joris).not_to_have_title(ONE)


def test_note_changed_and_taken_back_is_so_for_the_other_at_once(fatima: Page, joris: Page, town: Town) -> None:
    pk = asked(town)
    for page in (fatima, joris):
        page.goto(f"{town.inbox}/conversations/{pk}/")
    leave_note(fatima, "Eerste gedachte")
    note = joris.locator("article.note")
    expect(note).to_contain_text("Eerste gedachte")
    own = fatima.locator("details.own")
    own.locator("summary").click()
    own.locator("textarea").fill("Betere gedachte")
    own.get_by_role("button", name="Wijziging opslaan").click()
    expect(fatima.locator("details.own[open]")).to_have_count(0)
    expect(note.locator(".text")).to_have_text("Betere gedachte")
    own.locator("summary").click()
    own.get_by_role("button", name="Intrekken").click()
    expect(note.locator(".gone")).to_contain_text("Ingetrokken")
    note.locator(".versions summary").click()
    expect(note.locator(".versions blockquote")).to_have_count(2)
    expect(joris.locator("details.own")).to_have_count(0)


def test_follower_is_told_of_what_a_colleague_does(fatima: Page, joris: Page, town: Town) -> None:
    pk = asked(town)
    joris.goto(f"{town.inbox}/conversations/{pk}/")
    joris.get_by_test_id("follow").wait_for()
    joris.keyboard.press("b")
    expect(joris.get_by_test_id("follow")).to_have_attribute("aria-pressed", "true")
    joris.goto(f"{town.inbox}/notices/")
    joris.wait_for_load_state("networkidle")
    fatima.goto(f"{town.inbox}/conversations/{pk}/")
    fatima.get_by_test_id("act-claim").click()
    expect(joris.locator("#notice-count")).to_have_text("1")
    joris.reload()
    expect(joris.get_by_test_id("notices").locator("li.unseen")).to_contain_text("in een gesprek dat je volgt")


def test_push_message_says_what_happened_and_nothing_more(browser: Browser, town: Town) -> None:
    page = log_in(browser, town, "joris", permissions=["notifications"])
    page.goto(f"{town.inbox}/preferences/")
    wire = page.context.new_cdp_session(page)
    seen: list[dict[str, str]] = []
    wire.on("ServiceWorker.workerRegistrationUpdated", lambda event: seen.extend(event["registrations"]))
    wire.send("ServiceWorker.enable")
    page.evaluate(
        "async () => { await navigator.serviceWorker.register('/service-worker.js', {scope: '/'});"
        " await navigator.serviceWorker.ready }"
    )
    registration = next(each["registrationId"] for each in seen if each["scopeURL"].startswith(town.inbox))
    data = json.dumps({"id": 12, "kind": "mentioned"})
    message = {"origin": town.inbox, "registrationId": registration, "data": data}

    def shown() -> Any:
        wire.send("ServiceWorker.deliverPushMessage", message)  # one that comes while the worker starts is lost
        return page.evaluate(SHOWN)

    assert until(shown, 20, what="the notification") == ["Je bent genoemd in een notitie", "", "/notices/12/"]
    page.context.close()


@pytest.mark.parametrize("look", SCREENS)
def test_new_screens_break_no_rule(browser: Browser, town: Town, look: str) -> None:
    options = dict(LOOKS[look])
    page = log_in(browser, town, "fatima", **options)
    pk = asked(town)
    Colleague(town, "joris").do(f"conversations/{pk}/note/", text="**Let op**, @fatima en @noor:\n- een\n- twee")
    page.goto(f"{town.inbox}/conversations/{pk}/")
    expect(page.locator("article.note .untold").last).to_contain_text("Noor Hendriks")
    page.get_by_test_id("mode-note").click()
    page.get_by_test_id("note").press_sequentially("@")
    expect(page.locator("#mentions [role=option]").first).to_be_visible()
    assert violations(page) == []
    page.get_by_test_id("note").press("Escape")
    expect(page.locator("#mentions")).to_have_count(0)
    page.get_by_test_id("note").fill("")
    for path in ("notices/", "preferences/"):
        page.goto(f"{town.inbox}/{path}")
        assert (path, violations(page)) == (path, [])
    page.context.close()
