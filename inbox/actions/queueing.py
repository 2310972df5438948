"""Put one answer of a colleague in the outbox, and in the row of the list; for the actions that send."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from channels.clock import now
from inbox import kick
from inbox.actions import held
from inbox.models import AccountSettings, Conversation, Direction, Message, User


def undo_wait(conversation: Conversation) -> timedelta:
    """How long an answer on this account can still be taken back (one query)."""
    agreed = AccountSettings.objects.filter(account=conversation.account_id).values_list("undo_seconds", flat=True)
    return timedelta(seconds=agreed.first() or 0)


def queue(
    conversation: Conversation,
    by: User,
    text: str,
    submission: UUID,
    *,
    in_reply_to: str = "",
    template_id: str = "",
    template_variables: Mapping[str, str] | None = None,
    wait: timedelta = timedelta(0),
    kind: str = "answer",
) -> Message:
    """Queue it, inside ``changing``: the conversation is saved, and told, by that. ``wait``: for taking it back. What
    is no answer by its ``kind`` leaves the citizen's question in the row of the list; so does what waits for approval.

    Raises IntegrityError when this submission made a message already."""
    moment = now()
    message = Message.objects.create(
        conversation=conversation,
        account=conversation.account,
        direction=Direction.OUT,
        kind=kind,
        public=conversation.public,
        text=text,
        author=by,
        in_reply_to=in_reply_to,
        template_id=template_id,
        template_variables=dict(template_variables or {}),
        sent_at=moment,
        state_at=moment,
        submission=submission,
        **held.first_state(conversation, moment + wait),
    )
    conversation.audit_data["messages"] = [message.pk]  # type: ignore[attr-defined]
    if held.ask(conversation, by, [message]) is not None:
        return message
    if kind == "answer":
        conversation.last_message_at = max(conversation.last_message_at, message.sent_at)
        conversation.last_message_text = text[:200]
        conversation.last_message_out = True
    transaction.on_commit(lambda: kick.kick_send(message.pk, after=wait.total_seconds()))
    return message
