"""The list in a real browser: what a row shows, order, filters, saved views, many at once with undo, and newcomers that
move nothing; by mouse, by keyboard, by thumb, without scripts."""

import re
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.test_access import LOOKS, SCREENS, violations
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("desk")]

type Ask = Callable[..., str]


@pytest.fixture
def ask(town: Town) -> Ask:
    """A citizen's post or message; its code, which no other text has."""

    def made(words: str = "Wanneer gaat het zwembad open?", kind: str = "facebook") -> str:
        code = uuid4().hex[:8]
        text = f"{code} {words}"  # first, so that a row shows it
        if kind == "facebook":
            data = {"citizen": "mehmet", "page": "104000000000001", "text": text}
            town.call("/street/facebook/visitor_post", data)
        else:
            town.call("/street/x/mention", {"citizen": "henk", "text": f"@gemwaterkant {text}"})
        return code

    return made


@pytest.fixture
def page(browser: Browser, town: Town) -> Iterator[Page]:
    """Ingrid, who leads; what the page complains of fails the test."""
    made = log_in(browser, town, "ingrid")
    complaints: list[str] = []
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield made
    made.context.close()
    assert complaints == []


def row(page: Page, code: str) -> Locator:
    return page.locator("#rows .row").filter(has_text=code)


def opened(page: Page, town: Town, *codes: str, path: str = "/inbox/todo/?sort=newest") -> None:
    """The list, newest first, with these in it; a town that has just started takes its time."""
    page.goto(f"{town.inbox}{path}")
    for code in codes:
        expect(row(page, code)).to_be_visible(timeout=30_000)


def top(locator: Locator) -> float:
    return float(locator.evaluate("node => node.getBoundingClientRect().top"))


def tick(page: Page, *codes: str) -> None:
    for code in codes:
        row(page, code).hover()
        row(page, code).get_by_role("checkbox").check()


def narrowed(page: Page, **fields: str) -> None:
    page.get_by_test_id("filter").click()
    form = page.get_by_test_id("filters-form")
    for name, value in fields.items():
        field = form.locator(f"[name={name}]")
        if field.evaluate("node => node.tagName") == "SELECT":
            field.select_option(label=value)
        else:
            field.fill(value)
    page.get_by_test_id("filters-apply").click()
    expect(form).to_have_count(0)


def test_row_tells_how_it_came_and_what_it_is_about(page: Page, town: Town, ask: Ask) -> None:
    post, mention = ask(), ask(kind="x")
    opened(page, town, post, mention)
    expect(row(page, post).locator(".reach")).to_have_text("Openbare post")
    row(page, post).locator("a").first.click()
    page.get_by_test_id("label-topic").click()
    page.get_by_role("button", name="Openbare ruimte", exact=True).click()
    expect(page.get_by_test_id("label-topic")).to_contain_text("Openbare ruimte")
    expect(row(page, post).locator(".topic")).to_have_text("Openbare ruimte")
    page.get_by_test_id("label-topic").click()
    page.get_by_test_id("sentiment-negative").click()
    expect(page.get_by_test_id("label-topic")).to_contain_text("negatief")
    expect(page.locator("#timeline")).to_contain_text("Ingrid de Boer gaf dit het onderwerp Openbare ruimte")


def test_order_is_kept_for_the_list_where_it_was_chosen(page: Page, town: Town, ask: Ask) -> None:
    first = ask()
    opened(page, town, first)
    second = ask()
    opened(page, town, second, path="/inbox/todo/")
    page.get_by_test_id("sort").select_option(label="Nieuwste bericht eerst")
    expect(page.locator("#rows")).to_have_attribute("data-order", "desc")
    expect(page.locator("#rows .row").first).to_contain_text(second)
    page.reload()
    expect(page.locator("#rows .row").first).to_contain_text(second)
    page.get_by_test_id("sort").select_option(label="Eerst te beantwoorden")
    expect(page.locator("#rows")).to_have_attribute("data-order", "asc")


def test_filters_narrow_and_chips_take_them_away(page: Page, town: Town, ask: Ask) -> None:
    wanted, other = ask("Het fietspad is spiegelglad"), ask("Dank voor de bloembakken")
    opened(page, town, wanted, other)
    narrowed(page, text=f"{wanted} spiegelglad", platform="Facebook")
    expect(page.locator("#rows .row")).to_have_count(1)
    expect(row(page, wanted)).to_be_visible()
    assert wanted not in page.url
    assert re.search(r"/inbox/todo/\?platform=facebook&text=[0-9a-f]{8}$", page.url)
    # The list stays narrow when one opens a conversation and goes back, and on a reload.
    row(page, wanted).locator("a").first.click()
    expect(page.locator("#pane")).to_be_visible()
    page.go_back()
    page.reload()
    expect(page.locator("#rows .row")).to_have_count(1)
    page.get_by_test_id("chip-text").click()
    expect(row(page, other)).to_be_visible()
    page.get_by_test_id("chips-clear").click()
    expect(page.get_by_test_id("chips")).to_have_count(0)
    assert page.url == f"{town.inbox}/inbox/todo/"


def test_saved_view_has_a_place_a_count_and_a_key(page: Page, town: Town, ask: Ask) -> None:
    name = f"Zwembad {uuid4().hex[:6]}"
    code = ask()
    opened(page, town, code)
    narrowed(page, topic="Parkeren", platform="Facebook")
    expect(page.locator("#rows .row")).to_have_count(0)
    expect(page.get_by_text("Geen gesprek voldoet aan deze filters.")).to_be_visible()
    page.get_by_test_id("save-view").click()
    page.get_by_label("Naam").fill(name)
    page.get_by_label("Voor wie").select_option(label="Webcare")
    page.get_by_test_id("save-view-do").click()
    page.wait_for_url("**/inbox/weergave/*/")
    address = page.url
    item = page.locator("#menu a").filter(has_text=name)
    letter = item.get_attribute("data-letter")
    # Its count comes live, from elsewhere.
    opened(page, town, code)
    tick(page, code)
    page.get_by_test_id("bulk-topic").click()
    page.get_by_test_id("bulk-choice").get_by_role("button", name="Parkeren").click()
    expect(item.locator(".count")).to_have_text("1")
    page.locator("#rows .row > a").first.focus()
    page.keyboard.press("g")
    page.keyboard.press(letter or "")
    page.wait_for_url(address)
    expect(row(page, code)).to_be_visible()
    # A colleague of the department sees it too; who is in none of its departments does not.
    page.goto(f"{town.inbox}/inbox/weergaven/")
    kept = page.locator(".savedviews > li").filter(has_text=name)
    kept.get_by_role("button", name="Verwijderen").click()
    expect(page.locator(".savedviews > li").filter(has_text=name)).to_have_count(0)
    page.get_by_test_id("view-restore").click()
    expect(kept).to_be_visible()
    kept.get_by_role("button", name="Verwijderen").click()


def test_many_are_closed_and_put_back(page: Page, town: Town, ask: Ask) -> None:
    codes = [ask(), ask(), ask()]
    opened(page, town, *codes)
    clocks = [row(page, code).locator(".timer .tip").text_content() for code in codes]
    tick(page, *codes)
    expect(page.locator("[data-tally]")).to_have_text("3 geselecteerd")
    page.get_by_test_id("bulk-close").click()
    page.get_by_test_id("choice-no_answer_needed").click()
    outcome = page.get_by_test_id("outcome")
    expect(outcome).to_contain_text("3 afgesloten.")
    expect(page.locator("#rows .row.left")).to_have_count(3)
    expect(page.locator("#rows .pick :checked")).to_have_count(0)
    page.get_by_test_id("bulk-undo").click()
    expect(outcome).to_contain_text("3 teruggezet.")
    expect(page.locator("#rows .row.left")).to_have_count(0)
    assert [row(page, code).locator(".timer .tip").text_content() for code in codes] == clocks


def test_what_a_colleague_took_is_told_and_linked(page: Page, town: Town, ask: Ask, browser: Browser) -> None:
    codes = [ask(), ask()]
    opened(page, town, *codes)
    fatima = log_in(browser, town, "fatima")
    opened(fatima, town, *codes)
    tick(page, *codes)
    tick(fatima, codes[0])
    fatima.get_by_test_id("bulk-claim").click()
    expect(fatima.get_by_test_id("outcome")).to_contain_text("1 opgepakt.")
    # What was ticked stays ticked while the rows change under it.
    expect(row(page, codes[0]).locator(".claimer")).to_be_visible()
    expect(page.locator("#rows .pick :checked")).to_have_count(2)
    page.get_by_test_id("bulk-claim").click()
    outcome = page.get_by_test_id("outcome")
    expect(outcome).to_contain_text("1 opgepakt, 1 niet:")
    expect(outcome).to_contain_text("Fatima Amrani heeft dit gesprek opgepakt.")
    expect(outcome.locator(".reasons a")).to_have_count(1)
    fatima.context.close()


def test_ticking_by_key_by_stretch_and_all(page: Page, town: Town, ask: Ask) -> None:
    codes = [ask() for _ in range(4)]
    opened(page, town, *codes)
    ticked = page.locator("#rows .pick :checked")
    page.locator("#rows .row > a").first.focus()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(ticked).to_have_count(3)
    page.get_by_test_id("every").check()
    expect(ticked).to_have_count(page.locator("#rows .row").count())
    page.locator("[data-unselect]").click()
    expect(ticked).to_have_count(0)
    expect(page.get_by_test_id("bulk")).not_to_be_visible()
    page.keyboard.press("f")
    expect(page.locator("#f-text")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("filters-form")).to_have_count(0)
    expect(page.get_by_test_id("filter")).to_be_focused()


def test_newcomers_move_nothing_and_pass_the_filter_first(page: Page, town: Town, ask: Ask) -> None:
    page.set_viewport_size({"width": 1440, "height": 420})
    codes = [ask() for _ in range(6)]
    opened(page, town, *codes)
    narrowed(page, platform="Facebook")
    page.get_by_test_id("sort").select_option(label="Nieuwste bericht eerst")
    expect(page.locator("#rows")).to_have_attribute("data-order", "desc")
    tick(page, codes[0])
    page.locator("#scroll").evaluate("node => node.scrollTo(0, node.scrollHeight)")
    place = top(row(page, codes[0]))
    unwanted, came = ask(kind="x"), ask()
    button = page.locator("[data-newer=above]")
    expect(button).to_have_text("1 nieuw hierboven")
    assert top(row(page, codes[0])) == pytest.approx(place, abs=1.5)  # a row's height is no whole number of pixels
    expect(row(page, codes[0]).get_by_role("checkbox")).to_be_checked()
    expect(row(page, unwanted)).to_have_count(0)
    button.click()
    expect(row(page, came)).to_be_in_viewport()
    page.locator("[data-unselect]").click()
    page.get_by_test_id("sort").select_option(label="Eerst te beantwoorden")
    expect(page.locator("#rows")).to_have_attribute("data-order", "asc")


def test_all_of_it_works_without_scripts(browser: Browser, town: Town, ask: Ask) -> None:
    wanted, other = ask("Het standbeeld is beklad"), ask()
    page = log_in(browser, town, "fatima", java_script_enabled=False)
    opened(page, town, wanted, other)
    page.get_by_test_id("filter").click()
    page.locator("[name=text]").fill("standbeeld beklad")
    page.get_by_test_id("filters-apply").click()
    expect(row(page, wanted)).to_be_visible()
    expect(row(page, other)).to_have_count(0)
    page.locator("label[for=selecting]").click()
    row(page, wanted).get_by_role("checkbox").check()
    page.get_by_test_id("bulk-close").click()
    page.get_by_test_id("choice-answered").click()
    expect(page.get_by_test_id("outcome")).to_contain_text("1 afgesloten.")
    page.get_by_test_id("bulk-undo").click()
    expect(page.get_by_test_id("outcome")).to_contain_text("1 teruggezet.")
    page.get_by_role("link", name="Terug naar de lijst").click()
    expect(row(page, wanted)).to_be_visible()
    page.context.close()


def test_long_press_ticks_under_the_thumb(browser: Browser, town: Town, ask: Ask) -> None:
    code = ask()
    page = log_in(browser, town, "fatima", 390, 844, has_touch=True)
    opened(page, town, code)
    row(page, code).locator("a").first.dispatch_event("touchstart", {"touches": []})
    expect(row(page, code).get_by_role("checkbox")).to_be_checked()
    expect(page.get_by_test_id("bulk")).to_be_visible()
    small = page.locator("#bulk button:visible, .list-tools a:visible, .list-tools label:visible").evaluate_all(
        "nodes => nodes.filter((node) => node.getBoundingClientRect().height < 44).map((node) => node.outerHTML)"
    )
    assert small == []
    page.context.close()


@pytest.mark.parametrize("look", SCREENS)
def test_filters_choices_and_outcome_break_no_rule(browser: Browser, town: Town, ask: Ask, look: str) -> None:
    code = ask()
    page = log_in(browser, town, "ingrid", **LOOKS[look])
    opened(page, town, code)
    page.get_by_test_id("filter").click()
    page.get_by_test_id("filters-form").wait_for()
    assert violations(page) == []
    page.get_by_test_id("filters-apply").click()
    page.get_by_test_id("filters-form").wait_for(state="detached")
    page.goto(f"{town.inbox}/inbox/todo/?platform=facebook&sort=newest")
    page.locator("label[for=selecting]").click()
    row(page, code).get_by_role("checkbox").check()
    assert violations(page) == []
    page.get_by_test_id("bulk-snooze").click()
    page.get_by_test_id("bulk-choice").wait_for()
    assert violations(page) == []
    page.get_by_test_id("bulk-claim").click()
    page.get_by_test_id("outcome").wait_for()
    assert violations(page) == []
    page.context.close()
