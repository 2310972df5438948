"""Gap repair against a server that speaks Twilio's list: nothing twice, nothing skipped, nobody held up."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from channels import polling
from channels.clock import now
from channels.events import items_of
from channels.models import Account, InboundEvent, PlatformApp
from channels.signals import event_stored
from channels.tasks import repair_account
from tests.channels.server import Answer, Request, Server, serving

NUMBER = "whatsapp:+31140140"


class Twilio:
    """What Twilio's list holds, by our number; and how each account behaves."""

    def __init__(self) -> None:
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.refusals: dict[str, Answer] = {}

    def add(self, sid: str, ago: timedelta, to: str = NUMBER) -> None:
        at = format_datetime(now() - ago)
        self.messages.setdefault(to, []).append(
            {
                "sid": sid,
                "from": "whatsapp:+31600000001",
                "to": to,
                "body": f"Vraag {sid}",
                "num_media": "0",
                "direction": "inbound",
                "date_created": at,
                "date_sent": at,
            }
        )

    def answer(self, request: Request) -> Answer:
        parts = urlsplit(request.path)
        account = parts.path.split("/")[3].removesuffix(".json")
        if account in self.refusals:
            return self.refusals[account]
        if not parts.path.endswith("/Messages.json"):
            return Answer(body=json.dumps({"sid": account, "status": "active"}).encode())
        query = parse_qs(parts.query)
        found = self.messages.get(query.get("To", [NUMBER])[0], [])
        page = {"messages": found, "page": 0, "page_size": 100, "next_page_uri": None}
        return Answer(body=json.dumps(page).encode(), headers={"Content-Type": "application/json"})


@pytest.fixture
def twilio() -> Twilio:
    return Twilio()


@pytest.fixture
def server(twilio: Twilio, settings: Any) -> Iterator[Server]:
    with serving(twilio.answer) as started:
        settings.SIMULATOR_URL = started.url
        yield started


def make_account(number: int = 0, **more: Any) -> Account:
    app = PlatformApp.objects.create(
        kind="whatsapp", name="Twilio", secrets={"account_sid": f"AC{number:032d}", "auth_token": "geheim"}
    )
    external_id = NUMBER if number == 0 else f"whatsapp:+3114014{number}"
    return Account.objects.create(app=app, kind="whatsapp", external_id=external_id, name="WhatsApp", **more)


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


def asked_since(request: Request) -> datetime:
    query = parse_qs(urlsplit(request.path).query)
    return datetime.strptime(query["DateSent>"][0], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def test_missed_messages_are_stored_once(account: Account, twilio: Twilio, server: Server) -> None:
    twilio.add("SM2", timedelta(minutes=5))
    twilio.add("SM1", timedelta(minutes=11))
    assert [polling.repair_gap(account), polling.repair_gap(account)] == [2, 0]
    events = InboundEvent.objects.order_by("id")
    assert [event.dedupe_key for event in events] == [f"poll:{NUMBER}:SM1", f"poll:{NUMBER}:SM2"]
    assert [[item.text for item in items_of(event)] for event in events] == [["Vraag SM1"], ["Vraag SM2"]]
    account.refresh_from_db()
    # What is younger than the overlap is no point to go on from: an older one may be listed after it.
    assert (account.last_seen_external_id, account.gaps_checked_at is not None) == ("SM1", True)


def test_message_of_this_moment_is_left_to_its_webhook(account: Account, twilio: Twilio, server: Server) -> None:
    twilio.add("SM1", timedelta(seconds=20))
    assert (polling.repair_gap(account), account.last_seen_external_id) == (0, "")


def test_first_round_asks_from_creation_the_next_from_the_last_less_an_overlap(
    account: Account, twilio: Twilio, server: Server
) -> None:
    polling.repair_gap(account)
    first = account.gaps_checked_at
    polling.repair_gap(account)
    assert first is not None
    expected = [account.created_at - polling.OVERLAP, first - polling.OVERLAP]
    assert [asked_since(request) for request in server.requests] == [
        moment.replace(microsecond=0) for moment in expected
    ]


def test_clock_that_was_set_back_leaves_no_gap() -> None:
    at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    account = Account(created_at=at - timedelta(days=9), gaps_checked_at=at + timedelta(days=3))
    assert polling.since(account, at) == at - polling.OVERLAP


def test_refusal_goes_into_the_error_fields_and_the_point_stays(
    account: Account, twilio: Twilio, server: Server
) -> None:
    twilio.refusals[account.app.secrets["account_sid"]] = Answer(status=401, body=b'{"code": 20003, "status": 401}')
    assert polling.repair_gap(account) == 0
    account.refresh_from_db()
    assert (account.state, account.error_reason, account.error_code, account.gaps_checked_at) == (
        "broken",
        "token",
        "20003",
        None,
    )


def test_platform_that_is_down_breaks_nothing(account: Account, twilio: Twilio, server: Server) -> None:
    twilio.refusals[account.app.secrets["account_sid"]] = Answer(status=503)
    assert polling.repair_gap(account) == 0
    account.refresh_from_db()
    assert (account.state, account.error_reason, account.gaps_checked_at) == ("active", "busy", None)


def test_success_clears_the_error(account: Account, twilio: Twilio, server: Server) -> None:
    Account.objects.filter(pk=account.pk).update(error_reason="busy", error_code="503", error_at=now())
    polling.repair_gap(Account.objects.get(pk=account.pk))
    account.refresh_from_db()
    assert (account.error_reason, account.error_code, account.error_at) == ("", "", None)


@pytest.mark.django_db(transaction=True)
def test_one_account_never_holds_up_another(twilio: Twilio, server: Server) -> None:
    slow, refused, quick = (make_account(number) for number in (1, 2, 3))
    twilio.add("SM1", timedelta(minutes=5), quick.external_id)
    twilio.refusals[refused.app.secrets["account_sid"]] = Answer(status=401, body=b'{"code": 20003}')
    stored = Event()
    in_time: list[bool] = []

    def answer(request: Request) -> Answer:
        if slow.app.secrets["account_sid"] in request.path:
            # Answers only after the other account's message was stored; in a row it never would be.
            in_time.append(stored.wait(15))
        return twilio.answer(request)

    server.answer = answer

    def receive(**_: Any) -> None:
        stored.set()

    event_stored.connect(receive)
    try:
        new = polling.repair_gaps()
    finally:
        event_stored.disconnect(receive)
    states = Account.objects.order_by("pk").values_list("state", flat=True)
    assert (new, in_time, list(states)) == (1, [True], ["active", "broken", "active"])


@pytest.mark.django_db(transaction=True)
def test_fault_with_one_account_leaves_the_others(
    twilio: Twilio, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    strange, sound = make_account(1), make_account(2)
    Account.objects.filter(pk=strange.pk).update(kind="x")
    PlatformApp.objects.filter(pk=strange.app_id).update(kind="telegram")
    twilio.add("SM1", timedelta(minutes=5), sound.external_id)
    assert polling.repair_gaps() == 1
    assert "gap_repair_crashed" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_paused_account_is_not_asked(twilio: Twilio, server: Server) -> None:
    make_account(state="paused")
    assert (polling.repair_gaps(), server.requests) == (0, [])


def test_broken_account_is_asked_once_an_hour_and_mended(twilio: Twilio, server: Server, db: None) -> None:
    account = make_account(state="broken", error_reason="token", checked_at=now() - timedelta(minutes=50))
    twilio.add("SM1", timedelta(minutes=5))
    assert (polling.repair_or_mend(account), server.requests) == (0, [])
    account.checked_at = now() - timedelta(minutes=61)
    assert polling.repair_or_mend(account) == 1
    account.refresh_from_db()
    assert (account.state, account.error_reason) == ("active", "")
    assert account.checked_at > now() - timedelta(minutes=1)


def test_what_came_before_the_platform_stopped_is_kept(account: Account, twilio: Twilio, server: Server) -> None:
    twilio.add("SM1", timedelta(minutes=9))
    twilio.add("SM2", timedelta(minutes=5))
    twilio.messages[NUMBER][1]["num_media"] = "1"
    plain = twilio.answer

    def answer(request: Request) -> Answer:
        return Answer(status=503) if "/Media" in request.path else plain(request)

    server.answer = answer
    assert polling.repair_gap(account) == 1
    account.refresh_from_db()
    assert (account.gaps_checked_at, account.last_seen_external_id, account.error_reason) == (None, "", "busy")
    server.answer = plain
    twilio.messages[NUMBER][1]["num_media"] = "0"
    assert polling.repair_gap(account) == 1


def test_rounds_lie_as_far_apart_as_the_platform_wants(accounts: dict[str, Account], settings: Any) -> None:
    settings.SIMULATOR_URL = ""
    assert {kind: polling.rounds_apart(account) for kind, account in accounts.items()} == {
        "x": timedelta(minutes=2),
        "facebook": timedelta(minutes=2),
        "whatsapp": timedelta(0),
    }
    settings.SIMULATOR_URL = "http://127.0.0.1:1"
    assert {polling.rounds_apart(account) for account in accounts.values()} == {timedelta(0)}


def test_button_asks_for_what_came_a_moment_ago_and_the_clock_leaves_it(
    account: Account, twilio: Twilio, server: Server
) -> None:
    twilio.add("SM1", timedelta(seconds=20))
    assert [polling.repair_gap(account), repair_account(account.pk)] == [0, 1]
    rounds = account.gap_checks.order_by("pk").values_list("by_hand", "listed", "found")
    assert list(rounds) == [(False, 1, 0), (True, 1, 1)]


def test_button_of_a_paused_or_removed_account_asks_nothing(account: Account, twilio: Twilio, server: Server) -> None:
    Account.objects.filter(pk=account.pk).update(state="paused")
    assert (repair_account(account.pk), repair_account(0), server.requests) == (0, 0, [])
