"""The health of accounts against the simulator: broken and mended, not called and called again, and the facts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from channels import account_state, clock, health, polling
from channels.account_state import check_account, check_due, check_webhook, note_failure, restore_webhook
from channels.clock import now
from channels.models import Account, AccountState, EventState, GapCheck, InboundEvent, PlatformApp
from channels.simulator import town
from tests.channels.simulator.servers import Street
from tests.channels.test_with_the_simulator import (  # noqa: F401  (fixtures)
    PRIVATE,
    Stored,
    received,
    stored,
    street,
)

pytestmark = pytest.mark.django_db(transaction=True)

KINDS = list(PRIVATE)
PROBLEM = {"x": "invalid", "facebook": "unsubscribed", "whatsapp": "missing"}


def fresh(account: Account) -> Account:
    return Account.objects.select_related("app").get(pk=account.pk)


@pytest.mark.parametrize("kind", KINDS)
def test_platform_that_stopped_calling_us_is_noticed_and_restored(
    kind: str,
    accounts: dict[str, Account],
    street: Street,  # noqa: F811
    stored: Stored,  # noqa: F811
) -> None:
    account = accounts[kind]
    assert check_webhook(account) == ""
    street.fault(kind, "webhook_invalid", count=0)
    street.play(kind, PRIVATE[kind], text="Komt dit aan?")
    assert check_account(account) is True
    known = fresh(account)
    assert (known.state, known.webhook_problem, InboundEvent.objects.count()) == ("active", PROBLEM[kind], 0)
    assert restore_webhook(account) is True
    known = fresh(account)
    assert (known.webhook_problem, known.error_reason) == ("", "")
    street.play(kind, PRIVATE[kind], text="En dit?")
    stored.wait()
    # What was missed meanwhile is fetched.
    clock.shift(300)
    polling.repair_gap(fresh(account))
    assert {message.text for message in received()} == {"Komt dit aan?", "En dit?"}


@pytest.mark.parametrize("kind", KINDS)
def test_broken_account_still_keeps_what_comes_in_and_mends_itself(
    kind: str,
    accounts: dict[str, Account],
    street: Street,  # noqa: F811
    stored: Stored,  # noqa: F811
) -> None:
    account = accounts[kind]
    street.fault(kind, "token", count=0)
    assert check_account(account) is False
    street.play(kind, PRIVATE[kind], text="Ik schrijf toch")
    stored.wait()
    assert [message.text for message in received()] == ["Ik schrijf toch"]
    street.call("DELETE", "/faults")
    clock.shift(account_state.ASK_BROKEN.total_seconds())
    assert check_due() >= 1
    assert fresh(account).state == AccountState.ACTIVE


def test_restoring_one_page_is_seen_at_the_other(
    accounts: dict[str, Account],
    street: Street,  # noqa: F811
) -> None:
    farm = town.app("facebook").accounts[1]
    other = Account.objects.create(
        app=accounts["facebook"].app,
        kind="facebook",
        external_id=farm.external_id,
        name=farm.name,
        secrets=farm.secrets,
    )
    street.fault("facebook", "webhook_invalid", count=0)
    assert [check_webhook(account) for account in (accounts["facebook"], other)] == ["unsubscribed"] * 2
    assert restore_webhook(accounts["facebook"]) is True
    assert fresh(other).webhook_problem == ""


def test_one_refused_call_is_asked_after_within_a_minute_and_not_again(
    accounts: dict[str, Account],
    street: Street,  # noqa: F811
) -> None:
    for account in accounts.values():
        check_account(account)
    clock.shift(600)
    account = fresh(accounts["facebook"])
    note_failure(account, "token", "190/463")
    assert fresh(account).state == AccountState.BROKEN
    assert [check_due(), check_due()] == [1, 0]
    assert (fresh(account).state, fresh(account).error_reason) == ("active", "")


def test_missing_right_does_not_break_but_stays_known_until_a_call_succeeds(
    accounts: dict[str, Account],
    street: Street,  # noqa: F811
) -> None:
    account = accounts["facebook"]
    note_failure(account, "permission", "200")
    assert check_account(account) is True
    known = fresh(account)
    assert (known.state, known.error_reason, known.error_code) == ("active", "permission", "200")
    account_state.note_success(known)
    assert fresh(account).error_reason == ""


# -- when to ask ------------------------------------------------------------------------------------------------

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({}, True),  # never asked
        ({"checked_at": 23 * HOUR}, False),
        ({"checked_at": 24 * HOUR}, True),
        ({"checked_at": 6 * MINUTE, "error_at": MINUTE, "error_reason": "other"}, True),
        ({"checked_at": 6 * MINUTE, "error_at": MINUTE, "error_reason": "busy"}, False),
        ({"checked_at": 6 * MINUTE, "error_at": 7 * MINUTE, "error_reason": "other"}, False),
        ({"checked_at": 4 * MINUTE, "error_at": MINUTE, "error_reason": "other"}, False),
        ({"checked_at": 14 * MINUTE, "error_at": HOUR, "error_reason": "token", "state": "broken"}, False),
        ({"checked_at": 15 * MINUTE, "error_at": HOUR, "error_reason": "token", "state": "broken"}, True),
    ],
)
def test_access_is_asked_after_when_it_is_time(fields: dict[str, Any], asked: bool) -> None:
    moment = now()
    values = {name: moment - ago if isinstance(ago, timedelta) else ago for name, ago in fields.items()}
    assert account_state.due(Account(**values), moment) is asked


@pytest.mark.parametrize(
    ("problem", "heard", "asked", "due"),
    [
        ("", None, None, False),
        ("", 23 * HOUR, None, False),
        ("", 25 * HOUR, None, True),
        ("", 25 * HOUR, 5 * HOUR, False),
        ("", 25 * HOUR, 6 * HOUR, True),
        ("", timedelta(days=31), None, False),
        ("invalid", MINUTE, 14 * MINUTE, False),
        ("invalid", MINUTE, 15 * MINUTE, True),
    ],
)
def test_webhook_is_asked_after_when_it_was_lost_or_an_account_fell_silent(
    problem: str, heard: timedelta | None, asked: timedelta | None, due: bool
) -> None:
    moment = now()
    account = Account(
        webhook_problem=problem,
        last_received_at=heard and moment - heard,
        webhook_checked_at=asked and moment - asked,
    )
    assert account_state.webhook_due(account, moment) is due


# -- failures keep their reason -----------------------------------------------------------------------------------


def test_broken_account_keeps_the_reason_and_the_moment_that_broke_it(accounts: dict[str, Account]) -> None:
    account = accounts["x"]
    note_failure(account, "token", "401")
    since = account.error_at
    note_failure(account, "busy", "503")
    note_failure(fresh(account), "token", "401")
    known = fresh(account)
    assert (known.error_reason, known.error_code, known.error_at) == ("token", "401", since)


# -- facts --------------------------------------------------------------------------------------------------------


def event(app: PlatformApp, key: str, state: EventState, minutes: int) -> InboundEvent:
    return InboundEvent.objects.create(
        app=app, dedupe_key=key, body=b"{}", received_at=now() - timedelta(minutes=minutes), state=state
    )


def test_facts_are_those_of_each_account(accounts: dict[str, Account]) -> None:
    x, facebook = accounts["x"], accounts["facebook"]
    oldest = event(x.app, "1", EventState.STORED, 9)
    event(x.app, "2", EventState.STORED, 3)
    for number in range(health.CAP + 5):
        event(facebook.app, str(number), EventState.FAILED, number)
    GapCheck.objects.create(account=x, since=now(), started_at=now() - HOUR, ended_at=now(), found=3)
    last = GapCheck.objects.create(account=x, since=now(), started_at=now())
    Account.objects.filter(pk=x.pk).update(webhook_problem="invalid", error_reason="token", state="broken")
    facts = health.facts(Account.objects.all())
    assert set(facts) == {account.pk for account in accounts.values()}
    of_x, of_facebook = facts[x.pk], facts[facebook.pk]
    assert (of_x.oldest_waiting_at, of_x.waiting_events, of_x.failed_events) == (oldest.received_at, 2, 0)
    assert (of_x.state, of_x.error_reason, of_x.webhook_problem, of_x.gap_check) == (
        "broken",
        "token",
        "invalid",
        last,
    )
    assert (of_facebook.oldest_waiting_at, of_facebook.failed_events, of_facebook.gap_check) == (
        None,
        health.CAP + 1,
        None,
    )


@pytest.mark.parametrize("number", [0, 1, 3])
def test_facts_cost_two_queries_however_many_accounts(
    accounts: dict[str, Account], django_assert_num_queries: Callable[..., Any], number: int
) -> None:
    some = list(Account.objects.all()[:number])
    with django_assert_num_queries(2 if some else 1):
        assert len(health.facts(some)) == number
