"""Asking X: is our answer there, what came in since, does our access work?"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog

from channels.clock import now
from channels.connector import Found, Health, Tally
from channels.connectors.x import dms, posts
from channels.connectors.x.client import XClient
from channels.connectors.x.length import link_spans
from channels.connectors.x.values import Json, ident, items, obj, text, when
from channels.errors import PermanentFailure, SendError, TemporaryFailure
from channels.messages import IncomingMessage, OutgoingMessage, SentMessage

log = structlog.get_logger(__name__)

SLACK = timedelta(seconds=60)  # how far X's clock and ours may differ
SETTLE = timedelta(seconds=5)  # so long after a post X's lists may not show it yet
ROUNDS_APART = timedelta(minutes=2)  # GET /2/dm_events: 15 calls in 15 minutes, and a round with news needs two
MAX_PAGES = 40  # the newest 800 mentions, and 3,200 posts, fit in fewer

POST_FIELDS: dict[str, Any] = {
    "tweet_fields": "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,in_reply_to_user_id,"
    "note_tweet,referenced_tweets,attachments,lang",
    "expansions": "author_id,in_reply_to_user_id,referenced_tweets.id,referenced_tweets.id.author_id,"
    "attachments.media_keys",
    "user_fields": "name,username,profile_image_url",
    "media_fields": "type,url,preview_image_url,variants,alt_text",
}
DM_TYPES = "MessageCreate"
DM_FIELDS: dict[str, Any] = {
    "dm_event_fields": "id,event_type,text,sender_id,created_at,dm_conversation_id,attachments,entities",
    "expansions": "sender_id,participant_ids,attachments.media_keys",
    "user_fields": "name,username,profile_image_url",
    "media_fields": "type,url,preview_image_url,variants,alt_text",
    "event_types": DM_TYPES,
    "max_results": 100,
}
# Small first, as X charges for each; 15 calls are allowed in 15 minutes.
DM_PAGES = (4, 16, 64, *(100,) * 11)


def find_sent(client: XClient, message: OutgoingMessage, since: datetime) -> Found:
    """Is ``message``, handed over at or after ``since`` (aware UTC), at X?

    Compares whom it answers and what it says. Surely absent only when X listed everything from then until now.
    Raises TemporaryFailure with a time when it is too early to tell, else as ``send`` (never UnknownOutcome).
    """
    if now() - since < SETTLE:
        raise TemporaryFailure("", "busy", "too early to tell", retry_at=since + SETTLE)
    return _find_post(client, message, since) if message.public else _find_direct(client, message, since)


def _find_post(client: XClient, message: OutgoingMessage, since: datetime) -> Found:
    account = client.account
    wanted = comparable(message.text)
    pages = _pages(
        client,
        client.tweepy.get_users_tweets,
        account.external_id,
        max_results=100,
        start_time=since - SLACK,
        **POST_FIELDS,
    )
    covered = False
    for page in pages:
        for post in items(page.get("data")):
            references = {text(item.get("type")): ident(item, "id") for item in items(post.get("referenced_tweets"))}
            if references.get("replied_to", "") == message.in_reply_to and same(posts.post_text(post), wanted):
                post_id = ident(post, "id")
                return Found(
                    sent=SentMessage(
                        external_id=post_id,
                        url=posts.permalink(account.handle, post_id),
                        sent_at=when(post.get("created_at"), now()),
                    )
                )
        covered = _is_last(page)
    return Found(surely_absent=covered)


def _find_direct(client: XClient, message: OutgoingMessage, since: datetime) -> Found:
    wanted = comparable(message.text)
    start = since - SLACK
    covered = False
    for page in _pages(client, client.tweepy.get_direct_message_events, participant_id=message.to, **DM_FIELDS):
        events = items(page.get("data"))
        for event in events:
            at = when(event.get("created_at"), now())
            ours = ident(event, "sender_id") == client.account.external_id
            written = posts.unshortened(text(event.get("text")), items(obj(event.get("entities")).get("urls")))
            if ours and at >= start and same(written, wanted):
                return Found(
                    sent=SentMessage(
                        external_id=ident(event, "id"),
                        sent_at=at,
                        thread_id=ident(event, "dm_conversation_id"),
                    )
                )
        covered = _is_last(page) or any(when(event.get("created_at"), now()) < start for event in events)
        if covered:
            break
    return Found(surely_absent=covered)


def comparable(written: str) -> str:
    """A text as it compares after a round through X: no mentions in front, no link schemes, one kind of space."""
    written = unicodedata.normalize("NFC", written)
    written = re.sub(r"^(?:\s*@[A-Za-z0-9_]{1,15}\b)+", "", written)
    written = re.sub(r"https?://(?:www\.)?", "", written, flags=re.IGNORECASE)
    written = re.sub(r"/(?=\s|$)", "", written)
    return " ".join(written.split())


def same(found: str, wanted: str) -> bool:
    """Whether ``found`` at X is the text ``wanted`` (already comparable). A t.co that X did not explain may stand
    for any link, and at the end for a file that came along."""
    found = comparable(found)
    if found == wanted:
        return True
    if "t.co/" not in found:
        return False
    masked = _masked(found)
    return masked == _masked(wanted) or masked.removesuffix("<link>").rstrip() == _masked(wanted)


def _masked(written: str) -> str:
    for start, end in reversed(link_spans(written)):
        written = f"{written[:start]}<link>{written[end:]}"
    return written


def fetch_since(
    client: XClient, since: datetime, last_seen: str = "", tally: Tally | None = None
) -> Iterator[IncomingMessage]:
    """Mentions, replies to us and direct messages (ours too) since then (aware UTC), oldest first.

    Mentions after the post ``last_seen``, or without one from ``since`` on; the caller keeps it far enough behind that
    a post which X lists late still lies after it. X keeps the newest 800 mentions and 30 days of direct messages;
    quotes without a mention are in neither list. With ``direct_messages: false`` in the account's settings those are
    left out. What came before a SendError is given first.

    What X charges (docs.x.com/x-api/getting-started/pricing): $0.001 a mention of the app's owner ($0.005 otherwise),
    $0.010 a direct message, each once in a UTC day however often it is read. A round with nothing missed lists no
    mention, and one direct message: at most $0.01 a day. With n missed: n mentions; n direct messages and at most
    3 n + 4 older ones, to know that none lies between.
    """
    tally = tally or Tally()
    found: list[IncomingMessage] = []
    failure: SendError | None = None
    reading = [_mentions(client, since, last_seen, tally)]
    if client.account.settings.get("direct_messages", True):
        reading.append(_directs(client, since, tally))
    for messages in reading:  # the one may be refused or used up while the other is not
        try:
            for message in messages:
                found.append(message)  # noqa: PERF402  (extend would lose all when it breaks off)
        except SendError as error:
            failure = failure or error
    # Ids grow with time too, and decide within a millisecond.
    yield from sorted(found, key=lambda item: (item.sent_at, len(item.external_id), item.external_id))
    if failure:
        raise failure


def _mentions(client: XClient, since: datetime, last_seen: str, tally: Tally) -> Iterator[IncomingMessage]:
    account_id = client.account.external_id
    method = client.tweepy.get_users_mentions
    start = {"since_id": last_seen} if last_seen.isdecimal() else {"start_time": since}
    for page in _pages(client, method, account_id, max_results=100, **start, **POST_FIELDS):
        includes = obj(page.get("includes"))
        listed = items(page.get("data"))
        tally.listed += len(listed)
        for post in listed:
            try:
                read = posts.read_post(post, includes, account_id, now(), event="post.mention.create")
            except ValueError as error:
                log.warning("x_unreadable_item", error=str(error))
                continue
            if isinstance(read, IncomingMessage):
                yield read


def _directs(client: XClient, since: datetime, tally: Tally) -> Iterator[IncomingMessage]:
    """X knows no since_id here: the newest one alone tells whether there is anything to read."""
    method = client.tweepy.get_direct_message_events
    page = client.read(method, dm_event_fields="id,created_at", max_results=1, event_types=DM_TYPES)
    newest = items(page.get("data"))
    if not newest or when(newest[0].get("created_at"), since) < since:
        tally.listed += len(newest)
        return
    token: dict[str, str] = {}
    for size in DM_PAGES:  # the first page lists the newest one again, which X charges once
        page = client.read(method, **token, **{**DM_FIELDS, "max_results": size})
        includes = obj(page.get("includes"))
        listed = items(page.get("data"))
        tally.listed += len(listed)
        for event in listed:
            try:
                read = dms.read_listed(event, includes, client.account.external_id, now())
            except ValueError as error:
                log.warning("x_unreadable_item", error=str(error))
                continue
            if not isinstance(read, IncomingMessage):
                continue
            if read.sent_at < since:  # newest first: what comes next is older still
                return
            yield read
        if not _next(page):
            return
        token = {"pagination_token": _next(page)}


def _pages(client: XClient, method: Any, *args: Any, **params: Any) -> Iterator[Json]:
    token = ""
    for _ in range(MAX_PAGES):
        page = client.read(method, *args, **params, **({"pagination_token": token} if token else {}))
        yield page
        token = _next(page)
        if not token:
            return


def _next(page: Json) -> str:
    return text(obj(page.get("meta")).get("next_token"))


def _is_last(page: Json) -> bool:
    """Whether nothing comes after this page. Without a count it was no list, and says nothing."""
    return not _next(page) and isinstance(obj(page.get("meta")).get("result_count"), int)


def check(client: XClient) -> Health:
    """Does our access work? A refusal is an answer; being told to slow down, or not reaching X, is none and raises
    TemporaryFailure. Whether X still calls us: webhooks.problem."""
    try:
        user = obj(client.read(client.tweepy.get_me, user_fields="name,username").get("data"))
    except PermanentFailure as refused:
        return Health(ok=False, reason=refused.reason, code=refused.code)
    handle = text(user.get("username"))
    name = f"@{handle}" if handle else text(user.get("name"))
    if ident(user, "id") != client.account.external_id:
        return Health(ok=False, reason="configuration", code="other account", name=name)
    return Health(ok=True, name=name)
