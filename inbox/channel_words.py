"""Connecting a channel, in words: what to make at a platform and why, where each key is found, which permission is for
what. In the active language."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from channels.models import Kind

PORTALS = {
    Kind.X: "https://developer.x.com/en/portal/dashboard",
    Kind.FACEBOOK: "https://developers.facebook.com/apps/",
    Kind.WHATSAPP: "https://console.twilio.com/",
}
# The company at which the app is made; with WhatsApp that is not the platform itself.
MAKERS = {Kind.X: "X", Kind.FACEBOOK: "Meta", Kind.WHATSAPP: "Twilio"}


@dataclass(frozen=True, slots=True)
class Permission:
    """What a log-in asks for, by the platform's name, and what it is for."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Key:
    """A secret of the app: its name in Webcare, at the platform, and where it stands there."""

    name: str
    label: str
    where: str
    optional: bool = False


def about(kind: str) -> str:
    """One line for the choice of a platform."""
    words: dict[str, Callable[[], str]] = {
        Kind.X: lambda: _("Mentions, replies and direct messages. You need an app at X, which costs money by use."),
        Kind.FACEBOOK: lambda: _(
            "Comments, posts of visitors and Messenger, for all Pages at once. You need an app at Meta."
        ),
        Kind.WHATSAPP: lambda: _("Messages to a number of the municipality. You need an account at Twilio."),
    }
    return words[kind]()


def to_make(kind: str) -> list[str]:
    """What an administrator does at the platform, in order."""
    words: dict[str, Callable[[], list[str]]] = {
        Kind.X: lambda: [
            _("Log in at X for developers with the municipality's own account, not with yours."),
            _("Make a project with an app. Choose Pay Per Use: X charges for what Webcare reads and posts."),
            _("Open User authentication settings. Choose Read and write and Direct message, and the sort Web App."),
            _("Paste the address for the way back below under Callback URI."),
            _("Take the keys from Keys and tokens. You fill them in at the next step."),
        ],
        Kind.FACEBOOK: lambda: [
            _("Log in at Meta for developers with your own account. It must manage the Pages."),
            _("Make an app of the sort Business, and tie it to the municipality's business portfolio."),
            _("Add Facebook Login for Business, Webhooks and Messenger to the app."),
            _("Paste the address for the way back below under Valid OAuth Redirect URIs."),
            _("Ask Advanced Access for the permissions below. Meta looks at that for some days."),
            _("Take the app's number and secret from App settings, Basic. You fill them in at the next step."),
        ],
        Kind.WHATSAPP: lambda: [
            _("Log in at Twilio with the municipality's account."),
            _("Register the number under Messaging, Senders, WhatsApp senders. Meta checks the municipality's name."),
            _("Switch on Enforce HTTP Auth on Media URLs under Settings, General. Then files are not public."),
            _("Take the Account SID and the auth token from the first page. You fill them in at the next step."),
        ],
    }
    return words[kind]()


def by_itself(kind: str) -> str:
    """What Webcare does with the webhook address, so that nobody needs to."""
    if kind == Kind.X:
        return _("Webcare gives this address to X by itself. You need it only when you want to look at X.")
    if kind == Kind.FACEBOOK:
        return _("Webcare fills these in at Meta by itself. You need them only when Meta asks for them.")
    return _("Webcare fills in this address at Twilio by itself, for messages, the second try and receipts.")


def permissions(kind: str) -> list[Permission]:
    """Each permission with what Webcare does with it."""
    words: dict[str, Callable[[], dict[str, str]]] = {
        Kind.X: lambda: {
            "tweet.read": _("Read posts that name you, and the replies to yours."),
            "tweet.write": _("Place the answers of colleagues."),
            "tweet.moderate.write": _("Hide a reply under a post of yours."),
            "users.read": _("See the name of who writes."),
            "dm.read": _("Read direct messages to you."),
            "dm.write": _("Answer direct messages."),
            "media.write": _("Send a picture with an answer."),
            "offline.access": _("Stay connected, without logging in again every two hours."),
        },
        Kind.FACEBOOK: lambda: {
            "pages_show_list": _("Show your Pages, so that you can choose."),
            "pages_manage_metadata": _("Have Meta tell Webcare about new messages."),
            "pages_messaging": _("Read and answer Messenger."),
            "pages_read_engagement": _("Read your own posts and their comments."),
            "pages_read_user_content": _("Read what visitors write."),
            "pages_manage_engagement": _("Answer and hide comments."),
        },
        Kind.WHATSAPP: dict,
    }
    return [Permission(name, why) for name, why in words[kind]().items()]


def keys(kind: str) -> list[Key]:
    """The secrets of an app, in the order in which the platform shows them. The verify token is ours: not here."""
    words: dict[str, Callable[[], list[Key]]] = {
        Kind.X: lambda: [
            Key("consumer_key", "API Key", _("Keys and tokens, Consumer Keys")),
            Key(
                "consumer_secret",
                "API Key Secret",
                _("shown once beside the API Key; Webcare checks signatures with it"),
            ),
            Key("bearer_token", "Bearer Token", _("Keys and tokens, Authentication Tokens")),
            Key("client_id", "Client ID", _("Keys and tokens, OAuth 2.0")),
            Key("client_secret", "Client Secret", _("Keys and tokens, OAuth 2.0; shown once")),
        ],
        Kind.FACEBOOK: lambda: [
            Key("app_id", "App ID", _("App settings, Basic")),
            Key("app_secret", "App Secret", _("App settings, Basic, button Show; Webcare checks signatures with it")),
        ],
        Kind.WHATSAPP: lambda: [
            Key("account_sid", "Account SID", _("first page of the console; begins with AC")),
            Key("auth_token", "Auth Token", _("first page of the console; Webcare checks signatures with it")),
            Key("api_key", "API Key SID", _("Account, API keys; begins with SK. Webcare then uses this key"), True),
            Key("api_secret", "API Key Secret", _("shown once when the key is made"), True),
        ],
    }
    return words[kind]()


def signing_key(kind: str) -> str:
    """The key with which the platform signs, by its name there."""
    return {Kind.X: "API Key Secret", Kind.FACEBOOK: "App Secret", Kind.WHATSAPP: "Auth Token"}[Kind(kind)]


def app_refused(kind: str, reason: str) -> str:
    """Why the platform does not take the app's keys, and what to do."""
    maker = {"maker": MAKERS[Kind(kind)]}
    if reason in ("busy", "rate_limit", "no_answer"):
        return _("%(maker)s gives no answer now. The keys are kept; try again in a minute.") % maker
    if reason == "permission":
        return _("%(maker)s knows the keys, but does not let them in. Look whether the app is switched on.") % maker
    return _("%(maker)s does not accept these keys. Copy them again, without spaces.") % maker


def sign_in_refused(kind: str, reason: str) -> str:
    """Why a log-in at the platform brought nothing, and what to do."""
    maker = {"maker": MAKERS[Kind(kind)]}
    if reason == "configuration":
        return _("%(maker)s does not accept the keys of the app. Fill them in again, then log in.") % maker
    if reason in ("busy", "rate_limit", "no_answer"):
        return _("%(maker)s gives no answer now. Nothing was changed; log in again in a minute.") % maker
    return _("%(maker)s did not accept the log-in. Nothing was changed; log in once more.") % maker
