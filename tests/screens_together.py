"""The screens of working together, for `make screenshots`: beside those of tests.screens, in the same town."""

from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect

from channels.clock import now
from tests.e2e.hands import Colleague, until
from tests.e2e.town import Town

POST = "104000000000001_100000000000002"
STORM = ("aisha", "henk", "sofie", "mehmet")
ABOUT = "stroomstoring"


def happen(town: Town) -> dict[str, int]:
    """Conversations by name: one with advice asked and given, one sent back twice, one with a note that names people,
    and a storm. And a pinned answer, and an answer to many that was sent."""
    fatima, ingrid, bram = (Colleague(town, name) for name in ("fatima", "ingrid", "bram"))
    of: dict[str, int] = {}

    def say(name: str, citizen: str, text: str) -> int:
        town.call("/street/facebook/comment", {"citizen": citizen, "text": text, "to": POST})
        of[name] = int(ingrid.waits_for(text, 60)["id"])
        return of[name]

    advised = say("advised", "aisha", "Mag ik met een verlopen paspoort nog stemmen?")
    fatima.claims(advised)
    question = "Klopt het dat een verlopen paspoort mag, als het niet ouder is dan vijf jaar?"
    ask = {"question": question, "department": "burgerzaken", "within_minutes": 120}
    given = fatima.do(f"conversations/{advised}/ask-advice/", **ask)
    answer = "Dat klopt. Het paspoort mag op de dag van de verkiezing hoogstens vijf jaar verlopen zijn."
    bram.do(f"advice/{given['id']}/answer/", text=answer)

    asking = say("asking", "mehmet", "Kan mijn zoon van 17 alleen een paspoort aanvragen?")
    fatima.claims(asking)
    fatima.do(f"conversations/{asking}/ask-advice/", **ask | {"question": "Mag dat zonder toestemming?"})
    note = "**Let op**, @fatima en @noor:\n- de moeder belde ook\n- zie https://www.waterkant.nl/paspoort"
    ingrid.do(f"conversations/{asking}/note/", text=note)

    bounced = say("bounced", "sofie", "Wie haalt de takken in het plantsoen weg?")
    for reason in ("Van wie is dit plantsoen?", "Toch van jullie, zie de kaart."):
        ingrid.do(f"conversations/{bounced}/route/", department="burgerzaken", note=reason)
        back = bram.call(
            "POST", f"conversations/{bounced}/bounce/", json={"reason": "Burgerzaken gaat niet over groen."}
        )
        assert back.status_code == 204, back.text  # out of his sight
    ingrid.do(f"conversations/{bounced}/route/", department="stadsbeheer", note="Noor, is dit van jullie?")

    for number in range(8):
        text = f"Hoe lang duurt de {ABOUT} in de wijk nog? {'!' * number}"
        town.call("/street/facebook/comment", {"citizen": STORM[number % 4], "text": text, "to": POST})
    until(lambda: len(_about(fatima)) == 8, 60, what="the storm")
    topic = next(each for each in ingrid.all("topics/") if each["name"] == "Openbare ruimte")
    ingrid.do(
        "pinned-answers/",
        topic=topic["id"],
        text="De stroom is in heel Oost uitgevallen. De netbeheerder werkt eraan; wij verwachten stroom om 18:00 uur.",
        until=(now() + timedelta(days=2)).isoformat(),
    )
    return of | {"storm": int(_about(fatima)[0]["id"])}


def _about(fatima: Colleague) -> list[Any]:
    return [row for row in fatima.all("conversations/?view=todo") if ABOUT in row["last_message_text"]]


def ready_to_go(page: Page, town: Town) -> None:
    """The check list of the storm, with an answer and how it looks."""
    page.goto(f"{town.inbox}/alike/")
    page.get_by_test_id("proposal").filter(has_text=ABOUT).click()
    page.get_by_test_id("alike-text").fill(
        "Dag {inwoner}, de netbeheerder verwacht dat u om 18:00 uur weer stroom hebt."
    )
    page.get_by_test_id("alike-preview").click()
    expect(page.get_by_test_id("alike-seen").first).to_be_visible()


def naming(page: Page) -> None:
    """A note with an @ in it."""
    page.get_by_test_id("mode-note").click()
    page.get_by_test_id("note").fill("")  # its draft was kept
    page.get_by_test_id("note").press_sequentially("@")
    expect(page.locator("#mentions [role=option]").first).to_be_visible()
