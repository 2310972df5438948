"""`make screenshots`: every screen, wide and narrow, light and dark, into build/screens/; for people to look at.

ONLY="filters palette" takes those alone; the scenes are in tests/screens.py.
"""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PlaywrightError

from tests.e2e.town import ROOT, Town, chromium, log_in, running_town
from tests.screens import SCENES, Scenery, happen, open_row

SCREENS = ROOT / "build" / "screens"
LOOKS: dict[str, dict[str, Any]] = {
    f"{size}-{scheme}": {"viewport": viewport, "color_scheme": scheme, "has_touch": size == "narrow"}
    for size, viewport in (("wide", {"width": 1440, "height": 900}), ("narrow", {"width": 390, "height": 844}))
    for scheme in ("light", "dark")
}


def main(wanted: set[str]) -> int:
    """Bring up the town, let a busy morning pass, and photograph it."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    with running_town(datetime(2026, 11, 26, 10, 40, tzinfo=UTC)) as town, chromium() as browser:  # Thursday 11:40
        a_morning(browser, town)
        made = happen(browser, town)
        for look, options in LOOKS.items():
            photograph(browser, made, look, options, wanted)
        if not wanted or "trouble" in wanted:
            trouble(browser, town)
    print(f"{len(list(SCREENS.glob('*.png')))} screens in {SCREENS}")
    return 0


def a_morning(browser: Browser, town: Town) -> None:
    """Enough happens to show every state: asked, claimed, answered, routed, noted, closed."""
    for kind, action, data in (
        ("x", "mention", {"citizen": "aisha", "text": "@gemwaterkant Wanneer gaat de brug bij de haven weer open?"}),
        ("whatsapp", "location", {"citizen": "mehmet"}),
        ("x", "dm", {"citizen": "sofie", "text": "Mijn paspoort is gestolen. Wat moet ik doen?"}),
    ):
        town.call(f"/street/{kind}/{action}", data)
    page = log_in(browser, town, "fatima")
    open_row(page, "paspoort ook zonder afspraak")
    page.get_by_test_id("act-claim").click()
    page.get_by_test_id("composer").fill("Goedemorgen! Ja, ophalen kan zonder afspraak, elke werkdag tot 17:00 uur.")
    page.get_by_test_id("composer").press("Control+Enter")
    page.locator("[data-testid^=delivery-]").filter(has_text="afgeleverd").wait_for()
    town.call("/street/whatsapp/message", {"citizen": "aisha", "text": "Fijn, moet ik mijn oude paspoort meenemen?"})
    page.locator("[data-testid^=message-]").filter(has_text="oude paspoort").wait_for()
    page.get_by_test_id("mode-note").click()
    page.get_by_test_id("note").fill("Mevrouw belde ook al; zie ook het gesprek van vorige week.")
    page.get_by_test_id("note").press("Control+Enter")
    open_row(page, "gestolen")
    page.get_by_test_id("act-route").click()
    page.get_by_test_id("route-department").select_option(label="Burgerzaken")
    page.get_by_test_id("route-note").fill("Kan hier een spoedaanvraag?")
    page.get_by_test_id("do-route").click()
    open_row(page, "Complimenten")
    page.get_by_test_id("act-close").click()
    page.get_by_test_id("result-no_answer_needed").click()
    page.context.close()


def trouble(browser: Browser, town: Town) -> None:
    """Niets kwijt when X refuses our access, Facebook stopped calling and a notice could not be processed."""
    for kind, name in (("x", "token"), ("facebook", "webhook_invalid")):
        town.call("/faults", {"kind": kind, "fault": name, "count": 0})
    town.manage("shell", "--no-imports", "-c", TROUBLE)
    for look, options in LOOKS.items():
        size, rest = options["viewport"], {name: value for name, value in options.items() if name != "viewport"}
        page = log_in(browser, town, "beheer", size["width"], size["height"], **rest)
        page.goto(f"{town.inbox}/nothing-lost/")
        for name, place in (("trouble", "verdict"), ("notices", "replay-all")):
            page.get_by_test_id(place).scroll_into_view_if_needed()
            shoot(page, f"nothing-lost-{name}", look)
        page.goto(f"{town.inbox}/inbox/todo/")
        page.locator("#status .banner").first.wait_for()
        shoot(page, "banners", look)
        page.context.close()


TROUBLE = """
from channels.account_state import check_accounts
from channels.clock import now
from channels.models import EventState, InboundEvent, PlatformApp
check_accounts()
app = PlatformApp.objects.get(kind="facebook")
InboundEvent.objects.bulk_create(
    InboundEvent(
        app=app, dedupe_key=f"failed-{number}", body=b"{}", received_at=now(), processed_at=now(),
        state=EventState.FAILED, reason="builtins.KeyError", traceback="  File \\"parse.py\\", line 1, in parse",
    )
    for number in range(12)
)
"""


def photograph(browser: Browser, made: Scenery, look: str, options: dict[str, Any], wanted: set[str]) -> None:
    """All scenes in one size and colour scheme; one that cannot be made is told, and the others follow."""
    if not wanted or "log-in" in wanted:
        anyone = browser.new_context(locale="nl-NL", **options).new_page()
        anyone.goto(f"{made.town.inbox}/login/")
        shoot(anyone, "log-in", look)
        anyone.goto(made.town.street)
        anyone.get_by_test_id("citizen-select").wait_for(state="attached")
        shoot(anyone, "street", look)
        anyone.context.close()
    known: dict[str, Any] = {}
    for name, scene in SCENES.items():
        if wanted and name not in wanted:
            continue
        if scene.user not in known:
            first = log_in(browser, made.town, scene.user)
            known[scene.user] = first.context.storage_state()
            first.context.close()
        zone = {"locale": "nl-NL", "timezone_id": "Europe/Amsterdam", "storage_state": known[scene.user]}
        page = browser.new_context(**zone, **options).new_page()
        page.set_default_timeout(20_000)
        page.goto(f"{made.town.inbox}/inbox/todo/")
        try:
            scene.go(page, made)
        except (PlaywrightError, AssertionError) as problem:
            print(f"{name}-{look}: {str(problem).splitlines()[0]}")
        shoot(page, name, look)
        page.context.close()


def shoot(page: Page, name: str, look: str) -> None:
    """One picture, when nothing is under way any more."""
    with suppress(PlaywrightError):  # with the line cut there is never quiet
        page.wait_for_load_state("networkidle", timeout=5_000)
    page.screenshot(path=SCREENS / f"{name}-{look}.png", animations="disabled")


if __name__ == "__main__":
    sys.exit(main(set(sys.argv[1:])))
