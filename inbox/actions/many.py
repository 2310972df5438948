"""One deed on many conversations: each through its own action, with its own refusal; and all of it undone.

Each conversation is a transaction of its own, which also writes how it was before: a worker that dies half-way leaves
a record of exactly what was done, and nobody waits for more than one row.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from channels.clock import now
from inbox import audit
from inbox.actions import assign, claim, close, label, read, restore, route, snooze
from inbox.actions.refused import NotVisible, Refused
from inbox.models import BulkChange, BulkItem, Conversation, ReadMarker, User

MOST = 200  # conversations at a time

type Deed = Callable[[int, User, Any], object]

# What each takes as ``choice``: a colleague, a department, a result, a moment, a topic or None.
DEEDS: Mapping[str, Deed] = {
    "claim": lambda pk, by, _choice: claim.claim(pk, by=by),
    "assign": lambda pk, by, choice: assign.assign(pk, by=by, to=choice),
    "route": lambda pk, by, choice: route.route(pk, by=by, department=choice),
    "close": lambda pk, by, choice: close.close(pk, by=by, result=choice),
    "snooze": lambda pk, by, choice: snooze.snooze(pk, by=by, until=choice),
    "topic": lambda pk, by, choice: label.set_topic(pk, by=by, topic=choice),
    "read": lambda pk, by, _choice: read.mark_read(pk, by=by),
}


def do(verb: str, ids: Sequence[int], *, by: User, submission: UUID, choice: Any = None) -> BulkChange:
    """Do it to each of ``ids`` (at most MOST, the rest is left alone); what became of each is in the change's items.

    What ``by`` may not see is left out, and counted as "unseen" in the change's data. A ``submission`` that came
    before gives what became of it then. Raises KeyError for a deed there is not, NotVisible for another's submission.
    """
    deed = DEEDS[verb]
    change, new = BulkChange.objects.get_or_create(
        submission=submission, defaults={"by": by, "verb": verb, "data": _told(choice), "at": now()}
    )
    if change.by_id != by.pk:
        raise NotVisible
    if not new:
        return change
    outcomes = [_one(change, pk, by, deed, choice) for pk in list(dict.fromkeys(ids))[:MOST]]
    change.data["unseen"] = outcomes.count(None)
    change.save(update_fields=["data"])
    told = {"deed": verb, "done": outcomes.count(True), "refused": outcomes.count(False)}
    audit.record(None, "many_changed", by, change=change.pk, **told)
    return change


def _one(change: BulkChange, pk: int, by: User, deed: Deed, choice: Any) -> bool | None:
    """Whether it was done; None for what may not be seen."""
    try:
        with transaction.atomic():
            conversation = _locked(pk, by)
            before = _before(change.verb, conversation, by)
            deed(pk, by, choice)
            conversation.refresh_from_db(fields=["version", "inbound_count"])
            change.items.create(conversation_id=pk, done=True, **_after(change.verb, conversation, before))
    except Refused as refusal:
        change.items.create(conversation_id=pk, done=False, reason=str(refusal)[:300])
        return False
    except NotVisible:
        return None
    return True


def _locked(pk: int, by: User) -> Conversation:
    """Raises NotVisible."""
    visible = Conversation.objects.visible_to(by).values("pk")
    found = Conversation.objects.select_for_update(of=("self",)).filter(pk=pk).filter(pk__in=visible).first()
    if found is None:
        raise NotVisible
    return found


def _before(verb: str, conversation: Conversation, by: User) -> dict[str, Any]:
    if verb == "read":
        seen = ReadMarker.objects.filter(user=by, conversation=conversation).values_list("seen", flat=True).first()
        return {"seen": seen}
    return {**restore.state(conversation), "version": conversation.version}


def _after(verb: str, conversation: Conversation, before: dict[str, Any]) -> dict[str, Any]:
    """What undoing needs; nothing when it was so already."""
    if verb == "read":
        same = before["seen"] == conversation.inbound_count
        return {"before": {} if same else before, "version": conversation.inbound_count}
    same = before.pop("version") == conversation.version
    return {"before": {} if same else before, "version": conversation.version}


def undo(change_id: int, *, by: User) -> BulkChange:
    """Put back what one did oneself; what has changed since stays, and says so. Again goes on where it stopped.

    Raises NotVisible for another's.
    """
    # The first one to come marks it; whoever comes along with it finds each item done, or waits for its row.
    BulkChange.objects.filter(pk=change_id, by=by, undone_at=None).update(undone_at=now())
    change = BulkChange.objects.filter(pk=change_id, by=by).first()
    if change is None:
        raise NotVisible
    todo = list(change.items.filter(done=True, undone=None).order_by("pk").values_list("pk", flat=True))
    outcomes = [_put_back(pk, change, by) for pk in todo]
    if todo:
        audit.record(None, "many_undone", by, change=change.pk, undone=outcomes.count(True))
    return change


def _put_back(item_id: int, change: BulkChange, by: User) -> bool:
    with transaction.atomic():
        item = BulkItem.objects.select_for_update().get(pk=item_id)
        if item.undone is not None:
            return item.undone
        try:
            with transaction.atomic():
                _restore(item, change, by)
        except (Refused, NotVisible) as refusal:
            item.undone, item.reason = False, str(refusal)[:300]
        else:
            item.undone = True
        item.save(update_fields=["undone", "reason"])
        return bool(item.undone)


def _restore(item: BulkItem, change: BulkChange, by: User) -> None:
    if not item.before:
        return
    if change.verb == "read":
        restore.unread(item.conversation_id, by=by, before=item.before["seen"], after=item.version)
    else:
        restore.restore(item.conversation_id, by=by, before=item.before, version=item.version)


def _told(choice: Any) -> dict[str, Any]:
    """What was chosen, as JSON: the key of a row, else as text."""
    if choice is None:
        return {}
    return {"choice": getattr(choice, "pk", None) or str(choice)}
