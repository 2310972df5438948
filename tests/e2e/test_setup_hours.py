"""An administrator sets the hours, targets and replies of a channel, and colleagues and citizens notice."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.hands import Colleague, until
from tests.e2e.test_access import LOOKS, browse, violations
from tests.e2e.town import Town, log_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("desk")]

WHATSAPP = "whatsapp:+31140140"
AGREED = """
from inbox.models import AccountSettings, Clock
settings = AccountSettings.objects.get(account__external_id="{account}")
{more}
"""
BACK = """
settings.closing_days.all().delete()
settings.targets.all().delete()
settings.acknowledgement_text = ""
settings.first_answer_minutes = 120
settings.save()
from inbox.actions.recount import recount
recount(settings.account_id)
"""


def agreed(town: Town, more: str) -> str:
    return town.manage("shell", "--no-imports", "-c", AGREED.format(account=WHATSAPP, more=more))


@pytest.fixture(scope="module")
def ingrid(town: Town) -> Colleague:
    return Colleague(town, "ingrid")


@pytest.fixture(scope="module")
def account(town: Town) -> int:
    """The key of WhatsApp."""
    return int(agreed(town, "print(settings.account_id)"))


@pytest.fixture(autouse=True)
def as_it_was(town: Town, account: int) -> Iterator[None]:
    """What a test agreed is not agreed any more for the next."""
    yield
    agreed(town, BACK)


@pytest.fixture
def ask(town: Town, ingrid: Colleague) -> Iterator[Callable[[], dict[str, Any]]]:
    """A question on WhatsApp; closed afterwards."""
    made: list[int] = []

    def put(citizen: str = "lot") -> dict[str, Any]:
        text = f"Wanneer is het stadhuis open? {uuid4()}"
        town.call("/street/whatsapp/message", {"citizen": citizen, "text": text})
        found = ingrid.waits_for(text)
        made.append(int(found["id"]))
        return ingrid.get(f"conversations/{made[-1]}/")

    yield put
    for pk in made:
        ingrid.call("POST", f"conversations/{pk}/close/", json={"result": "no_answer_needed"})


@pytest.fixture
def bea(browser: Browser, town: Town) -> Iterator[Page]:
    page = log_in(browser, town, "beheer")
    yield page
    page.context.close()


def add_day(page: Page, date: str, hours: str, name: str) -> None:
    """In the first row that is empty."""
    at = page.locator("input[name=date]").count() - 2
    page.locator("input[name=date]").nth(at).fill(date)
    page.locator("input[name=hours]").nth(at).fill(hours)
    page.locator("input[name=name]").nth(at).fill(name)


def test_closing_day_is_looked_at_saved_and_moves_a_running_timer(
    bea: Page, town: Town, ingrid: Colleague, account: int, ask: Callable[[], dict[str, Any]]
) -> None:
    asked = ask()  # on Friday at the end of the day, with two hours to go: due on Monday
    assert asked["clock"]["due_at"][:10] == "2026-11-30"
    bea.goto(f"{town.inbox}/setup/")
    bea.get_by_role("link", name="Openingstijden en doelen").click()
    bea.get_by_test_id(f"hours-{account}").get_by_role("link", name="Openingstijden").click()
    add_day(bea, "2026-11-30", "", "Studiedag")
    bea.get_by_test_id("look").click()
    expect(bea.get_by_test_id("effect")).to_contain_text("lopende timer")
    expect(bea.get_by_text("dicht, Studiedag").first).to_be_visible()
    bea.get_by_test_id("year-2027").click()
    expect(bea.locator("h1")).to_contain_text("2027")
    bea.get_by_test_id("save").click()
    expect(bea.get_by_role("status").filter(has_text="Opgeslagen.")).to_contain_text("een andere tijd")
    expect(bea.locator("input[name=name]").first).to_have_value("Studiedag")
    assert ingrid.get(f"conversations/{asked['id']}/")["clock"]["due_at"][:10] == "2026-12-01"


def test_what_is_wrong_stays_with_its_words_and_nothing_is_saved(bea: Page, town: Town, account: int) -> None:
    bea.goto(f"{town.inbox}/setup/hours/{account}/")
    bea.locator("#day-5").fill("altijd")
    add_day(bea, "2026-12-24", "", "")
    bea.locator("#day-5").press("Enter")  # Enter looks; it takes nothing over and saves nothing
    expect(bea.get_by_test_id("wrong")).to_be_visible()
    expect(bea.locator("#day-5")).to_have_value("altijd")
    expect(bea.locator("#day-5")).to_have_attribute("aria-invalid", "true")
    expect(bea.get_by_text("Zeg waarom je dan dicht bent.")).to_be_visible()
    assert agreed(town, "print(settings.closing_days.count())") == "0"


def test_back_from_the_year_keeps_what_was_typed_without_scripts(browser: Browser, town: Town, account: int) -> None:
    page = log_in(browser, town, "beheer", java_script_enabled=False)
    page.goto(f"{town.inbox}/setup/hours/{account}/")
    page.get_by_test_id("bridge-days").click()
    expect(page.locator("input[name=name]").first).to_have_value("Brugdag bij Koningsdag")
    page.locator("#day-5").fill("10-14")
    page.get_by_test_id("look").click()
    page.get_by_test_id("back").click()
    expect(page.locator("#day-5")).to_have_value("10-14")
    page.get_by_role("button", name="Weghalen Brugdag bij Koningsdag").click()
    expect(page.locator("input[name=name]").first).to_have_value("Brugdag bij Hemelvaartsdag")
    page.context.close()


def test_urgent_gets_its_own_target_and_says_which(
    bea: Page, town: Town, ingrid: Colleague, account: int, ask: Callable[[], dict[str, Any]]
) -> None:
    bea.goto(f"{town.inbox}/setup/hours/{account}/targets/")
    bea.locator("#id_rows-0-priority").select_option("2")
    bea.locator("#id_rows-0-first").fill("20")
    bea.locator("#id_rows-0-next").fill("30")
    bea.get_by_test_id("save").click()
    expect(bea.get_by_role("status").filter(has_text="Opgeslagen.")).to_be_visible()
    asked = ask()
    bea.goto(f"{town.inbox}/conversations/{asked['id']}/")
    bea.get_by_test_id("label-topic").click()
    bea.get_by_test_id("priority-2").click()
    expect(bea.get_by_test_id("haste")).to_contain_text("dringend")
    expect(bea.get_by_test_id("timer").locator(".tip")).to_contain_text(
        "Doel 20 minuten: kanaal Gemeente Waterkant, prioriteit dringend."
    )
    expect(bea.locator(f"#row-{asked['id']} .haste")).to_contain_text("dringend")
    now = ingrid.get(f"conversations/{asked['id']}/")
    assert (now["priority"], now["clock"]["started_at"]) == (2, asked["clock"]["started_at"])
    assert now["clock"]["due_at"] < asked["clock"]["due_at"]


def test_acknowledgement_is_previewed_saved_and_reaches_the_citizen(
    bea: Page, town: Town, ingrid: Colleague, account: int, ask: Callable[..., dict[str, Any]]
) -> None:
    bea.goto(f"{town.inbox}/setup/replies/{account}/")
    words = f"Dank u wel, {{inwoner}}. Wij lezen uw bericht. {uuid4().hex[:6]}"
    bea.locator("#id_acknowledgement_text").fill(words)
    bea.get_by_test_id("look").click()
    expect(bea.get_by_test_id("preview-part").last).to_contain_text("Dank u wel, Aïsha.")
    bea.get_by_test_id("save").click()
    expect(bea.get_by_role("status").filter(has_text="Opgeslagen.")).to_be_visible()
    asked = ask("mehmet")  # to whom nothing else here says anything on WhatsApp
    sent = until(
        lambda: [
            message
            for message in ingrid.get(f"conversations/{asked['id']}/messages/")["results"]
            if message["kind"] == "auto_reply"
        ],
        what="the acknowledgement",
    )
    assert sent[0]["text"].endswith(words[-6:])
    bea.goto(f"{town.inbox}/conversations/{asked['id']}/")
    expect(bea.get_by_text("Ontvangstbevestiging verstuurd").first).to_be_attached()


def test_saturday_at_eleven_is_answered(bea: Page, town: Town, account: int) -> None:
    bea.goto(f"{town.inbox}/setup/replies/")
    bea.locator("#id_account").select_option(str(account))
    bea.locator("#id_at").fill("2026-11-28T11:00")
    bea.get_by_test_id("ask").click()
    told = bea.get_by_test_id("told")
    expect(told).to_contain_text("zaterdag 28 november 2026 11:00: Gesloten tot")
    expect(told.get_by_test_id("preview-part")).to_contain_text("maandag 09:00")
    bea.locator("#id_at").fill("2026-11-30T11:00")
    bea.get_by_test_id("ask").click()
    expect(told).to_contain_text("Geen ontvangstbevestiging: dit kanaal heeft er geen tekst voor.")


@pytest.mark.parametrize("look", ["wide-light", "narrow-dark"])
def test_screens_break_no_rule(browser: Browser, town: Town, account: int, look: str) -> None:
    first = log_in(browser, town, "beheer")
    page = browse(browser, LOOKS[look], storage_state=first.context.storage_state())
    first.context.close()
    for path in (
        "hours/",
        f"hours/{account}/targets/",
        f"replies/{account}/",
        "replies/?account=x",
        f"hours/{account}/",
    ):
        page.goto(f"{town.inbox}/setup/{path}")
        assert (path, violations(page)) == (path, [])
        wide = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert (path, wide) == (path, True)
    page.locator("#day-5").fill("altijd")
    page.get_by_test_id("look").click()
    expect(page.get_by_test_id("wrong")).to_be_visible()
    assert violations(page) == []
    page.locator("#day-5").fill("")
    add_day(page, "2026-12-24", "09:00-12:00", "Kerstavond")
    page.get_by_test_id("look").click()
    expect(page.get_by_test_id("summary")).to_be_visible()
    assert violations(page) == []
    page.context.close()
