"""X's webhooks in the X Activity envelope, in filtered streams, and whatever else may come."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.connectors.x.connector import XConnector
from channels.connectors.x.parse import parse
from channels.errors import MalformedEvent
from channels.http import PlatformSession
from channels.messages import (
    AccessRevoked,
    AppCredentials,
    Attachment,
    Context,
    DeliveryReceipt,
    Ignored,
    IncomingMessage,
    Item,
    MessageDeleted,
    Person,
    ReceiptState,
    WebhookRequest,
)

RECEIVED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
AT = datetime(2026, 11, 23, 8, 59, 30, tzinfo=UTC)
US, AISHA, HENK = "2244994945001", "9007199254741001", "9007199254741002"
PERSON = Person(external_id=AISHA, name="Aïsha Benali", handle="aisha_b", avatar_url="https://pbs.twimg.com/a.jpg")
USERS = [
    {"id": AISHA, "name": "Aïsha Benali", "username": "aisha_b", "profile_image_url": "https://pbs.twimg.com/a.jpg"},
    {"id": US, "name": "Gemeente Waterkant", "username": "gemwaterkant"},
]
MENTION_OF_US = {"start": 0, "end": 13, "username": "gemwaterkant", "id": US}


def activity(kind: str, payload: Any, includes: Any = None, **more: Any) -> bytes:
    data = {"event_uuid": "1", "filter": {"user_id": US}, "event_type": kind, "payload": payload, **more}
    return json.dumps({"data": {**data, **({"includes": includes} if includes is not None else {})}}).encode()


def post(**more: Any) -> dict[str, Any]:
    return {
        "id": "2080765813578191303",
        "author_id": AISHA,
        "text": "@gemwaterkant mijn container &amp; die van de buren",
        "created_at": "2026-11-23T08:59:30.000Z",
        "conversation_id": "2080765813578191303",
        "edit_history_tweet_ids": ["2080765813578191303"],
        "entities": {"mentions": [MENTION_OF_US]},
        **more,
    }


def read(body: bytes) -> list[Item]:
    return parse(body, RECEIVED)


def message(body: bytes) -> IncomingMessage:
    (found,) = read(body)
    assert isinstance(found, IncomingMessage)
    return found


def test_mention_becomes_a_message_that_may_be_answered() -> None:
    assert read(activity("post.mention.create", post(), {"users": USERS})) == [
        IncomingMessage(
            account_id=US,
            external_id="2080765813578191303",
            thread_id="2080765813578191303",
            public=True,
            author=PERSON,
            peer=PERSON,
            text="@gemwaterkant mijn container & die van de buren",
            sent_at=AT,
            kind="mention",
            url="https://x.com/aisha_b/status/2080765813578191303",
        )
    ]


def test_users_wrapped_in_data_are_read() -> None:
    wrapped = {"users": [{"data": user} for user in USERS]}
    assert message(activity("post.mention.create", post(), wrapped)).author == PERSON


def test_author_that_was_not_sent_along_is_known_by_id_alone() -> None:
    assert message(activity("post.mention.create", post(), {})).author == Person(external_id=AISHA)


def test_reply_belongs_to_its_conversation_and_brings_its_parent() -> None:
    parent = {"id": "77", "author_id": US, "text": "Kijk op https://t.co/a1", "conversation_id": "70"}
    parent["entities"] = {"urls": [{"url": "https://t.co/a1", "expanded_url": "https://waterkant.nl"}]}
    found = message(
        activity(
            "post.reply.create",
            post(
                conversation_id="70",
                in_reply_to_user_id=US,
                referenced_tweets=[{"type": "replied_to", "id": "77"}],
            ),
            {"users": USERS, "tweets": [parent]},
        )
    )
    assert (found.kind, found.thread_id, found.in_reply_to, found.answerable) == ("reply", "70", "77", True)
    assert found.context == Context(
        external_id="77",
        text="Kijk op https://waterkant.nl",
        author_name="Gemeente Waterkant",
        url="https://x.com/gemwaterkant/status/77",
        from_us=True,
    )


def test_reply_that_does_not_name_us_may_not_be_answered() -> None:
    body = activity(
        "post.reply.create",
        post(text="Nou, mooi is dat", entities={}, referenced_tweets=[{"type": "replied_to", "id": "77"}]),
        {"users": USERS},
    )
    assert message(body).answerable is False


def test_reply_that_names_us_by_handle_only_may_be_answered() -> None:
    entities = {"mentions": [{"username": "GemWaterkant"}]}
    references = [{"type": "replied_to", "id": "77"}]
    body = activity("post.reply.create", post(entities=entities, referenced_tweets=references), {"users": USERS})
    assert message(body).answerable is True


def test_quote_of_our_post_may_be_answered_without_a_mention() -> None:
    found = message(
        activity(
            "post.quote.create",
            post(text="Lees dit", entities={}, referenced_tweets=[{"type": "quoted", "id": "77"}]),
            {"users": USERS, "tweets": [{"id": "77", "author_id": US, "text": "Restafval"}]},
        )
    )
    assert (found.kind, found.answerable, found.in_reply_to) == ("quote", True, "")
    assert found.context is not None
    assert (found.context.external_id, found.context.from_us) == ("77", True)


def test_own_post_is_an_echo_to_whom_it_answers() -> None:
    found = message(
        activity(
            "post.create",
            post(
                author_id=US,
                text="@aisha_b Dat zoeken we uit",
                in_reply_to_user_id=AISHA,
                referenced_tweets=[{"type": "replied_to", "id": "77"}],
            ),
            {"users": USERS},
        )
    )
    assert (found.from_us, found.author.handle, found.peer, found.in_reply_to) == (True, "gemwaterkant", PERSON, "77")


def test_own_post_that_answers_nobody_has_no_peer() -> None:
    assert message(activity("post.create", post(author_id=US), {"users": USERS})).peer is None


def test_edited_post_names_the_versions_it_replaces() -> None:
    body = activity("post.mention.create", post(id="93", edit_history_tweet_ids=["91", "92", "93"]))
    assert message(body).previous_ids == ("91", "92")


def test_long_post_is_whole() -> None:
    note = {"text": "Een heel lang verhaal over https://t.co/b2", "entities": {"urls": []}}
    note["entities"] = {"urls": [{"url": "https://t.co/b2", "expanded_url": "https://nl.wikipedia.org/?a=1&copy=2"}]}
    body = activity("post.mention.create", post(text="Een heel…", note_tweet=note))
    assert message(body).text == "Een heel lang verhaal over https://nl.wikipedia.org/?a=1&copy=2"


def test_one_short_link_that_begins_another_is_left_alone() -> None:
    urls = [
        {"url": "https://t.co/a", "expanded_url": "https://een.nl"},
        {"url": "https://t.co/ab", "expanded_url": "https://twee.nl"},
    ]
    body = activity("post.mention.create", post(text="https://t.co/ab https://t.co/a", entities={"urls": urls}))
    assert message(body).text == "https://twee.nl https://een.nl"


def test_photo_and_video_become_attachments_and_their_link_leaves_the_text() -> None:
    media = [
        {"media_key": "3_1", "type": "photo", "url": "https://pbs.twimg.com/m/1.jpg", "alt_text": "Een container"},
        {
            "media_key": "7_2",
            "type": "video",
            "preview_image_url": "https://pbs.twimg.com/m/2.png",
            "variants": [
                {"content_type": "application/x-mpegURL", "url": "https://video.twimg.com/2.m3u8"},
                {"content_type": "video/mp4", "bit_rate": 100, "url": "https://video.twimg.com/klein.mp4"},
                {"content_type": "video/mp4", "bit_rate": 900, "url": "https://video.twimg.com/groot.mp4"},
            ],
        },
        {"media_key": "16_3", "type": "animated_gif", "preview_image_url": "https://pbs.twimg.com/m/3.png"},
    ]
    body = activity(
        "post.mention.create",
        post(
            text="@gemwaterkant kijk https://t.co/m1",
            entities={"urls": [{"url": "https://t.co/m1", "expanded_url": "https://x.com/p", "media_key": "3_1"}]},
            attachments={"media_keys": ["3_1", "7_2", "16_3", "3_9"]},
        ),
        {"media": media},
    )
    found = message(body)
    assert found.text == "@gemwaterkant kijk"
    assert found.attachments == (
        Attachment(
            kind="image",
            url="https://pbs.twimg.com/m/1.jpg",
            content_type="image/jpeg",
            external_id="3_1",
            text="Een container",
        ),
        Attachment(kind="video", url="https://video.twimg.com/groot.mp4", content_type="video/mp4", external_id="7_2"),
        Attachment(kind="image", url="https://pbs.twimg.com/m/3.png", content_type="image/png", external_id="16_3"),
        Attachment(kind="image", external_id="3_9"),
    )


def test_what_a_database_cannot_keep_is_taken_out() -> None:
    assert message(activity("post.mention.create", post(text="a\x00b \ud83d c"))).text == "ab ? c"


def test_repost_and_its_like_are_ignored_with_the_reason() -> None:
    repost = post(referenced_tweets=[{"type": "retweeted", "id": "77"}])
    assert read(activity("post.create", repost)) == [Ignored(reason="repost", account_id=US)]
    for kind, reason in {
        "post.repost.create": "repost",
        "like.create": "like",
        "follow.follow": "follow",
        "follow.unfollow": "follow",
        "dm.indicate_typing": "typing",
        "chat.received": "encrypted chat",
        "news.new": "unknown kind news.new",
        "profile.update.bio": "unknown kind profile.update.bio",
    }.items():
        assert read(activity(kind, {"id": "1"})) == [Ignored(reason=reason, account_id=US)]


def test_delete_is_at_the_time_we_heard_when_x_gives_none() -> None:
    gone = {"id": "91", "author_id": AISHA}
    assert read(activity("post.delete", gone)) == [MessageDeleted(account_id=US, external_id="91", at=RECEIVED)]


def dm_payload(sender: str, recipient: str, **data: Any) -> dict[str, Any]:
    return {
        "direct_message_events": [
            {
                "type": "message_create",
                "id": "2080765901528535096",
                "created_timestamp": "1795424370000",
                "message_create": {
                    "target": {"recipient_id": recipient},
                    "sender_id": sender,
                    "message_data": {"text": "Hoi &lt;3", "entities": {"urls": []}, **data},
                },
            }
        ],
        "users": {user["id"]: {"data": user} for user in USERS},
    }


def test_direct_message_belongs_to_the_citizen() -> None:
    assert read(activity("dm.received", dm_payload(AISHA, US))) == [
        IncomingMessage(
            account_id=US,
            external_id="2080765901528535096",
            thread_id=AISHA,
            public=False,
            author=PERSON,
            peer=PERSON,
            text="Hoi <3",
            sent_at=AT,
        )
    ]


def test_direct_message_of_ours_is_an_echo_in_the_citizens_thread() -> None:
    found = message(activity("dm.sent", dm_payload(US, AISHA)))
    assert (found.from_us, found.thread_id, found.peer, found.author.external_id) == (True, AISHA, PERSON, US)


def test_direct_message_with_photo_has_it_as_attachment() -> None:
    media = {
        "id": 1.0e18,
        "id_str": "1000000000000000001",
        "type": "photo",
        "media_url_https": "https://ton.twitter.com/i/ton/data/dm/1/2/x.jpg",
        "url": "https://t.co/m1",
    }
    payload = dm_payload(AISHA, US, text="Deze https://t.co/m1", attachment={"type": "media", "media": media})
    found = message(activity("dm.received", payload))
    assert found.text == "Deze"
    assert found.attachments == (
        Attachment(
            kind="image",
            url="https://ton.twitter.com/i/ton/data/dm/1/2/x.jpg",
            content_type="image/jpeg",
            external_id="1000000000000000001",
        ),
    )


def test_read_by_the_citizen_is_a_watermark() -> None:
    event = {"created_timestamp": "1795424370000", "sender_id": AISHA, "last_read_event_id": "5"}
    receipt = DeliveryReceipt(account_id=US, state=ReceiptState.READ, at=AT, thread_id=AISHA)
    assert read(activity("dm.read", {"direct_message_mark_read_events": [event]})) == [receipt]
    assert read(activity("dm.read", event)) == [receipt]


def test_read_by_us_is_ignored() -> None:
    event = {"created_timestamp": "1795424370000", "sender_id": US}
    assert read(activity("dm.read", event)) == [Ignored(reason="read by us", account_id=US)]


def test_revoke_names_whose_access_ended() -> None:
    body = activity("oauth.revoke", {"date_time": "2026-11-23T08:59:30+00:00", "user_id": US}, filter={})
    assert read(body) == [AccessRevoked(account_id=US, at=AT, code="oauth.revoke")]
    assert read(activity("oauth.revoke", {}, filter={})) == [Ignored(reason="unreadable revoke: no user")]


def test_unreadable_direct_message_does_not_take_the_others_along() -> None:
    payload = dm_payload(AISHA, US)
    payload["direct_message_events"] = [
        None,
        {"type": "message_create", "id": "1"},
        {"type": "participants_join", "id": "2"},
        *payload["direct_message_events"],
    ]
    found = read(activity("dm.received", payload))
    assert [type(item) for item in found] == [Ignored, Ignored, Ignored, IncomingMessage]
    assert [item.reason for item in found if isinstance(item, Ignored)] == [
        "unreadable direct message: 'NoneType' object is not iterable",
        "unreadable direct message: direct message without id or sender",
        "direct message participants_join",
    ]


def test_post_without_author_is_ignored_with_the_reason() -> None:
    assert read(activity("post.mention.create", {"id": "1"})) == [
        Ignored(reason="unreadable post: post without id or author", account_id=US)
    ]


def filtered(rules: list[dict[str, str]], **more: Any) -> bytes:
    return json.dumps({"data": post(**more), "includes": {"users": USERS}, "matching_rules": rules}).encode()


def test_filtered_stream_with_a_tagged_rule_is_for_that_account() -> None:
    found = message(filtered([{"id": "1", "tag": f"account:{US}"}]))
    assert (found.account_id, found.kind, found.author) == (US, "mention", PERSON)


def test_filtered_stream_without_a_tag_is_for_everyone_it_names() -> None:
    mentions = [{"id": HENK, "username": "henkdewit"}, MENTION_OF_US]
    found = read(filtered([{"id": "1", "tag": "afval"}], entities={"mentions": mentions}, in_reply_to_user_id=US))
    assert [item.account_id for item in found if isinstance(item, IncomingMessage)] == [US, HENK]


def test_filtered_stream_that_names_nobody_is_ignored_with_the_reason() -> None:
    assert read(filtered([{"tag": "afval"}], entities={})) == [Ignored(reason="filtered stream: no account named")]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b'"x"', b"\xff\xfe", b"[" * 100_000, b"nul"])
def test_body_that_is_no_json_object_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedEvent):
        read(body)


def test_object_that_is_no_envelope_is_ignored() -> None:
    assert read(b"{}") == [Ignored(reason="unknown envelope")]


def key(body: bytes) -> str:
    connector = XConnector(AppCredentials(kind="x", key="app", secrets={}), PlatformSession())
    return connector.dedupe_key(WebhookRequest("POST", "https://x.example/", {}, {}, body))


def test_dedupe_key_is_equal_for_the_same_event_only() -> None:
    mention = activity("post.mention.create", post())
    again = json.dumps(json.loads(mention), indent=1).encode()
    others = [
        activity("post.reply.create", post()),
        activity("post.mention.create", post(), filter={"user_id": HENK}),
        activity("post.mention.create", post(), event_uuid="-2"),
        b'{"for_user_id":"1"}',
        b'{"for_user_id":"2"}',
        b"{",
    ]
    assert key(mention) == key(again) == f"x:xaa:post.mention.create:{US}:1"
    assert len({key(body) for body in [mention, *others]}) == 7


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
# Known names with anything in them come further than names made up.
NAMES = st.sampled_from(
    re.findall(
        r"\S+",
        """
        data event_type filter user_id payload includes users tweets media for_user_id tweet_create_events
        user_event  revoke source direct_message_events message_create message_data attachment sender_id target
        recipient_id id  id_str text author_id entities urls url mentions referenced_tweets attachments
        media_keys matching_rules tag  created_at created_timestamp extended_tweet full_text user quoted_status
        edit_history edit_tweet_ids  tweet_delete_events status direct_message_mark_read_events note_tweet
        variants type
        """,
    )
)
KINDS = st.sampled_from(["post.mention.create", "dm.received", "dm.read", "post.delete", "oauth.revoke", "photo"])
NAMED = st.recursive(
    JSON | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=25,
)


@given(st.dictionaries(NAMES, NAMED) | JSON)
@settings(deadline=None)
def test_any_json_is_items_or_malformed_and_has_a_key(value: Any) -> None:
    body = json.dumps(value).encode()
    assert len(key(body)) <= 200
    try:
        assert read(body)
    except MalformedEvent:
        assert not isinstance(value, dict)


@given(KINDS, NAMED, NAMED)
@settings(deadline=None)
def test_any_payload_in_the_activity_envelope_is_items(kind: str, payload: Any, includes: Any) -> None:
    assert all(item is not None for item in read(activity(kind, payload, includes)))


@given(st.binary())
@settings(deadline=None)
def test_any_bytes_are_items_or_malformed(body: bytes) -> None:
    with suppress(MalformedEvent):
        read(body)


@pytest.mark.parametrize(
    ("told", "language"),
    [("en", "en"), ("in", "id"), ("und", ""), ("zxx", ""), ("qme", ""), (None, ""), (7, ""), ("x" * 99, "")],
)
def test_language_as_x_tells_it(told: Any, language: str) -> None:
    found = message(activity("post.mention.create", post(lang=told), {"users": USERS}))
    assert found.language == language
