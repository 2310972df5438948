"""Take a due message, send, record: an answer goes out once, in order, and where that is not certain it is asked.

One message at a time; who goes when is in ``lanes``, what is due in ``due``.
"""

import random
import traceback
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F

from channels import account_state
from channels.clock import now
from channels.connector import Connector, Found
from channels.errors import PermanentFailure, SendError, TemporaryFailure, UnknownOutcome
from channels.gateway import connector_of
from channels.messages import AccountCredentials, OutgoingFile, OutgoingMessage
from channels.models import Account, AccountState
from inbox import due, kick, public_files
from inbox.incoming import attempts, record
from inbox.models import AttemptOutcome, Delivery, Direction, Message, SendAttempt

LEASE = timedelta(seconds=90)  # for one question to the platform whether a message is there
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=15)
GIVE_UP = timedelta(hours=24)
# When to ask whether an uncertain message is there, counted from when it was handed over; after the last, a person.
ASK_AFTER = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 120, 600, 1800))
MARGIN = timedelta(seconds=60)  # our clock and the platform's
# The account's trouble, not the message's: it waits until the account is connected again.
OF_THE_ACCOUNT = frozenset({"token", "blocked_for_policy"})
# "The same text again": perhaps an attempt of ours that we took for lost is there.
DUPLICATE = "duplicate"
TRIES = 3  # to write down what the platform said

log = structlog.get_logger()


class Outcome(StrEnum):
    """What became of one attempt."""

    NOT_TAKEN = "not_taken"  # not due, not its turn, or in someone else's hands
    HELD = "held"
    SENT = "sent"
    LATER = "later"
    FAILED = "failed"
    UNKNOWN = "unknown"


# -- one message --------------------------------------------------------------------------------------------------


def send_one(message_id: int) -> Outcome:
    """Send this message if it is due and its turn. Any number of callers: one sends.

    The platform is called outside any transaction. Killed between taking and recording, the message is found by
    ``lanes.send_due`` and asked after; it is never sent again unless the platform surely does not have it.
    """
    message = _with_all(message_id)
    if message is None or message.state != Delivery.QUEUED:
        return Outcome.NOT_TAKEN
    if message.account.state != AccountState.ACTIVE:
        return _hold(message)
    taken_at = now()
    mine = due.to_send(taken_at).filter(pk=message_id).order_by()
    with transaction.atomic():
        if not mine.update(state=Delivery.SENDING, state_at=taken_at, taken_at=taken_at, attempts=F("attempts") + 1):
            return Outcome.NOT_TAKEN  # another worker got there first, or an earlier answer is not through yet
        message.refresh_from_db(fields=["attempts", "taken_at", "state"])
        attempt = attempts.begin(message, taken_at)
    try:
        connector, credentials, outgoing = _prepared(message)
        _refuse_gone(message, outgoing)
    except PermanentFailure as failure:
        return _refused(message, attempt, failure)
    except Exception as error:  # noqa: BLE001  (ours, and before the call: surely not sent)
        log_crash(message.pk, error)
        return _later(message, attempt, TemporaryFailure("", "configuration", type(error).__name__))
    let_go()
    try:
        sent = connector.send(credentials, outgoing)
    except TemporaryFailure as failure:
        return _later(message, attempt, failure)
    except PermanentFailure as failure:
        return _refused(message, attempt, failure)
    except Exception as error:  # noqa: BLE001
        # UnknownOutcome, and whatever a connector lets slip: the request may have left.
        if not isinstance(error, UnknownOutcome):
            log_crash(message.pk, error)
        code = error.code if isinstance(error, UnknownOutcome) else ""
        ask_at = now() + ASK_AFTER[0]
        told = attempts.ended(attempt, AttemptOutcome.NO_ANSWER, code, "no_answer", ask_at)
        _written(lambda: record.uncertain(message.pk, code, "no_answer", ask_at, told))
        return Outcome.UNKNOWN
    told = attempts.ended(attempt, AttemptOutcome.SENT)
    _written(lambda: record.sent(message, sent, told))
    _after_success(message)
    return Outcome.SENT


def resolve_unknown(message_id: int) -> Outcome:
    """Ask the platform whether an uncertain message is there: sent, queued again, asked later, or before a person."""
    moment = now()
    mine = due.to_ask(moment).filter(pk=message_id).order_by()
    with transaction.atomic():
        if not mine.update(send_at=moment + LEASE):
            return Outcome.NOT_TAKEN
        message = _with_all(message_id)
        if message is None:
            return Outcome.NOT_TAKEN
        question = attempts.begin_question(message, moment)
    handed_over = message.taken_at or message.sent_at
    try:
        connector, credentials, outgoing = _prepared(message)
        # Told it is a duplicate, we look for an earlier attempt: from when the first could be made.
        since = min(handed_over, message.created_at) if _duplicate(message) else handed_over
        let_go()
        found = connector.find_sent(credentials, outgoing, since - MARGIN)
    except Exception as error:  # noqa: BLE001
        if isinstance(error, SendError):
            _note_trouble(message.account, error)
        else:
            log_crash(message.pk, error)
        return _not_asked(message, question, error, moment - handed_over)
    return _resolved(message, question, found, moment - handed_over)


def _not_asked(message: Message, question: SendAttempt, error: Exception, passed: timedelta) -> Outcome:
    """The platform could not be asked: that says nothing about the message. Keep asking, less and less, for a day."""
    code, reason = (error.code, error.reason) if isinstance(error, SendError) else ("", "other")
    attempts.ended(question, AttemptOutcome.NOT_ASKED, code, reason)
    refused = isinstance(error, PermanentFailure) and reason not in account_state.DOUBTFUL
    if refused or passed > GIVE_UP:
        return _cannot_tell(message, question)  # what was answered is gone, say: no later question gets an answer
    moment = now()
    retry_at = error.retry_at if isinstance(error, TemporaryFailure) else None
    wait = min(max(ASK_AFTER[1], passed / 4), LONGEST_WAIT) * random.uniform(0.75, 1.25)  # noqa: S311
    question.again_at = max(retry_at or moment, moment + wait)
    record.ask_again(message.pk, question.again_at, question)
    return Outcome.UNKNOWN


def _resolved(message: Message, question: SendAttempt, found: Found, passed: timedelta) -> Outcome:
    attempts.ended(question, AttemptOutcome.NOT_SURE)
    if found.sent is not None:
        if record.belongs_to_another(message, found.sent):
            return _cannot_tell(message, question)  # the same words twice: which of the two is there?
        sent, told = found.sent, attempts.ended(question, AttemptOutcome.FOUND)
        _written(lambda: record.sent(message, sent, told))
        _after_success(message)
        return Outcome.SENT
    if found.surely_absent:
        attempts.ended(question, AttemptOutcome.ABSENT)
    if _duplicate(message):
        return _cannot_tell(message, question)  # the platform refused it: sent again it would only be refused again
    if found.surely_absent:
        record.queued_again(message, now(), "", "no_answer", question, verb="send_requeued")
        kick.kick_send(message.pk)
        return Outcome.LATER
    following = next((after for after in ASK_AFTER if after > passed), None)
    if following is None:
        return _cannot_tell(message, question)
    question.again_at = (message.taken_at or message.sent_at) + following
    record.ask_again(message.pk, question.again_at, question)
    return Outcome.UNKNOWN


def _cannot_tell(message: Message, question: SendAttempt) -> Outcome:
    if _duplicate(message):
        _written(lambda: record.failed(message, message.error_code, DUPLICATE, question))
        return Outcome.FAILED
    record.before_a_person(message, question)
    return Outcome.UNKNOWN


# -- outcomes ---------------------------------------------------------------------------------------------------


def _hold(message: Message) -> Outcome:
    """At rest or broken: nothing is called; what is queued on this account waits, with the reason to be seen."""
    account = message.account
    if now() - message.sent_at > GIVE_UP:
        record.failed(message, account.error_code, account.error_reason or "configuration")
        return Outcome.FAILED
    reason = account.error_reason or "token" if account.state == AccountState.BROKEN else account.state
    due.put_off(account, now() + due.HELD, reason, account.error_code)
    return Outcome.HELD


def _later(message: Message, attempt: SendAttempt, failure: TemporaryFailure) -> Outcome:
    moment = now()
    code, reason = failure.code, failure.reason
    if moment - message.sent_at > GIVE_UP:
        told = attempts.ended(attempt, AttemptOutcome.REFUSED, code, reason)
        _written(lambda: record.failed(message, code, reason, told))
        return Outcome.FAILED
    at = max(failure.retry_at or moment, moment + _wait(message.attempts))
    if failure.retry_at is not None:
        at = failure.retry_at + timedelta(seconds=random.uniform(0, 1))  # noqa: S311
    told = attempts.ended(attempt, AttemptOutcome.POSTPONED, code, reason, at)
    _written(lambda: record.queued_again(message, at, code, reason, told, verb="send_postponed"))
    if reason == "rate_limit":
        due.put_off(message.account, at, reason, code, public=message.public)
        return Outcome.HELD
    return Outcome.LATER


def _refused(message: Message, attempt: SendAttempt, failure: PermanentFailure) -> Outcome:
    _note_trouble(message.account, failure)
    code, reason = failure.code, failure.reason
    told = attempts.ended(attempt, AttemptOutcome.REFUSED, code, reason)
    if reason in OF_THE_ACCOUNT and now() - message.sent_at < GIVE_UP:
        at = told.again_at = now() + due.HELD
        _written(lambda: record.queued_again(message, at, code, reason, told, verb="send_postponed"))
        due.put_off(message.account, at, reason, code)
        return Outcome.HELD
    if reason == DUPLICATE:
        _written(lambda: record.uncertain(message.pk, code, DUPLICATE, now(), told))
        return resolve_unknown(message.pk)
    _written(lambda: record.failed(message, code, reason, told))
    return Outcome.FAILED


def _duplicate(message: Message) -> bool:
    return message.error_reason == DUPLICATE


def _note_trouble(account: Account, failure: SendError) -> None:
    if failure.reason in account_state.DOUBTFUL:
        account_state.note_failure(account, failure.reason, failure.code)


def _after_success(message: Message) -> None:
    Account.objects.filter(pk=message.account_id).update(last_sent_at=now())
    account_state.note_success(message.account)
    following = Message.objects.filter(
        conversation=message.conversation_id, state=Delivery.QUEUED, send_at__lte=now(), pk__gt=message.pk
    )
    next_id = following.order_by("pk").values_list("pk", flat=True).first()
    if next_id is not None:
        kick.kick_send(next_id)


def _wait(attempts: int) -> timedelta:
    """Longer each time, and not the same for all who wait."""
    longest = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT) if attempts > 0 else FIRST_WAIT
    return longest * random.uniform(0.5, 1)  # noqa: S311


def let_go() -> None:
    """While a platform takes its time others need the connection; the next query takes one again."""
    if not connection.in_atomic_block:
        connection.close()


def _written(write: Callable[[], object]) -> None:
    """What the platform said is worth a second try when the database hiccups; failing that, it will be asked after."""
    for attempt in range(1, TRIES + 1):
        try:
            write()
        except (OperationalError, InterfaceError) as error:
            log.warning("outcome_not_written", error=type(error).__name__, tries=attempt)
            if attempt == TRIES or connection.in_atomic_block:
                raise
            connection.close()
        else:
            return


# -- what goes out ------------------------------------------------------------------------------------------------


def _with_all(message_id: int) -> Message | None:
    rows = Message.objects.select_related("account__app", "conversation__identity").defer("search")
    return rows.filter(pk=message_id, direction=Direction.OUT).first()


def _prepared(message: Message) -> tuple[Connector, AccountCredentials, OutgoingMessage]:
    account = message.account
    return connector_of(account), account.credentials(), outgoing_of(message)


def outgoing_of(message: Message) -> OutgoingMessage:
    """The message as a connector takes it."""
    conversation = message.conversation
    citizen = conversation.identity.external_id
    return OutgoingMessage(
        text=message.text,
        public=message.public,
        thread_id=conversation.thread_id,
        to="" if citizen.startswith("?") else citizen,
        in_reply_to=_answered(message) if message.public else "",
        files=tuple(
            OutgoingFile(
                path=found.file.path,
                content_type=found.content_type,
                name=found.name,
                public_url=public_files.address(found),
                alt_text=found.text,
            )
            for found in message.attachments.all()
            if found.file
        ),
        template_id=message.template_id,
        template_variables=message.template_variables,
        private_reply_to="" if message.public else message.in_reply_to,
        last_from_citizen_at=conversation.last_inbound_at,
        idempotency_key=f"webcare-{message.pk}",
    )


def _refuse_gone(message: Message, outgoing: OutgoingMessage) -> None:
    """Raises PermanentFailure "gone" when what it answers was removed meanwhile."""
    under = outgoing.in_reply_to or outgoing.private_reply_to
    answered_to = Message.objects.filter(account=message.account_id, external_id=under)
    if under and answered_to.exclude(external_id="").filter(deleted_at__isnull=False).exists():
        raise PermanentFailure("", "gone", "the message answered to was removed")


def _answered(message: Message) -> str:
    """What a public message stands under: what it says, else the part before it, else the citizen's newest."""
    if message.in_reply_to:
        return message.in_reply_to
    known = Message.objects.filter(conversation=message.conversation_id).exclude(external_id="")
    before = known.filter(direction=Direction.OUT, kind="answer", pk__lt=message.pk).order_by("-pk")
    citizens = known.filter(direction=Direction.IN, deleted_at__isnull=True).order_by("-sent_at", "-pk")
    for rows in (before, citizens):
        found = rows.values_list("external_id", flat=True).first()
        if found is not None:
            return found
    return ""


def log_crash(message_id: int, error: Exception) -> None:
    """A fault of ours with one message: the frames only, for an exception's words may hold a token or a text."""
    frames = traceback.format_tb(error.__traceback__)
    log.error("send_crashed", message=message_id, error=type(error).__name__, frames=frames)
