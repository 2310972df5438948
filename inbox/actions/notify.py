"""Meldingen: tell colleagues of something in a conversation that concerns them. Inside the caller's transaction.

Use, inside ``changing`` and after the change, so that it is the new department whose members may see it:

    notify([to], NoticeKind.ASSIGNED, conversation, by=by)
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from channels.clock import now
from inbox import live, permissions
from inbox.models import Conversation, Notice, NoticeKind, Role, User

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
    """As ``notify`` for many at once: three statements, and one more for each further department."""
    wanted: dict[tuple[int, int, str], Notice] = {}
    moment = now()
    by_department: dict[int, set[int]] = {}
    each = [(told, _ids(told)) for told in tellings]
    for told, ids in each:
        by_department.setdefault(told.conversation.department_id, set()).update(ids)
    may_see = {
        department: set(permissions.who_see(department).filter(pk__in=ids).values_list("pk", flat=True))
        for department, ids in by_department.items()
        if ids
    }
    for told, ids in each:
        for user_id in ids & may_see.get(told.conversation.department_id, set()):
            wanted[(user_id, told.conversation.pk, told.kind)] = Notice(
                user_id=user_id,
                kind=told.kind,
                conversation=told.conversation,
                by=told.by,
                at=moment,
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
    return notices


def leads_of(department_id: int) -> QuerySet[User]:
    """The active team leads of a department."""
    return permissions.who_see(department_id).filter(role=Role.LEAD)


def _ids(told: Told) -> set[int]:
    ids = {person.pk if isinstance(person, User) else person for person in told.people if person is not None}
    return ids - {told.by.pk if told.by else None}
