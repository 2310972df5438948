"""`make screenshots`: every screen, wide and narrow, light and dark, into build/screens/; for people to look at."""

import sys
from datetime import UTC, datetime

from playwright.sync_api import Browser, Page

from tests.e2e.town import ROOT, Town, chromium, log_in, running_town

SCREENS = ROOT / "build" / "screens"
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
SCHEMES = ("light", "dark")


def main() -> int:
    """Bring up the town, let a morning pass, and photograph it."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    with running_town(datetime(2026, 11, 26, 10, 40, tzinfo=UTC)) as town, chromium() as browser:  # Thursday 11:40
        a_morning(browser, town)
        for size, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                options = {"color_scheme": scheme, "has_touch": size == "narrow"}
                photograph(browser, town, f"{size}-{scheme}", width, height, options)
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


def open_row(page: Page, text: str) -> None:
    """Open the conversation with these words in the list."""
    page.locator("[data-testid^=row-]").filter(has_text=text).locator("a").first.click()
    page.locator("[data-testid^=message-]").filter(has_text=text).first.wait_for()


def trouble(browser: Browser, town: Town) -> None:
    """Niets kwijt when X refuses our access, Facebook stopped calling and a notice could not be processed."""
    for kind, name in (("x", "token"), ("facebook", "webhook_invalid")):
        town.call("/faults", {"kind": kind, "fault": name, "count": 0})
    town.manage("shell", "--no-imports", "-c", TROUBLE)
    for size, (width, height) in SIZES.items():
        for scheme in SCHEMES:
            page = log_in(browser, town, "beheer", width, height, color_scheme=scheme, has_touch=size == "narrow")
            page.goto(f"{town.inbox}/nothing-lost/")
            for name, place in (("trouble", "verdict"), ("notices", "replay-all")):
                page.get_by_test_id(place).scroll_into_view_if_needed()
                page.wait_for_load_state("networkidle")
                page.screenshot(path=SCREENS / f"nothing-lost-{name}-{size}-{scheme}.png")
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


def photograph(browser: Browser, town: Town, look: str, width: int, height: int, options: dict[str, object]) -> None:
    """All screens in one size and colour scheme."""

    def shoot(page: Page, name: str) -> None:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=SCREENS / f"{name}-{look}.png")

    anyone = browser.new_context(locale="nl-NL", viewport={"width": width, "height": height}, **options).new_page()
    anyone.goto(f"{town.inbox}/login/")
    shoot(anyone, "log-in")
    anyone.goto(town.street)
    anyone.get_by_test_id("citizen-select").wait_for(state="attached")
    shoot(anyone, "street")
    anyone.context.close()

    page = log_in(browser, town, "fatima", width, height, **options)
    shoot(page, "list")
    open_row(page, "oude paspoort")
    shoot(page, "conversation-mine")
    page.get_by_test_id("mode-note").click()
    shoot(page, "composer-note")
    page.get_by_test_id("act-close").click()
    shoot(page, "close")
    page.goto(f"{town.inbox}/inbox/todo/")
    open_row(page, "brug bij de haven")
    shoot(page, "conversation-unclaimed")
    for view in ("mine", "late", "closed"):
        page.goto(f"{town.inbox}/inbox/{view}/")
        shoot(page, f"view-{view}")
    page.goto(f"{town.inbox}/search/")
    page.get_by_role("searchbox").first.fill("paspoort")
    page.get_by_role("searchbox").first.press("Enter")
    shoot(page, "search")
    page.goto(f"{town.inbox}/preferences/")
    shoot(page, "preferences")
    page.goto(f"{town.inbox}/conversations/999999/")
    shoot(page, "not-found")
    page.context.close()

    page = log_in(browser, town, "bram", width, height, **options)
    open_row(page, "gestolen")
    shoot(page, "conversation-expert")
    page.context.close()
    page = log_in(browser, town, "joris", width, height, **options)
    open_row(page, "oude paspoort")
    shoot(page, "conversation-of-a-colleague")
    page.context.close()
    page = log_in(browser, town, "beheer", width, height, **options)
    page.goto(f"{town.inbox}/nothing-lost/")
    shoot(page, "nothing-lost")
    page.context.close()


if __name__ == "__main__":
    sys.exit(main())
