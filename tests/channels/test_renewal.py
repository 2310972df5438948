"""Access that ends within hours: renewed in time, once however many are at it, and never over what a person gave."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from channels import clock, renewal
from channels.account_state import check_account
from channels.clock import now
from channels.gateway import connector_for
from channels.models import Account
from tests.channels.simulator.servers import Street
from tests.inbox.connecting import street_of
from tests.inbox.threads import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def street(live_server: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    with street_of(live_server, settings, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def account(accounts: dict[str, Account], street: Street) -> Account:
    """On X, by a log-in: with an access token of two hours."""
    made = accounts["x"]
    given = street.town.platforms["x"].sign_in._given(made.external_id, ["tweet.read", "offline.access"])  # type: ignore[attr-defined]
    (refresh, one), *_ = street.town.platforms["x"].state["tokens"].items()  # type: ignore[attr-defined]
    assert given.status_code == 200
    made.secrets = {"oauth2_token": one["access"], "oauth2_refresh_token": refresh, "oauth2_scopes": "tweet.read"}
    made.token_renew_at = now() + timedelta(minutes=105)
    made.save()
    return made


def given(street: Street) -> int:
    return len(street.books("token given"))


def test_access_is_renewed_when_it_is_time_and_not_before(account: Account, street: Street) -> None:
    before = renewal.renew_due()
    clock.shift(106 * 60)
    due = renewal.renew_due()
    clock.shift(20 * 60)  # the first token has ended by now
    account.refresh_from_db()
    assert (before, due, renewal.renew_due(), check_account(account), account.state) == (0, 1, 0, True, "active")


def test_many_workers_renew_once(account: Account, street: Street) -> None:
    clock.shift(106 * 60)
    rows = [Account.objects.select_related("app").get(pk=account.pk) for _worker in range(4)]
    together(*[lambda row=row: renewal.renew(row) for row in rows])
    account.refresh_from_db()
    assert (given(street), check_account(account)) == (2, True)


def test_ended_access_that_can_be_renewed_is_no_breakage(account: Account, street: Street) -> None:
    clock.shift(3 * 3600)
    assert (check_account(account), account.state, given(street)) == (True, "active", 2)


def test_refusal_ends_the_tries_and_the_check_says_so(account: Account, street: Street) -> None:
    street.town.platforms["x"].state["tokens"].clear()  # type: ignore[attr-defined]
    clock.shift(106 * 60)
    assert (renewal.renew_due(), renewal.renew_due()) == (0, 0)
    account.refresh_from_db()
    assert (account.token_renew_at, check_account(account), account.state, account.error_reason) == (
        None,
        False,
        "broken",
        "token",
    )


def test_platform_that_does_not_answer_is_asked_again(account: Account, street: Street) -> None:
    clock.shift(106 * 60)
    street.fault("x", "server_error")
    assert renewal.renew_due() == 0
    clock.shift(121)
    assert renewal.renew_due() == 1


def test_person_who_logged_in_meanwhile_goes_before(
    account: Account, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        """A platform that takes its time, in which a person logs in."""

        def renewed(self, credentials: Any) -> Any:
            found = connector_for(account.app).renewed(credentials)
            Account.objects.filter(pk=account.pk).update(secrets={"oauth2_token": "van-een-mens"})
            return found

    monkeypatch.setattr(renewal, "connector_of", lambda _account: Slow())
    assert renewal.renew(account)
    account.refresh_from_db()
    assert account.secrets == {"oauth2_token": "van-een-mens"}


def test_disconnected_account_is_left(account: Account, street: Street) -> None:
    Account.objects.filter(pk=account.pk).update(state="disconnected")
    clock.shift(106 * 60)
    assert (renewal.renew_due(), given(street)) == (0, 1)
