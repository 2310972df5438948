"""Niets kwijt's buttons and lists: asked once whoever presses, written down, and all of them by pages."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from channels.clock import now
from channels.models import Account, EventState, GapCheck, InboundEvent, PlatformApp
from inbox import kick, replaying, tasks
from inbox.models import Attachment, AttachmentState, AuditEntry, Conversation, Message, User
from inbox.views import nothing_lost_asked as asked
from inbox.views import nothing_lost_facts as facts
from tests.inbox.threads import together
from tests.inbox.views.test_lists import browser
from tests.inbox.views.test_nothing_lost import PAGE, failed_events, gap_check, page

real_producer = kick.producer
TASKS = {
    "check": ("channels.tasks.check_account", "account_check_asked"),
    "gaps": ("channels.tasks.repair_account", "gap_repair_asked"),
    "webhook": ("channels.tasks.restore_webhook", "webhook_restore_asked"),
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[object]]]:
    """Tasks that would have been queued."""
    names: list[tuple[str, list[object]]] = []

    class Producer:
        def send_task(self, name: str, args: list[object], retry: bool) -> None:
            names.append((name, args))

    monkeypatch.setattr(kick, "producer", Producer)
    return names


@pytest.fixture
def dead_queue(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens where Redis was."""
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(kick, "producer", real_producer.__wrapped__)  # a new one, for that address


def press(user: User, account: Account, what: str) -> str:
    response = browser(user).post(f"{PAGE}accounts/{account.pk}/{what}/", follow=True)
    assert response.status_code == 200
    return str(response.content.decode())


def verbs() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))


# -- the buttons of an account --------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", TASKS)
def test_button_is_asked_written_down_and_shown_as_running(
    admin: User, accounts: dict[str, Account], sent: list[tuple[str, list[object]]], what: str
) -> None:
    account = accounts["facebook"]
    text = press(admin, account, what)
    task, verb = TASKS[what]
    assert sent == [(task, [account.pk])]
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor_id, entry.data) == (verb, admin.pk, {"account": account.pk})
    assert text.count("gevraagd door Bea Heer") == 1
    assert text.count('hx-trigger="every 2s"') == 1


def test_second_press_while_it_runs_asks_nothing(
    admin: User, accounts: dict[str, Account], sent: list[tuple[str, list[object]]]
) -> None:
    press(admin, accounts["x"], "gaps")
    text = press(admin, accounts["x"], "gaps")
    assert len(sent) == 1
    assert verbs() == ["gap_repair_asked"]
    assert text.count("Dat was al gevraagd en loopt nog. Het is niet nog eens gevraagd.") == 1


def test_search_that_runs_by_itself_is_not_asked_for_again(
    admin: User, accounts: dict[str, Account], sent: list[tuple[str, list[object]]]
) -> None:
    gap_check(accounts["x"], minutes=0, ended_at=None)
    press(admin, accounts["x"], "gaps")
    assert (sent, verbs()) == ([], [])


def test_platform_that_wants_to_be_left_alone_is(
    admin: User, accounts: dict[str, Account], sent: list[tuple[str, list[object]]]
) -> None:
    gap_check(accounts["x"], minutes=1, reason="rate_limit", retry_at=now() + timedelta(minutes=9))
    text = press(admin, accounts["x"], "gaps")
    assert (sent, verbs()) == ([], [])
    assert text.count("Het platform wil later pas weer vragen krijgen. Dan wordt er vanzelf gezocht.") == 1
    assert text.count("Niet eerder dan ") == 1


@pytest.mark.django_db(transaction=True)
def test_two_administrators_at_the_same_instant_ask_once(
    admin: User, accounts: dict[str, Account], sent: list[tuple[str, list[object]]]
) -> None:
    pk = accounts["x"].pk
    answers = together(*[lambda: asked.ask(pk, "gaps", admin)] * 4)
    assert sorted(answer.value for answer in answers) == ["asked", "runs", "runs", "runs"]
    assert len(sent) == 1
    assert verbs() == ["gap_repair_asked"]


def test_once_done_it_can_be_asked_again(
    admin: User, accounts: dict[str, Account], sent: list[tuple[str, list[object]]]
) -> None:
    press(admin, accounts["x"], "check")
    Account.objects.filter(pk=accounts["x"].pk).update(checked_at=now())
    assert page(admin).count("Gecontroleerd: de verbinding met X werkt.") == 1
    press(admin, accounts["x"], "check")
    assert len(sent) == 2


def test_what_nobody_did_in_time_can_be_asked_again(
    admin: User, accounts: dict[str, Account], sent: list[tuple[str, list[object]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    press(admin, accounts["x"], "check")
    monkeypatch.setattr(asked, "PATIENCE", timedelta(0))
    assert page(admin).count("Nog geen antwoord op wat Bea Heer vroeg") == 1
    press(admin, accounts["x"], "check")
    assert len(sent) == 2


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"found": 0}, "Gezocht: niets gemist."),
        ({"found": 2}, "Gezocht: 2 berichten gevonden."),
        ({"reason": "rate_limit"}, "Het zoeken brak af: X laat ons nu even niets meer vragen."),
    ],
)
def test_outcome_of_a_search_by_hand_stays_when_a_later_round_finds_nothing(
    admin: User, accounts: dict[str, Account], sent: object, fields: dict[str, Any], sentence: str
) -> None:
    press(admin, accounts["x"], "gaps")
    moment = now()
    for by_hand, more in ((True, fields), (False, {"found": 0})):
        GapCheck.objects.create(
            account=accounts["x"], since=moment, started_at=now(), ended_at=now(), by_hand=by_hand, **more
        )
    assert page(admin).count(sentence) == 1


def test_restored_webhook_and_one_that_was_not(admin: User, accounts: dict[str, Account], sent: object) -> None:
    for kind in ("x", "facebook", "whatsapp"):
        Account.objects.filter(kind=kind).update(webhook_problem="invalid")
        press(admin, accounts[kind], "webhook")
    moment = now()
    Account.objects.filter(kind="x").update(webhook_problem="", webhook_checked_at=moment)
    Account.objects.filter(kind="facebook").update(webhook_checked_at=moment)
    Account.objects.filter(kind="whatsapp").update(error_reason="configuration", error_at=moment)
    text = page(admin)
    assert text.count("De webhook is hersteld: X geeft weer berichten door.") == 1
    assert text.count("Gecontroleerd: ") == 1
    assert text.count("Bij WhatsApp kan dit niet vanuit Webcare. Herstel het bij WhatsApp zelf.") == 1


@pytest.mark.parametrize(
    ("what", "by_itself"),
    [
        ("gaps", "Webcare zoekt vanzelf om de paar minuten, zodra de wachtrij weer werkt."),
        ("check", "Webcare controleert elk kanaal vanzelf één keer per dag."),
        ("webhook", "Tot die tijd vinden we berichten door om de paar minuten te zoeken."),
    ],
)
def test_without_a_queue_it_says_so_and_what_happens_by_itself(
    admin: User, accounts: dict[str, Account], dead_queue: None, what: str, by_itself: str
) -> None:
    text = press(admin, accounts["x"], what)
    assert text.count(f"is dus niet begonnen. Er is niets kwijt. {by_itself}") == 1
    assert verbs() == [TASKS[what][1], "mend_not_queued"]
    assert text.count('hx-trigger="every 2s"') == 0


def test_what_is_not_there_is_not_found(admin: User, accounts: dict[str, Account]) -> None:
    client = browser(admin)
    pk = accounts["x"].pk
    answers = [client.post(f"{PAGE}accounts/{number}/{what}/") for number, what in ((pk, "burn"), (pk + 999, "gaps"))]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert client.get(f"{PAGE}accounts/{pk}/gaps/").status_code == 405


# -- events -------------------------------------------------------------------------------------------------------


def states() -> list[str]:
    return list(InboundEvent.objects.order_by("pk").values_list("state", flat=True))


def shown(text: str) -> list[int]:
    return [int(pk) for pk in re.findall(r'data-testid="event-(\d+)"', text)]


@pytest.mark.parametrize(
    ("state", "reason", "sentence"),
    [
        (
            "failed",
            "builtins.KeyError",
            "Een fout in Webcare. Er is niets kwijt; verwerk het opnieuw als dit is opgelost.",
        ),
        (
            "failed",
            "django.db.utils.DataError 22003",
            "Een fout in Webcare. Er is niets kwijt; verwerk het opnieuw als dit is opgelost.",
        ),
        ("failed", "malformed json", "Het platform stuurde iets dat we niet kunnen lezen."),
        ("failed", "no object in the body", "Het platform stuurde iets dat we niet kunnen lezen."),
        ("failed", "stopped the worker", "Webcare stopte een paar keer bij het verwerken hiervan."),
        ("ignored", "typing", "De inwoner was aan het typen; er is niets te beantwoorden."),
        ("ignored", "unknown account", "Het is voor een kanaal dat hier niet gekoppeld is."),
        ("ignored", "page like", "Er zit geen bericht voor de inbox in."),
        ("stored", "", "Het wordt verwerkt zodra er plek is."),
    ],
)
def test_reason_is_told_in_words_with_the_code_for_the_developer(
    admin: User, apps: dict[str, PlatformApp], state: str, reason: str, sentence: str
) -> None:
    [event] = failed_events(apps["x"], 1, EventState(state))
    InboundEvent.objects.filter(pk=event.pk).update(reason=reason, traceback="File ingest.py, line 1")
    text = page(admin, f"?state={state}")
    assert text.count(sentence) == 1
    assert text.count(f"<code>{reason}</code>") == bool(reason)
    assert text.count("geheim") == 0


def test_one_failed_event_goes_back_to_wait(admin: User, apps: dict[str, PlatformApp], sent: object) -> None:
    first, _second = failed_events(apps["x"], 2)
    response = browser(admin).post(f"{PAGE}replay/", {"event": first.pk}, follow=True)
    assert states() == ["stored", "failed"]
    assert response.content.decode().count("1 melding wordt opnieuw verwerkt.") == 1
    entry = AuditEntry.objects.get(verb="events_replayed")
    assert (entry.actor_id, entry.data) == (admin.pk, {"events": [first.pk]})


def test_ignored_event_of_an_account_connected_later_can_be_processed(
    admin: User, apps: dict[str, PlatformApp], sent: object
) -> None:
    [event] = failed_events(apps["x"], 1, EventState.IGNORED)
    assert page(admin, "?state=ignored").count(f'data-testid="replay-{event.pk}"') == 1
    browser(admin).post(f"{PAGE}replay/", {"event": event.pk})
    assert states() == ["stored"]


@pytest.mark.parametrize("event", ["", "0", "x", "9" * 30, "12345"])
def test_event_that_is_not_there_is_told(admin: User, apps: dict[str, PlatformApp], event: str) -> None:
    response = browser(admin).post(f"{PAGE}replay/", {"event": event}, follow=True)
    assert response.content.decode().count("Er is niets meer om opnieuw te verwerken.") == 1
    assert verbs() == []


def test_all_failed_of_one_app_go_not_only_those_on_screen(
    admin: User, apps: dict[str, PlatformApp], sent: list[tuple[str, list[object]]]
) -> None:
    failed_events(apps["x"], 120)
    failed_events(apps["facebook"], 3)
    text = page(admin, f"?app={apps['x'].pk}")
    assert text.count("Verwerk alle 120 opnieuw") == 1
    response = browser(admin).post(f"{PAGE}replay/", {"everything": "1", "app": apps["x"].pk}, follow=True)
    assert response.content.decode().count("120 meldingen worden opnieuw verwerkt.") == 1
    assert sorted(states()) == ["failed"] * 3 + ["stored"] * 120
    data = AuditEntry.objects.get(verb="events_replayed").data
    assert (data["app"], data["count"]) == (apps["x"].pk, 120)
    assert [name for name, _ in sent if name.endswith("replay_failed")] == []


def test_many_failed_go_on_in_the_background(
    admin: User,
    apps: dict[str, PlatformApp],
    sent: list[tuple[str, list[object]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replaying.replay_failed, "__defaults__", (None, 5))
    monkeypatch.setattr(replaying, "CHUNK", 5)
    failed_events(apps["x"], 12)
    response = browser(admin).post(f"{PAGE}replay/", {"everything": "1"}, follow=True)
    sentence = "5 meldingen worden opnieuw verwerkt. De rest volgt op de achtergrond."
    assert response.content.decode().count(sentence) == 1
    [rest] = [arguments for name, arguments in sent if name == "inbox.tasks.replay_failed"]
    assert tasks.replay_failed(*rest) == 7  # type: ignore[arg-type]
    assert states() == ["stored"] * 12


def test_what_fails_again_does_not_go_round(apps: dict[str, PlatformApp], sent: object) -> None:
    pressed = now() - timedelta(minutes=1)
    failed_events(apps["x"], 2)  # failed after the press
    assert replaying.replay_all_failed(pressed) == 0
    assert states() == ["failed"] * 2


@pytest.mark.django_db(transaction=True)
def test_two_administrators_process_each_event_once(apps: dict[str, PlatformApp], sent: object) -> None:
    failed_events(apps["x"], 200)
    moment = now() + timedelta(seconds=1)
    counts = together(*[lambda: replaying.replay_failed(moment)] * 4)
    assert sum(counts) == 200
    assert set(states()) == {"stored"}


@pytest.mark.parametrize("state", ["failed", "ignored", "stored"])
def test_pages_show_each_event_once(admin: User, apps: dict[str, PlatformApp], state: str) -> None:
    made = failed_events(apps["x"], facts.PAGE * 2 + 7, EventState(state))
    InboundEvent.objects.filter(pk__in=[event.pk for event in made[:70]]).update(received_at=made[0].received_at)
    seen, query = [], f"?state={state}"
    while query:
        text = page(admin, query)
        seen.append(shown(text))
        found = re.search(r'href="(\?[^"]*after=[^"]*)#notices"', text)
        query = found[1].replace("&amp;", "&") if found else ""
    assert [len(part) for part in seen] == [50, 50, 7]
    assert sorted(pk for part in seen for pk in part) == [event.pk for event in made]


@pytest.mark.parametrize("after", ["x", "1~", "~1", "99999999999999999999999~1", "-5~-5", "1~1~1", "9" * 400])
def test_page_that_is_none_is_the_first(admin: User, apps: dict[str, PlatformApp], after: str) -> None:
    [event] = failed_events(apps["x"], 1)
    response = browser(admin).get(PAGE, {"after": after})
    assert response.status_code == 200
    assert shown(response.content.decode()) in ([event.pk], [])


@pytest.mark.parametrize("query", ["?app=x", "?app=999999", "?app=" + "9" * 40, "?state=done", "?account=x"])
def test_filter_that_is_none_shows_all(admin: User, apps: dict[str, PlatformApp], query: str) -> None:
    [event] = failed_events(apps["x"], 1)
    assert shown(page(admin, query)) == [event.pk]


# -- files --------------------------------------------------------------------------------------------------------


def test_files_that_could_not_be_fetched_are_asked_for_again(
    admin: User, make_conversation: Callable[..., Conversation], sent: object
) -> None:
    message = Message.objects.get(conversation=make_conversation())
    for number in range(3):
        Attachment.objects.create(
            message=message, kind="image", state=AttachmentState.FAILED, source_url=f"https://example.org/{number}"
        )
    assert page(admin).count("3 bestanden konden niet worden opgehaald") == 1
    response = browser(admin).post(f"{PAGE}files/", follow=True)
    assert response.content.decode().count("3 bestanden worden opnieuw opgehaald.") == 1
    assert set(Attachment.objects.values_list("state", flat=True)) == {AttachmentState.PENDING}
    assert AuditEntry.objects.get(verb="files_refetched").data == {"count": 3}
    again = browser(admin).post(f"{PAGE}files/", follow=True)
    assert again.content.decode().count("Er is geen bestand meer dat opnieuw moet worden opgehaald.") == 1
    assert verbs() == ["files_refetched"]
