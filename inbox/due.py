"""What is due in the outbox: to be sent in its turn, to be asked after, or left behind by a worker that died."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from channels.clock import now
from channels.models import Account, AccountState
from inbox.models import Attachment, Delivery, Direction, Message

type Messages = QuerySet[Message]

UNFINISHED = [Delivery.QUEUED, Delivery.SENDING, Delivery.UNKNOWN]
# Longer than a call may take: whoever took it and is silent since then has died. Files are calls of their own, and the
# message itself goes last: asked after too soon it would be "surely absent", and then go twice.
STALE, STALE_WITH_FILES = timedelta(seconds=90), timedelta(minutes=8)
HELD = timedelta(minutes=1)  # while an account is paused or broken
OF_AN_ACCOUNT = ("paused", "disconnected", "token", "permission", "blocked_for_policy")  # why a queued message is held
SAME_BREATH = timedelta(seconds=5)


def to_send(moment: datetime) -> Messages:
    """What may go at ``moment``, longest due first: queued, due and its turn."""
    due = Message.objects.filter(state=Delivery.QUEUED, send_at__lte=moment).filter(~Exists(_before_it()))
    return due.order_by("send_at", "id")


def to_ask(moment: datetime) -> Messages:
    """What is uncertain and to be asked after at ``moment``, longest due first."""
    return Message.objects.filter(state=Delivery.UNKNOWN, send_at__lte=moment).order_by("send_at", "id")


def left_behind() -> Messages:
    """Taken so long ago that whoever took it has died."""
    moment = now()
    silent = Message.objects.filter(state=Delivery.SENDING, taken_at__lt=moment - STALE)
    with_files = Attachment.objects.filter(message=OuterRef("pk"))
    return silent.filter(~Exists(with_files) | Q(taken_at__lt=moment - STALE_WITH_FILES))


def release_held() -> int:
    """What waited for an account that works again goes now, and not at the end of its minute; how many. What was tried
    less than that minute ago stays: an account that is mended and broken in turn is not asked all the time."""
    moment = now()
    active = Account.objects.filter(state=AccountState.ACTIVE)
    held = Message.objects.filter(
        state=Delivery.QUEUED, send_at__gt=moment, error_reason__in=OF_AN_ACCOUNT, account__in=active
    )
    return held.filter(Q(taken_at=None) | Q(taken_at__lt=moment - HELD)).update(send_at=moment)


def put_off(account: Account, until: datetime, reason: str, code: str, public: bool | None = None) -> None:
    """What is queued on this account waits as well, in one statement; public and private have limits apart."""
    queued = Message.objects.filter(account=account, state=Delivery.QUEUED, send_at__lt=until)
    if public is not None:
        queued = queued.filter(public=public)
    queued.update(send_at=until, error_reason=reason, error_code=code)


def _before_it() -> Messages:
    """What must be over before a message may go: the earlier ones of its conversation, so that a citizen reads our
    answers in order; and for a later part of a thread a failed part before it."""
    earlier = Message.objects.filter(
        conversation=OuterRef("conversation"), direction=Direction.OUT, pk__lt=OuterRef("pk")
    )
    # Public and answering nothing: a part of a thread, made in the same breath as the part it stands under.
    is_part = Message.objects.filter(pk=OuterRef(OuterRef("pk")), public=True, in_reply_to="")
    part_failed = Q(state=Delivery.FAILED, kind="answer", created_at__gte=OuterRef("created_at") - SAME_BREATH)
    return earlier.filter(Q(state__in=UNFINISHED) | (part_failed & Q(Exists(is_part))))
