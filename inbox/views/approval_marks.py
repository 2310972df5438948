"""Beside an answer in the thread: that it waits for a second pair of eyes, or why it was not approved."""

from collections.abc import Sequence
from dataclasses import dataclass

from inbox import permissions
from inbox.actions.approval import REFUSED
from inbox.models import Approval, ApprovalState, Conversation, Delivery, Message, User


@dataclass(frozen=True, slots=True)
class ApprovalMark:
    """``mine``: the reader wrote it and may take it back; ``decides``: they may approve it; ``by``, ``reason``: who did
    not, and why. Only below the last message of an answer."""

    pk: int
    waits: bool
    mine: bool = False
    decides: bool = False
    by: str = ""
    reason: str = ""


def marks_of(
    messages: Sequence[Message], conversation: Conversation, user: User, *, works: bool
) -> dict[int, ApprovalMark]:
    """By key of the message. No query where nothing waits or was refused; else two."""
    if not any(message.state == Delivery.APPROVAL or message.error_reason == REFUSED for message in messages):
        return {}
    here = works and conversation.department_id in permissions.approving(user)
    known = Approval.objects.filter(
        conversation=conversation, state__in=[ApprovalState.PENDING, ApprovalState.REFUSED]
    ).select_related("decided_by")
    return {approval.message_ids[-1]: _mark(approval, user, works=works, here=here) for approval in known}


def _mark(approval: Approval, user: User, *, works: bool, here: bool) -> ApprovalMark:
    if approval.state == ApprovalState.REFUSED:
        reason = approval.reason if works else ""
        return ApprovalMark(approval.pk, waits=False, by=str(approval.decided_by), reason=reason)
    mine = works and approval.author_id == user.pk
    return ApprovalMark(approval.pk, waits=True, mine=mine, decides=here and not mine)
