"""E-mail to administrators: a channel broke, works again, or will break when its access ends. Once each, never lost.

Looks at the accounts instead of being called: whatever breaks one, in whatever process, even one that died just after,
the next round sees it. Sending and ingest never wait for a mail server.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from channels.clock import now
from channels.models import Account, AccountState
from inbox import account_words, sla
from inbox.account_words import WARN_BEFORE
from inbox.models import Role, User

MAILER, NO_BACKEND = "default", "django.core.mail.backends.dummy.EmailBackend"
ONE_AT_A_TIME = 0x5765626361726502  # an advisory lock

log = structlog.get_logger()

type Accounts = QuerySet[Account]


def mail_is_set_up() -> bool:
    """Whether there is a mail server to send by (EMAIL_URL)."""
    backend: str = settings.MAILERS[MAILER]["BACKEND"]
    return backend != NO_BACKEND


def receivers() -> list[str]:
    """The addresses of all active administrators that have one."""
    found = User.objects.filter(is_active=True, role=Role.ADMIN).exclude(email="")
    return list(found.order_by("pk").values_list("email", flat=True))


def alert_administrators() -> int:
    """Send what is to be sent; how many mails went. Any number may run at once: each mail goes once.

    Written down only after the mail server took it: a server that is down, or a worker that dies before that, costs
    time, not a mail. (Dying in the moment between the two would cost a second mail.)
    """
    if not mail_is_set_up():
        return 0
    with _alone() as alone:
        if not alone:
            return 0
        to = receivers()
        return _send_all(to) if to else 0


def _send_all(to: list[str]) -> int:
    sent = 0
    for template, account in _due():
        if not _send(template, account, to):
            break  # the others would wait for the same server; the next round is soon
        _note(template, account)
        sent += 1
    return sent


def _due() -> Iterator[tuple[str, Account]]:
    known = Account.objects.defer("secrets")
    unwell = Q(state=AccountState.BROKEN) | Q(state=AccountState.ACTIVE) & ~Q(webhook_problem="")
    well = Q(state=AccountState.ACTIVE, webhook_problem="")
    told = Q(expiry_alerted_for__isnull=False, expiry_alerted_for=F("token_expires_at"))
    ends_soon = Q(state=AccountState.ACTIVE, token_expires_at__lte=now() + WARN_BEFORE)
    yield from (("broken", account) for account in known.filter(unwell, alerted_at__isnull=True))
    yield from (("mended", account) for account in known.filter(well, alerted_at__isnull=False))
    yield from (("expires", account) for account in known.filter(ends_soon).exclude(told))


def _note(template: str, account: Account) -> None:
    row = Account.objects.filter(pk=account.pk)
    if template == "broken":
        row.filter(alerted_at__isnull=True).update(alerted_at=now())
    elif template == "mended":
        row.filter(alerted_at=account.alerted_at).update(alerted_at=None)
    else:
        row.update(expiry_alerted_for=account.token_expires_at)


def _send(template: str, account: Account, to: list[str]) -> bool:
    """Whether the mail server took it."""
    with override(settings.LANGUAGE_CODE):
        subject = _subject(template, account)
        body = render_to_string(f"mail/{template}.txt", _context(account))
    try:
        EmailMessage(subject, body, to=to).send(using=MAILER)
    except Exception as error:  # noqa: BLE001  (its words may hold addresses; whatever it is, the next round tries again)
        log.warning("alert_not_sent", account=account.pk, mail=template, error=type(error).__name__)
        return False
    log.info("alert_sent", account=account.pk, mail=template)
    return True


def _subject(template: str, account: Account) -> str:
    name = " ".join(f"{account.name} ({account.get_kind_display()})".split())  # one line, whatever was filled in
    if template == "mended":
        return _("Webcare: %(channel)s works again") % {"channel": name}
    if template == "expires":
        return _("Webcare: the access to %(channel)s ends soon") % {"channel": name}
    if account.state == AccountState.BROKEN:
        return _("Webcare: the connection with %(channel)s is broken") % {"channel": name}
    return _("Webcare: new messages from %(channel)s come in late") % {"channel": name}


def _context(account: Account) -> dict[str, Any]:
    moment = now()
    since = account.error_at if account.state == AccountState.BROKEN else account.webhook_checked_at
    return {
        "channel": account.name,
        "platform": account.get_kind_display(),
        "trouble": account_words.trouble(account),
        "since": sla.format_moment(since, moment, with_time=True) if since else "",
        "code": account.error_code if account.state == AccountState.BROKEN else "",
        "ends": sla.format_moment(account.token_expires_at, moment, with_time=True) if account.token_expires_at else "",
        "link": f"{settings.PUBLIC_URL}{reverse('nothing_lost')}",
        "municipality": settings.MUNICIPALITY,
    }


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether nobody else is at it. Ends with the connection, so that one who died holds up nobody; no row is locked
    while a mail server takes its time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ONE_AT_A_TIME])
        (alone,) = cursor.fetchone()
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_AT_A_TIME])
