"""The screens under the hands of colleagues: keys, no scripts, two tabs, no connection, a phone; no page complains."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from inbox.management import demo_town
from tests.e2e.hands import until
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("town")]

NARROW = {"width": 390, "height": 844}
# What the browser itself says of a request that a test lets fail.
NETWORK = re.compile(
    r"Failed to load resource: net::ERR_(FAILED|INTERNET_DISCONNECTED)|htmx:(sendError|afterRequest|sendAbort)"
)
GONE = re.compile("verstuurd|gelezen|afgeleverd")
NOT_FOUND = re.compile(r"Failed to load resource: the server responded with a status of 404")


def arrived(page: Page, answer: str) -> bool:
    """Whether the answer is at the platform by now, asked without scripts."""
    page.goto(page.url)
    return bool(GONE.search(bubble(page, answer).inner_text()))


class Desk:
    """Opens the inbox for colleagues, each in a browser of their own, and hears what the pages complain of."""

    def __init__(self, browser: Browser, town: Town, sessions: dict[str, Any]) -> None:
        self.browser, self.town, self.sessions = browser, town, sessions
        self.contexts: list[Any] = []
        self.complaints: list[str] = []
        self.allowed: list[re.Pattern[str]] = []

    def open(self, username: str = "", path: str = "/inbox/todo/", **options: Any) -> Page:
        """A page of this colleague, logged in before; without a name of nobody."""
        if username and username not in self.sessions:
            page = log_in(self.browser, self.town, username)
            self.sessions[username] = page.context.storage_state()
            page.context.close()
        size = options.pop("viewport", {"width": 1440, "height": 900})
        context = self.browser.new_context(
            locale="nl-NL",
            timezone_id="Europe/Amsterdam",
            viewport=size,
            storage_state=self.sessions.get(username),
            **options,
        )
        self.contexts.append(context)
        page = self.listen(context.new_page())
        page.goto(f"{self.town.inbox}{path}")
        return page

    def listen(self, page: Page) -> Page:
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def close(self) -> list[str]:
        """What was complained of, but for what the test allowed."""
        for context in self.contexts:
            context.close()
        return [said for said in self.complaints if not any(pattern.search(said) for pattern in self.allowed)]


@pytest.fixture(scope="module")
def sessions() -> dict[str, Any]:
    """Log-ins by name, used again by tests that do not log out."""
    return {}


@pytest.fixture
def desk(browser: Browser, town: Town, sessions: dict[str, Any]) -> Iterator[Desk]:
    made = Desk(browser, town, sessions)
    yield made
    assert made.close() == []


@pytest.fixture
def asked(town: Town) -> Callable[..., tuple[str, str]]:
    """A question on X of its own: its text, and the number of the post."""

    def ask(words: str = "Wanneer wordt het plein weer opengesteld?", citizen: str = "henk") -> tuple[str, str]:
        text = f"{words} {uuid4().hex[:8]}"
        made = town.call("/street/x/mention", {"citizen": citizen, "text": f"@gemwaterkant {text}"})
        return text, made["id"]

    return ask


def row(page: Page, text: str) -> Locator:
    return page.locator("[data-testid^=row-]").filter(has_text=text)


def bubble(page: Page, text: str) -> Locator:
    return page.locator("#lines [data-testid^=message-]").filter(has_text=text)


def start(page: Page, text: str, *, claim: bool = False) -> str:
    """Open the conversation; its number."""
    row(page, text).locator("a").first.click()
    expect(bubble(page, text)).to_be_visible()
    if claim:
        page.get_by_test_id("act-claim").click()
        expect(page.get_by_test_id("composer")).to_be_visible()
    return str(page.locator("#pane").get_attribute("data-pane"))


def placed(town: Town, text: str) -> int:
    """How often this text stands on the phones in the street."""
    return json.dumps(town.call("/street/state", method="GET")["phones"], ensure_ascii=False).count(text)


def focused(locator: Locator) -> bool:
    return bool(locator.evaluate("node => node === document.activeElement"))


# -- keys ---------------------------------------------------------------------------------------------------------


def test_the_whole_work_goes_by_keyboard(desk: Desk, town: Town, asked: Callable[..., tuple[str, str]]) -> None:
    text, _post = asked()
    page = desk.open(path="/login/")
    expect(page.get_by_label("Gebruikersnaam")).to_be_focused()
    page.keyboard.type("fatima")
    page.keyboard.press("Tab")
    page.keyboard.type(demo_town.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox/todo/")
    link = row(page, text).locator("a").first
    expect(link).to_be_visible()
    for _step in range(page.locator(".row").count()):
        page.keyboard.press("j")
        if focused(link):
            break
    page.keyboard.press("k")
    page.keyboard.press("j")
    expect(link).to_be_focused()

    page.keyboard.press("Enter")
    expect(bubble(page, text)).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_test_id("claimer")).to_contain_text("door jou")
    page.keyboard.press("r")
    composer = page.get_by_test_id("composer")
    expect(composer).to_be_focused()
    answer = f"Op 3 december, ?jkcrndtels gs {uuid4().hex[:8]}"
    page.keyboard.type(answer)
    expect(composer).to_have_value(answer)
    assert page.locator("dialog[open], #conversation details.deed[open]").count() == 0
    page.keyboard.press("Control+Enter")
    expect(row(page, answer)).to_be_visible()
    expect(bubble(page, answer)).to_be_visible()

    # Opened once more, the answer of the server comes while she types.
    row(page, answer).locator("a").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("n")
    expect(page.get_by_test_id("note")).to_be_focused()
    page.keyboard.type("Nagevraagd bij de bouw.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#lines article.note")).to_contain_text("Nagevraagd bij de bouw.")
    page.keyboard.press("Escape")
    expect(bubble(page, answer).locator("[data-testid^=delivery-]")).to_contain_text(GONE)
    page.keyboard.press("e")
    expect(page.get_by_test_id("result-answered")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("act-reopen")).to_be_visible()

    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-input")).to_be_focused()
    page.keyboard.type("heropen")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("act-close")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_switched_off_single_keys_do_nothing(desk: Desk, asked: Callable[..., tuple[str, str]]) -> None:
    text, _post = asked()
    page = desk.open("ingrid", "/preferences/")
    switch = page.locator("#id_shortcuts")
    switch.uncheck()
    page.locator("main form").filter(has_text="Sneltoetsen").get_by_role("button", name="Opslaan").click()
    expect(page.locator(".notice.good")).to_be_visible()
    page.goto(f"{desk.town.inbox}/inbox/todo/")
    start(page, text)
    page.locator("#pane-title").focus()
    for key in ("c", "n", "e", "d", "t", "l", "r", "j", "?", "g", "m", "s"):
        page.keyboard.press(key)
    expect(page.locator("#pane-title")).to_be_focused()
    assert page.locator("dialog[open], #conversation details.deed[open]").count() == 0
    expect(page.get_by_test_id("act-claim")).to_be_visible()
    page.goto(f"{desk.town.inbox}/preferences/")
    switch.check()
    page.locator("main form").filter(has_text="Sneltoetsen").get_by_role("button", name="Opslaan").click()
    expect(page.locator(".notice.good")).to_be_visible()


# -- without scripts ----------------------------------------------------------------------------------------------


def test_without_scripts_everything_can_be_done(desk: Desk, town: Town, asked: Callable[..., tuple[str, str]]) -> None:
    text, _post = asked()
    mine = desk.open("fatima")
    expect(row(mine, text)).to_be_visible()

    page = desk.open(path="/login/", java_script_enabled=False)
    page.get_by_label("Gebruikersnaam").fill("fatima")
    page.get_by_label("Wachtwoord").fill(demo_town.PASSWORD)
    page.get_by_role("button", name="Inloggen").click()
    row(page, text).locator("a").first.click()
    expect(bubble(page, text)).to_be_visible()
    page.get_by_test_id("act-claim").click()
    composer = page.get_by_test_id("composer")

    composer.fill("   ")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("notice")).to_contain_text("Schrijf eerst iets.")
    long = f"Dit wordt {'erg ' * 80}lang. {uuid4().hex[:8]}"
    composer.fill(long)
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("notice")).to_be_visible()
    expect(composer).to_have_value(long)
    answer = f"Op 3 december. {uuid4().hex[:8]}"
    composer.fill(answer)
    page.get_by_test_id("send").click()
    expect(bubble(page, answer)).to_be_visible()
    expect(bubble(mine, answer).or_(row(mine, answer)).first).to_be_visible()

    page.locator("label[for=mode-note]").click()
    page.get_by_test_id("note").fill("Gevraagd aan de bouw.")
    page.get_by_test_id("save-note").click()
    expect(page.locator("#lines article.note")).to_contain_text("Gevraagd aan de bouw.")
    page.get_by_test_id("act-route").click()
    page.get_by_test_id("route-department").select_option(label="Stadsboerderij")
    page.get_by_test_id("route-note").fill("Iets voor jullie.")
    page.get_by_test_id("do-route").click()
    expect(page.locator(".facts")).to_contain_text("Stadsboerderij")
    until(lambda: arrived(page, answer), what="the answer at the platform")
    page.get_by_test_id("act-close").click()
    page.get_by_test_id("result-answered").click()
    expect(page.get_by_test_id("act-reopen")).to_be_visible()
    assert placed(town, answer) == 1


# -- more than one tab --------------------------------------------------------------------------------------------


def test_a_draft_survives_a_reload_and_what_comes_in(
    desk: Desk, town: Town, asked: Callable[..., tuple[str, str]]
) -> None:
    text, post = asked()
    page = desk.open("fatima")
    start(page, text, claim=True)
    composer = page.get_by_test_id("composer")
    composer.fill("Wij kijken het na en")
    page.reload()
    expect(composer).to_have_value("Wij kijken het na en")
    composer.focus()
    composer.press("End")
    more = f"@gemwaterkant Het is dringend. {uuid4().hex[:8]}"
    town.call("/street/x/reply", {"citizen": "henk", "to": post, "text": more})
    expect(bubble(page, more)).to_be_visible()
    expect(composer).to_be_focused()
    page.keyboard.type(" laten het weten.")
    expect(composer).to_have_value("Wij kijken het na en laten het weten.")

    # What came between is shown first; then it is up to her.
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("notice")).to_be_visible()
    send = page.get_by_test_id("send")
    expect(send).to_contain_text("Toch versturen")
    expect(composer).to_have_value("Wij kijken het na en laten het weten.")
    send.click()
    expect(row(page, "Wij kijken het na en laten het weten.").first).to_be_visible()


def test_taken_over_while_typing_the_box_gives_way_and_the_text_is_kept(
    desk: Desk, asked: Callable[..., tuple[str, str]]
) -> None:
    text, _post = asked()
    fatima, joris = desk.open("fatima"), desk.open("joris")
    start(fatima, text, claim=True)
    fatima.get_by_test_id("composer").fill("Half geschreven")
    start(joris, text)
    expect(joris.get_by_test_id("company")).to_contain_text("Fatima schrijft een antwoord")
    joris.get_by_test_id("act-take-over").click()
    joris.get_by_test_id("take-over-confirmed").click()
    expect(joris.get_by_test_id("composer")).to_be_focused()
    expect(fatima.get_by_test_id("claimer")).to_contain_text("Joris Smit")
    expect(fatima.get_by_test_id("composer")).to_have_count(0)
    # By the page itself, or by the server once that has the draft.
    kept = fatima.locator("details.kept").filter(visible=True)
    expect(kept).to_have_count(1)
    expect(kept.locator("pre")).to_have_text("Half geschreven")


@pytest.mark.parametrize("twice", ["clicked", "keys"])
def test_sent_twice_at_once_it_goes_once(
    desk: Desk, town: Town, asked: Callable[..., tuple[str, str]], twice: str
) -> None:
    text, _post = asked()
    page = desk.open("fatima")
    pk = start(page, text, claim=True)
    answer = f"Eén keer is genoeg. {uuid4().hex[:8]}"
    page.get_by_test_id("composer").fill(answer)
    if twice == "clicked":
        page.get_by_test_id("send").dblclick()
    else:
        page.keyboard.press("Control+Enter")
        page.keyboard.press("Control+Enter")
    expect(row(page, answer)).to_be_visible()
    page.goto(f"{town.inbox}/conversations/{pk}/")
    expect(bubble(page, answer).locator("[data-testid^=delivery-]")).to_contain_text(re.compile("verstuurd|gelezen"))
    expect(bubble(page, answer)).to_have_count(1)
    assert placed(town, answer) == 1


# -- the session --------------------------------------------------------------------------------------------------


def test_logged_out_in_one_tab_the_other_says_so_and_keeps_the_text(
    desk: Desk, town: Town, asked: Callable[..., tuple[str, str]]
) -> None:
    text, _post = asked()
    page = desk.listen(log_in(desk.browser, town, "joris", fresh=True))
    desk.contexts.append(page.context)
    start(page, text, claim=True)
    page.get_by_test_id("composer").fill("Bijna klaar")
    other = desk.listen(page.context.new_page())
    other.goto(f"{town.inbox}/preferences/")
    other.locator("details.person summary").click()
    other.get_by_role("button", name="Uitloggen").click()
    expect(page.locator("#ended")).to_be_visible()
    expect(page.get_by_test_id("composer")).to_have_value("Bijna klaar")

    page.get_by_role("button", name="Ga verder").click()
    expect(page.locator("#ended-still")).to_be_visible()
    other.goto(f"{town.inbox}/login/")
    other.get_by_label("Gebruikersnaam").fill("joris")
    other.get_by_label("Wachtwoord").fill(demo_town.PASSWORD)
    other.get_by_role("button", name="Inloggen").click()
    other.wait_for_url("**/inbox/todo/")
    page.get_by_role("button", name="Ga verder").click()
    expect(page.locator("#ended")).to_be_hidden()
    expect(page.get_by_test_id("composer")).to_have_value("Bijna klaar")
    page.get_by_test_id("composer").press("Control+Enter")
    expect(row(page, "Bijna klaar").first).to_be_visible()


def test_a_session_that_ended_asks_to_log_in_and_goes_on(desk: Desk, asked: Callable[..., tuple[str, str]]) -> None:
    text, _post = asked()
    page = desk.open("fatima")
    start(page, text)
    page.context.clear_cookies(name="sessionid")
    # Not by the mouse: whatever the page asks for next may have found out first, and then the dialog is in the way.
    page.get_by_test_id("act-claim").dispatch_event("click")
    expect(page.locator("#ended")).to_be_visible()
    with page.context.expect_page() as opened:
        page.locator("#ended").get_by_role("link", name="Log opnieuw in").click()
    other = desk.listen(opened.value)
    other.get_by_label("Gebruikersnaam").fill("fatima")
    other.get_by_label("Wachtwoord").fill(demo_town.PASSWORD)
    other.get_by_role("button", name="Inloggen").click()
    other.wait_for_url("**/inbox/todo/")
    page.get_by_role("button", name="Ga verder").click()
    expect(page.locator("#ended")).to_be_hidden()
    page.get_by_test_id("act-claim").click()
    expect(page.get_by_test_id("claimer")).to_contain_text("door jou")


# -- the connection -----------------------------------------------------------------------------------------------


def test_without_the_stream_asking_now_and_then_brings_what_came(
    desk: Desk, asked: Callable[..., tuple[str, str]]
) -> None:
    desk.allowed.append(NETWORK)
    page = desk.open("fatima", "/preferences/")
    page.clock.install()
    cut: list[str] = []

    def abort(route: Route) -> None:
        cut.append(route.request.url)
        route.abort()

    page.route(f"{page.locator('body').get_attribute('data-live')}/**", abort)
    page.goto(f"{desk.town.inbox}/inbox/todo/")
    text, _post = asked()
    expect(row(desk.open("joris"), text)).to_be_visible()  # it came in
    expect(row(page, text)).to_have_count(0)
    page.clock.fast_forward(16_000)
    expect(row(page, text)).to_be_visible()
    assert cut


def test_offline_it_says_so_and_catches_up_afterwards(desk: Desk, asked: Callable[..., tuple[str, str]]) -> None:
    desk.allowed.append(NETWORK)
    first, _post = asked()
    page = desk.open("fatima")
    start(page, first, claim=True)
    page.get_by_test_id("composer").fill("Blijft staan")
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    text, _post = asked()
    expect(row(desk.open("joris"), text)).to_be_visible()
    page.get_by_test_id("send").click()
    expect(page.locator("#toast")).not_to_be_empty()
    expect(page.get_by_test_id("composer")).to_have_value("Blijft staan")
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    expect(row(page, text)).to_be_visible()
    expect(page.get_by_test_id("composer")).to_have_value("Blijft staan")


# -- a phone ------------------------------------------------------------------------------------------------------


def sideways(page: Page) -> int:
    """Pixels that stick out."""
    return int(page.evaluate("document.scrollingElement.scrollWidth - innerWidth"))


def test_on_a_phone_one_goes_from_list_to_conversation_and_back(
    desk: Desk, asked: Callable[..., tuple[str, str]]
) -> None:
    text, _post = asked()
    page = desk.open("fatima", viewport=NARROW, has_touch=True)
    expect(page.locator("#conversation")).to_be_hidden()
    assert sideways(page) == 0
    start(page, text, claim=True)
    expect(page.locator("#list")).to_be_hidden()
    composer = page.get_by_test_id("composer")
    composer.fill(f"{'Een antwoord van enige lengte. ' * 12}")
    expect(page.get_by_test_id("length")).to_be_visible()
    assert sideways(page) == 0
    box, button = composer.bounding_box(), page.get_by_test_id("as-thread").bounding_box()
    assert box is not None
    assert button is not None
    assert box["height"] >= 44
    assert button["y"] + button["height"] <= NARROW["height"]
    page.locator("a.back").click()  # writing is a screen of its own
    for panel in ("act-route", "act-snooze", "act-close"):
        page.get_by_test_id(panel).click()
        expect(page.locator("details.deed[open]")).to_have_count(1)
        assert sideways(page) == 0, panel
    page.locator("#pane-title").click()
    page.locator("a.back").click()
    expect(row(page, text)).to_be_visible()
    expect(page.locator("#conversation")).to_be_hidden()


def test_on_a_phone_no_screen_goes_sideways(desk: Desk) -> None:
    desk.allowed.append(NOT_FOUND)
    page = desk.open("beheer", viewport=NARROW, has_touch=True)
    for path in (
        *("inbox/mine/", "inbox/unclaimed/", "inbox/late/", "inbox/waiting/", "inbox/later/", "inbox/closed/"),
        *("inbox/department/webcare/", "search/", "preferences/", "nothing-lost/", "conversations/999999/"),
    ):
        page.goto(f"{desk.town.inbox}/{path}")
        assert (path, sideways(page)) == (path, 0)
    page.goto(f"{desk.town.inbox}/search/")
    page.get_by_role("searchbox").fill("waterkant")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("#results .row").first).to_be_visible()
    assert sideways(page) == 0
    anyone = desk.open(path="/login/", viewport=NARROW)
    assert sideways(anyone) == 0


# -- who sees what ------------------------------------------------------------------------------------------------


def test_outsiders_get_a_calm_page_and_viewers_no_action(desk: Desk, asked: Callable[..., tuple[str, str]]) -> None:
    desk.allowed.append(NOT_FOUND)
    text, _post = asked()
    viewer = desk.open("meelezer")
    pk = start(viewer, text)
    expect(viewer.get_by_test_id("only-read")).to_be_visible()
    keyed = viewer.locator("#conversation [data-testid^=act-], #conversation button[data-key]")
    assert [each.get_attribute("data-testid") for each in keyed.all()] == ["follow"]
    assert viewer.locator("#conversation textarea").count() == 0
    for key in ("c", "n", "e", "r"):
        viewer.keyboard.press(key)
    assert viewer.locator("dialog[open], #conversation textarea").count() == 0

    noor = desk.open("noor", f"/conversations/{pk}/")
    here = noor.locator("body").inner_text()
    expect(noor.get_by_role("heading", level=1)).to_be_visible()
    noor.goto(f"{desk.town.inbox}/conversations/999999/")
    assert noor.locator("body").inner_text() == here
    assert text not in here


# -- others in the thread -----------------------------------------------------------------------------------------


def test_others_in_the_thread_stand_beside_and_appear_by_themselves(
    desk: Desk, town: Town, asked: Callable[..., tuple[str, str]]
) -> None:
    text, post = asked()
    page = desk.open("fatima")
    start(page, text)
    second = f"@gemwaterkant Dat vraag ik me ook af! {uuid4().hex[:8]}"
    reply = town.call("/street/x/reply", {"citizen": "lot", "to": post, "text": second})
    expect(row(page, second)).to_be_visible()
    start(page, second)
    asked_first = page.locator(".line.other").filter(has_text=text)
    expect(asked_first).to_contain_text("Henk de Wit")
    third = f"@gemwaterkant Nu al een maand dicht. {uuid4().hex[:8]}"
    town.call("/street/x/reply", {"citizen": "henk", "to": reply["id"], "text": third})
    expect(page.locator(".line.other").filter(has_text=third)).to_be_visible()
    asked_first.get_by_role("link", name="Naar dit gesprek").click()
    expect(bubble(page, text)).to_be_visible()
    expect(page.locator(".line.other").filter(has_text=second)).to_contain_text("Lot Jansen")
