"""Logging in at Facebook: from a code to the tokens of all Pages that this colleague may manage."""

from typing import Any
from urllib.parse import urlencode

from channels.connectors.facebook.failures import Call
from channels.connectors.facebook.graph import VERSION, Graph
from channels.connectors.facebook.values import ident, listing, mapping, text
from channels.errors import PermanentFailure
from channels.http import PlatformSession
from channels.messages import AppCredentials, OfferedAccount

DIALOG = f"https://www.facebook.com/{VERSION}/dialog/oauth"
PERMISSIONS = (
    "pages_show_list",
    "pages_manage_metadata",
    "pages_messaging",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
)
MOST_PAGES = 500  # of one colleague; no municipality has more


def url(app: AppCredentials, session: PlatformSession, redirect_uri: str, state: str) -> str:
    """As Connector.sign_in_url. Meta knows no PKCE here: the app secret does what a verifier would."""
    app_id, _ = _app(app)
    query = {
        "client_id": app_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "response_type": "code",
        "scope": ",".join(PERMISSIONS),
        "auth_type": "rerequest",  # ask again for what was refused the time before
    }
    return session.rewritten(f"{DIALOG}?{urlencode(query)}")


def signed_in(app: AppCredentials, session: PlatformSession, redirect_uri: str, code: str) -> list[OfferedAccount]:
    """As Connector.signed_in: every Page the colleague gave us, with a token that does not end by itself (it is made
    from a long-lived one). By POST: nothing secret stands in an address."""
    app_id, secret = _app(app)
    nobody = Graph(session, "", "")
    keys = {"client_id": app_id, "client_secret": secret}
    short = _token(nobody, {**keys, "redirect_uri": redirect_uri, "code": code})
    exchange = {**keys, "grant_type": "fb_exchange_token", "fb_exchange_token": short}
    user = Graph(session, _token(nobody, exchange), secret)
    missing = lacking(app_id, secret, session, user.token)
    offered = []
    for page in _pages(user):
        token = text(page.get("access_token"))
        if not (token and ident(page.get("id"))):
            continue  # a role on it that gives no token
        offered.append(
            OfferedAccount(
                external_id=ident(page.get("id")),
                handle=text(page.get("username")),
                name=text(page.get("name")),
                secrets={"page_token": token},
                missing=missing,
            )
        )
    return offered


def lacking(app_id: str, secret: str, session: PlatformSession, token: str) -> tuple[str, ...] | None:
    """The permissions that a token lacks; None when Meta does not tell."""
    told = mapping(Graph(session, f"{app_id}|{secret}", "").get_unseen("debug_token", input_token=token).get("data"))
    return missing(told)


def missing(told: dict[str, Any]) -> tuple[str, ...] | None:
    """The permissions that are not in what ``debug_token`` told; None when it told nothing of them."""
    if not isinstance(told.get("scopes"), list):
        return None
    given = set(map(text, listing(told.get("scopes"))))
    return tuple(name for name in PERMISSIONS if name not in given)


def check_app(app: AppCredentials, session: PlatformSession) -> None:
    """Whether Meta takes the app's number and secret. Raises SendError, never UnknownOutcome."""
    app_id, secret = _app(app)
    Graph(session, f"{app_id}|{secret}", "").get(f"{app_id}/subscriptions")


def _app(app: AppCredentials) -> tuple[str, str]:
    app_id, secret = app.secrets.get("app_id", ""), app.secrets.get("app_secret", "")
    if not (app_id and secret):
        raise PermanentFailure("", "configuration", "no app id or secret")
    return app_id, secret


def _token(nobody: Graph, form: dict[str, str]) -> str:
    token = text(nobody.post("oauth/access_token", form, call=Call.CHANGE).get("access_token"))
    if not token:
        raise PermanentFailure("", "token", "no token in the answer")
    return token


def _pages(user: Graph) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    while len(found) < MOST_PAGES:
        fields = {"fields": "id,name,username,access_token", "limit": 100} | ({"after": after} if after else {})
        page = user.get("me/accounts", **fields)
        found += map(mapping, listing(page.get("data")))
        paging = mapping(page.get("paging"))
        after = text(mapping(paging.get("cursors")).get("after"))
        if not (after and paging.get("next")):
            break
    return found
