"""Two and three colleagues at once: routed with a word to the citizen and sent back, and advice asked, given and taken
over, each in a browser of their own; and the same forms without scripts."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.hands import Colleague, until
from tests.e2e.test_access import violations
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("colleagues")]

PAGE = "104000000000001"
SAID = "Uw vraag ligt nu bij onze collega's van Burgerzaken. U krijgt het antwoord gewoon hier."


@pytest.fixture
def fatima(browser: Browser, town: Town) -> Iterator[Page]:
    page = log_in(browser, town, "fatima")
    yield page
    page.context.close()


@pytest.fixture
def bram(browser: Browser, town: Town) -> Iterator[Page]:
    page = log_in(browser, town, "bram", color_scheme="dark")
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def ingrid(town: Town) -> Colleague:
    return Colleague(town, "ingrid")


@pytest.fixture
def question(town: Town, ingrid: Colleague) -> Iterator[int]:
    """A public question of its own, closed again afterwards; nobody has it."""
    text = f"Mijn paspoort is zoek {uuid4().hex[:8]}"
    town.call("/street/facebook/visitor_post", {"citizen": "lot", "page": PAGE, "text": text})
    conversation = int(ingrid.waits_for(text)["id"])
    yield conversation
    for message in ingrid.messages(conversation):
        until(lambda m=message: m["direction"] == "in" or ingrid.delivery(m["id"]) in ("sent", "delivered", "read"))
    ingrid.call("POST", f"conversations/{conversation}/close/", json={"result": "no_answer_needed"})


def opened(page: Page, town: Town, conversation: int) -> None:
    page.goto(f"{town.inbox}/conversations/{conversation}/")
    expect(page.get_by_test_id(f"pane-{conversation}")).to_be_visible()


def due(ingrid: Colleague, conversation: int) -> tuple[str, str]:
    clock = ingrid.get(f"conversations/{conversation}/")["clock"]
    return clock["started_at"], clock["due_at"]


def test_routed_with_a_word_sent_back_twice_and_the_lead_knows(
    fatima: Page, bram: Page, browser: Browser, town: Town, ingrid: Colleague, question: int
) -> None:
    clock = due(ingrid, question)
    opened(fatima, town, question)
    fatima.get_by_test_id("act-route").click()
    fatima.get_by_test_id("proposal-burgerzaken").click()  # its topic has the word "paspoort"
    word = fatima.get_by_test_id("route-text")
    expect(word).to_have_value(SAID)
    assert violations(fatima) == []
    fatima.get_by_test_id("route-note").fill("Wat moet deze inwoner doen?")
    button = fatima.get_by_test_id("do-route")
    expect(button).to_have_accessible_name("Doorzetten en inwoner inlichten")
    fatima.get_by_test_id("route-tell").uncheck()
    expect(button).to_have_accessible_name("Doorzetten")
    expect(word).to_be_hidden()
    fatima.get_by_test_id("route-tell").check()
    button.click()
    expect(fatima.get_by_test_id("notice")).to_have_text("Doorgezet naar Burgerzaken. De inwoner krijgt bericht.")

    opened(bram, town, question)
    told = bram.locator("[data-testid^=message-].ours", has_text="U krijgt het antwoord gewoon hier.")
    expect(told).to_contain_text("bericht over doorzetten")
    expect(told).to_contain_text("verstuurd")
    assert due(ingrid, question) == clock
    bram.get_by_test_id("act-bounce").click()
    bram.get_by_test_id("bounce-reason").fill("Dit doet de webcare zelf.")
    assert violations(bram) == []
    bram.get_by_test_id("do-bounce").click()
    expect(bram.get_by_test_id("notice")).to_have_text("Teruggezet.")

    lead = log_in(browser, town, "ingrid")
    opened(lead, town, question)
    opened(fatima, town, question)
    fatima.get_by_test_id("act-route").click()
    fatima.get_by_test_id("route-department").select_option(label="Burgerzaken")
    fatima.get_by_test_id("route-tell").uncheck()
    fatima.get_by_test_id("do-route").click()
    expect(fatima.get_by_test_id("notice")).to_have_text("Doorgezet naar Burgerzaken.")
    opened(bram, town, question)
    bram.get_by_test_id("act-bounce").click()
    bram.get_by_test_id("bounce-reason").fill("Echt niet van ons.")
    bram.get_by_test_id("do-bounce").click()
    line = lead.locator(".line.event", has_text="zette dit terug naar Webcare (keer 2); de teamleider weet het")
    expect(line).to_be_visible()  # live, while she looks
    assert due(ingrid, question) == clock
    lead.context.close()


def test_advice_is_asked_given_and_taken_over(
    fatima: Page, browser: Browser, town: Town, ingrid: Colleague, question: int
) -> None:
    opened(fatima, town, question)
    fatima.get_by_test_id("act-claim").click()
    expect(fatima.get_by_test_id("composer")).to_be_visible()
    fatima.get_by_test_id("pane-" + str(question)).press("p")
    fatima.get_by_test_id("advice-of").select_option(label="Bram Visser (Burgerzaken)")
    fatima.get_by_test_id("advice-question").fill("Moet deze inwoner eerst aangifte doen?")
    assert violations(fatima) == []
    fatima.get_by_test_id("do-ask-advice").click()
    item = fatima.locator(".line.advice", has_text="Advies gevraagd aan Bram Visser")
    expect(item).to_be_visible()
    request = (item.get_attribute("data-testid") or "").split("-")[1]

    # The link of a mail, in a browser that is not logged in yet.
    bram = browser.new_context(locale="nl-NL", viewport={"width": 390, "height": 844}).new_page()
    bram.goto(f"{town.inbox}/advice/{request}/")
    bram.get_by_label("Gebruikersnaam").fill("bram")
    bram.get_by_label("Wachtwoord").fill("waterkant")
    bram.get_by_role("button", name="Inloggen").click()
    expect(bram.get_by_test_id("along")).to_contain_text("Mijn paspoort is zoek")
    assert violations(bram) == []
    assert bram.goto(f"{town.inbox}/conversations/{question}/").status == 404  # type: ignore[union-attr]
    bram.goto(f"{town.inbox}/advice/")
    bram.get_by_test_id(f"advice-link-{request}").click()
    bram.get_by_test_id("advice-text").fill("Nee, dat hoeft niet meer.")
    bram.get_by_test_id("give-advice").click()
    expect(bram.get_by_test_id("advice-page")).to_have_attribute("data-state", "answered")
    expect(bram.get_by_test_id("along")).to_have_count(0)
    bram.context.close()

    given = fatima.get_by_test_id(f"advice-{request}-given")
    expect(given).to_contain_text("Nee, dat hoeft niet meer.")  # live
    assert violations(fatima) == []
    fatima.locator("#pane-title").focus()
    fatima.keyboard.press("i")
    box = fatima.get_by_test_id("composer")
    expect(box).to_have_value("Nee, dat hoeft niet meer.")
    expect(box).to_be_focused()
    box.fill("")
    assert ingrid.get(f"conversations/{question}/")["assignee"]["name"] == "Fatima Amrani"


def test_without_scripts(fatima: Page, browser: Browser, town: Town, question: int) -> None:
    state = fatima.context.storage_state()
    context = browser.new_context(locale="nl-NL", java_script_enabled=False, storage_state=state)
    page = context.new_page()
    page.goto(f"{town.inbox}/conversations/{question}/advice/")
    page.get_by_test_id("advice-of").select_option(label="de vakspecialisten van Burgerzaken")
    page.get_by_test_id("advice-question").fill("Wat moet deze inwoner doen?")
    page.get_by_test_id("do-ask-advice").click()
    page.locator("[data-testid^=withdraw-advice-]").click()
    expect(page.locator(".line.advice")).to_contain_text("ingetrokken")
    page.goto(f"{town.inbox}/conversations/{question}/routing/")
    page.get_by_test_id("choose-department").select_option(label="Burgerzaken")
    page.get_by_test_id("choose").click()
    expect(page.get_by_test_id("route-text")).to_have_value(SAID)
    page.get_by_test_id("route-tell").uncheck()
    page.get_by_test_id("do-route").click()
    page.wait_for_url("**/inbox/todo/")
    context.close()
