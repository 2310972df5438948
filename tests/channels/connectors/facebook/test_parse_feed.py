"""Feed changes: comments, visitors' posts, our own coming back, and what says nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.connectors.facebook.parse import parse
from channels.errors import MalformedEvent
from channels.messages import (
    Attachment,
    Context,
    Ignored,
    IncomingMessage,
    MessageDeleted,
    MessageEdited,
    MessageHidden,
    Person,
    Reacted,
)
from tests.channels.connectors.facebook.conftest import FARM, PAGE, RECEIVED, body, change, entry, only

POST, COMMENT, REPLY = f"{PAGE}_500", "500_600", "500_700"
CREATED = datetime(2026, 11, 21, 11, 30, tzinfo=UTC)
ENTRY_AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
AISHA = Person(external_id="10220000000000001", name="Aïsha Benali")
US = Person(external_id=PAGE, name="Gemeente Waterkant")
BY_AISHA = {"id": AISHA.external_id, "name": AISHA.name}
BY_US = {"id": US.external_id, "name": US.name}


def comment(**more: Any) -> dict[str, Any]:
    return {
        "from": BY_AISHA,
        "item": "comment",
        "verb": "add",
        "post_id": POST,
        "comment_id": COMMENT,
        "parent_id": POST,
        "created_time": int(CREATED.timestamp()),
        "message": "Wanneer is het park open?",
    } | more


def visitor_post(**more: Any) -> dict[str, Any]:
    return {
        "from": BY_AISHA,
        "item": "status",
        "verb": "add",
        "post_id": POST,
        "created_time": int(CREATED.timestamp()),
        "published": 1,
        "message": "De lantaarn in de Kerkstraat is stuk.",
    } | more


COMMENTED = IncomingMessage(
    account_id=PAGE,
    external_id=COMMENT,
    thread_id=COMMENT,
    public=True,
    author=AISHA,
    peer=AISHA,
    text="Wanneer is het park open?",
    sent_at=CREATED,
    in_reply_to=POST,
    kind="comment",
    url=f"https://www.facebook.com/{COMMENT}",
)
POSTED = IncomingMessage(
    account_id=PAGE,
    external_id=POST,
    thread_id=POST,
    public=True,
    author=AISHA,
    peer=AISHA,
    text="De lantaarn in de Kerkstraat is stuk.",
    sent_at=CREATED,
    kind="visitor_post",
    url=f"https://www.facebook.com/{POST}",
)


def read(value: Any, field: str = "feed") -> Any:
    return only(parse(change(value, field), RECEIVED))


def without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: content for key, content in value.items() if key not in names}


def test_comment_added_top_level_opens_its_own_thread() -> None:
    assert read(comment()) == COMMENTED


def test_comment_added_under_a_comment_joins_its_thread() -> None:
    found = read(comment(comment_id=REPLY, parent_id=COMMENT))
    assert found == replace(
        COMMENTED,
        external_id=REPLY,
        thread_id=COMMENT,
        in_reply_to=COMMENT,
        url=f"https://www.facebook.com/{REPLY}",
    )


@pytest.mark.parametrize(("post_id", "parent_id"), [(500, POST), (POST, "500"), ("500", 500), (POST, None)])
def test_comment_added_old_numeric_ids_is_top_level(post_id: Any, parent_id: Any) -> None:
    found = read(comment(post_id=post_id, parent_id=parent_id))
    assert (found.thread_id, found.in_reply_to) == (COMMENT, str(post_id))


def test_comment_added_numeric_sender_fields() -> None:
    value = without(comment(sender_id=10220000000000001, sender_name="Aïsha Benali"), "from")
    assert read(value) == COMMENTED


def test_comment_added_without_from_is_by_nobody_known() -> None:
    nobody = Person(external_id="")
    assert read(without(comment(), "from")) == replace(COMMENTED, author=nobody, peer=nobody)


def test_comment_added_photo_only_has_an_image() -> None:
    value = without(comment(photo="https://scontent.xx.fbcdn.net/v/1.jpg?oh=2"), "message")
    image = Attachment(kind="image", url="https://scontent.xx.fbcdn.net/v/1.jpg?oh=2")
    assert read(value) == replace(COMMENTED, text="", attachments=(image,))


def test_comment_added_video_and_link_are_kept_once_each() -> None:
    value = comment(video="https://v/1.mp4", link="https://example.org/", photo="https://v/1.mp4")
    assert read(value).attachments == (
        Attachment(kind="image", url="https://v/1.mp4"),
        Attachment(kind="link", url="https://example.org/"),
    )


def test_comment_added_with_post_has_context_and_permalink() -> None:
    post = {"id": POST, "status_type": "mobile_status_update", "permalink_url": "https://www.facebook.com/w/posts/5"}
    assert read(comment(post=post)) == replace(
        COMMENTED,
        url="https://www.facebook.com/w/posts/5?comment_id=600",
        context=Context(external_id=POST, url="https://www.facebook.com/w/posts/5", from_us=True),
    )


def test_comment_added_under_a_visitors_post_names_it() -> None:
    post = {"id": POST, "from": BY_AISHA, "message": "Stuk.", "permalink_url": "https://f/p?id=5"}
    found = read(comment(post=post))
    assert found.in_reply_to == POST
    assert found.url == "https://f/p?id=5&comment_id=600"
    assert found.context == Context(
        external_id=POST, text="Stuk.", author_name=AISHA.name, url="https://f/p?id=5", from_us=False
    )


def test_comment_added_wall_post_is_not_ours() -> None:
    assert read(comment(post={"id": POST, "status_type": "wall_post"})).context.from_us is False


def test_comment_added_under_a_post_said_to_be_ours_names_nothing() -> None:
    assert read(comment(post={"id": POST, "from": BY_US})).in_reply_to == ""


def test_comment_added_by_us_is_an_echo() -> None:
    value = comment(**{"from": BY_US}, comment_id=REPLY, parent_id=COMMENT)
    found = read(value)
    assert (found.from_us, found.peer, found.author) == (True, None, US)
    assert (found.external_id, found.thread_id, found.in_reply_to) == (REPLY, COMMENT, COMMENT)


@pytest.mark.parametrize("created", [None, 0, -5, "", float("nan"), "binnenkort", 10**30])
def test_comment_added_without_a_time_takes_the_entrys(created: Any) -> None:
    assert read(comment(created_time=created)).sent_at == ENTRY_AT


def test_comment_added_no_times_at_all_takes_the_arrival() -> None:
    value = without(comment(), "created_time")
    found = only(parse(body({"id": PAGE, "changes": [{"field": "feed", "value": value}]}), RECEIVED))
    assert found.sent_at == RECEIVED


@pytest.mark.parametrize("verb", ["edit", "edited"])
def test_comment_edited_carries_the_new_text(verb: str) -> None:
    assert read(comment(verb=verb, message="Toch niet.")) == MessageEdited(
        account_id=PAGE, external_id=COMMENT, text="Toch niet.", at=ENTRY_AT
    )


def test_comment_edited_to_a_photo() -> None:
    value = without(comment(verb="edited", photo="https://v/1.jpg"), "message")
    assert read(value) == MessageEdited(
        account_id=PAGE,
        external_id=COMMENT,
        text="",
        at=ENTRY_AT,
        attachments=(Attachment(kind="image", url="https://v/1.jpg"),),
    )


def test_comment_edited_without_content_is_left() -> None:
    value = without(comment(verb="edited"), "message")
    assert read(value) == Ignored(reason="edited without content", account_id=PAGE)


@pytest.mark.parametrize("verb", ["remove", "delete"])
def test_comment_removed_without_message_or_sender(verb: str) -> None:
    value = without(comment(verb=verb), "message", "from")
    assert read(value) == MessageDeleted(account_id=PAGE, external_id=COMMENT, at=ENTRY_AT)


@pytest.mark.parametrize(("verb", "hidden"), [("hide", True), ("unhide", False)])
def test_comment_hidden_by_the_page(verb: str, hidden: bool) -> None:
    assert read(comment(verb=verb, **{"from": BY_US})) == MessageHidden(
        account_id=PAGE, external_id=COMMENT, hidden=hidden, at=ENTRY_AT
    )


@pytest.mark.parametrize("item", ["status", "post", "note"])
def test_post_by_a_visitor(item: str) -> None:
    assert read(visitor_post(item=item)) == POSTED


def test_post_by_a_visitor_with_photo() -> None:
    found = read(visitor_post(item="photo", link="https://v/1.jpg", photo_id="88"))
    assert found == replace(POSTED, attachments=(Attachment(kind="image", url="https://v/1.jpg"),))


def test_post_by_a_visitor_with_photos_and_permalink() -> None:
    found = read(visitor_post(photos=["https://v/1.jpg", "https://v/2.jpg", None], permalink_url="https://f/5"))
    images = tuple(Attachment(kind="image", url=f"https://v/{number}.jpg") for number in (1, 2))
    assert found == replace(POSTED, attachments=images, url="https://f/5")


def test_post_by_a_visitor_video_without_post_id() -> None:
    value = without(visitor_post(item="video", video_id=77, link="https://v/1.mp4"), "post_id")
    found = read(value)
    assert (found.external_id, found.attachments) == (
        f"{PAGE}_77",
        (Attachment(kind="video", url="https://v/1.mp4"),),
    )


def test_post_shared_link_with_words_on_our_page_is_a_post() -> None:
    found = read(visitor_post(item="share", link="https://example.org/"))
    assert found == replace(POSTED, attachments=(Attachment(kind="link", url="https://example.org/"),))


def test_post_by_us_comes_back_as_ours() -> None:
    found = read(visitor_post(**{"from": BY_US}))
    assert found == replace(POSTED, author=US, peer=None, from_us=True, kind="message")


def test_post_by_us_unpublished_is_left() -> None:
    assert read(visitor_post(**{"from": BY_US}, published=0)) == Ignored(reason="unpublished post", account_id=PAGE)


def test_post_edited_and_hidden_and_removed() -> None:
    about = {"account_id": PAGE, "external_id": POST, "at": ENTRY_AT}
    assert read(visitor_post(verb="edited", message="Gemaakt!")) == MessageEdited(text="Gemaakt!", **about)
    assert read(visitor_post(verb="hide")) == MessageHidden(hidden=True, **about)
    assert read(visitor_post(verb="remove")) == MessageDeleted(**about)


def test_post_trashed_arrives_as_edited_without_message() -> None:
    value = without(visitor_post(verb="edited"), "message")
    assert read(value) == MessageDeleted(account_id=PAGE, external_id=POST, at=ENTRY_AT)


@pytest.mark.parametrize(
    ("changed", "target", "symbol", "removed"),
    [
        ({"verb": "add", "reaction_type": "love"}, POST, "❤️", False),
        ({"verb": "add", "reaction_type": "sad", "comment_id": "1_2"}, "1_2", "😢", False),
        ({"verb": "edit", "reaction_type": "new at Meta"}, POST, "❤️", False),
        ({"verb": "remove", "reaction_type": "like"}, POST, "", True),
        ({"verb": "add", "item": "like"}, POST, "👍", False),
    ],
)
def test_reaction_under_a_post_or_comment(changed: dict[str, Any], target: str, symbol: str, removed: bool) -> None:
    value = {"item": "reaction", "post_id": POST, "from": BY_AISHA, "created_time": 1795262399, **changed}
    assert read(value) == Reacted(
        account_id=PAGE,
        external_id=target,
        person=Person(external_id=BY_AISHA["id"], name=BY_AISHA["name"]),
        symbol=symbol,
        removed=removed,
        at=datetime.fromtimestamp(1795262399, UTC),
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"item": "reaction", "verb": "add", "reaction_type": "love"}, "reaction"),
        ({"item": "reaction", "verb": "spin", "post_id": POST, "from": BY_AISHA}, "unknown verb spin"),
        ({"item": "like", "verb": "add"}, "like"),
        ({"item": "share", "verb": "add", "post_id": "999_1", "message": "Kijk", "from": BY_AISHA}, "share"),
        ({"item": "share", "verb": "add", "post_id": POST, "from": BY_AISHA}, "share"),
        ({"item": "album", "verb": "add"}, "album"),
        ({"item": "wormhole"}, "unknown item wormhole"),
        ({"verb": "add"}, "unknown item ?"),
        (comment(verb="block"), "unknown verb block"),
        (visitor_post(verb="mute"), "unknown verb mute"),
        (without(comment(), "comment_id"), "unreadable comment without id"),
        (without(visitor_post(), "post_id"), "unreadable post without id"),
        (comment(verb=["add"]), "unreadable changes: TypeError"),
        (None, "change without value"),
        ([], "change without value"),
    ],
)
def test_change_that_says_nothing_is_ignored_with_a_reason(value: Any, reason: str) -> None:
    assert read(value) == Ignored(reason=reason, account_id=PAGE)


def test_change_of_another_field() -> None:
    assert read({}, "ratings") == Ignored(reason="unknown field ratings", account_id=PAGE)
    assert read({"page_id": PAGE}, "messages") == Ignored(reason="dashboard test", account_id=PAGE)


def test_change_without_value_key() -> None:
    found = parse(body(entry(changes=[{"field": "feed"}])), RECEIVED)
    assert found == [Ignored(reason="change without value", account_id=PAGE)]


def test_text_that_postgres_cannot_keep_is_cleaned() -> None:
    assert read(comment(message="a\x00b\ud800c")).text == "ab?c"


def test_batch_of_pages_and_broken_elements_loses_nothing() -> None:
    added = {"field": "feed", "value": comment()}
    found = parse(
        body(
            entry(changes=[added, None, "x", {"field": "feed", "value": comment(comment_id=None)}]),
            "broken",
            entry(FARM, changes=[added]),
            entry(changes="x"),
            entry(),
        ),
        RECEIVED,
    )
    assert found == [
        COMMENTED,
        Ignored(reason="unreadable changes", account_id=PAGE),
        Ignored(reason="unreadable changes", account_id=PAGE),
        Ignored(reason="unreadable comment without id", account_id=PAGE),
        Ignored(reason="unreadable entry"),
        replace(COMMENTED, account_id=FARM),
        Ignored(reason="unreadable changes", account_id=PAGE),
        Ignored(reason="entry without changes", account_id=PAGE),
    ]


def test_object_other_than_page_is_ignored() -> None:
    assert parse(body(entry(), kind="instagram"), RECEIVED) == [Ignored(reason="unknown object instagram")]
    assert parse(body(), RECEIVED) == [Ignored(reason="empty event")]


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"\xff\xfe", b"[]", b"null", b'{"object":"page"}', b'{"entry":{}}', b"[" * 100_000, b"1" * 5000],
)
def test_body_that_cannot_be_read_is_malformed(content: bytes) -> None:
    with pytest.raises(MalformedEvent):
        parse(content, RECEIVED)
