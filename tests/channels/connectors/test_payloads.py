"""Payloads that others recorded, through the real webhook into the database: read, or ignored with a reason.

They are no part of the project; without them there is nothing to ask here.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from channels.events import items_of
from channels.messages import Ignored, Item
from channels.models import InboundEvent
from channels.registry import CONNECTORS
from tests.channels.signing import PUBLIC, address, content_type, encoded, headers

FOLDER = Path(__file__).parents[4] / "shared" / "payloads"
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*.json"))
IGNORED = "Ignored"
# What must come out; any other file: anything at all, as long as there is a reason where it is ignored.
EXPECTED: dict[str, list[str]] = {
    "facebook/app_dashboard_test_messages_change.json": [IGNORED],
    "facebook/batch_single_text.json": ["IncomingMessage"],
    "facebook/event_audio.json": ["IncomingMessage"],
    "facebook/event_delivery.json": ["DeliveryReceipt", "DeliveryReceipt"],
    "facebook/event_echo_with_app_id.json": ["IncomingMessage"],
    "facebook/event_file.json": ["IncomingMessage"],
    "facebook/event_image.json": ["IncomingMessage"],
    "facebook/event_pass_thread_control.json": [IGNORED],
    "facebook/event_policy_enforcement.json": ["AccessRevoked"],
    "facebook/event_postback.json": ["IncomingMessage"],
    "facebook/event_quick_reply.json": ["IncomingMessage"],
    "facebook/event_reaction_react.json": ["Reacted"],
    "facebook/event_reaction_unreact.json": ["Reacted"],
    "facebook/event_read.json": ["DeliveryReceipt"],
    "facebook/event_text.json": ["IncomingMessage"],
    "facebook/event_video.json": ["IncomingMessage"],
    "whatsapp/in_image_empty_body.json": ["IncomingMessage"],
    "whatsapp/in_location_schiphol.json": ["IncomingMessage"],
    "whatsapp/status_delivered_eventtype.json": ["DeliveryReceipt"],
    "whatsapp/status_sent.json": ["DeliveryReceipt"],
    "x/aaa_dm_mark_read.json": ["DeliveryReceipt"],
    "x/aaa_dm_message_create_with_apps.json": ["IncomingMessage"],
    "x/aaa_dm_typing.json": [IGNORED],
    "x/aaa_replay_job_complete.json": [IGNORED],
    "x/aaa_tweet_delete.json": ["MessageDeleted"],
    "x/aaa_user_event_revoke.json": ["AccessRevoked"],
    "x/filtered_stream_webhook_post.json": [IGNORED],
    "x/v11_tweet_extended.json": ["IncomingMessage"],
    "x/v11_tweet_plain.json": ["IncomingMessage"],
    "x/v11_tweet_quote.json": ["IncomingMessage"],
    "x/v11_tweet_reply.json": ["IncomingMessage"],
    "x/v11_tweet_retweet.json": [IGNORED],
    "x/v2_429_body_legacy_errors_array.json": [IGNORED],
    "x/v2_get_dm_events_expanded.json": [IGNORED],
    "x/v2_get_users_id_mentions_page.json": [IGNORED],
    "x/v2_partial_errors_200.json": [IGNORED],
    "x/v2_problem_invalid_request.json": [IGNORED],
    "x/xaa_chat_received.json": [IGNORED],
    "x/xaa_dm_received.json": ["IncomingMessage"],
    "x/xaa_dm_sent.json": ["IncomingMessage"],
    "x/xaa_follow_follow.json": [IGNORED],
    "x/xaa_like_create.json": [IGNORED],
    "x/xaa_news_new.json": [IGNORED],
    "x/xaa_oauth_revoke.json": ["AccessRevoked"],
    "x/xaa_post_create.json": ["IncomingMessage"],
    "x/xaa_post_delete.json": ["MessageDeleted"],
    "x/xaa_post_mention_create.json": ["IncomingMessage"],
    "x/xaa_post_reply_create.json": ["IncomingMessage"],
    "x/xaa_post_repost_create.json": [IGNORED],
    "x/xaa_profile_update_screenname.json": [IGNORED],
}

pytestmark = pytest.mark.skipif(not FILES, reason="the recorded payloads are not here")


def enveloped(name: str, found: Any) -> Any:
    """A whole webhook body: some files hold one element only."""
    kind, _, file = name.partition("/")
    if kind == "facebook" and file.startswith("event_"):
        page = found.get("recipient", {}).get("id", "1")
        return {"object": "page", "entry": [{"id": page, "time": 1458692752478, "messaging": [found]}]}
    if kind == "x" and file.startswith("v11_tweet_"):
        return {"for_user_id": "2244994945", "tweet_create_events": [found]}
    return found


def delivered(name: str) -> list[Item]:
    """What the parsed event holds after the signed webhook was taken in."""
    kind = name.partition("/")[0]
    body = encoded(kind, enveloped(name, json.loads((FOLDER / name).read_bytes())))
    response = Client().post(address(kind), body, content_type=content_type(kind), headers=headers(kind, body))
    assert response.status_code in {200, 204}
    return items_of(InboundEvent.objects.get())


@pytest.fixture(autouse=True)
def public_url(settings: Any) -> None:
    settings.PUBLIC_URL = PUBLIC


@pytest.mark.parametrize("name", FILES)
def test_payload_is_read_or_ignored_with_a_reason(name: str, apps: dict) -> None:
    items = delivered(name)
    assert len(items) > 0
    assert [item for item in items if isinstance(item, Ignored) and not item.reason] == []
    if name in EXPECTED:
        assert [type(item).__name__ for item in items] == EXPECTED[name]


def test_every_kind_has_payloads() -> None:
    assert sorted({name.partition("/")[0] for name in FILES}) == sorted(CONNECTORS)
