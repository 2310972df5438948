"""Pure: where a conversation goes when the colleague who has it is off, and whether "available" was forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox import office_hours
from inbox.models import ShiftRule
from inbox.office_hours import Hours

FORGOTTEN_AFTER = timedelta(hours=2)  # the office was closed for so long


@dataclass
class Receiver:
    """The colleague named in a rule, as they are now. ``room`` None: they take any number."""

    pk: int
    working: bool  # active, no viewer, not off
    departments: frozenset[int]
    room: int | None = None


@dataclass
class Rest:
    """A colleague who is off, and their rule."""

    pk: int
    rule: str
    receiver: Receiver | None = None

    def place(self, department: int) -> int | None:
        """Who has a conversation of this department from now on: still they, the receiver, or nobody (None).

        The receiver's room is counted down. What does not fit a receiver goes to the department, never on to a third:
        so no rule can send it round in a ring.
        """
        if self.rule == ShiftRule.KEEP:
            return self.pk
        found = self.receiver
        if (
            self.rule != ShiftRule.COLLEAGUE
            or found is None
            or found.pk == self.pk
            or not found.working
            or department not in found.departments
        ):
            return None
        if found.room is not None:
            if found.room <= 0:
                return None
            found.room -= 1
        return found.pk


def forgotten(hours: Sequence[Hours], since: datetime | None, moment: datetime) -> bool:
    """Whether a status said at ``since`` (None: unknown) was left standing: all accounts of this colleague are closed,
    the last for FORGOTTEN_AFTER, and they said it before that. Who says it after closing time means it."""
    closings: list[datetime] = []
    for each in hours:
        closing = office_hours.closed_since(each, moment)
        if closing is None:  # open now, or never
            return False
        closings.append(closing)
    if not closings:
        return False
    last = max(closings)
    return moment - last >= FORGOTTEN_AFTER and (since is None or since < last)
