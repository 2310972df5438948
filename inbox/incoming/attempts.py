"""The record of each call about a message of ours: begun with the state that claims it, ended with what came of it.

An attempt is open while its call is under way. Whoever finds it abandoned ends it as ``died``; the caller that comes
back after all knows better than who only supposed, and says so.
"""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from channels.clock import now
from inbox.models import AttemptOutcome, AuditEntry, Message, SendAttempt, User

type Attempts = QuerySet[SendAttempt]

# Said by somebody who was not there: the answer itself, when it still comes, replaces it.
SUPPOSED = (AttemptOutcome.DIED, AttemptOutcome.FOUND)
DEFINITE = (AttemptOutcome.SENT, AttemptOutcome.POSTPONED, AttemptOutcome.REFUSED)


def begin(message: Message, moment: datetime) -> SendAttempt:
    """A call about ``message`` starts at ``moment``; in the transaction that claims the message. Who asked for it is
    the colleague who pressed "Opnieuw proberen" since the attempt before it."""
    return SendAttempt.objects.create(
        message=message, number=message.attempts, started_at=moment, by=_asked_by(message)
    )


def begin_question(message: Message, moment: datetime) -> SendAttempt:
    """As ``begin``, for asking whether the message is there. An earlier question that is still open died."""
    _open([message.pk]).update(outcome=AttemptOutcome.DIED, ended_at=moment)
    return SendAttempt.objects.create(message=message, number=message.attempts, started_at=moment)


def ended(
    attempt: SendAttempt,
    outcome: AttemptOutcome,
    code: str = "",
    reason: str = "",
    again_at: datetime | None = None,
) -> SendAttempt:
    """The same with what came of it, to be written by ``write`` along with the message."""
    attempt.outcome, attempt.code, attempt.reason, attempt.again_at = outcome, code[:60], reason[:30], again_at
    return attempt


def write(attempt: SendAttempt | None) -> None:
    """Write how it ended, in the caller's transaction; not over what is known better. None: nothing to write."""
    if attempt is None:
        return
    replaced = [AttemptOutcome.DIED]
    if attempt.outcome in DEFINITE:
        replaced = list(SUPPOSED)
    known = SendAttempt.objects.filter(pk=attempt.pk).filter(Q(ended_at=None) | Q(outcome__in=replaced))
    known.update(
        ended_at=now(), outcome=attempt.outcome, code=attempt.code, reason=attempt.reason, again_at=attempt.again_at
    )


def died(message: Message) -> None:
    """Whoever made the open attempt never came back."""
    _open([message.pk]).update(outcome=AttemptOutcome.DIED, ended_at=now())


def proved(message_ids: Collection[int]) -> None:
    """These are at the platform, whatever becomes of the calls under way: an echo told, or an earlier call's answer."""
    if message_ids:
        _open(message_ids).update(outcome=AttemptOutcome.FOUND, ended_at=now())


def _open(message_ids: Collection[int]) -> Attempts:
    return SendAttempt.objects.filter(message__in=message_ids, ended_at=None)


def _asked_by(message: Message) -> User | None:
    if message.attempts < 2:
        return None
    before = SendAttempt.objects.filter(message=message).order_by("-started_at", "-id")
    since = before.values_list("started_at", flat=True).first()
    pressed = AuditEntry.objects.filter(
        conversation=message.conversation_id, verb="send_retried", data__message=message.pk
    )
    if since is not None:
        pressed = pressed.filter(at__gt=since)
    entry = pressed.select_related("actor").order_by("-at", "-id").first()
    return entry.actor if entry is not None else None
