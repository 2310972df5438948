"""What others say in the same public thread, and what we answered them: around a conversation, not part of it.

From their own conversations, and from what the platform listed when a colleague had the thread fetched."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import DurationField, Exists, ExpressionWrapper, F, Func, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest
from django.db.models.lookups import IsNull
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from inbox.kept import Asked, kept, slot
from inbox.models import Attachment, Conversation, Delivery, Direction, Message, ThreadPost, User
from inbox.office_hours import local
from inbox.views.files import web_address
from inbox.views.messages import exact, linked

MOST = 30
# Of ours only what stands there for everyone to read.
PUBLISHED = (Delivery.SENT, Delivery.DELIVERED, Delivery.READ)


@dataclass(frozen=True, slots=True)
class Other:
    """A message of another citizen in the thread, or our answer to one (``ours``). ``url``: its own conversation, ""
    when it has none here or none that the reader may see; ``there``: at the platform; ``key``: its name on the page."""

    pk: int
    key: str
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
    there: str = ""
    same: bool = False  # the citizen of this conversation, elsewhere under the same post

    type = "other"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A thread as the platform listed it: the post on top, and how many others are not shown here (``more``)."""

    root: ThreadPost
    at: datetime
    count: int
    items: tuple[Other, ...]
    more: int
    within: bool  # the post on top is a message of this thread: it stands among the messages


def asked_others(
    conversation: Conversation, user: User, around: datetime, begin: datetime | None, end: datetime | None
) -> Asked[Any] | None:
    """For ``others``: at most MOST messages from the conversations of other citizens in this public thread, of those
    that ``user`` may see, of [begin, end), nearest in time to ``around``; None for a private conversation."""
    if not conversation.public or not user.is_active:
        return None
    return _OTHERS(
        user=user.pk,
        account=conversation.account_id,
        thread=conversation.thread_id,
        identity=conversation.identity_id,
        around=around,
        begin=begin or "-infinity",
        end=end or "infinity",
    )


def others(conversation: Conversation, said: Asked[Message] | None) -> list[Other]:
    """What they say, in no order."""
    return [_other(message, conversation) for message in said or ()]


def _near() -> QuerySet[Conversation]:
    """The MOST conversations that lie nearest: what a crowd under one post costs stays the same."""
    before = ExpressionWrapper(F("opened_at") - slot("around"), output_field=DurationField())
    after = ExpressionWrapper(slot("around") - F("last_message_at"), output_field=DurationField())
    return (
        Conversation.objects.at_departments_of(slot("user"))
        .filter(account=slot("account"), thread_id=slot("thread"), public=True)
        .exclude(identity=slot("identity"))
        # Below zero while the moment lies within the conversation.
        .order_by(Greatest(before, after), "-id")[:MOST]
    )


def _apart() -> Func:
    seconds = Func(F("sent_at") - slot("around"), function="EXTRACT", template="EXTRACT(EPOCH FROM %(expressions)s)")
    return Func(seconds, function="ABS")


_OTHERS = kept(
    lambda: (
        Message.objects.filter(conversation__in=_near(), public=True)
        .filter(Q(direction=Direction.IN) | Q(state__in=PUBLISHED))
        .filter(sent_at__gte=slot("begin"), sent_at__lt=slot("end"))
        .select_related("conversation__identity")
        .defer("search")
        .annotate(with_files=Exists(Attachment.objects.filter(message=OuterRef("pk"))))
        .order_by(_apart(), "-id")[:MOST]
    )
)


def _other(message: Message, conversation: Conversation) -> Other:
    theirs = message.conversation
    name = theirs.identity.display_name
    ours = message.direction == Direction.OUT
    deleted = message.deleted_at is not None
    return Other(
        pk=message.pk,
        key=str(message.pk),
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
        there=web_address(message.url),
    )


def _posts() -> QuerySet[ThreadPost]:
    known = Message.objects.filter(account=OuterRef("account"), external_id=OuterRef("external_id"))
    seen = Conversation.objects.at_departments_of(slot("user"))
    return (
        ThreadPost.objects.filter(account=slot("account"), root_id=slot("root"))
        .annotate(
            here=Exists(known.filter(conversation__thread_id=slot("thread"))),
            of=Subquery(known.filter(conversation__in=seen).values("conversation_id")[:1]),
            with_picture=IsNull(F("picture"), False),
        )
        .defer("picture")
    )


_POSTS = kept(_posts)


def asked_posts(conversation: Conversation, user: User, root_id: str) -> Asked[ThreadPost] | None:
    """For ``fetched``; None in private."""
    if not root_id or not user.is_active:
        return None
    return _POSTS(user=user.pk, account=conversation.account_id, thread=conversation.thread_id, root=root_id)


def fetched(
    conversation: Conversation,
    asked: Asked[ThreadPost] | None,
    root_id: str,
    around: datetime,
    begin: datetime | None,
    end: datetime | None,
) -> Fetched | None:
    """The thread under ``root_id`` as it was fetched last, None when it never was.

    Without what the page shows already: the messages of this thread's own conversations."""
    posts = asked.rows() if asked else []
    if not posts:
        return None
    root = next((post for post in posts if post.external_id == root_id), None) or ThreadPost(external_id=root_id)
    left = [post for post in posts if post is not root and not getattr(post, "here", False)]
    near = sorted(left, key=lambda post: (abs(post.sent_at - around), post.external_id))[:MOST]
    shown = [post for post in near if (begin is None or post.sent_at >= begin) and (end is None or post.sent_at < end)]
    return Fetched(
        root=root,
        at=posts[0].fetched_at,
        count=len(posts),
        items=tuple(_listed(post, conversation) for post in shown),
        more=len(left) - len(near),
        within=bool(getattr(root, "here", False)),
    )


def _listed(post: ThreadPost, conversation: Conversation) -> Other:
    found: int | None = post.of  # type: ignore[attr-defined]
    return Other(
        pk=post.pk,
        key=f"post-{post.pk}",
        at=post.sent_at,
        ours=post.from_us,
        name=conversation.account.name if post.from_us else post.author_name or _("Unknown citizen"),
        html=linked(post.text),
        deleted=False,
        files=post.files > 0,
        time=f"{local(post.sent_at):%H:%M}",
        exact=exact(post.sent_at),
        conversation=found or 0,
        url=reverse("conversation", args=[found]) if found else "",
        there=web_address(post.url),
        same=post.author_id in (conversation.identity.external_id, *conversation.identity.aliases),
    )
