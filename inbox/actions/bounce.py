"""Terugzetten: this department does not know either; back to where it came from, with the reason. From the second time
on the team leads where it lies hear it: somebody has to decide. The citizen's clock runs on."""

from django.utils.translation import gettext as _

from inbox import permissions
from inbox.actions import note as notes
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed, refuse_closed
from inbox.actions.notify import leads_of, notify
from inbox.actions.refused import Refused
from inbox.actions.route import moved
from inbox.models import Conversation, NoticeKind, Routing, User

LEADS_FROM = 2  # times


def bounce(conversation_id: int, *, by: User, reason: str) -> Conversation:
    """Back, claimed by nobody, with the reason as a note.

    Raises Refused "not_routed" (nobody routed it here), "no_reason", "too_long", "closed", "not_allowed".
    """
    with changing(conversation_id, "bounced", by=by) as conversation:
        refuse_closed(conversation)
        if not permissions.can_work(by, conversation):
            raise not_allowed()
        came = routed_here(conversation)
        if came is None:
            raise Refused(
                "not_routed", _("This conversation was not routed here. Route it to the department that knows.")
            )
        if not reason.strip():
            raise Refused("no_reason", _("Say why. Your colleagues there need it to go on."))
        notes.write(conversation, by, reason)
        there = came.from_department
        moved(conversation, by, there, back=True)
        Routing.objects.filter(pk=came.pk).update(returned=True)
        times = Routing.objects.filter(conversation=conversation, back=True).count()
        conversation.audit_data |= {"to": there.pk, "to_name": there.name, "times": times}  # type: ignore[attr-defined]
        if times >= LEADS_FROM:
            told = notify(leads_of(there.pk), NoticeKind.BOUNCED, conversation, by=by)
            conversation.audit_data["leads"] = sorted(notice.user_id for notice in told)  # type: ignore[attr-defined]
    return conversation


def routed_here(conversation: Conversation) -> Routing | None:
    """The routing that brought it where it lies now, when that can be bounced. One query."""
    last = conversation.routings.select_related("from_department").order_by("-pk").first()
    if last is None or last.back or last.to_department_id != conversation.department_id:
        return None
    return last
