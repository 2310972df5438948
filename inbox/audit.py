"""Append to the audit log; a database trigger refuses change."""

from typing import Any

from channels.clock import now
from inbox.models import AuditEntry, Conversation, User


def record(conversation: Conversation | None, verb: str, by: User | None, **data: Any) -> AuditEntry:
    """One entry, in the caller's transaction. ``by`` None is Webcare itself; ``data`` holds ids and codes, no texts."""
    return AuditEntry.objects.create(conversation=conversation, verb=verb, actor=by, data=data, at=now())
