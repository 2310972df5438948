"""Credentials encrypted at rest: a JSON field that is Fernet ciphertext in the database."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "CREDENTIALS_KEY must hold one or more Fernet keys, newest first, with commas between them"
        ) from error


def fernet() -> MultiFernet:
    """The keys of CREDENTIALS_KEY: the first encrypts, all decrypt. Raises ImproperlyConfigured for a bad key."""
    return _fernet(tuple(key.strip() for key in settings.CREDENTIALS_KEYS))


class CredentialsUnreadable(Exception):
    """No key in CREDENTIALS_KEY decrypts this value: a key was lost or not carried along."""


def decrypted(ciphertext: str) -> dict[str, str]:
    """What a stored value holds; an empty one holds nothing. Raises CredentialsUnreadable."""
    if not ciphertext:
        return {}
    try:
        found: dict[str, str] = json.loads(fernet().decrypt(ciphertext.encode()))
    except InvalidToken as error:
        raise CredentialsUnreadable(
            "no key in CREDENTIALS_KEY fits the stored credentials; was a key changed without rotating?"
        ) from error
    return found


def encrypted(secrets: Mapping[str, Any]) -> str:
    """As stored: for ``decrypted``."""
    return fernet().encrypt(json.dumps(dict(secrets)).encode()).decode()


if TYPE_CHECKING:
    _Base = models.TextField[dict[str, str], dict[str, str]]
else:
    _Base = models.TextField


class EncryptedJSONField(_Base):
    """A dict, encrypted with the newest key. Decrypts with any key that is still listed."""

    def get_prep_value(self, value: Any) -> Any:
        """Dict to ciphertext, a new one each time: nothing can be looked up by it."""
        return encrypted(value or {})

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> dict[str, str]:
        """Ciphertext to dict. Raises CredentialsUnreadable."""
        return decrypted(value or "")

    def to_python(self, value: Any) -> Any:
        """Forms and fixtures pass dicts; nothing to convert."""
        return value
