"""Prioriteit: how much haste a conversation has; by hand or by a rule, also when it is closed."""

from django.utils.translation import gettext as _

from channels.clock import now
from inbox import permissions
from inbox.actions import clocks
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed
from inbox.actions.refused import Refused
from inbox.models import Conversation, Priority, User


class _SameAlready(Exception):
    """Out of ``changing`` without a change: nothing is saved, written down or told."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self.conversation = conversation


def _leave(conversation: Conversation, *, when: bool) -> None:
    if when:
        raise _SameAlready(conversation)


def set_priority(conversation_id: int, *, by: User | None, priority: int) -> Conversation:
    """A value of Priority; the one it already has changes nothing. A running clock gets the target of the new one,
    counted from where it began. ``by`` None is a rule. Raises Refused "no_choice", "not_allowed"; NotVisible."""
    if priority not in Priority.values:
        raise Refused("no_choice", _("Choose how much haste it has."))
    try:
        with changing(conversation_id, "set_priority", by=by) as conversation:
            if by is not None and not permissions.can_work(by, conversation):
                raise not_allowed()
            _leave(conversation, when=conversation.priority == priority)
            conversation.priority = priority
            clocks.retarget(conversation, now())
    except _SameAlready as same:
        return same.conversation
    return conversation
