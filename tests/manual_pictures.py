"""`python -m tests.manual_pictures`: the pictures of docs/handleiding/, taken in a town where a morning has passed.

Names behind the command take only those again. Look at what it made before it is committed.
"""

import base64
import io
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page, expect

from channels.simulator.samples import sample
from tests.e2e.town import ROOT, Town, chromium, log_in, running_town
from tests.screens import open_row
from tests.screenshots import a_morning

PICTURES = ROOT / "docs" / "images" / "handleiding"
WIDTH, HEIGHT = 1280, 800
HEAVIEST = 150_000  # bytes
PAGE = "104000000000001"
POST = f"{PAGE}_100000000000002"  # on waste paper, from the demo
PATIENCE = 90_000  # ms: an answer goes through the real workers


def main(names: list[str]) -> int:
    """Bring up the town, take the pictures with these names (none: all of them), say what they weigh."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with running_town(datetime(2026, 11, 26, 10, 40, tzinfo=UTC)) as town, chromium() as browser:  # Thursday 11:40
        a_morning(browser, town)
        for name, take in TAKES.items():
            if not names or name in names:
                take(browser, town)
    for path in sorted(PICTURES.glob("*.png")):
        print(f"{path.stat().st_size:>8} {path.relative_to(ROOT)}")
    return 0


def keep(name: str, *shots: bytes) -> None:
    """One picture of these shots side by side, in as few colours as it takes to be light."""
    parts = [Image.open(io.BytesIO(shot)).convert("RGB") for shot in shots]
    gap = 24
    size = (sum(part.width for part in parts) + gap * (len(parts) - 1), max(part.height for part in parts))
    whole, left = Image.new("RGB", size, "white"), 0
    for part in parts:
        whole.paste(part, (left, 0))
        left += part.width + gap
    path = PICTURES / f"{name}.png"
    for colours in (256, 128, 64, 32):
        whole.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < HEAVIEST:
            return
    raise AssertionError(f"{name} stays too heavy")


def shot(page: Page, left: str = "", right: str = "") -> bytes:
    """The window as it is; from the left edge of one part to the right edge of another when they are named."""
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)
    size = page.viewport_size
    assert size is not None
    begin = box(page, left)["x"] if left else 0
    end = box(page, right)["x"] + box(page, right)["width"] if right else size["width"]
    clip: FloatRect = {"x": begin, "y": 0, "width": end - begin, "height": size["height"]}
    return page.screenshot(animations="disabled", clip=clip)


def box(page: Page, part: str) -> FloatRect:
    """Where this part stands in the window."""
    found = page.locator(part).bounding_box()
    assert found is not None
    return found


def writing(page: Page, height: int = HEIGHT) -> bytes:
    """The conversation alone, with what was said last in sight."""
    page.set_viewport_size({"width": WIDTH, "height": height})
    to_the_end(page)
    return shot(page, "#conversation")


def desk(browser: Browser, town: Town, username: str = "fatima") -> Page:
    """This colleague at work."""
    return log_in(browser, town, username, WIDTH, HEIGHT)


def claimed(page: Page, town: Town, text: str) -> None:
    """Open this question and pick it up."""
    page.goto(f"{town.inbox}/inbox/todo/")
    open_row(page, text)
    page.get_by_test_id("claim-and-reply").click()
    page.get_by_test_id("composer").wait_for()
    page.locator("#citizen [data-fold=hide]").click()  # what is written then has room
    expect(page.locator("#citizen")).to_be_hidden()


def comment(town: Town, citizen: str, text: str, to: str = POST) -> str:
    """What someone says under a post; its number."""
    return str(town.call("/street/facebook/comment", {"citizen": citizen, "to": to, "text": text})["id"])


def to_the_end(page: Page) -> None:
    """Scroll the conversation to what was said last."""
    page.locator("#lines").evaluate(
        "node => { for (let at = node; at; at = at.parentElement) at.scrollTop = at.scrollHeight }"
    )


# -- the list


def overview(browser: Browser, town: Town) -> None:
    page = desk(browser, town)
    open_row(page, "oude paspoort")
    keep("overzicht", shot(page))
    page.context.close()


def filters(browser: Browser, town: Town) -> None:
    page = desk(browser, town)
    page.get_by_test_id("filter").click()
    page.locator("#f-text").wait_for()
    page.locator("#f-platform").select_option("facebook")
    page.get_by_test_id("filters-apply").click()
    expect(page.get_by_test_id("chips")).to_be_visible()
    keep("filter", shot(page, right="#list"))
    page.context.close()


def many(browser: Browser, town: Town) -> None:
    page = desk(browser, town)
    page.get_by_test_id("selecting").check(force=True)
    boxes = page.locator("#rows .pick input")
    for number in range(3):
        boxes.nth(number).check(force=True)
    keep("meer-tegelijk", shot(page, right="#list"))
    page.context.close()


# -- the conversation


def thread(browser: Browser, town: Town) -> None:
    comment(town, "mehmet", "Bij ons in de Havenstraat is het vanmorgen al opgehaald.")
    question = comment(town, "sofie", "Geldt dit ook voor de Molenstraat?")
    page = desk(browser, town)
    claimed(page, town, "Geldt dit ook voor de Molenstraat?")
    address = page.url
    page.get_by_test_id("fetch-thread").click()
    expect(page.locator(".line.other", has_text="Havenstraat")).to_be_visible(timeout=PATIENCE)
    edited = "Geldt dit ook voor de Molenstraat en de Kerkstraat?"
    town.call("/street/facebook/edit", {"citizen": "sofie", "id": question, "text": edited})
    expect(page.locator("#lines").get_by_text(edited)).to_be_visible(timeout=PATIENCE)
    page.get_by_test_id("composer").fill("Ja, deze week ook daar. Zet het vóór 7:30 uur buiten.")
    page.get_by_test_id("send").click()
    page.goto(address)
    ours = page.locator("[data-testid^=message-].ours")
    expect(ours.locator("[data-testid^=delivery-]")).to_contain_text("verstuurd", timeout=PATIENCE)
    page.goto(address)
    ours.wait_for()
    keep("gesprek", writing(page, 1000))
    page.context.close()


def failed(browser: Browser, town: Town) -> None:
    town.call("/street/x/no_dms", {"citizen": "lot", "on": True})
    town.call("/street/x/mention", {"citizen": "lot", "text": "@gemwaterkant Mijn rijbewijs is nog niet binnen."})
    page = desk(browser, town)
    claimed(page, town, "Mijn rijbewijs is nog niet binnen.")
    page.get_by_test_id("way-private").locator("summary").click()
    page.get_by_test_id("private-text").fill("Stuurt u ons uw geboortedatum? Dan zoeken wij het op.")
    page.get_by_test_id("send-private").click()
    page.get_by_test_id("linked").click()
    expect(page.locator(".trouble.red")).to_be_visible(timeout=PATIENCE)
    keep("mislukt", writing(page))
    page.context.close()
    town.call("/street/x/no_dms", {"citizen": "lot", "on": False})


# -- the answer


def standard_reply(browser: Browser, town: Town) -> None:
    comment(town, "henk", "Tot hoe laat is het loket vandaag open?")
    page = desk(browser, town)
    claimed(page, town, "Tot hoe laat is het loket vandaag open?")
    page.get_by_test_id("composer").press_sequentially("Goedemorgen Henk. /", delay=20)
    expect(page.locator("#replies-list [role=option]").first).to_be_visible()
    keep("standaardantwoord", writing(page))
    page.get_by_test_id("composer").fill("")
    page.context.close()


def personal_data(browser: Browser, town: Town) -> None:
    text = "Derhalve kunt u het beste mijn collega Jan bellen. Zijn nummer is 06-12345678."
    comment(town, "mehmet", "De lantaarn voor mijn huis is al weken stuk. Wie kan mij helpen?")
    page = desk(browser, town)
    claimed(page, town, "De lantaarn voor mijn huis")
    page.get_by_test_id("composer").fill(text)
    expect(page.get_by_test_id("hint").first).to_be_visible()
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("found")).to_have_count(1)
    keep("persoonsgegevens", writing(page))
    page.get_by_test_id("composer").fill("")
    page.context.close()


def attachment(browser: Browser, town: Town) -> None:
    name = "losliggende-stoeptegel.jpg"
    photo = {"name": name, "content_type": "image/jpeg", "content": base64.b64encode(sample(name)).decode()}
    asked = "Pas op bij de Kerkstraat, hier ligt een tegel los."
    town.call("/street/facebook/comment", {"citizen": "henk", "to": POST, "text": asked, "photo": photo})
    page = desk(browser, town)
    claimed(page, town, asked)
    page.get_by_test_id("composer").fill("Dank voor uw melding. Wij hebben de tegel vandaag rechtgelegd.")
    page.get_by_test_id("file-field").set_input_files(
        {"name": "kerkstraat.jpg", "mimeType": "image/jpeg", "buffer": sample(name)}
    )
    expect(page.locator("[data-file]")).to_have_count(1)
    page.get_by_test_id("alt-text").fill("De stoep in de Kerkstraat")
    keep("bijlage", writing(page))
    page.get_by_test_id("remove-file").click()
    page.get_by_test_id("composer").fill("")
    page.context.close()


def private(browser: Browser, town: Town) -> None:
    comment(town, "aisha", "Ik heb mijn toeslag voor november niet gekregen. Hoe kan dat?")
    page = desk(browser, town)
    claimed(page, town, "Ik heb mijn toeslag")
    page.get_by_test_id("way-private").locator("summary").click()
    page.get_by_test_id("private-text").fill("Goedemorgen. Stuurt u ons uw adres? Dan zoeken wij het voor u uit.")
    keep("prive-verder", writing(page))
    page.context.close()


def template(browser: Browser, town: Town) -> None:
    words = "Wanneer wordt mijn grofvuil opgehaald?"
    town.call("/street/whatsapp/message", {"citizen": "henk", "text": words})
    page = desk(browser, town)
    claimed(page, town, words)
    town.manage("shell", "-c", "from inbox.tasks import refresh_templates; refresh_templates()")
    town.manage("shell", "-c", WINDOW_CLOSED.format(words=words))
    page.reload()
    page.wait_for_load_state("networkidle")
    page.locator("[data-choice]").filter(has_text="Gesprek hervatten").click()
    page.get_by_test_id("variable-onderwerp").fill("grofvuil")
    keep("sjabloon", writing(page, 1000))
    page.context.close()


WINDOW_CLOSED = """
from datetime import timedelta
from channels.clock import now
from inbox.models import Conversation
Conversation.objects.filter(last_message_text={words!r}).update(last_inbound_at=now() - timedelta(days=2))
"""


# -- the citizen, the keys, the phone


def citizen(browser: Browser, town: Town) -> None:
    town.call("/street/whatsapp/message", {"citizen": "lot", "text": "Dag, ik ben Lot. Ik vroeg op Facebook al iets."})
    comment(town, "lot", "Mag ik hier op zondag gratis parkeren?")
    page = desk(browser, town)
    page.goto(f"{town.inbox}/inbox/todo/")
    open_row(page, "Mag ik hier op zondag gratis parkeren?")
    page.locator("#citizen [data-testid^=alike-]").first.click()
    expect(page.get_by_test_id("preview")).to_be_visible()
    keep("inwoner", shot(page))
    page.context.close()


def keys(browser: Browser, town: Town) -> None:
    page = desk(browser, town)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    keep("sneltoetsen", shot(page))
    page.context.close()


def phone(browser: Browser, town: Town) -> None:
    page = log_in(browser, town, "fatima", 390, HEIGHT, has_touch=True)
    page.wait_for_load_state("networkidle")
    shots = [page.screenshot(animations="disabled")]
    open_row(page, "oude paspoort")
    page.wait_for_load_state("networkidle")
    to_the_end(page)
    page.mouse.move(0, 0)
    shots.append(page.screenshot(animations="disabled"))
    page.get_by_test_id("mode-reply").tap()
    page.get_by_test_id("composer").tap()
    expect(page.locator("#frame")).to_have_attribute("data-writing", "")
    page.mouse.move(200, 300)
    shots.append(page.screenshot(animations="disabled"))
    keep("telefoon", *shots)
    page.context.close()


TAKES: dict[str, Callable[[Browser, Town], None]] = {
    "overzicht": overview,
    "telefoon": phone,
    "filter": filters,
    "meer-tegelijk": many,
    "sneltoetsen": keys,
    "gesprek": thread,
    "standaardantwoord": standard_reply,
    "persoonsgegevens": personal_data,
    "bijlage": attachment,
    "prive-verder": private,
    "inwoner": citizen,
    "sjabloon": template,
    "mislukt": failed,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
