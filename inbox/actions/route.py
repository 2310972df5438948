"""Doorzetten: the conversation goes to the department that knows. The citizen's clock runs on."""

from django.utils.translation import gettext as _

from inbox import permissions
from inbox.actions import note as notes
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed, refuse_closed
from inbox.actions.refused import Refused
from inbox.models import Conversation, Department, User


def route(conversation_id: int, *, by: User, department: Department, note: str = "") -> Conversation:
    """To ``department``, claimed by nobody, with a note for the colleagues there when given.

    Raises Refused "same_department", "not_allowed", "closed".
    """
    with changing(conversation_id, "routed", by=by, to=department.pk, to_name=department.name) as conversation:
        refuse_closed(conversation)
        if not permissions.can_work(by, conversation):
            raise not_allowed()
        if conversation.department_id == department.pk:
            raise Refused(
                "same_department",
                _("This conversation is already with %(department)s.") % {"department": department},
            )
        conversation.department = department
        conversation.assignee = None
        if note.strip():
            notes.write(conversation, by, note, allowed=True)  # after the change: it names those who see it there
    return conversation
