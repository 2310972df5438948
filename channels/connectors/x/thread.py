"""A post on X with the replies of the last week, to read a conversation in its context. Costs money."""

import structlog

from channels.clock import now
from channels.connectors.x import posts
from channels.connectors.x.client import XClient
from channels.connectors.x.read import POST_FIELDS
from channels.connectors.x.values import Json, items, obj
from channels.messages import IncomingMessage

log = structlog.get_logger(__name__)

MOST = 49  # with the post itself fifty, at $0.005 each (docs.x.com/x-api/getting-started/pricing)


def fetch(client: XClient, root_id: str) -> list[IncomingMessage]:
    """The post first, when X still has it, then the newest MOST others with the same conversation_id, oldest first.

    X searches the last seven days for everyone who pays by use. Two calls. Raises PermanentFailure or
    TemporaryFailure."""
    root = client.read(client.tweepy.get_tweet, root_id, **POST_FIELDS)
    post = obj(root.get("data"))
    found = _read(client, [post] if post else [], root)
    answer = client.read(
        client.tweepy.search_recent_tweets,
        f"conversation_id:{root_id}",
        max_results=MOST,
        **POST_FIELDS,
    )
    others = [item for item in _read(client, items(answer.get("data")), answer) if item.external_id != root_id]
    return found + sorted(others, key=lambda item: (item.sent_at, len(item.external_id), item.external_id))


def _read(client: XClient, listed: list[Json], page: Json) -> list[IncomingMessage]:
    made = []
    for post in listed:
        try:
            item = posts.read_post(post, obj(page.get("includes")), client.account.external_id, now())
        except ValueError as error:
            log.warning("x_unreadable_item", error=str(error))
            continue
        if isinstance(item, IncomingMessage):
            made.append(item)
    return made
