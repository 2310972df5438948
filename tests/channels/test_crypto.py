"""Credentials at rest: unreadable in the database, rotated by a command, a wrong key told clearly."""

from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection

from channels.crypto import CredentialsUnreadable
from channels.models import Account, PlatformApp

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SECRETS = {"consumer_secret": "zeer-geheim", "access_token": "12-abc"}


@pytest.fixture
def app(db: None, settings: Any) -> PlatformApp:
    settings.CREDENTIALS_KEYS = [OLD]
    return PlatformApp.objects.create(kind="x", name="X-app", secrets=SECRETS)


@pytest.fixture
def account(app: PlatformApp) -> Account:
    return Account.objects.create(app=app, kind="x", external_id="1", name="Gemeente", secrets={"token": "t"})


def stored(table: str = "channels_platformapp") -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT secrets FROM {table} ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def rotate() -> str:
    out = StringIO()
    call_command("rotate_credentials", stdout=out)
    return out.getvalue()


def test_database_holds_no_secret(app: PlatformApp) -> None:
    text = stored()[0]
    found = [word for pair in SECRETS.items() for word in pair if word in text]
    assert (found, PlatformApp.objects.get().secrets) == ([], SECRETS)


def test_same_secrets_look_different_each_time(app: PlatformApp) -> None:
    PlatformApp.objects.create(kind="x", name="Tweede", secrets=SECRETS)
    assert len(set(stored())) == 2


def test_no_secrets_are_an_empty_dict(db: None) -> None:
    PlatformApp.objects.create(kind="x", name="Leeg")
    assert PlatformApp.objects.get().secrets == {}


def test_rotation_leaves_the_new_key_alone_enough(account: Account, settings: Any) -> None:
    settings.CREDENTIALS_KEYS = [NEW, f" {OLD} "]
    assert rotate() == "2 encrypted with the newest key\n"
    settings.CREDENTIALS_KEYS = [NEW]
    assert (PlatformApp.objects.get().secrets, Account.objects.get().secrets) == (SECRETS, {"token": "t"})


def test_rotation_may_be_run_again(account: Account) -> None:
    assert [rotate(), rotate()] == ["2 encrypted with the newest key\n"] * 2


def test_rotation_touches_nothing_but_secrets(account: Account, settings: Any) -> None:
    before = PlatformApp.objects.defer("secrets").values().get(), Account.objects.values().get()
    settings.CREDENTIALS_KEYS = [NEW, OLD]
    rotate()
    assert (PlatformApp.objects.values().get(), Account.objects.values().get()) == before


def test_rotation_does_what_it_can_and_names_the_rest(account: Account, settings: Any) -> None:
    settings.CREDENTIALS_KEYS = [NEW]
    other = PlatformApp.objects.create(kind="x", name="Met de nieuwe sleutel", secrets=SECRETS)
    before = stored()
    with pytest.raises(CommandError) as raised:
        rotate()
    assert str(raised.value) == (
        f"No key in CREDENTIALS_KEY reads the credentials of: PlatformApp {account.app_id}, "
        f"Account {account.pk}. Put the key they were written with back in the list, or connect them anew."
    )
    after = stored()
    assert (after[0] == before[0], after[1] == before[1], other.pk > account.app_id) == (True, False, True)


def test_wrong_key_says_so(app: PlatformApp, settings: Any) -> None:
    settings.CREDENTIALS_KEYS = [NEW]
    with pytest.raises(CredentialsUnreadable, match="no key in CREDENTIALS_KEY fits"):
        PlatformApp.objects.get()


@pytest.mark.parametrize("keys", [[], [""], ["te-kort"]])
def test_key_that_is_none_says_so(keys: list[str], app: PlatformApp, settings: Any) -> None:
    settings.CREDENTIALS_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match="one or more Fernet keys, newest first"):
        PlatformApp.objects.get()


def test_representation_holds_no_secret(account: Account) -> None:
    shown = repr([account, account.app, account.credentials(), account.app.credentials()])
    assert [word for word in ("zeer-geheim", "12-abc", "'t'") if word in shown] == []
