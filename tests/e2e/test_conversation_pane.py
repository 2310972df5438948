"""The conversation in its context, in a browser: the thread around it, reactions, pictures, and the citizen's page."""

import re
from base64 import b64encode
from collections.abc import Iterator
from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.hands import Colleague, until
from tests.e2e.test_access import violations
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("desk")]

PAGE = "104000000000001"
POST = f"{PAGE}_100000000000002"
NARROW = {"width": 390, "height": 844, "has_touch": True, "color_scheme": "dark"}


@pytest.fixture
def lead(browser: Browser, town: Town) -> Iterator[Page]:
    """Ingrid, who may block."""
    page = log_in(browser, town, "ingrid")
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def ingrid(town: Town) -> Colleague:
    return Colleague(town, "ingrid")


def comment(town: Town, ingrid: Colleague, text: str, who: str = "aisha", to: str = POST) -> tuple[str, int]:
    """The comment's id at Facebook, and the conversation it became."""
    made = town.call("/street/facebook/comment", {"citizen": who, "to": to, "text": text})
    return str(made["id"]), int(ingrid.waits_for(text)["id"])


def drawn() -> str:
    """A small picture, in base64."""
    made = BytesIO()
    Image.new("RGB", (320, 200), "teal").save(made, "PNG")
    return b64encode(made.getvalue()).decode()


def opened(page: Page, town: Town, conversation: int) -> None:
    page.goto(f"{town.inbox}/conversations/{conversation}/")
    expect(page.get_by_test_id(f"pane-{conversation}")).to_be_visible()


def test_the_whole_thread_is_fetched_and_read_along(lead: Page, town: Town, ingrid: Colleague) -> None:
    other, asked = f"Bij ons is het opgehaald {uuid4()}", f"Geldt dit ook voor de Molenstraat? {uuid4()}"
    comment(town, ingrid, other, who="mehmet")
    _, conversation = comment(town, ingrid, asked)
    opened(lead, town, conversation)
    expect(lead.locator(".line.other", has_text=other)).to_have_count(0)
    lead.get_by_test_id("fetch-thread").click()
    expect(lead.get_by_test_id("context")).to_contain_text("deze week halen we het oud papier")
    expect(lead.locator(".line.other", has_text=other)).to_contain_text("Mehmet Yıldız")
    expect(lead.locator("#timeline")).to_contain_text("Ingrid de Boer liet de hele draad ophalen")
    assert ingrid.seen(asked)["id"] == conversation
    assert violations(lead) == []


def test_x_says_what_fetching_costs(lead: Page, town: Town, ingrid: Colleague) -> None:
    text = f"@gemwaterkant gaat de brug nog open? {uuid4()}"
    post = town.call("/street/x/mention", {"citizen": "henk", "text": text})["id"]
    town.call("/street/x/aside", {"citizen": "sofie", "to": post, "text": "Dat vraag ik me ook af"})
    opened(lead, town, int(ingrid.waits_for(text)["id"]))
    button = lead.get_by_role("button", name="Hele draad ophalen")
    expect(button).to_have_accessible_description(re.compile("halve dollarcent per bericht"))
    button.click()
    expect(lead.locator(".line.other")).to_contain_text("Dat vraag ik me ook af")


def test_reactions_come_and_go_and_wake_nobody(lead: Page, town: Town, ingrid: Colleague) -> None:
    external, conversation = comment(town, ingrid, f"Wat een mooi park {uuid4()}")
    ingrid.do(f"conversations/{conversation}/close/", result="no_answer_needed")
    opened(lead, town, conversation)
    chip = lead.locator(".reactions li")
    expect(chip).to_have_count(0)
    town.call("/street/facebook/react", {"citizen": "mehmet", "id": external})
    expect(chip).to_have_text(re.compile("Mehmet Yıldız"))  # without a reload
    assert violations(lead) == []
    town.call("/street/facebook/react", {"citizen": "mehmet", "id": external})
    expect(chip).to_have_count(0)
    assert ingrid.get(f"conversations/{conversation}/")["status"] == "closed"


def test_citizens_merge_are_undone_and_taken_apart(lead: Page, town: Town, ingrid: Colleague) -> None:
    text = f"Mag ik hier parkeren? {uuid4()}"
    _, conversation = comment(town, ingrid, text, who="lot")
    private = f"Lot hier, op WhatsApp. {uuid4()}"
    town.call("/street/whatsapp/message", {"citizen": "lot", "text": private})
    elsewhere = int(ingrid.waits_for(private)["id"])
    opened(lead, town, conversation)
    expect(lead.locator(".alike")).to_contain_text("Misschien dezelfde inwoner")
    lead.get_by_test_id("merge-with").click()
    lead.get_by_test_id("merge-q").press_sequentially("lot jan")
    assert "lot" not in lead.url.lower()  # no name in an address
    lead.get_by_test_id("found").get_by_role("link").first.click()
    expect(lead.get_by_test_id("preview")).to_contain_text("Worden dit één inwoner?")
    assert violations(lead) == []
    lead.get_by_test_id("merge").click()
    expect(lead.get_by_test_id("notice")).to_contain_text("Samengevoegd")
    lead.get_by_test_id("undo-merge").click()
    expect(lead.get_by_test_id("notice")).to_contain_text("Losgemaakt")
    expect(lead.locator("#citizen .profiles li")).to_have_count(1)
    opened(lead, town, elsewhere)
    expect(lead.locator("#timeline")).to_contain_text("Ingrid de Boer voegde twee inwoners samen")
    expect(lead.locator("#timeline")).to_contain_text("Ingrid de Boer maakte een profiel los")


def test_a_block_is_seen_by_everyone_and_starts_no_timer(
    browser: Browser, lead: Page, town: Town, ingrid: Colleague
) -> None:
    text = f"Ik weet jullie te vinden {uuid4()}"
    external, conversation = comment(town, ingrid, text, who="sofie")
    lead.goto(f"{town.inbox}/conversations/{conversation}/citizen/")
    lead.get_by_test_id("ground").select_option("threat")
    lead.get_by_test_id("block-note").fill("Zie aangifte.")
    lead.get_by_test_id("block").click()
    expect(lead.get_by_test_id("blocked")).to_contain_text("bedreiging")
    assert violations(lead) == []
    ingrid.do(f"conversations/{conversation}/close/", result="spam")
    more = f"Nog een keer {uuid4()}"
    town.call("/street/facebook/comment", {"citizen": "sofie", "to": external, "text": more})
    until(lambda: ingrid.holds(conversation, more), what="the message of who is blocked")
    found = ingrid.get(f"conversations/{conversation}/")
    assert (found["status"], found["clock"]) == ("open", None)
    fatima = log_in(browser, town, "fatima", **NARROW)
    opened(fatima, town, conversation)
    expect(fatima.get_by_test_id("is-blocked")).to_be_visible()
    fatima.goto(f"{town.inbox}/conversations/{conversation}/citizen/")
    expect(fatima.get_by_text("Alleen een teamleider kan een inwoner blokkeren")).to_be_visible()
    expect(fatima.get_by_test_id("block")).to_have_count(0)
    assert violations(fatima) == []
    fatima.context.close()
    lead.goto(f"{town.inbox}/conversations/{conversation}/citizen/")
    lead.get_by_test_id("unblock").click()
    expect(lead.get_by_test_id("blocked")).to_have_count(0)


def test_a_picture_is_looked_at_larger_by_keyboard(lead: Page, town: Town, ingrid: Colleague) -> None:
    text = f"Deze tegel ligt los {uuid4()}"
    photo = {"name": "tegel.png", "content_type": "image/png", "content": drawn()}
    town.call("/street/facebook/comment", {"citizen": "henk", "to": POST, "text": text, "photo": photo})
    opened(lead, town, int(ingrid.waits_for(text)["id"]))
    picture = lead.locator("a[data-picture]").first
    picture.focus()
    picture.press("Enter")
    viewer = lead.locator("#viewer")
    expect(viewer).to_be_visible()
    assert violations(lead) == []
    viewer.press("Escape")
    expect(viewer).not_to_be_visible()
    expect(picture).to_be_focused()
