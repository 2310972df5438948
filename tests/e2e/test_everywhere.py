"""On every screen: all by name and by key, tabs and tunnels, a phone, zoom, forced colours, and what axe cannot see."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psutil
import pytest
from playwright.sync_api import APIResponse, Browser, Page, Request, Route, expect

from tests.e2e import eyes
from tests.e2e.hands import Colleague, until
from tests.e2e.test_screens import NETWORK, Desk, bubble, focused, row, start
from tests.e2e.town import Town

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("colleagues")]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SPACING = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
p { margin-bottom: 2em !important }"""


@pytest.fixture(scope="module")
def sessions() -> dict[str, Any]:
    """Log-ins by name."""
    return {}


@pytest.fixture
def desk(browser: Browser, town: Town, sessions: dict[str, Any]) -> Iterator[Desk]:
    made = Desk(browser, town, sessions)
    yield made
    assert made.close() == []


@pytest.fixture
def ask(town: Town) -> Callable[..., str]:
    """A question on X of its own: its text."""

    def asked(words: str = "Wanneer gaat het zwembad open?", citizen: str = "lot") -> str:
        text = f"{words} {uuid4().hex[:8]}"
        town.call("/street/x/mention", {"citizen": citizen, "text": f"@gemwaterkant {text}"})
        return text

    return asked


def named(page: Page) -> list[str]:
    """What the palette shows."""
    return page.locator("#palette-list .name").all_inner_texts()


# -- everything by name -------------------------------------------------------------------------------------------


def test_the_box_of_a_closed_palette_has_no_key_any_more(desk: Desk) -> None:
    page = desk.open("fatima")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-input")).to_be_focused()
    # Before the page is drawn again, as when two keys come at once.
    left = page.evaluate(
        """() => {
          const key = new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true });
          document.activeElement.dispatchEvent(key);
          return document.activeElement.id;
        }"""
    )
    assert left == ""


def test_palette_does_what_is_possible_now_and_nothing_else(desk: Desk, ask: Callable[..., str]) -> None:
    text = ask()
    page = desk.open("fatima")
    start(page, text)
    page.evaluate("document.body.dataset.shortcuts = 'off'")  # it is no single key
    title = page.locator("#pane-title")
    title.focus()
    page.keyboard.press("Control+k")
    box = page.locator("#palette-input")
    expect(box).to_be_focused()
    assert {"Oppakken", "Doorzetten", "Notitie", "Te doen"} <= set(named(page))
    assert "Teruggeven" not in named(page)
    page.keyboard.press("ArrowDown")
    pointed = page.locator(f"#{box.get_attribute('aria-activedescendant')}")
    expect(pointed).to_have_attribute("aria-selected", "true")
    assert page.locator("#palette-list [aria-selected=true]").count() == 1
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    assert focused(title)

    page.keyboard.press("Control+k")
    page.keyboard.type("opakken")
    assert named(page)[0] == "Oppakken"
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("claimer")).to_contain_text("door jou")
    page.keyboard.press("Control+k")
    assert "Oppakken" not in named(page)
    page.keyboard.type("afsluiten beantw")
    assert named(page)[0] == "Afsluiten: beantwoord"
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("act-reopen")).to_be_visible()
    page.keyboard.press("Control+k")
    assert "Afsluiten" not in named(page)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_hidden()


def test_palette_goes_places_and_searches_without_a_trace_in_the_address(desk: Desk, ask: Callable[..., str]) -> None:
    text = ask("Is de bibliotheek zondag open?")
    page = desk.open("beheer")
    expect(row(page, text)).to_be_visible()
    page.keyboard.press("Control+k")
    assert "Niets kwijt" in named(page)
    page.keyboard.type("voorkuren")
    assert named(page)[0] == "Voorkeuren"
    page.keyboard.press("Enter")
    page.wait_for_url("**/preferences/")
    page.keyboard.press("Control+k")
    assert named(page)[0] == "Voorkeuren"  # used just now
    page.locator("#palette-input").fill(f"bibliotheek {text.split()[-1]}")
    assert named(page) == [f"Zoek naar “bibliotheek {text.split()[-1]}”"]
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/")
    expect(page.locator("#results .row").first).to_contain_text(text)


def test_palette_of_a_viewer_offers_no_action(desk: Desk, ask: Callable[..., str]) -> None:
    text = ask()
    page = desk.open("meelezer")
    start(page, text)
    page.keyboard.press("Control+k")
    offered = named(page)
    assert "Te doen" in offered
    assert not {"Oppakken", "Doorzetten", "Afsluiten", "Notitie", "Antwoord", "Niets kwijt"} & set(offered)


# -- tabs, sleep and tunnels --------------------------------------------------------------------------------------


def rows_asked(page: Page) -> list[str]:
    """From now on, every time the list is asked for."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/rows/?" in request.url:
            asked.append(request.url)

    page.on("request", note)
    return asked


def restart_stream(town: Town) -> None:
    """Kill the process of the stream; the town starts it anew."""

    def stream() -> psutil.Process | None:
        for part in psutil.Process(town.demo).children():
            with suppress(psutil.NoSuchProcess):  # a zombie is one too
                if "webcare.live:app" in part.cmdline():
                    return part
        return None

    old = stream()
    assert old is not None
    old.kill()

    def other() -> bool:
        now = stream()
        return now is not None and now.pid != old.pid and any(conn.status == "LISTEN" for conn in now.net_connections())

    until(other, what="the stream started anew")


def test_what_happened_while_a_conversation_was_on_its_way_is_shown(
    desk: Desk, town: Town, ask: Callable[..., str]
) -> None:
    text = ask()
    joris = desk.open("joris")
    expect(row(joris, text)).to_be_visible()
    held: list[tuple[Route, APIResponse]] = []
    # What the server said before the claim reaches the browser after its nudge.
    joris.route(re.compile(r"/inbox/todo/\d+/$"), lambda route: held.append((route, route.fetch())))
    row(joris, text).locator("a").first.click()
    fatima = Colleague(town, "fatima")
    conversation = fatima.waits_for(text)["id"]
    until(lambda: joris.evaluate("1") and held, what="the conversation as it was before")
    fatima.claims(conversation)
    expect(row(joris, text)).to_contain_text("Fatima")
    route, answer = held[0]
    route.fulfill(response=answer)
    expect(joris.get_by_test_id("claimer")).to_contain_text("Fatima Amrani")


def test_out_of_a_tunnel_only_what_was_missed_is_fetched(desk: Desk, ask: Callable[..., str]) -> None:
    desk.allowed.append(NETWORK)
    text, quiet = ask(), ask("Staat de boot er nog?")
    page, joris = desk.open("fatima"), desk.open("joris")
    expect(row(page, quiet)).to_be_visible()
    start(page, text)
    page.locator("label[for=mode-note]").click()
    page.get_by_test_id("note").fill("Nog niet af")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    start(joris, text, claim=True)
    asked = rows_asked(page)
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.get_by_test_id("claimer")).to_contain_text("Joris Smit")
    expect(row(page, text)).to_contain_text("JS")
    expect(page.get_by_test_id("note")).to_have_value("Nog niet af")
    assert len(asked) <= 4


def test_a_stream_that_was_killed_comes_back_and_brings_what_came(
    desk: Desk, town: Town, ask: Callable[..., str]
) -> None:
    desk.allowed += [NETWORK, re.compile("ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)")]
    before = ask()
    page = desk.open("fatima")
    expect(row(page, before)).to_be_visible()
    restart_stream(town)
    after = ask()
    expect(row(page, after)).to_be_visible(timeout=30_000)
    with page.expect_event(
        "request", lambda request: "/stream" in request.url or "/rows/" in request.url, timeout=30_000
    ):
        ask()


def test_two_tabs_of_one_colleague_agree_and_keep_what_is_typed(desk: Desk, ask: Callable[..., str]) -> None:
    text = ask()
    one = desk.open("fatima")
    pk = start(one, text)
    one.locator("label[for=mode-note]").click()
    one.get_by_test_id("note").fill("Uit het eerste tabblad")
    two = desk.listen(one.context.new_page())
    two.goto(f"{desk.town.inbox}/conversations/{pk}/")
    two.get_by_test_id("act-claim").click()
    expect(one.get_by_test_id("claimer")).to_contain_text("door jou")
    expect(one.get_by_test_id("act-release")).to_be_visible()
    expect(one.get_by_test_id("note")).to_have_value("Uit het eerste tabblad")
    expect(one.get_by_test_id("note")).to_be_focused()
    one.get_by_test_id("act-release").click()
    expect(two.get_by_test_id("act-claim")).to_be_visible()


def test_a_list_that_did_not_come_is_asked_for_again(desk: Desk, ask: Callable[..., str]) -> None:
    desk.allowed += [NETWORK, re.compile("503")]
    page = desk.open("fatima")
    page.wait_for_load_state("networkidle")
    page.route("**/rows/?*", lambda route: route.fulfill(status=503, body=""), times=2)
    text = ask()
    expect(row(page, text)).to_be_visible(timeout=20_000)


# -- what a screen reader hears -----------------------------------------------------------------------------------


def test_a_burst_of_messages_is_told_in_a_few_words(desk: Desk, town: Town, ask: Callable[..., str]) -> None:
    text = ask()
    page = desk.open("fatima")
    start(page, text)
    eyes.listen(page)
    # In one thread: the town's list stays short for the tests that follow.
    made = town.call("/street/x/mention", {"citizen": "henk", "text": f"@gemwaterkant Is er brand? {uuid4().hex[:8]}"})
    burst = [f"@gemwaterkant Wij ruiken het ook. {uuid4().hex[:8]}" for _number in range(20)]
    for number, words in enumerate(burst):
        citizen = ("henk", "lot", "sofie", "aisha")[number % 4]
        town.call("/street/x/reply", {"citizen": citizen, "to": made["id"], "text": words})
    for words in burst[-4:]:
        expect(row(page, words)).to_have_count(1, timeout=30_000)
    said = eyes.told(page)
    assert len(said) <= 6, said
    assert not any(words in line for line in said for words in burst)  # who, never what


# -- where Tab goes -----------------------------------------------------------------------------------------------


def test_tab_follows_the_order_in_which_one_reads(desk: Desk, ask: Callable[..., str]) -> None:
    text = ask()
    page = desk.open("fatima")
    start(page, text, claim=True)
    assert page.locator("[tabindex]:not([tabindex='0']):not([tabindex='-1'])").count() == 0
    steps = eyes.tab_through(page)
    order = eyes.regions(steps)
    assert order[0] == "page", order  # the links that skip
    known = [name for name in ("views", "list", "heading", "thread", "composer", "citizen") if name in order]
    assert order[1:] == known
    assert set(known) >= {"views", "list", "heading", "composer", "citizen"}
    assert [step["html"] for step in steps[2:] if not step["visible"]] == []
    assert [step["html"] for step in steps if not step["ring"] and "textarea" not in step["html"]] == []


# -- how large ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("look", "least"), [("desk", 24), ("phone", 44)])
def test_what_one_presses_is_large_enough(desk: Desk, ask: Callable[..., str], look: str, least: int) -> None:
    text = ask()
    options = PHONE if look == "phone" else {}
    page = desk.open("fatima", **options)
    small = {"list": eyes.too_small(page, least)}
    start(page, text, claim=True)
    small["conversation"] = eyes.too_small(page, least)
    for panel in page.locator("#conversation details.deed > summary").all():
        panel.click()
        small[str(panel.get_attribute("data-testid"))] = eyes.too_small(page, least)
        page.keyboard.press("Escape")
    page.get_by_test_id("composer").click()
    small["writing"] = eyes.too_small(page, least)
    for path in ("search/", "preferences/"):
        page.goto(f"{desk.town.inbox}/{path}")
        small[path] = eyes.too_small(page, least)
    assert {place: found for place, found in small.items() if found} == {}


# -- larger, narrower, wider apart --------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height", "spaced"), [(720, 450, False), (320, 640, False), (1280, 800, True)])
def test_enlarged_nothing_sticks_out_or_is_cut_off(
    desk: Desk, ask: Callable[..., str], width: int, height: int, spaced: bool
) -> None:
    """WCAG 1.4.4 (200 % of 1440 x 900), 1.4.10 (320 px) and 1.4.12 (text spacing)."""
    text = ask()
    page = desk.open("fatima", viewport={"width": width, "height": height}, bypass_csp=True)

    def look(place: str) -> None:
        if spaced:
            page.add_style_tag(content=SPACING)
        assert (place, eyes.sideways(page), eyes.cut_off(page)) == (place, 0, [])

    look("list")
    start(page, text, claim=True)
    look("conversation")
    for path in ("search/", "preferences/", "inbox/closed/"):
        page.goto(f"{desk.town.inbox}/{path}")
        look(path)


def test_with_reduced_motion_nothing_moves(desk: Desk, ask: Callable[..., str]) -> None:
    text = ask()
    page = desk.open("fatima", reduced_motion="reduce")
    start(page, text)
    page.keyboard.press("Control+k")
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((node) => {
          const look = getComputedStyle(node);
          const times = look.transitionDuration.split(",").map(parseFloat);
          return look.animationName !== "none" || times.some((time) => time > 0);
        }).length"""
    )
    assert (moving, page.evaluate("document.getAnimations().length")) == (0, 0)


# -- a phone ------------------------------------------------------------------------------------------------------


def test_on_a_phone_list_conversation_and_composer_are_three_screens(desk: Desk, ask: Callable[..., str]) -> None:
    text = ask()
    page = desk.open("fatima", **PHONE)
    expect(row(page, text)).to_be_visible()
    seek = page.locator("#list .seek").bounding_box()
    assert seek is not None
    assert seek["y"] > 700  # under the thumb
    start(page, text)
    claim = page.get_by_test_id("act-claim").bounding_box()
    assert claim is not None
    assert claim["y"] > 422
    page.get_by_test_id("act-claim").click()
    composer = page.get_by_test_id("composer")
    composer.click()
    expect(page.get_by_test_id("act-close")).to_be_hidden()
    composer.fill("Zaterdag om 10 uur.")
    page.set_viewport_size({"width": 390, "height": 420})  # the keyboard
    send, box = page.get_by_test_id("send").bounding_box(), composer.bounding_box()
    assert send is not None
    assert box is not None
    assert send["y"] + send["height"] <= 420
    assert box["height"] >= 56
    page.set_viewport_size({"width": 390, "height": 844})
    page.go_back()
    expect(page.get_by_test_id("act-close")).to_be_visible()
    expect(composer).to_have_value("Zaterdag om 10 uur.")
    page.go_back()
    expect(row(page, text)).to_be_visible()
    page.go_forward()
    expect(bubble(page, text)).to_be_visible()
    expect(composer).to_have_value("Zaterdag om 10 uur.")
    composer.click()
    expect(page.get_by_test_id("act-close")).to_be_hidden()
    page.locator("a.back").click()
    expect(page.get_by_test_id("act-close")).to_be_visible()
    expect(bubble(page, text)).to_be_visible()
    page.locator("a.back").click()
    expect(row(page, text)).to_be_visible()
    expect(page.locator("#conversation")).to_be_hidden()
