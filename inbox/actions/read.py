"""Gelezen: how far this colleague has seen a conversation. Not a change of the conversation: no audit, no nudge."""

from inbox.actions.notify import mark_seen
from inbox.actions.refused import NotVisible
from inbox.models import Conversation, Notice, ReadMarker, User


def mark_read(conversation_id: int, *, by: User) -> None:
    """Everything that is there now is seen, and what they were told of it. Raises NotVisible."""
    count = (
        Conversation.objects.visible_to(by).filter(pk=conversation_id).values_list("inbound_count", flat=True).first()
    )
    if count is None:
        raise NotVisible
    ReadMarker.objects.bulk_create(
        [ReadMarker(user=by, conversation_id=conversation_id, seen=count)],
        update_conflicts=True,
        unique_fields=["user", "conversation"],
        update_fields=["seen"],
    )
    mark_seen(Notice.objects.filter(user=by, conversation=conversation_id))
