"""Wacht op inwoner, by hand: we asked by another way, or need something first. The clock stands still."""

from django.utils.translation import gettext as _

from channels.clock import now
from inbox import permissions
from inbox.actions import clocks
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed, refuse_closed
from inbox.actions.refused import Refused
from inbox.models import Conversation, Status, User


def wait(conversation_id: int, *, by: User) -> Conversation:
    """Pause until the citizen writes. Raises Refused "already_waiting", "closed", "not_allowed"."""
    with changing(conversation_id, "waiting", by=by) as conversation:
        refuse_closed(conversation)
        if not permissions.can_work(by, conversation):
            raise not_allowed()
        if conversation.status == Status.WAITING:
            raise Refused("already_waiting", _("This conversation is already waiting for the citizen."))
        clocks.pause(conversation, now())
        conversation.status = Status.WAITING
        conversation.snoozed_until = None
    return conversation


def resume(conversation_id: int, *, by: User) -> Conversation:
    """Back to open, with the time that was left. Raises Refused "not_waiting", "not_allowed"."""
    with changing(conversation_id, "resumed", by=by) as conversation:
        if not permissions.can_work(by, conversation):
            raise not_allowed()
        if conversation.status != Status.WAITING:
            raise Refused("not_waiting", _("This conversation is not waiting for the citizen."))
        clocks.resume(conversation, now())
        conversation.status = Status.OPEN
    return conversation
