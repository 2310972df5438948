"""Oppakken, overnemen, teruggeven: who has a conversation. One at a time, held by the row lock in ``changing``."""

from django.utils.translation import gettext as _

from channels.clock import now
from inbox import permissions, presence, sla
from inbox.actions import available
from inbox.actions.changing import changing
from inbox.actions.notify import notify
from inbox.actions.refused import Refused
from inbox.models import Conversation, Draft, DraftMode, NoticeKind, Status, User


def claim(conversation_id: int, *, by: User) -> Conversation:
    """Take a conversation nobody has. Claiming one's own again changes nothing (a double click).

    Raises Refused "claimed_by_other" (data: assignee) when a colleague was first, "closed", "not_allowed".
    """
    available.at_work(by)
    mine = Conversation.objects.visible_to(by).filter(pk=conversation_id, assignee=by).first()
    if mine is not None:
        return mine
    try:
        with changing(conversation_id, "claimed", by=by) as conversation:
            _leave_ones_own(conversation, by)
            if conversation.assignee_id is not None:
                raise claimed_by_other(conversation)
            refuse_closed(conversation)
            if not permissions.can_work(by, conversation):
                raise not_allowed()
            conversation.assignee = by
    except _TheirsAlready as found:
        return found.conversation
    return conversation


def take_over(
    conversation_id: int, *, by: User, expected_assignee_id: int | None, confirmed: bool = False
) -> Conversation:
    """Take a conversation from the colleague one saw it with.

    Raises Refused "claimed_by_other" when by now somebody else has it: then the person must look again;
    "being_written" (data: assignee) when the colleague writes an answer, or has one that did not go, unless
    ``confirmed``: whoever takes over knows.
    """
    there = {} if confirmed or expected_assignee_id is None else presence.present(conversation_id)
    available.at_work(by)
    try:
        with changing(conversation_id, "taken_over", by=by) as conversation:
            refuse_closed(conversation)
            if not permissions.can_work(by, conversation):
                raise not_allowed()
            _leave_ones_own(conversation, by)
            if conversation.assignee_id != expected_assignee_id:
                raise claimed_by_other(conversation)
            if not confirmed:
                _ask_first(conversation, there)
            conversation.audit_data["from"] = conversation.assignee_id  # type: ignore[attr-defined]
            notify([conversation.assignee_id], NoticeKind.TAKEN_OVER, conversation, by=by)
            conversation.assignee = by
    except _TheirsAlready as found:
        return found.conversation
    return conversation


def release(conversation_id: int, *, by: User) -> Conversation:
    """Give it back to the department. Raises Refused "not_claimed" or "not_allowed"."""
    with changing(conversation_id, "released", by=by) as conversation:
        if conversation.assignee_id is None:
            raise Refused("not_claimed", _("Nobody has picked up this conversation."))
        if not permissions.can_release(by, conversation):
            raise not_allowed()
        conversation.assignee = None
    return conversation


class _TheirsAlready(Exception):
    """Out of ``changing`` without a change: nothing is saved, written down or told."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self.conversation = conversation


def _leave_ones_own(conversation: Conversation, by: User) -> None:
    """Two clicks at once: the second one waited for the lock and finds it done."""
    if conversation.assignee_id == by.pk:
        raise _TheirsAlready(conversation)


def _ask_first(conversation: Conversation, there: dict[int, str]) -> None:
    """Raises Refused "being_written". ``there``: who is at the conversation now (inbox.presence)."""
    holder = conversation.assignee
    if holder is None:
        return
    if there.get(holder.pk) == "answering":
        sentence = _("%(name)s is writing an answer now.") % {"name": holder}
    else:
        mine = Draft.objects.filter(conversation=conversation, user=holder, mode=DraftMode.REPLY, sent_at=None)
        at = mine.values_list("updated_at", flat=True).first()
        if at is None:
            return
        moment = sla.format_moment(at, now(), with_time=True)
        sentence = _("%(name)s has an answer here that was not sent, of %(moment)s.") % {
            "name": holder,
            "moment": moment,
        }
    raise Refused("being_written", sentence, assignee=holder.pk)


def claimed_by_other(conversation: Conversation) -> Refused:
    """The refusal that offers to take over."""
    name = str(conversation.assignee) if conversation.assignee_id else ""
    if not name:
        return Refused("not_claimed", _("Nobody has picked up this conversation. Pick it up first."))
    return Refused(
        "claimed_by_other",
        _("%(name)s has picked up this conversation. You can take it over.") % {"name": name},
        assignee=conversation.assignee_id,
    )


def not_allowed() -> Refused:
    """The refusal for who may look but not do."""
    return Refused("not_allowed", _("You may read this conversation, but not change it. Ask your team lead for help."))


def refuse_closed(conversation: Conversation) -> None:
    """Raises Refused "closed" when there is nothing to do any more."""
    if conversation.status == Status.CLOSED:
        raise Refused("closed", _("This conversation is closed. Reopen it first."))
