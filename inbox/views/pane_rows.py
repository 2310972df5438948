"""What the conversation pane needs of the database: the conversation in one round trip, what is known by it and its
reader in a second, what hangs on the messages of the page in a third. The statements are kept (inbox.kept)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db.models import Exists, IntegerField, OuterRef, Q, QuerySet, Subquery

from channels.models import Account
from inbox import permissions
from inbox.actions.undo import UNDONE
from inbox.kept import Asked, any_of, kept, slot, together
from inbox.models import (
    AccountSettings,
    Attachment,
    AuditEntry,
    Conversation,
    Delivery,
    Department,
    Draft,
    Follow,
    Identity,
    Message,
    MessageVersion,
    Note,
    NoteVersion,
    Notice,
    PlatformDeed,
    Reaction,
    ReadMarker,
    SendAttempt,
    Status,
    Topic,
    Upload,
    User,
)

PAGE = 50  # messages
MOST_EVENTS = 300
EARLIER = 5  # other conversations of the citizen
HINTS = 3  # citizens who may be the same
MOST_REACTIONS = 1000  # under the messages of a page
MOST_UNDER_POST = 200  # under the post they stand under; more is said to be more

# -- the conversation ---------------------------------------------------------------------------------------------
# In three: nine tables in one statement take PostgreSQL ten times as long to plan as to fetch.

_ONE = Conversation.objects.filter(pk=slot("conversation"))
_CONVERSATION = kept(
    lambda: (
        Conversation.objects.at_departments_of(slot("user"))
        .filter(pk=slot("conversation"))
        .select_related("identity__contact", "assignee", "topic")
    )
)
_ACCOUNT = kept(lambda: Account.objects.filter(pk__in=_ONE.values("account")))
_DEPARTMENT = kept(lambda: Department.objects.filter(pk__in=_ONE.values("department")))


def conversation_of(user: User, pk: int) -> Conversation | None:
    """With all the pane shows of it by name; None when it is not this colleague's to see."""
    if not user.is_active:
        return None
    of = {"user": user.pk, "conversation": pk}
    conversations, accounts, departments = _CONVERSATION(**of), _ACCOUNT(**of), _DEPARTMENT(**of)
    together(conversations, accounts, departments)
    found = conversations.first()
    if found is not None:
        found.account, found.department = accounts.rows()[0], departments.rows()[0]
    return found


# -- by the conversation and its reader -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PaneRows:
    """``messages``: the last PAGE and one more, newest first. ``newest``: the highest id of its messages, asked before
    they are read: what comes between the two counts as not seen."""

    seen: Asked[int]
    follows: Asked[int]
    told: Asked[int]  # notices of it that they have not seen
    newest: Asked[int]
    messages: Asked[Message]
    notes: Asked[Note]
    entries: Asked[AuditEntry]
    agreed: Asked[AccountSettings]
    drafts: Asked[Draft]
    uploads: Asked[Upload]
    leaving: Asked[tuple[int, datetime | None]]
    topics: Asked[Topic]
    departments: Asked[Department]
    colleagues: Asked[Any]  # each with how many it holds
    profiles: Asked[Identity]
    alike: tuple[Asked[Identity], ...]  # with the same number, with the same whole name
    earlier: Asked[Conversation]
    public_side: Asked[tuple[int, bool]]
    private_side: Asked[tuple[int, bool]]


_HERE = {"conversation": slot("conversation")}
_SEEN = kept(lambda: ReadMarker.objects.filter(**_HERE, user=slot("user")).values_list("seen", flat=True))
_FOLLOWS = kept(lambda: Follow.objects.filter(**_HERE, user=slot("user")).values_list("pk", flat=True))
_TOLD = kept(lambda: Notice.objects.filter(**_HERE, user=slot("user"), seen_at=None).values_list("pk", flat=True)[:1])
_NEWEST = kept(lambda: Message.objects.filter(**_HERE).order_by("-pk").values_list("pk", flat=True)[:1])
_MESSAGES = kept(lambda: shown(Message.objects.filter(**_HERE)).order_by("-sent_at", "-id")[: PAGE + 1])
_NOTES = kept(lambda: Note.objects.filter(**_HERE).select_related("author"))
_ENTRIES = kept(lambda: AuditEntry.objects.filter(**_HERE).select_related("actor").order_by("-at", "-id")[:MOST_EVENTS])
_AGREED = kept(lambda: AccountSettings.objects.filter(account=slot("account")))
_DRAFTS = kept(lambda: Draft.objects.filter(**_HERE, user=slot("user"), sent_at=None))
_UPLOADS = kept(lambda: Upload.objects.filter(**_HERE, user=slot("user")))
_LEAVING = kept(
    lambda: (
        Message.objects.filter(**_HERE, author=slot("user"), state=Delivery.QUEUED, attempts=0, send_at__gt=slot("now"))
        .order_by("id")
        .values_list("pk", "send_at")[:1]
    )
)
_TOPICS = kept(lambda: Topic.objects.filter(active=True))
_DEPARTMENTS = kept(lambda: Department.objects.exclude(pk=slot("department")))


class _Counted(Subquery):
    """How many rows, where the subquery stops at some."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS capped)"
    output_field = IntegerField()


MOST_HELD = 99  # more is told as more: who holds thousands costs no more than who holds a hundred
_HELD = Conversation.objects.filter(assignee=OuterRef("pk"), status=Status.OPEN).values("pk")[: MOST_HELD + 1]
_COLLEAGUES = kept(
    lambda: (
        User.objects.filter(departments=slot("department"), is_active=True, role__in=sorted(permissions.WORKERS))
        .annotate(held=_Counted(_HELD))
        .order_by("first_name", "last_name", "username")
    )
)
_PROFILES = kept(lambda: Identity.objects.filter(contact=slot("contact")))
_EARLIER = kept(
    lambda: (
        Conversation.objects.at_departments_of(slot("user"))
        .filter(identity__contact=slot("contact"))
        .exclude(pk=slot("conversation"))
        .select_related("identity")
        .order_by("-last_message_at", "-id")[:EARLIER]
    )
)
_PUBLIC_SIDE = kept(
    lambda: (
        Conversation.objects.at_departments_of(slot("user"))
        .filter(continued_in=slot("conversation"))
        .order_by("-last_message_at")
        .values_list("pk", "public")[:3]
    )
)
_PRIVATE_SIDE = kept(
    lambda: (
        Conversation.objects.at_departments_of(slot("user")).filter(pk=slot("continued_in")).values_list("pk", "public")
    )
)


_SAME_NUMBER = kept(lambda: _alike(Q(phone=slot("phone"))))
_SAME_NAME = kept(lambda: _alike(Q(name__iexact=slot("name"))))


def _alike(same: Q) -> QuerySet[Identity]:
    """Profiles of others of whom the colleague sees a conversation, the newest first."""
    seen = Conversation.objects.at_departments_of(slot("user")).filter(identity=OuterRef("pk"))
    return Identity.objects.filter(same, Exists(seen)).exclude(contact=slot("contact")).order_by("-id")[:HINTS]


def shown(messages: QuerySet[Message]) -> QuerySet[Message]:
    """With what a bubble needs; without what was taken back before it went."""
    return messages.select_related("author").defer("search").exclude(state=Delivery.WITHDRAWN, error_reason=UNDONE)


def of_conversation(conversation: Conversation, user: User, moment: datetime, *beside: Asked[Any]) -> PaneRows:
    """One round trip, however much there is; with ``beside``."""
    identity = conversation.identity
    of = {
        "conversation": conversation.pk,
        "user": user.pk,
        "now": moment,
        "account": conversation.account_id,
        "department": conversation.department_id,
        "contact": identity.contact_id,
        "continued_in": conversation.continued_in_id,
        "phone": identity.phone,
        "name": identity.name,
    }
    alike = [_SAME_NUMBER] if identity.phone else []
    if " " in identity.name.strip():
        alike.append(_SAME_NAME)
    rows = PaneRows(
        seen=_SEEN(**of),
        follows=_FOLLOWS(**of),
        told=_TOLD(**of),
        newest=_NEWEST(**of),
        messages=_MESSAGES(**of),
        notes=_NOTES(**of),
        entries=_ENTRIES(**of),
        agreed=_AGREED(**of),
        drafts=_DRAFTS(**of),
        uploads=_UPLOADS(**of),
        leaving=_LEAVING(**of),
        topics=_TOPICS(**of),
        departments=_DEPARTMENTS(**of),
        colleagues=_COLLEAGUES(**of),
        profiles=_PROFILES(**of),
        alike=tuple(one(**of) for one in alike),
        earlier=_EARLIER(**of),
        public_side=_PUBLIC_SIDE(**of),
        private_side=_PRIVATE_SIDE(**of),
    )
    together(*(getattr(rows, field.name) for field in fields(rows) if field.name != "alike"), *rows.alike, *beside)
    return rows


def newest_id(conversation: Conversation) -> int:
    """The highest id of its messages, for "a newer one came"."""
    return _NEWEST(conversation=conversation.pk).first() or 0


# -- by the messages of the page ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MessageRows:
    """What belongs to messages, each in its own order."""

    attachments: Asked[Attachment]
    versions: Asked[MessageVersion]
    note_versions: Asked[NoteVersion]  # of all notes of the conversation
    attempts: Asked[SendAttempt]
    deeds: Asked[PlatformDeed]
    reactions: Asked[Reaction]
    under_post: Asked[Reaction]


_THESE = {"message": any_of("messages")}
_ATTACHMENTS = kept(lambda: Attachment.objects.filter(**_THESE))
_VERSIONS = kept(lambda: MessageVersion.objects.filter(**_THESE))
_NOTE_VERSIONS = kept(lambda: NoteVersion.objects.filter(note__conversation=slot("conversation")))
_ATTEMPTS = kept(lambda: SendAttempt.objects.filter(**_THESE).select_related("by"))
_DEEDS = kept(lambda: PlatformDeed.objects.filter(**_THESE))
_REACTIONS = kept(lambda: _reactions(Q(external_id=any_of("external_ids", "text")))[:MOST_REACTIONS])
_UNDER_POST = kept(lambda: _reactions(Q(external_id=slot("post")))[: MOST_UNDER_POST + 1])


def _reactions(where: Q) -> QuerySet[Reaction]:
    return Reaction.objects.filter(where, account=slot("account"), removed=False).order_by("-at", "-id")


def of_messages(
    conversation: Conversation, messages: Sequence[Message], post: str, *more: Asked[Any] | None
) -> MessageRows:
    """One round trip. ``post``: the id of the one they stand under, "" for none; ``more`` is asked along."""
    external_ids = [message.external_id for message in messages if message.external_id]
    of = {
        "conversation": conversation.pk,
        "messages": [message.pk for message in messages],
        "account": conversation.account_id,
        "external_ids": external_ids,
        "post": "" if post in external_ids else post,
    }
    rows = MessageRows(
        attachments=_ATTACHMENTS(**of),
        versions=_VERSIONS(**of),
        note_versions=_NOTE_VERSIONS(**of),
        attempts=_ATTEMPTS(**of),
        deeds=_DEEDS(**of),
        reactions=_REACTIONS(**of),
        under_post=_UNDER_POST(**of),
    )
    together(*(getattr(rows, field.name) for field in fields(rows)), *filter(None, more))
    return rows
