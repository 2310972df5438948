"""The daily summary by e-mail, for who asked for it: counts and links, no word of a citizen. Once for each person and
day, on days that the office opens; not before it opens, unless they want to be told outside office hours too."""

from datetime import date, datetime, time
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from channels.clock import now
from inbox import office_hours
from inbox.actions.clocks import DAYS, hours_of
from inbox.alerts import MAILER, mail_is_set_up
from inbox.models import AccountSettings, Conversation, Notice, Status, User
from inbox.office_hours import Hours, local

FROM, UNTIL = time(8), time(12)  # in Amsterdam; after a morning without a worker it comes tomorrow again
MOST = 99  # more than this is told as 99+
log = structlog.get_logger()


def send_due() -> int:
    """Send the summaries of this morning; how many went. Any number may run at once: each mail goes once."""
    moment = now()
    today = local(moment).date()
    if not FROM <= local(moment).time() < UNTIL or not mail_is_set_up():
        return 0
    waiting = User.objects.filter(is_active=True, daily_summary=True).exclude(email="")
    waiting = waiting.filter(Q(summary_on__isnull=True) | Q(summary_on__lt=today))
    sent = 0
    for user in waiting.order_by("pk"):
        if not _is_due(user, moment, today):
            continue
        before = user.summary_on
        # Nothing got updated: another worker sends it.
        if User.objects.filter(pk=user.pk, summary_on=before).update(summary_on=today):
            if not _send(user, moment):
                User.objects.filter(pk=user.pk, summary_on=today).update(summary_on=before)
                break  # the others would wait for the same server; the next round is soon
            sent += 1
    return sent


def _is_due(user: User, moment: datetime, today: date) -> bool:
    """Whether one of the offices of this colleague's departments opens today, and is open by now (or need not be)."""
    offices = AccountSettings.objects.filter(department__in=user.departments.all())
    hours = [hours_of(settings) for settings in offices.prefetch_related(*DAYS)]
    if user.notices_outside_hours:
        return any(_opens_on(each, moment, today) for each in hours)
    return any(office_hours.is_open(each, moment) for each in hours)


def _opens_on(hours: Hours, moment: datetime, day: date) -> bool:
    if office_hours.is_open(hours, moment):
        return True
    opening = office_hours.next_opening(hours, moment)
    return opening is not None and local(opening).date() == day


def _send(user: User, moment: datetime) -> bool:
    """Whether the mail server took it."""
    with override(settings.LANGUAGE_CODE):
        subject = _("Webcare: your day, %(day)s") % {"day": date_format(local(moment), "l j F")}
        body = render_to_string("mail/summary.txt", context(user, moment))
    try:
        EmailMessage(subject, body, to=[user.email]).send(using=MAILER)
    except Exception as error:  # noqa: BLE001  (its words may hold addresses; whatever it is, the next round tries again)
        log.warning("summary_not_sent", user=user.pk, error=type(error).__name__)
        return False
    log.info("summary_sent", user=user.pk)
    return True


def context(user: User, moment: datetime) -> dict[str, Any]:
    """What templates/mail/summary.txt tells."""
    visible = Conversation.objects.visible_to(user)
    mine = _count(visible.in_view("mine", user, moment).filter(status=Status.OPEN))
    free = _count(visible.in_view("unclaimed", user, moment))
    late = _count(visible.in_view("late", user, moment))
    unseen = _count(Notice.objects.of(user).filter(seen_at__isnull=True))
    told = [
        (
            mine,
            ngettext("%(count)s conversation of yours to answer", "%(count)s conversations of yours to answer", mine),
            _link("list", "mine"),
        ),
        (
            free,
            ngettext("%(count)s that nobody claimed", "%(count)s that nobody claimed", free),
            _link("list", "unclaimed"),
        ),
        (late, ngettext("%(count)s that is late", "%(count)s that are late", late), _link("list", "late")),
        (
            unseen,
            ngettext("%(count)s notice you have not seen", "%(count)s notices you have not seen", unseen),
            _link("notices"),
        ),
    ]
    lines = [{"words": words % {"count": _capped(count)}, "link": link} for count, words, link in told if count]
    return {
        "name": user.first_name or user.username,
        "lines": lines,
        "inbox": _link("list", "todo"),
        "preferences": _link("preferences"),
        "municipality": settings.MUNICIPALITY,
    }


def _count(found: Any) -> int:
    return len(found.values_list("pk", flat=True)[: MOST + 1])


def _capped(count: int) -> str:
    return f"{MOST}+" if count > MOST else str(count)


def _link(name: str, *arguments: object) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, args=arguments)}"
