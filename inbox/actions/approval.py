"""Goedkeuren: what becomes of an answer that waits for a second pair of eyes. Approved it goes, as it was written or
changed; refused or withdrawn its text goes back to its author. The citizen's clock runs until the platform has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from channels.clock import now
from inbox import kick, permissions
from inbox.actions import undo, upload
from inbox.actions.changing import changing
from inbox.actions.claim import refuse_closed
from inbox.actions.notify import notify
from inbox.actions.refused import NotVisible, Refused
from inbox.actions.reply import obstacle, refuse_newer, refuse_personal_data, split
from inbox.models import (
    Approval,
    ApprovalState,
    Conversation,
    Delivery,
    Message,
    MessageVersion,
    NoticeKind,
    User,
)

LONGEST_REASON = 2000
REFUSED = "not_approved"  # Message.error_reason of what was refused


def waiting(user: User) -> QuerySet[Approval]:
    """What this colleague may decide on now, in the order in which the citizens are due. Two queries."""
    found = Approval.objects.filter(
        state=ApprovalState.PENDING, conversation__department__in=permissions.approving(user)
    )
    return found.exclude(author=user).order_by("conversation__rank_at", "asked_at", "pk")


def may_decide(user: User, approval: Approval) -> bool:
    """Whether they are the second pair of eyes: they approve where it lies, and did not write it."""
    return approval.author_id != user.pk and approval.conversation.department_id in permissions.approving(user)


def approve(
    approval_id: int,
    *,
    by: User,
    text: str | None = None,
    seen_message_id: int | None = None,
    confirm_personal_data: str = "",
) -> Approval:
    """It goes now; with another ``text`` than its author wrote it goes like that, and both are kept.

    Raises NotVisible; Refused "not_approver", "decided", "closed", "fixed_text" (a template cannot be changed), and
    what ``reply`` refuses: "empty", "too_long", "newer_message", "window_closed", "account", "gone", "not_summoned",
    "personal_data"."""
    with _deciding(approval_id, "answer_approved", by) as (conversation, approval):
        _refuse_unless_second(by, approval)
        refuse_closed(conversation)
        messages = list(_messages(approval).select_for_update(of=("self",)))
        first = messages[0]
        free_text = not (first.template_id or (first.in_reply_to and not first.public))
        if refusal := obstacle(conversation, free_text=free_text):
            raise refusal
        if seen_message_id is not None:
            refuse_newer(conversation, seen_message_id, by)
        moment = now()
        approval.state, approval.decided_by, approval.decided_at = ApprovalState.APPROVED, by, moment
        if text is not None and text.strip() != approval.text.strip():
            if kinds := refuse_personal_data(conversation, text, confirm_personal_data):
                conversation.audit_data["personal_data"] = kinds  # type: ignore[attr-defined]
            messages = _changed(conversation, approval, messages, text, moment)
            conversation.audit_data["changed"] = True  # type: ignore[attr-defined]
        approval.save()  # before the messages are queued: the database asks for it
        _to(messages, Delivery.QUEUED, moment, send_at=moment, sent_at=moment)
        if first.kind == "answer":
            conversation.last_message_at = max(conversation.last_message_at, moment)
            conversation.last_message_text = messages[0].text[:200]
            conversation.last_message_out = True
        notify([approval.author_id], NoticeKind.APPROVED, conversation, by=by, approval=approval.pk)
        transaction.on_commit(lambda: kick.kick_send(first.pk))
    return approval


def refuse(approval_id: int, *, by: User, reason: str) -> Approval:
    """It does not go, and its author hears why; the text is a draft of theirs again. Raises NotVisible; Refused
    "not_approver", "decided", "no_reason", "too_long"."""
    with _deciding(approval_id, "answer_refused", by) as (conversation, approval):
        _refuse_unless_second(by, approval)
        reason = reason.strip()
        if not reason:
            raise Refused("no_reason", _("Say why. Your colleague needs it to go on."))
        if len(reason) > LONGEST_REASON:
            raise Refused("too_long", _("This holds at most %(max)s characters.") % {"max": LONGEST_REASON})
        approval.reason = reason
        _give_back(conversation, approval, by, ApprovalState.REFUSED, REFUSED)
        notify([approval.author_id], NoticeKind.NOT_APPROVED, conversation, by=by, approval=approval.pk)
    return approval


def withdraw(approval_id: int, *, by: User) -> Approval:
    """Its author takes it back into the composer. Raises NotVisible; Refused "not_yours", "decided"."""
    with _deciding(approval_id, "answer_taken_back", by) as (conversation, approval):
        if approval.author_id != by.pk:
            raise Refused("not_yours", _("Only who wrote this answer takes it back."))
        _refuse_decided(approval)
        _give_back(conversation, approval, by, ApprovalState.WITHDRAWN, undo.UNDONE)
    return approval


@contextmanager
def _deciding(approval_id: int, verb: str, by: User) -> Iterator[tuple[Conversation, Approval]]:
    """``changing`` its conversation, with the approval as it is now that nobody else decides. Raises NotVisible."""
    found = Approval.objects.filter(pk=approval_id).values_list("conversation_id", flat=True).first()
    if found is None:
        raise NotVisible
    with changing(found, verb, by=by, approval=approval_id) as conversation:
        approval = (
            Approval.objects.select_for_update(of=("self",)).select_related("author", "decided_by").get(pk=approval_id)
        )
        approval.conversation = conversation
        conversation.audit_data["of"] = str(approval.author)  # type: ignore[attr-defined]
        yield conversation, approval


def _refuse_unless_second(by: User, approval: Approval) -> None:
    if approval.author_id == by.pk:
        raise Refused("not_approver", _("You wrote this answer yourself. A colleague must look at it."))
    if not may_decide(by, approval):
        raise Refused("not_approver", _("You do not approve answers of this department."))
    _refuse_decided(approval)


def _refuse_decided(approval: Approval) -> None:
    if approval.state == ApprovalState.PENDING:
        return
    words = {"name": approval.decided_by}
    match approval.state:
        case ApprovalState.APPROVED:
            sentence = _("%(name)s approved this answer already.") % words
        case ApprovalState.REFUSED:
            sentence = _("%(name)s did not approve this answer.") % words
        case _:
            sentence = _("%(name)s took this answer back.") % words
    raise Refused("decided", sentence)


def _messages(approval: Approval) -> QuerySet[Message]:
    return Message.objects.defer("search").filter(pk__in=approval.message_ids).order_by("pk")


def _to(messages: list[Message], state: Delivery, moment: datetime, **more: object) -> None:
    """By compare-and-swap, as everywhere. Raises Refused "decided" when one of them does not wait."""
    waiting_ones = Message.objects.filter(pk__in=[message.pk for message in messages], state=Delivery.APPROVAL)
    if waiting_ones.update(state=state, state_at=moment, **more) != len(messages):
        raise Refused("decided", _("This answer does not wait for approval any more."))


def _changed(
    conversation: Conversation, approval: Approval, messages: list[Message], text: str, moment: datetime
) -> list[Message]:
    """The messages with the approver's text; what the author wrote is kept as an earlier version. A thread may become
    longer or shorter."""
    first = messages[0]
    if first.template_id:
        raise Refused("fixed_text", _("The text of a template is fixed. Approve it as it is, or do not approve it."))
    parts = split(conversation, text, as_thread=len(messages) > 1)
    for message, part in zip(messages, parts, strict=False):
        if message.text != part:
            MessageVersion.objects.create(message=message, text=message.text, until=moment)
            Message.objects.filter(pk=message.pk).update(text=part)
            message.text = part
    if surplus := messages[len(parts) :]:
        _to(surplus, Delivery.WITHDRAWN, moment, send_at=None, error_reason=undo.UNDONE)
    kept = messages[: len(parts)]
    for part in parts[len(messages) :]:
        more = Message.objects.create(
            conversation=conversation,
            account=conversation.account,
            direction=first.direction,
            kind=first.kind,
            public=first.public,
            text=part,
            author=approval.author,
            sent_at=moment,
            state=Delivery.APPROVAL,
            state_at=moment,
        )
        # In the same breath as the part it stands under: inbox.due waits for that.
        Message.objects.filter(pk=more.pk).update(created_at=first.created_at)
        kept.append(more)
    approval.changed_text = text.strip()
    approval.message_ids = [message.pk for message in kept]
    return kept


def _give_back(conversation: Conversation, approval: Approval, by: User, state: ApprovalState, why: str) -> None:
    moment = now()
    messages = list(_messages(approval).select_for_update(of=("self",)))
    _to(messages, Delivery.WITHDRAWN, moment, send_at=None, error_reason=why)
    approval.state, approval.decided_by, approval.decided_at = state, by, moment
    approval.save()
    # What a template or a routing said is no text of the composer.
    if messages[0].kind == "answer" and not messages[0].template_id:
        upload.take_back(messages, approval.author)
        undo.back_to_draft(conversation, approval.author, messages)
    transaction.on_commit(kick.kick_outbox)
