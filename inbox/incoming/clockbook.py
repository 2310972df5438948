"""The clocks of a batch, in memory: the rules of inbox.actions.clocks without a query for each message."""

from collections.abc import Iterable
from datetime import datetime

from inbox import sla
from inbox.actions.clocks import AGREED, go_on, hours_of, minutes_of, show
from inbox.models import AccountSettings, Clock, ClockKind, Conversation
from inbox.office_hours import Hours, NoOpeningHours


class Agreements:
    """What is agreed for the accounts of a batch: a few queries for all, hours worked out once each."""

    def __init__(self, account_ids: Iterable[int]) -> None:
        found = AccountSettings.objects.filter(account__in=set(account_ids)).prefetch_related(*AGREED)
        self._settings = {settings.account_id: settings for settings in found}
        self._hours: dict[int, Hours] = {}

    def settings(self, account_id: int) -> AccountSettings:
        """Raises AccountSettings.DoesNotExist for an account that was never set up."""
        settings = self._settings.get(account_id)
        if settings is None:
            raise AccountSettings.DoesNotExist(f"account {account_id} has no settings")
        return settings

    def hours(self, account_id: int) -> Hours:
        """Opening hours of an account; raises as ``settings``."""
        if account_id not in self._hours:
            self._hours[account_id] = hours_of(self.settings(account_id))
        return self._hours[account_id]


class ClockBook:
    """At most one running clock for each conversation; ``save`` writes what changed."""

    def __init__(self, agreements: Agreements) -> None:
        self.agreements = agreements
        self._running: dict[int, Clock] = {}  # by id() of the conversation: new ones have no key yet
        self._started: list[Clock] = []
        self._changed: dict[int, Clock] = {}

    def load(self, conversations: Iterable[Conversation]) -> None:
        """One query for all."""
        by_key = {conversation.pk: conversation for conversation in conversations}
        for clock in Clock.objects.filter(conversation__in=by_key, stopped_at__isnull=True):
            self._running[id(by_key[clock.conversation_id])] = clock

    def running(self, conversation: Conversation) -> Clock | None:
        """The clock that is not stopped (it may be paused)."""
        return self._running.get(id(conversation))

    def start(self, conversation: Conversation, at: datetime) -> Clock | None:
        """An answer is owed since ``at`` (aware UTC). A running clock that began later goes back to ``at``; a paused
        one goes on. None when the account never opens."""
        clock = self.running(conversation)
        account_id = conversation.account_id
        try:
            if clock is None:
                return self._begin(conversation, at)
            if clock.paused_at is not None and clock.remaining_minutes is not None:
                since = max(at, clock.paused_at)
                deadline = sla.resume(
                    self.agreements.hours(account_id), clock.remaining_minutes, clock.target_minutes, since
                )
                go_on(clock, since)
            elif at < clock.started_at:
                deadline = sla.deadline(self.agreements.hours(account_id), at, clock.target_minutes)
                clock.started_at = at
                clock.resumed_at = clock.resumed_minutes = None
            else:
                return clock
        except NoOpeningHours:
            return None
        clock.warn_at, clock.due_at = deadline.warn_at, deadline.due_at
        self._touch(clock)
        show(conversation, clock)
        return clock

    def stop(self, conversation: Conversation, at: datetime, why: str) -> None:
        """Without a running clock nothing happens."""
        clock = self._running.pop(id(conversation), None)
        if clock is not None:
            clock.stopped_at = max(at, clock.started_at)
            clock.stopped_by = why
            self._touch(clock)
        conversation.nobody_since = None
        show(conversation, None)

    def save(self) -> None:
        """After the conversations were saved. Stopped before started: one runs at most."""
        fields = [
            *("started_at", "warn_at", "due_at", "paused_at", "remaining_minutes", "resumed_at", "resumed_minutes"),
            *("stopped_at", "stopped_by"),
        ]
        if self._changed:
            Clock.objects.bulk_update(list(self._changed.values()), fields)
        self._started.sort(key=lambda clock: clock.stopped_at is None)
        Clock.objects.bulk_create(self._started)

    def _begin(self, conversation: Conversation, at: datetime) -> Clock:
        settings = self.agreements.settings(conversation.account_id)
        kind = ClockKind.NEXT if conversation.first_answered_at else ClockKind.FIRST
        minutes = minutes_of(settings, conversation, kind)
        deadline = sla.deadline(self.agreements.hours(conversation.account_id), at, minutes)
        clock = Clock(
            conversation=conversation,
            kind=kind,
            target_minutes=minutes,
            started_at=at,
            warn_at=deadline.warn_at,
            due_at=deadline.due_at,
        )
        self._running[id(conversation)] = clock
        self._started.append(clock)
        show(conversation, clock)
        return clock

    def _touch(self, clock: Clock) -> None:
        if clock.pk is not None:
            self._changed[clock.pk] = clock
