"""Who is told that a citizen wrote: whom a rule names, the colleague who has the conversation, who follows it."""

from collections import defaultdict

from inbox.actions.notify import Told, notify_all
from inbox.incoming.batch import Batch
from inbox.models import Follow, NoticeKind


def tell(batch: Batch) -> None:
    """After everything was saved. One query when nobody is to be told."""
    arrived = {conversation.pk: conversation for _account, conversation, _message in batch.arrived}
    if not arrived:
        return
    people: dict[int, set[int | None]] = defaultdict(set)
    for follow in Follow.objects.filter(conversation__in=list(arrived)):
        people[follow.conversation_id].add(follow.user_id)
    ruled = batch.ruling.tellings()
    new = {told.conversation.pk for told in ruled}
    for pk, conversation in arrived.items():
        if conversation.assignee_id is not None and pk not in new:
            people[pk].add(conversation.assignee_id)
    notify_all([*ruled, *(Told(people[pk], NoticeKind.ANSWERED, arrived[pk]) for pk in people)])
