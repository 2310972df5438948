"""Start, stop, pause and resume the clock of a conversation that is being changed (inside ``changing``)."""

from collections.abc import Iterable
from datetime import date, datetime, time

from inbox import office_hours, sla, targets
from inbox.models import AccountSettings, Clock, ClockKind, Conversation
from inbox.office_hours import Hours, NoOpeningHours, Period

# What hours_of reads, and what minutes_of reads beside it.
DAYS = ("periods", "closing_days", "special_periods")
AGREED = (*DAYS, "targets__topic")


def settings_of(conversation: Conversation) -> AccountSettings:
    """The account's agreements. Raises AccountSettings.DoesNotExist for an account that was never set up."""
    return AccountSettings.objects.prefetch_related(*AGREED).get(account=conversation.account_id)


def hours_of(settings: AccountSettings) -> Hours:
    """Opening hours as inbox.office_hours reads them (three queries unless prefetched)."""
    specials: dict[date, list[tuple[time, time]]] = {}
    for period in settings.special_periods.all():
        specials.setdefault(period.date, []).append((period.opens, period.closes))
    return Hours(
        periods=tuple(Period(p.weekday, p.opens, p.closes) for p in settings.periods.all()),
        closings={day.date: day.name for day in settings.closing_days.all()},
        holidays_on=settings.holidays,
        worked=frozenset(settings.worked_holidays),
        specials={day: tuple(periods) for day, periods in specials.items()},
    )


def minutes_of(settings: AccountSettings, conversation: Conversation, kind: str) -> int:
    """The target that counts for this conversation now, in office minutes (two queries unless prefetched)."""
    target = targets.choose(
        targets.of_settings(settings),
        public=conversation.public,
        topic=conversation.topic_id,
        priority=conversation.priority,
    )
    return target.minutes(kind)


def closed_now(account_ids: Iterable[int], at: datetime) -> set[int]:
    """Of these accounts, those whose office is closed at that moment. Four queries; an account that was never set up
    is open."""
    found = AccountSettings.objects.filter(account__in=list(account_ids)).prefetch_related(*DAYS)
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
    minutes = minutes_of(settings, conversation, kind)
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
    show(conversation, clock)
    return clock


def stop(conversation: Conversation, at: datetime, why: str) -> None:
    """The answer went out, or the conversation was closed. Without a running clock nothing happens."""
    clock = running(conversation)
    if clock is not None:
        clock.stopped_at = max(at, clock.started_at)
        clock.stopped_by = why
        clock.save(update_fields=["stopped_at", "stopped_by"])
    conversation.nobody_since = None
    show(conversation, None)


def unstop(conversation: Conversation, clock_id: int) -> None:
    """The change that stopped this clock is undone: it runs, or stands still, as it did. Without it nothing happens."""
    clock = Clock.objects.filter(pk=clock_id, conversation=conversation, stopped_at__isnull=False).first()
    if clock is None or running(conversation) is not None:
        return
    clock.stopped_at, clock.stopped_by = None, ""
    clock.save(update_fields=["stopped_at", "stopped_by"])
    show(conversation, None if clock.paused_at is not None else clock)


def pause(conversation: Conversation, at: datetime) -> None:
    """The citizen is to answer: the office minutes left are kept."""
    clock = running(conversation)
    if clock is None or clock.paused_at is not None:
        return
    deadline = sla.Deadline(clock.started_at, clock.target_minutes, clock.warn_at, clock.due_at)
    clock.remaining_minutes = sla.pause(hours_of(settings_of(conversation)), deadline, at)
    clock.paused_at = at
    clock.save(update_fields=["remaining_minutes", "paused_at"])
    show(conversation, None)


def resume(conversation: Conversation, at: datetime, settings: AccountSettings | None = None) -> None:
    """The ball is with us again, with the minutes that were left."""
    clock = running(conversation)
    if clock is None or clock.paused_at is None or clock.remaining_minutes is None:
        return
    hours = hours_of(settings or settings_of(conversation))
    deadline = sla.resume(hours, clock.remaining_minutes, clock.target_minutes, at)
    clock.warn_at, clock.due_at = deadline.warn_at, deadline.due_at
    go_on(clock, at)
    clock.save(update_fields=["warn_at", "due_at", "paused_at", "remaining_minutes", "resumed_at", "resumed_minutes"])
    show(conversation, clock)


def go_on(clock: Clock, at: datetime) -> None:
    """It no longer stands still: keep where it went on, and with how much."""
    clock.resumed_at, clock.resumed_minutes = at, clock.remaining_minutes
    clock.paused_at = clock.remaining_minutes = None


def retarget(conversation: Conversation, at: datetime) -> None:
    """Its topic or priority changed: another target may count, from where its clock began, or went on. Three queries
    and more with a clock, else one."""
    clock = running(conversation)
    if clock is None:
        return
    settings = settings_of(conversation)
    if reckon(clock, hours_of(settings), minutes_of(settings, conversation, clock.kind), at):
        clock.save(update_fields=RECKONED)
        if clock.paused_at is None:
            show(conversation, clock)


# What ``reckon`` may change.
RECKONED = (
    *("target_minutes", "remaining_minutes", "resumed_minutes"),
    *("warn_at", "due_at", "warned_at", "late_told_at"),
)


def reckon(clock: Clock, hours: Hours, minutes: int, at: datetime) -> bool:
    """Count a clock that is not stopped anew, with these hours and this target, from where it began or last went on:
    the citizen waited as long as before. Whether anything changed; nothing when the office never opens.

    Colleagues are told again of what is not (almost) late any more ``at`` that moment, and becomes it later.
    """
    more = minutes - clock.target_minutes
    if clock.paused_at is not None:
        clock.target_minutes = minutes
        clock.remaining_minutes = (clock.remaining_minutes or 0) + more
        return more != 0
    since = clock.resumed_at or clock.started_at
    left = minutes if clock.resumed_minutes is None else clock.resumed_minutes + more
    try:
        deadline = sla.resume(hours, left, minutes, since)
    except NoOpeningHours:
        return False
    if not more and (clock.warn_at, clock.due_at) == (deadline.warn_at, deadline.due_at):
        return False
    clock.target_minutes, clock.warn_at, clock.due_at = minutes, deadline.warn_at, deadline.due_at
    if clock.resumed_minutes is not None:
        clock.resumed_minutes = left
    if clock.warn_at > at:
        clock.warned_at = None
    if clock.due_at > at:
        clock.late_told_at = None
    return True


def show(conversation: Conversation, clock: Clock | None) -> None:
    """Copy the running clock to the list row."""
    conversation.clock_kind = clock.kind if clock else ""
    conversation.clock_started_at = clock.started_at if clock else None
    conversation.warn_at = clock.warn_at if clock else None
    conversation.due_at = clock.due_at if clock else None
