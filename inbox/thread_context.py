"""What others say in a public thread, fetched at a colleague's wish: kept to read along with, never taken in."""

from datetime import timedelta

from django.db import transaction

from channels import gateway
from channels.clock import now
from channels.errors import SendError
from channels.events import clean
from channels.messages import IncomingMessage
from channels.models import Account
from inbox.incoming import keys
from inbox.models import Conversation, ThreadPost

KEPT = timedelta(days=30)  # citizens' words that nobody asked us: no longer than a conversation is worked on
CHUNK = 1000


def root_of(conversation: Conversation, under: str = "") -> str:
    """The id of the post its thread stands under, "" for a private one. ``under``: what its first message answers,
    for when no post came along with it."""
    if not conversation.public:
        return ""
    named = str((conversation.context or {}).get("external_id", "")) or under
    account = conversation.account
    return gateway.thread_root(account.kind, account.external_id, conversation.thread_id, named)[:200]


def fetch(conversation: Conversation) -> int:
    """Ask the platform for the whole thread and keep that in place of what we had; how many posts it has.

    ``conversation`` with its account and app. Raises SendError when the platform does not answer; then what we had
    stays. Called by two at once, the last one wins."""
    root_id = root_of(conversation, answered_by_first(conversation))
    account = conversation.account
    found = gateway.connector_of(account).fetch_thread(account.credentials(), root_id)
    if not found:
        raise SendError("", "gone")
    moment = now()
    posts = {item.external_id: _post(account, root_id, item) for item in found}
    for post in posts.values():
        post.fetched_at = moment
    with transaction.atomic():
        keys.hold([("thread_posts", account.pk, root_id)])
        ThreadPost.objects.filter(account=account, root_id=root_id).delete()
        ThreadPost.objects.bulk_create(posts.values())
    return len(posts)


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


def _post(account: Account, root_id: str, item: IncomingMessage) -> ThreadPost:
    return ThreadPost(
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
