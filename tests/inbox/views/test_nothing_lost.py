"""Niets kwijt: for administrators only, without message text; per account how it stands, in words."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels import liveness
from channels.clock import now
from channels.models import Account, AccountState, EventState, GapCheck, InboundEvent, PlatformApp
from inbox import alerts, audit
from inbox.models import AccountSettings, Conversation, Department, Message, User
from inbox.views import nothing_lost_cards as cards
from inbox.views import nothing_lost_facts as facts
from tests.inbox.views.test_lists import browser

PAGE = "/nothing-lost/"
CALM = "Alles wat is ontvangen, is een gesprek geworden"

type Make = Callable[..., Conversation]


@pytest.fixture(autouse=True)
def worker() -> None:
    """A worker that was there just now."""
    liveness.worker_is_alive(liveness.queues())
    liveness._probes.forget()


@pytest.fixture
def well(accounts: dict[str, Account]) -> dict[str, Account]:
    """Accounts with which nothing is the matter."""
    moment = now()
    Account.objects.update(
        last_received_at=moment - timedelta(minutes=3),
        last_sent_at=moment - timedelta(minutes=5),
        checked_at=moment - timedelta(minutes=7),
        webhook_checked_at=moment - timedelta(minutes=7),
        gaps_checked_at=moment - timedelta(minutes=4),
    )
    for account in accounts.values():
        gap_check(account, found=0)
    return accounts


def gap_check(account: Account, minutes: float = 4, **fields: Any) -> GapCheck:
    moment = now() - timedelta(minutes=minutes)
    return GapCheck.objects.create(
        **{"account": account, "since": moment, "started_at": moment, "ended_at": moment} | fields
    )


def failed_events(app: PlatformApp, count: int, state: EventState = EventState.FAILED) -> list[InboundEvent]:
    moment = now()
    return InboundEvent.objects.bulk_create(
        InboundEvent(
            app=app,
            dedupe_key=f"{state}-{number}",
            body=b'{"text": "geheim"}',
            received_at=moment - timedelta(seconds=number),
            processed_at=moment,
            state=state,
            reason="builtins.KeyError" if state != EventState.STORED else "",
        )
        for number in range(count)
    )


def answer(conversation: Conversation, state: str, **fields: Any) -> Message:
    values = {"sent_at": now(), "state_at": now(), "text": "geheim", "public": conversation.public} | fields
    return Message.objects.create(
        conversation=conversation, account=conversation.account, direction="out", kind="answer", state=state, **values
    )


def lines(account: Account) -> dict[str, tuple[str, str, str]]:
    """A card's facts by label: words, tone and the sentence below."""
    moment = now()
    one = next(one for one in facts.of_accounts(moment) if one.account == account)
    return {line.label: (line.words, line.tone, line.why) for line in cards.card(one, [], moment).lines}


def page(user: User, query: str = "") -> str:
    response = browser(user).get(PAGE + query)
    assert response.status_code == 200
    return str(response.content.decode())


# -- who ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["agent", "lead", "viewer", "expert"])
def test_others_are_told_who_can_help(
    request: pytest.FixtureRequest, who: str, well: dict[str, Account], apps: dict[str, PlatformApp]
) -> None:
    client = browser(request.getfixturevalue(who))
    [event] = failed_events(apps["x"], 1)
    response = client.get(PAGE)
    assert response.status_code == 403
    assert response.content.decode().count("Deze pagina is niet voor jou") == 2
    statuses = [
        client.get(f"{PAGE}accounts/").status_code,
        client.post(f"{PAGE}replay/", {"event": event.pk}).status_code,
        client.post(f"{PAGE}files/").status_code,
        client.post(f"{PAGE}accounts/{well['x'].pk}/gaps/").status_code,
    ]
    assert statuses == [403] * 4
    event.refresh_from_db()
    assert event.state == EventState.FAILED


# -- the one sentence ---------------------------------------------------------------------------------------------


def test_when_all_is_well_it_says_so_calmly(admin: User, well: dict[str, Account]) -> None:
    text = page(admin)
    assert text.count(CALM) == 1
    assert text.count("Het laatste bericht kwam binnen: 3 minuten geleden.") == 1
    assert text.count("vragen je aandacht") == 0


def test_without_a_channel_it_says_how_to_begin(admin: User) -> None:
    text = page(admin)
    assert text.count("Er is nog geen kanaal aangesloten") == 1
    assert text.count(CALM) == 0


def test_without_a_worker_it_says_what_stands_still(admin: User, well: dict[str, Account], settings: Any) -> None:
    for queue in liveness.queues():
        liveness.wire(settings.REDIS_URL).delete(liveness.worker_key(queue))
    liveness._probes.forget()
    assert page(admin).count("Verwerken en versturen staan stil") == 1


def test_everything_that_needs_a_person_is_named_with_a_way_to_it(
    admin: User, well: dict[str, Account], apps: dict[str, PlatformApp], make_conversation: Make
) -> None:
    failed_events(apps["whatsapp"], 2)
    Account.objects.filter(pk=well["x"].pk).update(state=AccountState.BROKEN, error_reason="token", error_at=now())
    Account.objects.filter(pk=well["facebook"].pk).update(webhook_problem="invalid")
    answer(make_conversation(), "failed", error_reason="window_closed")
    text = page(admin)
    assert text.count("4 dingen vragen je aandacht") == 1
    wanted = (
        ("De verbinding met Gemeente Waterkant (X) is verbroken", f"#account-{well['x'].pk}"),
        ("Facebook geeft berichten aan Gemeente Waterkant niet vanzelf door", f"#account-{well['facebook'].pk}"),
        ("2 meldingen van platforms konden niet worden verwerkt", "#notices"),
        ("1 antwoord wacht op het besluit van een collega", "#answers"),
    )
    verdict = text.split('data-testid="verdict"')[1].split("</section>")[0]
    assert re.findall(r'<a href="([^"]*)">([^<]*)</a>', verdict) == [(href, words) for words, href in wanted]
    for words, href in wanted:
        assert text.count(f'<a href="{href}">{words}</a>') == 1
        assert text.count(f' id="{href[1:]}"') == 1


def test_mail_that_would_reach_nobody_is_told(admin: User, well: dict[str, Account], settings: Any) -> None:
    settings.MAILERS = {"default": {"BACKEND": alerts.NO_BACKEND}}
    assert page(admin).count("E-mail is niet ingesteld") == 1
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    assert page(admin).count("Geen enkele beheerder heeft een e-mailadres") == 1
    User.objects.filter(pk=admin.pk).update(email="beheer@example.nl")
    text = page(admin)
    assert (text.count("E-mail is niet ingesteld"), text.count("e-mailadres:")) == (0, 0)


# -- the cards ----------------------------------------------------------------------------------------------------


def test_card_of_an_account_that_works(well: dict[str, Account]) -> None:
    assert lines(well["facebook"]) == {
        "Laatste bericht": ("3 minuten geleden", "", ""),
        "Laatste antwoord": ("5 minuten geleden", "", ""),
        "Verwerken": ("niets wacht", "good", ""),
        "Versturen": ("niets wacht", "good", ""),
        "Gemiste berichten": ("gezocht 4 minuten geleden: niets gemist", "good", ""),
        "Webhook": ("Facebook geeft berichten direct door", "good", "Nagekeken: 7 minuten geleden."),
        "Toegang": ("werkt", "good", "Nagekeken: 7 minuten geleden."),
    }


def test_card_of_a_new_account(accounts: dict[str, Account]) -> None:
    assert lines(accounts["x"]) == {
        "Laatste bericht": ("nog geen", "", ""),
        "Laatste antwoord": ("nog geen", "", ""),
        "Verwerken": ("niets wacht", "good", ""),
        "Versturen": ("niets wacht", "good", ""),
        "Gemiste berichten": ("nog niet gezocht", "", ""),
        "Webhook": ("nog niet nagekeken", "", ""),
        "Toegang": ("nog niet nagekeken", "", ""),
    }


@pytest.mark.parametrize(
    ("fields", "words", "tone", "why"),
    [
        ({"found": 1}, "gezocht zojuist: 1 bericht gevonden", "good", ""),
        ({"found": 12}, "gezocht zojuist: 12 berichten gevonden", "good", ""),
        ({"ended_at": None}, "wordt nu gezocht", "busy", ""),
        (
            {"reason": "busy"},
            "gezocht zojuist",
            "busy",
            "Het zoeken brak af: Facebook antwoordt nu niet. Het wordt vanzelf opnieuw gevraagd.",
        ),
    ],
)
def test_card_says_what_the_last_search_came_to(
    well: dict[str, Account], fields: dict[str, Any], words: str, tone: str, why: str
) -> None:
    gap_check(well["facebook"], minutes=0, **fields)
    assert lines(well["facebook"])["Gemiste berichten"] == (words, tone, why)


def test_search_whose_worker_died_does_not_run_for_ever(well: dict[str, Account]) -> None:
    gap_check(well["x"], minutes=11, ended_at=None)
    GapCheck.objects.filter(account=well["x"], ended_at__isnull=False).delete()
    assert lines(well["x"])["Gemiste berichten"] == ("gezocht 4 minuten geleden", "good", "")


def test_not_searched_for_long_needs_a_person(admin: User, well: dict[str, Account]) -> None:
    Account.objects.filter(pk=well["x"].pk).update(gaps_checked_at=now() - timedelta(hours=3))
    words = "Bij Gemeente Waterkant (X) is al langer dan een uur niet gezocht naar gemiste berichten"
    assert page(admin).count(words) == 1


def test_processing_tells_of_the_other_accounts_of_the_app(
    well: dict[str, Account], apps: dict[str, PlatformApp]
) -> None:
    Account.objects.create(app=apps["facebook"], kind="facebook", external_id="9", name="Stadsboerderij")
    failed_events(apps["facebook"], 130)
    words, tone, why = lines(well["facebook"])["Verwerken"]
    assert (words, tone, why) == ("niets wacht", "bad", "Samen met Stadsboerderij.")


def test_what_waits_for_a_minute_is_being_processed_and_later_it_stands_still(
    admin: User, well: dict[str, Account], apps: dict[str, PlatformApp]
) -> None:
    [event] = failed_events(apps["x"], 1, EventState.STORED)
    assert lines(well["x"])["Verwerken"][1] == "busy"
    assert page(admin).count("Alles gaat goed: wat net binnenkwam wordt verwerkt") == 1
    InboundEvent.objects.filter(pk=event.pk).update(received_at=now() - timedelta(minutes=3))
    assert lines(well["x"])["Verwerken"][1] == "bad"
    assert page(admin).count("Verwerken staat stil sinds") == 1


@pytest.mark.parametrize(
    ("fields", "queued", "why"),
    [
        ({"state": "broken"}, {}, "Versturen staat stil omdat de verbinding verbroken is."),
        ({"state": "paused"}, {}, "Versturen staat stil omdat het kanaal gepauzeerd is."),
        ({}, {}, ""),
    ],
)
def test_sending_says_why_it_stands_still(
    well: dict[str, Account], make_conversation: Make, fields: dict[str, Any], queued: dict[str, Any], why: str
) -> None:
    answer(make_conversation(kind="x"), "queued", send_at=now(), **queued)
    Account.objects.filter(pk=well["x"].pk).update(**fields)
    assert lines(well["x"])["Versturen"] == ("1 wacht", "busy", why)


def test_rate_limit_is_told_with_its_end(well: dict[str, Account], make_conversation: Make) -> None:
    until = now() + timedelta(minutes=10)
    answer(make_conversation(kind="x"), "queued", send_at=until, error_reason="rate_limit")
    words, tone, why = lines(well["x"])["Versturen"]
    assert (words, tone) == ("1 wacht", "busy")
    assert why.startswith("Versturen staat stil tot ")
    assert why.endswith(": X neemt nu niets meer aan.")


def test_uncertain_and_failed_answers_are_counted_apart(well: dict[str, Account], make_conversation: Make) -> None:
    conversation = make_conversation(kind="x")
    answer(conversation, "unknown", send_at=now())
    answer(conversation, "unknown", send_at=None)
    answer(conversation, "failed")
    assert lines(well["x"])["Versturen"] == ("1 wordt nagevraagd", "bad", "")


def test_broken_account_says_since_when_why_and_what_to_do(admin: User, well: dict[str, Account]) -> None:
    Account.objects.filter(pk=well["x"].pk).update(
        state=AccountState.BROKEN, error_reason="token", error_at=now() - timedelta(days=3)
    )
    text = page(admin)
    assert text.count('<p class="wrong">De verbinding is verbroken sinds ') == 1
    assert text.count(f'/setup/channels/{well["x"].pk}/"') == 1


def test_webhook_that_is_not_called_has_its_button_only_then(admin: User, well: dict[str, Account]) -> None:
    button = f'data-testid="webhook-{well["facebook"].pk}"'
    assert page(admin).count(button) == 0
    Account.objects.filter(pk=well["facebook"].pk).update(webhook_problem="unsubscribed")
    assert page(admin).count(button) == 1
    words = ("Facebook geeft ons geen berichten door", "bad", "Nagekeken: 7 minuten geleden.")
    assert lines(well["facebook"])["Webhook"] == words


def test_paused_account_is_not_searched(admin: User, well: dict[str, Account]) -> None:
    Account.objects.filter(pk=well["x"].pk).update(
        state=AccountState.PAUSED, gaps_checked_at=now() - timedelta(days=9), webhook_problem="invalid"
    )
    text = page(admin)
    assert text.count(CALM) == 1
    assert text.count(f'data-testid="gaps-{well["x"].pk}"') == 0
    assert text.count(f'data-testid="check-{well["x"].pk}"') == 1


def test_access_that_ends_soon_needs_a_person(admin: User, well: dict[str, Account]) -> None:
    Account.objects.filter(pk=well["facebook"].pk).update(token_expires_at=now() + timedelta(days=3))
    assert page(admin).count("De toegang van Gemeente Waterkant (Facebook) verloopt binnenkort") == 1


def test_cost_of_searching_stands_at_x_alone(admin: User, well: dict[str, Account]) -> None:
    assert page(admin).count("Zoeken kost geld bij X") == 1


def test_the_screen_looks_again_only_while_something_runs(admin: User, well: dict[str, Account]) -> None:
    assert page(admin).count('hx-trigger="every 2s"') == 0
    audit.record(None, "gap_repair_asked", admin, account=well["x"].pk)
    assert page(admin).count('hx-trigger="every 2s"') == 1
    fragment = browser(admin).get(f"{PAGE}accounts/").content.decode()
    assert (fragment.count('hx-trigger="every 2s"'), fragment.count("<html")) == (1, 0)
    gap_check(well["x"], minutes=-0.001, by_hand=True, found=3)
    fragment = browser(admin).get(f"{PAGE}accounts/").content.decode()
    assert fragment.count('hx-trigger="every 2s"') == 0
    assert fragment.count("Gezocht: 3 berichten gevonden.") == 1


# -- answers ------------------------------------------------------------------------------------------------------


def test_answers_that_wait_for_a_person_are_listed_without_text(
    admin: User, well: dict[str, Account], make_conversation: Make, burgerzaken: Department
) -> None:
    conversation = make_conversation()
    answer(conversation, "failed", error_reason="window_closed")
    elsewhere = make_conversation(department=burgerzaken)
    answer(elsewhere, "failed")
    text = page(admin)
    assert text.count(f'href="/conversations/{conversation.pk}/"') == 1
    assert text.count(f'href="/conversations/{elsewhere.pk}/"') == 0
    assert text.count("Het venster van 24 uur is dicht.") == 1
    assert text.count("geheim") == 0
    only_x = page(admin, f"?account={well['x'].pk}")
    assert only_x.count(f'href="/conversations/{conversation.pk}/"') == 0


def test_broken_account_is_told_to_its_department(
    accounts: dict[str, Account], agent: User, expert: User, webcare: Department
) -> None:
    Account.objects.filter(pk=accounts["x"].pk).update(state=AccountState.BROKEN)
    sentence = "De verbinding met Gemeente Waterkant (X) is verbroken."
    assert browser(agent).get("/status/").content.decode().count(sentence) == 1
    assert browser(expert).get("/status/").content.decode().count(sentence) == 0


# -- the cost -----------------------------------------------------------------------------------------------------


def test_as_many_queries_for_one_account_as_for_twelve_and_five_hundred_failures(
    admin: User, apps: dict[str, PlatformApp], webcare: Department, make_conversation: Make
) -> None:
    Account.objects.exclude(kind="x").delete()
    audit.record(None, "gap_repair_asked", admin, account=Account.objects.get().pk)
    failed_events(apps["x"], 1)
    counts = []
    for size in (0, 11):
        for number in range(size):
            more = Account.objects.create(app=apps["x"], kind="x", external_id=f"1{number}", name=f"Wijk {number}")
            AccountSettings.objects.create(account=more, department=webcare)
            gap_check(more)
            answer(make_conversation(kind="x"), "failed")
            answer(make_conversation(kind="x"), "queued", send_at=now())
            audit.record(None, "gap_repair_asked", admin, account=more.pk)
        if size:
            failed_events(apps["facebook"], 500)
        client = browser(admin)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(PAGE).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 30


def test_menu_is_whole_beside_answers_that_wait_for_nobody(admin: User, well: dict[str, Account]) -> None:
    text = browser(admin).get("/nothing-lost/").content.decode()
    assert [text.count(part) for part in ('id="approval-count"', 'href="/alike/"')] == [1, 1]
