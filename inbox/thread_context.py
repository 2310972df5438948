"""What others say in a public thread, fetched at a colleague's wish: kept to read along with, never taken in."""

from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from channels import gateway, media
from channels.clock import now
from channels.errors import SendError
from channels.events import clean
from channels.messages import IncomingMessage
from channels.models import Account
from inbox import audit, kick, live, permissions
from inbox.actions.claim import not_allowed
from inbox.actions.refused import NotVisible, Refused
from inbox.incoming import keys
from inbox.models import Conversation, ThreadPost, User

KEPT = timedelta(days=30)  # citizens' words that nobody asked us: no longer than a conversation is worked on
LATELY = timedelta(seconds=20)
CHUNK = 1000
log = structlog.get_logger()


def root_of(conversation: Conversation, under: str = "") -> str:
    """The id of the post its thread stands under, "" for a private one. ``under``: what its first message answers,
    for when no post came along with it."""
    if not conversation.public:
        return ""
    named = str((conversation.context or {}).get("external_id", "")) or under
    account = conversation.account
    return gateway.thread_root(account.kind, account.external_id, conversation.thread_id, named)[:200]


def fetch(conversation_id: int, *, by: User) -> int:
    """Ask the platform for the whole thread and keep that in place of what we had; how many posts it has.

    Raises NotVisible; Refused "not_allowed", "not_public", "gone", "platform" (it does not answer now; then what we
    had stays). Twice within LATELY asks once: it may cost money."""
    conversation = (
        Conversation.objects.visible_to(by)
        .select_related("account__app", "identity")
        .filter(pk=conversation_id)
        .first()
    )
    if conversation is None:
        raise NotVisible
    if not permissions.can_work(by, conversation):
        raise not_allowed()
    account = conversation.account
    if not conversation.public or not gateway.fetches_threads(account.kind):
        raise Refused("not_public", _("There is no public thread to fetch here."))
    root_id = root_of(conversation, answered_by_first(conversation))
    here = ThreadPost.objects.filter(account=account, root_id=root_id)
    if known := here.filter(fetched_at__gt=now() - LATELY).count():
        return known
    platform = {"platform": account.get_kind_display()}
    try:
        found = gateway.connector_of(account).fetch_thread(account.credentials(), root_id)
    except SendError as failure:
        if failure.reason != "gone":
            raise Refused(
                "platform", _("%(platform)s does not give the thread now. Try again later.") % platform
            ) from None
        found = []
    if not found:
        raise Refused("gone", _("%(platform)s does not have this thread any more.") % platform)
    moment = now()
    posts = {item.external_id: _post(account, root_id, item, moment) for item in found}
    root = posts.get(root_id)
    with transaction.atomic():
        keys.hold([("thread_posts", account.pk, root_id)])
        if root is not None and root.picture_url:
            had = here.filter(external_id=root_id, picture_url=root.picture_url)
            root.picture = had.values_list("picture", flat=True).first()
        here.delete()
        ThreadPost.objects.bulk_create(posts.values())
        if root is not None and root.picture_url and root.picture is None:
            transaction.on_commit(partial(kick.kick_picture, root.pk, conversation.pk))
        audit.record(conversation, "thread_fetched", by, posts=len(posts))
        live.announce(conversation.pk, {conversation.department_id}, "thread_fetched")
    return len(posts)


def fetch_picture(post_id: int, conversation_id: int) -> bool:
    """The picture with the post at the top, for who looks at the conversation; whether it is here now. Without it the
    page says that there is one, and fetching the thread again asks again."""
    post = ThreadPost.objects.select_related("account__app").filter(pk=post_id, picture__isnull=True).first()
    if post is None or not post.picture_url:
        return False
    try:
        fetched = media.fetch(post.account, post.picture_url, "image")
    except media.MediaFailed as failure:
        log.info("post_picture_failed", post=post_id, error=failure.code)
        return False
    with fetched.content as content:
        made = media.preview(content.read())
    if made is None:
        return False
    with transaction.atomic():
        kept = ThreadPost.objects.filter(pk=post_id).update(picture=made)
        department = Conversation.objects.filter(pk=conversation_id).values_list("department_id", flat=True).first()
        if kept and department is not None:
            live.announce(conversation_id, {department}, "thread_fetched")
    return bool(kept)


def picture_of(conversation: Conversation, post_id: int) -> bytes | None:
    """The picture with the post that this conversation stands under; None when it is not here, or of another thread."""
    root_id = root_of(conversation, answered_by_first(conversation))
    there = ThreadPost.objects.filter(pk=post_id, account=conversation.account_id, root_id=root_id)
    found = there.exclude(picture=None).values_list("picture", flat=True).first()
    return None if found is None else bytes(found)


def answered_by_first(conversation: Conversation) -> str:
    """What its first message says it answers. One query."""
    named = conversation.messages.filter(direction="in").order_by("sent_at", "id").values_list("in_reply_to", flat=True)
    return named.first() or ""


def prune() -> int:
    """Delete what was fetched longer than KEPT ago; how many. Any number may run at once."""
    old, total = ThreadPost.objects.filter(fetched_at__lt=now() - KEPT).order_by("pk"), 0
    while ids := list(old.values_list("pk", flat=True)[:CHUNK]):
        total += ThreadPost.objects.filter(pk__in=ids).delete()[0]
    return total


def _post(account: Account, root_id: str, item: IncomingMessage, moment: datetime) -> ThreadPost:
    pictures = [found.url for found in item.attachments if found.kind == "image" and found.url]
    on_top = item.external_id[:200] == root_id and bool(pictures) and len(pictures[0]) <= 2000
    return ThreadPost(
        picture_url=pictures[0] if on_top else "",
        fetched_at=moment,
        account=account,
        root_id=root_id,
        external_id=item.external_id[:200],
        author_id=item.author.external_id[:200],
        author_name=clean(item.author.name or item.author.handle)[:200],
        from_us=item.from_us,
        text=clean(item.text),
        files=sum(1 for found in item.attachments if found.kind != "link"),
        url=item.url if len(item.url) <= 1000 else "",
        sent_at=item.sent_at,
    )
