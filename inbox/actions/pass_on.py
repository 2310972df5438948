"""What lies with a colleague who is off goes where their rule says, as soon as it is our turn to answer.

At the end of a shift by ``end_shift``, when a citizen writes by the intake, and by a sweeper for whatever became open
in another way (later came round, an answer failed)."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q

from channels.clock import now
from inbox import permissions, workload
from inbox.actions.changing import changing
from inbox.actions.notify import notify
from inbox.actions.refused import NotVisible
from inbox.models import Availability, Conversation, NoticeKind, ShiftRule, Status, User
from inbox.shifts import Receiver, Rest

SETTLED = timedelta(minutes=2)  # so long after a shift the sweeper leaves it to whoever ends it
MOST = 500  # conversations at a time


class NotTheirs(Exception):
    """Meanwhile somebody else has it, or it is not open: nothing to pass on."""


def rests(user_ids: Iterable[int]) -> dict[int, Rest]:
    """Those of these colleagues who are off, or gone for good, with their rule. One query; four with a receiver."""
    off = User.objects.filter(Q(availability=Availability.OFF) | Q(is_active=False), pk__in=list(user_ids))
    rules = {
        user.pk: (user.shift_rule if user.is_active else ShiftRule.DEPARTMENT, user.shift_colleague_id) for user in off
    }
    found = receivers({to for rule, to in rules.values() if rule == ShiftRule.COLLEAGUE and to})
    return {pk: Rest(pk, rule, found.get(to or 0)) for pk, (rule, to) in rules.items()}


def receivers(user_ids: Iterable[int]) -> dict[int, Receiver]:
    """Colleagues as a rule sees them now. Three queries, none without ids."""
    ids = list(user_ids)
    return receivers_of(User.objects.filter(pk__in=ids).prefetch_related("departments")) if ids else {}


def receivers_of(people: Iterable[User]) -> dict[int, Receiver]:
    """The same for colleagues with their departments prefetched. One query when one of them has a cap."""
    people = list(people)
    capped = [user.pk for user in people if user.most_open is not None]
    held = workload.loads(capped, now()) if capped else {}
    return {
        user.pk: Receiver(
            pk=user.pk,
            working=user.is_active and user.role in permissions.WORKERS and user.availability != Availability.OFF,
            departments=frozenset(department.pk for department in user.departments.all()),
            room=None if user.most_open is None else user.most_open - held.get(user.pk, workload.Load()).open,
        )
        for user in people
    }


def pass_on(conversation_id: int, rest: Rest, *, by: User | None) -> int | None:
    """One conversation of who is off; to whom it went, None for the department.

    Raises NotTheirs, and NotVisible when it is gone. Whoever ends a shift of a colleague has their own rights looked
    at before."""
    with changing(conversation_id, "handed_over", by=by, anywhere=True) as conversation:
        if conversation.assignee_id != rest.pk or conversation.status != Status.OPEN:
            raise NotTheirs
        to = rest.place(conversation.department_id)
        if to == rest.pk:
            raise NotTheirs
        conversation.assignee_id = to
        notify([to], NoticeKind.HANDED_OVER, conversation, by=by)
        conversation.audit_data |= told(rest, to)  # type: ignore[attr-defined]
    return to


def told(rest: Rest, to: int | None) -> dict[str, int | None]:
    """For the audit entry: from whom, to whom."""
    return {"from": rest.pk, "to": to}


def sweep() -> int:
    """What nobody looks after; how many conversations went."""
    off = User.objects.filter(availability=Availability.OFF, availability_at__lt=now() - SETTLED)
    off = off.exclude(shift_rule=ShiftRule.KEEP)
    stuck = Conversation.objects.filter(assignee__in=off.values("pk"), status=Status.OPEN).order_by("rank_at", "pk")
    lying = list(stuck.values_list("pk", "assignee_id")[:MOST])
    known = rests({assignee for _pk, assignee in lying}) if lying else {}
    went = 0
    for pk, assignee in lying:
        try:
            if rest := known.get(assignee):
                pass_on(pk, rest, by=None)
                went += 1
        except (NotTheirs, NotVisible):
            continue
    return went
