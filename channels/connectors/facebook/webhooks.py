"""Does Meta call us for a Page, let it call us again or no longer, and what our access is worth."""

from datetime import datetime

from channels.connectors.facebook import sign_in
from channels.connectors.facebook.failures import Call
from channels.connectors.facebook.graph import Graph
from channels.connectors.facebook.values import ident, listing, mapping, moment, text
from channels.errors import PermanentFailure
from channels.http import PlatformSession
from channels.messages import AccountCredentials, AppCredentials

# Only fields subscribed both for the app and for the Page are sent (Page Subscribed Apps, Graph API reference).
FIELDS = (
    "feed",
    "messages",
    "message_echoes",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_edits",
    "message_reactions",
)
NEEDED = frozenset({"feed", "messages"})  # without the others we know less; without these citizens are not heard


class MetaApp:
    """The municipality's app at Meta, called by its own token (``{app id}|{app secret}``), for one of its Pages."""

    def __init__(self, session: PlatformSession, app: AppCredentials, account: AccountCredentials) -> None:
        secret = app.secrets.get("app_secret", "")
        if not secret:
            raise PermanentFailure("", "configuration", "the app has no app_secret")
        self.verify_token = app.secrets.get("verify_token", "")
        self.account = account
        self.page = Graph(session, account.secrets.get("page_token", ""), secret)
        # The id need not be filled in: the Page's token knows whose it is.
        self.id = app.secrets.get("app_id", "") or ident(self.page.get("app", fields="id").get("id"))
        self.graph = Graph(session, f"{self.id}|{secret}", "")


def problem(app: MetaApp, webhook_url: str) -> str:
    """As Connector.webhook_problem. Two calls, free of charge. Raises SendError, never UnknownOutcome."""
    return _of_app(app, webhook_url) or _of_page(app)


def restore(app: MetaApp, webhook_url: str) -> None:
    """Subscribe app and Page anew; what is right already stays as it is. Meta asks our address for its challenge
    before it answers. Raises SendError, never UnknownOutcome."""
    if _of_app(app, webhook_url):
        form = {
            "object": "page",
            "callback_url": webhook_url,
            "verify_token": app.verify_token,
            "fields": ",".join(FIELDS),
            "include_values": "true",
        }
        app.graph.post(f"{app.id}/subscriptions", form, call=Call.CHANGE)
    form = {"subscribed_fields": ",".join(FIELDS)}
    app.page.post(f"{app.account.external_id}/subscribed_apps", form, call=Call.CHANGE)


def access(app: MetaApp) -> tuple[datetime | None, tuple[str, ...] | None]:
    """When the Page's token, or its access to data, ends by itself (aware UTC; None: never, or Meta does not tell),
    and the permissions it lacks (None: Meta does not tell).

    Raises SendError, never UnknownOutcome."""
    told = mapping(app.graph.get_unseen("debug_token", input_token=app.page.token).get("data"))
    ends = [moment(told.get(name)) for name in ("expires_at", "data_access_expires_at")]  # 0: never
    return min((end for end in ends if end is not None), default=None), sign_in.missing(told)


def unsubscribe(app: MetaApp) -> None:
    """Meta calls us no longer for this Page. Raises SendError, never UnknownOutcome."""
    app.page.delete(f"{app.account.external_id}/subscribed_apps")


def _of_app(app: MetaApp, webhook_url: str) -> str:
    listed = map(mapping, listing(app.graph.get(f"{app.id}/subscriptions").get("data")))
    pages = next((found for found in listed if found.get("object") == "page"), None)
    if pages is None or text(pages.get("callback_url")).rstrip("/") != webhook_url.rstrip("/"):
        return "missing"
    if pages.get("active") is not True:
        return "invalid"
    names = {
        text(found.get("name")) if isinstance(found, dict) else text(found) for found in listing(pages.get("fields"))
    }
    return "" if names >= NEEDED else "missing"


def _of_page(app: MetaApp) -> str:
    listed = map(mapping, listing(app.page.get(f"{app.account.external_id}/subscribed_apps").get("data")))
    ours = next((found for found in listed if ident(found.get("id")) == app.id), None)
    if ours is None or not set(map(text, listing(ours.get("subscribed_fields")))) >= NEEDED:
        return "unsubscribed"
    return ""
