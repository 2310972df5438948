"""Advice between the messages: what was asked of whom, until when, and what they said; for colleagues only."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from inbox import sla
from inbox.models import AdviceRequest, AdviceState, Conversation
from inbox.office_hours import local
from inbox.views.messages import exact, linked


@dataclass(frozen=True, slots=True)
class AdviceItem:
    """A question (``answer`` False) or what was said to it. ``until``: how long it may still take, in words, with its
    ``tone``; ``withdraw``, ``use``: the buttons; ``key``: whether a key takes this one over."""

    pk: int
    at: datetime
    answer: bool
    author: str
    of: str
    html: SafeString
    time: str
    exact: str
    until: str = ""
    tone: str = ""
    state: str = ""
    withdraw: bool = False
    use: bool = False
    key: bool = False

    type = "advice"


def requests_of(conversation: Conversation) -> list[AdviceRequest]:
    """All, oldest first, with the people. One query."""
    found = AdviceRequest.objects.filter(conversation=conversation)
    return list(found.select_related("asked_by", "expert", "department", "answered_by").order_by("asked_at", "pk"))


def items_of(conversation: Conversation, *, works: bool, moment: datetime) -> list[AdviceItem]:
    """Questions and answers, each at its moment. One query."""
    requests = requests_of(conversation)
    answered = [request.pk for request in requests if request.state == AdviceState.ANSWERED]
    made = []
    for request in requests:
        words, tone = until(request, moment)
        still = request.state == AdviceState.OPEN
        made.append(
            AdviceItem(
                pk=request.pk,
                at=request.asked_at,
                answer=False,
                author=str(request.asked_by),
                of=request.asked_name,
                html=linked(request.question),
                time=f"{local(request.asked_at):%H:%M}",
                exact=exact(request.asked_at),
                until=words if still else "",
                tone=tone if still else "",
                state=str(request.get_state_display()) if request.state == AdviceState.WITHDRAWN else "",
                withdraw=still and works,
            )
        )
        if request.ended_at is not None and request.state == AdviceState.ANSWERED:
            made.append(
                AdviceItem(
                    pk=request.pk,
                    at=request.ended_at,
                    answer=True,
                    author=str(request.answered_by),
                    of=request.asked_name,
                    html=linked(request.answer),
                    time=f"{local(request.ended_at):%H:%M}",
                    exact=exact(request.ended_at),
                    state=_("taken over") if request.used_at else "",
                    use=works,
                    key=request.pk == answered[-1],
                )
            )
    return made


def until(request: AdviceRequest, moment: datetime) -> tuple[str, str]:
    """(words, tone) of the time that is left: "1 h 20 left", green | orange | red."""
    return sla.label(request.due_at, moment), sla.state(request.due_at, request.warn_at, moment)
