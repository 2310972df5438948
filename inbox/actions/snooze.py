"""Later: out of the work lists until a moment, or until the citizen writes. The clock runs on: someone waits."""

from datetime import datetime

from django.utils.translation import gettext as _

from channels.clock import now
from inbox import permissions
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed, refuse_closed
from inbox.actions.refused import Refused
from inbox.models import Conversation, Status, User


def snooze(conversation_id: int, *, by: User, until: datetime) -> Conversation:
    """``until`` aware. Raises Refused "in_the_past", "closed", "not_allowed"."""
    with changing(conversation_id, "snoozed", by=by) as conversation:
        refuse_closed(conversation)
        if not permissions.can_work(by, conversation):
            raise not_allowed()
        if until <= now():
            raise Refused("in_the_past", _("Choose a moment that is still to come."))
        conversation.status = Status.SNOOZED
        conversation.snoozed_until = until
    return conversation


def wake(conversation_id: int, *, by: User | None) -> Conversation:
    """Back to open: by hand, or (``by`` None) because the moment came. Raises Refused "not_snoozed", "not_allowed"."""
    with changing(conversation_id, "woken", by=by) as conversation:
        if by is not None and not permissions.can_work(by, conversation):
            raise not_allowed()
        if conversation.status != Status.SNOOZED:
            raise Refused("not_snoozed", _("This conversation is already back in the list."))
        conversation.status = Status.OPEN
        conversation.snoozed_until = None
    return conversation
