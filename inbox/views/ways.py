"""Beside the box for an answer: templates, going on in private, Messenger's windows, and other ways to the citizen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from channels.gateway import capabilities_of
from inbox import message_templates, sla
from inbox.actions import reply, reply_privately
from inbox.actions.refused import Refused
from inbox.actions.windows import windows
from inbox.models import Conversation, Identity, MessageTemplate, Status, User
from inbox.views.advice import Found, found_in
from inbox.views.filled import PRIVATE, TEMPLATE, Filled
from inbox.views.pane_rows import PaneRows

MOST_WAYS = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """One template to choose. ``words``: what it says, cut short."""

    pk: int
    name: str
    words: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Blank:
    """One variable to fill in. ``missing``: it was refused without."""

    name: str
    label: str
    value: str
    example: str
    missing: bool


@dataclass(frozen=True, slots=True)
class TemplateForm:
    """``body``: as WhatsApp approved it, for the preview while one types; ``preview``: with what is filled in."""

    choices: tuple[Choice, ...]
    chosen: int | None
    blanks: tuple[Blank, ...]
    body: str
    preview: str
    buttons: tuple[str, ...]
    submission: UUID
    seen: int
    open: bool
    confirm_newer: bool
    asking: bool  # the platform is being asked for them


@dataclass(frozen=True, slots=True)
class PrivateForm:
    """``sentence``: why it cannot be done, "" when it can; ``there``: where it went on already."""

    sentence: str
    there: str
    button: str
    text: str
    public_text: str
    max_length: int | None
    submission: UUID
    seen: int
    open: bool
    confirm_newer: bool
    found: tuple[Found, ...]
    confirm: str


@dataclass(frozen=True, slots=True)
class Way:
    """Another way to the same citizen. ``url`` "": only to be told."""

    icon: str
    words: str
    url: str
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Ways:
    """Everything of this kind beside one composer. ``by_hand``: Messenger's second window, in words."""

    template: TemplateForm | None
    private: PrivateForm | None
    by_hand: str
    others: tuple[Way, ...]


def ways(
    conversation: Conversation,
    user: User,
    moment: datetime,
    *,
    seen: int,
    obstructed: bool,
    query: QueryDict,
    filled: Filled | None = None,
    refused: Refused | None = None,
) -> Ways | None:
    """For a colleague who has claimed it; None for others. ``seen``: the newest message; ``obstructed``: no answer can
    go out now, as the composer knows. At most four queries, and four when something is in the way."""
    if conversation.assignee_id != user.pk or conversation.status == Status.CLOSED:
        return None
    obstacle = reply.obstacle(conversation) if obstructed else None
    return Ways(
        template=template_form(conversation, user, obstacle, seen, _number(query.get("template")), filled, refused),
        private=private_form(conversation, obstacle, seen, filled, refused),
        by_hand=_by_hand(conversation, moment),
        others=others(conversation, user) if obstacle is not None else (),
    )


# -- templates ----------------------------------------------------------------------------------------------------


def template_form(
    conversation: Conversation,
    user: User,
    obstacle: Refused | None,
    seen: int,
    asked: int | None,
    filled: Filled | None,
    refused: Refused | None,
) -> TemplateForm | None:
    """None where there are no templates, or nothing can go at all. Two queries. ``asked``: the one to fill in."""
    if conversation.public or not capabilities_of(conversation.account).has_templates:
        return None
    if obstacle is not None and obstacle.code != "window_closed":
        return None
    ours = filled if filled is not None and filled.panel == TEMPLATE else None
    usable = message_templates.usable(conversation.account)
    wanted = ours.template if ours is not None else asked
    chosen = next((one for one in usable if one.pk == wanted), None)
    values = {} if chosen is None else message_templates.known(chosen, conversation, user, settings.MUNICIPALITY)
    if ours is not None and chosen is not None:
        values |= ours.values
    missing = refused.data.get("missing") if refused is not None and ours is not None else None
    return TemplateForm(
        choices=tuple(
            Choice(one.pk, _spoken(one.name), Truncator(one.body.replace("\n", " ")).chars(90), one == chosen)
            for one in usable
        ),
        chosen=chosen.pk if chosen else None,
        blanks=_blanks(chosen, values, missing if isinstance(missing, list) else []),
        body=chosen.body if chosen else "",
        preview=message_templates.filled(chosen, values) if chosen else "",
        buttons=tuple(chosen.buttons) if chosen else (),
        submission=(ours.submission if ours else None) or uuid4(),
        seen=seen,
        open=obstacle is not None or ours is not None or asked is not None,
        confirm_newer=ours is not None and refused is not None and refused.code == "newer_message",
        asking=not usable and message_templates.is_stale(conversation.account),
    )


def _blanks(template: MessageTemplate | None, values: Mapping[str, str], missing: list[str]) -> tuple[Blank, ...]:
    if template is None:
        return ()
    return tuple(
        Blank(
            name,
            _("Field %(number)s") % {"number": name} if name.isdigit() else _spoken(name),
            values.get(name, ""),
            str(template.examples.get(name, "")),
            name in missing,
        )
        for name in message_templates.variables(template)
    )


def _spoken(name: str) -> str:
    """ "afspraak_herinnering" as "Afspraak herinnering"."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


# -- in private ---------------------------------------------------------------------------------------------------


def private_form(
    conversation: Conversation, obstacle: Refused | None, seen: int, filled: Filled | None, refused: Refused | None
) -> PrivateForm | None:
    """None for what is private, and where the platform has no such thing. At most four queries."""
    capabilities = capabilities_of(conversation.account)
    if not conversation.public or not capabilities.can_reply_privately:
        return None
    impossible = reply_privately.impossible(conversation)
    ours = filled if filled is not None and filled.panel == PRIVATE else None
    there = conversation.continued_in_id or (impossible.data.get("conversation") if impossible else None)
    line = _("We have sent you a private message.") if obstacle is None else ""
    found = refused.data.get("findings") if refused is not None and ours is not None else None
    public_text = ours.public_text if ours else line
    return PrivateForm(
        sentence=str(impossible) if impossible else "",
        there=reverse("conversation", args=[there]) if isinstance(there, int) else "",
        button=_("Send as a private message on X") if conversation.account.kind == "x" else _("Send with Messenger"),
        text=ours.text if ours else "",
        public_text=public_text,
        max_length=capabilities.max_length_private,
        submission=(ours.submission if ours else None) or uuid4(),
        seen=seen,
        open=ours is not None or (obstacle is not None and impossible is None),
        confirm_newer=ours is not None and refused is not None and refused.code == "newer_message",
        found=found_in(public_text, found) if isinstance(found, list) else (),
        confirm=str(refused.data.get("confirm", "")) if isinstance(found, list) and refused else "",
    )


# -- windows and other ways -----------------------------------------------------------------------------------------


def _by_hand(conversation: Conversation, moment: datetime) -> str:
    """Of Messenger's two windows, which one is open and what comes after."""
    found = windows(conversation)
    if found.free is None or found.until is None or found.until == found.free or found.until <= moment:
        return ""
    until = sla.format_moment(found.until, moment, with_time=True)
    if found.free > moment:
        free = sla.format_moment(found.free, moment, with_time=True)
        return _("Messenger: 24 hours until %(free)s, after that written by hand until %(until)s.") % {
            "free": free,
            "until": until,
        }
    return _("Messenger: the 24 hours are over. Written by hand it may still go, until %(until)s.") % {"until": until}


def others(conversation: Conversation, user: User) -> tuple[Way, ...]:
    """Where else this citizen can be reached: conversations that go on, then profiles. Two queries."""
    contact = conversation.identity.contact_id
    open_ones = (
        Conversation.objects.visible_to(user)
        .filter(identity__contact=contact)
        .exclude(pk=conversation.pk)
        .exclude(status=Status.CLOSED)
        .select_related("account__app", "identity")
        .order_by("-last_message_at")[:MOST_WAYS]
    )
    made = [
        Way(
            found.account.kind,
            (_("Public on %(platform)s: %(subject)s") if found.public else _("Private on %(platform)s: %(subject)s"))
            % {"platform": found.account.get_kind_display(), "subject": Truncator(found.subject).chars(32)},
            reverse("conversation", args=[found.pk]),
        )
        for found in open_ones
    ]
    for identity in (
        Identity.objects.filter(contact=contact).exclude(pk=conversation.identity_id).order_by("kind", "id")
    ):
        if identity.kind == "x" and identity.handle:
            words = _("Known on X as %(handle)s") % {"handle": f"@{identity.handle}"}
            made.append(Way("x", words, f"https://x.com/{identity.handle}", outside=True))
        elif identity.phone:
            made.append(Way("whatsapp", _("Known on WhatsApp: %(phone)s") % {"phone": identity.phone}, ""))
    return tuple(made[:MOST_WAYS])


# -- linked ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """The conversation at the other end of "in private"."""

    url: str
    words: str
    public: bool


def links(conversation: Conversation, asked: PaneRows) -> tuple[Link, ...]:
    """What goes on in private from here, or where this came from, as far as the reader may see it."""
    if conversation.continued_in_id is not None:
        found = asked.private_side.rows()
    else:
        found = [] if conversation.public else asked.public_side.rows()
    return tuple(
        Link(reverse("conversation", args=[pk]), _("Began in public") if public else _("Goes on in private"), public)
        for pk, public in found
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
