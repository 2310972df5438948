"""Asking Meta: did our answer arrive, what did we miss, who are we."""

import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from channels.connector import Found, Tally
from channels.connectors.facebook.feed import comment_thread, comment_url
from channels.connectors.facebook.graph import Graph
from channels.connectors.facebook.values import ident, listing, mapping, moment, text
from channels.errors import PermanentFailure, SendError
from channels.messages import (
    AccountCredentials,
    Attachment,
    IncomingMessage,
    OutgoingMessage,
    Person,
    SentMessage,
)

PAGE_SIZE = 50
MAX_PAGES = 20  # of one list; where it goes on after that, nothing is called surely absent
MAX_POST_PAGES = 5
CLOCKS_APART = timedelta(seconds=30)  # Meta's seconds against ours
COMMENT_FIELDS = "id,message,from,created_time,permalink_url,parent{id},attachment{type,url,title,media}"
POST_FIELDS = "id,message,from,created_time,updated_time,permalink_url,attachments{type,url,title,media}"
PRIVATE_REPLY_FIELDS = "can_reply_privately,private_reply_conversation{id}"
MESSAGE_FIELDS = "id,message,from,to,created_time,sticker,attachments{id,mime_type,name,image_data,video_data,file_url}"


class _Covered:
    """Whether a list was read as far as the question needs."""

    def __init__(self) -> None:
        self.wholly = False


def me(graph: Graph) -> tuple[str, str]:
    """(id, name) of the Page the token belongs to. Raises SendError."""
    found = graph.get("me", fields="id,name")
    return ident(found.get("id")), text(found.get("name"))


def profile(graph: Graph, account: AccountCredentials, external_id: str) -> Person | None:
    """Name and picture of someone who wrote to this Page in Messenger; None when Meta does not tell.

    Messenger's webhooks carry a bare id. Without the permission for profiles the name is with the conversation.
    Raises SendError (never UnknownOutcome).
    """
    try:
        found = graph.get(external_id, fields="name,first_name,last_name,profile_pic")
    except PermanentFailure as failure:
        if failure.reason not in ("permission", "gone", "recipient", "other"):
            raise
        found = _participant(graph, account, external_id)
    name = text(found.get("name")) or f"{text(found.get('first_name'))} {text(found.get('last_name'))}".strip()
    if not name:
        return None
    return Person(external_id=external_id, name=name, avatar_url=text(found.get("profile_pic")))


def find_sent(graph: Graph, account: AccountCredentials, message: OutgoingMessage, since: datetime) -> Found:
    """Is this answer, handed over at or after ``since`` (aware UTC), at Meta?

    Compared by sender, time and text, as Meta knows no key of ours. ``surely_absent`` only when every place
    it could be in was read back to ``since`` and nothing there leaves a doubt. Raises SendError (never
    UnknownOutcome).
    """
    since -= CLOCKS_APART
    if message.public:
        return _find_comment(graph, account, message, since)
    return _find_message(graph, account, message, since)


def fetch_since(
    graph: Graph, account: AccountCredentials, since: datetime, tally: Tally | None = None
) -> Iterator[IncomingMessage]:
    """Messages, comments and visitors' posts of this Page since then, ours included, oldest first.

    Looks at the newest 250 posts of the Page (a comment, also one on an old post, moves a post's updated_time) and
    at the conversations with news. With nothing missed that is one call for each 50 posts and one for Messenger;
    reading costs nothing at Meta but the calls its limits count. What came before a SendError is given first.
    """
    since = since.replace(microsecond=0)  # Meta's times have none
    found: list[IncomingMessage] = []
    failure: SendError | None = None
    for read in (_feed_since, _messages_since):
        try:
            for message in read(graph, account, since):
                found.append(message)  # noqa: PERF402  (extend would lose all when it breaks off)
        except SendError as error:
            failure = error
            break
    if tally is not None:
        tally.listed += len(found)
    # Meta's times are whole seconds, but its lists are newest first.
    found.reverse()
    yield from sorted(found, key=lambda item: item.sent_at)
    if failure is not None:
        raise failure


# -- find_sent -----------------------------------------------------------------------------------------------


def _find_comment(graph: Graph, account: AccountCredentials, message: OutgoingMessage, since: datetime) -> Found:
    # An answer to a reply is filed under the top-level comment: both lists are looked at.
    places = list(dict.fromkeys(place for place in (message.thread_id, message.in_reply_to) if place))
    doubt = not places
    for place in places:
        covered = _Covered()
        for comment in _all(graph, f"{place}/comments", covered, fields=COMMENT_FIELDS, filter="stream"):
            at, author = moment(comment.get("created_time")), ident(mapping(comment.get("from")).get("id"))
            if at is not None and at < since:
                continue
            if not _same(message.text, text(comment.get("message"))):
                continue
            if author == account.external_id and at is not None:
                external_id = ident(comment.get("id"))
                url = text(comment.get("permalink_url")) or comment_url("", external_id)
                return Found(sent=SentMessage(external_id=external_id, url=url, sent_at=at))
            doubt = doubt or not author or at is None  # our words, and Meta does not say whose or when
        doubt = doubt or not covered.wholly
    return Found(surely_absent=not doubt)


def _find_message(graph: Graph, account: AccountCredentials, message: OutgoingMessage, since: datetime) -> Found:
    if message.private_reply_to:
        return _find_private_reply(graph, account, message, since)
    conversations = graph.get(
        f"{account.external_id}/conversations", platform="messenger", user_id=message.to, fields="id"
    )
    places = [ident(mapping(found).get("id")) for found in listing(conversations.get("data"))]
    doubt = not places  # the citizen wrote to us, so there must be one
    for place in places:
        covered = _Covered()
        for found in _all(graph, f"{place}/messages", covered, until=since, fields=MESSAGE_FIELDS):
            at, author = moment(found.get("created_time")), ident(mapping(found.get("from")).get("id"))
            if (at is not None and at < since) or (author and author != account.external_id):
                continue
            files = bool(_message_files(found))
            if not message.text or not _same(message.text, text(found.get("message"))):
                # Of words and a file the file went alone, or ours went with no words: a person has to look.
                doubt = doubt or (bool(message.files) and files)
                continue
            if author and at is not None:
                return Found(sent=SentMessage(external_id=ident(found.get("id")), sent_at=at))
            doubt = True
        doubt = doubt or not covered.wholly
    return Found(surely_absent=not doubt)


def _find_private_reply(graph: Graph, account: AccountCredentials, message: OutgoingMessage, since: datetime) -> Found:
    """By the comment itself: Meta tells in which conversation it was answered privately, and whether that still may
    be. It may be once, so that as long as it may it was surely not."""
    try:
        comment = graph.get(message.private_reply_to, fields=PRIVATE_REPLY_FIELDS)
    except PermanentFailure as failure:
        if failure.reason != "gone":
            raise
        return Found()
    place = ident(mapping(comment.get("private_reply_conversation")).get("id"))
    if not place:
        return Found(surely_absent=comment.get("can_reply_privately") is True)
    for found in _all(graph, f"{place}/messages", _Covered(), until=since, fields=MESSAGE_FIELDS):
        at, sender = moment(found.get("created_time")), ident(mapping(found.get("from")).get("id"))
        if at is None or at < since or sender != account.external_id:
            continue
        if _same(message.text, text(found.get("message"))):
            people = [ident(mapping(person).get("id")) for person in _data(found, "to")]
            citizen = next((person for person in people if person != account.external_id), "")
            return Found(sent=SentMessage(external_id=ident(found.get("id")), sent_at=at, thread_id=citizen))
    return Found()


def _participant(graph: Graph, account: AccountCredentials, external_id: str) -> dict[str, Any]:
    conversations = graph.get(
        f"{account.external_id}/conversations", platform="messenger", user_id=external_id, fields="participants"
    )
    people = [
        mapping(person)
        for conversation in listing(conversations.get("data"))
        for person in _data(mapping(conversation), "participants")
    ]
    return next((person for person in people if ident(person.get("id")) == external_id), {})


# -- fetch_since ---------------------------------------------------------------------------------------------


def _feed_since(graph: Graph, account: AccountCredentials, since: datetime) -> Iterator[IncomingMessage]:
    path = f"{account.external_id}/feed"
    for post in _all(graph, path, _Covered(), max_pages=MAX_POST_PAGES, fields=POST_FIELDS):
        post_id, author = ident(post.get("id")), _person(post.get("from"))
        at = moment(post.get("created_time"))
        if not post_id or at is None:
            continue
        if at >= since and author.external_id != account.external_id:
            yield IncomingMessage(
                account_id=account.external_id,
                external_id=post_id,
                thread_id=post_id,
                public=True,
                author=author,
                peer=author,
                text=text(post.get("message")),
                sent_at=at,
                kind="visitor_post",
                attachments=tuple(_media(found) for found in _data(post, "attachments")),
                url=text(post.get("permalink_url")) or f"https://www.facebook.com/{post_id}",
            )
        if (moment(post.get("updated_time")) or since) >= since:
            yield from _comments_since(graph, account, post_id, since)


def _comments_since(
    graph: Graph, account: AccountCredentials, post_id: str, since: datetime
) -> Iterator[IncomingMessage]:
    path = f"{post_id}/comments"
    newest_first = "reverse_chronological"
    for comment in _all(
        graph, path, _Covered(), until=since, fields=COMMENT_FIELDS, filter="stream", order=newest_first
    ):
        comment_id, at = ident(comment.get("id")), moment(comment.get("created_time"))
        if not comment_id or at is None or at < since:
            continue
        author = _person(comment.get("from"))
        from_us = author.external_id == account.external_id
        parent_id = ident(mapping(comment.get("parent")).get("id"))
        thread_id, in_reply_to = comment_thread(comment_id, parent_id, post_id)
        media = mapping(comment.get("attachment"))
        yield IncomingMessage(
            account_id=account.external_id,
            external_id=comment_id,
            thread_id=thread_id,
            public=True,
            author=author,
            peer=None if from_us else author,
            from_us=from_us,
            text=text(comment.get("message")),
            sent_at=at,
            in_reply_to=in_reply_to,
            kind="comment",
            attachments=(_media(media),) if media else (),
            url=text(comment.get("permalink_url")) or comment_url("", comment_id),
        )


def _messages_since(graph: Graph, account: AccountCredentials, since: datetime) -> Iterator[IncomingMessage]:
    path = f"{account.external_id}/conversations"
    for conversation in _all(graph, path, _Covered(), platform="messenger", fields="id,updated_time,participants"):
        updated = moment(conversation.get("updated_time"))
        if updated is not None and updated < since:
            break  # newest first
        people = [_person(found) for found in _data(conversation, "participants")]
        peer = next((found for found in people if found.external_id != account.external_id), None)
        messages = f"{ident(conversation.get('id'))}/messages"
        for message in _all(graph, messages, _Covered(), until=since, fields=MESSAGE_FIELDS):
            at, author = moment(message.get("created_time")), _person(message.get("from"))
            mid = ident(message.get("id"))
            if not mid or at is None or at < since:
                continue
            from_us = author.external_id == account.external_id
            other = peer if from_us else author
            if other is None or not other.external_id:
                continue  # nobody to file it under; the webhook, if it comes, names them
            yield IncomingMessage(
                account_id=account.external_id,
                external_id=mid,
                thread_id=other.external_id,
                public=False,
                author=author,
                peer=other,
                from_us=from_us,
                text=text(message.get("message")),
                sent_at=at,
                attachments=_message_files(message),
            )


# -- the pieces ----------------------------------------------------------------------------------------------


def _all(
    graph: Graph,
    path: str,
    covered: _Covered,
    *,
    until: datetime | None = None,
    max_pages: int = 0,
    **fields: str,
) -> Iterator[dict[str, Any]]:
    """Every object of a list, page by page; with ``until`` a list that is newest first is left at an older
    one.

    The cursor is used, never Meta's ready-made "next" address: that one holds the token."""
    after: dict[str, str] = {}
    for _page in range(max_pages or MAX_PAGES):
        answer = graph.get(path, limit=str(PAGE_SIZE), **fields, **after)
        listed = [mapping(found) for found in listing(answer.get("data"))]
        times = [at for at in (moment(found.get("created_time")) for found in listed) if at is not None]
        newest_first = times == sorted(times, reverse=True)  # else an old one says nothing of the rest
        for found in listed:
            at = moment(found.get("created_time"))
            if until is not None and newest_first and at is not None and at < until:
                covered.wholly = True
                return
            yield found
        paging = mapping(answer.get("paging"))
        cursor = text(mapping(paging.get("cursors")).get("after"))
        if not paging.get("next") or not cursor:
            covered.wholly = not paging.get("next")
            return
        after = {"after": cursor}


def _same(ours: str, theirs: str) -> bool:
    """Equal but for white space at the ends, line ends and the way accents are written."""

    def plain(value: str) -> str:
        return " ".join(unicodedata.normalize("NFC", value).split())

    return plain(ours) == plain(theirs)


def _person(value: Any) -> Person:
    found = mapping(value)
    return Person(external_id=ident(found.get("id")), name=text(found.get("name")))


def _data(value: dict[str, Any], edge: str) -> list[Any]:
    return listing(mapping(value.get(edge)).get("data"))


def _media(value: Any) -> Attachment:
    """A post's or comment's attachment as the Graph API describes it."""
    found = mapping(value)
    media = mapping(found.get("media"))
    picture = text(mapping(media.get("image")).get("src"))
    kind = text(found.get("type"))
    if "video" in kind:
        return Attachment(kind="video", url=text(media.get("source")) or text(found.get("url")))
    if picture and ("photo" in kind or "image" in kind):
        return Attachment(kind="image", url=picture)
    if "sticker" in kind:
        return Attachment(kind="sticker", url=picture or text(found.get("url")))
    return Attachment(kind="link", url=text(found.get("url")), name=text(found.get("title")))


def _message_files(message: dict[str, Any]) -> tuple[Attachment, ...]:
    """The attachments of a message as the Conversations API describes them."""
    files = []
    for found in map(mapping, _data(message, "attachments")):
        picture, film = mapping(found.get("image_data")), mapping(found.get("video_data"))
        mime = text(found.get("mime_type"))
        kind = "image" if picture else "video" if film else "audio" if mime.startswith("audio/") else "file"
        url = text(picture.get("url")) or text(film.get("url")) or text(found.get("file_url"))
        files.append(
            Attachment(
                kind=kind,
                url=url,
                content_type=mime,
                name=text(found.get("name")),
                external_id=ident(found.get("id")),
            )
        )
    if text(message.get("sticker")):
        files.append(Attachment(kind="sticker", url=text(message.get("sticker"))))
    return tuple(files)
