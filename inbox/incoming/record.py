"""What became of a message we handed over, written down: one verb each, each in one transaction.

``attempt`` is the call that told, with its ending filled in (``attempts.ended``): written even when the message has
moved on meanwhile, for that is what happened.
"""

from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import QuerySet

from channels.clock import now
from channels.messages import SentMessage
from inbox import kick
from inbox.actions import clocks, held
from inbox.actions.answered import answered, show_last, unseen_by
from inbox.actions.changing import changing
from inbox.incoming import attempts, keys, private_threads, receipts
from inbox.incoming.batch import watermark
from inbox.models import (
    DECIDED_ON,
    Clock,
    Conversation,
    Delivery,
    EarlyChange,
    Message,
    MessageVersion,
    PublicLine,
    SendAttempt,
    Status,
)

type Messages = QuerySet[Message]

ARRIVED = (Delivery.SENT, Delivery.DELIVERED, Delivery.READ)
log = structlog.get_logger()


def sent(message: Message, told: SentMessage, attempt: SendAttempt | None = None) -> None:
    """The platform has it. Whatever we thought in between (uncertain, queued again), this is the truth.

    Its echo or receipts may have come before this was written: they become one with it.
    """
    with transaction.atomic():
        thread = watermark(message.conversation.identity.external_id)
        held = [keys.message_key(message.account_id, name) for name in (told.external_id, thread)]
        begun = private_threads.begun(message)
        keys.hold(held + (private_threads.names(message.conversation, told.thread_id) if begun else []))
        current = _locked(message)
        attempts.write(attempt)
        attempts.proved([message.pk])
        if current.state in ARRIVED or (current.state == Delivery.FAILED and current.external_id == told.external_id):
            return  # our own echo was here first, and perhaps its receipts
        with changing(message.conversation_id, "sent", by=None, messages=[message.pk]) as conversation:
            current.conversation = conversation
            _no_longer_before_a_person(conversation, current)
            at = max(told.sent_at or now(), current.taken_at or current.sent_at)
            further = _merge_echo(conversation, current, told.external_id)
            current.external_id = told.external_id[:200]
            current.url = told.url if len(told.url) <= 1000 else ""
            current.state, current.state_at, current.sent_at, current.send_at = Delivery.SENT, now(), at, None
            current.error_code = current.error_reason = ""
            if further is not None:
                receipts.advance(
                    current, further.state, further.state_at or at, further.error_code, further.error_reason
                )
            _apply_early(current, told.external_id, thread)
            current.save()
            if current.kind == "answer":
                answered(conversation, at, unseen_by(current), clocks)
                show_last(conversation, current)
            if current.state == Delivery.FAILED:
                receipts.came_back(conversation, current, clocks)
            if begun:
                private_threads.settle(conversation, told.thread_id)
            if PublicLine.objects.filter(private=current, over_at__isnull=True).exists():
                transaction.on_commit(kick.kick_lines)


def failed(message: Message, code: str, reason: str, attempt: SendAttempt | None = None) -> None:
    """Surely not done, and trying again the same way is of no use: it lies before a person."""
    with transaction.atomic():
        current = _locked(message)
        attempts.write(attempt)
        if not _still(current, message):
            return
        with changing(
            message.conversation_id, "send_failed", by=None, message=message.pk, code=code, reason=reason
        ) as conversation:
            _to(current, Delivery.FAILED, None, code, reason)
            if current.kind in DECIDED_ON:
                conversation.failed_count += 1
                if conversation.status == Status.WAITING:
                    conversation.status = Status.OPEN


def queued_again(
    message: Message, at: datetime, code: str, reason: str, attempt: SendAttempt | None = None, *, verb: str
) -> None:
    """Surely not done; it goes again, not before ``at``."""
    with transaction.atomic():
        current = _locked(message)
        attempts.write(attempt)
        if not _still(current, message):
            return
        with changing(
            message.conversation_id, verb, by=None, message=message.pk, code=code, reason=reason, until=at.isoformat()
        ) as conversation:
            if current.author is not None and held.must_wait(conversation, current):
                # Marked as sensitive while it was under way, and surely not there.
                _to(current, Delivery.APPROVAL, None, "", "")
                held.ask(conversation, current.author, [current])
            else:
                _to(current, Delivery.QUEUED, at, code, reason)


def uncertain(
    message_id: int,
    code: str,
    reason: str,
    ask_at: datetime,
    attempt: SendAttempt | None = None,
    *,
    died: bool = False,
) -> None:
    """Perhaps done: the platform will be asked, not before ``ask_at``. ``died``: whoever took it never came back."""
    with transaction.atomic():
        message = Message.objects.defer("search").get(pk=message_id)
        current = _locked(message)
        attempts.write(attempt)
        if current.state != Delivery.SENDING:
            return
        if died:
            attempts.died(current)
        with changing(
            message.conversation_id, "send_unknown", by=None, message=message_id, code=code, reason=reason, died=died
        ):
            _to(current, Delivery.UNKNOWN, ask_at, code, reason)


def ask_again(message_id: int, at: datetime, attempt: SendAttempt | None = None) -> None:
    """Still uncertain; the next question not before ``at``."""
    with transaction.atomic():
        Message.objects.filter(pk=message_id, state=Delivery.UNKNOWN, send_at__isnull=False).update(send_at=at)
        attempts.write(attempt)


def before_a_person(message: Message, attempt: SendAttempt | None = None) -> None:
    """Nobody can tell whether it arrived: a colleague looks and decides. Of an automatic reply nobody needs to know."""
    with transaction.atomic():
        current = _locked(message)
        attempts.write(attempt)
        if current.state != Delivery.UNKNOWN or current.send_at is None:
            return
        with changing(message.conversation_id, "cannot_tell", by=None, message=message.pk) as conversation:
            if current.kind in DECIDED_ON:
                _to(current, Delivery.UNKNOWN, None, current.error_code, current.error_reason)
                conversation.failed_count += 1
                if conversation.status == Status.WAITING:
                    conversation.status = Status.OPEN
            else:
                _to(current, Delivery.FAILED, None, current.error_code, "no_answer")


def belongs_to_another(message: Message, told: SentMessage) -> bool:
    """Whether another message of ours already goes by this id; an echo of it may."""
    same = Message.objects.filter(account=message.account_id, external_id=told.external_id).exclude(external_id="")
    return same.exclude(pk=message.pk).exclude(kind="echo").exists()


# -- inside -----------------------------------------------------------------------------------------------------


def _locked(message: Message) -> Message:
    """The conversation first, as everybody does; then the message as it is now."""
    Conversation.objects.select_for_update(of=("self",)).filter(pk=message.conversation_id).first()
    return Message.objects.select_for_update(of=("self",)).defer("search").get(pk=message.pk)


def _still(current: Message, message: Message) -> bool:
    """Whether it is still the attempt we speak of: nobody took it for dead and decided otherwise."""
    return current.state in (Delivery.SENDING, Delivery.UNKNOWN, Delivery.QUEUED) and (
        current.attempts == message.attempts
    )


def _to(message: Message, state: Delivery, at: datetime | None, code: str, reason: str) -> None:
    message.state, message.state_at, message.send_at = state, now(), at
    message.error_code, message.error_reason = code[:60], reason[:30]
    message.save(update_fields=["state", "state_at", "send_at", "error_code", "error_reason"])


def _no_longer_before_a_person(conversation: Conversation, message: Message) -> None:
    waited = message.state == Delivery.FAILED or (message.state == Delivery.UNKNOWN and message.send_at is None)
    if waited and message.kind in DECIDED_ON and conversation.failed_count > 0:
        conversation.failed_count -= 1


def _merge_echo(conversation: Conversation, message: Message, external_id: str) -> Message | None:
    """The echo came before this was written, in words we did not recognise: it is the same message; shown once."""
    echo = (
        Message.objects.filter(account=message.account_id, external_id=external_id, kind="echo")
        .exclude(external_id="")
        .defer("search")
        .first()
    )
    if echo is None:
        if Message.objects.filter(account=message.account_id, external_id=external_id).exclude(pk=message.pk).exists():
            log.error("sent_under_a_known_id", message=message.pk)
        return None
    if echo.conversation_id != conversation.pk:
        _undo_elsewhere(echo)
    elif message.kind != "answer":
        _undo_answer(conversation, echo)
    message.edited_at, message.deleted_at, message.hidden_at = echo.edited_at, echo.deleted_at, echo.hidden_at
    echo.delete()
    return echo


def _undo_answer(conversation: Conversation, echo: Message) -> None:
    """An automatic reply stops no clock, nor does "it was routed"; its echo, taken for an answer, did."""
    if conversation.first_answered_at == echo.sent_at:
        conversation.first_answered_at = None
    stopped = Clock.objects.filter(conversation=conversation, stopped_by="answered", started_at__lte=echo.sent_at)
    clock = stopped.order_by("-stopped_at").first()
    if clock is not None and clock.stopped_at == echo.sent_at and clocks.running(conversation) is None:
        clock.stopped_at, clock.stopped_by = None, ""
        clock.save(update_fields=["stopped_at", "stopped_by"])
        clocks.show(conversation, clock)
    if conversation.status == Status.WAITING:
        conversation.status = Status.OPEN


def _undo_elsewhere(echo: Message) -> None:
    """It stood under a neighbour's comment in the same thread and seemed to answer that citizen, who still waits."""
    with changing(echo.conversation_id, "answered_another", by=None) as there:
        stopped = Clock.objects.filter(conversation=there, stopped_by="answered", stopped_at=echo.sent_at)
        if stopped.exists():
            _undo_answer(there, echo)
        newest = there.messages.exclude(pk=echo.pk).defer("search").order_by("-sent_at", "-pk").first()
        if newest is not None and there.last_message_at == echo.sent_at:
            there.last_message_at = newest.sent_at
            show_last(there, newest)


def _apply_early(message: Message, external_id: str, thread: str) -> None:
    """Receipts that overtook our own answer from the platform."""
    waiting = EarlyChange.objects.filter(account=message.account_id, external_id__in=[external_id, thread])
    of_message = [change for change in waiting if change.external_id == external_id]
    of_thread = [change for change in waiting if change.external_id == thread and change.at >= message.sent_at]
    known = {*receipts.RANK, Delivery.FAILED}
    receipts.apply_early(message, [change for change in of_message + of_thread if change.what in known])
    gone = next((change for change in of_message if change.what == "deleted"), None)
    if gone is not None and message.deleted_at is None:
        MessageVersion.objects.create(message=message, text=message.text, until=gone.at)
        message.text, message.deleted_at = "", gone.at
    EarlyChange.objects.filter(pk__in=[change.pk for change in of_message]).exclude(what="replaced").delete()
