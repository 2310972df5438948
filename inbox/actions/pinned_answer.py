"""Vastgezet antwoord: for a topic, offered to every colleague until its time has come."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from channels.clock import now
from channels.models import Account
from inbox import audit, permissions
from inbox.actions import standard_reply
from inbox.actions.refused import NotVisible, Refused
from inbox.actions.standard_reply import Taken
from inbox.models import Conversation, Department, PinnedAnswer, Topic, User

OFFERED = 3  # beside one answer


def active() -> QuerySet[PinnedAnswer]:
    """Those whose time has not come: no job ends them."""
    return PinnedAnswer.objects.filter(until__gt=now())


def visible(user: User) -> QuerySet[PinnedAnswer]:
    """Everybody's, and those of one's departments."""
    return PinnedAnswer.objects.filter(Q(department=None) | Q(department__in=user.departments.values("pk")))


def fitting(conversation: Conversation) -> QuerySet[PinnedAnswer]:
    """Those about its topic, on its department and account; of any topic while it has none, for in a storm nobody has
    the time to set one."""
    found = active().filter(
        Q(department=None) | Q(department=conversation.department_id),
        Q(account=None) | Q(account=conversation.account_id),
    )
    if conversation.topic_id:
        found = found.filter(topic=conversation.topic_id)
    return found.select_related("topic").order_by("-changed_at")


def pin(
    *,
    by: User,
    topic: Topic,
    department: Department | None,
    account: Account | None,
    text: str,
    until: datetime,
    version: int,
) -> PinnedAnswer:
    """Set it, or change the one that stands for this topic, department and account. ``version``: of the one that was
    on screen, 0 when none was. Raises Refused "not_allowed", "empty", "passed", "changed_elsewhere" (data: text, by,
    version) when a colleague was first."""
    _refuse(by, department)
    if not text.strip():
        raise Refused("empty", _("Write something first."))
    moment = now()
    if until <= moment:
        raise Refused("passed", _("Choose a moment that is still to come."))
    with transaction.atomic():
        fresh = {"text": "", "until": moment, "by": by, "changed_at": moment, "version": 0}
        pinned, _new = PinnedAnswer.objects.select_for_update().get_or_create(
            topic=topic, department=department, account=account, defaults=fresh
        )
        # What ended long ago stands in nobody's way.
        if pinned.version != version and pinned.until > moment:
            raise _changed(pinned)
        pinned.text, pinned.until, pinned.by, pinned.changed_at = text.strip(), until, by, moment
        pinned.version += 1
        pinned.save()
        audit.record(None, "answer_pinned", by, pinned=pinned.pk, topic=topic.pk, until=until.isoformat())
    return pinned


def withdraw(pinned_id: int, *, by: User, version: int) -> PinnedAnswer:
    """It is not offered any more. Again changes nothing. Raises NotVisible; Refused "not_allowed" and
    "changed_elsewhere"."""
    with transaction.atomic():
        pinned = visible(by).select_for_update(of=("self",)).filter(pk=pinned_id).first()
        if pinned is None:
            raise NotVisible
        _refuse(by, pinned.department)
        moment = now()
        if pinned.until <= moment:
            return pinned
        if pinned.version != version:
            raise _changed(pinned)
        pinned.until, pinned.by, pinned.changed_at = moment, by, moment
        pinned.version += 1
        pinned.save()
        audit.record(None, "answer_unpinned", by, pinned=pinned.pk, topic=pinned.topic_id)
    return pinned


def use(pinned_id: int, *, by: User, conversation_id: int) -> Taken:
    """Take it over into an answer: filled in for the conversation, and counted. Raises NotVisible for a conversation
    that is not theirs or a pinned answer that is not (any more) for it, Refused "not_allowed"."""
    conversation = Conversation.objects.visible_to(by).for_list().filter(pk=conversation_id).first()
    if conversation is None:
        raise NotVisible
    if not permissions.can_work(by, conversation):
        raise _not_allowed()
    pinned = fitting(conversation).filter(pk=pinned_id).first()
    if pinned is None:
        raise NotVisible
    PinnedAnswer.objects.filter(pk=pinned.pk).update(used_count=F("used_count") + 1)
    return standard_reply.taken(standard_reply.filled(conversation, by, pinned.text))


def _refuse(by: User, department: Department | None) -> None:
    if by.role not in permissions.WORKERS or not by.is_active:
        raise _not_allowed()
    if department is not None and not by.departments.filter(pk=department.pk).exists():
        raise Refused("not_allowed", _("You are not in that department. Choose one of your own."))


def _not_allowed() -> Refused:
    return Refused("not_allowed", _("You may read this, but not change it. Ask your team lead for help."))


def _changed(pinned: PinnedAnswer) -> Refused:
    return Refused(
        "changed_elsewhere",
        _("%(name)s changed this in the meantime. Look at that text first; yours is kept below.") % {"name": pinned.by},
        text=pinned.text,
        by=pinned.by_id,
        version=pinned.version,
    )
