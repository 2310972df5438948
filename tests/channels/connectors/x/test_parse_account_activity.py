"""X's webhooks in the older Account Activity envelope."""

import json
from datetime import UTC, datetime
from typing import Any

from channels.connectors.x.parse import parse
from channels.messages import (
    AccessRevoked,
    Attachment,
    Context,
    DeliveryReceipt,
    Ignored,
    IncomingMessage,
    Item,
    MessageDeleted,
    Person,
    ReceiptState,
)

RECEIVED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
AT = datetime(2026, 11, 23, 8, 59, 30, tzinfo=UTC)
US, AISHA = "2244994945001", "9007199254741001"
PERSON = Person(external_id=AISHA, name="Aïsha Benali", handle="aisha_b", avatar_url="https://pbs.twimg.com/a.jpg")
USER = {
    "id": 9007199254741000,  # a number of this size lost its last digit on the way
    "id_str": AISHA,
    "name": "Aïsha Benali",
    "screen_name": "aisha_b",
    "profile_image_url_https": "https://pbs.twimg.com/a.jpg",
}
OURS = {"id_str": US, "name": "Gemeente Waterkant", "screen_name": "gemwaterkant"}


def tweet(**more: Any) -> dict[str, Any]:
    return {
        "created_at": "Mon Nov 23 08:59:30 +0000 2026",
        "id": 1045405559317569500,
        "id_str": "1045405559317569537",
        "text": "@gemwaterkant mijn container &amp; die van de buren",
        "truncated": False,
        "in_reply_to_status_id_str": None,
        "user": USER,
        "entities": {"urls": [], "user_mentions": [{"screen_name": "gemwaterkant", "id_str": US}]},
        **more,
    }


def read(**body: Any) -> list[Item]:
    return parse(json.dumps({"for_user_id": US, **body}).encode(), RECEIVED)


def message(**more: Any) -> IncomingMessage:
    (found,) = read(tweet_create_events=[tweet(**more)])
    assert isinstance(found, IncomingMessage)
    return found


def test_mention_is_read_with_its_exact_ids() -> None:
    assert read(user_has_blocked="false", tweet_create_events=[tweet()]) == [
        IncomingMessage(
            account_id=US,
            external_id="1045405559317569537",
            thread_id="1045405559317569537",
            public=True,
            author=PERSON,
            peer=PERSON,
            text="@gemwaterkant mijn container & die van de buren",
            sent_at=AT,
            kind="mention",
            url="https://x.com/aisha_b/status/1045405559317569537",
        )
    ]


def test_id_that_is_only_a_whole_number_is_taken() -> None:
    assert message(id_str=None).external_id == "1045405559317569500"


def test_cut_off_text_is_read_whole() -> None:
    found = message(
        text="@gemwaterkant mijn… https://t.co/z",
        truncated=True,
        extended_tweet={
            "full_text": "@gemwaterkant mijn hele verhaal staat op https://t.co/q",
            "entities": {
                "urls": [{"url": "https://t.co/q", "expanded_url": "https://verhaal.nl"}],
                "user_mentions": [{"screen_name": "gemwaterkant", "id_str": US}],
            },
        },
    )
    assert (found.text, found.answerable) == ("@gemwaterkant mijn hele verhaal staat op https://verhaal.nl", True)


def test_reply_belongs_to_its_parent() -> None:
    found = message(in_reply_to_status_id_str="77", in_reply_to_user_id_str=US)
    assert (found.kind, found.thread_id, found.in_reply_to) == ("reply", "77", "77")


def test_quote_of_our_post_may_be_answered() -> None:
    quoted = {"id_str": "77", "text": "Restafval &amp; gft", "user": OURS}
    found = message(entities={}, is_quote_status=True, quoted_status_id_str="77", quoted_status=quoted)
    assert (found.kind, found.answerable) == ("quote", True)
    assert found.context == Context(
        external_id="77",
        text="Restafval & gft",
        author_name="Gemeente Waterkant",
        url="https://x.com/gemwaterkant/status/77",
        from_us=True,
    )


def test_quote_of_someone_else_that_does_not_name_us_may_not_be_answered() -> None:
    quoted = {"id_str": "77", "text": "Hallo", "user": USER}
    assert message(entities={}, quoted_status_id_str="77", quoted_status=quoted).answerable is False


def test_own_tweet_is_an_echo() -> None:
    found = message(user=OURS, in_reply_to_status_id_str="77", in_reply_to_user_id_str=AISHA)
    assert (found.from_us, found.peer, found.in_reply_to) == (True, Person(external_id=AISHA), "77")


def test_edited_tweet_names_the_versions_it_replaces() -> None:
    history = {"initial_tweet_id": "91", "edit_tweet_ids": ["91", "92", "1045405559317569537"]}
    assert message(edit_history=history).previous_ids == ("91", "92")


def test_photo_becomes_an_attachment() -> None:
    media = {
        "id_str": "5",
        "type": "photo",
        "media_url_https": "https://pbs.twimg.com/m/5.png",
        "url": "https://t.co/m1",
    }
    found = message(text="@gemwaterkant kijk https://t.co/m1", extended_entities={"media": [media]})
    assert found.text == "@gemwaterkant kijk"
    assert found.attachments == (
        Attachment(kind="image", url="https://pbs.twimg.com/m/5.png", content_type="image/png", external_id="5"),
    )


def test_retweet_is_ignored_beside_a_tweet_that_is_not() -> None:
    found = read(tweet_create_events=[tweet(retweeted_status=tweet()), 3, tweet()])
    assert found[:2] == [
        Ignored(reason="repost", account_id=US),
        Ignored(reason="unreadable post: 'int' object is not iterable", account_id=US),
    ]
    assert isinstance(found[2], IncomingMessage)


def test_delete_has_the_time_of_x() -> None:
    gone = {"status": {"id": "91", "user_id": AISHA}, "timestamp_ms": "1795424370000"}
    assert read(tweet_delete_events=[gone]) == [MessageDeleted(account_id=US, external_id="91", at=AT)]


def test_direct_message_and_read_receipt_come_with_bare_users() -> None:
    event = {
        "type": "message_create",
        "id": "954491830116155396",
        "created_timestamp": "1795424370000",
        "message_create": {
            "target": {"recipient_id": US},
            "sender_id": AISHA,
            "message_data": {"text": "Hoi", "entities": {}},
        },
    }
    users = {AISHA: {"id": AISHA, **{key: USER[key] for key in ("name", "screen_name", "profile_image_url_https")}}}
    seen = {"created_timestamp": "1795424370000", "sender_id": AISHA, "target": {"recipient_id": US}}
    found = read(direct_message_events=[event], direct_message_mark_read_events=[seen], users=users)
    assert found == [
        IncomingMessage(
            account_id=US,
            external_id="954491830116155396",
            thread_id=AISHA,
            public=False,
            author=PERSON,
            peer=PERSON,
            text="Hoi",
            sent_at=AT,
        ),
        DeliveryReceipt(account_id=US, state=ReceiptState.READ, at=AT, thread_id=AISHA),
    ]


def test_revoke_names_whose_access_ended() -> None:
    revoke = {"date_time": "2026-11-23T08:59:30+00:00", "target": {"app_id": "1"}, "source": {"user_id": US}}
    body = json.dumps({"user_event": {"revoke": revoke}}).encode()
    assert parse(body, RECEIVED) == [AccessRevoked(account_id=US, at=AT, code="user_event.revoke")]


def test_other_user_event_is_ignored() -> None:
    assert read(user_event={"party": {}}) == [Ignored(reason="unknown user event", account_id=US)]


def test_what_is_of_no_use_is_ignored_with_the_reason() -> None:
    for name, reason in {
        "favorite_events": "like",
        "follow_events": "follow",
        "block_events": "block",
        "mute_events": "mute",
        "direct_message_indicate_typing_events": "typing",
        "party_events": "unknown kind party_events",
    }.items():
        assert read(**{name: [{}]}) == [Ignored(reason=reason, account_id=US)]
    assert read() == [Ignored(reason="nothing in it", account_id=US)]
    assert read(tweet_create_events=3) == [Ignored(reason="unreadable post", account_id=US)]


def test_replay_job_status_is_ignored() -> None:
    assert parse(b'{"replay_job_status":{"job_state":"Complete"}}', RECEIVED) == [Ignored(reason="replay job status")]
