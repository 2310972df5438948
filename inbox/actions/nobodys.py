"""Niemand wil deze: what waited unclaimed for too long is marked, which puts it on top of everybody's list, and where
the department says so it is assigned in turn."""

from django.db import transaction
from django.db.models import F

from channels.clock import now
from inbox import permissions, workload
from inbox.actions.changing import changing
from inbox.actions.notify import notify
from inbox.actions.refused import NotVisible
from inbox.models import Availability, Clock, Conversation, NoticeKind, User


class Over(Exception):
    """Somebody has it by now, or its clock ended: nothing to do."""


def mark(clock_id: int) -> bool:
    """Once for each clock, whoever calls; whether it was done now."""
    found = Clock.objects.filter(pk=clock_id).values_list("conversation_id", flat=True).first()
    if found is None:
        return False
    try:
        with transaction.atomic(), changing(found, "nobodys", by=None, clock=clock_id) as conversation:
            _mark(conversation, clock_id)
    except (Over, NotVisible):
        return False
    return True


def _mark(conversation: Conversation, clock_id: int) -> None:
    moment = now()
    conversation.nobody_since = moment
    if not conversation.nobodys:
        raise Over  # somebody has it, or put it off
    mine = Clock.objects.filter(pk=clock_id, stopped_at=None, paused_at=None, nobody_told_at=None)
    if not mine.filter(nobody_at__lte=moment).update(nobody_told_at=moment):
        raise Over


def in_turn(clock_id: int) -> User | None:
    """Assign it to who waited longest for a turn among those whom "next" would give it to: available, with room, on
    its account and in its language. Once for each clock: who gives it back keeps it off their plate. None when nobody
    can have it now, or somebody has it."""
    clock = Clock.objects.select_related("conversation").filter(pk=clock_id).first()
    if clock is None:
        return None
    for user_id in _candidates(clock.conversation):
        try:
            with transaction.atomic():
                to = _with_room(user_id)
                if to is not None:
                    _assign(clock, to)
                    return to
        except (Over, NotVisible):
            return None
    return None


def _candidates(conversation: Conversation) -> list[int]:
    """In the order of their turn. Two queries."""
    users = permissions.who_see(conversation.department_id).filter(
        availability=Availability.AVAILABLE, role__in=permissions.WORKERS
    )
    users = users.order_by(F("turn_at").asc(nulls_first=True), "pk").prefetch_related("accounts")
    return [user.pk for user in users if _fits(user, conversation)]


def _fits(user: User, conversation: Conversation) -> bool:
    accounts = {account.pk for account in user.accounts.all()}
    if accounts and conversation.account_id not in accounts:
        return False
    return not user.languages or not conversation.language or conversation.language in user.languages


def _with_room(user_id: int) -> User | None:
    """Locked, as actions.take_next locks them, so that their cap holds; None when they are full, gone, or busy taking
    something themselves."""
    users = User.objects.select_for_update(no_key=True, skip_locked=True)
    user = users.filter(pk=user_id, is_active=True, availability=Availability.AVAILABLE).first()
    return None if user is None or workload.is_full(user) else user


def _assign(clock: Clock, to: User) -> None:
    with changing(clock.conversation_id, "assigned", by=None, to=to.pk, how="turn", clock=clock.pk) as conversation:
        moment = now()
        # It may have gone elsewhere meanwhile.
        if not conversation.nobodys or not permissions.can_work(to, conversation):
            raise Over
        mine = Clock.objects.filter(pk=clock.pk, stopped_at=None, paused_at=None, turned_at=None)
        if not mine.update(turned_at=moment):
            raise Over
        conversation.assignee = to
        User.objects.filter(pk=to.pk).update(turn_at=moment)
        notify([to], NoticeKind.ASSIGNED, conversation, by=None)
