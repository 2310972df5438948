"""The main job, end to end: a citizen asks in "de straat", colleagues claim, answer and route in the inbox.

Walks the five points on which the product stands or falls, against the processes that `make demo` starts.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.town import Town, log_in, street

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("town")]

MENTION = "@gemwaterkant Wanneer gaat de brug bij de haven weer open?"
COMMENT = "Is hier ook een plek voor rolstoelen?"
MESSENGER = "Kan ik bij u terecht voor een rijbewijs?"
WHATSAPP = "Deze stoeptegel ligt los, mijn moeder struikelde erover."
DIRECT = "Mijn paspoort is gestolen. Wat moet ik doen?"
ANSWER = "Dank voor de melding. Wij komen vandaag kijken."
NOTE = "Bram, weet jij of hier een spoedaanvraag kan? Mevrouw vertrekt zaterdag."
ADVICE = "Wat vervelend. U kunt vandaag langskomen voor een spoedpaspoort, neem uw aangifte mee."


@pytest.fixture
def fatima(browser: Browser, town: Town) -> Iterator[Page]:
    """The agent."""
    page = log_in(browser, town, "fatima")
    yield page
    page.context.close()


@pytest.fixture
def joris(browser: Browser, town: Town) -> Iterator[Page]:
    """The second agent, in a browser of his own."""
    page = log_in(browser, town, "joris")
    yield page
    page.context.close()


@pytest.fixture
def bram(browser: Browser, town: Town) -> Iterator[Page]:
    """The expert at Burgerzaken."""
    page = log_in(browser, town, "bram")
    yield page
    page.context.close()


@pytest.fixture
def sofie(browser: Browser, town: Town) -> Iterator[Page]:
    """A citizen, in the street."""
    page = street(browser, town, "sofie")
    yield page
    page.context.close()


def row(page: Page, text: str) -> Locator:
    """The row of the conversation whose last words these are."""
    return page.locator("[data-testid^=row-]").filter(has_text=text)


def room(page: Page, kind: str, name: str) -> None:
    """Open a room on one of the three phones."""
    page.get_by_test_id(f"phone-{kind}").get_by_test_id(f"room-{name}").click()


def write(page: Page, hook: str, text: str) -> None:
    """Type in a composer of the street and send."""
    page.get_by_test_id(f"composer-{hook}").fill(text)
    page.get_by_test_id(f"send-{hook}").click()


def answer(page: Page, text: str) -> None:
    """Type in the inbox's composer and send with the keyboard."""
    page.get_by_test_id("composer").fill(text)
    page.get_by_test_id("composer").press("Control+Enter")


def bubble(page: Page, text: str) -> Locator:
    """The message with this text in the open conversation."""
    return page.locator("[data-testid^=message-]").filter(has_text=text)


def test_a_citizen_asks_and_gets_one_answer(town: Town, fatima: Page, joris: Page, bram: Page, sofie: Page) -> None:
    all_appear_without_a_reload(town, fatima, sofie)
    only_one_can_answer(fatima, joris)
    the_answer_arrives_and_is_read(fatima, sofie)
    the_expert_answers_and_the_note_stays_inside(town, fatima, bram, sofie)
    the_timers_explain_themselves_and_out_of_hours_is_said_once(town, fatima, sofie)


def all_appear_without_a_reload(town: Town, fatima: Page, sofie: Page) -> None:
    fatima.evaluate("window.notReloaded = true")
    write(sofie, "x-timeline", MENTION)
    expect(row(fatima, MENTION)).to_be_visible()

    page_post = next(
        item
        for phone in town.call("/street/state", method="GET")["phones"]
        if phone["kind"] == "facebook"
        for item in phone["rooms"][0]["items"]
        if item["from_us"]
    )
    sofie.get_by_test_id(f"action-comment-{page_post['id']}").click()
    write(sofie, f"comment-{page_post['id']}", COMMENT)
    expect(row(fatima, COMMENT)).to_be_visible()

    messenger = next(
        room["id"]
        for phone in town.call("/street/state", method="GET")["phones"]
        if phone["kind"] == "facebook"
        for room in phone["rooms"]
        if not room["public"]
    )
    room(sofie, "facebook", messenger)
    write(sofie, f"facebook-{messenger}", MESSENGER)
    expect(row(fatima, MESSENGER)).to_be_visible()

    chat = town.call("/street/state", method="GET")["phones"][2]["rooms"][0]["id"]
    sofie.get_by_test_id(f"photo-whatsapp-{chat}").click()
    sofie.locator(f"[data-testid^=sample-][data-testid$=whatsapp-{chat}]").first.click()
    write(sofie, f"whatsapp-{chat}", WHATSAPP)
    expect(row(fatima, WHATSAPP)).to_be_visible()

    room(sofie, "x", "dm")
    write(sofie, "x-dm", DIRECT)
    expect(row(fatima, DIRECT)).to_be_visible()
    assert fatima.evaluate("window.notReloaded") is True


def only_one_can_answer(fatima: Page, joris: Page) -> None:
    row(fatima, WHATSAPP).locator("a").first.click()
    row(joris, WHATSAPP).locator("a").first.click()
    photo = bubble(fatima, WHATSAPP).locator("img")
    expect(photo).to_have_js_property("complete", True)
    expect(photo).not_to_have_js_property("naturalWidth", 0)

    fatima.get_by_test_id("act-claim").click()
    expect(fatima.get_by_test_id("composer")).to_be_visible()
    expect(joris.get_by_test_id("claimer")).to_contain_text("Fatima Amrani")
    expect(row(joris, WHATSAPP)).to_contain_text("Fatima Amrani")
    expect(joris.get_by_test_id("act-take-over")).to_be_visible()
    expect(joris.get_by_test_id("composer")).to_have_count(0)


def the_answer_arrives_and_is_read(fatima: Page, sofie: Page) -> None:
    answer(fatima, ANSWER)
    expect(sofie.get_by_test_id("phone-whatsapp").get_by_text(ANSWER)).to_be_visible()
    expect(bubble(fatima, ANSWER).locator("[data-testid^=delivery-]")).to_contain_text("gelezen")
    expect(fatima.get_by_test_id("status")).to_have_text("wacht op inwoner")


def the_expert_answers_and_the_note_stays_inside(town: Town, fatima: Page, bram: Page, sofie: Page) -> None:
    row(fatima, DIRECT).locator("a").first.click()
    expect(bubble(fatima, DIRECT)).to_be_visible()
    fatima.get_by_test_id("act-route").click()
    fatima.get_by_test_id("route-department").select_option(label="Burgerzaken")
    fatima.get_by_test_id("route-note").fill(NOTE)
    fatima.get_by_test_id("do-route").click()

    expect(row(bram, DIRECT)).to_be_visible()
    row(bram, DIRECT).locator("a").first.click()
    expect(bram.get_by_text(NOTE)).to_be_visible()
    bram.get_by_test_id("act-claim").click()
    answer(bram, ADVICE)
    expect(sofie.get_by_test_id("phone-x").get_by_text(ADVICE)).to_be_visible()
    expect(bubble(bram, ADVICE).locator("[data-testid^=delivery-]")).to_contain_text("gelezen")

    kept = str(town.call("/street/state", method="GET")) + str(town.call("/books", method="GET"))
    assert ADVICE in kept
    assert NOTE not in kept


def the_timers_explain_themselves_and_out_of_hours_is_said_once(town: Town, fatima: Page, sofie: Page) -> None:
    # Friday 16:20 with an hour of office time for X: past the weekend, and it says so.
    mention = row(fatima, MENTION).locator("[data-testid^=timer-]")
    expect(mention).to_contain_text("ma 09:")
    expect(mention).to_contain_text("omdat we van vrijdag 17:00 tot maandag 09:00 gesloten zijn")

    town.clock("2026-11-27T17:05")
    chat = town.call("/street/state", method="GET")["phones"][2]["rooms"][0]["id"]
    sofie.get_by_test_id("citizen-select").select_option("mehmet")
    closed = "Dank voor uw bericht aan Gemeente Waterkant. We zijn nu gesloten. U krijgt antwoord vanaf maandag 09:00."
    for text in ("Is het gemeentehuis nog open?", "En morgen, zaterdag?"):
        write(sofie, f"whatsapp-{chat}", text)
        expect(row(fatima, text)).to_be_visible()
        expect(sofie.get_by_test_id("phone-whatsapp").get_by_text(closed)).to_have_count(1)
    row(fatima, "En morgen, zaterdag?").locator("a").first.click()
    expect(bubble(fatima, closed)).to_have_count(1)
    expect(fatima.get_by_test_id("timer")).to_contain_text("ma 11:00")
    expect(fatima.get_by_text("Automatisch antwoord buiten kantoortijd verstuurd").first).to_be_visible()
