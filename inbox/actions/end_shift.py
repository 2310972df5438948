"""Klaar voor vandaag: off, and what one still holds goes where one says, in one go, with one note; or a team lead does
it for a colleague who is not there. Undone in one go too, but for what somebody touched since.

First they are off, and that is committed: what a citizen answers from then on goes by the same rule. Then each open
conversation in a transaction of its own, as in actions.many. Killed half-way, the sweeper does the rest.
"""

from datetime import timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from channels.clock import now
from inbox import audit, permissions, shifts
from inbox.actions import available, clocks, many, pass_on, restore
from inbox.actions.refused import NotVisible, Refused
from inbox.models import (
    AccountSettings,
    AuditEntry,
    Availability,
    BulkChange,
    Conversation,
    Draft,
    Handover,
    ShiftRule,
    Status,
    User,
)

VERB = "shift"
LONGEST_NOTE = 2000
AT_WORK = timedelta(hours=2)  # whoever did something so short ago did not forget to go home


def held(of: User, by: User) -> list[Conversation]:
    """The open conversations of ``of`` that ``by`` may pass on, first due first, with what a row shows. One query."""
    found = Conversation.objects.filter(assignee=of, status=Status.OPEN).for_list().order_by("rank_at", "pk")
    if by.pk != of.pk:
        found = found.filter(department__in=by.departments.all())
    return list(found)


def end_shift(
    of: User, *, by: User, rule: str, to: User | None = None, note: str = "", submission: UUID, forgotten: bool = False
) -> Handover:
    """The rule is kept: it holds for what citizens answer later, and is the first choice the next time.

    A ``submission`` that came before gives what it did then. Raises NotVisible for a colleague one shares no department
    with; Refused "not_allowed", "no_choice", "cannot_receive" and "too_long".
    """
    _may(of, by)
    if rule not in ShiftRule.values or (rule == ShiftRule.COLLEAGUE and to is None):
        raise Refused("no_choice", _("Choose where the conversations go."))
    to = to if rule == ShiftRule.COLLEAGUE else None
    if to is not None and (to.pk == of.pk or not pass_on.receivers([to.pk])[to.pk].working):
        raise Refused("cannot_receive", _("%(name)s is not at work. Choose somebody else.") % {"name": to})
    if len(note) > LONGEST_NOTE:
        raise Refused("too_long", _("A note holds at most %(max)s characters.") % {"max": LONGEST_NOTE})
    moment = now()
    with transaction.atomic():
        data = {"was": of.availability, "of": of.pk, "forgotten": forgotten}
        change, new = BulkChange.objects.get_or_create(
            submission=submission, defaults={"by": by, "verb": VERB, "data": data, "at": moment}
        )
        if not new:
            return _done_before(change, by)
        made = Handover.objects.create(change=change, of=of, to=to, note=note.strip(), at=moment)
        User.objects.filter(pk=of.pk).update(
            availability=Availability.OFF, availability_at=moment, shift_rule=rule, shift_colleague=to
        )
        told = {"of": of.pk, "rule": rule, "to": to.pk if to else None, "handover": made.pk, "forgotten": forgotten}
        audit.record(None, "shift_ended", None if forgotten else by, **told)
        available.tell(of)
    rest = pass_on.rests([of.pk]).get(of.pk)
    if rest is not None and rule != ShiftRule.KEEP:
        for conversation in held(of, by):
            _one(change, conversation.pk, rest, None if forgotten else by)
    return made


def _may(of: User, by: User) -> None:
    if of.pk != by.pk and not permissions.shares_department(by, of):
        raise NotVisible
    if of.role not in permissions.WORKERS or not (of.pk == by.pk or permissions.can_lead(by, of)):
        raise Refused("not_allowed", _("Only a team lead does this for a colleague."))


def _done_before(change: BulkChange, by: User) -> Handover:
    if change.by_id != by.pk or change.verb != VERB:
        raise NotVisible
    return Handover.objects.get(change=change)


def _one(change: BulkChange, pk: int, rest: shifts.Rest, by: User | None) -> None:
    try:
        with transaction.atomic():
            conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=pk)
            before = restore.state(conversation)
            pass_on.pass_on(pk, rest, by=by)
            conversation.refresh_from_db(fields=["version"])
            change.items.create(conversation_id=pk, done=True, before=before, version=conversation.version)
    except (pass_on.NotTheirs, NotVisible):
        return  # a colleague took it over meanwhile


def undo(handover_id: int, *, by: User) -> Handover:
    """At work again as before, and what nobody touched since is theirs again. Raises NotVisible for another's."""
    found = Handover.objects.select_related("change", "of").filter(pk=handover_id, change__by=by).first()
    if found is None:
        raise NotVisible
    # First they are back: else the sweeper would pass it on once more.
    back = found.change.data.get("was") or Availability.AVAILABLE
    with transaction.atomic():
        still_off = User.objects.filter(pk=found.of_id, availability=Availability.OFF, availability_at=found.at)
        if found.change.undone_at is None and still_off.update(availability=back, availability_at=now()):
            audit.record(None, "shift_resumed", by, of=found.of_id, handover=found.pk)
            available.tell(found.of)
    many.undo(found.change_id, by=by)
    return found


# -- who forgot to say that they went home --------------------------------------------------------------------------


def end_forgotten() -> int:
    """By the clock: whoever still says to be at work two hours after their last account closed, and did nothing since,
    goes off by their own rule; how many. They undo it themselves when they were there after all."""
    moment = now()
    saying = User.objects.filter(availability__in=available.CHOSEN, is_active=True).prefetch_related("departments")
    agreed = AccountSettings.objects.prefetch_related(*clocks.DAYS)
    known = [(each.department_id, clocks.hours_of(each)) for each in agreed]
    ended = 0
    for user in saying:
        departments = {department.pk for department in user.departments.all()}
        # A department without an account of its own goes home when all are closed.
        hours = [each for department, each in known if department in departments] or [each for _, each in known]
        if shifts.forgotten(hours, user.availability_at, moment) and not _busy(user):
            to = user.shift_colleague if user.shift_rule == ShiftRule.COLLEAGUE else None
            rule = user.shift_rule
            if rule == ShiftRule.COLLEAGUE and (to is None or not pass_on.receivers([to.pk])[to.pk].working):
                rule, to = ShiftRule.DEPARTMENT, None
            end_shift(user, by=user, rule=rule, to=to, submission=uuid4(), forgotten=True)
            ended += 1
    return ended


def _busy(user: User) -> bool:
    """Whether they wrote, or did something to a conversation they hold, a short time ago. Two queries."""
    since = now() - AT_WORK
    theirs = Conversation.objects.filter(assignee=user, status__in=[Status.OPEN, Status.WAITING])
    return (
        Draft.objects.filter(user=user, updated_at__gte=since).exists()
        or AuditEntry.objects.filter(conversation__in=theirs, actor=user, at__gte=since).exists()
    )
