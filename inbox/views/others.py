"""What others say in the same public thread, and what we answered them: around a conversation, not part of it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import DurationField, Exists, ExpressionWrapper, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from inbox.models import Attachment, Conversation, Delivery, Direction, Message, User
from inbox.office_hours import local
from inbox.views.messages import exact, linked

MOST = 30
# Of ours only what stands there for everyone to read.
PUBLISHED = (Delivery.SENT, Delivery.DELIVERED, Delivery.READ)


@dataclass(frozen=True, slots=True)
class Other:
    """A message of another citizen in the thread, or our answer to one (``ours``). ``url``: its own conversation."""

    pk: int
    at: datetime
    ours: bool
    name: str
    html: SafeString
    deleted: bool
    files: bool
    time: str
    exact: str
    conversation: int
    url: str

    type = "other"


def others(
    conversation: Conversation, user: User, around: datetime, begin: datetime | None, end: datetime | None
) -> list[Other]:
    """At most MOST messages from the conversations of other citizens in this public thread that ``user`` may see, of
    [begin, end), nearest in time to ``around``; in no order. One query, none for a private conversation."""
    if not conversation.public:
        return []
    messages = Message.objects.filter(conversation__in=_near(conversation, user, around), public=True)
    messages = messages.filter(Q(direction=Direction.IN) | Q(state__in=PUBLISHED))
    if begin is not None:
        messages = messages.filter(sent_at__gte=begin)
    if end is not None:
        messages = messages.filter(sent_at__lt=end)
    messages = (
        messages.select_related("conversation__identity")
        .defer("search")
        .annotate(with_files=Exists(Attachment.objects.filter(message=OuterRef("pk"))))
        .order_by(_apart(around), "-id")[:MOST]
    )
    return [_other(message, conversation) for message in messages]


def _near(conversation: Conversation, user: User, around: datetime) -> QuerySet[Conversation]:
    """The MOST conversations that lie nearest: what a crowd under one post costs stays the same."""
    moment = Value(around)
    before = ExpressionWrapper(F("opened_at") - moment, output_field=DurationField())
    after = ExpressionWrapper(moment - F("last_message_at"), output_field=DurationField())
    return (
        Conversation.objects.visible_to(user)
        .filter(account=conversation.account_id, thread_id=conversation.thread_id, public=True)
        .exclude(identity=conversation.identity_id)
        # Below zero while the moment lies within the conversation.
        .order_by(Greatest(before, after), "-id")[:MOST]
    )


def _apart(around: datetime) -> Func:
    seconds = Func(F("sent_at") - Value(around), function="EXTRACT", template="EXTRACT(EPOCH FROM %(expressions)s)")
    return Func(seconds, function="ABS")


def _other(message: Message, conversation: Conversation) -> Other:
    theirs = message.conversation
    name = theirs.identity.display_name
    ours = message.direction == Direction.OUT
    deleted = message.deleted_at is not None
    return Other(
        pk=message.pk,
        at=message.sent_at,
        ours=ours,
        name=_("%(account)s to %(name)s") % {"account": conversation.account.name, "name": name} if ours else name,
        html=linked("" if deleted else message.text),
        deleted=deleted,
        files=bool(message.with_files) and not deleted,  # type: ignore[attr-defined]
        time=f"{local(message.sent_at):%H:%M}",
        exact=exact(message.sent_at),
        conversation=theirs.pk,
        url=reverse("conversation", args=[theirs.pk]),
    )
