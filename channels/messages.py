"""What passes between the platforms and the inbox: frozen dataclasses, no Django, all times aware UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class ReceiptState(StrEnum):
    """How far our message came; receipts only move forward in this order, and ``FAILED`` ends."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A citizen (or ourselves) as one platform knows them.

    ``external_id`` is the platform's stable id (X user id, PSID or Facebook user id, Twilio's ExternalUserId or else
    ``whatsapp:+31…``); "" when the platform does not say who it was (Facebook comments without ``from``).
    ``aliases`` are other ids of the same person on this platform (a WhatsApp phone address beside a BSUID).
    """

    external_id: str
    name: str = ""
    handle: str = ""  # without @; "" where the platform has none
    avatar_url: str = ""
    phone: str = ""  # E.164 or ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Something that came along. Files carry ``url`` (fetched later by the media job); places carry coordinates."""

    kind: str  # image | video | audio | file | sticker | location | contact | link
    url: str = ""
    content_type: str = ""
    name: str = ""  # file name, label of the place, name on the contact card
    external_id: str = ""
    latitude: float | None = None
    longitude: float | None = None
    text: str = ""  # alt text from the sender, address of the place


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The post a public message stands under or quotes, when the platform sends it along."""

    external_id: str
    text: str = ""
    author_name: str = ""
    url: str = ""
    from_us: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """One message on one of our accounts, by a citizen or (``from_us``) an echo of our own.

    ``account_id`` is the platform's id of our account (X user id, Page id, ``whatsapp:+31…``).
    ``thread_id``: public, the root post or the top-level comment; private, the citizen's ``external_id``. The inbox
    prefers the thread of the message named by ``in_reply_to`` when it knows that one.
    ``peer`` is the citizen: equals ``author`` unless ``from_us``; for an echo of a public answer it may be None.
    """

    account_id: str
    external_id: str
    thread_id: str
    public: bool
    author: Person
    text: str
    sent_at: datetime
    peer: Person | None = None
    from_us: bool = False
    in_reply_to: str = ""
    kind: str = "message"  # message | mention | reply | quote | comment | visitor_post | postback
    attachments: tuple[Attachment, ...] = ()
    url: str = ""  # permalink, "" for private messages
    context: Context | None = None
    previous_ids: tuple[str, ...] = ()  # X: earlier versions of the same post; this one replaces them
    answerable: bool = True  # False: the platform will refuse a public reply (X: mention missing)
    language: str = ""  # as the platform tells it: "nl", "en"; "" when it does not say or does not know


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited:
    """The text of ``external_id`` is now ``text``. ``at`` is the platform's time of the change."""

    account_id: str
    external_id: str
    text: str
    at: datetime
    attachments: tuple[Attachment, ...] | None = None  # None: unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDeleted:
    """``external_id`` was removed by its author, or by the platform."""

    account_id: str
    external_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageHidden:
    """A public message was hidden or shown again (by a colleague at the platform, or by us)."""

    account_id: str
    external_id: str
    hidden: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """``person`` put a symbol under ``external_id`` (a message, comment or post), or took it back (``removed``).

    One person has one reaction under one message: the last by ``at``. Says nothing that has to be answered."""

    account_id: str
    external_id: str
    person: Person
    symbol: str  # an emoji; "" when ``removed``
    at: datetime
    removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReceipt:
    """Our message ``external_id`` came as far as ``state``. With ``external_id`` "" it is a watermark: all our
    messages to ``thread_id`` sent at or before ``at``."""

    account_id: str
    state: ReceiptState
    at: datetime
    external_id: str = ""
    thread_id: str = ""
    code: str = ""
    reason: str = ""  # for FAILED: a key of errors.REASONS


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRevoked:
    """The platform says that our access to this account has ended."""

    account_id: str
    at: datetime
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Understood well enough to leave it: ``reason`` is a short English code such as "typing" or "unknown kind x"."""

    reason: str
    account_id: str = ""


Item = (
    IncomingMessage
    | MessageEdited
    | MessageDeleted
    | MessageHidden
    | Reacted
    | DeliveryReceipt
    | AccessRevoked
    | Ignored
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file to send along: read from ``path``; ``public_url`` is where the platform may fetch it (Twilio needs it)."""

    path: str
    content_type: str
    name: str
    public_url: str = ""
    alt_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """One answer. ``to`` is the citizen's external id (private) ; ``in_reply_to`` the post or comment (public)."""

    text: str
    public: bool
    thread_id: str
    to: str = ""
    in_reply_to: str = ""
    files: tuple[OutgoingFile, ...] = ()
    template_id: str = ""  # WhatsApp: Twilio content_sid
    template_variables: Mapping[str, str] = field(default_factory=dict)
    private_reply_to: str = ""  # a first private answer to this public post or comment
    last_from_citizen_at: datetime | None = None  # for the platform's window
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """The platform has it, under this id."""

    external_id: str
    url: str = ""
    sent_at: datetime | None = None  # the platform's time when it says so
    thread_id: str = ""  # X DMs: dm_conversation_id; Messenger: the citizen's id there


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text the platform approved beforehand. ``body`` has {{name}} where a variable goes; ``examples`` names all.

    ``status``: approved (may be sent) | pending | rejected (``reason`` in the platform's words) | other."""

    external_id: str
    name: str
    status: str
    body: str = ""
    language: str = ""
    category: str = ""
    reason: str = ""
    examples: Mapping[str, str] = field(default_factory=dict)
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How long after the citizen's last message free text may be sent."""

    length: timedelta
    human_agent_length: timedelta | None = None  # Messenger: with the HUMAN_AGENT tag
    template_afterwards: bool = False  # WhatsApp: an approved template may still go


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What may go along with one message: how many, and by content type the most bytes of one. A type that is not
    named is refused."""

    most: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one account's platform can carry, public and private apart."""

    max_length_public: int | None
    max_length_private: int | None
    weighted_length: bool = False  # X: count with the connector's ``length``
    window: Window | None = None  # private messages only
    can_thread: bool = False  # split one long public answer into numbered posts
    can_hide: bool = False
    can_delete: bool = False  # what we posted ourselves
    can_like: bool = False
    can_reply_privately: bool = False  # to a public post or comment
    private_reply_within: timedelta | None = None  # of that post or comment; once for each. None: no such limits
    has_templates: bool = False
    receipts: frozenset[ReceiptState] = frozenset()
    max_files: int = 0
    files_public: Files = Files()
    files_private: Files = Files()
    reply_needs_mention: bool = False
    refuses_same_text: bool = False  # public: the same words from one account within a day


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A webhook call as it came: ``url`` is the public address incl. query string (from PUBLIC_URL, never from the
    Host header), header names in lower case, ``body`` the raw bytes."""

    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What the platform wants to hear: to a challenge, or after storing."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCredentials:
    """A PlatformApp without the database: ``secrets`` holds what the connector's README lists for its kind."""

    kind: str
    key: str
    secrets: Mapping[str, str]

    def __repr__(self) -> str:  # secrets never in a log
        return f"AppCredentials({self.kind!r}, {self.key!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCredentials:
    """An Account without the database."""

    external_id: str
    handle: str
    name: str
    secrets: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"AccountCredentials({self.external_id!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedAccount:
    """An account that a log-in at the platform, or the app's own keys, give access to."""

    external_id: str
    handle: str
    name: str
    secrets: Mapping[str, str]
    missing: tuple[str, ...] | None = None  # permissions it lacks, by the platform's names; None: it does not tell
    expires_at: datetime | None = None  # when the access ends by itself (aware UTC); None: never, or not told
    renew_at: datetime | None = None  # when ``Connector.renewed`` is to be asked for new access (aware UTC)

    def __repr__(self) -> str:
        return f"OfferedAccount({self.external_id!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewedAccess:
    """New access in place of the old: ``secrets`` replace those of the same name, until ``renew_at`` (aware UTC)."""

    secrets: Mapping[str, str]
    renew_at: datetime | None = None

    def __repr__(self) -> str:
        return f"RenewedAccess(renew_at={self.renew_at!r})"
