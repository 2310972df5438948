"""Log-ins at a platform that are under way: in the session of who began them, each good once and for a quarter of an
hour."""

import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

KEY = "channel_sign_ins"
LASTS = 15 * 60  # seconds, by the machine's clock as sessions go; the demo's may be moved
MOST = 5  # at once: a colleague with more tabs begins again


type Session = SessionBase | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Try:
    """One of them: for which app, or for which account that is there already. ``verifier``: for PKCE (RFC 7636)."""

    state: str
    verifier: str
    app: int
    account: int | None = None


def begin(session: Session, app: int, account: int | None = None) -> Try:
    """Keep a new one; the oldest goes when there are too many."""
    made = Try(secrets.token_urlsafe(24), secrets.token_urlsafe(48), app, account)
    kept = [*_fresh(session), [made.state, made.verifier, app, account, int(time.time())]]
    session[KEY] = kept[-MOST:]
    return made


def take(session: Session, state: str) -> Try | None:
    """The one that went out with this state, which is used up by that; None for any other state, or one too old."""
    fresh = _fresh(session)
    given = state.encode("utf-8", "replace")
    found = [one for one in fresh if hmac.compare_digest(one[0].encode(), given)]
    if not found:
        return None
    session[KEY] = [one for one in fresh if one not in found]
    mine, verifier, app, account, _at = found[0]
    return Try(mine, verifier, app, account)


def _fresh(session: Session) -> list[Any]:
    oldest = time.time() - LASTS
    return [one for one in session.get(KEY, []) if one[4] >= oldest]
