"""Afsluiten met resultaat, and heropenen."""

from datetime import datetime

from django.utils.translation import gettext as _

from channels.clock import now
from inbox import permissions
from inbox.actions import advice, clocks
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed, refuse_closed
from inbox.actions.refused import Refused
from inbox.models import DECIDED_ON, Conversation, Delivery, Result, Status, User

UNDERWAY = (Delivery.APPROVAL, Delivery.QUEUED, Delivery.SENDING, Delivery.UNKNOWN, Delivery.FAILED)


def close(conversation_id: int, *, by: User, result: str) -> Conversation:
    """Finish. Raises Refused "no_result", "closed", "claimed_by_other", "answer_underway", "not_allowed"."""
    with changing(conversation_id, "closed", by=by) as conversation:
        refuse_closed(conversation)
        if not permissions.can_work(by, conversation):
            raise not_allowed()
        if conversation.assignee_id not in (None, by.pk) and not permissions.can_assign(by, conversation):
            raise Refused(
                "claimed_by_other",
                _("%(name)s has picked up this conversation. Take it over to close it.")
                % {"name": conversation.assignee},
            )
        if result not in Result.values:
            raise Refused("no_result", _("Choose with what result you close the conversation."))
        # An automatic reply is nobody's to wait for.
        if conversation.messages.filter(kind__in=DECIDED_ON, state__in=UNDERWAY).exists():
            raise Refused(
                "answer_underway",
                _("An answer in this conversation has not been sent yet. Wait for it, or withdraw it first."),
            )
        moment = now()
        clocks.stop(conversation, moment, "closed")
        advice.end_open(conversation)
        conversation.status = Status.CLOSED
        conversation.result = result
        conversation.closed_at = moment
        conversation.snoozed_until = None
    return conversation


def reopen(conversation_id: int, *, by: User) -> Conversation:
    """Back to open, with whoever had it. Raises Refused "not_closed", "newer_conversation", "not_allowed"."""
    with changing(conversation_id, "reopened", by=by) as conversation:
        if not permissions.can_work(by, conversation):
            raise not_allowed()
        if conversation.status != Status.CLOSED:
            raise Refused("not_closed", _("This conversation is not closed."))
        # The unique constraint would refuse it too; this gives the sentence.
        newer = (
            Conversation.objects.filter(
                account=conversation.account,
                thread_id=conversation.thread_id,
                identity=conversation.identity,
            )
            .exclude(status=Status.CLOSED)
            .first()
        )
        if newer is not None:
            raise Refused(
                "newer_conversation",
                _("This citizen has a newer conversation here. Go on in that one."),
                conversation=newer.pk,
            )
        conversation.status = Status.OPEN
        conversation.result = ""
        conversation.closed_at = None
        if unanswered_since := oldest_unanswered(conversation):
            clocks.start(conversation, unanswered_since)
    return conversation


def oldest_unanswered(conversation: Conversation) -> datetime | None:
    """The platform's time of the citizen's first message after our last answer; None when all is answered."""
    last_answer = (
        conversation.messages.filter(direction="out", kind__in=["answer", "echo"])
        .exclude(state__in=[Delivery.APPROVAL, Delivery.FAILED, Delivery.WITHDRAWN])
        .order_by("-sent_at")
        .values_list("sent_at", flat=True)
        .first()
    )
    messages = conversation.messages.filter(direction="in", deleted_at__isnull=True)
    if last_answer is not None:
        messages = messages.filter(sent_at__gt=last_answer)
    return messages.order_by("sent_at").values_list("sent_at", flat=True).first()
