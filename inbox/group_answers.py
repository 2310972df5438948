"""Working off the groups of alike questions: a little ahead of what the platforms take, so that a halt is a halt and no
colleague's answer stands behind hundreds of others."""

import time

from inbox import kick
from inbox.actions import group_answer
from inbox.models import Delivery, GroupItem, ItemState, Message

AHEAD = 20  # answers of an account that wait or are under way
AGAIN = 1.0  # seconds until the next look, while there is something to do


def work(seconds: float = 10.0) -> int:
    """Answer what there is room for, account by account, until nothing is left or ``seconds`` are over; how many.

    Any number may run at once, in any process; one that dies leaves each conversation answered and written down, or
    as it was.
    """
    end = time.monotonic() + seconds
    pending = GroupItem.objects.filter(state=ItemState.PENDING)
    answered = decided = 0
    for account_id in set(pending.order_by().values_list("conversation__account", flat=True)):
        room = AHEAD - _waiting(account_id)
        while room > 0 and time.monotonic() < end:
            state = group_answer.answer_next(account_id)
            if state is None:
                break
            decided += 1
            if state == ItemState.QUEUED:
                answered += 1
                room -= 1
    # Where there was no room the sweeper comes by: a broken account is not looked at every second.
    if decided and pending.exists():
        kick.kick_groups(after=AGAIN)
    return answered


def _waiting(account_id: int) -> int:
    under_way = Message.objects.filter(account=account_id, state__in=[Delivery.QUEUED, Delivery.SENDING], kind="answer")
    return len(under_way.order_by().values_list("pk", flat=True)[:AHEAD])
