"""An account breaks for a reason that a person must mend, and only then; what mends it clears the error."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from channels.account_state import check_account, check_accounts, note_failure, note_success
from channels.errors import REASONS
from channels.models import Account, PlatformApp
from channels.simulator import town
from tests.channels.server import Answer, Request, serving


@pytest.fixture
def account(db: None) -> Account:
    item = town.app("whatsapp")
    app = PlatformApp.objects.create(kind=item.kind, key=item.key, name=item.name, secrets=item.secrets)
    return Account.objects.create(app=app, kind="whatsapp", external_id="whatsapp:+31140140", name="WhatsApp")


def state(account: Account) -> tuple[str, str, str, bool]:
    found = Account.objects.get(pk=account.pk)
    assert (account.state, account.error_reason, account.error_code) == (
        found.state,
        found.error_reason,
        found.error_code,
    )
    return found.state, found.error_reason, found.error_code, found.error_at is not None


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_only_two_reasons_break_an_account_at_once(reason: str, account: Account) -> None:
    breaks = reason in {"token", "blocked_for_policy"}
    assert note_failure(account, reason, "190/463") is breaks
    assert state(account) == ("broken" if breaks else "active", reason, "190/463", True)


def test_account_breaks_once(account: Account) -> None:
    other = Account.objects.get(pk=account.pk)
    assert [note_failure(account, "token"), note_failure(other, "token"), note_failure(account, "token")] == [
        True,
        False,
        False,
    ]


@pytest.mark.django_db(transaction=True)
def test_account_breaks_once_for_many_at_the_same_moment(account: Account) -> None:
    together = Barrier(6)

    def fail(number: int) -> bool:
        mine = Account.objects.get(pk=account.pk)
        together.wait(5)
        try:
            return note_failure(mine, "token", str(number))
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        broke = list(pool.map(fail, range(6)))
    found = Account.objects.get(pk=account.pk)
    assert (sorted(broke), found.state) == ([False] * 5 + [True], "broken")
    assert found.error_code == str(broke.index(True))


def test_paused_account_stays_paused(account: Account) -> None:
    account.state = "paused"
    account.save()
    assert note_failure(account, "token", "190") is False
    assert state(account) == ("paused", "token", "190", True)
    note_success(account)
    assert state(account) == ("paused", "", "", False)


def test_success_mends(account: Account) -> None:
    note_failure(account, "token", "190")
    note_success(account)
    assert state(account) == ("active", "", "", False)


def test_success_without_an_error_asks_nothing(account: Account, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        note_success(account)


def test_code_of_any_length_is_kept_as_far_as_it_fits(account: Account) -> None:
    note_failure(account, "r" * 99, "c" * 99)
    assert state(account) == ("active", "r" * 30, "c" * 60, True)


SID = "AC00000000000000000000000000000001"
YES = Answer(body=json.dumps({"sid": "AC", "status": "active"}).encode())


@pytest.mark.parametrize(
    ("answer", "works", "expected"),
    [
        (YES, True, ("active", "", "", False)),
        (Answer(body=b'{"status": "suspended"}'), False, ("broken", "blocked_for_policy", "suspended", True)),
        (Answer(status=401, body=b'{"code": 20003}'), False, ("broken", "token", "20003", True)),
        (Answer(status=503), False, ("active", "busy", "503", True)),
    ],
)
def test_check_asks_the_platform(
    answer: Answer, works: bool, expected: tuple[str, str, str, bool], account: Account, settings: Any
) -> None:
    with serving(lambda _: answer) as server:
        settings.SIMULATOR_URL = server.url
        assert check_account(account) is works
    assert state(account) == expected


def test_check_mends_what_was_broken(account: Account, settings: Any) -> None:
    note_failure(account, "token", "20003")
    with serving(lambda _: YES) as server:
        settings.SIMULATOR_URL = server.url
        assert check_account(account) is True
    assert state(account) == ("active", "", "", False)
    assert account.checked_at == Account.objects.get().checked_at is not None


@pytest.mark.django_db(transaction=True)
def test_fault_with_one_account_leaves_the_others(
    account: Account, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    strange = PlatformApp.objects.create(kind="telegram", name="Vreemd")
    Account.objects.create(app=strange, kind="telegram", external_id="1", name="A")
    asked: list[Request] = []

    def answer(request: Request) -> Answer:
        asked.append(request)
        return YES

    with serving(answer) as server:
        settings.SIMULATOR_URL = server.url
        check_accounts()
    paths = [request.path.partition("?")[0] for request in asked]
    assert paths == [f"/2010-04-01/Accounts/{SID}.json", "/v2/Channels/Senders"]
    assert "account_check_crashed" in caplog.text
