"""EMAIL_URL as Django's MAILERS."""

from typing import Any

import environ

TIMEOUT = 10  # seconds a mail server may be silent
OPTIONS = {
    "EMAIL_HOST": "host",
    "EMAIL_PORT": "port",
    "EMAIL_HOST_USER": "username",
    "EMAIL_HOST_PASSWORD": "password",
    "EMAIL_USE_TLS": "use_tls",
    "EMAIL_USE_SSL": "use_ssl",
}


def mailers(url: str) -> dict[str, Any]:
    """``smtp+tls://user:password@host:587`` (also smtp, smtp+ssl), or a folder: ``filemail:////var/mail``; for "" one
    that sends nothing. Raises ImproperlyConfigured for another scheme."""
    config = environ.Env.email_url_config(url or "dummymail://")
    if config["EMAIL_BACKEND"].endswith("filebased.EmailBackend"):
        return {"default": {"BACKEND": config["EMAIL_BACKEND"], "OPTIONS": {"file_path": config["EMAIL_FILE_PATH"]}}}
    if not config["EMAIL_BACKEND"].endswith("smtp.EmailBackend"):
        return {"default": {"BACKEND": config["EMAIL_BACKEND"]}}
    given = {option: config[name] for name, option in OPTIONS.items() if config.get(name)}
    return {"default": {"BACKEND": config["EMAIL_BACKEND"], "OPTIONS": given | {"timeout": TIMEOUT}}}
