"""What a log-in at a platform gave, until its accounts are chosen: in the session, encrypted, fifteen minutes."""

import time
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from channels.crypto import CredentialsUnreadable, decrypted, encrypted
from channels.messages import OfferedAccount

KEY = "channel_offered"
LASTS = 15 * 60  # seconds, by the machine's clock as sessions go


def keep(session: SessionBase, app: int, offered: list[OfferedAccount]) -> None:
    """In place of what was kept before. Tokens lie in the database as they always do: encrypted."""
    told = {"app": app, "at": int(time.time()), "accounts": [_plain(one) for one in offered]}
    session[KEY] = encrypted(told)


def kept(session: SessionBase, app: int) -> list[OfferedAccount] | None:
    """What was kept for this app; None when nothing was, or too long ago."""
    try:
        told: dict[str, Any] = decrypted(session.get(KEY, ""))
    except CredentialsUnreadable:
        return None
    if told.get("app") != app or told["at"] < time.time() - LASTS:
        return None
    return [_read(one) for one in told["accounts"]]


def forget(session: SessionBase) -> None:
    """It was used."""
    session.pop(KEY, None)


def _plain(one: OfferedAccount) -> dict[str, Any]:
    told = asdict(one)
    for name in ("expires_at", "renew_at"):
        told[name] = told[name].isoformat() if told[name] else None
    return told


def _read(told: dict[str, Any]) -> OfferedAccount:
    moments = {name: datetime.fromisoformat(told[name]) if told[name] else None for name in ("expires_at", "renew_at")}
    missing = None if told["missing"] is None else tuple(told["missing"])
    return OfferedAccount(**{**told, **moments, "missing": missing})
