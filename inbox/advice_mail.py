"""Advies by mail: that a colleague asks, and where to answer. A link with an id and nothing of the citizen: who opens
it logs in, and sees it only when they are asked."""

from datetime import timedelta

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from channels.clock import now
from inbox import sla
from inbox.actions import advice
from inbox.alerts import MAILER, mail_is_set_up
from inbox.models import AdviceRequest

OF_USE = timedelta(hours=24)  # older than this it is not told any more: the mail server came too late

log = structlog.get_logger()


def send_due(limit: int = 100) -> int:
    """Tell the experts of new questions; how many questions. Any number may run at once: each is taken by one.

    Marked before it goes: a worker that dies in between costs a mail, which the page makes good, and never sends two.
    """
    if not mail_is_set_up():
        return 0
    due = AdviceRequest.objects.open().filter(mailed_at=None, asked_at__gt=now() - OF_USE)
    found = due.select_related("asked_by", "expert", "department").order_by("pk")[:limit]
    return sum(_tell(request) for request in found)


def _tell(request: AdviceRequest) -> bool:
    mine = AdviceRequest.objects.open().filter(pk=request.pk, mailed_at=None)
    if not mine.update(mailed_at=now()):
        return False  # another worker was first, or it was answered meanwhile
    asked = request.expert or request.department
    to = [expert.email for expert in advice.experts(asked) if expert.email] if asked else []
    with override(settings.LANGUAGE_CODE):
        subject = _("Webcare: %(name)s asks for your advice") % {"name": request.asked_by}
        body = render_to_string("mail/advice.txt", _context(request))
    try:
        for address in to:  # one each: they need not see who else is asked
            EmailMessage(" ".join(subject.split()), body, to=[address]).send(using=MAILER)
    except Exception as error:  # noqa: BLE001  (its words may hold addresses)
        log.warning("advice_not_mailed", advice=request.pk, error=type(error).__name__)
        AdviceRequest.objects.filter(pk=request.pk).update(mailed_at=None)  # the next round tries again
        return False
    return True


def _context(request: AdviceRequest) -> dict[str, str]:
    return {
        "name": str(request.asked_by),
        "due": sla.format_moment(request.due_at, now(), with_time=True),
        "link": f"{settings.PUBLIC_URL}{advice.address(request)}",
        "municipality": settings.MUNICIPALITY,
    }
