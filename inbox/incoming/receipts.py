"""How far a message of ours came: only forward, and what a failure after all means for its conversation."""

from collections.abc import Iterable
from datetime import datetime

from channels.messages import DeliveryReceipt
from inbox.actions.answered import Clocks
from inbox.models import DECIDED_ON, Conversation, Delivery, EarlyChange, Message, Status

RANK = {Delivery.SENT: 1, Delivery.DELIVERED: 2, Delivery.READ: 3}


def before(state: str) -> list[str]:
    """The states from which a receipt ``state`` moves a message."""
    if state == Delivery.FAILED:
        return [Delivery.SENT]
    return [lower for lower, rank in RANK.items() if rank < RANK[Delivery(state)]]


def advance(message: Message, state: str, at: datetime, code: str = "", reason: str = "") -> bool:
    """Whether the receipt moved it: sent, delivered, read; failed ends, unless it was delivered already."""
    if message.state not in before(state):
        return False
    message.state = Delivery(state)
    message.state_at = at
    if state == Delivery.FAILED:
        message.error_code, message.error_reason = code[:60], (reason or "other")[:30]
    return True


def early(item: DeliveryReceipt) -> EarlyChange:
    """The receipt as a change to remember. ``what`` is the state: two of one second are two."""
    return EarlyChange(what=str(item.state), data={"code": item.code[:60], "reason": item.reason[:30]}, at=item.at)


def apply_early(message: Message, changes: Iterable[EarlyChange]) -> bool:
    """Receipts that came before our message was recorded; whether one moved it."""
    moved = False
    # The furthest last, so that of two at the same moment none is lost.
    for change in sorted(changes, key=lambda found: (found.at, RANK.get(Delivery(found.what), 0))):
        moved |= advance(message, change.what, change.at, change.data.get("code", ""), change.data.get("reason", ""))
    return moved


def came_back(conversation: Conversation, message: Message, clocks: Clocks) -> None:
    """An answer that seemed sent never arrived: it lies before a person, and the citizen still waits."""
    if message.kind not in DECIDED_ON:
        return
    conversation.failed_count += 1
    if message.kind != "answer":
        return  # no clock stopped for it
    if conversation.status == Status.CLOSED:
        here = {name: getattr(conversation, name) for name in ("account_id", "thread_id", "identity_id")}
        if Conversation.objects.filter(**here).exclude(status=Status.CLOSED).exists():
            return  # the citizen went on in a newer one; one unfinished at a time
        conversation.status, conversation.result, conversation.closed_at = Status.OPEN, "", None
    if conversation.status == Status.WAITING:
        conversation.status = Status.OPEN
    if conversation.first_answered_at == message.sent_at:
        conversation.first_answered_at = None
    if conversation.last_inbound_at is not None and conversation.last_inbound_at <= message.sent_at:
        clocks.start(conversation, conversation.last_inbound_at)
