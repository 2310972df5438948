"""A storm: thirty alike questions over three platforms, one text, two browsers, the real worker and the simulator."""

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from channels.simulator.town import APPS
from tests.e2e.hands import Colleague, street_items, until
from tests.e2e.test_access import LOOKS, violations
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("colleagues")]

PAGE = APPS[1].accounts[0].external_id
POST = f"{PAGE}_100000000000002"
LONG = " De netbeheerder werkt eraan." * 12
CITIZENS = ("aisha", "henk", "sofie", "mehmet")


def word() -> str:
    """A long word that nobody else in the town uses, nor any that looks like it: it is what a question is about."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in uuid4().hex[:24])


def ask(town: Town, kind: str, action: str, citizen: str, text: str, **data: str) -> None:
    town.call(f"/street/{kind}/{action}", {"citizen": citizen, "text": text, **data})


def taken_over(fatima: Colleague, rows: list[Any]) -> None:
    """An older conversation may be in a colleague's hands."""
    for row in rows:
        if row["assignee"] and row["assignee"]["name"] != "Fatima Amrani":
            fatima.do(f"conversations/{row['id']}/take-over/", expected_assignee=row["assignee"]["id"])


def open_rows(fatima: Colleague, about: str) -> list[Any]:
    """The open conversations about this word."""
    rows = fatima.all("conversations/?view=todo")
    return [row for row in rows if about in row["last_message_text"]]


def proposal(page: Page, town: Town, about: str) -> None:
    """The check list of the group about this word."""
    page.goto(f"{town.inbox}/alike/")
    page.get_by_test_id("proposal").filter(has_text=about).click()


def test_thirty_alike_questions_are_answered_each_under_its_own_rules(town: Town, browser: Browser) -> None:
    fatima, joris, about = Colleague(town, "fatima"), Colleague(town, "joris"), word()
    for number, citizen in enumerate(CITIZENS):
        ask(town, "x", "mention", citizen, f"@gemwaterkant wanneer is {about} voorbij?")
        ask(town, "whatsapp", "message", citizen, f"Hoelang duurt {about} nog?")
        for _ in range(5 + (number > 1)):
            ask(town, "facebook", "comment", citizen, f"Hoe lang duurt {about} nog?", page=PAGE, to=POST)
    until(lambda: len(open_rows(fatima, about)) == 30, 30, what="the storm")
    taken_over(fatima, open_rows(fatima, about))
    held = next(row for row in open_rows(fatima, about) if row["account"]["platform"] == "facebook")
    page = log_in(browser, town, "fatima")
    proposal(page, town, about)
    expect(page.get_by_test_id("alike-item")).to_have_count(30)
    expect(page.locator("#alike-form input[name=item]:checked")).to_have_count(30)
    # A colleague picks one up while the text is being written.
    joris.claims(held["id"])
    answer = f"Dag {{inwoner}}, {about} is om 18:00 uur voorbij."
    page.get_by_test_id("alike-text").fill(answer)
    page.get_by_test_id("alike-preview").click()
    expect(page.get_by_test_id("alike-seen")).to_have_count(3)
    page.get_by_test_id("alike-send").click()
    sentence = page.get_by_test_id("group-sentence")
    expect(sentence).to_contain_text("29 beantwoord, 1 niet beantwoord.", timeout=60_000)
    expect(page.get_by_test_id("group-line").filter(has_text="Joris Smit heeft dit gesprek opgepakt")).to_have_count(1)

    def sent() -> list[str]:
        items = [item for kind in ("x", "facebook", "whatsapp") for item in street_items(town, kind)]
        return [item["text"] for item in items if f"{about} is om 18:00" in item["text"]]

    until(lambda: len(sent()) >= 29, 60, what="every answer in the street")
    until(lambda: len(open_rows(fatima, about)) == 1, 30, what="only what Joris has is still open")
    assert len(sent()) == 29
    page.context.close()


def test_progress_in_one_browser_and_stop_in_another(town: Town, browser: Browser) -> None:
    fatima, about = Colleague(town, "fatima"), word()
    for _ in range(30):
        ask(town, "facebook", "comment", "henk", f"Hoe lang duurt {about} nog?", page=PAGE, to=POST)
    until(lambda: len(open_rows(fatima, about)) == 30, 30, what="the storm")
    page, lead = log_in(browser, town, "fatima"), log_in(browser, town, "ingrid")
    proposal(page, town, about)
    page.get_by_test_id("alike-text").fill(f"Wij weten het nog niet van {about}.")
    page.get_by_test_id("alike-send").click()
    page.wait_for_url("**/alike/*/")
    lead.goto(page.url)
    lead.get_by_test_id("group-stop").click()
    # Told in the first browser without a reload.
    expect(page.get_by_test_id("group-sentence")).to_contain_text("Ingrid de Boer stopte dit.", timeout=30_000)
    halted = page.get_by_test_id("group-line").filter(has_text=re.compile("Gestopt voor het zover was|Teruggenomen"))
    expect(halted.first).to_be_visible()
    expect(page.locator(".group-progress[data-moving=no]")).to_be_attached(timeout=30_000)
    left = page.get_by_test_id("group-again").count()
    assert left > 0
    for number in range(left):
        page.get_by_test_id("group-again").nth(number).check()
    page.get_by_test_id("group-retry").click()
    expect(page.get_by_test_id("group-sentence")).to_contain_text("30 beantwoord.", timeout=60_000)
    until(lambda: not open_rows(fatima, about), 60, what="everybody answered")
    lead.context.close()
    page.context.close()


@pytest.mark.parametrize("look", LOOKS)
def test_screens_break_no_rule(town: Town, browser: Browser, look: str) -> None:
    fatima, about = Colleague(town, "fatima"), word()
    for citizen in CITIZENS[:3]:
        ask(town, "facebook", "comment", citizen, f"Wanneer is {about} voorbij?", page=PAGE, to=POST)
    until(lambda: len(open_rows(fatima, about)) == 3, 30, what="three questions")
    page = log_in(browser, town, "fatima", **LOOKS[look])
    page.goto(f"{town.inbox}/alike/")
    assert violations(page) == []
    proposal(page, town, about)
    page.get_by_test_id("alike-text").fill("Dag {inwoner}.")
    page.get_by_test_id("alike-preview").click()
    expect(page.get_by_test_id("alike-seen")).to_have_count(1)
    assert violations(page) == []
    boxes = page.get_by_test_id("alike-item")
    boxes.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(boxes.nth(1)).not_to_be_checked()
    page.get_by_test_id("alike-send").click()
    expect(page.get_by_test_id("group-sentence")).to_contain_text("2 beantwoord.", timeout=30_000)
    assert violations(page) == []
    page.goto(f"{town.inbox}/pinned-answers/new/")
    assert violations(page) == []
    page.goto(f"{town.inbox}/pinned-answers/")
    assert violations(page) == []
    page.context.close()


def test_a_pinned_answer_is_taken_over_by_a_key(town: Town, browser: Browser) -> None:
    fatima, about = Colleague(town, "fatima"), word()
    ask(town, "facebook", "comment", "sofie", f"Wanneer is {about} voorbij?", page=PAGE, to=POST)
    conversation = fatima.waits_for(about)["id"]
    fatima.claims(conversation)
    topic = next(row["id"] for row in fatima.all("topics/") if row["name"] == "Wegwerkzaamheden")
    fatima.do(f"conversations/{conversation}/set-topic/", topic=topic)
    pinned = fatima.do(
        "pinned-answers/", topic=topic, text=f"Dag {{inwoner}}: {about}.{LONG}", until="2027-01-01T10:00:00Z"
    )
    try:
        page = log_in(browser, town, "fatima")
        page.goto(f"{town.inbox}/conversations/{conversation}/")
        expect(page.get_by_test_id("use-pinned")).to_be_in_viewport(ratio=1)  # however long its text is
        expect(page.get_by_test_id("send")).to_be_in_viewport(ratio=1)
        page.keyboard.press("y")
        expect(page.get_by_test_id("composer")).to_have_value(f"Dag Sofie van Dam: {about}.{LONG}")
        assert violations(page) == []
        page.context.close()
    finally:
        fatima.do(f"pinned-answers/{pinned['id']}/withdraw/", version=pinned["version"])
