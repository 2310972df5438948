"""The screens of opening hours, targets and automatic replies, for `make screenshots`. Nothing of them is saved."""

from playwright.sync_api import Page


def first_account(page: Page, inbox: str) -> str:
    """The address of an account's hours."""
    page.goto(f"{inbox}/setup/hours/")
    return f"{inbox}{page.locator('.agreed-accounts a').first.get_attribute('href')}"


def wrong(page: Page, inbox: str) -> None:
    """The fields, with bridge days and a mistake."""
    page.goto(first_account(page, inbox))
    page.get_by_test_id("bridge-days").click()
    page.locator("#day-5").fill("altijd")
    page.get_by_test_id("look").click()
    page.get_by_test_id("wrong").wait_for()


def year(page: Page, inbox: str) -> None:
    """The year with bridge days, before it is saved."""
    page.goto(first_account(page, inbox))
    page.get_by_test_id("bridge-days").click()
    page.locator("#day-5").fill("10:00-14:00")
    page.get_by_test_id("look").click()
    page.get_by_test_id("year-2027").click()
    page.get_by_test_id("year-2028").wait_for()


def targets(page: Page, inbox: str) -> None:
    """A row for what is urgent."""
    page.goto(f"{first_account(page, inbox)}targets/")
    page.locator("#id_rows-0-priority").select_option("2")
    page.locator("#id_rows-0-first").fill("30")
    page.locator("#id_rows-0-next").fill("60")


def what_if(page: Page, inbox: str) -> None:
    """What a citizen gets on Saturday at eleven."""
    page.goto(f"{inbox}/setup/replies/")
    page.get_by_test_id("ask").click()
    page.get_by_test_id("told").wait_for()


def replies(page: Page, inbox: str) -> None:
    """Both texts as a citizen sees them."""
    page.goto(first_account(page, inbox).replace("/hours/", "/replies/"))
    page.locator("#id_acknowledgement_text").fill("Dank voor uw bericht, {inwoner}. Wij lezen het vandaag nog.")
    page.get_by_test_id("look").click()
    page.get_by_test_id("preview-part").first.wait_for()
