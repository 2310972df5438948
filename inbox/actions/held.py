"""An answer in a sensitive conversation waits for a second pair of eyes; for whoever writes a message of ours.

Every way out asks ``first_state`` of a new message and tells ``ask`` of it; a trigger in the database refuses what
forgets to. What becomes of it is actions.approval.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from channels.clock import now
from inbox import permissions
from inbox.actions.notify import notify
from inbox.models import DECIDED_ON, Approval, ApprovalState, Conversation, Delivery, Message, NoticeKind, User


def first_state(conversation: Conversation, send_at: datetime) -> dict[str, Any]:
    """The fields "state" and "send_at" of a new answer here, which would go at ``send_at`` (aware)."""
    if conversation.sensitive:
        return {"state": Delivery.APPROVAL, "send_at": None}
    return {"state": Delivery.QUEUED, "send_at": send_at}


def ask(conversation: Conversation, author: User, messages: Sequence[Message]) -> Approval | None:
    """Inside ``changing``: these messages, one answer of ``author``, wait for approval, and who approves is told. None
    when they need not."""
    if not messages or messages[0].state != Delivery.APPROVAL:
        return None
    approval = Approval.objects.create(
        conversation=conversation,
        message_ids=[message.pk for message in messages],
        author=author,
        text=whole([message.text for message in messages]),
        asked_at=now(),
    )
    conversation.audit_data["approval"] = approval.pk  # type: ignore[attr-defined]
    _tell(conversation, approval)
    return approval


def moved(conversation: Conversation) -> None:
    """Inside ``changing``: it lies at another department now, so who approves there is told of what waits."""
    if conversation.sensitive:
        waits = Approval.objects.filter(conversation=conversation, state=ApprovalState.PENDING)
        for approval in waits.select_related("author"):
            _tell(conversation, approval)


def _tell(conversation: Conversation, approval: Approval) -> None:
    approvers = permissions.approvers_of(conversation.department_id)
    notify(approvers, NoticeKind.APPROVAL_ASKED, conversation, by=approval.author, approval=approval.pk)


def whole(parts: Sequence[str]) -> str:
    """The text of an answer of some messages: a thread without the numbers at the end of its posts."""
    if len(parts) == 1:
        return parts[0]
    return " ".join(text.rpartition(" (")[0] for text in parts)


def approved(message: Message) -> bool:
    """Whether somebody approved that it goes (one query)."""
    given = Approval.objects.filter(conversation=message.conversation_id, state=ApprovalState.APPROVED)
    return given.filter(message_ids__contains=[message.pk]).exists()


def must_wait(conversation: Conversation, message: Message) -> bool:
    """Whether a message of ours that is about to be queued again must first be approved: the conversation became
    sensitive after it was written."""
    return conversation.sensitive and message.kind in DECIDED_ON and not approved(message)


def pending(conversation: Conversation) -> bool:
    """Whether an answer waits here (one query)."""
    return Approval.objects.filter(conversation=conversation, state=ApprovalState.PENDING).exists()
