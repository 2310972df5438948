"""Advies: ask an expert about one conversation, answer, withdraw, take over. The conversation stays with whoever has
it, and its clock runs on."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from channels.clock import now
from inbox import live, office_hours, permissions, sla
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed, refuse_closed
from inbox.actions.clocks import DAYS, hours_of
from inbox.actions.note import MAX_LENGTH
from inbox.actions.notify import notify
from inbox.actions.refused import NotVisible, Refused
from inbox.models import (
    ADVISERS,
    AccountSettings,
    AdviceRequest,
    AdviceState,
    Conversation,
    Department,
    NoticeKind,
    User,
)
from inbox.office_hours import Hours

# Office minutes in which an answer is wanted.
WITHIN = (60, 120, 240, 480, 960)


def hours(conversation: Conversation) -> Hours:
    """The account's, else the usual ones; four queries."""
    agreed = AccountSettings.objects.prefetch_related(*DAYS).filter(account=conversation.account_id).first()
    found = hours_of(agreed) if agreed else office_hours.DEFAULT_HOURS
    return found if office_hours.next_opening(found, now()) else office_hours.DEFAULT_HOURS


def ask(conversation_id: int, *, by: User, question: str, minutes: int, of: User | Department) -> AdviceRequest:
    """Ask a colleague, or the experts of a department. While it is open they may read this conversation.

    Raises Refused "empty", "too_long", "no_choice" (minutes, or somebody who does not answer), "no_experts" (data:
    nothing), "asked_already", "closed", "not_allowed".
    """
    try:
        with transaction.atomic(), changing(conversation_id, "advice_asked", by=by) as conversation:
            refuse_closed(conversation)
            if not permissions.can_work(by, conversation):
                raise not_allowed()
            text = _written(question)
            if minutes not in WITHIN:
                raise Refused("no_choice", _("Choose until when the advice is of use."))
            to = experts(of)
            if not to:
                raise Refused("no_experts", _("%(name)s cannot give advice now. Choose somebody else.") % {"name": of})
            moment = now()
            until = sla.deadline(hours(conversation), moment, minutes)
            request = AdviceRequest.objects.create(
                conversation=conversation,
                question=text,
                asked_by=by,
                asked_at=moment,
                expert=of if isinstance(of, User) else None,
                department=of if isinstance(of, Department) else None,
                warn_at=until.warn_at,
                due_at=until.due_at,
            )
            _note(conversation, request)
            notify(to, NoticeKind.ADVICE_ASKED, conversation, by=by)  # who sees it; all of them get a mail
            live.announce(conversation.pk, (), "advice_asked", people=[each.pk for each in to])
    except IntegrityError:
        raise Refused(
            "asked_already", _("%(name)s has a question about this conversation already.") % {"name": of}
        ) from None
    return request


def experts(of: User | Department) -> list[User]:
    """Who may answer a question to ``of``: active colleagues who are more than viewers. One query for a department."""
    if isinstance(of, User):
        return [of] if of.is_active and of.role in permissions.WORKERS else []
    return list(of.members.filter(is_active=True, role__in=ADVISERS))


def answer(request_id: int, *, by: User, text: str) -> AdviceRequest:
    """Answer it, once. Raises NotVisible for who is not asked; Refused "empty", "too_long", "withdrawn", "answered"
    (data: by)."""
    with _changing(request_id, "advice_given", by) as (conversation, request):
        if not permissions.may_advise(by, request):
            raise NotVisible
        _refuse_over(request)
        request.answer = _written(text)
        request.answered_by, request.state, request.ended_at = by, AdviceState.ANSWERED, now()
        request.save(update_fields=["answer", "answered_by", "state", "ended_at"])
        notify([request.asked_by_id], NoticeKind.ADVICE_GIVEN, conversation, by=by)
        # Who asked may not see the conversation any more: it was routed on.
        live.announce(conversation.pk, (), "advice_given", people=[request.asked_by_id])
    return request


def withdraw(request_id: int, *, by: User) -> AdviceRequest:
    """It is not needed any more; whoever was asked no longer sees the conversation.

    Raises NotVisible for who does not see the conversation; Refused "withdrawn", "answered", "not_allowed"."""
    with _changing(request_id, "advice_withdrawn", by) as (conversation, request):
        if not permissions.can_see(by, conversation):
            raise NotVisible
        if not permissions.can_work(by, conversation):
            raise not_allowed()
        _refuse_over(request)
        request.state, request.ended_at = AdviceState.WITHDRAWN, now()
        request.save(update_fields=["state", "ended_at"])
    return request


def use(request_id: int, *, by: User) -> AdviceRequest:
    """It is taken over into an answer to the citizen. Raises NotVisible, Refused "not_answered", "not_allowed"."""
    found = AdviceRequest.objects.select_related("conversation").filter(pk=request_id).first()
    if found is None or not permissions.can_see(by, found.conversation):
        raise NotVisible
    if not permissions.can_work(by, found.conversation):
        raise not_allowed()
    if found.state != AdviceState.ANSWERED:
        raise Refused("not_answered", _("There is no answer yet."))
    AdviceRequest.objects.filter(pk=found.pk, used_at=None).update(used_at=now())
    return found


def end_open(conversation: Conversation) -> None:
    """The conversation is closed: nobody needs to answer any more. Inside ``changing``."""
    ended = AdviceRequest.objects.open().filter(conversation=conversation)
    keys = list(ended.values_list("pk", flat=True))
    if keys:
        ended.update(state=AdviceState.WITHDRAWN, ended_at=now())
        conversation.audit_data["advice_withdrawn"] = keys  # type: ignore[attr-defined]


@contextmanager
def _changing(request_id: int, verb: str, by: User) -> Iterator[tuple[Conversation, AdviceRequest]]:
    """``changing`` the conversation of a request, with the request locked; the block sees to the rights of ``by``, who
    may stand outside its department. Raises NotVisible."""
    found = AdviceRequest.objects.filter(pk=request_id).values_list("conversation_id", flat=True).first()
    if found is None:
        raise NotVisible
    with changing(found, verb, by=by, anywhere=True) as conversation:
        request = (
            AdviceRequest.objects.select_for_update(of=("self",))
            .select_related("expert", "department", "asked_by", "answered_by")
            .get(pk=request_id)
        )
        _note(conversation, request)
        yield conversation, request


def _note(conversation: Conversation, request: AdviceRequest) -> None:
    """Ids and names of colleagues, no texts."""
    conversation.audit_data |= {"advice": request.pk, "of": request.asked_name}  # type: ignore[attr-defined]


def _written(text: str) -> str:
    text = text.strip()
    if not text:
        raise Refused("empty", _("Write something first."))
    if len(text) > MAX_LENGTH:
        raise Refused("too_long", _("This holds at most %(max)s characters.") % {"max": MAX_LENGTH})
    return text


def _refuse_over(request: AdviceRequest) -> None:
    if request.state == AdviceState.WITHDRAWN:
        raise Refused("withdrawn", _("This question was withdrawn. You need not answer it any more."))
    if request.state == AdviceState.ANSWERED:
        raise Refused(
            "answered", _("%(name)s answered this already.") % {"name": request.answered_by}, by=request.answered_by_id
        )


def address(request: AdviceRequest) -> str:
    """Where it is answered: an id, no more. Who opens it logs in, and must be the one who is asked."""
    return reverse("advice", args=[request.pk])
