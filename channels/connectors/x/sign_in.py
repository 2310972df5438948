"""Logging in at X: OAuth 2.0 with PKCE, new access before the old ends, and its end."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests

from channels.clock import now
from channels.connectors.x.client import HOST, Bearer, answered, read_refusal
from channels.connectors.x.values import Json, ident, obj, text
from channels.errors import PermanentFailure, UnknownOutcome
from channels.http import PlatformSession, from_network_error
from channels.messages import AppCredentials, OfferedAccount, RenewedAccess

AUTHORIZE = "https://x.com/i/oauth2/authorize"
TOKEN, REVOKE = "/2/oauth2/token", "/2/oauth2/revoke"
SCOPES = (
    "tweet.read",
    "tweet.write",
    "tweet.moderate.write",
    "users.read",
    "dm.read",
    "dm.write",
    "media.write",
    "offline.access",
)
# What an account is given by a log-in. "scopes": what X granted, with spaces between.
ACCESS, REFRESH, GRANTED = "oauth2_token", "oauth2_refresh_token", "oauth2_scopes"
LASTS = 7200  # seconds, where X does not say


def challenge(verifier: str) -> str:
    """PKCE, S256 (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def url(app: AppCredentials, session: PlatformSession, redirect_uri: str, state: str, verifier: str) -> str:
    """As Connector.sign_in_url."""
    client_id, _ = _client(app)
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(SCOPES),
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    return session.rewritten(f"{AUTHORIZE}?{urlencode(query)}")


def signed_in(
    app: AppCredentials, session: PlatformSession, redirect_uri: str, code: str, verifier: str
) -> list[OfferedAccount]:
    """As Connector.signed_in: the one account that logged in."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    given = _token(app, session, form)
    secrets = _secrets(given)
    bearer = Bearer(secrets[ACCESS])
    told = answered(lambda: session.get(f"{HOST}/2/users/me", params={"user.fields": "name,username"}, auth=bearer))
    user = obj(told.get("data")) or told
    if not ident(user, "id"):
        raise PermanentFailure("", "other", "no user in the answer")
    return [
        OfferedAccount(
            external_id=ident(user, "id"),
            handle=text(user.get("username")),
            name=text(user.get("name")) or text(user.get("username")),
            secrets=secrets,
            missing=missing(secrets),
            renew_at=_renew_at(given),
        )
    ]


def renewed(app: AppCredentials, session: PlatformSession, secrets: Mapping[str, str]) -> RenewedAccess | None:
    """As Connector.renewed. X takes a refresh token once."""
    refresh = secrets.get(REFRESH, "")
    if not refresh:
        return None
    given = _token(app, session, {"grant_type": "refresh_token", "refresh_token": refresh})
    return RenewedAccess(secrets=_secrets(given), renew_at=_renew_at(given))


def revoke(app: AppCredentials, session: PlatformSession, secrets: Mapping[str, str]) -> None:
    """Both tokens end. Nothing happens for an account that was connected by keys."""
    for name, hint in ((REFRESH, "refresh_token"), (ACCESS, "access_token")):
        if token := secrets.get(name, ""):
            form = {"token": token, "token_type_hint": hint}
            answered(lambda form=form: session.post(HOST + REVOKE, data=form, auth=_client(app)))  # type: ignore[misc]


def missing(secrets: Mapping[str, str]) -> tuple[str, ...] | None:
    """The permissions we asked for and did not get; None for an account that was connected by keys."""
    if not secrets.get(ACCESS):
        return None
    return tuple(scope for scope in SCOPES if scope not in secrets.get(GRANTED, "").split())


def _client(app: AppCredentials) -> tuple[str, str]:
    client_id, secret = app.secrets.get("client_id", ""), app.secrets.get("client_secret", "")
    if not (client_id and secret):
        raise PermanentFailure("", "configuration", "no client id or secret")
    return client_id, secret


def _token(app: AppCredentials, session: PlatformSession, form: Mapping[str, str]) -> Json:
    """X's answer with tokens. Raises UnknownOutcome when there was none: what was handed over may be used up."""
    try:
        response = session.post(HOST + TOKEN, data=dict(form), auth=_client(app))
        given = obj(response.json()) if response.content else {}
    except requests.JSONDecodeError:
        given = {}
    except requests.RequestException as error:
        raise from_network_error(error) from None
    if response.ok and text(given.get("access_token")):
        return given
    if response.status_code in (400, 401, 403):
        # {"error": "invalid_grant" | "invalid_client" | …}: RFC 6749, 5.2
        word = text(given.get("error"))
        reason = "configuration" if "client" in word or response.status_code == 401 else "token"
        raise PermanentFailure(f"{response.status_code}/{word[:40]}", reason)
    if response.ok:
        raise UnknownOutcome(str(response.status_code), "no_answer", "no token in the answer")
    raise read_refusal(response, writing=True)


def _secrets(given: Json) -> dict[str, str]:
    found = {ACCESS: text(given.get("access_token")), GRANTED: text(given.get("scope"))}
    refresh = text(given.get("refresh_token"))
    return found | ({REFRESH: refresh} if refresh else {})


def _renew_at(given: Json) -> datetime | None:
    """A quarter of an hour before it ends, or half-way when it lasts shorter; None when it cannot be renewed."""
    if not text(given.get("refresh_token")):
        return None
    lasts: Any = given.get("expires_in")
    seconds = lasts if isinstance(lasts, int) and 0 < lasts < 10**7 else LASTS
    return now() + timedelta(seconds=max(seconds - 900, seconds / 2))
