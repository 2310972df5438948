"""Several colleagues at one conversation, each with a browser of their own: who looks, who writes, who takes over."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserType, Page, expect

from tests.e2e.eyes import listen, told
from tests.e2e.hands import Colleague
from tests.e2e.test_access import violations
from tests.e2e.town import ARGUMENTS, CHROMIUM, Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("colleagues")]
SOON = 5_000  # ms: "within seconds"


@pytest.fixture(scope="module")
def ingrid(town: Town) -> Colleague:
    """By the API."""
    return Colleague(town, "ingrid")


@pytest.fixture
def asked(town: Town, ingrid: Colleague) -> Iterator[int]:
    """A question of which nothing is left open afterwards."""
    text = f"@gemwaterkant Wie gaat hierover? {uuid4()}"
    town.call("/street/x/mention", {"citizen": "henk", "text": text})
    conversation = int(ingrid.waits_for(text)["id"])
    yield conversation
    ingrid.call("POST", f"conversations/{conversation}/close/", json={"result": "no_answer_needed"})


@pytest.fixture
def at(browser: Browser, town: Town, asked: int) -> Iterator[Callable[..., Page]]:
    """A colleague's browser with the question open."""
    pages: list[Page] = []

    def open_for(username: str, **options: int) -> Page:
        pages.append(log_in(browser, town, username, **options))
        show(pages[-1], town, asked)
        return pages[-1]

    yield open_for
    for page in pages:
        page.context.close()


def show(page: Page, town: Town, conversation: int) -> None:
    page.goto(f"{town.inbox}/conversations/{conversation}/")
    expect(page.get_by_test_id(f"pane-{conversation}")).to_be_visible()


def faces(page: Page, conversation: int):
    return page.locator(f"#row-{conversation} .faces")


def test_who_looks_writes_and_takes_over_is_seen_by_all(at: Callable[..., Page], asked: int) -> None:
    fatima, ingrid = at("fatima"), at("ingrid")
    joris = at("joris")
    for page, others in ((fatima, "Ingrid en Joris"), (joris, "Fatima en Ingrid")):
        expect(page.get_by_test_id("company")).to_have_text(f"{others} kijken mee")
    expect(faces(ingrid, asked)).to_contain_text("Fatima en Joris kijken mee")

    listen(joris)
    fatima.get_by_test_id("claim-and-reply").click()
    fatima.get_by_test_id("composer").press_sequentially("Dat zoeken we")
    expect(joris.get_by_test_id("company")).to_have_text("Fatima schrijft een antwoord…Ingrid kijkt mee")
    expect(faces(ingrid, asked)).to_contain_text("Fatima schrijft een antwoord…")
    assert violations(joris) == []
    fatima.get_by_test_id("composer").press_sequentially(" uit.")

    joris.get_by_test_id("act-take-over").click()
    question = joris.get_by_test_id("notice")
    expect(question).to_contain_text("Fatima Amrani")
    sure = joris.get_by_test_id("take-over-confirmed")
    expect(sure).to_be_focused()
    assert violations(joris) == []
    expect(fatima.get_by_test_id("composer")).to_be_visible()
    joris.keyboard.press("Enter")

    expect(joris.get_by_test_id("composer")).to_be_focused()
    expect(fatima.locator("#toast")).to_have_text("Joris Smit heeft dit gesprek nu. Wat je typte is bewaard.")
    expect(fatima.locator("#conversation .kept:visible pre")).to_have_text("Dat zoeken we uit.")
    expect(fatima.get_by_test_id("composer")).to_have_count(0)
    assert violations(fatima) == []
    # Told once, in a calm voice.
    assert [words for words in told(joris) if "schrijft" in words] == ["Fatima schrijft een antwoord…"]

    fatima.get_by_test_id("act-take-over").click()  # nothing written yet: no question
    expect(fatima.get_by_test_id("composer")).to_have_value("Dat zoeken we uit.")
    fatima.goto("about:blank")
    expect(joris.get_by_test_id("company")).to_have_text("Ingrid kijkt mee", timeout=SOON)


def test_leave_it_to_the_colleague(at: Callable[..., Page], asked: int) -> None:
    fatima, joris = at("fatima"), at("joris", width=390, height=844)
    fatima.get_by_test_id("claim-and-reply").click()
    fatima.get_by_test_id("composer").fill("Bijna klaar")
    expect(joris.get_by_test_id("company")).to_have_text("Fatima schrijft een antwoord…")
    joris.get_by_test_id("take-over-and-reply").click()
    joris.get_by_role("button", name="Laat maar").click()
    expect(joris.get_by_test_id("notice")).to_have_count(0)
    expect(joris.locator("#pane-title")).to_be_focused()
    expect(fatima.get_by_test_id("composer")).to_have_value("Bijna klaar")


def test_a_browser_that_dies_is_gone_within_seconds(
    at: Callable[..., Page], browser: Browser, town: Town, asked: int
) -> None:
    fatima = at("fatima")
    own: BrowserType = browser.browser_type
    with own.launch(executable_path=CHROMIUM, args=ARGUMENTS) as second:
        joris = log_in(second, town, "joris")
        show(joris, town, asked)
        expect(fatima.get_by_test_id("company")).to_have_text("Joris kijkt mee")
        processes = second.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
        os.kill(next(process["id"] for process in processes if process["type"] == "browser"), signal.SIGKILL)
        died = time.monotonic()
        expect(fatima.get_by_test_id("company")).to_be_hidden(timeout=SOON)
        expect(faces(fatima, asked)).to_have_count(0)
        assert time.monotonic() - died < SOON / 1000


def test_two_tabs_of_one_person_are_one_person(at: Callable[..., Page], town: Town, asked: int) -> None:
    fatima, joris = at("fatima"), at("joris")
    other = joris.context.new_page()
    show(other, town, asked)
    other.get_by_test_id("mode-note").click()
    other.get_by_test_id("note").fill("Even kijken")
    expect(fatima.get_by_test_id("company")).to_have_text("Joris schrijft een notitie…")
    expect(faces(fatima, asked).locator(".mini")).to_have_count(1)
    expect(joris.get_by_test_id("company")).to_have_text("Fatima kijkt mee")
    other.get_by_test_id("note").fill("")
    expect(fatima.get_by_test_id("company")).to_have_text("Joris kijkt mee")
    other.close()
    joris.wait_for_timeout(2_500)  # longer than a broken stream is waited for
    expect(fatima.get_by_test_id("company")).to_have_text("Joris kijkt mee")
    joris.close()
    expect(fatima.get_by_test_id("company")).to_be_hidden(timeout=SOON)


def test_an_answer_from_another_tab_is_shown_before_a_second_goes(
    at: Callable[..., Page], town: Town, ingrid: Colleague, asked: int
) -> None:
    first = at("fatima")
    first.get_by_test_id("claim-and-reply").click()
    second = first.context.new_page()
    show(second, town, asked)
    first.get_by_test_id("composer").fill(f"Maandag. {uuid4()}")
    second.get_by_test_id("composer").fill(f"Dinsdag. {uuid4()}")
    first.get_by_test_id("send").click()
    # It went. What the other tab holds may be kept by now, and then it is the draft here too.
    expect(first.get_by_test_id("composer")).to_have_value(re.compile("^(Dinsdag.*)?$"))
    second.get_by_test_id("send").click()
    expect(second.get_by_test_id("notice")).to_contain_text("Je antwoordde hier al, in een ander tabblad.")
    expect(second.get_by_test_id("composer")).to_have_value(re.compile("^Dinsdag"))
    assert [row["direction"] for row in ingrid.messages(asked)].count("out") == 1
    # Seen, and meant: then it goes.
    second.get_by_test_id("send").click()
    expect(second.get_by_test_id("composer")).to_have_value("")
    assert [row["direction"] for row in ingrid.messages(asked)].count("out") == 2
