"""The panel beside a conversation: who the citizen is, what went before, what is agreed on this channel."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from inbox import office_hours, sla
from inbox.models import Conversation, Identity, User
from inbox.office_hours import Hours, local
from inbox.views.rows import Agreement, initials

EARLIER = 5


@dataclass(frozen=True, slots=True)
class Profile:
    """The citizen on one platform."""

    kind: str
    platform: str
    name: str
    handle: str
    phone: str
    current: bool


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another conversation with the same citizen that the reader may see."""

    pk: int
    url: str
    subject: str
    status: str
    when: str
    kind: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """What is agreed on the account, in words."""

    open: bool
    hours: str
    first: str
    next: str


@dataclass(frozen=True, slots=True)
class Citizen:
    """Everything the panel shows."""

    name: str
    initials: str
    blocked: bool
    profiles: tuple[Profile, ...]
    earlier: tuple[Earlier, ...]
    agreed: Agreed | None


def citizen(conversation: Conversation, user: User, agreement: Agreement | None, moment: datetime) -> Citizen:
    """Two queries: the profiles, and the newest earlier conversations that ``user`` may see."""
    contact = conversation.identity.contact
    name = contact.name or conversation.identity.display_name
    others = (
        Conversation.objects.visible_to(user)
        .filter(identity__contact=contact)
        .exclude(pk=conversation.pk)
        .select_related("identity")
        .order_by("-last_message_at", "-id")[:EARLIER]
    )
    return Citizen(
        name=name,
        initials=initials(name),
        blocked=contact.blocked_at is not None,
        profiles=tuple(
            _profile(identity, conversation)
            for identity in Identity.objects.filter(contact=contact).order_by("kind", "id")
        ),
        earlier=tuple(
            Earlier(
                pk=other.pk,
                url=reverse("conversation", args=[other.pk]),
                subject=other.subject or _("Without text"),
                status=str(other.get_status_display()),
                when=sla.format_moment(other.last_message_at, moment),
                kind=other.identity.kind,
            )
            for other in others
        ),
        agreed=_agreed(agreement, moment) if agreement else None,
    )


def _profile(identity: Identity, conversation: Conversation) -> Profile:
    return Profile(
        kind=identity.kind,
        platform=str(identity.get_kind_display()),
        name=identity.name,
        handle=f"@{identity.handle}" if identity.handle else "",
        phone=identity.phone,
        current=identity.pk == conversation.identity_id,
    )


def _agreed(agreement: Agreement, moment: datetime) -> Agreed:
    opened, words = opening(agreement.hours, moment)
    return Agreed(opened, words, duration(agreement.first), duration(agreement.next))


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
