"""The attempts to send a message of ours, in words: only where there is more to tell than that it went."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from inbox import sla
from inbox.models import Delivery, Direction, Message, SendAttempt
from inbox.views.messages import AttemptLine, exact

IN_TROUBLE = (Delivery.QUEUED, Delivery.FAILED, Delivery.UNKNOWN, Delivery.WITHDRAWN)


def tells_attempts(message: Message) -> bool:
    """Whether there is more to tell than that it went."""
    if message.direction != Direction.OUT or not message.attempts:
        return False
    return message.attempts > 1 or message.state in IN_TROUBLE


def attempts_of(messages: Iterable[Message], attempts: Iterable[SendAttempt]) -> dict[int, list[SendAttempt]]:
    """By message id, in order of time, for those that have something to tell."""
    wanted = {message.pk for message in messages if tells_attempts(message)}
    found: dict[int, list[SendAttempt]] = defaultdict(list)
    for attempt in attempts:
        if attempt.message_id in wanted:
            found[attempt.message_id].append(attempt)
    return found


def lines(attempts: Iterable[SendAttempt], moment: datetime) -> tuple[AttemptLine, ...]:
    """As the page tells them, oldest first."""
    return tuple(
        AttemptLine(
            at=attempt.started_at,
            when=sla.format_moment(attempt.started_at, moment, with_time=True),
            exact=exact(attempt.started_at),
            words=str(attempt.get_outcome_display()) if attempt.outcome else _("under way"),
            code=attempt.code,
            by=str(attempt.by) if attempt.by is not None else "",
        )
        for attempt in attempts
    )
