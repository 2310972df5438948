"""New accounts, all or none; new access for one that is there, with everything it had."""

from typing import Any

import pytest

from channels.messages import OfferedAccount
from channels.models import Account, AccountState
from inbox.actions import connect
from inbox.actions.refused import Refused
from inbox.models import AccountSettings, AuditEntry, Department, User
from tests.inbox.actions.together import codes, together

pytestmark = pytest.mark.django_db


def offered(external_id: str = "104000000000003", **more: Any) -> OfferedAccount:
    values = {"handle": "zwembad", "name": "Zwembad", "secrets": {"page_token": "nieuw"}, "missing": ()} | more
    return OfferedAccount(external_id=external_id, **values)


def choice(webcare: Department, external_id: str = "104000000000003") -> connect.Choice:
    return connect.Choice(offered(external_id), "Zwembad", webcare)


def test_connect_gives_agreements_office_hours_and_an_entry(
    accounts: dict[str, Account], webcare: Department, admin: User
) -> None:
    (made,) = connect.connect(accounts["facebook"].app, [choice(webcare)], admin)
    agreed = AccountSettings.objects.get(account=made)
    assert (made.kind, made.state, made.secrets, made.missing_permissions) == (
        "facebook",
        "active",
        {"page_token": "nieuw"},
        [],
    )
    assert (agreed.department, agreed.periods.count()) == (webcare, 5)
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor, entry.data) == (
        "account_connected",
        admin,
        {"account": made.pk, "department": webcare.pk, "hours_of": None},
    )


def test_connect_is_all_or_none(accounts: dict[str, Account], webcare: Department, admin: User) -> None:
    there = accounts["facebook"].external_id
    with pytest.raises(Refused) as refused:
        connect.connect(accounts["facebook"].app, [choice(webcare), choice(webcare, there)], admin)
    assert (refused.value.code, Account.objects.count(), AuditEntry.objects.count()) == ("there", 3, 0)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_connect_it_once(accounts: dict[str, Account], webcare: Department, admin: User) -> None:
    app = accounts["facebook"].app
    outcomes = together(*[lambda: connect.connect(app, [choice(webcare)], admin)] * 3)
    assert sorted(codes(outcomes)) == ["ok", "there", "there"]
    assert AccountSettings.objects.filter(account__external_id="104000000000003").count() == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [("broken", "active"), ("disconnected", "active"), ("active", "active"), ("paused", "paused")],
)
def test_renew_takes_the_new_access_and_keeps_the_rest(
    accounts: dict[str, Account], admin: User, before: str, after: str
) -> None:
    account = accounts["facebook"]
    Account.objects.filter(pk=account.pk).update(state=before, error_reason="token", error_code="190")
    renewed = connect.renew(account.pk, [offered(account.external_id, handle="")], admin)
    account.refresh_from_db()
    assert (account.state, account.secrets, account.error_reason) == (after, {"page_token": "nieuw"}, "")
    assert (renewed.pk, account.handle, account.name) == (account.pk, "gemeentewaterkant", "Gemeente Waterkant")
    assert AuditEntry.objects.get().data == {"account": account.pk, "was": before}


@pytest.mark.parametrize("others", [[], [offered()]])
def test_renew_by_another_account_is_refused_in_words(
    accounts: dict[str, Account], admin: User, others: list[OfferedAccount]
) -> None:
    account = accounts["facebook"]
    Account.objects.filter(pk=account.pk).update(state=AccountState.BROKEN)
    with pytest.raises(Refused) as refused:
        connect.renew(account.pk, others, admin)
    account.refresh_from_db()
    assert (refused.value.code, account.state, account.secrets["page_token"]) == (
        "other_account",
        "broken",
        "waterkant-page-token",
    )
    assert [one.name in str(refused.value) for one in others] == [True] * len(others)
