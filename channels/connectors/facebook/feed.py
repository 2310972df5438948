"""Changes of a Page's feed: comments, posts by visitors, and our own posts and comments coming back."""

from datetime import datetime
from typing import Any

from channels.connectors.facebook.values import UnreadableError, ident, listing, mapping, moment, text, word
from channels.messages import (
    Attachment,
    Context,
    Ignored,
    IncomingMessage,
    Item,
    MessageDeleted,
    MessageEdited,
    MessageHidden,
    Person,
    Reacted,
)

POSTS = {"post", "status", "photo", "video", "link", "note"}
REACTIONS = {"reaction", "like"}
# Meta's words for what is put under a post or comment; one that it adds later is shown as a heart is: it is no text.
SYMBOLS = {
    "like": "👍",
    "love": "❤️",
    "care": "🤗",
    "haha": "😆",
    "wow": "😮",
    "sad": "😢",
    "angry": "😡",
    "thankful": "🌸",
    "pride": "🏳️‍🌈",
}
NOTHING_SAID = {"share", "album", "event", "rating", "milestone", "coupon"}
ADDED, EDITED, REMOVED = {"add"}, {"edit", "edited", "update"}, {"remove", "delete"}
SHOWN = {"hide": True, "unhide": False}


def read_change(change: dict[str, Any], page_id: str, at: datetime) -> list[Item]:
    """One element of ``changes``. ``at`` is the entry's time (UTC). Raises UnreadableError when an id is
    missing."""
    field = change.get("field")
    if field == "messages":
        return [Ignored(reason="dashboard test", account_id=page_id)]
    if field != "feed":
        return [Ignored(reason=f"unknown field {word(field)}", account_id=page_id)]
    value = mapping(change.get("value"))
    if not value:
        return [Ignored(reason="change without value", account_id=page_id)]
    item = value.get("item")
    if item == "comment":
        return [_comment(value, page_id, at)]
    if item in POSTS or (item == "share" and _says_something_here(value, page_id)):
        return [_post(value, page_id, at)]
    if item in REACTIONS:
        return [_reaction(value, page_id, at)]
    if item in NOTHING_SAID:
        return [Ignored(reason=word(item), account_id=page_id)]
    return [Ignored(reason=f"unknown item {word(item)}", account_id=page_id)]


def comment_thread(comment_id: str, parent_id: str, post_id: str) -> tuple[str, str]:
    """(thread_id, in_reply_to) of a comment.

    A top-level comment opens its own thread and answers the post: only the receiver knows whether that post
    is a visitor's, kept as a message, or one of ours. Old payloads write the post's id with or without the
    page before it.
    """
    if not parent_id or _tail(parent_id) == _tail(post_id):
        return comment_id, post_id
    return parent_id, parent_id


def comment_url(permalink: str, comment_id: str) -> str:
    """Where a person opens this comment; Facebook resolves a bare id when the post's own address is not
    known."""
    if not permalink:
        return f"https://www.facebook.com/{comment_id}"
    return f"{permalink}{'&' if '?' in permalink else '?'}comment_id={_tail(comment_id)}"


def _comment(value: dict[str, Any], page_id: str, at: datetime) -> Item:
    comment_id = ident(value.get("comment_id"))
    if not comment_id:
        raise UnreadableError("comment without id")
    verb = value.get("verb")
    if verb in REMOVED:
        return MessageDeleted(account_id=page_id, external_id=comment_id, at=at)
    if verb in SHOWN:
        return MessageHidden(account_id=page_id, external_id=comment_id, hidden=SHOWN[verb], at=at)
    files = _attachments(value)
    if verb in EDITED:
        if not text(value.get("message")) and not files:
            # Wiping a text we hold needs better evidence than an absent field.
            return Ignored(reason="edited without content", account_id=page_id)
        return MessageEdited(
            account_id=page_id,
            external_id=comment_id,
            text=text(value.get("message")),
            at=at,
            attachments=files or None,
        )
    if verb not in ADDED:
        return Ignored(reason=f"unknown verb {word(verb)}", account_id=page_id)
    post_id = ident(value.get("post_id"))
    author = _author(value)
    from_us = bool(author.external_id) and author.external_id == page_id
    thread_id, in_reply_to = comment_thread(comment_id, ident(value.get("parent_id")), post_id)
    context = _context(value, post_id, page_id)
    if in_reply_to == post_id and context is not None and _author(mapping(value.get("post"))).external_id == page_id:
        in_reply_to = ""  # the payload says it: the post is ours, no message of a citizen
    permalink = context.url if context else ""
    return IncomingMessage(
        account_id=page_id,
        external_id=comment_id,
        thread_id=thread_id,
        public=True,
        author=author,
        peer=None if from_us else author,
        from_us=from_us,
        text=text(value.get("message")),
        sent_at=moment(value.get("created_time")) or at,
        in_reply_to=in_reply_to,
        kind="comment",
        attachments=files,
        url=comment_url(permalink, comment_id),
        context=context,
    )


def _post(value: dict[str, Any], page_id: str, at: datetime) -> Item:
    post_id = _post_id(value, page_id)
    verb = value.get("verb")
    author = _author(value)
    from_us = bool(author.external_id) and author.external_id == page_id
    if verb in REMOVED:
        return MessageDeleted(account_id=page_id, external_id=post_id, at=at)
    if verb in SHOWN:
        return MessageHidden(account_id=page_id, external_id=post_id, hidden=SHOWN[verb], at=at)
    message, files = text(value.get("message")), _attachments(value)
    if verb in EDITED:
        if not message and not files:
            # A post that goes to the bin arrives as "edited" with nothing left in it.
            return MessageDeleted(account_id=page_id, external_id=post_id, at=at)
        return MessageEdited(account_id=page_id, external_id=post_id, text=message, at=at, attachments=files or None)
    if verb not in ADDED:
        return Ignored(reason=f"unknown verb {word(verb)}", account_id=page_id)
    if from_us and value.get("published") in (0, False):
        return Ignored(reason="unpublished post", account_id=page_id)
    return IncomingMessage(
        account_id=page_id,
        external_id=post_id,
        thread_id=post_id,
        public=True,
        author=author,
        peer=None if from_us else author,
        from_us=from_us,
        text=message,
        sent_at=moment(value.get("created_time")) or at,
        kind="message" if from_us else "visitor_post",
        attachments=files,
        url=text(value.get("permalink_url"))
        or text(mapping(value.get("post")).get("permalink_url"))
        or f"https://www.facebook.com/{post_id}",
    )


def _reaction(value: dict[str, Any], page_id: str, at: datetime) -> Item:
    """Under a comment when there is one, else under the post. ``edit`` is another symbol in place of the one there."""
    target = ident(value.get("comment_id")) or ident(value.get("post_id"))
    person, verb = _author(value), value.get("verb")
    if not target or not person.external_id:  # the Page itself is liked, or by somebody whom Meta does not name
        return Ignored(reason=word(value.get("item")), account_id=page_id)
    if verb not in ADDED | EDITED | REMOVED:
        return Ignored(reason=f"unknown verb {word(verb)}", account_id=page_id)
    removed = verb in REMOVED
    return Reacted(
        account_id=page_id,
        external_id=target,
        person=person,
        symbol="" if removed else SYMBOLS.get(text(value.get("reaction_type")) or "like", "❤️"),
        removed=removed,
        at=moment(value.get("created_time")) or at,
    )


def _says_something_here(value: dict[str, Any], page_id: str) -> bool:
    """Whether a "share" is a link with words, put on our page by a visitor: a question like any other.

    Shares of our posts on people's own pages are no message to us, and our own links are our own posts."""
    on_our_page = ident(value.get("post_id")).startswith(f"{page_id}_") if page_id else False
    return on_our_page and bool(text(value.get("message"))) and _author(value).external_id not in ("", page_id)


def _post_id(value: dict[str, Any], page_id: str) -> str:
    found = ident(value.get("post_id"))
    if found:
        return found
    # Old photo and video changes name the object only; a post's id is the page's and the object's.
    for key in ("photo_id", "video_id"):
        if ident(value.get(key)) and page_id:
            return f"{page_id}_{ident(value.get(key))}"
    raise UnreadableError("post without id")


def _author(value: dict[str, Any]) -> Person:
    sender = mapping(value.get("from"))
    return Person(
        external_id=ident(sender.get("id")) or ident(value.get("sender_id")),
        name=text(sender.get("name")) or text(value.get("sender_name")),
    )


def _context(value: dict[str, Any], post_id: str, page_id: str) -> Context | None:
    post = mapping(value.get("post"))
    if not post or not post_id:
        return None
    author = _author(post)
    # Without a sender only a visitor's text post is told apart, by its status_type.
    ours = author.external_id == page_id if author.external_id else post.get("status_type") != "wall_post"
    return Context(
        external_id=post_id,
        text=text(post.get("message")),
        author_name=author.name,
        url=text(post.get("permalink_url")),
        from_us=ours,
    )


def _attachments(value: dict[str, Any]) -> tuple[Attachment, ...]:
    item, found = value.get("item"), []
    addresses = [("image", value.get("photo")), ("video", value.get("video"))]
    addresses += [("image", address) for address in listing(value.get("photos"))]
    addresses.append(({"photo": "image", "video": "video"}.get(str(item), "link"), value.get("link")))
    seen: set[str] = set()
    for kind, raw in addresses:
        address = text(raw)
        if address.startswith(("https://", "http://")) and address not in seen:
            seen.add(address)
            found.append(Attachment(kind=kind, url=address))
    return tuple(found)


def _tail(identifier: str) -> str:
    return identifier.rpartition("_")[2]
