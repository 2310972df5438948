"""One message as a bubble: text with safe links, delivery in words, attachments, what its author changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import nh3
from django.utils.formats import date_format
from django.utils.html import urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from inbox import failure_words, sla
from inbox.actions.approval import REFUSED
from inbox.models import Attachment, Conversation, Delivery, Direction, Message, MessageVersion
from inbox.office_hours import local
from inbox.views.advice import Mark
from inbox.views.approval_marks import ApprovalMark
from inbox.views.files import File, file, web_address
from inbox.views.message_menu import Menu
from inbox.views.reactions import Chip


@dataclass(frozen=True, slots=True)
class DeliveryWords:
    """How far our message came. ``tone``: "" | "red"; ``more`` is what happened and what to do, for a failure, with
    ``code``, the platform's own."""

    icon: str
    words: str
    tone: str = ""
    more: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One attempt to send, or one question whether it is there. ``by``: the colleague who asked for it."""

    at: datetime
    when: str
    exact: str
    words: str
    code: str
    by: str


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier text, and until when it stood."""

    html: SafeString
    until: str


@dataclass(frozen=True, slots=True)
class Quote:
    """The message on the same page that one answers by name: who, and its first words."""

    pk: int
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Bubble:
    """Everything the page shows of one message. ``acts``: which of retry, withdraw, mark_sent are on offer."""

    pk: int
    at: datetime
    ours: bool
    author: str
    label: str
    html: SafeString
    time: str
    exact: str
    url: str
    edited: str
    deleted: str
    hidden: bool
    versions: tuple[Version, ...]
    files: tuple[File, ...]
    delivery: DeliveryWords | None
    acts: frozenset[str]
    personal: Mark | None = None
    attempts: tuple[AttemptLine, ...] = ()
    reactions: tuple[Chip, ...] = ()
    quote: Quote | None = None
    approval: ApprovalMark | None = None
    menu: Menu | None = None  # what can be done to it where it stands, and how far that is

    type = "message"

    @property
    def gallery(self) -> bool:
        """Several pictures: side by side."""
        return sum(1 for found in self.files if found.preview) > 1


def linked(text: str) -> SafeString:
    """The text escaped, its web and mail addresses clickable; opens apart, tells the other side nothing of us."""
    html = urlize(text, nofollow=True, autoescape=True)
    # A second lock: nothing but these links leaves this function, whatever urlize makes of strange input.
    clean = nh3.clean(
        html,
        tags={"a"},
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return mark_safe(clean)  # noqa: S308 - nh3 let through links only


def bubble(
    message: Message,
    conversation: Conversation,
    *,
    works: bool,
    decides: bool,
    moment: datetime,
    personal: Mark | None = None,
    attempts: tuple[AttemptLine, ...] = (),
    reactions: tuple[Chip, ...] = (),
    quote: Quote | None = None,
    menu: Menu | None = None,
    approval: ApprovalMark | None = None,
    attachments: Iterable[Attachment] = (),
    versions: Iterable[MessageVersion] = (),
) -> Bubble:
    """``message`` with its author loaded. ``works``: the reader may do more than read, and
    so see what the citizen took back; ``decides``: also what becomes of an answer that did not go; ``personal``: it
    may hold personal data that everybody can read."""
    message.account = conversation.account  # the same one, loaded once
    ours = message.direction == Direction.OUT
    deleted = message.deleted_at is not None
    return Bubble(
        pk=message.pk,
        at=message.sent_at,
        ours=ours,
        author=_author(message, conversation) if ours else "",
        label=_label(message),
        html=linked(message.text),
        time=f"{local(message.sent_at):%H:%M}",
        exact=exact(message.sent_at),
        url=web_address(message.url),
        edited=_changed(message.edited_at, moment) if message.edited_at and not deleted else "",
        deleted=_changed(message.deleted_at, moment) if message.deleted_at else "",
        hidden=message.hidden_at is not None,
        versions=tuple(
            Version(linked(version.text), sla.format_moment(version.until, moment, with_time=True))
            for version in versions
            if works and version.text
        ),
        files=() if deleted and not works else tuple(file(item, retry=works) for item in attachments),
        delivery=delivery(message) if ours else None,
        acts=_acts(message) if ours and decides else frozenset(),
        personal=personal,
        attempts=attempts,
        reactions=reactions,
        quote=quote,
        menu=menu,
        approval=approval,
    )


def quotes_of(messages: Sequence[Message], conversation: Conversation) -> dict[int, Quote]:
    """By key: what a citizen's message answers. Not the one right before it, which needs no telling, nor the top of
    the thread, which on Facebook all others answer."""
    by_id = {message.external_id: message for message in messages if message.external_id}
    made = {}
    for place, message in enumerate(messages):
        told = by_id.get(message.in_reply_to) if message.in_reply_to else None
        if told is None or told is message or told.external_id == conversation.thread_id:
            continue
        if message.direction == Direction.OUT or told.deleted_at is not None or messages[place - 1] is told:
            continue
        ours = told.direction == Direction.OUT
        author = _author(told, conversation) if ours else conversation.identity.display_name
        made[message.pk] = Quote(told.pk, author, Truncator(told.text or _("Without text")).chars(120))
    return made


@lru_cache(maxsize=10_000)
def exact(at: datetime) -> str:
    """A moment in full, for hover: "Monday 23 November 2026 10:00:05"."""
    return date_format(local(at), "l j F Y H:i:s")


def delivery(message: Message) -> DeliveryWords:
    """How far our message came, in words; ``message.account`` loaded."""
    more = failure_words.sentence(message)
    match message.state:
        case Delivery.APPROVAL:
            return DeliveryWords("sensitive", _("waits for approval"))
        case Delivery.QUEUED:
            return DeliveryWords("clock", _("waiting to be sent"), "", more, message.error_code)
        case Delivery.SENDING:
            return DeliveryWords("send", _("being sent"))
        case Delivery.SENT:
            return DeliveryWords("check", pgettext("delivery", "sent"))
        case Delivery.DELIVERED:
            return DeliveryWords("check", pgettext("delivery", "delivered"))
        case Delivery.READ:
            return DeliveryWords("check", pgettext("delivery", "read"))
        case Delivery.FAILED:
            return DeliveryWords("warning", pgettext("delivery", "failed"), "red", more, message.error_code)
        case Delivery.UNKNOWN:
            tone = "red" if message.send_at is None else ""
            return DeliveryWords("warning", _("not certain whether this arrived"), tone, more, message.error_code)
        case _ if message.error_reason == REFUSED:
            return DeliveryWords("dismiss", _("not approved: it was not sent"))
        case _:
            return DeliveryWords("dismiss", _("withdrawn: it was not sent"))


def _author(message: Message, conversation: Conversation) -> str:
    if message.kind == "auto_reply":
        return _("Automatic reply")
    if message.author is not None:
        return str(message.author)
    return conversation.account.name


def _label(message: Message) -> str:
    if message.kind == "echo":
        return _("placed outside Webcare")
    if message.kind == "routed":
        return _("told that it was routed")
    if message.direction == Direction.IN and message.kind == "quote":
        return _("quoted us")
    if message.direction == Direction.IN and message.kind == "postback":
        return _("chose a button")
    return ""


def _changed(at: datetime | None, moment: datetime) -> str:
    return sla.format_moment(at, moment, with_time=True) if at else ""


def _acts(message: Message) -> frozenset[str]:
    if message.state == Delivery.FAILED:
        return frozenset({"retry", "withdraw"})
    # While Webcare itself still asks the platform, nobody has to decide.
    if message.state == Delivery.UNKNOWN and message.send_at is None:
        return frozenset({"retry", "withdraw", "mark_sent"})
    return frozenset({"withdraw"} if message.state == Delivery.QUEUED else ())
