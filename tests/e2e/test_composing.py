"""Writing in the composer, in a real browser: standard replies by "/", drafts that no reload, tab or log-out loses, an
answer taken back, pictures with words by button, drop and paste, the preview; and the same without scripts."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.test_access import LOOKS, SCREENS, violations
from tests.e2e.test_writing import open_and_claim, post
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("desk")]

FARM = "104000000000002"
ANSWER = "Dank voor uw vraag. Wij komen vandaag kijken."


@pytest.fixture
def fatima(browser: Browser, town: Town) -> Iterator[Page]:
    page = log_in(browser, town, "fatima")
    yield page
    page.context.close()


def picture(tmp_path: Path) -> Path:
    """A photo whose maker left word of it in the file."""
    made = Image.new("RGB", (640, 480), "seagreen")
    exif = made.getexif()
    exif[0x010F] = "Geheime camera"
    path = tmp_path / "brug.jpg"
    made.save(path, "JPEG", exif=exif)
    return path


def whatsapp(town: Town, text: str) -> str:
    """A private question; its words, which no other has."""
    words = f"{text} {uuid4().hex[:8]}"
    chat = town.call("/street/state", method="GET")["phones"][2]["rooms"][0]["id"]
    town.call("/street/whatsapp/message", {"citizen": "mehmet", "room": chat, "text": words})
    return words


def slow(town: Town, seconds: int, account: str = "104000000000001") -> None:
    """How long an answer on this account can be taken back."""
    town.manage(
        "shell",
        "-c",
        "from inbox.models import AccountSettings as s;"
        f"s.objects.filter(account__external_id='{account}').update(undo_seconds={seconds})",
    )


def box(page: Page) -> Locator:
    return page.get_by_test_id("composer")


def saved(page: Page) -> None:
    expect(page.locator("[data-saved]")).to_be_visible()


# -- standard replies ---------------------------------------------------------------------------------------------


def test_a_slash_finds_a_reply_and_fills_it_in(fatima: Page, town: Town) -> None:
    open_and_claim(fatima, town, post(town, "Wanneer is het loket open?"))
    box(fatima).press_sequentially("Goedemorgen. /openings", delay=20)
    options = fatima.locator("#replies-list [role=option]")
    expect(options).to_have_count(1)
    expect(box(fatima)).to_have_attribute("aria-activedescendant", options.first.get_attribute("id") or "")
    box(fatima).press("Escape")
    expect(options).to_have_count(0)
    box(fatima).press_sequentially(" /wij", delay=20)
    expect(options.first).to_have_attribute("aria-selected", "true")
    box(fatima).press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    box(fatima).press("ArrowUp")
    box(fatima).press("Backspace")
    box(fatima).press("Backspace")
    box(fatima).press("Backspace")
    box(fatima).press_sequentially("openings", delay=20)
    expect(options).to_have_count(1)
    box(fatima).press("Enter")
    expect(box(fatima)).to_have_value(
        "Goedemorgen. /openings Wij zijn open op maandag tot en met vrijdag van 9:00 tot 17:00 uur. "
        "De eerste keer dat wij weer opengaan is maandag 09:00."
    )
    expect(box(fatima)).to_be_focused()


def test_the_button_finds_a_reply_too_and_what_is_open_stops_the_answer_once(fatima: Page, town: Town) -> None:
    open_and_claim(fatima, town, post(town, "Er ligt een tegel los."))
    fatima.get_by_test_id("replies-button").click()
    search = fatima.locator("#replies-search")
    expect(search).to_be_focused()
    search.press_sequentially("kijken", delay=20)
    expect(fatima.locator("#replies-list [role=option]")).to_have_count(1)
    search.press("Enter")
    expect(box(fatima)).to_be_focused()
    expect(box(fatima)).to_have_value(
        "Dank u voor uw bericht, Mehmet Yıldız. Wij kijken ernaar en laten u vandaag nog iets weten."
    )
    box(fatima).fill("Het nummer is [zaaknummer].")
    box(fatima).press("Control+Enter")
    expect(fatima.get_by_test_id("notice")).to_have_attribute("data-code", "unfilled")
    expect(box(fatima)).to_have_value("Het nummer is [zaaknummer].")
    # As with personal data: the keys send no text that was asked about; the button that says so does.
    fatima.get_by_test_id("send").click()
    expect(fatima.locator("[data-testid^=message-].ours").filter(has_text="[zaaknummer]")).to_be_visible()


def test_a_lead_keeps_the_replies_and_an_agent_does_not(browser: Browser, town: Town, fatima: Page) -> None:
    assert fatima.goto(f"{town.inbox}/standard-replies/").status == 403  # type: ignore[union-attr]
    lead = log_in(browser, town, "ingrid")
    lead.goto(f"{town.inbox}/standard-replies/")
    lead.get_by_role("link", name="Nieuw standaardantwoord").click()
    name = f"Proef {uuid4().hex[:8]}"
    lead.get_by_label("Naam").fill(name)
    lead.get_by_label("Tekst").fill("Dag {inwoner}.")
    lead.get_by_role("button", name="Opslaan").click()
    expect(lead.get_by_role("link", name=name)).to_be_visible()
    assert violations(lead) == []
    lead.context.close()


# -- drafts -------------------------------------------------------------------------------------------------------


def test_a_draft_is_in_every_browser_and_in_no_other_hands(browser: Browser, town: Town, fatima: Page) -> None:
    words = post(town, "Mag ik een container lenen?")
    open_and_claim(fatima, town, words)
    box(fatima).fill("Half een antwoord")
    saved(fatima)
    row = fatima.locator("[data-testid^=row-]").filter(has_text=words[-8:])
    expect(row).to_contain_text("concept")
    elsewhere = log_in(browser, town, "fatima")
    elsewhere.goto(fatima.url)
    expect(box(elsewhere)).to_have_value("Half een antwoord")
    joris = log_in(browser, town, "joris")
    joris.goto(fatima.url)
    expect(joris.get_by_test_id("act-take-over")).to_be_visible()
    assert "Half een antwoord" not in joris.content()
    # The newer tab wins; the older one is told, and chooses.
    box(elsewhere).fill("Het andere antwoord")
    saved(elsewhere)
    box(fatima).press_sequentially("!")
    expect(fatima.get_by_test_id("elsewhere")).to_be_visible()
    expect(box(fatima)).to_have_value("Half een antwoord!")
    fatima.get_by_test_id("take-other").click()
    expect(box(fatima)).to_have_value("Het andere antwoord")
    fatima.reload()
    expect(box(fatima)).to_have_value("Het andere antwoord")
    box(fatima).fill("")
    expect(row).not_to_contain_text("concept")
    for page in (elsewhere, joris):
        page.context.close()


def test_a_draft_outlives_the_end_of_the_session_and_a_lost_line(town: Town, fatima: Page) -> None:
    open_and_claim(fatima, town, post(town, "Is de brug open?"))
    address = fatima.url
    fatima.context.set_offline(True)
    box(fatima).fill("In de tunnel getypt")
    fatima.wait_for_timeout(1200)  # longer than the pause after which it would be saved
    fatima.context.set_offline(False)
    with fatima.expect_response(lambda answer: answer.url.endswith("/draft/") and answer.status == 200):
        fatima.evaluate("window.dispatchEvent(new Event('online'))")
    fatima.context.set_offline(True)
    box(fatima).press_sequentially(", en verder")
    fatima.context.clear_cookies(name="sessionid")
    fatima.context.set_offline(False)
    fatima.evaluate("window.dispatchEvent(new Event('online'))")
    expect(fatima.locator("#ended")).to_be_visible()
    fatima.goto(f"{town.inbox}/login/")
    fatima.get_by_label("Gebruikersnaam").fill("fatima")
    fatima.get_by_label("Wachtwoord").fill("waterkant")
    fatima.get_by_role("button", name="Inloggen").click()
    fatima.wait_for_url("**/inbox/todo/")
    fatima.goto(address)
    expect(box(fatima)).to_have_value("In de tunnel getypt, en verder")


# -- taking it back -----------------------------------------------------------------------------------------------


def test_an_answer_is_taken_back_as_it_was_typed(town: Town, fatima: Page) -> None:
    slow(town, 60)
    try:
        open_and_claim(fatima, town, post(town, "Wie kan mij helpen?"))
        box(fatima).fill(ANSWER)
        box(fatima).press("Control+Enter")
        bar = fatima.get_by_test_id("leaving")
        expect(bar).to_contain_text("Wordt verstuurd om")
        ours = fatima.locator("[data-testid^=message-].ours").filter(has_text=ANSWER)
        expect(ours).to_contain_text("Groet, Fatima")
        box(fatima).fill("Nog iets.")
        fatima.get_by_test_id("undo").click()
        expect(box(fatima)).to_have_value(f"{ANSWER}\n\nNog iets.")
        expect(box(fatima)).to_be_focused()
        expect(ours).to_have_count(0)
        expect(bar).to_have_count(0)
        assert ANSWER not in str(town.call("/street/state", method="GET"))
    finally:
        slow(town, 1)
    box(fatima).fill(f"{ANSWER} Tot zo.")
    box(fatima).press("Control+Enter")
    sent = fatima.locator("[data-testid^=message-].ours").filter(has_text="Tot zo.")
    expect(sent.locator("[data-testid^=delivery-]")).not_to_contain_text("wachtrij")
    assert "Tot zo." in str(town.call("/street/state", method="GET"))


# -- files --------------------------------------------------------------------------------------------------------


def test_a_picture_needs_words_and_arrives_without_its_makers_data(town: Town, fatima: Page, tmp_path: Path) -> None:
    open_and_claim(fatima, town, post(town, "Hoe ziet de brug eruit?"))
    path = picture(tmp_path)
    fatima.get_by_test_id("file-field").set_input_files(path)
    file = fatima.locator("[data-file]")
    expect(file).to_have_count(1)
    expect(file.locator("img")).not_to_have_js_property("naturalWidth", 0)
    fatima.get_by_test_id("file-field").set_input_files(path)
    expect(fatima.get_by_test_id("file-refused")).to_contain_text("Hier kan hoogstens 1 bestand mee.")
    box(fatima).fill(ANSWER)
    box(fatima).press("Control+Enter")
    expect(fatima.get_by_test_id("notice")).to_have_attribute("data-code", "alt_text")
    fatima.get_by_test_id("alt-text").fill("De nieuwe brug, open voor fietsers")
    fatima.get_by_test_id("preview-button").click()
    expect(fatima.get_by_test_id("preview").locator("img")).to_have_attribute(
        "alt", "De nieuwe brug, open voor fietsers"
    )
    expect(fatima.get_by_test_id("preview")).to_contain_text("Groet, Fatima")
    box(fatima).press("Control+Enter")
    ours = fatima.locator("[data-testid^=message-].ours").filter(has_text=ANSWER)
    expect(ours.locator("img")).to_have_attribute("alt", "De nieuwe brug, open voor fietsers")
    expect(ours.locator("[data-testid^=delivery-]")).to_contain_text("verstuurd")
    photos = [
        photo
        for phone in town.call("/street/state", method="GET")["phones"]
        if phone["kind"] == "facebook"
        for room in phone["rooms"]
        for item in room["items"]
        if ANSWER in str(item)
        for photo in _photos(item)
    ]
    assert len(photos) == 1
    answer = fatima.request.get(photos[0] if photos[0].startswith("http") else f"{town.street}{photos[0]}")
    arrived = Image.open(io.BytesIO(answer.body()))
    assert arrived.size == (640, 480)
    assert dict(arrived.getexif()) == {}


def _photos(item: dict[str, object]) -> list[str]:
    found = item.get("photos")
    inner = [
        photo
        for part in item.values()
        if isinstance(part, list)
        for each in part
        if isinstance(each, dict)
        for photo in _photos(each)
    ]
    return [str(photo) for photo in found if photo] + inner if isinstance(found, list) else inner


def test_a_picture_is_dropped_and_pasted_and_removed(town: Town, fatima: Page) -> None:
    open_and_claim(fatima, town, post(town, "Waar is de markt?"))
    for kind, carrier in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        box(fatima).evaluate(
            """async (box, [kind, carrier]) => {
                const canvas = Object.assign(document.createElement("canvas"), {width: 40, height: 30});
                canvas.getContext("2d").fillRect(0, 0, 20, 20);
                const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
                const data = new DataTransfer();
                data.items.add(new File([blob], "plaatje.png", {type: "image/png"}));
                const of = kind === "paste" ? ClipboardEvent : DragEvent;
                box.dispatchEvent(new of(kind, {[carrier]: data, bubbles: true, cancelable: true}));
            }""",
            [kind, carrier],
        )
        expect(fatima.locator("[data-file]")).to_have_count(1)
        fatima.get_by_test_id("decorative").check()
        expect(fatima.get_by_test_id("alt-text")).to_be_disabled()
        fatima.get_by_test_id("remove-file").click()
        expect(fatima.locator("[data-file]")).to_have_count(0)


# -- as the citizen sees it, and without scripts ------------------------------------------------------------------


def test_without_scripts_every_step_has_a_button(browser: Browser, town: Town, tmp_path: Path) -> None:
    slow(town, 60)
    page = log_in(browser, town, "fatima")
    open_and_claim(page, town, post(town, "Wie maait het gras?"))
    address, state = page.url, page.context.storage_state()
    page.context.close()
    context = browser.new_context(locale="nl-NL", java_script_enabled=False, storage_state=state)
    plain = context.new_page()
    plain.goto(address)
    box(plain).fill("Goedemorgen.")
    plain.get_by_test_id("plain-replies").locator("summary").click()
    plain.get_by_role("button", name=re.compile("Gebruik.*Wij kijken ernaar")).click()
    expect(box(plain)).to_have_value(
        "Goedemorgen.\n\nDank u voor uw bericht, Mehmet Yıldız. Wij kijken ernaar en laten u vandaag nog iets weten."
    )
    plain.get_by_test_id("file-field").set_input_files(picture(tmp_path))
    plain.get_by_test_id("put-ready").click()
    expect(plain.locator("[data-file]")).to_have_count(1)
    expect(box(plain)).to_have_value(
        "Goedemorgen.\n\nDank u voor uw bericht, Mehmet Yıldız. Wij kijken ernaar en laten u vandaag nog iets weten."
    )
    plain.get_by_test_id("decorative").check()
    plain.get_by_test_id("preview-button").click()
    expect(plain.get_by_test_id("preview-part")).to_have_count(1)
    plain.get_by_test_id("decorative").check()
    plain.get_by_test_id("send").click()
    plain.get_by_test_id("undo").click()
    expect(box(plain)).to_have_value(
        "Goedemorgen.\n\nDank u voor uw bericht, Mehmet Yıldız. Wij kijken ernaar en laten u vandaag nog iets weten."
    )
    expect(plain.locator("[data-file]")).to_have_count(1)
    context.close()
    slow(town, 1)


@pytest.mark.parametrize("look", SCREENS)
def test_composing_breaks_no_rule(browser: Browser, town: Town, look: str, tmp_path: Path) -> None:
    page = log_in(browser, town, "fatima", **LOOKS[look])
    open_and_claim(page, town, post(town, "Wanneer is er markt?"))
    page.get_by_test_id("file-field").set_input_files(picture(tmp_path))
    expect(page.locator("[data-file]")).to_have_count(1)
    box(page).fill("Op zaterdag. Kijk op https://www.waterkant.nl/markt.")
    page.get_by_test_id("preview-button").click()
    expect(page.get_by_test_id("preview")).to_be_visible()
    assert violations(page) == []
    box(page).press_sequentially(" /wij", delay=20)
    expect(page.locator("#replies-list [role=option]").first).to_be_visible()
    assert violations(page) == []
    page.context.close()
