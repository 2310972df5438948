"""A citizen writes while the colleague who has the conversation is off: it goes where their rule says, at once."""

from inbox.actions import pass_on
from inbox.incoming.batch import Batch
from inbox.models import Conversation, Status


def pass_on_arrived(batch: Batch) -> None:
    """Before the batch is saved. One query when something came for a colleague, none else."""
    arrived: dict[int, Conversation] = {
        id(conversation): conversation
        for _account, conversation, _message in batch.arrived
        if conversation.assignee_id is not None and conversation.status == Status.OPEN
    }
    if not arrived:
        return
    rests = pass_on.rests({conversation.assignee_id or 0 for conversation in arrived.values()})
    for conversation in arrived.values():
        rest = rests.get(conversation.assignee_id or 0)
        if rest is None:
            continue
        to = rest.place(conversation.department_id)
        if to != rest.pk:
            conversation.assignee_id = to
            batch.changes.note(conversation, "handed_over", **pass_on.told(rest, to))
