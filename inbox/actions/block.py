"""Blokkeren: a citizen's messages still come in and are shown, but promise no time and get no automatic reply.

By a team lead or administrator, from a conversation they see: it weighs more than a day's work, and somebody answers
for it. What was open keeps its clock; every colleague sees the ground and who did it.
"""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from channels.clock import now
from inbox.actions import citizens
from inbox.actions.refused import Refused
from inbox.models import BlockGround, Contact, Role, User

MAX_NOTE = 1000
LONGEST = timedelta(days=366)
MAY_BLOCK = frozenset({Role.LEAD, Role.ADMIN})


def block(conversation_id: int, *, by: User, ground: str, note: str = "", until: datetime | None = None) -> Contact:
    """Block the citizen of a conversation, or change why and until when (aware; None: until it is lifted).

    Raises NotVisible; Refused "not_allowed", "no_choice", "too_long", "too_soon", "too_far"."""
    note = note.strip()
    if ground not in BlockGround.values:
        raise Refused("no_choice", _("Choose why you block this citizen."))
    if len(note) > MAX_NOTE:
        raise Refused("too_long", _("An explanation holds at most %(max)s characters.") % {"max": MAX_NOTE})
    moment = now()
    if until is not None and until <= moment:
        raise Refused("too_soon", _("Choose a moment that is still to come."))
    if until is not None and until > moment + LONGEST:
        raise Refused("too_far", _("A block with an end lasts a year at most."))
    with citizens.of_conversation(conversation_id, by) as found:
        _may(by)
        contact = found.contact
        again = contact.blocked(moment)
        contact.blocked_at = contact.blocked_at if again else moment
        contact.blocked_until, contact.blocked_ground, contact.blocked_note = until, ground, note
        contact.blocked_by = by
        contact.save(update_fields=["blocked_at", "blocked_until", "blocked_ground", "blocked_note", "blocked_by"])
        data = {"ground": ground} | ({"until": until.isoformat()} if until else {})
        found.record("blocked", by, **data)
    return contact


def unblock(conversation_id: int, *, by: User) -> Contact:
    """Lift it: from the next message on, a clock starts again. Raises NotVisible; Refused "not_allowed",
    "not_blocked"."""
    with citizens.of_conversation(conversation_id, by) as found:
        _may(by)
        contact = found.contact
        if not contact.blocked(now()):
            raise Refused("not_blocked", _("This citizen is not blocked."))
        contact.blocked_at = contact.blocked_until = contact.blocked_by = None
        contact.blocked_ground = contact.blocked_note = ""
        contact.save(update_fields=["blocked_at", "blocked_until", "blocked_ground", "blocked_note", "blocked_by"])
        found.record("unblocked", by)
    return contact


def may_block(user: User) -> bool:
    """By their role; that they see the citizen is asked for apart."""
    return user.is_active and user.role in MAY_BLOCK


def _may(user: User) -> None:
    if not may_block(user):
        raise Refused("not_allowed", _("Only a team lead can block a citizen. Ask yours."))
