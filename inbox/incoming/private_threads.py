"""A private reply has arrived, and the platform tells who the citizen is in private: the conversation gets its place.

Facebook knows someone under a comment and in Messenger by two ids that have nothing to do with each other; the answer
to the private reply is what ties them.
"""

from channels.clock import now
from inbox.actions.changing import changing
from inbox.incoming.batch import person_key
from inbox.incoming.keys import Key
from inbox.models import Conversation, Direction, Identity, Message, Note, Result, Status

UNKNOWN = "?"  # how the id of someone begins whom the platform has not named


def begun(message: Message) -> bool:
    """Whether this answer of ours goes on in private from something public."""
    return not message.public and bool(message.in_reply_to)


def names(conversation: Conversation, told: str) -> list[Key]:
    """What to hold before ``settle``, so that no batch makes the same citizen at once."""
    return [person_key(conversation.identity.kind, told)] if told else []


def settle(conversation: Conversation, told: str) -> None:
    """``told``: the citizen's id in private. Inside ``changing`` of ``conversation``, with ``names`` held.

    Nothing when we knew them already. When the platform told of them before (the echo of this very message, or an
    answer of the citizen's), there is a conversation by now: without messages it gives way, else ours goes on in it.
    """
    identity = conversation.identity
    if not told or conversation.public or not identity.external_id.startswith(UNKNOWN):
        return
    known = Identity.objects.filter(kind=identity.kind, external_id=told[:200]).select_related("contact").first()
    if known is None:
        Identity.objects.filter(pk=identity.pk).update(external_id=told[:200])
        identity.external_id = conversation.thread_id = told[:200]
        return
    _same_citizen(known, identity)
    there = (
        Conversation.objects.filter(account=conversation.account_id, thread_id=told, identity=known)
        .exclude(status=Status.CLOSED)
        .exclude(pk=conversation.pk)
        .first()
    )
    if there is not None and there.messages.exists():
        _go_on_in(there, conversation)
        return
    if there is not None:
        with changing(there.pk, "closed", by=None, linked=conversation.pk) as empty:
            _close(empty, Result.NO_ANSWER_NEEDED)
    conversation.identity, conversation.thread_id = known, told[:200]


def _same_citizen(known: Identity, identity: Identity) -> None:
    """Someone we know by nothing but this id is the citizen of the comment; whom we knew already a colleague merges."""
    alone = not Identity.objects.filter(contact=known.contact_id).exclude(pk=known.pk).exists()
    wrote = Message.objects.filter(conversation__identity=known, direction=Direction.IN).exists()
    if not alone or wrote:
        return
    # Where it came from goes along: taken apart, it is a citizen of its own again.
    changed = {"contact": identity.contact, "came_from": known.came_from_id or known.contact_id}
    named = {name: getattr(identity, name) for name in ("name", "avatar_url") if not getattr(known, name)}
    Identity.objects.filter(pk=known.pk).update(**changed, **named)


def _go_on_in(there: Conversation, conversation: Conversation) -> None:
    """What was said and noted moves along; who had it keeps it, unless somebody has the other one."""
    with changing(there.pk, "joined", by=None, linked=conversation.pk) as other:
        if other.assignee_id is None:
            other.assignee = conversation.assignee
        Message.objects.filter(conversation=conversation).update(conversation=other)
        Note.objects.filter(conversation=conversation).update(conversation=other)
        Conversation.objects.filter(continued_in=conversation).update(continued_in=other)
    conversation.continued_in = there
    _close(conversation, Result.REFERRED)


def _close(conversation: Conversation, result: Result) -> None:

    conversation.status, conversation.result, conversation.closed_at = Status.CLOSED, result, now()
    conversation.snoozed_until = None
