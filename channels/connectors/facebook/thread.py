"""A post of a Page with the comments under it, to read a conversation in its context."""

from datetime import datetime
from typing import Any

from channels.connectors.facebook.feed import comment_thread, comment_url
from channels.connectors.facebook.graph import Graph
from channels.connectors.facebook.read import COMMENT_FIELDS, POST_FIELDS
from channels.connectors.facebook.values import ident, listing, mapping, moment, text
from channels.messages import AccountCredentials, Attachment, IncomingMessage, Person

PAGE_SIZE, MAX_PAGES = 50, 4  # the newest 200 comments


def root(page_id: str, thread_id: str, under: str) -> str:
    """The id of the post a thread stands under. ``under`` is a post's id, a comment's, or "" when nothing was said.

    A post is ``{page}_{post}``, a comment ``{post}_{comment}``."""
    known = under or thread_id
    first, _, rest = known.partition("_")
    return known if first == page_id or not rest else f"{page_id}_{first}"


def fetch(graph: Graph, account: AccountCredentials, root_id: str) -> list[IncomingMessage]:
    """The post first, then its newest comments, oldest first; [] when the post is gone. Five calls at most.

    Raises SendError (never UnknownOutcome)."""
    post = graph.get(root_id, fields=POST_FIELDS)
    at = moment(post.get("created_time"))
    if not ident(post.get("id")) or at is None:
        return []
    found = [_message(post, at, account, root_id)]
    comments: list[IncomingMessage] = []
    after: dict[str, str] = {}
    for _page in range(MAX_PAGES):
        answer = graph.get(
            f"{root_id}/comments",
            fields=COMMENT_FIELDS,
            filter="stream",
            order="reverse_chronological",
            limit=str(PAGE_SIZE),
            **after,
        )
        for comment in map(mapping, listing(answer.get("data"))):
            at = moment(comment.get("created_time"))
            if ident(comment.get("id")) and at is not None:
                comments.append(_message(comment, at, account, root_id))
        paging = mapping(answer.get("paging"))
        cursor = text(mapping(paging.get("cursors")).get("after"))
        if not paging.get("next") or not cursor:
            break
        after = {"after": cursor}
    comments.reverse()  # Meta tells whole seconds, but lists the newest first
    return found + sorted(comments, key=lambda item: item.sent_at)


def _message(found: dict[str, Any], at: datetime, account: AccountCredentials, root_id: str) -> IncomingMessage:
    external_id, sender = ident(found.get("id")), mapping(found.get("from"))
    parent = ident(mapping(found.get("parent")).get("id"))
    is_root = external_id == root_id
    thread_id, in_reply_to = (root_id, "") if is_root else comment_thread(external_id, parent, root_id)
    author = Person(external_id=ident(sender.get("id")), name=text(sender.get("name")))
    files = listing(mapping(found.get("attachments")).get("data")) or [found.get("attachment")]
    return IncomingMessage(
        account_id=account.external_id,
        external_id=external_id,
        thread_id=thread_id,
        public=True,
        author=author,
        from_us=author.external_id == account.external_id,
        text=text(found.get("message")),
        sent_at=at,
        in_reply_to=in_reply_to,
        kind="message" if is_root else "comment",
        attachments=tuple(_file(mapping(one)) for one in files if one),
        url=text(found.get("permalink_url")) or comment_url("", external_id),
    )


def _file(found: dict[str, Any]) -> Attachment:
    kind = "video" if "video" in text(found.get("type")) else "image"
    picture = text(mapping(mapping(found.get("media")).get("image")).get("src"))
    return Attachment(kind=kind if picture else "link", url=picture or text(found.get("url")))
