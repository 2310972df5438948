"""Niets kwijt, what it knows: the facts per account and the lists below, capped, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from django.db.models import OuterRef, Q, QuerySet, Subquery

from channels import health, polling
from channels.models import Account, EventState, GapCheck, InboundEvent
from inbox.models import DECIDED_ON, Attachment, AttachmentState, Conversation, Delivery, Message, User
from inbox.sending import SendingFacts, sending_facts

PAGE = 50
DIED_AFTER = timedelta(minutes=10)  # longer than a round of gap repair may take (CELERY_TASK_TIME_LIMIT is half)
# So far it is told exactly how many failed events one button puts back.
MOST_TOLD = 1000

type Events = QuerySet[InboundEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One account as it is. Counts are capped: health.CAP + 1 means more."""

    account: Account
    health: health.AccountHealth
    sending: SendingFacts
    shared_with: tuple[str, ...]  # the other accounts of its app: notices belong to the app
    next_queued: Message | None  # what goes first, with why it waits
    gap_running: bool

    @property
    def gap_check(self) -> GapCheck | None:
        """The last round that ended, or one that runs now."""
        return self.health.gap_check

    def not_before(self, at: datetime) -> datetime | None:
        """Until when the platform wants no question about missed messages; None: it may be asked."""
        check = self.gap_check
        if check is None or check.retry_at is None:
            return None
        return check.retry_at if at < check.retry_at <= check.started_at + polling.WAIT_AT_MOST else None

    @property
    def undecided(self) -> int:
        """Answers that wait for a person."""
        return min(self.sending.failed + self.sending.cannot_tell, health.CAP + 1)


def of_accounts(at: datetime, only: int | None = None) -> list[Facts]:
    """All accounts with their facts, or the one of this id. Five queries, however many there are."""
    accounts = list(Account.objects.filter(**({} if only is None else {"pk": only})).defer("secrets"))
    healthy = health.facts(accounts)
    sending = sending_facts(accounts)
    queued = Message.objects.filter(account=OuterRef("pk"), state=Delivery.QUEUED)
    first = queued.order_by("send_at", "pk").values("pk")[:1]
    known = [account.pk for account in accounts]
    going = Account.objects.filter(pk__in=known).order_by().annotate(next_queued=Subquery(first)).values("next_queued")
    held = Message.objects.filter(pk__in=going).only("account_id", "send_at", "error_reason")
    next_queued = {message.account_id: message for message in held}
    of_app: dict[int, list[Account]] = defaultdict(list)
    for account in accounts:
        of_app[account.app_id].append(account)
    return [
        Facts(
            account=account,
            health=healthy[account.pk],
            sending=sending[account.pk],
            shared_with=tuple(other.name for other in of_app[account.app_id] if other != account),
            next_queued=next_queued.get(account.pk),
            gap_running=runs(healthy[account.pk].gap_check, at),
        )
        for account in accounts
    ]


def runs(check: GapCheck | None, at: datetime) -> bool:
    """Whether this round goes on; one whose worker died does not."""
    return check is not None and check.ended_at is None and at - check.started_at < DIED_AFTER


# -- the lists below --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """How far somebody has paged: the last event on screen."""

    received_at: datetime
    pk: int

    @classmethod
    def read(cls, text: str) -> Self | None:
        """From an address; None for what is no place."""
        moment, _, pk = text.partition("~")
        try:
            return cls(datetime.fromtimestamp(int(moment) / 1e6, UTC), int(pk[:18]))
        except (ValueError, OverflowError, OSError):
            return None

    def __str__(self) -> str:
        return f"{round(self.received_at.timestamp() * 1e6)}~{self.pk}"


def events(state: EventState, app_id: int | None) -> Events:
    """All in one state, of one app or of all; no order, no bodies."""
    found = InboundEvent.objects.filter(state=state)
    return found if app_id is None else found.filter(app=app_id)


def count(state: EventState, app_id: int | None, most: int = health.CAP + 1) -> int:
    """How many, at most ``most``."""
    return events(state, app_id).order_by()[:most].count()


def page(state: EventState, app_id: int | None, after: Place | None) -> tuple[list[InboundEvent], Place | None]:
    """Fifty events with their app, without bodies, and where the next fifty begin. One query.

    What waits oldest first, as it will be taken; the rest newest first.
    """
    rows = events(state, app_id).select_related("app").defer("body", "app__secrets")
    if state == EventState.STORED:
        rows = rows.order_by("pk")
        if after is not None:
            rows = rows.filter(pk__gt=after.pk)
    else:
        rows = rows.order_by("-received_at", "-pk")
        if after is not None:
            at, pk = after.received_at, after.pk
            rows = rows.filter(received_at__lte=at).filter(Q(received_at__lt=at) | Q(pk__lt=pk))
    found = list(rows[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    return found[:PAGE], Place(last.received_at, last.pk) if last else None


def answers(user: User, account_id: int | None) -> list[Message]:
    """Answers that wait for a person, of conversations this colleague sees, the newest first; at most fifty and one."""
    waiting = Q(state=Delivery.FAILED) | Q(state=Delivery.UNKNOWN, send_at__isnull=True)
    rows = Message.objects.filter(
        waiting, kind__in=DECIDED_ON, state__in=[Delivery.FAILED, Delivery.UNKNOWN],
        conversation__in=Conversation.objects.visible_to(user),
    )  # fmt: skip
    if account_id is not None:
        rows = rows.filter(account=account_id)
    rows = rows.select_related("account", "conversation__identity__contact")
    return list(rows.defer("text", "search", "account__secrets").order_by("-state_at", "-pk")[: PAGE + 1])


def undecided(sendings: Sequence[Facts]) -> int:
    """Answers that wait for a person, of all accounts; capped."""
    return min(sum(facts.undecided for facts in sendings), health.CAP + 1)


def lost_files() -> int:
    """Files that could not be fetched and may be asked for again; capped."""
    failed = Attachment.objects.filter(state=AttachmentState.FAILED).exclude(source_url="")
    return failed.order_by()[: health.CAP + 1].count()
