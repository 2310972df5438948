"""Payloads written by others, where they are present: each gives what it holds, or a reason."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.connectors.x.parse import parse
from channels.messages import AccessRevoked, DeliveryReceipt, Ignored, IncomingMessage, Item, MessageDeleted

FOLDER = Path(__file__).parents[5] / "shared" / "payloads" / "x"
RECEIVED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DEVS = "2244994945"
EXAMPLE = "1111111111111111111"
OTHER = "2222222222222222222"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared payloads are not here")

# What each file says, in short: see ``summary``.
EXPECTED = {
    "aaa_dm_mark_read": [("read", "199566737")],
    "aaa_dm_message_create_with_apps": [
        ("message", "954491830116155396", "3001969357", "in", "Hello World!", True),
    ],
    "aaa_dm_typing": [("ignored", "typing")],
    "aaa_replay_job_complete": [("ignored", "replay job status")],
    "aaa_tweet_delete": [("deleted", "1045405559317569537")],
    "aaa_user_event_revoke": [("revoked", "63046977")],
    "filtered_stream_webhook_post": [("ignored", "filtered stream: no account named")],
    "v11_tweet_extended": [
        (
            "message",
            "1296121314218897408",
            "1296121314218897408",
            "echo",
            "The hide replies endpoint is launching today! ",
            True,
        )
    ],
    "v11_tweet_plain": [
        (
            "reply",
            "1307025659294674945",
            "1304102743196356610",
            "echo",
            "Here’s an article that highlights the updates in the new Tweet payload v2 "
            "https://dev.to/twitterdev/understanding-the-new-tweet-payload-in-the-twitter-api-v2-1fg5",
            True,
        )
    ],
    "v11_tweet_quote": [
        (
            "quote",
            "1328399838128467969",
            "1328399838128467969",
            "echo",
            "As planned, the Labs v2 endpoints referenced below have now been retired. Please let us know in the "
            "forums if you have questions or need help with the X API v2! "
            "https://x.com/XDevelopers/status/1327011423252144128",
            True,
        )
    ],
    "v11_tweet_reply": [
        (
            "reply",
            "1296887316556980230",
            "1296887091901718529",
            "echo",
            "See how @PennMedCDH are using X data to understand the COVID-19 health crisis 📊",
            True,
        )
    ],
    "v11_tweet_retweet": [("ignored", "repost")],
    "xaa_chat_received": [("ignored", "encrypted chat")],
    "xaa_dm_received": [("message", "2080765901528535096", OTHER, "in", "hello!", True)],
    "xaa_dm_sent": [("message", "2080763914820927863", DEVS, "echo", "Thanks for the update!", True)],
    "xaa_follow_follow": [("ignored", "follow")],
    "xaa_like_create": [("ignored", "like")],
    "xaa_news_new": [("ignored", "unknown kind news.new")],
    "xaa_oauth_revoke": [("revoked", EXAMPLE)],
    "xaa_post_create": [
        ("message", "2080761390344937796", "2080761390344937796", "echo", "Hello from the Activity API", True)
    ],
    "xaa_post_delete": [("deleted", "2080761269309813134")],
    "xaa_post_mention_create": [
        ("mention", "2080765813578191303", "2080765813578191303", "in", "hey @ExampleUser", True)
    ],
    "xaa_post_reply_create": [
        (
            "reply",
            "2090000000000000001",
            "2080761390344937796",
            "in",
            "@ExampleUser Great post — thanks for sharing!",
            True,
        )
    ],
    "xaa_post_repost_create": [("ignored", "repost")],
    "xaa_profile_update_screenname": [("ignored", "unknown kind profile.update.screenname")],
}
API_ANSWERS = "v2_"  # no webhooks; they are for the reading side


def summary(item: Item) -> tuple[object, ...]:
    match item:
        case IncomingMessage():
            way = "echo" if item.from_us else "in"
            return (item.kind, item.external_id, item.thread_id, way, item.text.split("\n")[0], item.answerable)
        case DeliveryReceipt():
            return (item.state.value, item.thread_id)
        case MessageDeleted():
            return ("deleted", item.external_id)
        case AccessRevoked():
            return ("revoked", item.account_id)
        case Ignored():
            return ("ignored", item.reason)
    raise AssertionError(item)


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json")) if FOLDER.is_dir() else []


@pytest.mark.parametrize("name", names())
def test_payload_gives_what_it_holds(name: str) -> None:
    body = (FOLDER / f"{name}.json").read_bytes()
    if name.startswith("v11_"):
        body = json.dumps({"for_user_id": DEVS, "tweet_create_events": [json.loads(body)]}).encode()
    found = [summary(item) for item in parse(body, RECEIVED)]
    unknown = [("ignored", "unknown envelope")] if name.startswith(API_ANSWERS) else None
    assert found == EXPECTED.get(name, unknown)
