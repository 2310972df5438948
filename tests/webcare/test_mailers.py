"""EMAIL_URL as Django takes it."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from webcare.mailers import mailers

BACKENDS = "django.core.mail.backends"


@pytest.mark.parametrize(
    ("url", "backend", "options"),
    [
        ("", "dummy", None),
        ("smtp://mail.example.nl", "smtp", {"host": "mail.example.nl", "timeout": 10}),
        (
            "smtp+tls://webcare:p%40ss@mail.example.nl:587",
            "smtp",
            {
                "host": "mail.example.nl",
                "port": 587,
                "username": "webcare",
                "password": "p@ss",
                "use_tls": True,
                "timeout": 10,
            },
        ),
        ("smtp+ssl://mail.example.nl", "smtp", {"host": "mail.example.nl", "use_ssl": True, "timeout": 10}),
        ("filemail:////var/mail%20box", "filebased", {"file_path": "/var/mail box"}),
        ("consolemail://", "console", None),
    ],
)
def test_address_becomes_a_mailer(url: str, backend: str, options: dict[str, Any] | None) -> None:
    expected: dict[str, Any] = {"BACKEND": f"{BACKENDS}.{backend}.EmailBackend"}
    assert mailers(url) == {"default": expected | ({"OPTIONS": options} if options else {})}


def test_another_scheme_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured):
        mailers("ftp://mail.example.nl")
