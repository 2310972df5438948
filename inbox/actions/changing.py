"""The one way to change a conversation: lock, change, save, audit, announce, tell who follows it. Nothing of it can be
forgotten."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import F

from inbox import audit, live
from inbox.actions.follow import tell_followers
from inbox.actions.refused import NotVisible
from inbox.models import Conversation, User

TRACKED = (
    *("status", "assignee_id", "department_id", "result", "snoozed_until"),
    *("sensitive", "topic_id", "sentiment", "contact_kind", "priority"),
)


@contextmanager
def changing(
    conversation_id: int, verb: str, *, by: User | None, anywhere: bool = False, **data: Any
) -> Iterator[Conversation]:
    """Yield the conversation, locked; on leaving save it, write the audit entry and announce on commit.

    ``data`` goes into the audit entry beside what changed of status, claimer, department, result. The caller may add
    to it through ``conversation.audit_data``. Raises NotVisible when it does not exist or ``by`` may not see it;
    whatever the block raises rolls everything back. ``by`` None is Webcare itself. ``anywhere``: the block itself sees
    to the rights of ``by``.
    """
    with transaction.atomic():
        visible = Conversation.objects.visible_to(by) if by is not None and not anywhere else Conversation.objects.all()
        # Rights are checked by a subquery, the lock is on the conversation alone.
        conversation = (
            Conversation.objects.select_for_update(of=("self",))
            .select_related("account", "identity")
            .filter(pk=conversation_id)
            .filter(pk__in=visible.values("pk"))
            .first()
        )
        if conversation is None:
            raise NotVisible
        before = {name: getattr(conversation, name) for name in TRACKED}
        conversation.audit_data = dict(data)  # type: ignore[attr-defined]
        yield conversation
        conversation.rank_at = conversation.rank
        version = conversation.version
        conversation.version = F("version") + 1
        conversation.save()
        conversation.version = version + 1
        changes = {
            name.removesuffix("_id"): [_plain(before[name]), _plain(getattr(conversation, name))]
            for name in TRACKED
            if getattr(conversation, name) != before[name]
        }
        entry: dict[str, Any] = conversation.audit_data  # type: ignore[attr-defined]
        audit.record(conversation, verb, by, **entry, **({"changes": changes} if changes else {}))
        live.announce(
            conversation.pk,
            {before["department_id"], conversation.department_id},
            verb,
            people={pk for pk in (before["assignee_id"], conversation.assignee_id) if pk},
        )
        tell_followers(conversation, verb, by)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
