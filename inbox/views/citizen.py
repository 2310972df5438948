"""The panel beside a conversation: who the citizen is, what went before, what is agreed on this channel."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import gettext as _

from channels.models import Kind
from inbox import office_hours, sla, targets
from inbox.models import Contact, Conversation, Identity
from inbox.office_hours import Hours, local
from inbox.views.pane_rows import HINTS, PaneRows
from inbox.views.rows import Agreement, initials


@dataclass(frozen=True, slots=True)
class Profile:
    """The citizen on one platform. ``url``: where it is to be seen there, "" where nobody knows; ``current``: the one
    this conversation is with."""

    pk: int
    kind: str
    platform: str
    name: str
    handle: str
    phone: str
    url: str
    current: bool

    @property
    def label(self) -> str:
        """How it is told from the others."""
        return self.handle or self.phone or self.name or self.platform


@dataclass(frozen=True, slots=True)
class Blocked:
    """That a citizen is blocked: why, by whom, since and until when, in words."""

    ground: str
    note: str
    by: str
    since: str
    until: str
    until_date: str


@dataclass(frozen=True, slots=True)
class Hint:
    """Another citizen that this one may be, and why we think so."""

    pk: int
    name: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another conversation with the same citizen that the reader may see."""

    pk: int
    url: str
    subject: str
    status: str
    result: str
    when: str
    kind: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """What is agreed on the account, in words."""

    open: bool
    hours: str
    first: str
    next: str
    which: str  # for which conversations these count; "" for all of the account


@dataclass(frozen=True, slots=True)
class Citizen:
    """Everything the panel shows."""

    name: str
    initials: str
    blocked: Blocked | None
    profiles: tuple[Profile, ...]
    hints: tuple[Hint, ...]
    earlier: tuple[Earlier, ...]
    agreed: Agreed | None


def citizen(conversation: Conversation, agreement: Agreement | None, moment: datetime, asked: PaneRows) -> Citizen:
    """The profiles with those that may be the same person, and the newest earlier conversations that the reader may
    see."""
    contact = conversation.identity.contact
    name = contact.name or conversation.identity.display_name
    own = sorted(asked.profiles, key=lambda one: (one.kind, one.pk))
    return Citizen(
        name=name,
        initials=initials(name),
        blocked=blocked(contact, moment),
        profiles=tuple(profile(identity, conversation.identity_id) for identity in own),
        hints=tuple(_hint(identity, own) for identity in _alike(asked)),
        earlier=tuple(
            Earlier(
                pk=other.pk,
                url=reverse("conversation", args=[other.pk]),
                subject=other.subject or _("Without text"),
                status=str(other.get_status_display()),
                result=str(other.get_result_display()) if other.result else "",
                when=sla.format_moment(other.last_message_at, moment),
                kind=other.identity.kind,
            )
            for other in asked.earlier
        ),
        agreed=_agreed(agreement, conversation, moment) if agreement else None,
    )


def _alike(asked: PaneRows) -> list[Identity]:
    """At most HINTS, the newest; by kind."""
    found = {one.pk: one for rows in asked.alike for one in rows}
    return sorted((found[pk] for pk in sorted(found, reverse=True)[:HINTS]), key=lambda one: (one.kind, one.pk))


def profile(identity: Identity, current: int | None) -> Profile:
    """One profile; ``current``: the id of the one a conversation is with."""
    return Profile(
        pk=identity.pk,
        kind=identity.kind,
        platform=str(identity.get_kind_display()),
        name=identity.name,
        handle=f"@{identity.handle}" if identity.handle else "",
        phone=identity.phone,
        url=_address(identity),
        current=identity.pk == current,
    )


def _address(identity: Identity) -> str:
    """Facebook gives each Page ids of its own for people, which lead nowhere."""
    if identity.kind == Kind.X and identity.handle:
        return f"https://x.com/{quote(identity.handle)}"
    return ""


def _hint(identity: Identity, own: list[Identity]) -> Hint:
    by_phone = bool(identity.phone) and any(one.phone == identity.phone for one in own)
    why = _("same phone number") if by_phone else _("same name")
    return Hint(identity.contact_id, identity.display_name, identity.kind, why)


def blocked(contact: Contact, moment: datetime) -> Blocked | None:
    """Why, by whom and until when, when the citizen is blocked now; with ``contact.blocked_by`` loaded no query."""
    if not contact.blocked(moment):
        return None
    until = contact.blocked_until
    return Blocked(
        ground=str(contact.get_blocked_ground_display() or _("no ground was given")),
        note=contact.blocked_note,
        by=str(contact.blocked_by) if contact.blocked_by else "",
        since=sla.format_moment(contact.blocked_at, moment) if contact.blocked_at else "",
        until=sla.format_moment(until, moment) if until else "",
        until_date=local(until).date().isoformat() if until else "",
    )


def _agreed(agreement: Agreement, conversation: Conversation, moment: datetime) -> Agreed:
    opened, words = opening(agreement.hours, moment)
    target = agreement.target(conversation)
    return Agreed(opened, words, duration(target.first), duration(target.next), targets.conditions(target))


def opening(hours: Hours, moment: datetime) -> tuple[bool, str]:
    """Whether the office is open, and until when or since when not, in words."""
    if office_hours.is_open(hours, moment):
        ahead = office_hours.closed_stretches(hours, moment, moment + timedelta(days=2))
        if not ahead:
            return True, _("Always open")
        return True, _("Open now, until %(time)s") % {"time": _clock(ahead[0].start, moment)}
    opens = office_hours.next_opening(hours, moment)
    if opens is None:
        return False, _("No opening hours are set")
    names = office_hours.closed_stretches(hours, moment, moment + timedelta(minutes=1))[0].names
    words = _("Closed until %(moment)s") % {"moment": _clock(opens, moment)}
    return False, f"{words} ({', '.join(names)})" if names else words


def _clock(at: datetime, moment: datetime) -> str:
    if local(at).date() == local(moment).date():
        return f"{local(at):%H:%M}"
    return sla.format_moment(at, moment, with_time=True)


def duration(minutes: int) -> str:
    """Office minutes as "45 min", "2 h", "1 h 30"."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)s min") % {"minutes": rest}
    if not rest:
        return _("%(hours)s h") % {"hours": hours}
    return _("%(hours)s h %(minutes)02d") % {"hours": hours, "minutes": rest}
