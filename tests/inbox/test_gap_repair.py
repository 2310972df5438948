"""Gap repair against the simulated platforms, webhooks and ingest included: exactly what was missed, at what cost."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from channels import clock, polling
from channels.account_state import check_webhook
from channels.models import Account, GapCheck, InboundEvent
from channels.simulator.app import build, platform_classes
from channels.simulator.samples import sample
from channels.simulator.world import Town
from channels.tasks import JUST_ASKED, repair_account, restore_webhook
from inbox import ingest
from inbox.models import Attachment, Message
from tests.channels.simulator.servers import Server, Street, until, wait_for_all
from tests.inbox.threads import together

pytestmark = pytest.mark.django_db(transaction=True)

PHOTO = {"content": base64.b64encode(sample("volle-container.jpg")).decode(), "content_type": "image/jpeg"}
ASK = {"x": "dm", "facebook": "message", "whatsapp": "message"}
MISSED = [*ASK.items(), ("x", "mention"), ("facebook", "comment"), ("facebook", "visitor_post")]


class Counted:
    """The simulator, with every call to a platform's API written down; call number ``stop_at`` meets a rate limit."""

    def __init__(self, app: Any) -> None:
        self.app, self.state = app, app.state
        self.calls: list[str] = []
        self.stop_at = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(("/2/", "/v2", "/2010")):
            self.calls.append(scope["path"])
            if len(self.calls) == self.stop_at:
                kind = next(key for start, key in STARTS.items() if scope["path"].startswith(start))
                request = Request(scope, receive)
                await self.state.town.platforms[kind].refusal("rate_limit", request)(scope, receive, send)
                return
        await self.app(scope, receive, send)


STARTS = {"/2/": "x", "/v2": "facebook", "/2010": "whatsapp"}


@pytest.fixture
def counted(live_server: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    server = Server(None)
    monkeypatch.setenv("CLOCK_FILE", str(tmp_path / "clock"))
    monkeypatch.setenv("SIMULATOR_URL", server.url)
    settings.SIMULATOR_URL, settings.PUBLIC_URL = server.url, live_server.url
    settings.GAPS_EVERY = 300.0
    server.app = Counted(build(server.url, live_server.url, tmp_path / "town.json", platform_classes()))
    with server:
        yield server.app
    wait_for_all()


@pytest.fixture
def town(counted: Counted) -> Town:
    found: Town = counted.state.town
    return found


@pytest.fixture
def street(town: Town) -> Street:
    return Street(town.base_url)


def brought(number: int) -> None:
    """Wait for so many webhooks, and take them in."""
    until(lambda: InboundEvent.objects.exclude(dedupe_key__startswith="poll:").count() >= number)
    ingest.drain()


def later(seconds: float = 300) -> None:
    clock.shift(seconds)


def from_citizens() -> list[str]:
    return list(Message.objects.filter(direction="in").order_by("sent_at", "pk").values_list("text", flat=True))


def check(account: Account) -> GapCheck:
    return account.gap_checks.latest("pk")


def play(street: Street, kind: str, action: str, text: str, **data: Any) -> Any:
    if kind == "facebook" and action == "comment":
        posts = street.state()["phones"][1]["rooms"][0]["items"]
        data["to"] = posts[-1]["id"]  # an old post of ours
    return street.play(kind, action, text=f"@gemwaterkant {text}" if action == "mention" else text, **data)


@pytest.mark.parametrize(("kind", "action"), MISSED)
def test_dropped_webhook_is_found_once_in_order_and_with_its_photo(
    kind: str, action: str, accounts: dict[str, Account], street: Street
) -> None:
    account = accounts[kind]
    play(street, kind, action, "Een")
    brought(1)
    later(2)
    street.fault(kind, "drop", count=1)
    play(street, kind, action, "", photo={**PHOTO, "name": "container.jpg"})
    later(2)
    play(street, kind, action, "Drie")
    brought(2)
    before = set(Message.objects.values_list("pk", flat=True))
    later()
    assert [polling.repair_gap(account), check(account).found, ingest.drain()] == [1, 1, 1]
    assert [text.removeprefix("@gemwaterkant").strip() for text in from_citizens()] == ["Een", "", "Drie"]
    new = Message.objects.exclude(pk__in=before).get()
    assert [file.kind for file in Attachment.objects.filter(message=new)] == ["image"]
    later()
    assert [polling.repair_gap(account), check(account).found, ingest.drain()] == [0, 0, 0]


# What a round asks when nothing was missed, and how much the platform lists for it.
QUIET = {
    "x": (["/2/users/2244994945001/mentions", "/2/dm_events"], 1),
    "facebook": (["/v26.0/104000000000001/feed", "/v26.0/104000000000001/conversations"], 0),
    "whatsapp": (["/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json"], 0),
}


@pytest.mark.parametrize("kind", list(ASK))
def test_round_with_nothing_missed_finds_nothing_and_costs_next_to_nothing(
    kind: str, accounts: dict[str, Account], street: Street, counted: Counted
) -> None:
    account = accounts[kind]
    polling.repair_gap(account)
    for number in range(3):
        play(street, kind, ASK[kind], f"Bericht {number}")
    if kind == "x":
        play(street, "x", "mention", "Hallo")
    brought(4 if kind == "x" else 3)
    for _ in range(4):
        later()
        # What its webhook brought is listed while it may still move, but is not found.
        assert (polling.repair_gap(account), InboundEvent.objects.filter(dedupe_key__startswith="poll:").count()) == (
            0,
            0,
        )
    later()
    counted.calls.clear()
    assert polling.repair_gap(account) == 0
    assert (counted.calls, check(account).listed) == QUIET[kind]


def ask_many(street: Street, kind: str, texts: list[str]) -> None:
    """Questions whose webhooks are lost, in whole seconds: two platforms know no others."""
    street.fault(kind, "drop", count=0)
    for text in texts:
        later(1)
        street.play(kind, ASK[kind], text=text, page="104000000000001")
    street.call("DELETE", "/faults")


# Which call is refused so that the first page came and the next did not.
SECOND_PAGE = {"x": 4, "facebook": 4, "whatsapp": 2}


@pytest.mark.parametrize("kind", list(ASK))
def test_round_broken_off_half_way_keeps_what_came_and_starts_again_from_there(
    kind: str, accounts: dict[str, Account], street: Street, counted: Counted
) -> None:
    account = accounts[kind]
    texts = [f"Bericht {number:03}" for number in range(120)]
    ask_many(street, kind, texts)
    later()
    counted.stop_at = SECOND_PAGE[kind]
    found = polling.repair_gap(account)
    first = check(account)
    assert 0 < found < 120
    assert (first.found, first.reason, first.ended_at is not None) == (found, "rate_limit", True)
    account.refresh_from_db()
    assert (account.gaps_checked_at, account.last_seen_external_id) == (None, "")
    later()
    assert polling.repair_gap(account) == 120 - found
    assert (check(account).since, check(account).reason) == (first.since, "")
    ingest.drain()
    assert from_citizens() == texts


def test_nobody_asks_before_the_platform_wants_to_be_asked(
    accounts: dict[str, Account], street: Street, counted: Counted
) -> None:
    street.fault("x", "rate_limit", count=2)
    polling.repair_gap(accounts["x"])
    counted.calls.clear()
    assert (polling.repair_gap(accounts["x"], by_hand=True), counted.calls) == (0, [])
    later(11)
    polling.repair_gap(accounts["x"])
    assert (len(counted.calls), GapCheck.objects.count()) == (2, 2)


@pytest.mark.parametrize("kind", list(ASK))
def test_two_rounds_at_once_ask_once(kind: str, accounts: dict[str, Account], street: Street, counted: Counted) -> None:
    texts = ["Een", "Twee", "Drie"]
    ask_many(street, kind, texts)
    later()
    street.fault(kind, "slow", seconds=1, count=0)
    found = together(lambda: polling.repair_gaps(), *(lambda: repair_account(accounts[kind].pk) for _ in range(3)))
    street.call("DELETE", "/faults")
    assert (sum(found), GapCheck.objects.filter(account=accounts[kind]).count()) == (3, 1)
    ingest.drain()
    assert from_citizens() == texts


def test_round_of_a_worker_that_died_is_ended_by_the_next(accounts: dict[str, Account], street: Street) -> None:
    account = accounts["whatsapp"]
    at = clock.now()
    GapCheck.objects.create(account=account, since=at, started_at=at)
    settings = connection.get_connection_params()
    parts = {name: settings[name] for name in ("dbname", "user", "password", "host", "port") if name in settings}
    with psycopg.connect(**parts, autocommit=True) as worker:
        worker.execute("SELECT pg_advisory_lock(%s, %s)", [polling.LOCK, account.pk])
        assert (polling.repair_gap(account), account.gap_checks.count()) == (0, 1)
    until(lambda: polling.repair_gap(account) == 0 and account.gap_checks.count() == 2)
    assert list(account.gap_checks.order_by("pk").values_list("reason", "code")) == [
        ("other", polling.STOPPED),
        ("", ""),
    ]


@pytest.mark.parametrize("kind", list(ASK))
def test_three_days_down_lose_nothing(
    kind: str, accounts: dict[str, Account], street: Street, counted: Counted
) -> None:
    account = accounts[kind]
    polling.repair_gap(account)
    ask_many(street, kind, ["Een", "Twee"])
    later(3 * 86400)
    ask_many(street, kind, ["Drie", "Vier"])
    later()
    assert polling.repair_gap(account) == 4
    ingest.drain()
    assert from_citizens() == ["Een", "Twee", "Drie", "Vier"]


def test_workers_that_start_at_once_ask_once(accounts: dict[str, Account], counted: Counted) -> None:
    Account.objects.exclude(kind="whatsapp").update(state="paused")
    for _ in range(3):
        polling.repair_gaps(JUST_ASKED)
    assert len(counted.calls) == 1
    later(61)
    polling.repair_gaps(JUST_ASKED)
    assert len(counted.calls) == 2


def test_quiet_rounds_are_kept_for_a_week_and_telling_ones_for_a_year(
    accounts: dict[str, Account], street: Street
) -> None:
    account, now = accounts["whatsapp"], clock.now()
    for days, more in (
        (6, {}),
        (8, {}),
        (8, {"found": 1}),
        (8, {"by_hand": True}),
        (366, {"found": 1}),
    ):
        at = now - timedelta(days=days)
        GapCheck.objects.create(account=account, since=at, started_at=at, ended_at=at, **more)
    polling.repair_gap(account)
    left = account.gap_checks.order_by("pk").values_list("started_at", "found", "by_hand")
    assert [((now - at).days, found, by_hand) for at, found, by_hand in left][:-1] == [
        (6, 0, False),
        (8, 1, False),
        (8, 0, True),
    ]
    assert left.count() == 4


def test_webhook_x_gave_up_is_restored_and_what_it_withheld_comes(
    accounts: dict[str, Account], street: Street, town: Town
) -> None:
    account = accounts["x"]
    polling.repair_gap(account)
    ours = street.state()["phones"][0]["rooms"][0]["items"][0]["id"]
    street.fault("x", "webhook_invalid")
    # A quote that names nobody is in no list of X: only its webhook tells.
    street.play("x", "quote", to=ours, text="Dit klopt niet")
    assert (check_webhook(account), InboundEvent.objects.count()) == ("invalid", 0)
    later(60)
    assert restore_webhook(account.pk)
    account.refresh_from_db()
    assert (account.webhook_problem, street.call("GET", "/faults")) == ("", [])
    brought(2)  # the quote, and X's word that the replay is done
    street.play("x", "mention", text="@gemwaterkant En nu?")
    brought(3)
    assert from_citizens() == ["Dit klopt niet", "@gemwaterkant En nu?"]
    assert [line["number"] for line in street.books("replayed")] == [1]


def test_webhooks_are_replayed_after_we_were_away_and_not_otherwise(
    accounts: dict[str, Account], street: Street, town: Town
) -> None:
    account = accounts["x"]
    polling.repair_gap(account)
    later()
    polling.repair_gap(account)
    assert street.books("replayed") == []
    street.fault("x", "drop", count=1)
    street.play("x", "quote", to=street.state()["phones"][0]["rooms"][0]["items"][0]["id"], text="Gemist")
    later(3600)
    polling.repair_gap(account)
    until(lambda: [line["number"] for line in street.books("replayed")] == [1])
    brought(2)
    assert from_citizens() == ["Gemist"]
