"""Toewijzen: give a conversation to a colleague of the department where it lies."""

from django.utils.translation import gettext as _

from inbox import permissions
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed, refuse_closed
from inbox.actions.notify import notify
from inbox.actions.refused import Refused
from inbox.models import Conversation, NoticeKind, User


def assign(conversation_id: int, *, by: User, to: User) -> Conversation:
    """Raises Refused "not_a_member" when ``to`` may not work on it, "not_allowed", "closed"."""
    with changing(conversation_id, "assigned", by=by, to=to.pk) as conversation:
        refuse_closed(conversation)
        if not permissions.can_assign(by, conversation):
            raise not_allowed()
        if not permissions.can_work(to, conversation):
            raise Refused(
                "not_a_member",
                _("%(name)s is not in %(department)s. Route the conversation instead.")
                % {"name": to, "department": conversation.department},
            )
        if conversation.assignee_id != to.pk:
            notify([to], NoticeKind.ASSIGNED, conversation, by=by)
        conversation.assignee = to
    return conversation
