"""Start, stop, pause and resume the clock of a conversation that is being changed (inside ``changing``)."""

from collections.abc import Iterable
from datetime import datetime

from inbox import office_hours, sla
from inbox.models import AccountSettings, Clock, ClockKind, Conversation
from inbox.office_hours import Hours, NoOpeningHours, Period


def settings_of(conversation: Conversation) -> AccountSettings:
    """The account's agreements. Raises AccountSettings.DoesNotExist for an account that was never set up."""
    return AccountSettings.objects.prefetch_related("periods", "closing_days").get(account=conversation.account_id)


def hours_of(settings: AccountSettings) -> Hours:
    """Opening hours as inbox.office_hours reads them (two queries unless prefetched)."""
    return Hours(
        periods=tuple(Period(p.weekday, p.opens, p.closes) for p in settings.periods.all()),
        closings={day.date: day.name for day in settings.closing_days.all()},
        holidays_on=settings.holidays,
    )


def closed_now(account_ids: Iterable[int], at: datetime) -> set[int]:
    """Of these accounts, those whose office is closed at that moment. Three queries; an account that was never set up
    is open."""
    found = AccountSettings.objects.filter(account__in=list(account_ids)).prefetch_related("periods", "closing_days")
    return {settings.account_id for settings in found if not office_hours.is_open(hours_of(settings), at)}


def running(conversation: Conversation) -> Clock | None:
    """The clock that is not stopped (it may be paused)."""
    return Clock.objects.filter(conversation=conversation, stopped_at__isnull=True).first()


def start(conversation: Conversation, at: datetime, settings: AccountSettings | None = None) -> Clock | None:
    """The municipality owes an answer since ``at``: the first-answer clock, after a first answer the next-answer one.

    A running clock stays as it is (the oldest unanswered message counts); a paused one goes on. None when the account
    has no opening hours at all: then there is no time to promise.
    """
    clock = running(conversation)
    if clock is not None:
        if clock.paused_at is not None:
            resume(conversation, at, settings)
        return clock
    settings = settings or settings_of(conversation)
    kind = ClockKind.NEXT if conversation.first_answered_at else ClockKind.FIRST
    minutes = settings.next_answer_minutes if kind == ClockKind.NEXT else settings.first_answer_minutes
    try:
        deadline = sla.deadline(hours_of(settings), at, minutes)
    except NoOpeningHours:
        return None
    clock = Clock.objects.create(
        conversation=conversation,
        kind=kind,
        target_minutes=minutes,
        started_at=at,
        warn_at=deadline.warn_at,
        due_at=deadline.due_at,
    )
    _copy(conversation, clock)
    return clock


def stop(conversation: Conversation, at: datetime, why: str) -> None:
    """The answer went out, or the conversation was closed. Without a running clock nothing happens."""
    clock = running(conversation)
    if clock is not None:
        clock.stopped_at = max(at, clock.started_at)
        clock.stopped_by = why
        clock.save(update_fields=["stopped_at", "stopped_by"])
    conversation.nobody_since = None
    _copy(conversation, None)


def unstop(conversation: Conversation, clock_id: int) -> None:
    """The change that stopped this clock is undone: it runs, or stands still, as it did. Without it nothing happens."""
    clock = Clock.objects.filter(pk=clock_id, conversation=conversation, stopped_at__isnull=False).first()
    if clock is None or running(conversation) is not None:
        return
    clock.stopped_at, clock.stopped_by = None, ""
    clock.save(update_fields=["stopped_at", "stopped_by"])
    _copy(conversation, None if clock.paused_at is not None else clock)


def pause(conversation: Conversation, at: datetime) -> None:
    """The citizen is to answer: the office minutes left are kept."""
    clock = running(conversation)
    if clock is None or clock.paused_at is not None:
        return
    deadline = sla.Deadline(clock.started_at, clock.target_minutes, clock.warn_at, clock.due_at)
    clock.remaining_minutes = sla.pause(hours_of(settings_of(conversation)), deadline, at)
    clock.paused_at = at
    clock.save(update_fields=["remaining_minutes", "paused_at"])
    _copy(conversation, None)


def resume(conversation: Conversation, at: datetime, settings: AccountSettings | None = None) -> None:
    """The ball is with us again, with the minutes that were left."""
    clock = running(conversation)
    if clock is None or clock.paused_at is None or clock.remaining_minutes is None:
        return
    hours = hours_of(settings or settings_of(conversation))
    deadline = sla.resume(hours, clock.remaining_minutes, clock.target_minutes, at)
    clock.warn_at, clock.due_at = deadline.warn_at, deadline.due_at
    clock.paused_at = clock.remaining_minutes = None
    clock.save(update_fields=["warn_at", "due_at", "paused_at", "remaining_minutes"])
    _copy(conversation, clock)


def _copy(conversation: Conversation, clock: Clock | None) -> None:
    conversation.clock_kind = clock.kind if clock else ""
    conversation.clock_started_at = clock.started_at if clock else None
    conversation.warn_at = clock.warn_at if clock else None
    conversation.due_at = clock.due_at if clock else None
