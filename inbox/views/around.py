"""What stands above the messages of a public conversation: the post, and the button that fetches the whole thread."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from channels import gateway
from channels.models import Kind
from inbox import sla
from inbox.models import Conversation
from inbox.views.files import web_address
from inbox.views.thread import Thread


@dataclass(frozen=True, slots=True)
class Under:
    """The post that the conversation stands under. ``files``: how many pictures and films it has beside the
    ``picture``, the address of the first, "" while it is not here."""

    lead: str
    text: str = ""
    url: str = ""
    files: int = 0
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Fetching:
    """The button that fetches the whole thread. ``cost``: what the platform asks for it; ``when``: of the last time;
    ``count``: how many posts that was, of which ``more`` are not shown."""

    cost: str
    when: str = ""
    count: int = 0
    more: int = 0


def context_of(conversation: Conversation, talk: Thread) -> Under | None:
    """The post it stands under, as it came along or as it was fetched since; None when there is none."""
    held, root = conversation.context or {}, talk.fetched.root if talk.fetched and not talk.fetched.within else None
    if root is not None and root.pk and root.external_id == (held.get("external_id") or root.external_id):
        held = {"text": root.text, "url": root.url, "author_name": root.author_name, "from_us": root.from_us}
    elif not held.get("text") and not held.get("url"):
        return None
    if talk.quotes and held.get("from_us"):
        lead = _("Quotes our post")
    elif talk.quotes:
        lead = _("Quotes a post")
    elif held.get("from_us"):
        lead = _("Under our post")
    elif held.get("author_name"):
        lead = _("Under the post of %(name)s") % {"name": held["author_name"]}
    else:
        lead = _("Under a post")
    files, picture = (root.files, "") if root else (0, "")
    if root is not None and getattr(root, "with_picture", False):
        files, picture = files - 1, reverse("post_picture", args=[conversation.pk, root.pk])
    return Under(lead, str(held.get("text", "")), web_address(str(held.get("url", ""))), files, picture)


def fetching(conversation: Conversation, talk: Thread, moment: datetime) -> Fetching | None:
    """Whether the thread can be fetched, what that costs, and what the last time gave."""
    if not conversation.public or not gateway.fetches_threads(conversation.account.kind):
        return None
    cost = ""
    if conversation.account.kind == Kind.X:
        cost = _("X charges about half a cent for each post, 25 cents at most.")
    if talk.fetched is None:
        return Fetching(cost)
    when = sla.format_moment(talk.fetched.at, moment, with_time=True)
    return Fetching(cost, when, talk.fetched.count, talk.fetched.more)
