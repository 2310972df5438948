"""What the composer can do at the platform, in a real browser: templates after the window, on in private with a public
line, hiding, liking and deleting where a message stands."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.hands import Colleague, until
from tests.e2e.test_access import LOOKS, SCREENS, violations
from tests.e2e.test_writing import open_and_claim, post
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("desk")]


@pytest.fixture
def fatima(browser: Browser, town: Town) -> Iterator[Page]:
    page = log_in(browser, town, "fatima")
    yield page
    page.context.close()


def on_whatsapp(town: Town, citizen: str = "henk") -> str:
    """A question two days ago: the window has closed. The town's clock stays where it was."""
    words = f"Wanneer komt het grofvuil? {uuid4().hex[:8]}"
    town.call("/street/whatsapp/message", {"citizen": citizen, "text": words})
    return words


def window_closed(town: Town, words: str) -> None:
    """As if the citizen had asked two days earlier."""
    town.manage(
        "shell",
        "-c",
        "from inbox.models import Conversation; from datetime import timedelta; from channels.clock import now\n"
        f"Conversation.objects.filter(last_message_text__contains={words[-8:]!r})"
        ".update(last_inbound_at=now() - timedelta(days=2))",
    )


def template(page: Page, name: str) -> Locator:
    return page.locator("[data-choice]").filter(has_text=name)


def test_template_goes_out_after_the_window_has_closed(fatima: Page, town: Town) -> None:
    words = on_whatsapp(town)
    open_and_claim(fatima, town, words)
    expect(fatima.get_by_test_id("way-template")).not_to_have_attribute("open", "")
    town.manage("shell", "-c", "from inbox.tasks import refresh_templates; refresh_templates()")
    window_closed(town, words)
    fatima.reload()
    expect(fatima.get_by_test_id("instead")).to_contain_text("Stuur een goedgekeurd sjabloon")
    fatima.get_by_test_id("template-search").fill("hervat")
    expect(fatima.locator("[data-choice]:visible")).to_have_count(1)
    fatima.get_by_test_id("template-search").press("Enter")
    expect(fatima.get_by_test_id("variable-naam")).to_have_value("Henk de Wit")
    expect(fatima.get_by_test_id("variable-afdeling")).to_have_value("Webcare")
    fatima.get_by_test_id("variable-onderwerp").fill("grofvuil")
    expect(fatima.get_by_test_id("template-preview")).to_contain_text("u stuurde ons een bericht over grofvuil.")
    fatima.get_by_test_id("send-template").click()
    ours = fatima.locator("[data-testid^=message-].ours").filter(has_text="bericht over grofvuil")
    expect(ours).to_be_visible()
    expect(ours.locator(".delivery")).to_contain_text("afgeleverd", timeout=90_000)


def test_a_search_for_a_template_survives_an_update(fatima: Page, town: Town) -> None:
    words = on_whatsapp(town)
    open_and_claim(fatima, town, words)
    window_closed(town, words)
    fatima.reload()
    search = fatima.get_by_test_id("template-search")
    search.fill("hervat")
    expect(fatima.locator("[data-choice]:visible")).to_have_count(1)
    note = f"Let op: {uuid4().hex[:8]}"
    pk = fatima.locator("#pane").get_attribute("data-pane")
    Colleague(town, "ingrid").do(f"conversations/{pk}/note/", text=note)
    expect(fatima.locator("#lines article.note").filter(has_text=note)).to_be_visible()
    expect(search).to_have_value("hervat")
    expect(fatima.locator("[data-choice]:visible")).to_have_count(1)
    search.press("Enter")
    expect(fatima.get_by_test_id("variable-onderwerp")).to_be_visible()


def test_template_withdrawn_meanwhile_is_told_with_the_way_out(fatima: Page, town: Town) -> None:
    words = on_whatsapp(town, "sofie")
    open_and_claim(fatima, town, words)
    window_closed(town, words)
    fatima.reload()
    template(fatima, "Melding opgelost").click()
    expect(template(fatima, "Melding opgelost").get_by_role("radio")).to_be_checked()
    fatima.get_by_test_id("variable-zaaknummer").fill("W-2026-0099")
    sid = "HX00000000000000000000000000000004"
    town.call("/street/whatsapp/template", {"citizen": "sofie", "sid": sid, "status": "gone"})
    fatima.get_by_test_id("send-template").click()
    ours = fatima.locator("[data-testid^=message-].ours").filter(has_text="W-2026-0099").last
    expect(ours.locator(".trouble.red")).to_contain_text("Kies een ander", timeout=90_000)
    town.call("/street/whatsapp/template", {"citizen": "sofie", "sid": sid, "status": "approved"})


def test_from_a_comment_to_a_private_message_with_a_public_line(fatima: Page, town: Town) -> None:
    words = post(town, "Mijn uitkering is niet gestort.")
    open_and_claim(fatima, town, words)
    fatima.get_by_test_id("way-private").locator("summary").click()
    fatima.get_by_test_id("private-text").fill(f"Mag ik uw adres? {words[-8:]}")
    expect(fatima.get_by_test_id("public-line")).to_have_value("We hebben u een privébericht gestuurd.")
    fatima.get_by_test_id("send-private").click()
    expect(fatima.get_by_test_id("linked")).to_contain_text("Gaat privé verder")
    said = fatima.locator("[data-testid^=message-].ours").filter(has_text="We hebben u een privébericht gestuurd.")
    expect(said).to_be_visible(timeout=120_000)
    fatima.get_by_test_id("linked").click()
    expect(fatima.get_by_test_id("linked")).to_contain_text("Begon openbaar")
    ours = fatima.locator("[data-testid^=message-].ours").filter(has_text=words[-8:])
    expect(ours.locator(".delivery")).to_contain_text("afgeleverd", timeout=90_000)
    # The citizen answers in Messenger: here, and not in a conversation of its own.
    answer = f"Dorpsstraat, dank u {words[-8:]}"
    town.call("/street/facebook/message", {"citizen": "mehmet", "page": "104000000000001", "text": answer})
    expect(fatima.locator("[data-testid^=message-].theirs").filter(has_text=answer)).to_be_visible(timeout=60_000)


def test_hidden_liked_and_ours_deleted_where_they_stand(fatima: Page, town: Town) -> None:
    words = post(town, "Kijk eens op mijn winkeltje.")
    open_and_claim(fatima, town, words)
    theirs = fatima.locator("[data-testid^=message-].theirs").filter(has_text=words[-8:])
    for what, told in (("hide", "verborgen op het platform"), ("like", "Wij vinden dit leuk")):
        theirs.locator(".there summary").click()
        theirs.locator(f"[data-testid^={what}-]").click()
        expect(theirs.locator(".meta")).to_contain_text(told, timeout=90_000)
    fatima.get_by_test_id("composer").fill(f"Reclame mag hier niet. {words[-8:]}")
    fatima.get_by_test_id("send").click()
    ours = fatima.locator("[data-testid^=message-].ours").filter(has_text=words[-8:])
    fatima.goto(fatima.url)
    expect(ours.locator(".there summary")).to_be_visible(timeout=90_000)
    ours.locator(".there summary").click()
    expect(ours.locator(".sure")).to_contain_text("Dit kan niet ongedaan worden gemaakt.")
    ours.locator("[data-testid^=delete-]").click()
    expect(fatima.locator("[data-testid^=message-].ours.deleted")).to_be_visible(timeout=90_000)
    books = town.call("/books", method="GET")
    assert {"hidden", "liked", "deleted"} <= {line["what"] for line in books if line["kind"] == "facebook"}


def test_what_is_filled_in_survives_an_update(fatima: Page, town: Town) -> None:
    words = post(town, "Wie helpt mij met een formulier?")
    open_and_claim(fatima, town, words)
    fatima.get_by_test_id("way-private").locator("summary").click()
    fatima.get_by_test_id("private-text").fill("Ik zoek het voor u uit")
    item = next(line for line in town.call("/books", method="GET")[::-1] if words[-8:] in (line.get("text") or ""))
    more = f"En ook nog dit {uuid4().hex[:8]}"
    town.call("/street/facebook/comment", {"citizen": "mehmet", "to": item["external_id"], "text": more})
    expect(fatima.locator("#lines").get_by_text(more)).to_be_visible(timeout=60_000)
    expect(fatima.get_by_test_id("private-text")).to_have_value("Ik zoek het voor u uit")


def test_x_tells_that_the_citizen_takes_no_messages(fatima: Page, town: Town) -> None:
    words = f"Waar is het loket? {uuid4().hex[:8]}"
    town.call("/street/x/no_dms", {"citizen": "lot", "on": True})
    town.call("/street/x/mention", {"citizen": "lot", "text": f"@gemwaterkant {words}"})
    until(lambda: town.call("/street/state", method="GET")["post"]["waiting"] == 0, 20)
    open_and_claim(fatima, town, words)
    fatima.get_by_test_id("way-private").locator("summary").click()
    fatima.get_by_test_id("private-text").fill(f"Stuur ons uw nummer {words[-8:]}")
    fatima.get_by_test_id("send-private").click()
    fatima.get_by_test_id("linked").click()
    expect(fatima.locator(".trouble.red")).to_contain_text("neemt op X geen berichten van ons aan", timeout=90_000)
    town.call("/street/x/no_dms", {"citizen": "lot", "on": False})


@pytest.mark.parametrize("look", SCREENS)
def test_at_the_platform_breaks_no_rule(browser: Browser, town: Town, look: str) -> None:
    page = log_in(browser, town, "fatima", **LOOKS[look])
    open_and_claim(page, town, post(town, "Mag ik dit weten?"))
    page.get_by_test_id("way-private").locator("summary").click()
    page.locator(".theirs .there summary").first.click()
    assert violations(page) == []
    words = on_whatsapp(town, "aisha")
    open_and_claim(page, town, words)
    window_closed(town, words)
    page.reload()
    template(page, "Gesprek hervatten").click()
    page.get_by_test_id("variable-onderwerp").wait_for()
    assert violations(page) == []
    page.context.close()
