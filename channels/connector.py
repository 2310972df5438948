"""The base of every connector: verify, parse, send, find_sent, capabilities. No Django, no database."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from requests.auth import AuthBase

from channels.errors import PermanentFailure
from channels.http import PlatformSession
from channels.messages import (
    AccountCredentials,
    AppCredentials,
    Capabilities,
    IncomingMessage,
    Item,
    OfferedAccount,
    OutgoingMessage,
    Person,
    RenewedAccess,
    SentMessage,
    Template,
    WebhookAnswer,
    WebhookRequest,
)


@dataclass(frozen=True, slots=True)
class Health:
    """What the platform says of our access: ``ok`` or the reason (a key of errors.REASONS) with the platform's code."""

    ok: bool
    reason: str = ""
    code: str = ""
    name: str = ""  # the account's name at the platform, to show "connected as …"
    expires_at: datetime | None = None  # when our access ends by itself (aware UTC); None: never, or it does not tell
    missing: tuple[str, ...] | None = None  # permissions we lack, by the platform's names; None: it does not tell


@dataclass(frozen=True, slots=True)
class Found:
    """Answer of ``find_sent``: ``sent`` when there; else ``surely_absent`` says whether that may be trusted."""

    sent: SentMessage | None = None
    surely_absent: bool = False


@dataclass(slots=True)
class Tally:
    """What one round of gap repair was shown, whatever became of it: X charges for each item."""

    listed: int = 0


class Connector(ABC):
    """One platform, for one PlatformApp. Instances are cheap and short-lived; they hold no state between calls.

    Every outbound call goes through ``self.session`` (channels.http): timeouts, host rewriting, redaction.
    """

    kind: ClassVar[str]
    app_secrets: ClassVar[tuple[str, ...]]  # names of the secrets a PlatformApp of this kind holds
    account_secrets: ClassVar[tuple[str, ...]]
    connecting_secrets: ClassVar[tuple[str, ...]] = ()  # further ones of the app, for connecting accounts
    permissions: ClassVar[tuple[str, ...]] = ()  # what a log-in asks for, by the platform's names
    signs_in: ClassVar[bool] = False  # accounts come by a log-in at the platform; else by the app's own keys
    proves_address: ClassVar[bool] = True  # the platform asks the webhook address for a proof before it calls it
    gap_rounds_apart: ClassVar[timedelta] = timedelta(0)  # the platform's limits allow a round of gap repair so often
    asks_profiles: ClassVar[bool] = False  # private webhooks may carry a bare id, and ``profile`` knows whose it is
    fetches_threads: ClassVar[bool] = False  # ``fetch_thread`` shows what others said around a public message
    deletes_media: ClassVar[bool] = False  # it keeps a citizen's files until they are deleted: ``delete_media`` does

    def __init__(self, app: AppCredentials, session: PlatformSession) -> None:
        self.app = app
        self.session = session

    # -- inbound ------------------------------------------------------------------------------------------------

    @abstractmethod
    def challenge(self, request: WebhookRequest) -> WebhookAnswer | None:
        """Answer to a GET that proves we own the address (CRC, hub.challenge); None when it is none.

        Raises BadSignature when the platform's proof (verify token) is wrong."""

    @abstractmethod
    def verify(self, request: WebhookRequest) -> None:
        """Check the signature over the raw bytes in constant time. Raises BadSignature."""

    @abstractmethod
    def dedupe_key(self, request: WebhookRequest) -> str:
        """A key (at most 200 characters) that is equal for two deliveries of the same event, from the body alone.

        Never raises on a malformed body: falls back to a hash of the raw bytes."""

    def accepted(self) -> WebhookAnswer:
        """What to answer after the event was stored."""
        return WebhookAnswer()

    @abstractmethod
    def parse(self, body: bytes, received_at: datetime) -> list[Item]:
        """Everything in one stored body, in order, for all accounts in it. Pure.

        Unknown kinds become ``Ignored``; raises MalformedEvent only when the body as a whole cannot be read. An item
        that cannot be read beside others that can becomes ``Ignored("unreadable …")``: one never takes the rest along.
        """

    # -- outbound -----------------------------------------------------------------------------------------------

    @abstractmethod
    def send(self, account: AccountCredentials, message: OutgoingMessage) -> SentMessage:
        """Hand one message to the platform. Raises TemporaryFailure, PermanentFailure or UnknownOutcome only."""

    @abstractmethod
    def find_sent(self, account: AccountCredentials, message: OutgoingMessage, since: datetime) -> Found:
        """Is this message, handed over at or after ``since``, at the platform? Raises as ``send`` does."""

    @abstractmethod
    def fetch_since(
        self, account: AccountCredentials, since: datetime, last_seen: str = "", tally: Tally | None = None
    ) -> Iterable[IncomingMessage]:
        """Gap repair: messages on this account since then, oldest first. Raises as ``send`` does, while it is read;
        what came before it is whole.

        ``last_seen``: the newest message that a complete round was given and that no older one can still follow; ""
        before there was one. Where the platform charges by item, nothing up to it is asked for again. ``tally``
        counts every item listed."""

    @abstractmethod
    def check(self, account: AccountCredentials) -> Health:
        """Ask the platform whether our access works. A refusal is an answer; network trouble: TemporaryFailure."""

    # -- connecting: all of these may be asked again, and raise as ``send`` but never UnknownOutcome ------------------

    def check_app(self) -> Health:
        """Whether the platform takes the app's own keys. A refusal is an answer."""
        return Health(ok=True)

    def sign_in_url(self, redirect_uri: str, state: str, verifier: str) -> str:
        """Where a colleague logs in and gives the ``permissions``; from there the browser comes to ``redirect_uri``
        with ``state`` and a code, or an error. ``verifier``: secret, for PKCE. Raises PermanentFailure
        "configuration" when a secret of the app is missing."""
        raise PermanentFailure("", "configuration", "nobody logs in here")

    def signed_in(self, redirect_uri: str, code: str, verifier: str) -> list[OfferedAccount]:
        """The accounts that the log-in gives access to. The code is used up by this: whatever it raises, the way out
        is to log in again."""
        raise PermanentFailure("", "configuration", "nobody logs in here")

    def offered(self) -> list[OfferedAccount]:
        """Where nobody logs in: the accounts that the app's own keys give access to."""
        return []

    def renewed(self, account: AccountCredentials) -> RenewedAccess | None:
        """New access by what we hold, where the old ends within hours; None: nothing to renew. The old may be of no
        use from then on. Raises as ``send``: after UnknownOutcome the old may be gone, and then a person logs in."""
        return None

    def disconnect(self, account: AccountCredentials, webhook_url: str) -> None:
        """The platform brings this account's messages no longer to ``webhook_url``, and our access ends where that
        can be asked."""
        raise PermanentFailure("", "configuration", "this platform lets nobody do that by its API")

    # -- does the platform call us --------------------------------------------------------------------------------

    def webhook_problem(self, account: AccountCredentials, webhook_url: str) -> str:
        """Why the platform would not bring this account's messages to ``webhook_url``: "" or "missing" (it knows no
        such address), "invalid" (it stopped calling it), "unsubscribed" (not for this account). Raises as ``send``."""
        return ""

    def restore_webhook(self, account: AccountCredentials, webhook_url: str) -> None:
        """Set right what ``webhook_problem`` said. Raises as ``send``; PermanentFailure "configuration" where only a
        person at the platform can."""
        raise PermanentFailure("", "configuration", "this platform lets nobody do that by its API")

    def replay_webhooks(self, webhook_url: str, since: datetime, until: datetime) -> bool:
        """Ask the platform to call again with what it could not bring us then; False: this platform has no such
        thing. What comes is an ordinary webhook, known again by its key. Raises as ``send``."""
        return False

    def delete_media(self, account: AccountCredentials, url: str) -> bool:
        """Delete a citizen's file at the platform now that we have a copy (AVG: keep no more than needed); False: not
        a file that we can delete there. Gone already is success. Raises as ``send``."""
        return False

    def profile(self, account: AccountCredentials, external_id: str) -> Person | None:
        """Who a bare id is, where webhooks carry no name (Messenger); None: not known. Raises as ``send``."""
        return None

    @classmethod
    def thread_root(cls, account_id: str, thread_id: str, under: str) -> str:  # noqa: ARG003
        """The id of the post that a public thread stands under. ``under``: the post or comment that a message in it
        was known to answer, or ""."""
        return thread_id

    def fetch_thread(self, account: AccountCredentials, root_id: str) -> list[IncomingMessage]:
        """The public post ``root_id`` and what stands under it, the post first, then oldest first; as much as a
        person can read. To look at, never to take in. Raises as ``send``, but never UnknownOutcome."""
        return []

    def templates(self, account: AccountCredentials) -> list[Template]:
        """Texts that may go out after the window has closed, usable or not; [] where there are none. Raises as
        ``send``."""
        return []

    # Each of these may be done twice without harm, and raises as ``send`` but never UnknownOutcome.

    def hide(self, account: AccountCredentials, external_id: str, hidden: bool) -> None:
        """Take a citizen's public message out of the public's sight, or show it again."""
        raise PermanentFailure("", "permission", "this platform hides nothing")

    def like(self, account: AccountCredentials, external_id: str, liked: bool) -> None:
        """Like a citizen's public message as this account, or like it no more."""
        raise PermanentFailure("", "permission", "this platform lets us like nothing")

    def delete(self, account: AccountCredentials, external_id: str) -> None:
        """Delete a public message of our own; "gone" when it was gone already, or no failure at all."""
        raise PermanentFailure("", "permission", "this platform deletes nothing")

    # -- limits -------------------------------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def capabilities(cls) -> Capabilities:
        """The platform's limits; the same for every app."""

    def length(self, text: str) -> int:
        """How long the platform counts this text to be."""
        return len(text)

    def split(self, text: str) -> list[str]:
        """A long public answer as the messages of a thread; one where the platform has no threads."""
        return [text]

    def media_auth(self, account: AccountCredentials, url: str) -> AuthBase | tuple[str, str] | None:
        """How to sign in for fetching a file (user and password, or a signer); for the platform's hosts only."""
        return None

    media_hosts: ClassVar[tuple[str, ...]] = ()  # host suffixes from which files may be fetched
