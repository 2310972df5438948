"""Asking Facebook: is our answer there, what did we miss, does our access work."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from channels.clock import now
from channels.connector import Found, Health
from channels.connectors.facebook import read
from channels.errors import PermanentFailure, TemporaryFailure
from channels.messages import AccountCredentials, OutgoingFile, OutgoingMessage, Person
from tests.channels.connectors.facebook.conftest import (
    AISHA_PSID,
    PAGE,
    Facebook,
    graph_error,
    private,
    public,
)

ABSENT, UNSURE = Found(surely_absent=True), Found()


def found(facebook: Facebook, message: OutgoingMessage, since: datetime | None = None) -> Found:
    return facebook.connector.find_sent(facebook.page, message, since or now())


def answered(content: Any) -> Response:
    return Response(json.dumps(content), media_type="application/json")


def test_find_sent_comment_that_is_there(facebook: Facebook) -> None:
    comment, before = facebook.comment(), now()
    message = public("Om 10 uur.\r\n Tot dan ", comment["id"])
    sent = facebook.connector.send(facebook.page, message)
    there = found(facebook, message, before).sent
    assert there is not None
    assert there.external_id == sent.external_id
    assert there.sent_at is not None
    assert abs(there.sent_at - before) < timedelta(seconds=5)


def test_find_sent_comment_that_is_not_there(facebook: Facebook) -> None:
    comment = facebook.comment()
    facebook.comment("Om 10 uur.", to=comment["id"])  # a citizen with the same words
    assert found(facebook, public("Om 10 uur.", comment["id"])) == ABSENT


def test_find_sent_answer_to_a_reply_is_found_under_the_top_comment(facebook: Facebook) -> None:
    top = facebook.comment()
    reply = facebook.comment("En dan?", to=top["id"])
    message = public("Dan ook.", reply["id"], thread=top["id"])
    sent = facebook.connector.send(facebook.page, message)
    there = found(facebook, message).sent
    assert there is not None
    assert there.external_id == sent.external_id


def test_find_sent_earlier_same_words_do_not_count(facebook: Facebook) -> None:
    comment = facebook.comment()
    message = public("Dank u wel.", comment["id"])
    facebook.connector.send(facebook.page, message)
    assert found(facebook, message, now() + timedelta(minutes=5)) == ABSENT


def test_find_sent_looks_at_every_page_of_comments(facebook: Facebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "PAGE_SIZE", 2)
    comment = facebook.comment()
    for number in range(5):
        facebook.comment(f"Ik ook {number}", to=comment["id"])
    message = public("Wij ook.", comment["id"])
    assert found(facebook, message) == ABSENT
    facebook.connector.send(facebook.page, message)
    assert found(facebook, message).sent is not None
    monkeypatch.setattr(read, "MAX_PAGES", 2)
    assert found(facebook, public("Niet gezegd.", comment["id"])) == UNSURE


def test_find_sent_our_words_without_a_sender_leave_a_doubt(facebook: Facebook) -> None:
    nameless = {"id": "5_6", "message": "Om 10 uur.", "created_time": "2099-01-01T00:00:00+0000"}
    facebook.stage.answers.append(answered({"data": [nameless]}))
    assert found(facebook, public("Om 10 uur.", "1_2")) == UNSURE


def test_find_sent_under_a_removed_comment_says_so(facebook: Facebook) -> None:
    with pytest.raises(PermanentFailure) as caught:
        found(facebook, public("Om 10 uur.", "1_2"))
    assert caught.value.reason == "gone"


def test_find_sent_message_there_or_not(facebook: Facebook) -> None:
    facebook.chat()
    message = private("Goedemorgen")
    assert found(facebook, message) == ABSENT
    sent = facebook.connector.send(facebook.page, message)
    there = found(facebook, message).sent
    assert there is not None
    assert there.external_id == sent.external_id
    assert found(facebook, message, now() + timedelta(minutes=5)) == ABSENT


def test_find_sent_message_in_a_long_conversation(facebook: Facebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "PAGE_SIZE", 2)
    facebook.chat()
    message = private("Goedemorgen")
    facebook.connector.send(facebook.page, message)
    for number in range(5):
        facebook.chat(f"En {number}?")
    assert found(facebook, message).sent is not None
    monkeypatch.setattr(read, "MAX_PAGES", 2)
    assert found(facebook, message) == UNSURE


def test_find_sent_without_a_conversation_is_unsure(facebook: Facebook) -> None:
    assert found(facebook, private("Goedemorgen")) == UNSURE
    assert found(facebook, OutgoingMessage(text="x", public=False, thread_id="", in_reply_to="1_2")) == UNSURE


def test_find_sent_file_without_its_words_is_unsure(facebook: Facebook, tmp_path: Path) -> None:
    (tmp_path / "kaart.png").write_bytes(b"png")
    picture = OutgoingFile(path=str(tmp_path / "kaart.png"), content_type="image/png", name="kaart.png")
    facebook.chat()
    whole = private("Zie de kaart.", files=(picture,))
    assert found(facebook, whole) == ABSENT
    facebook.connector.send(facebook.page, private("", files=(picture,)))
    assert found(facebook, whole) == UNSURE


@pytest.mark.parametrize(
    ("answer", "failure"), [(graph_error(190), PermanentFailure), (graph_error(4), TemporaryFailure)]
)
def test_find_sent_refused_raises_as_send_does(facebook: Facebook, answer: Response, failure: type[Exception]) -> None:
    facebook.stage.answers.append(answer)
    with pytest.raises(failure):
        found(facebook, public("Om 10 uur.", "1_2"))


def test_fetch_since_equals_what_the_webhooks_said(facebook: Facebook) -> None:
    start = now()
    photo = {"content": "UE5H", "content_type": "image/png", "name": "stoep.png"}
    comment = facebook.comment()
    facebook.platform.play("comment", {"citizen": "henk", "to": comment["id"], "text": "", "photo": photo})
    facebook.platform.play("visitor_post", {"citizen": "lot", "page": PAGE, "text": "Lantaarn", "photo": photo})
    facebook.platform.play("message", {"citizen": "aisha", "page": PAGE, "text": "Hallo", "photo": photo})
    facebook.connector.send(facebook.page, private("Goedemorgen"))
    by_webhook = {item.external_id: item for item in facebook.received(5) if hasattr(item, "thread_id")}
    fetched = list(facebook.connector.fetch_since(facebook.page, start))
    assert [item.sent_at for item in fetched] == sorted(item.sent_at for item in fetched)
    assert {item.external_id for item in fetched} == set(by_webhook)
    for item in fetched:
        twin = by_webhook[item.external_id]
        for name in ("account_id", "thread_id", "public", "text", "from_us", "in_reply_to", "kind"):
            assert getattr(item, name) == getattr(twin, name), name
        assert item.author.external_id == twin.author.external_id
        assert (item.peer and item.peer.external_id) == (twin.peer and twin.peer.external_id)
        assert [(file.kind, file.url) for file in item.attachments] == [
            (file.kind, file.url) for file in twin.attachments
        ]
        assert abs(item.sent_at - twin.sent_at) < timedelta(seconds=1)


def test_fetch_since_a_later_moment_gives_nothing(facebook: Facebook) -> None:
    facebook.comment()
    facebook.chat()
    assert list(facebook.connector.fetch_since(facebook.page, now() + timedelta(minutes=1))) == []
    assert list(facebook.connector.fetch_since(facebook.farm, now() - timedelta(hours=1))) == []


def test_fetch_since_describes_every_kind_of_file(facebook: Facebook) -> None:
    when = "2026-11-21T11:00:00+0000"
    media = {"media": {"image": {"src": "https://s/1.jpg"}, "source": "https://s/1.mp4"}}
    post = {"id": f"{PAGE}_1", "from": {"id": "7"}, "created_time": when, "updated_time": "2020-01-01T00:00:00+0000"}
    post["attachments"] = {  # type: ignore[assignment]
        "data": [
            {"type": "photo", **media},
            {"type": "video_inline", **media},
            {"type": "animated_image_share", "url": "https://s/x"},
            {"type": "sticker", **media},
        ]
    }
    talk = {"id": "t_1", "updated_time": when, "participants": {"data": [{"id": PAGE}, {"id": "7", "name": "Lot"}]}}
    said = {
        "id": "m_1",
        "from": {"id": "7"},
        "created_time": when,
        "sticker": "https://s/5.png",
        "attachments": {
            "data": [
                {"id": "1", "video_data": {"url": "https://s/2.mp4"}},
                {"id": "2", "mime_type": "audio/mp4", "file_url": "https://s/3.mp4"},
                {"id": "3", "mime_type": "application/pdf", "name": "a.pdf", "file_url": "https://s/4.pdf"},
            ]
        },
    }
    answers = ({"data": [post, {}]}, {"data": [talk]}, {"data": [said, {"id": "m_2"}]})
    facebook.stage.answers.extend(answered(content) for content in answers)
    fetched = list(facebook.connector.fetch_since(facebook.page, datetime(2026, 11, 21, tzinfo=UTC)))
    assert {item.external_id: [file.kind for file in item.attachments] for item in fetched} == {
        f"{PAGE}_1": ["image", "video", "link", "sticker"],
        "m_1": ["video", "audio", "file", "sticker"],
    }


def test_fetch_since_refused_raises(facebook: Facebook) -> None:
    facebook.stage.answers.append(graph_error(190, 460))
    with pytest.raises(PermanentFailure):
        list(facebook.connector.fetch_since(facebook.page, now()))


def test_check_says_who_we_are(facebook: Facebook) -> None:
    assert facebook.connector.check(facebook.page) == Health(ok=True, name="Gemeente Waterkant", missing=())


def test_check_bad_token(facebook: Facebook) -> None:
    stranger = AccountCredentials(external_id=PAGE, handle="", name="", secrets={"page_token": "oud"})
    assert facebook.connector.check(stranger) == Health(ok=False, reason="token", code="190")
    facebook.stage.answers.append(graph_error(190, 463))
    assert facebook.connector.check(facebook.page) == Health(ok=False, reason="token", code="190/463")


def test_check_without_any_token(facebook: Facebook) -> None:
    bare = AccountCredentials(external_id=PAGE, handle="", name="", secrets={})
    assert facebook.connector.check(bare) == Health(ok=False, reason="token")
    assert facebook.stage.calls == []


def test_check_token_of_another_page(facebook: Facebook) -> None:
    swapped = AccountCredentials(external_id=AISHA_PSID, handle="", name="", secrets=dict(facebook.page.secrets))
    health = facebook.connector.check(swapped)
    assert health == Health(ok=False, reason="configuration", name="Gemeente Waterkant")


def test_check_unreachable_raises(facebook: Facebook) -> None:
    facebook.stage.answers.append(Response("<html>", 502, media_type="text/html"))
    with pytest.raises(TemporaryFailure):
        facebook.connector.check(facebook.page)


def test_profile_names_a_messenger_id(facebook: Facebook) -> None:
    facebook.chat()
    aisha = Person(external_id=AISHA_PSID, name="Aïsha Benali")
    assert facebook.connector.profile(facebook.page, AISHA_PSID) == aisha
    facebook.stage.answers.append(graph_error(200, status=403))  # no permission for profiles
    assert facebook.connector.profile(facebook.page, AISHA_PSID) == aisha
    told = {"first_name": "Aïsha", "last_name": "B.", "profile_pic": "https://platform-lookaside.fbsbx.com/1"}
    facebook.stage.answers.append(answered(told))
    assert facebook.connector.profile(facebook.page, AISHA_PSID) == Person(
        external_id=AISHA_PSID, name="Aïsha B.", avatar_url="https://platform-lookaside.fbsbx.com/1"
    )


def test_profile_of_a_stranger_is_none(facebook: Facebook) -> None:
    assert facebook.connector.profile(facebook.page, AISHA_PSID) is None
    facebook.stage.answers.append(graph_error(190))
    with pytest.raises(PermanentFailure):
        facebook.connector.profile(facebook.page, AISHA_PSID)
