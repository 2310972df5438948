"""What is done to citizens: found through conversations one sees, locked in one order, told in each conversation."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from channels.clock import now
from inbox import live
from inbox.actions.refused import NotVisible
from inbox.models import AuditEntry, Contact, Conversation, Identity, User

MOST_TOLD = 1000  # conversations of one citizen in which it is written down; the newest


@dataclass(slots=True)
class Held:
    """Citizens and their conversations, locked. ``conversation``: the one in which it was asked."""

    contacts: dict[int, Contact]
    identities: list[Identity]
    conversations: list[Conversation]
    conversation: Conversation

    @property
    def contact(self) -> Contact:
        """The citizen of the conversation in which it was asked."""
        return self.contacts[self.conversation.identity.contact_id]

    def profiles(self, contact: Contact) -> list[Identity]:
        """Those of one of them, in order of id."""
        return [identity for identity in self.identities if identity.contact_id == contact.pk]

    def record(self, verb: str, by: User, **data: object) -> None:
        """An entry in each of their conversations, in one statement, and the nudges on commit."""
        at = now()
        AuditEntry.objects.bulk_create(
            AuditEntry(conversation=found, actor=by, verb=verb, data=data, at=at) for found in self.conversations
        )
        for found in self.conversations:
            people = {found.assignee_id} if found.assignee_id else set()
            live.announce(found.pk, {found.department_id}, verb, people=people)


def seen_by(user: User) -> QuerySet[Conversation]:
    """The conversations through which a colleague knows citizens."""
    return Conversation.objects.visible_to(user)


@contextmanager
def of_conversation(conversation_id: int, by: User, others: Iterable[int] = ()) -> Iterator[Held]:
    """The citizen of a conversation that ``by`` sees, and ``others`` (ids of citizens), of each of whom they see a
    conversation too; all locked, with all their conversations. Raises NotVisible.

    Conversations, then profiles, then citizens, each in order of their keys, as ingest and inbox.profiles have it:
    nobody waits in a ring."""
    with transaction.atomic():
        mine = seen_by(by)
        contact_id = mine.filter(pk=conversation_id).values_list("identity__contact", flat=True).first()
        if contact_id is None:
            raise NotVisible
        wanted = {contact_id, *others}
        seen = set(mine.filter(identity__contact__in=wanted).values_list("identity__contact", flat=True).distinct())
        if wanted - seen:
            raise NotVisible
        newest = Conversation.objects.filter(identity__contact__in=wanted).order_by("-last_message_at", "-id")
        told = {*newest.values_list("pk", flat=True)[:MOST_TOLD], conversation_id}
        locked = Conversation.objects.select_for_update(of=("self",), no_key=True).select_related("identity")
        conversations = list(locked.filter(pk__in=told).order_by("pk"))
        identities = list(Identity.objects.select_for_update().filter(contact__in=wanted).order_by("pk"))
        contacts = Contact.objects.select_for_update().filter(pk__in=wanted).order_by("pk").in_bulk()
        # Who it is by now: a colleague may have moved profiles between these citizens while we waited.
        asked = next(found for found in conversations if found.pk == conversation_id)
        identity = next((found for found in identities if found.pk == asked.identity_id), None)
        if identity is None:
            raise NotVisible
        asked.identity = identity
        yield Held(contacts, identities, conversations, asked)
