"""Gevoelig: politics, press, safety, a threat. From then on no answer goes without a second pair of eyes."""

from django.utils.translation import gettext as _

from channels.clock import now
from inbox import permissions
from inbox.actions import held, undo
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed
from inbox.actions.refused import Refused
from inbox.models import DECIDED_ON, Conversation, Delivery, Message, SensitiveGround, User


def mark_sensitive(conversation_id: int, *, by: User | None, sensitive: bool, ground: str) -> Conversation:
    """Mark it, or with ``sensitive`` False take the mark away; ``ground`` is a value of SensitiveGround, "" when the
    mark goes. ``by`` None: a rule. What is in the outbox and not on its way yet waits for approval too.

    Again with the same ground changes nothing. Raises NotVisible; Refused "no_ground", "not_allowed" (also for who may
    not take the mark away), "approval_waits" (an answer must be decided on before the mark goes).
    """
    if sensitive and ground not in SensitiveGround.values:
        raise Refused("no_ground", _("Choose why this conversation is sensitive."))
    ground = ground if sensitive else ""
    found = Conversation.objects.filter(pk=conversation_id, sensitive=sensitive, sensitive_ground=ground)
    if by is not None:
        found = found.filter(pk__in=Conversation.objects.visible_to(by).values("pk"))
    if (same := found.first()) is not None:
        return same
    verb = "marked_sensitive" if sensitive else "unmarked_sensitive"
    with changing(conversation_id, verb, by=by, ground=ground) as conversation:
        if by is not None and not permissions.can_work(by, conversation):
            raise not_allowed()
        if not sensitive:
            _refuse_unmark(conversation, by)
        conversation.sensitive, conversation.sensitive_ground = sensitive, ground
        if sensitive:
            hold_queued(conversation)
    return conversation


def _refuse_unmark(conversation: Conversation, by: User | None) -> None:
    if by is not None and not permissions.may_unmark(by, conversation):
        raise Refused("not_allowed", _("Only a team lead or somebody who approves here takes this mark away."))
    if held.pending(conversation):
        raise Refused("approval_waits", _("An answer waits for approval here. Decide on that first."))


def hold_queued(conversation: Conversation) -> None:
    """Inside ``changing``, for a conversation that is sensitive from now on: what the outbox has not taken waits."""
    queued = Message.objects.defer("search").filter(
        conversation=conversation, direction="out", kind__in=DECIDED_ON, state=Delivery.QUEUED, author__isnull=False
    )
    seen: set[int] = set()
    for message in queued.select_related("author").order_by("pk"):
        if message.pk in seen or message.author is None or held.approved(message):
            continue
        parts = [part.pk for part in undo.whole(message, message.author)]
        seen.update(parts)
        # By compare-and-swap: the outbox takes queued messages without the conversation's lock.
        waiting = Message.objects.filter(pk__in=parts, state=Delivery.QUEUED)
        waiting.update(state=Delivery.APPROVAL, state_at=now(), send_at=None)
        kept = list(Message.objects.defer("search").filter(pk__in=parts, state=Delivery.APPROVAL).order_by("pk"))
        held.ask(conversation, message.author, kept)
