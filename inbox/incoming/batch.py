"""One batch in memory: everything its items may touch is locked and loaded first, and saved in a few statements."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Q

from channels.clock import now
from channels.messages import DeliveryReceipt, Ignored, IncomingMessage, Item, Person, Reacted
from channels.models import Account
from inbox import live
from inbox.actions.receive import Changes
from inbox.incoming import attempts, keys, reactions
from inbox.incoming.clockbook import Agreements, ClockBook
from inbox.incoming.ruled import Ruling
from inbox.models import (
    Attachment,
    Contact,
    Conversation,
    Delivery,
    EarlyChange,
    Identity,
    Message,
    MessageVersion,
    Status,
)

# A citizen who writes within this time after closing goes on with the same conversation.
REOPEN_WITHIN = timedelta(days=7)
# EarlyChange.what of an id that a newer version of the same message took over; data: {"by": the newer id}.
REPLACED = "replaced"

type Work = tuple[Account, Item]
type Named = tuple[int, str]  # account, the message's id at the platform
type Place = tuple[int, str, str]  # account, thread, the citizen's id at the platform
type Reactions = dict[reactions.Key, Reacted]  # a field of that name hides the module

MESSAGE_FIELDS = [
    "external_id", "text", "url", "sent_at", "edited_at", "deleted_at", "hidden_at",
    "state", "state_at", "error_code", "error_reason", "send_at",
]  # fmt: skip


@dataclass
class Batch:
    """What the items of a batch read and change. Made by ``load``; nothing is written before ``save``."""

    agreements: Agreements
    clocks: ClockBook
    changes: Changes
    ruling: Ruling
    messages: dict[Named, Message] = field(default_factory=dict)
    replaced: dict[Named, str] = field(default_factory=dict)
    threads: dict[Named, str] = field(default_factory=dict)
    early: dict[Named, list[EarlyChange]] = field(default_factory=lambda: defaultdict(list))
    identities: dict[tuple[str, str], Identity] = field(default_factory=dict)
    conversations: dict[int, Conversation] = field(default_factory=dict)
    places: dict[Place, list[Conversation]] = field(default_factory=lambda: defaultdict(list))
    in_flight: dict[int, list[Message]] = field(default_factory=lambda: defaultdict(list))
    new_contacts: list[Contact] = field(default_factory=list)
    new_identities: list[Identity] = field(default_factory=list)
    changed_contacts: list[Contact] = field(default_factory=list)
    changed_identities: list[Identity] = field(default_factory=list)
    proved: list[int] = field(default_factory=list)  # ids of ours that turned out to be at the platform
    new_messages: list[Message] = field(default_factory=list)
    changed_messages: dict[int, Message] = field(default_factory=dict)
    new_attachments: list[Attachment] = field(default_factory=list)
    new_versions: list[MessageVersion] = field(default_factory=list)
    new_early: list[EarlyChange] = field(default_factory=list)
    early_done: list[int] = field(default_factory=list)
    # Citizens' messages that came in now, for what follows once they are saved (the out-of-hours reply).
    arrived: list[tuple[Account, Conversation, Message]] = field(default_factory=list)
    troubles: list[tuple[Account, str, str]] = field(default_factory=list)  # of the account: reason, code
    reactions: Reactions = field(default_factory=dict)
    reacted: dict[int, Conversation] = field(default_factory=dict)  # known ones with a new reaction

    def current(self, account: Account, external_id: str) -> str:
        """The id under which a message goes now: an edit on X gives it a new one."""
        for _ in range(len(self.replaced) + 1):
            newer = self.replaced.get((account.pk, external_id))
            if newer is None or newer == external_id:
                break
            external_id = newer
        return external_id

    def message(self, account: Account, external_id: str) -> Message | None:
        """The message that goes, or once went, by this id."""
        return self.messages.get((account.pk, self.current(account, external_id))) if external_id else None

    def conversation(self, message: Message) -> Conversation:
        """Its conversation, locked by this batch."""
        return message.conversation if message.pk is None else self.conversations[message.conversation_id]

    def thread(self, account: Account, external_id: str) -> str:
        """The thread of a known message, "" for an unknown one."""
        found = self.message(account, external_id)
        if found is not None and (found.pk is None or found.conversation_id in self.conversations):
            return self.conversation(found).thread_id
        return self.threads.get((account.pk, self.current(account, external_id)), "")

    def touch(self, message: Message) -> None:
        """It changed; new ones are saved anyway."""
        if message.pk is not None:
            self.changed_messages[message.pk] = message

    def remember(self, account: Account, external_id: str, change: EarlyChange) -> None:
        """For a message that is still to come."""
        change.account, change.external_id = account, external_id[:200]
        self.early[(account.pk, external_id)].append(change)
        self.new_early.append(change)

    def replace_id(self, account: Account, old: str, new: str, change: EarlyChange) -> None:
        """Whatever comes for ``old`` from now on is about ``new``."""
        if old != new and (account.pk, old) not in self.replaced:
            self.replaced[(account.pk, old)] = new
            change.account, change.external_id = account, old[:200]
            self.new_early.append(change)

    def save(self) -> None:
        """Write it all. Raises django.db.Error; the caller's transaction is then to be rolled back."""
        # New ones that were told more about themselves later in the batch are inserted as they are by now.
        contacts = {contact.pk: contact for contact in self.changed_contacts if contact.pk is not None}
        identities = {identity.pk: identity for identity in self.changed_identities if identity.pk is not None}
        Contact.objects.bulk_create(self.new_contacts)
        Identity.objects.bulk_create(self.new_identities)
        if contacts:
            Contact.objects.bulk_update(list(contacts.values()), ["name"])
        if identities:
            columns = ["name", "handle", "phone", "avatar_url", "aliases"]
            Identity.objects.bulk_update(list(identities.values()), columns)
        self.changes.save()
        self.ruling.save()
        if self.changed_messages:
            Message.objects.bulk_update(list(self.changed_messages.values()), MESSAGE_FIELDS)
        attempts.proved(self.proved)
        Message.objects.bulk_create(self.new_messages)
        Attachment.objects.bulk_create(self.new_attachments)
        MessageVersion.objects.bulk_create(self.new_versions)
        self.clocks.save()
        if self.early_done:
            EarlyChange.objects.filter(pk__in=self.early_done).delete()
        # Nobody else holds these names; a conflict is one change told twice in the same breath.
        EarlyChange.objects.bulk_create(self.new_early, ignore_conflicts=True)
        reactions.save(self.reactions)
        for conversation in self.reacted.values():
            # No change of the conversation: it only looks different.
            live.announce(conversation.pk, {conversation.department_id}, "reacted")


def people(item: Item) -> Iterable[Person]:
    """The citizens an item names."""
    if isinstance(item, IncomingMessage):
        yield from (person for person in (item.author, item.peer) if person is not None)


def names(item: Item) -> set[str]:
    """The ids of messages an item is about, or stands under."""
    if isinstance(item, IncomingMessage):
        return {item.external_id, *item.previous_ids, item.in_reply_to} - {""}
    return {getattr(item, "external_id", "")} - {""}


def watermark(thread_id: str) -> str:
    """EarlyChange.external_id of a receipt for a whole thread."""
    return f"thread:{thread_id}"[:200]


def watermarks(item: Item) -> set[str]:
    """The names of receipts for a whole thread that an item is, or that may be about it: an echo in private."""
    if isinstance(item, DeliveryReceipt):
        return set() if item.external_id else {watermark(item.thread_id)}
    if isinstance(item, IncomingMessage) and item.from_us and not item.public and item.peer is not None:
        return {watermark(item.peer.external_id)}
    return set()


def hold(work: Iterable[Work]) -> None:
    """Lock the names of everything in ``work``; before ``load``, once a transaction."""
    wanted: set[keys.Key] = set()
    for account, item in work:
        if isinstance(item, Ignored):
            continue
        wanted.update(keys.message_key(account.pk, name) for name in names(item) | watermarks(item))
        for person in people(item):
            wanted.update(person_key(account.kind, name) for name in (person.external_id, *person.aliases) if name)
        if isinstance(item, IncomingMessage):
            wanted.add(("thread", account.pk, item.thread_id))
    keys.hold(wanted)


def person_key(kind: str, name: str) -> keys.Key:
    """The name of a citizen at a platform, by one of their ids there."""
    return ("person", kind, name)


def load(work: list[Work]) -> Batch:
    """Lock the conversations and read what the items need: about ten queries, however many items."""
    account_ids = {account.pk for account, _ in work}
    agreements = Agreements(account_ids)
    changes = Changes()
    said = [item.text for _, item in work if isinstance(item, IncomingMessage) and not item.from_us]
    batch = Batch(agreements, ClockBook(agreements), changes, Ruling(agreements, changes, said))
    wanted = {name for _, item in work for name in names(item) | watermarks(item)}
    wanted |= _load_early(batch, account_ids, wanted)
    known = Message.objects.filter(account__in=account_ids, external_id__in=wanted).exclude(external_id="")
    rows = known.values_list("account_id", "external_id", "conversation_id", "conversation__thread_id")
    touched: set[int] = set()
    parents = _parents_only(batch, work)
    for account_id, external_id, conversation_id, thread_id in rows:
        batch.threads[(account_id, external_id)] = thread_id
        if (account_id, external_id) not in parents:
            touched.add(conversation_id)
    _load_identities(batch, work)
    _load_conversations(batch, work, touched)
    # After the locks: what is read now cannot change under our hands.
    for message in known.filter(conversation__in=list(batch.conversations)).defer("search"):
        message.conversation = batch.conversations[message.conversation_id]
        batch.messages[(message.account_id, message.external_id)] = message
    if any(isinstance(item, IncomingMessage) and item.from_us for _, item in work):
        flying = Message.objects.filter(
            conversation__in=list(batch.conversations), direction="out", state__in=[Delivery.SENDING, Delivery.UNKNOWN]
        )
        for message in flying.defer("search").order_by("id"):
            message.conversation = batch.conversations[message.conversation_id]
            batch.in_flight[message.conversation_id].append(message)
    batch.clocks.load(batch.conversations.values())
    return batch


def _load_early(batch: Batch, account_ids: set[int], wanted: set[str]) -> set[str]:
    """Early changes for these ids; the newer ids they lead to."""
    led: set[str] = set()
    looking = wanted
    while looking:
        further: set[str] = set()
        for change in EarlyChange.objects.filter(account__in=account_ids, external_id__in=looking).order_by("at", "id"):
            if change.what == REPLACED:
                newer = str(change.data["by"])
                batch.replaced[(change.account_id, change.external_id)] = newer
                further.add(newer)
            else:
                batch.early[(change.account_id, change.external_id)].append(change)
        looking = further - wanted - led
        led |= further
    return led


def _parents_only(batch: Batch, work: list[Work]) -> set[Named]:
    """Ids that are only answered to by citizens: their conversations need no lock."""
    parents: set[Named] = set()
    others: set[Named] = set()
    for account, item in work:
        for name in names(item):
            answered = isinstance(item, IncomingMessage) and not item.from_us and name == item.in_reply_to
            (parents if answered else others).add((account.pk, batch.current(account, name)))
    return parents - others


def _load_identities(batch: Batch, work: list[Work]) -> None:
    wanted: dict[str, set[str]] = defaultdict(set)
    with_aliases: dict[str, bool] = defaultdict(bool)
    for account, item in work:
        for person in people(item):
            wanted[account.kind] |= {name for name in (person.external_id, *person.aliases) if name}
            with_aliases[account.kind] |= bool(person.aliases)
        if isinstance(item, IncomingMessage) and item.public:
            wanted[account.kind].add(nameless(item.thread_id))
        if isinstance(item, DeliveryReceipt) and item.thread_id:
            wanted[account.kind].add(item.thread_id)
    for kind, found in wanted.items():
        condition = Q(external_id__in=found)
        # Only WhatsApp knows people by more than one id.
        if with_aliases[kind] or kind == "whatsapp":
            condition |= Q(aliases__has_any_keys=list(found))
        for identity in Identity.objects.filter(condition, kind=kind).select_related("contact").order_by("id"):
            for name in (identity.external_id, *identity.aliases):
                batch.identities.setdefault((kind, name), identity)
        for identity in list(batch.identities.values()):
            batch.identities[(identity.kind, identity.external_id)] = identity  # a main id before an alias


def nameless(thread_id: str) -> str:
    """Whom the platform does not name gets an identity for each thread, shared with nobody."""
    return f"?{thread_id}"[:200]


def _load_conversations(batch: Batch, work: list[Work], touched: set[int]) -> None:
    threads = {item.thread_id for _, item in work if isinstance(item, IncomingMessage)} | set(batch.threads.values())
    by_key = {identity.pk: identity for identity in batch.identities.values()}
    threads |= {identity.external_id for identity in by_key.values()}
    live = ~Q(status=Status.CLOSED) | Q(closed_at__gte=now() - REOPEN_WITHIN)
    accounts = {account.pk for account, _ in work}
    condition = Q(pk__in=touched)
    if by_key:
        condition |= Q(account__in=accounts, thread_id__in=threads, identity__in=by_key) & live
    # Echoes name no citizen in public: whoever is in that thread.
    open_threads = {item.thread_id for _, item in work if isinstance(item, IncomingMessage) and item.from_us}
    if open_threads:
        condition |= Q(account__in=accounts, thread_id__in=open_threads) & live
    missing: set[int] = set()
    for conversation in batch.changes.lock(condition):
        batch.conversations[conversation.pk] = conversation
        if conversation.identity_id in by_key:
            conversation.identity = by_key[conversation.identity_id]
        else:
            missing.add(conversation.identity_id)
    if missing:
        by_key |= Identity.objects.select_related("contact").in_bulk(missing)
    for conversation in batch.conversations.values():
        conversation.identity = identity = by_key[conversation.identity_id]
        batch.places[(conversation.account_id, conversation.thread_id, identity.external_id)].append(conversation)
