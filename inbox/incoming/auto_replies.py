"""Automatic replies: decided for each conversation in which a citizen wrote, queued at most once. While we are closed
the out-of-hours reply, while we are open the first acknowledgement."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from channels.clock import now
from channels.models import Account
from inbox import auto_reply, office_hours
from inbox.auto_reply import ACKNOWLEDGEMENT, OUT_OF_HOURS, Decision
from inbox.incoming.batch import Batch
from inbox.models import AutoReply, Conversation, Delivery, Direction, Identity, Message

NOT_ANSWERABLE = "not_answerable"  # X would refuse it: we were not mentioned
WRITTEN = ("answer", "echo", "routed")  # kinds of ours that a person wrote

type Wanted = dict[int, tuple[Account, Conversation, Message]]


@dataclass
class _Given:
    """What the conversations of the batch had before."""

    once: set[tuple[int, datetime | None]] = field(default_factory=set)  # out of hours: conversation, closed since
    told: set[tuple[int, str]] = field(default_factory=set)  # conversation, kind
    threads: set[tuple[int, str, str]] = field(default_factory=set)  # public ones: account, thread, kind
    answered: set[int] = field(default_factory=set)


def give(batch: Batch) -> int:
    """Queue what is due for the batch's new messages, after they were saved; how many. In the batch's transaction.

    "Once" is kept by the database: whoever comes second at the same instant is refused and leaves it.
    """
    moment = now()
    kinds: dict[int, str] = {}  # of the accounts that have a text for now
    wanted: Wanted = {}
    for account, conversation, message in batch.arrived:
        if account.pk not in kinds:
            kinds[account.pk] = _kind(batch, account, moment)
        if kinds[account.pk]:
            wanted[conversation.pk] = (account, conversation, message)
    if not wanted:
        return 0
    given = _given(wanted, kinds)
    came = Counter(conversation.pk for _account, conversation, _message in batch.arrived)
    queued = 0
    for account, conversation, message in wanted.values():
        kind = kinds[account.pk]
        decision = _decide(batch, kind, account, conversation, message, given, moment)
        reason = decision.reason
        if decision.send and conversation.public and not conversation.answerable:
            reason = NOT_ANSWERABLE
        if reason == auto_reply.SENT and not _queue(conversation, message, decision, kind):
            reason = auto_reply.ALREADY_IN_PUBLIC_THREAD
            if not conversation.public:
                ack = kind == ACKNOWLEDGEMENT
                reason = auto_reply.ALREADY_ACKNOWLEDGED if ack else auto_reply.ALREADY_THIS_CLOSED_PERIOD
        if reason == auto_reply.SENT:
            queued += 1
            given.threads.add((account.pk, conversation.thread_id, kind))
            batch.changes.note(conversation, "auto_reply_sent", reason=reason, kind=kind)
        elif decision.worth_noting and (kind == OUT_OF_HOURS or conversation.inbound_count <= came[conversation.pk]):
            # That there is no acknowledgement is told once, with the citizen's first message.
            batch.changes.note(conversation, "auto_reply_not_sent", reason=reason, kind=kind)
    return queued


def _kind(batch: Batch, account: Account, moment: datetime) -> str:
    """Which reply counts now; "" when the account has no text for it."""
    agreed = batch.agreements.settings(account.pk)
    if office_hours.is_open(batch.agreements.hours(account.pk), moment):
        return ACKNOWLEDGEMENT if agreed.acknowledgement_text.strip() else ""
    return OUT_OF_HOURS if agreed.out_of_hours_text.strip() else ""


def _given(wanted: Wanted, kinds: dict[int, str]) -> _Given:
    """One query, and one more for acknowledgements."""
    found = _Given()
    rows = AutoReply.objects.filter(
        Q(conversation__in=list(wanted))
        | Q(
            public=True,
            account__in={account.pk for account, _, _ in wanted.values()},
            thread_id__in={conversation.thread_id for _, conversation, _ in wanted.values()},
        )
    )
    for row in rows:
        found.told.add((row.conversation_id, row.kind))
        if row.kind == OUT_OF_HOURS:
            found.once.add((row.conversation_id, row.closed_since))
        if row.public:
            found.threads.add((row.account_id, row.thread_id, row.kind))
    first = [pk for pk, (account, _, _) in wanted.items() if kinds[account.pk] == ACKNOWLEDGEMENT]
    if first:
        ours = Message.objects.filter(conversation__in=first, direction=Direction.OUT, kind__in=WRITTEN)
        found.answered = set(ours.values_list("conversation_id", flat=True))
    return found


def _decide(
    batch: Batch,
    kind: str,
    account: Account,
    conversation: Conversation,
    message: Message,
    given: _Given,
    moment: datetime,
) -> Decision:
    hours = batch.agreements.hours(account.pk)
    agreed = batch.agreements.settings(account.pk)
    variables = {
        auto_reply.CHANNEL: account.name,
        auto_reply.MUNICIPALITY: settings.MUNICIPALITY,
        auto_reply.CITIZEN: _called(conversation.identity),
    }
    sensitive, blocked = conversation.sensitive, conversation.identity.contact.blocked(moment)
    place = (account.pk, conversation.thread_id)
    if kind == ACKNOWLEDGEMENT:
        return auto_reply.acknowledge(
            hours,
            moment,
            message.sent_at,
            text=agreed.acknowledgement_text,
            is_public=conversation.public,
            sensitive=sensitive,
            blocked=blocked,
            answered=conversation.pk in given.answered,
            acknowledged=(conversation.pk, ACKNOWLEDGEMENT) in given.told,
            told_closed=(conversation.pk, OUT_OF_HOURS) in given.told,
            already_in_public_thread=any((*place, each) in given.threads for each in auto_reply.OF_KIND),
            variables=variables,
        )
    return auto_reply.decide(
        hours,
        moment,
        message.sent_at,
        text=agreed.out_of_hours_text,
        is_public=conversation.public,
        sensitive=sensitive,
        blocked=blocked,
        already_in_closed_period=(conversation.pk, office_hours.closed_since(hours, moment)) in given.once,
        already_in_public_thread=(*place, OUT_OF_HOURS) in given.threads,
        is_from_citizen=True,
        variables=variables,
    )


def _called(identity: Identity) -> str:
    """By handle where there is one; on X that keeps the replies to two citizens apart: it takes no post twice."""
    return f"@{identity.handle}" if identity.handle else identity.name or "inwoner"


def _queue(conversation: Conversation, message: Message, decision: Decision, kind: str) -> bool:
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
                kind=kind,
                thread_id=conversation.thread_id,
                public=conversation.public,
                closed_since=None if kind == ACKNOWLEDGEMENT else decision.closed_since or moment,
            )
    except IntegrityError:
        return False
    return True
