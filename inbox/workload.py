"""How much each colleague holds. One query whatever the numbers: it reads what is held, by a partial index."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Count, Q

from inbox.models import Conversation, Status, User
from inbox.office_hours import AMSTERDAM, local


@dataclass(frozen=True, slots=True)
class Load:
    """Conversations by colleague: open ones, and of those what is due before midnight and what is late already."""

    open: int = 0
    today: int = 0
    late: int = 0
    waiting: int = 0  # for the citizen


def loads(user_ids: Iterable[int], moment: datetime) -> dict[int, Load]:
    """By colleague; who holds nothing is left out."""
    tomorrow = datetime.combine(local(moment).date() + timedelta(days=1), time(0), AMSTERDAM)
    is_open = Q(status=Status.OPEN)
    rows = (
        Conversation.objects.filter(assignee__in=list(user_ids), status__in=[Status.OPEN, Status.WAITING])
        .order_by()
        .values("assignee")
        .annotate(
            open=Count("pk", filter=is_open),
            today=Count("pk", filter=is_open & Q(due_at__lt=tomorrow, due_at__gt=moment)),
            late=Count("pk", filter=is_open & Q(due_at__lte=moment)),
            waiting=Count("pk", filter=Q(status=Status.WAITING)),
        )
    )
    return {row["assignee"]: Load(row["open"], row["today"], row["late"], row["waiting"]) for row in rows}


def open_of(user: User) -> int:
    """What counts for the cap: what waits for the citizen asks for no work now. One query."""
    return Conversation.objects.filter(assignee=user, status=Status.OPEN).count()


def is_full(user: User) -> bool:
    """Whether they hold as many as they may. No query without a cap."""
    return user.most_open is not None and open_of(user) >= user.most_open
