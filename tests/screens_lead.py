"""The screens of the team lead's desk, for `make screenshots`: beside those of tests.screens, in the same town."""

from uuid import uuid4

from playwright.sync_api import Page

from tests.e2e.hands import Colleague
from tests.e2e.town import Town


def happen(town: Town) -> dict[str, int]:
    """A sensitive conversation with an answer that waits, and one with an answer that was not approved."""
    fatima, ingrid = Colleague(town, "fatima"), Colleague(town, "ingrid")
    of: dict[str, int] = {}
    for name, citizen, text, said in (
        ("sensitive", "aisha", "Klopt het dat de wethouder de bomen laat kappen?", "Wij vragen het na voor u."),
        ("refused", "henk", "Komt de burgemeester zelf kijken bij de brug?", "Dat denken wij wel."),
    ):
        town.call("/street/facebook/visitor_post", {"citizen": citizen, "text": text, "page": "104000000000001"})
        of[name] = int(ingrid.waits_for(text, 60)["id"])
        fatima.claims(of[name])
        fatima.do(f"conversations/{of[name]}/mark-sensitive/", sensitive=True, ground="politics")
        fatima.answers(of[name], said, key=str(uuid4()))
    waits = next(each for each in ingrid.all("approvals/") if each["conversation"] == of["refused"])
    ingrid.do(f"approvals/{waits['id']}/refuse/", reason="Bel eerst de woordvoerder.")
    return of


def approving(page: Page, town: Town) -> None:
    """The page of the answer that waits."""
    page.goto(f"{town.inbox}/approvals/")
    page.get_by_test_id("waiting").locator("a").first.click()
    page.get_by_test_id("approval-page").wait_for()
