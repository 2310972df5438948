"""The out-of-hours reply: decided for each conversation in which a citizen wrote, queued at most once."""

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from channels.clock import now
from channels.models import Account
from inbox import auto_reply, office_hours
from inbox.incoming.batch import Batch
from inbox.models import AutoReply, Conversation, Delivery, Direction, Identity, Message

NOT_ANSWERABLE = "not_answerable"  # X would refuse it: we were not mentioned


def give(batch: Batch) -> int:
    """Queue what is due for the batch's new messages, after they were saved; how many. In the batch's transaction.

    "Once" is kept by the database: whoever comes second at the same instant is refused and leaves it.
    """
    moment = now()
    closed: dict[int, bool] = {}
    wanted: dict[int, tuple[Account, Conversation, Message]] = {}
    for account, conversation, message in batch.arrived:
        if account.pk not in closed:
            closed[account.pk] = not office_hours.is_open(batch.agreements.hours(account.pk), moment)
        if closed[account.pk] and batch.agreements.settings(account.pk).out_of_hours_text.strip():
            wanted[conversation.pk] = (account, conversation, message)
    if not wanted:
        return 0
    given = AutoReply.objects.filter(
        Q(conversation__in=list(wanted))
        | Q(
            public=True,
            account__in={account.pk for account, _, _ in wanted.values()},
            thread_id__in={conversation.thread_id for _, conversation, _ in wanted.values()},
        )
    )
    once = {(found.conversation_id, found.closed_since) for found in given}
    threads = {(found.account_id, found.thread_id) for found in given if found.public}
    queued = 0
    for account, conversation, message in wanted.values():
        hours = batch.agreements.hours(account.pk)
        agreed = batch.agreements.settings(account.pk)
        decision = auto_reply.decide(
            hours,
            moment,
            message.sent_at,
            text=agreed.out_of_hours_text,
            is_public=conversation.public,
            sensitive=conversation.sensitive,
            blocked=conversation.identity.contact.blocked(moment),
            already_in_closed_period=(conversation.pk, office_hours.closed_since(hours, moment)) in once,
            already_in_public_thread=(account.pk, conversation.thread_id) in threads,
            is_from_citizen=True,
            variables={
                auto_reply.CHANNEL: account.name,
                auto_reply.MUNICIPALITY: settings.MUNICIPALITY,
                auto_reply.CITIZEN: _called(conversation.identity),
            },
        )
        reason = decision.reason
        if decision.send and conversation.public and not conversation.answerable:
            reason = NOT_ANSWERABLE
        if reason == auto_reply.SENT and not _queue(conversation, message, decision):
            reason = auto_reply.ALREADY_THIS_CLOSED_PERIOD
            if conversation.public:
                reason = auto_reply.ALREADY_IN_PUBLIC_THREAD
        if reason == auto_reply.SENT:
            queued += 1
            threads.add((account.pk, conversation.thread_id))
            batch.changes.note(conversation, "auto_reply_sent", reason=reason)
        elif decision.worth_noting:
            batch.changes.note(conversation, "auto_reply_not_sent", reason=reason)
    return queued


def _called(identity: Identity) -> str:
    """By handle where there is one; on X that keeps the replies to two citizens apart: it takes no post twice."""
    return f"@{identity.handle}" if identity.handle else identity.name or "inwoner"


def _queue(conversation: Conversation, message: Message, decision: auto_reply.Decision) -> bool:
    moment = now()
    try:
        with transaction.atomic():
            reply = Message.objects.create(
                conversation=conversation,
                account_id=conversation.account_id,
                direction=Direction.OUT,
                kind="auto_reply",
                public=conversation.public,
                text=decision.text,
                in_reply_to=message.external_id if conversation.public else "",
                sent_at=moment,
                state=Delivery.QUEUED,
                state_at=moment,
                send_at=moment,
            )
            AutoReply.objects.create(
                conversation=conversation,
                message=reply,
                account_id=conversation.account_id,
                thread_id=conversation.thread_id,
                public=conversation.public,
                closed_since=decision.closed_since or moment,
            )
    except IntegrityError:
        return False
    return True
