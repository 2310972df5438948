"""``changing`` for many conversations at once: lock, change, save, audit, announce in a few statements a batch."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from channels.clock import now
from inbox import live
from inbox.actions.changing import TRACKED
from inbox.models import AuditEntry, Conversation, Message

COLUMNS = [
    field.name
    for field in Conversation._meta.concrete_fields
    if field.name not in {"id", "account", "identity", "thread_id", "public"}
]


class Changes:
    """The conversations of one batch, by Webcare itself. Inside a transaction; use: ``lock`` or ``add``, change and
    ``note`` each, ``save``, ``record``. What was not noted is not saved."""

    def __init__(self) -> None:
        self._before: dict[int, dict[str, Any]] = {}  # by id() of the object: new ones have no key yet
        self._notes: dict[int, list[tuple[str, dict[str, Any]]]] = {}
        self._noted: list[Conversation] = []

    def lock(self, condition: Q) -> list[Conversation]:
        """Those that match, locked in the order of their keys: two batches never wait for each other in a ring."""
        found = list(Conversation.objects.select_for_update(of=("self",)).filter(condition).order_by("pk"))
        for conversation in found:
            self._before[id(conversation)] = {name: getattr(conversation, name) for name in TRACKED}
        return found

    def note(self, conversation: Conversation, verb: str, **data: Any) -> None:
        """It changes, and why. Messages in ``data`` become their keys; the same verb twice becomes one entry when the
        data holds only lists."""
        notes = self._notes.get(id(conversation))
        if notes is None:
            notes = self._notes[id(conversation)] = []
            self._noted.append(conversation)
        for known, held in notes:
            if known == verb and held.keys() == data.keys() and all(isinstance(v, list) for v in data.values()):
                for name, values in data.items():
                    held[name] += values
                return
        notes.append((verb, data))

    def save(self) -> None:
        """Insert the new ones, update the others: two statements."""
        for conversation in self._noted:
            conversation.rank_at = conversation.rank
        fresh = [found for found in self._noted if found.pk is None]
        known = [found for found in self._noted if found.pk is not None]
        for conversation in known:
            conversation.version += 1  # locked: nobody else counts
        Conversation.objects.bulk_create(fresh)
        Conversation.objects.bulk_create(known, update_conflicts=True, unique_fields=["id"], update_fields=COLUMNS)

    def record(self) -> None:
        """The audit entries in one statement, and the nudges on commit; after the messages were saved."""
        at, entries = now(), []
        for conversation in self._noted:
            before = self._before.get(id(conversation))
            notes = self._notes[id(conversation)]
            for number, (verb, data) in enumerate(notes):
                told = {name: _plain(value) for name, value in data.items()}
                if number == 0 and before is not None and (changes := _changes(conversation, before)):
                    told["changes"] = changes
                entries.append(AuditEntry(conversation=conversation, verb=verb, data=told, at=at))
            departments = {conversation.department_id}
            people = {conversation.assignee_id}
            if before is not None:
                departments.add(before["department_id"])
                people.add(before["assignee_id"])
            live.announce(conversation.pk, departments, notes[0][0], people={pk for pk in people if pk})
        AuditEntry.objects.bulk_create(entries)


def _changes(conversation: Conversation, before: dict[str, Any]) -> dict[str, list[Any]]:
    return {
        name.removesuffix("_id"): [_plain(value), _plain(getattr(conversation, name))]
        for name, value in before.items()
        if getattr(conversation, name) != value
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return value.pk
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
