"""WCAG 2.2 AA as far as axe-core can see it: every screen and state, wide and narrow, light, dark and forced colours.
What it cannot see: test_everywhere.py and docs/accessibility.md."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.hands import fault, quiet
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("colleagues")]

LOOKS: dict[str, dict[str, Any]] = {
    "wide-light": {"width": 1440, "height": 900, "color_scheme": "light"},
    "narrow-dark": {"width": 390, "height": 844, "color_scheme": "dark", "has_touch": True},
    "forced": {"width": 1440, "height": 900, "color_scheme": "light", "forced_colors": "active"},
}
# Where the states of one screen are looked at, beside the walk through all screens in this file.
SCREENS = ("wide-light", "narrow-dark")
TROUBLED = """
from datetime import timedelta
from time import monotonic, sleep
from channels.clock import now
from inbox.models import Conversation, Delivery, Direction, Message, SendAttempt, User
end = monotonic() + 20
while not (question := Message.objects.filter(text={text!r}).select_related("conversation").first()):
    assert monotonic() < end
    sleep(0.1)
place, me, moment = question.conversation, User.objects.get(username="beheer"), now()
place.last_inbound_at = moment - timedelta(days=2)
place.assignee = me
place.save(update_fields=["last_inbound_at", "assignee"])
for state, tries in ((Delivery.FAILED, 2), (Delivery.UNKNOWN, 1)):
    answer = Message.objects.create(
        conversation=place, account=place.account, direction=Direction.OUT, kind="answer", public=False, author=me,
        text=f"Ja hoor, {{state}}.", sent_at=moment, state=state, state_at=moment, error_code="131047",
        error_reason="window_closed", attempts=tries, send_at=moment + timedelta(days=1),
    )
    for number in range(1, tries + 1):
        SendAttempt.objects.create(
            message=answer, number=number, started_at=moment, ended_at=moment, code="131047", outcome="refused",
        )
print(place.pk)
"""
SETTLED = """
from inbox.models import Message
Message.objects.filter(conversation={pk}, state__in=("failed", "unknown")).update(state="withdrawn")
"""
CHECK = "from channels.account_state import check_accounts; check_accounts()"
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],  # what passes is not described element by element: that takes longest
}


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """Each broken rule with the elements that break it, and why."""
    page.wait_for_load_state("networkidle")
    # A button that becomes another one fades from colour to colour: axe is to see it when it has.
    page.evaluate("() => Promise.allSettled(document.getAnimations().map((each) => each.finished))")
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        (rule["id"], [f"{node['html'][:200]} {node['failureSummary']}" for node in rule["nodes"]]) for rule in found
    ]


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest) -> dict[str, Any]:
    return LOOKS[request.param]


@pytest.fixture(scope="module")
def session(browser: Browser, town: Town) -> Any:
    """The administrator's log-in, who sees every kind of screen."""
    page = log_in(browser, town, "beheer")
    found = page.context.storage_state()
    page.context.close()
    return found


def browse(browser: Browser, look: dict[str, Any], **more: Any) -> Page:
    """A browser of its own with this look."""
    options = dict(look)
    size = {"width": options.pop("width"), "height": options.pop("height")}
    return browser.new_context(
        locale="nl-NL", timezone_id="Europe/Amsterdam", viewport=size, **options, **more
    ).new_page()


@pytest.fixture
def beheer(browser: Browser, town: Town, session: Any, look: dict[str, Any]) -> Iterator[Page]:
    """The administrator's browser."""
    page = browse(browser, look, storage_state=session)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def troubled(town: Town) -> Iterator[str]:
    """A conversation of the administrator in which much went wrong, by its address: an answer that failed twice, one
    that may have arrived, and a window that is closed. Settled afterwards: it would hold up every later answer there.
    """
    text = f"Kan ik morgen terecht? {uuid4()}"
    town.call("/street/whatsapp/message", {"citizen": "sofie", "text": text})
    quiet(town)
    pk = town.manage("shell", "--no-imports", "-c", TROUBLED.format(text=text))
    yield f"conversations/{pk}/"
    town.manage("shell", "--no-imports", "-c", SETTLED.format(pk=pk))


def test_log_in_breaks_no_rule(browser: Browser, town: Town, look: dict[str, Any]) -> None:
    page = browse(browser, look)
    page.goto(f"{town.inbox}/login/")
    assert violations(page) == []
    page.context.close()


@pytest.mark.parametrize(
    "path",
    [
        "inbox/todo/",
        "inbox/late/",
        "inbox/closed/",
        "search/",
        "preferences/",
        "inbox/mine/",
        "inbox/later/",
        "nothing-lost/",
        "conversations/999999/",
        "nowhere/",
        "beheer/",
        "beheer/inbox/user/",
        "beheer/inbox/user/add/",
    ],
)
def test_screen_breaks_no_rule(beheer: Page, town: Town, path: str) -> None:
    beheer.goto(f"{town.inbox}/{path}")
    assert violations(beheer) == []


def test_log_in_refused_breaks_no_rule(browser: Browser, town: Town, look: dict[str, Any]) -> None:
    page = browse(browser, look)
    page.goto(f"{town.inbox}/login/")
    page.get_by_label("Gebruikersnaam").fill(f"niemand-{uuid4().hex[:6]}")
    page.get_by_label("Wachtwoord").fill("fout")
    page.get_by_role("button", name="Inloggen").click()
    expect(page.locator("#refusal")).to_be_visible()
    assert violations(page) == []
    page.context.close()


def test_conversation_breaks_no_rule_in_any_state(beheer: Page, town: Town) -> None:
    text = f"Wat staat het park er mooi bij. {uuid4()}"
    town.call("/street/facebook/visitor_post", {"citizen": "mehmet", "page": "104000000000001", "text": text})
    beheer.goto(f"{town.inbox}/inbox/todo/")
    beheer.locator("[data-testid^=row-]").filter(has_text=text).locator("a").first.click()
    beheer.get_by_test_id("act-claim").wait_for()
    assert violations(beheer) == []
    beheer.get_by_test_id("act-claim").click()
    beheer.get_by_test_id("act-close").wait_for()
    for opener in beheer.locator("#conversation details > summary").all():
        if opener.is_visible():
            opener.click()
            assert (opener.inner_text(), violations(beheer)) == (opener.inner_text(), [])
            opener.evaluate("node => { node.parentElement.open = false }")
    beheer.get_by_test_id("mode-note").click()
    assert violations(beheer) == []
    beheer.get_by_test_id("mode-reply").click()
    composer = beheer.get_by_test_id("composer")
    composer.fill("Bel mij op 06 12345678, dan komen wij het morgen halen.")
    assert violations(beheer) == []
    composer.press("Control+Enter")
    beheer.get_by_test_id("notice").or_(beheer.locator("[data-personal]")).first.wait_for()
    assert violations(beheer) == []
    # On a phone one leaves the composer first.
    beheer.goto(beheer.url)
    beheer.get_by_test_id("act-close").click()
    beheer.get_by_test_id("result-answered").click()
    beheer.get_by_test_id("act-reopen").wait_for()
    assert violations(beheer) == []


def test_conversation_in_trouble_breaks_no_rule(beheer: Page, town: Town, troubled: str) -> None:
    beheer.goto(f"{town.inbox}/{troubled}")
    beheer.locator("[data-testid^=delivery-]").filter(has_text="mislukt").first.wait_for()
    for attempts in beheer.locator("details.attempts > summary").all():
        attempts.click()
    assert violations(beheer) == []


def test_search_breaks_no_rule_with_and_without_results(beheer: Page, town: Town) -> None:
    beheer.goto(f"{town.inbox}/search/")
    for words in ("waterkant", "xyzzy"):
        beheer.locator("#q").fill(words)
        beheer.locator("#q").press("Enter")
        expect(beheer.locator("#results .row, #results .empty").first).to_be_visible()
        assert (words, violations(beheer)) == (words, [])


def test_dialogs_break_no_rule(beheer: Page, town: Town) -> None:
    beheer.goto(f"{town.inbox}/inbox/todo/")
    beheer.wait_for_load_state("networkidle")
    for words in ("", "doorz", "iets wat niet bestaat"):
        beheer.keyboard.press("Control+k")
        beheer.locator("#palette-input").fill(words)
        assert (words, violations(beheer)) == (words, [])
        beheer.keyboard.press("Escape")
        expect(beheer.locator("dialog[open]")).to_have_count(0)
    beheer.keyboard.press("?")
    expect(beheer.locator("#keys")).to_be_visible()
    assert violations(beheer) == []
    beheer.keyboard.press("Escape")
    beheer.locator("#ended").evaluate(
        "dialog => { dialog.querySelector('#ended-still').hidden = false; dialog.showModal() }"
    )
    assert violations(beheer) == []


def test_banners_break_no_rule(beheer: Page, town: Town) -> None:
    beheer.goto(f"{town.inbox}/nothing-lost/")
    number = fault(town, "x", "token", count=0)
    try:
        town.manage("shell", "--no-imports", "-c", CHECK)
        beheer.goto(f"{town.inbox}/inbox/todo/")
        expect(beheer.locator(".banner.bad")).to_be_visible()
        beheer.wait_for_load_state("networkidle")
        beheer.context.set_offline(True)
        expect(beheer.locator("#offline")).to_be_visible()
        # Offline there is no idle network to wait for.
        found = Axe().run(beheer, options=RULES).response["violations"]
        assert [rule["id"] for rule in found] == []
    finally:
        town.call(f"/faults?id={number}", method="DELETE")
        town.manage("shell", "--no-imports", "-c", CHECK)


def test_street_breaks_no_rule(browser: Browser, town: Town, look: dict[str, Any]) -> None:
    page = browse(browser, look)
    page.goto(town.street)
    page.get_by_test_id("citizen-select").wait_for(state="attached")
    # The stream stays open, so the network is never idle: the phones are what must be there.
    page.get_by_test_id("phone-x").wait_for(state="attached")
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found] == []
    page.context.close()
