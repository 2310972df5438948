"""Ongedaan maken: put a conversation back as it was before one change, unless something happened to it since."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from channels.clock import now
from inbox import permissions
from inbox.actions import clocks
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed
from inbox.actions.refused import Refused
from inbox.models import Conversation, Department, ReadMarker, Routing, Status, User

FIELDS = ("assignee_id", "department_id", "status", "result", "topic_id", "sentiment")
MOMENTS = ("closed_at", "snoozed_until")


def state(conversation: Conversation) -> dict[str, Any]:
    """What ``restore`` needs, as JSON: ids, codes and moments; also the clock that runs or stands still."""
    clock = clocks.running(conversation)
    return {
        **{name: getattr(conversation, name) for name in FIELDS},
        **{name: _iso(getattr(conversation, name)) for name in MOMENTS},
        "clock": clock.pk if clock else None,
    }


def restore(conversation_id: int, *, by: User, before: dict[str, Any], version: int) -> Conversation:
    """Back to ``before`` when the conversation is still at ``version``: the one that the change itself made.

    Also where ``by`` no longer sees it: they had it before they routed it away, and nobody touched it since. Raises
    Refused "changed_since", "newer_conversation" (a citizen wrote after it was closed), "not_allowed"; NotVisible
    when it is gone.
    """
    try:
        with changing(conversation_id, "undone", by=by, anywhere=True) as conversation:
            if conversation.version != version:
                raise changed_since()
            if by.role not in permissions.WORKERS or not _theirs(by, before["department_id"]):
                raise not_allowed()
            closed = conversation.status == Status.CLOSED
            if conversation.department_id != before["department_id"]:
                # It went there by mistake: nothing can be bounced, or learnt, from that.
                Routing.objects.filter(conversation=conversation, to_department=conversation.department_id).filter(
                    pk__in=conversation.routings.order_by("-pk").values("pk")[:1]
                ).delete()
            for name in FIELDS:
                setattr(conversation, name, before[name])
            for name in MOMENTS:
                setattr(conversation, name, _moment(before[name]))
            if closed and conversation.status != Status.CLOSED and before["clock"] is not None:
                clocks.unstop(conversation, before["clock"])
            clocks.retarget(conversation, now())  # its topic may be another
    except IntegrityError:
        # One unfinished conversation per thread: the constraint says that there is a newer one.
        raise Refused(
            "newer_conversation", _("This citizen has a newer conversation here. Go on in that one.")
        ) from None
    return conversation


def unread(conversation_id: int, *, by: User, before: int | None, after: int) -> None:
    """As far as ``by`` had read (None: nothing) before they marked it as read up to ``after`` messages.

    Raises Refused "changed_since" when they have read on since. One statement: nothing comes in between.
    """
    mark = ReadMarker.objects.filter(user=by, conversation=conversation_id, seen=after)
    if not (mark.delete()[0] if before is None else mark.update(seen=before)):
        raise changed_since()


def changed_since() -> Refused:
    """The refusal that leaves it as it is."""
    return Refused("changed_since", _("Something happened in this conversation since. It stays as it is now."))


def _theirs(by: User, department_id: int) -> bool:
    return by.is_active and Department.objects.filter(pk=department_id, members=by).exists()


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
