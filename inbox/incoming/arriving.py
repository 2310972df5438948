"""A message that came in: the citizen's, or ours from elsewhere (an echo)."""

import re
import unicodedata
from datetime import datetime, timedelta

from channels.clock import now
from channels.events import clean
from channels.messages import IncomingMessage
from channels.models import Account
from inbox.actions.answered import answered, show_last
from inbox.incoming import changes
from inbox.incoming.batch import REPLACED, Batch
from inbox.incoming.citizens import identity_of
from inbox.models import (
    DECIDED_ON,
    Conversation,
    Delivery,
    Direction,
    EarlyChange,
    Identity,
    Message,
    MessageVersion,
    Status,
)

# Our clock and a platform's may differ; an echo older than this before we sent is another message.
CLOCKS_APART_S = 120


def arrive(batch: Batch, account: Account, item: IncomingMessage) -> str:
    """Take one message in; "" or the reason why it was left. The second time nothing changes."""
    known = batch.message(account, item.external_id)
    if known is not None:
        if known.external_id != item.external_id:
            _earlier_version(batch, known, item)
        return ""
    previous = next((found for old in item.previous_ids if (found := batch.message(account, old)) is not None), None)
    if previous is not None:
        _newer_version(batch, account, previous, item)
        return ""
    if item.from_us:
        return _echo(batch, account, item)
    _from_citizen(batch, account, item)
    return ""


# -- the citizen ------------------------------------------------------------------------------------------------


def _from_citizen(batch: Batch, account: Account, item: IncomingMessage) -> None:
    thread_id = _thread(batch, account, item)
    identity = identity_of(batch, account, item.author, thread_id)
    conversation = _at_place(batch, account, item, identity, thread_id)
    begins = conversation is None
    # The unfinished one, else the last one closed a short time ago, else a new one.
    conversation = conversation or _new_conversation(batch, account, item, identity, thread_id)
    message = _message(conversation, account, item, Direction.IN)
    batch.changes.note(conversation, "received", messages=[message])
    _enter(batch, account, conversation, message, item)
    conversation.inbound_count += 1
    conversation.last_inbound_at = max(conversation.last_inbound_at or item.sent_at, item.sent_at)
    if item.sent_at < conversation.opened_at:
        conversation.opened_at = item.sent_at
        conversation.subject = message.text[:200] or conversation.subject
    conversation.subject = conversation.subject or message.text[:200]
    conversation.language = conversation.language or item.language[:8]
    if item.context is not None and not conversation.context:
        conversation.context = {
            "external_id": item.context.external_id,
            "text": clean(item.context.text),
            "author_name": clean(item.context.author_name),
            "url": item.context.url,
            "from_us": item.context.from_us,
        }
    if conversation.last_inbound_at == item.sent_at:
        conversation.answerable = item.answerable  # the newest message is the one a public answer stands under
    if message.deleted_at is None:
        if begins:
            batch.ruling.decide(conversation, message)  # before the clock starts: how long it runs may depend on it
        since = _owed_since(batch, conversation, message)
        if since is not None:
            _owe(batch, conversation, identity, since)
        batch.arrived.append((account, conversation, message))


def _owe(batch: Batch, conversation: Conversation, identity: Identity, since: datetime) -> None:
    """The ball is with us. A blocked citizen's message is shown like any other, but promises no time."""
    if conversation.status == Status.CLOSED:
        conversation.result, conversation.closed_at = "", None
        batch.changes.note(conversation, "reopened")
    conversation.status, conversation.snoozed_until = Status.OPEN, None
    if not identity.contact.blocked(now()):
        batch.clocks.start(conversation, since)


def _owed_since(batch: Batch, conversation: Conversation, message: Message) -> datetime | None:
    """From when an answer to this message is owed. Nobody here saw it before now, so it is owed also when it comes
    after our answer to a later one: from that answer on. None when a colleague answered at the platform itself,
    where it was to be seen."""
    if message.sent_at >= conversation.last_message_at:
        return message.sent_at
    outs = [
        found
        for found in batch.new_messages
        if found.conversation is conversation and found.kind in ("answer", "echo") and found.sent_at > message.sent_at
    ]
    if conversation.pk is not None:
        later = Message.objects.filter(
            conversation=conversation, kind__in=["answer", "echo"], sent_at__gt=message.sent_at,
            state__in=[Delivery.SENT, Delivery.DELIVERED, Delivery.READ],
        )  # fmt: skip
        outs += later.defer("search")
    if not outs:
        return message.sent_at
    newest = max(outs, key=lambda found: found.sent_at)
    return None if newest.kind == "echo" else newest.sent_at


def _thread(batch: Batch, account: Account, item: IncomingMessage) -> str:
    if item.public and item.in_reply_to:
        return batch.thread(account, item.in_reply_to) or item.thread_id
    return item.thread_id


def _at_place(
    batch: Batch, account: Account, item: IncomingMessage, identity: Identity, thread_id: str
) -> Conversation | None:
    here = batch.places.get((account.pk, _place_thread(item, identity, thread_id), identity.external_id), [])
    unfinished = next((found for found in here if found.status != Status.CLOSED), None)
    return unfinished or max(here, key=lambda found: found.closed_at or found.opened_at, default=None)


def _place_thread(item: IncomingMessage, identity: Identity, thread_id: str) -> str:
    """A private thread is the citizen, under whatever id the platform names them this time."""
    if not item.public and thread_id in (identity.external_id, *identity.aliases):
        return identity.external_id
    return thread_id[:200]


def _new_conversation(
    batch: Batch, account: Account, item: IncomingMessage, identity: Identity, thread_id: str
) -> Conversation:
    thread_id = _place_thread(item, identity, thread_id)
    conversation = Conversation(
        account=account,
        identity=identity,
        thread_id=thread_id,
        public=item.public,
        department_id=batch.agreements.settings(account.pk).department_id,
        status=Status.OPEN,
        opened_at=item.sent_at,
        last_message_at=item.sent_at,
        rank_at=item.sent_at,
    )
    batch.places[(account.pk, thread_id, identity.external_id)].append(conversation)
    return conversation


# -- echoes: ours, as the platform tells it back ---------------------------------------------------------------------


def _echo(batch: Batch, account: Account, item: IncomingMessage) -> str:
    conversation = _conversation_of_echo(batch, account, item)
    if conversation is None:
        return "own post"
    flying = _handed_over(batch, item, conversation)
    if flying is not None:
        conversation = batch.conversation(flying)
        if flying.kind in DECIDED_ON and flying.state == Delivery.UNKNOWN and flying.send_at is None:
            conversation.failed_count = max(0, conversation.failed_count - 1)  # nobody has to decide any more
        flying.external_id = item.external_id[:200]
        flying.state, flying.state_at, flying.send_at = Delivery.SENT, now(), None
        flying.sent_at = max(item.sent_at, flying.taken_at or item.sent_at)
        flying.url = flying.url or item.url[:1000]
        flying.error_code = flying.error_reason = ""
        batch.messages[(account.pk, flying.external_id)] = flying
        batch.touch(flying)
        batch.proved.append(flying.pk)
        batch.changes.note(conversation, "sent", messages=[flying])
        if flying.kind == "answer":
            answered(conversation, flying.sent_at, _unseen(batch, conversation, flying), batch.clocks)
            show_last(conversation, flying)
        changes.apply_early(batch, account, flying)
        return ""
    message = _message(conversation, account, item, Direction.OUT)
    batch.changes.note(conversation, "answered_elsewhere", messages=[message])
    _enter(batch, account, conversation, message, item)
    answered(conversation, item.sent_at, _unseen(batch, conversation, message), batch.clocks)
    return ""


def _handed_over(batch: Batch, item: IncomingMessage, conversation: Conversation) -> Message | None:
    """Our message of which this is the echo. In public also one to a neighbour in the same thread: Facebook files an
    answer to a reply under the top-level comment, which may be another citizen's, who is not answered by it."""
    places = [conversation]
    if item.public:
        here = (conversation.account_id, conversation.thread_id)
        places += [
            found
            for found in batch.conversations.values()
            if found is not conversation and (found.account_id, found.thread_id) == here
        ]
    for place in places:
        flying = next((found for found in batch.in_flight.get(place.pk, []) if _is_ours(found, item)), None)
        if flying is not None:
            batch.in_flight[place.pk].remove(flying)
            return flying
    return None


def _conversation_of_echo(batch: Batch, account: Account, item: IncomingMessage) -> Conversation | None:
    """Where our own message belongs; None for a post of ours that answers nobody we know."""
    answered_to = batch.message(account, item.in_reply_to)
    if answered_to is not None:
        return batch.conversation(answered_to)
    if item.peer is not None and (item.peer.external_id or not item.public):
        keys = [(account.kind, name) for name in (item.peer.external_id, *item.peer.aliases)]
        identity = next((found for key in keys if (found := batch.identities.get(key)) is not None), None)
        there = _at_place(batch, account, item, identity, item.thread_id) if identity is not None else None
        if there is not None:
            return there
        if not item.public:
            # A colleague began it, at the platform itself: nothing is owed.
            identity = identity or identity_of(batch, account, item.peer, item.thread_id)
            conversation = _new_conversation(batch, account, item, identity, item.thread_id)
            conversation.status = Status.WAITING
            return conversation
    here = [
        found
        for (account_id, thread_id, _), some in batch.places.items()
        if (account_id, thread_id) == (account.pk, item.thread_id)
        for found in some
        if found.public == item.public
    ]
    return max(here, key=lambda found: found.last_message_at) if here else None


def _unseen(batch: Batch, conversation: Conversation, answer: Message) -> datetime | None:
    """The citizen's oldest message that whoever wrote ``answer`` cannot have seen."""
    if answer.kind == "echo":
        times = [
            found.sent_at
            for found in batch.new_messages
            if found.conversation is conversation and found.direction == "in" and found.sent_at > answer.sent_at
        ]
        newer = {"sent_at__gt": answer.sent_at}
    else:
        times = [
            found.sent_at
            for found in batch.new_messages
            if found.conversation is conversation and found.direction == "in"
        ]
        newer = {"created_at__gt": answer.created_at}
    late = conversation.pk is not None and (answer.kind != "echo" or answer.sent_at < conversation.last_message_at)
    if late:
        rows = Message.objects.filter(conversation=conversation, direction="in", deleted_at__isnull=True, **newer)
        times += rows.values_list("sent_at", flat=True)
    return min(times, default=None)


def _is_ours(flying: Message, item: IncomingMessage) -> bool:
    """Whether this echo is the message we handed over: the words, but for what platforms change in them."""
    if flying.taken_at is not None and (flying.taken_at - item.sent_at).total_seconds() > CLOCKS_APART_S:
        return False
    return _plain(flying.text) == _plain(item.text)


_CHANGED = re.compile(r"https?://\S+|(?:^|(?<=\s))@\w+")  # links are shortened on X, mentions put in front


def _plain(text: str) -> str:
    return " ".join(_CHANGED.sub(" ", unicodedata.normalize("NFC", text)).split())


# -- both ---------------------------------------------------------------------------------------------------------


def _message(conversation: Conversation, account: Account, item: IncomingMessage, direction: Direction) -> Message:
    ours = direction == Direction.OUT
    return Message(
        conversation=conversation,
        account=account,
        external_id=item.external_id,
        direction=direction,
        kind="echo" if ours else item.kind[:12],
        public=item.public,
        text=clean(item.text),
        in_reply_to=item.in_reply_to[:200],
        url=item.url if len(item.url) <= 1000 else "",
        sent_at=item.sent_at,
        state=Delivery.SENT if ours else Delivery.RECEIVED,
        state_at=now() if ours else None,
    )


def _enter(batch: Batch, account: Account, conversation: Conversation, message: Message, item: IncomingMessage) -> None:
    """Into the batch, the list row, and past what was remembered for it."""
    batch.messages[(account.pk, item.external_id)] = message
    batch.new_messages.append(message)
    changes.add_attachments(batch, message, item.attachments)
    show_last(conversation, message)
    _replace_previous(batch, account, item)
    changes.apply_early(batch, account, message, item.previous_ids)


def _newer_version(batch: Batch, account: Account, message: Message, item: IncomingMessage) -> None:
    """X gives an edited post a new id: the same message, with another text."""
    # It names the one we show among its earlier versions: the newer, also when X gives both the same time.
    at = max(item.sent_at, message.edited_at + timedelta.resolution) if message.edited_at else item.sent_at
    changes.change_text(batch, message, item.text, at, item.attachments)
    message.external_id = item.external_id
    batch.touch(message)
    batch.messages[(account.pk, item.external_id)] = message
    batch.changes.note(batch.conversation(message), "message_edited", messages=[message])
    _replace_previous(batch, account, item)
    changes.apply_early(batch, account, message, item.previous_ids)


def _earlier_version(batch: Batch, message: Message, item: IncomingMessage) -> None:
    """The post as it was before an edit that came first: the oldest one's time is the message's, its text an earlier
    version."""
    until = message.edited_at or message.sent_at
    if item.sent_at < message.sent_at:
        until = message.sent_at
        _date_back(batch, message, item.sent_at)
    elif _held(batch, message, clean(item.text)):
        return
    changes.keep_version(batch, message, item.text, until)
    message.edited_at = message.edited_at or until
    batch.touch(message)
    batch.changes.note(batch.conversation(message), "message_edited", messages=[message])


def _date_back(batch: Batch, message: Message, at: datetime) -> None:
    """The message is older than we knew, and so may be what its conversation says of it, and the clock."""
    before, message.sent_at = message.sent_at, at
    conversation = batch.conversation(message)
    if message.direction != "in":
        return
    conversation.opened_at = min(conversation.opened_at, at)
    if conversation.last_inbound_at == before:
        times = [
            found.sent_at
            for found in batch.new_messages
            if found.conversation is conversation and found.direction == "in"
        ]
        if conversation.pk is not None:
            rows = Message.objects.filter(conversation=conversation, direction="in").exclude(pk=message.pk)
            times += rows.order_by().values_list("sent_at", flat=True)
        conversation.last_inbound_at = max([at, *times])
    clock = batch.clocks.running(conversation)
    if clock is not None and clock.started_at == before:
        batch.clocks.start(conversation, at)


def _held(batch: Batch, message: Message, text: str) -> bool:
    """Whether the message has or had this text (one query unless it is new)."""
    if text == message.text or any(kept.message is message and kept.text == text for kept in batch.new_versions):
        return True
    return message.pk is not None and MessageVersion.objects.filter(message=message, text=text).exists()


def _replace_previous(batch: Batch, account: Account, item: IncomingMessage) -> None:
    for old in item.previous_ids:
        change = EarlyChange(what=REPLACED, data={"by": item.external_id}, at=item.sent_at)
        batch.replace_id(account, old, item.external_id, change)
