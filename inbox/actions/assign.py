"""Toewijzen: give a conversation to a colleague of the department where it lies."""

from django.utils.translation import gettext as _

from inbox import permissions, workload
from inbox.actions import available
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed, refuse_closed
from inbox.actions.notify import notify
from inbox.actions.refused import Refused
from inbox.models import Availability, Conversation, NoticeKind, Role, User


def assign(conversation_id: int, *, by: User, to: User, anyway: bool = False) -> Conversation:
    """Raises Refused "not_a_member" when ``to`` may not work on it, "colleague_off", "not_allowed", "closed"; "at_cap"
    when they hold as many as they may, unless a team lead says ``anyway``."""
    if by.pk == to.pk:
        available.at_work(by)
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
        if to.pk not in (by.pk, conversation.assignee_id):
            _refuse_burden(by, to, anyway)
        if conversation.assignee_id != to.pk:
            notify([to], NoticeKind.ASSIGNED, conversation, by=by)
        conversation.assignee = to
    return conversation


def _refuse_burden(by: User, to: User, anyway: bool) -> None:
    """What they take up themselves is theirs to judge; this is what others give them."""
    if to.availability == Availability.OFF:
        raise Refused("colleague_off", _("%(name)s is done for today. Choose a colleague who is there.") % {"name": to})
    leads = by.role in (Role.LEAD, Role.ADMIN)
    if (leads and anyway) or not workload.is_full(to):
        return
    words = {"name": to, "most": to.most_open}
    raise Refused(
        "at_cap",
        (
            _("%(name)s has %(most)s open conversations, the maximum. Choose somebody else, or assign it anyway.")
            if leads
            else _("%(name)s has %(most)s open conversations, the maximum. Choose somebody else.")
        )
        % words,
        colleague=to.pk,
        may_anyway=leads,
    )
