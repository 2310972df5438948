"""Every screen and state for `make screenshots`: what happens in the town first, and how each picture comes about.

A scene changes nothing that another one shows: it opens, types and looks. It runs once for each size and scheme.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, expect

from channels.simulator.samples import sample
from tests import screens_hours, screens_lead, screens_together
from tests.e2e.hands import Colleague, until
from tests.e2e.town import Town, log_in

PAGE = "104000000000001"
POST = f"{PAGE}_100000000000002"  # on waste paper, from the demo, with a picture
HARD = "Derhalve kunt u het beste mijn collega Jan bellen. Zijn nummer is 06-12345678."
LONG = (
    "De parkeervergunning is duurder, omdat de raad in november een nieuw tarief koos. U betaalt vanaf 1 januari "
    "€ 9,50 per maand. Hebt u een laag inkomen? Dan kunt u korting krijgen. Vraag die aan met DigiD op "
    "https://www.waterkant.nl/parkeren. Lukt dat niet? Bel ons op werkdagen op 14 0140."
)
WINDOW_CLOSED = """
from datetime import timedelta
from channels.clock import now
from inbox.models import AccountSettings, Conversation
from inbox.tasks import refresh_templates
refresh_templates()
Conversation.objects.filter(pk={pk}).update(last_inbound_at=now() - timedelta(days=2))
AccountSettings.objects.filter(account__kind="x").update(undo_seconds=7200)
"""
VIEWS = """
from channels.clock import now
from inbox.models import Department, SavedView, User
lead, webcare = User.objects.get(username="ingrid"), Department.objects.get(slug="webcare")
kept = {"owner": lead, "view": "todo", "created_at": now()}
SavedView.objects.create(name="Boze reacties", filters={"sentiment": "negative"}, **kept)
SavedView.objects.create(name="Facebook", department=webcare, filters={"platform": "facebook"}, **kept)
"""


@dataclass
class Scenery:
    """The town, and the conversations of a busy morning by name."""

    town: Town
    of: dict[str, int] = field(default_factory=dict)

    def open(self, page: Page, name: str) -> None:
        """The conversation itself."""
        page.goto(f"{self.town.inbox}/conversations/{self.of[name]}/")
        expect(page.get_by_test_id(f"pane-{self.of[name]}")).to_be_visible()

    def write(self, page: Page, name: str, text: str) -> None:
        """In the box for an answer."""
        self.open(page, name)
        page.get_by_test_id("composer").fill(text)


type Step = Callable[[Page, Scenery], None]


@dataclass(frozen=True)
class Scene:
    """Who looks, and what they do before the picture is taken."""

    user: str
    go: Step


def happen(browser: Browser, town: Town) -> Scenery:
    """What every scene needs; by the API where that can."""
    made = Scenery(town)
    fatima, ingrid = Colleague(town, "fatima"), Colleague(town, "ingrid")

    def say(name: str, kind: str, action: str, citizen: str, text: str, **data: object) -> str:
        told = town.call(f"/street/{kind}/{action}", {"citizen": citizen, "text": text, **data})
        made.of[name] = int(ingrid.waits_for(text, 60)["id"])
        return str(told["id"])

    say("beside", "facebook", "comment", "mehmet", "Bij ons in de Havenstraat is het al opgehaald.", to=POST)
    question = say("thread", "facebook", "comment", "sofie", "Geldt dit ook voor de Molenstraat?", to=POST)
    fatima.claims(made.of["thread"])
    ingrid.do(f"conversations/{made.of['thread']}/thread/")
    edited = "Geldt dit ook voor de Molenstraat en de Kerkstraat?"
    town.call("/street/facebook/edit", {"citizen": "sofie", "id": question, "text": edited})
    for citizen, symbol in (("mehmet", "👍"), ("aisha", "❤️")):
        town.call("/street/facebook/react", {"citizen": citizen, "id": question, "symbol": symbol})
    late = {"citizen": "sofie", "to": question, "text": "Laat maar, ik zie het al."}
    extra = town.call("/street/facebook/comment", late)
    until(lambda: fatima.holds(made.of["thread"], "Laat maar"), what="the second comment")
    town.call("/street/facebook/delete", {"citizen": "sofie", "id": extra["id"]})
    say(
        "personal",
        "facebook",
        "comment",
        "henk",
        "Mijn lantaarn is stuk. Bel 06-87654321 of mail henk@voorbeeld.nl.",
        to=POST,
    )
    say("window", "whatsapp", "message", "henk", "Wanneer wordt mijn grofvuil opgehaald?")
    say("long", "x", "mention", "aisha", "@gemwaterkant Waarom is mijn parkeervergunning duurder?")
    say("undo", "x", "mention", "mehmet", "@gemwaterkant Hoe laat gaat het stadhuis open?")
    say("blocked", "facebook", "visitor_post", "lot", "Wat een waardeloze club zijn jullie.", page=PAGE)
    say("alike", "whatsapp", "message", "lot", "Dag, ik ben Lot. Ik vroeg op Facebook al iets.")
    for name in ("personal", "window", "long", "undo"):
        fatima.claims(made.of[name])
    ingrid.do(
        f"conversations/{made.of['blocked']}/citizen/block/", ground="abuse", note="Scheldt al weken.", until=None
    )
    town.manage("shell", "--no-imports", "-c", WINDOW_CLOSED.format(pk=made.of["window"]))
    town.manage("shell", "--no-imports", "-c", VIEWS)
    page = log_in(browser, town, "fatima")  # only what is written by hand waits
    made.write(page, "undo", "Het stadhuis is open van 9 tot 17 uur.")
    page.get_by_test_id("send").click()
    page.get_by_test_id("leaving").wait_for()
    page.context.close()
    made.of |= screens_together.happen(town)
    made.of |= screens_lead.happen(town)
    return made


def _advice(page: Page, made: Scenery) -> None:
    page.goto(f"{made.town.inbox}/advice/")
    page.locator("main a[href^='/advice/']").first.click()
    page.wait_for_url("**/advice/*/")


def _naming(page: Page, made: Scenery) -> None:
    made.open(page, "asking")
    screens_together.naming(page)


def _availability(page: Page, made: Scenery) -> None:
    if page.locator(".menu.open").first.is_visible():
        page.locator(".menu.open").first.click()
    page.locator("summary").filter(has=page.locator(".atwork")).first.click()


# -- the list -----------------------------------------------------------------------------------------------------


def _filters(page: Page, made: Scenery) -> None:
    page.get_by_test_id("filter").click()
    page.locator("#f-text").wait_for()


def _narrowed(page: Page, made: Scenery) -> None:
    _filters(page, made)
    page.locator("#f-platform").select_option("facebook")
    page.get_by_test_id("filters-apply").click()
    page.get_by_test_id("chips").wait_for()


def _save_view(page: Page, made: Scenery) -> None:
    _narrowed(page, made)
    page.get_by_test_id("save-view").click()
    page.get_by_label("Naam").fill("Facebook deze week")


def _nothing_passes(page: Page, made: Scenery) -> None:
    _filters(page, made)
    page.locator("#f-text").fill("onvindbaar")
    page.get_by_test_id("filters-apply").click()
    page.get_by_text("Geen gesprek voldoet").wait_for()


def _select(page: Page, count: int = 3) -> None:
    page.get_by_test_id("selecting").check(force=True)
    boxes = page.locator("#rows .pick input")
    for number in range(count):
        boxes.nth(number).check(force=True)


def _bulk_choice(page: Page, made: Scenery) -> None:
    _select(page)
    page.get_by_test_id("bulk-route").click()
    page.get_by_test_id("bulk-choice").wait_for()


def _bulk_outcome(page: Page, made: Scenery) -> None:
    """Read changes nothing another scene shows."""
    _select(page)
    page.get_by_test_id("bulk-read").click()
    page.get_by_test_id("outcome").wait_for()


# -- the conversation ---------------------------------------------------------------------------------------------


def _deed(name: str, deed: str) -> Step:
    def go(page: Page, made: Scenery) -> None:
        made.open(page, name)
        page.get_by_test_id(deed).click()

    return go


def _opened(name: str) -> Step:
    return lambda page, made: made.open(page, name)


def _thread_top(page: Page, made: Scenery) -> None:
    made.open(page, "thread")
    page.get_by_test_id("post-picture").scroll_into_view_if_needed()


def _menu(page: Page, made: Scenery) -> None:
    made.open(page, "personal")
    page.locator(".theirs .there summary").first.click()


def _picture(page: Page, made: Scenery) -> None:
    made.open(page, "thread")
    page.get_by_test_id("post-picture").locator("a").click()
    page.locator("#viewer").wait_for()


def _panel(page: Page) -> None:
    """Where the citizen stands behind a button."""
    if not page.locator("#citizen").is_visible():
        page.locator("[popovertarget=citizen]:visible").first.click()


def _merge_search(page: Page, made: Scenery) -> None:
    made.open(page, "alike")
    _panel(page)
    page.get_by_test_id("merge-with").click()
    page.get_by_test_id("merge-q").fill("lot")
    page.get_by_test_id("found").wait_for()


def _merge_preview(page: Page, made: Scenery) -> None:
    _merge_search(page, made)
    page.get_by_test_id("found").get_by_role("link").first.click()
    page.get_by_test_id("preview").wait_for()


def _citizen_page(page: Page, made: Scenery) -> None:
    page.goto(f"{made.town.inbox}/conversations/{made.of['blocked']}/citizen/")


# -- the composer -------------------------------------------------------------------------------------------------


def _long(page: Page, made: Scenery) -> None:
    made.write(page, "long", LONG)
    page.get_by_test_id("as-thread").wait_for()


def _thread_preview(page: Page, made: Scenery) -> None:
    _long(page, made)
    page.get_by_test_id("preview-button").click()
    page.get_by_test_id("preview").wait_for()


def _personal(page: Page, made: Scenery) -> None:
    made.write(page, "personal", HARD)
    page.get_by_test_id("hint").first.wait_for()
    page.get_by_test_id("send").click()
    page.get_by_test_id("found").first.wait_for()


def _house_style(page: Page, made: Scenery) -> None:
    made.write(page, "personal", HARD)
    style = page.get_by_test_id("house-style").locator("summary")
    if style.is_visible():  # not beside the composer of a phone
        style.click()


def _replies(page: Page, made: Scenery) -> None:
    made.open(page, "thread")
    page.get_by_test_id("composer").press_sequentially("Goedemorgen. /", delay=20)
    page.locator("#replies-list [role=option]").first.wait_for()


def _file(page: Page, made: Scenery) -> None:
    made.write(page, "thread", "De containers worden vrijdag geleegd.")
    while page.get_by_test_id("remove-file").count():
        page.get_by_test_id("remove-file").first.click()
        page.wait_for_load_state("networkidle")
    picture = {"name": "container.jpg", "mimeType": "image/jpeg", "buffer": sample("volle-container.jpg")}
    page.get_by_test_id("file-field").set_input_files(picture)
    expect(page.locator("[data-file]")).to_have_count(1)


def _private(page: Page, made: Scenery) -> None:
    made.open(page, "personal")
    page.get_by_test_id("way-private").locator("summary").click()
    page.get_by_test_id("private-text").fill("Goedemorgen. Stuurt u ons uw adres? Dan zoeken wij het voor u uit.")


def _template(page: Page, made: Scenery) -> None:
    made.open(page, "window")
    page.locator("[data-choice]").filter(has_text="Gesprek hervatten").click()
    page.get_by_test_id("variable-onderwerp").fill("grofvuil")


# -- everywhere ---------------------------------------------------------------------------------------------------


def _at(path: str) -> Step:
    def go(page: Page, made: Scenery) -> None:
        page.goto(f"{made.town.inbox}{path}")

    return go


def _palette(page: Page, made: Scenery) -> None:
    made.open(page, "thread")
    page.locator("#pane-title").focus()
    page.keyboard.press("Control+k")
    page.locator("#palette-input").wait_for()


def _keys(page: Page, made: Scenery) -> None:
    page.locator("#rows").focus()
    page.keyboard.press("?")
    page.locator("#keys").wait_for()


def _search(text: str) -> Step:
    def go(page: Page, made: Scenery) -> None:
        page.goto(f"{made.town.inbox}/search/")
        page.get_by_role("searchbox").first.fill(text)
        page.get_by_role("searchbox").first.press("Enter")

    return go


def _offline(page: Page, made: Scenery) -> None:
    made.open(page, "thread")
    page.context.set_offline(True)
    page.locator("#offline").wait_for()


def _ended(page: Page, made: Scenery) -> None:
    made.open(page, "thread")
    page.context.clear_cookies(name="sessionid")
    page.evaluate("webcare.ended()")


def _menu_drawer(page: Page, made: Scenery) -> None:
    if page.locator("[data-menu=open]").first.is_visible():
        page.locator("[data-menu=open]").first.click()


def _row(text: str, then: Step | None = None, view: str = "todo") -> Step:
    """Opened from the list, as one does."""

    def go(page: Page, made: Scenery) -> None:
        page.goto(f"{made.town.inbox}/inbox/{view}/")
        open_row(page, text)
        if then is not None:
            then(page, made)

    return go


def open_row(page: Page, text: str) -> None:
    """Open the conversation with these words in the list."""
    page.locator("[data-testid^=row-]").filter(has_text=text).locator("a").first.click()
    page.locator("[data-testid^=message-]").filter(has_text=text).first.wait_for()


def _rule_tried(page: Page, made: Scenery) -> None:
    _at("/setup/rules/new/")(page, made)
    page.get_by_label("Naam van de regel").fill("Grofvuil")
    page.get_by_label("Minstens één van deze woorden staat erin").fill("grofvuil, container, lantaarnpaal")
    page.get_by_label("Doorzetten naar").select_option(label="Stadsbeheer")
    page.get_by_test_id("try-rule").click()
    expect(page.get_by_test_id("tried")).to_be_visible()


SCENES: dict[str, Scene] = {
    "list": Scene("fatima", _at("/inbox/todo/")),
    "conversation-mine": Scene("fatima", _row("oude paspoort")),
    "composer-note": Scene(
        "fatima", _row("oude paspoort", lambda page, made: page.get_by_test_id("mode-note").click())
    ),
    "conversation-unclaimed": Scene("fatima", _row("brug bij de haven")),
    "conversation-closed": Scene("fatima", _row("Complimenten", view="closed")),
    "conversation-expert": Scene("bram", _row("gestolen")),
    "conversation-of-a-colleague": Scene("joris", _row("oude paspoort")),
    "view-mine": Scene("fatima", _at("/inbox/mine/")),
    "view-late": Scene("fatima", _at("/inbox/late/")),
    "view-closed": Scene("fatima", _at("/inbox/closed/")),
    "preferences": Scene("fatima", _at("/preferences/")),
    "not-found": Scene("fatima", _at("/conversations/999999/")),
    "nothing-lost": Scene("beheer", _at("/nothing-lost/")),
    "filters": Scene("fatima", _filters),
    "filters-set": Scene("fatima", _narrowed),
    "filters-nothing": Scene("fatima", _nothing_passes),
    "save-view": Scene("fatima", _save_view),
    "saved-views": Scene("ingrid", _at("/inbox/weergaven/")),
    "menu": Scene("ingrid", _menu_drawer),
    "bulk-selected": Scene("fatima", lambda page, made: _select(page)),
    "bulk-choice": Scene("fatima", _bulk_choice),
    "bulk-outcome": Scene("ingrid", _bulk_outcome),
    "view-waiting": Scene("fatima", _at("/inbox/waiting/")),
    "view-department": Scene("ingrid", _at("/inbox/department/burgerzaken/")),
    "thread": Scene("fatima", _opened("thread")),
    "thread-post": Scene("fatima", _thread_top),
    "picture": Scene("fatima", _picture),
    "personal-mark": Scene("fatima", _opened("personal")),
    "message-menu": Scene("fatima", _menu),
    "act-route": Scene("fatima", _deed("thread", "act-route")),
    "act-assign": Scene("ingrid", _deed("thread", "act-assign")),
    "act-snooze": Scene("fatima", _deed("thread", "act-snooze")),
    "act-close": Scene("fatima", _deed("thread", "act-close")),
    "labels": Scene("fatima", _deed("thread", "label-topic")),
    "blocked": Scene("fatima", _opened("blocked")),
    "citizen-page": Scene("ingrid", _citizen_page),
    "merge-search": Scene("fatima", _merge_search),
    "merge-preview": Scene("fatima", _merge_preview),
    "composer-undo": Scene("fatima", _opened("undo")),
    "composer-long": Scene("fatima", _long),
    "composer-preview": Scene("fatima", _thread_preview),
    "composer-personal": Scene("fatima", _personal),
    "composer-style": Scene("fatima", _house_style),
    "composer-replies": Scene("fatima", _replies),
    "composer-file": Scene("fatima", _file),
    "composer-private": Scene("fatima", _private),
    "composer-window": Scene("fatima", _opened("window")),
    "composer-template": Scene("fatima", _template),
    "only-read": Scene("meelezer", _opened("thread")),
    "palette": Scene("fatima", _palette),
    "keys": Scene("fatima", _keys),
    "search": Scene("fatima", _search("paspoort")),
    "search-citizen": Scene("fatima", _search("lot")),
    "search-nothing": Scene("fatima", _search("onvindbaar")),
    "standard-replies": Scene("ingrid", _at("/standard-replies/")),
    "standard-reply": Scene("ingrid", _at("/standard-replies/new/")),
    "offline": Scene("fatima", _offline),
    "session-ended": Scene("fatima", _ended),
    "not-allowed": Scene("fatima", _at("/nothing-lost/")),
    "beheer": Scene("beheer", _at("/beheer/")),
    "beheer-account": Scene("beheer", _at("/beheer/channels/account/")),
    "advice-given": Scene("fatima", _opened("advised")),
    "advice-asked": Scene("fatima", _opened("asking")),
    "advice": Scene("bram", _advice),
    "advices": Scene("bram", _at("/advice/")),
    "act-advice": Scene("fatima", _deed("thread", "act-advice")),
    "act-bounce": Scene("noor", _deed("bounced", "act-bounce")),
    "bounced": Scene("noor", _opened("bounced")),
    "note-naming": Scene("fatima", _naming),
    "notices": Scene("fatima", _at("/notices/")),
    "alike": Scene("fatima", _at("/alike/")),
    "alike-ready": Scene("fatima", lambda page, made: screens_together.ready_to_go(page, made.town)),
    "pinned-answers": Scene("ingrid", _at("/pinned-answers/")),
    "pinned-answer": Scene("ingrid", _at("/pinned-answers/new/")),
    "team": Scene("ingrid", _at("/team/")),
    "team-of-an-agent": Scene("fatima", _at("/team/")),
    "shift": Scene("fatima", _at("/shift/")),
    "availability": Scene("fatima", _availability),
    "setup-hours": Scene("beheer", _at("/setup/hours/")),
    "setup-hours-wrong": Scene("beheer", lambda page, made: screens_hours.wrong(page, made.town.inbox)),
    "setup-hours-year": Scene("beheer", lambda page, made: screens_hours.year(page, made.town.inbox)),
    "setup-targets": Scene("beheer", lambda page, made: screens_hours.targets(page, made.town.inbox)),
    "setup-replies": Scene("beheer", lambda page, made: screens_hours.what_if(page, made.town.inbox)),
    "setup-replies-of": Scene("beheer", lambda page, made: screens_hours.replies(page, made.town.inbox)),
    "setup-channels": Scene("beheer", _at("/setup/channels/")),
    "setup-channel-make": Scene("beheer", _at("/setup/channels/apps/1/")),  # as seeded: the app at X
    "setup-channel-keys": Scene("beheer", _at("/setup/channels/apps/1/keys/")),
    "setup-channel": Scene("beheer", _at("/setup/channels/1/")),
    "setup-channel-check": Scene("beheer", _at("/setup/channels/1/check/")),
    "setup-channel-disconnect": Scene("beheer", _at("/setup/channels/1/disconnect/")),
    "setup": Scene("beheer", _at("/setup/")),
    "setup-topics": Scene("beheer", _at("/setup/topics/")),
    "setup-topic": Scene("beheer", _at("/setup/topics/new/")),
    "setup-rules": Scene("beheer", _at("/setup/rules/")),
    "setup-rule": Scene("beheer", _at("/setup/rules/new/")),
    "setup-rule-tried": Scene("beheer", _rule_tried),
    "board": Scene("ingrid", _at("/board/")),
    "approvals": Scene("ingrid", _at("/approvals/")),
    "approval": Scene("ingrid", lambda page, made: screens_lead.approving(page, made.town)),
    "sensitive": Scene("fatima", _opened("sensitive")),
    "not-approved": Scene("fatima", _opened("refused")),
    "setup-approvers": Scene("beheer", _at("/setup/approvers/")),
    "setup-approver-group": Scene("beheer", _at("/setup/approvers/1/")),
    "setup-escalation": Scene("beheer", _at("/setup/escalation/")),
    "setup-escalation-rule": Scene("beheer", _at("/setup/escalation/1/")),
}
