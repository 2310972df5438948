"""A test message there and back: an administrator sends a code to the account from outside, and Webcare answers it."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from channels.clock import now
from inbox import audit
from inbox.actions.changing import changing
from inbox.actions.queueing import queue
from inbox.actions.refused import Refused
from inbox.models import AuditEntry, Direction, Message, User

STARTED = "account_test_started"
SHOWN = timedelta(hours=24)  # so long its outcome stands on the page
PATIENCE = timedelta(minutes=5)  # a message that takes longer does not come by itself
LETTERS = "BCDFGHJKLMNPRSTVWXZ"  # no word, and no letter that looks like another


@dataclass(frozen=True, slots=True)
class Trial:
    """How far the last test of an account is: ``arrived`` what came in, ``answer`` what went back."""

    code: str
    started_at: datetime
    arrived: Message | None = None
    answer: Message | None = None

    def late(self, at: datetime) -> bool:
        """Whether the message should have been there by ``at``."""
        return self.arrived is None and at - self.started_at > PATIENCE


def start(account_id: int, by: User) -> str:
    """Begin one; the text to send to the account. An earlier one of this account is over by that."""
    code = "".join(secrets.choice(LETTERS) for _each in range(6))
    last = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    audit.record(None, STARTED, by, account=account_id, code=code, after=last)
    return words(code)


def words(code: str) -> str:
    """What is to be sent."""
    return _("Test %(code)s") % {"code": code}


def last(account_id: int, at: datetime) -> Trial | None:
    """The last one of the last day. At most three queries, that read what came in since it began and no more."""
    begun = AuditEntry.objects.filter(conversation=None, at__gt=at - SHOWN, at__lte=at, verb=STARTED)
    entry = begun.filter(data__account=account_id).order_by("-at", "-pk").first()
    if entry is None:
        return None
    code = entry.data["code"]
    newer = Message.objects.filter(pk__gt=entry.data["after"], account=account_id).select_related("account")
    arrived = newer.filter(direction=Direction.IN, text__contains=code).order_by("pk").first()
    answer = None
    if arrived is not None:
        of_it = newer.filter(direction=Direction.OUT, conversation=arrived.conversation_id, pk__gt=arrived.pk)
        answer = of_it.order_by("-pk").first()
    return Trial(code, entry.at, arrived, answer)


def answer(account_id: int, by: User) -> bool:
    """Queue the answer to the test message; whether it was not queued before. Whoever sent the code reads it, and
    nobody else is answered. Raises Refused "not_there" when the message did not arrive."""
    trial = last(account_id, now())
    if trial is None or trial.arrived is None:
        raise Refused("not_there", _("The test message is not here yet."))
    arrived = trial.arrived
    try:
        with (
            transaction.atomic(),
            changing(arrived.conversation_id, "test_answered", by=by, anywhere=True) as conversation,
        ):
            queue(
                conversation,
                by,
                _("Webcare received your test message %(code)s. This is the answer.") % {"code": trial.code},
                uuid5(NAMESPACE_URL, f"webcare:test:{account_id}:{trial.code}"),  # twice pressed: once queued
                in_reply_to=arrived.external_id if arrived.public else "",
            )
    except IntegrityError:
        return False
    return True
