"""Meldingen: tell colleagues of something in a conversation that concerns them. Inside the caller's transaction.

Use, inside ``changing`` and after the change, so that it is the new department whose members may see it:

    notify([to], NoticeKind.ASSIGNED, conversation, by=by)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from channels.clock import now
from inbox import kick, live, permissions
from inbox.actions import clocks
from inbox.models import Conversation, Notice, NoticeKind, PendingPush, PushSubscription, Role, User, Way

KEPT = timedelta(days=90)

type Person = User | int | None


@dataclass(frozen=True, slots=True)
class Told:
    """Who is to be told what; ``by`` None is the citizen or Webcare itself."""

    people: Iterable[Person]
    kind: NoticeKind
    conversation: Conversation
    by: User | None = None
    data: dict[str, Any] = field(default_factory=dict)


def notify(
    people: Iterable[Person], kind: NoticeKind, conversation: Conversation, *, by: User | None, **data: Any
) -> list[Notice]:
    """Tell ``people`` (colleagues or their ids; None is nobody), never ``by``, and only who may see the conversation.

    ``data``: ids and codes for the sentence (inbox.notice_words), nothing of a citizen. The notices that were made.
    """
    return notify_all([Told(people, kind, conversation, by, data)])


def notify_all(tellings: Iterable[Told]) -> list[Notice]:
    """As ``notify`` for many at once: four statements, and one more for each further department."""
    wanted: dict[tuple[int, int, str], Notice] = {}
    moment = now()
    by_department: dict[int, set[int]] = {}
    each = [(told, _ids(told)) for told in tellings]
    for told, ids in each:
        by_department.setdefault(told.conversation.department_id, set()).update(ids)
    may_see = {
        department: {user.pk: user for user in permissions.who_see(department).filter(pk__in=ids)}
        for department, ids in by_department.items()
        if ids
    }
    for told, ids in each:
        for user_id, user in may_see.get(told.conversation.department_id, {}).items():
            if user_id not in ids or not (user.wants(told.kind, Way.BELL) or user.wants(told.kind, Way.PUSH)):
                continue
            wanted[(user_id, told.conversation.pk, told.kind)] = Notice(
                user=user,
                kind=told.kind,
                conversation=told.conversation,
                by=told.by,
                at=moment,
                # Who wants a push alone finds it in the list, but is not reminded there.
                seen_at=None if user.wants(told.kind, Way.BELL) else moment,
                data=told.data,
            )
    if not wanted:
        return []
    # What they have not looked at gives way to the news: one unseen notice of a kind for each conversation.
    old = Q()
    for user_id, conversation_id, kind in wanted:
        old |= Q(user=user_id, conversation=conversation_id, kind=kind)
    Notice.objects.filter(old, seen_at__isnull=True).delete()
    notices = Notice.objects.bulk_create(wanted.values())
    for conversation_id in {notice.conversation_id for notice in notices}:
        people = {notice.user_id for notice in notices if notice.conversation_id == conversation_id}
        live.announce(conversation_id, (), "notice", people)
    _push(notices, moment)
    return notices


def _push(notices: Sequence[Notice], moment: datetime) -> None:
    """To the browsers that they let us push to: not outside the office hours of its account, unless they asked. One
    query where nobody has such a browser."""
    pushed = {notice.user_id: notice.user for notice in notices if notice.user.wants(notice.kind, Way.PUSH)}
    browsers: dict[int, list[PushSubscription]] = {}
    for subscription in PushSubscription.objects.filter(user__in=pushed) if pushed else ():
        browsers.setdefault(subscription.user_id, []).append(subscription)
    if not browsers:
        return
    wanted = [notice for notice in notices if notice.user_id in browsers and notice.user.wants(notice.kind, Way.PUSH)]
    strict = {notice.conversation.account_id for notice in wanted if not notice.user.notices_outside_hours}
    closed = clocks.closed_now(strict, moment) if strict else set()
    pending = [
        PendingPush(notice=notice, subscription=subscription, send_at=moment)
        for notice in wanted
        if notice.user.notices_outside_hours or notice.conversation.account_id not in closed
        for subscription in browsers[notice.user_id]
    ]
    if pending:
        PendingPush.objects.bulk_create(pending)
        transaction.on_commit(kick.kick_pushes)


def mark_seen(notices: QuerySet[Notice]) -> int:
    """These are seen; the other tabs of who saw them are told. How many were not seen before."""
    with transaction.atomic():
        unseen = list(
            notices.filter(seen_at__isnull=True).select_for_update(skip_locked=True).only("user", "conversation")
        )
        if unseen:
            Notice.objects.filter(pk__in=[notice.pk for notice in unseen]).update(seen_at=now())
            live.announce(unseen[0].conversation_id, (), "notice", {notice.user_id for notice in unseen})
    return len(unseen)


def forget_old() -> int:
    """Notices older than KEPT go; how many."""
    return Notice.objects.filter(at__lt=now() - KEPT).delete()[0]


def leads_of(department_id: int) -> QuerySet[User]:
    """The active team leads of a department."""
    return permissions.who_see(department_id).filter(role=Role.LEAD)


def _ids(told: Told) -> set[int]:
    ids = {person.pk if isinstance(person, User) else person for person in told.people if person is not None}
    return ids - {told.by.pk if told.by else None}
