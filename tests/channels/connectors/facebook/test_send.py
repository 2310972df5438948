"""Answers out, over real HTTP through facebook-sdk: what arrives at Facebook, and what comes back."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.clock import now
from channels.connector import Found
from channels.errors import PermanentFailure, UnknownOutcome
from channels.messages import (
    Capabilities,
    DeliveryReceipt,
    Files,
    IncomingMessage,
    OutgoingFile,
    OutgoingMessage,
    ReceiptState,
    SentMessage,
    Window,
)
from tests.channels.connectors.facebook.conftest import (
    AISHA_PSID,
    PAGE,
    SILENCE,
    Facebook,
    graph_error,
    private,
    public,
)

MEGABYTE = 1024 * 1024
TOKEN = "waterkant-page-token"


@pytest.fixture
def picture(tmp_path: Path) -> OutgoingFile:
    path = tmp_path / "kaart.png"
    path.write_bytes(b"\x89PNG plaatje")
    return OutgoingFile(path=str(path), content_type="image/png", name="plattegrond é.png")


def said_by_us(facebook: Facebook) -> list[dict[str, Any]]:
    comments = facebook.platform.state["comments"].values()
    return [comment for comment in comments if not comment["citizen"]]


def messages_by_us(facebook: Facebook) -> list[dict[str, Any]]:
    return [message for message in facebook.platform.state["messages"].values() if message["from_us"]]


def refused(facebook: Facebook, message: OutgoingMessage) -> tuple[str, str]:
    with pytest.raises(PermanentFailure) as caught:
        facebook.connector.send(facebook.page, message)
    return caught.value.code, caught.value.reason


def test_send_reply_to_a_comment_lands_under_it(facebook: Facebook) -> None:
    comment = facebook.comment()
    sent = facebook.connector.send(facebook.page, public("Om 10 uur – één keer “ja”. 🌳", comment["id"]))
    (ours,) = said_by_us(facebook)
    assert (ours["text"], ours["parent"]) == ("Om 10 uur – één keer “ja”. 🌳", comment["id"])
    assert sent == SentMessage(external_id=ours["id"], url=f"https://www.facebook.com/{ours['id']}")


def test_send_reply_comes_back_as_our_own(facebook: Facebook) -> None:
    comment = facebook.comment()
    sent = facebook.connector.send(facebook.page, public("Om 10 uur.", comment["id"]))
    question, echo = facebook.received(2)
    assert (question.external_id, question.thread_id, question.from_us) == (comment["id"], comment["id"], False)
    assert (echo.external_id, echo.thread_id, echo.from_us) == (sent.external_id, comment["id"], True)


def test_send_reply_to_a_reply_joins_the_top_comment(facebook: Facebook) -> None:
    top = facebook.comment()
    reply = facebook.comment("En de parkeerplaats?", to=top["id"])
    facebook.connector.send(facebook.page, public("Ook.", reply["id"], thread=top["id"]))
    assert said_by_us(facebook)[0]["parent"] == top["id"]


def test_send_answer_to_a_visitors_post(facebook: Facebook) -> None:
    post = facebook.platform.play("visitor_post", {"citizen": "aisha", "page": PAGE, "text": "Lantaarn stuk"})
    facebook.connector.send(facebook.page, public("Dank u, we kijken.", "", thread=post["id"]))
    (ours,) = said_by_us(facebook)
    assert (ours["post"], ours["parent"]) == (post["id"], "")


def test_send_public_photo_goes_with_the_words(facebook: Facebook, picture: OutgoingFile) -> None:
    comment = facebook.comment()
    message = OutgoingMessage(
        text="Zie de kaart.",
        public=True,
        thread_id=comment["id"],
        in_reply_to=comment["id"],
        files=(picture,),
    )
    facebook.connector.send(facebook.page, message)
    (ours,) = said_by_us(facebook)
    assert ours["text"] == "Zie de kaart."
    assert [facebook.world.files[address] for address in ours["photos"]] == [b"\x89PNG plaatje"]


def test_send_private_message_is_echoed_and_delivered_and_read(facebook: Facebook) -> None:
    facebook.chat()
    sent = facebook.connector.send(facebook.page, private("Goedemorgen!\nWaarmee kan ik helpen?"))
    facebook.world.webhooks(3)
    facebook.platform.play("read", {"citizen": "aisha", "page": PAGE})
    question, echo, delivered, watermark, seen = facebook.received(4)
    assert isinstance(question, IncomingMessage)
    assert (echo.external_id, echo.from_us, echo.peer.external_id, echo.text) == (
        sent.external_id,
        True,
        AISHA_PSID,
        "Goedemorgen!\nWaarmee kan ik helpen?",
    )
    about = {"account_id": PAGE, "thread_id": AISHA_PSID}
    assert delivered == DeliveryReceipt(
        state=ReceiptState.DELIVERED, at=delivered.at, external_id=sent.external_id, **about
    )
    assert watermark == DeliveryReceipt(state=ReceiptState.DELIVERED, at=delivered.at, **about)
    assert seen == DeliveryReceipt(state=ReceiptState.READ, at=seen.at, **about)
    assert echo.sent_at <= delivered.at <= seen.at


def test_send_private_file_then_words(facebook: Facebook, picture: OutgoingFile) -> None:
    facebook.chat()
    sent = facebook.connector.send(facebook.page, private("Zie de kaart.", files=(picture,)))
    photo, words = messages_by_us(facebook)
    assert (photo["text"], words["text"], words["photos"]) == ("", "Zie de kaart.", [])
    assert [facebook.world.files[address] for address in photo["photos"]] == [b"\x89PNG plaatje"]
    assert sent.external_id == words["id"]


def test_send_private_document_alone(facebook: Facebook, tmp_path: Path) -> None:
    facebook.chat()
    (tmp_path / "brief.pdf").write_bytes(b"%PDF")
    brief = OutgoingFile(path=str(tmp_path / "brief.pdf"), content_type="application/pdf", name="brief.pdf")
    sent = facebook.connector.send(facebook.page, private("", files=(brief,)))
    (message,) = messages_by_us(facebook)
    assert sent.external_id == message["id"]
    assert [facebook.world.files[address] for address in message["files"]] == [b"%PDF"]


def test_send_private_words_lost_after_the_file_is_unknown(facebook: Facebook, picture: OutgoingFile) -> None:
    facebook.chat()
    facebook.stage.answers.extend([None, None, graph_error(613)])
    with pytest.raises(UnknownOutcome) as caught:
        facebook.connector.send(facebook.page, private("Zie de kaart.", files=(picture,)))
    assert (caught.value.code, len(messages_by_us(facebook))) == ("613", 1)


def test_send_private_reply_to_a_comment(facebook: Facebook) -> None:
    comment = facebook.comment()
    message = OutgoingMessage(text="Mag ik uw adres?", public=False, thread_id="?", private_reply_to=comment["id"])
    sent = facebook.connector.send(facebook.page, message)
    assert sent.thread_id == AISHA_PSID
    (ours,) = messages_by_us(facebook)
    assert (ours["citizen"], ours["text"]) == ("aisha", "Mag ik uw adres?")
    assert refused(facebook, message) == ("10900", "replied_privately")


def test_private_reply_to_a_comment_of_eight_days_ago_is_refused(facebook: Facebook) -> None:
    comment = facebook.comment()
    facebook.world.ahead = timedelta(days=8)
    message = OutgoingMessage(text="Mag ik uw adres?", public=False, thread_id="?", private_reply_to=comment["id"])
    assert refused(facebook, message) == ("10903", "no_private_reply")


def test_private_reply_is_found_by_its_comment(facebook: Facebook) -> None:
    comment = facebook.comment()
    message = OutgoingMessage(text="Mag ik uw adres?", public=False, thread_id="?", private_reply_to=comment["id"])
    since = now() - timedelta(minutes=1)
    assert facebook.connector.find_sent(facebook.page, message, since) == Found(surely_absent=True)
    sent = facebook.connector.send(facebook.page, message)
    found = facebook.connector.find_sent(facebook.page, message, since)
    assert found.sent is not None
    assert (found.sent.external_id, found.sent.thread_id) == (sent.external_id, AISHA_PSID)
    other = replace(message, text="Iets anders")
    assert facebook.connector.find_sent(facebook.page, other, since) == Found()


@pytest.mark.parametrize(
    ("hours", "kind"),
    [
        (23, {"messaging_type": "RESPONSE"}),
        (25, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
        (24 * 6, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
    ],
)
def test_send_private_within_its_window(facebook: Facebook, hours: int, kind: dict[str, str]) -> None:
    facebook.chat()
    facebook.world.ahead = timedelta(hours=hours)
    facebook.connector.send(facebook.page, private("Nog even dit.", age=timedelta(hours=hours)))
    assert len(messages_by_us(facebook)) == 1


def test_send_private_after_seven_days_is_not_tried(facebook: Facebook) -> None:
    assert refused(facebook, private("Te laat.", age=timedelta(days=7, minutes=1))) == ("", "window_closed")
    assert facebook.stage.calls == []


def test_send_private_facebook_says_the_window_closed(facebook: Facebook) -> None:
    facebook.chat()
    facebook.world.ahead = timedelta(hours=25)
    assert refused(facebook, private("We dachten: op tijd.")) == ("10/2018278", "window_closed")


def test_send_private_without_a_known_moment_lets_facebook_decide(facebook: Facebook) -> None:
    facebook.chat()
    message = OutgoingMessage(text="Hallo", public=False, thread_id=AISHA_PSID, to=AISHA_PSID)
    facebook.connector.send(facebook.page, message)
    assert len(messages_by_us(facebook)) == 1


def test_send_what_cannot_go_is_not_tried(facebook: Facebook, picture: OutgoingFile) -> None:
    film = OutgoingFile(path=picture.path, content_type="video/mp4", name="film.mp4")
    missing = OutgoingFile(path=picture.path + ".weg", content_type="image/png", name="weg.png")
    assert refused(facebook, public("a" * 8001, "1_2")) == ("", "too_long")
    assert refused(facebook, private("a" * 2001)) == ("", "too_long")
    assert refused(facebook, public("", "1_2")) == ("", "content")
    assert refused(facebook, public("Hallo", "")) == ("", "configuration")
    assert refused(facebook, private("x", files=(picture, picture))) == ("", "content")
    assert refused(facebook, private("x", files=(missing,))) == ("", "content")
    nobody = OutgoingMessage(text="x", public=False, thread_id="")
    assert refused(facebook, nobody) == ("", "recipient")
    with_film = OutgoingMessage(text="x", public=True, thread_id="1_2", in_reply_to="1_2", files=(film,))
    assert refused(facebook, with_film) == ("", "content")
    assert facebook.stage.calls == []


def test_send_file_over_the_limit(facebook: Facebook, tmp_path: Path) -> None:
    with (tmp_path / "groot.pdf").open("wb") as large:
        large.truncate(25 * 1024 * 1024 + 1)
    file = OutgoingFile(path=str(tmp_path / "groot.pdf"), content_type="application/pdf", name="groot.pdf")
    assert refused(facebook, private("x", files=(file,))) == ("", "content")


def test_send_to_a_removed_comment_is_gone(facebook: Facebook) -> None:
    comment = facebook.comment()
    facebook.platform.play("delete", {"citizen": "aisha", "id": comment["id"]})
    assert refused(facebook, public("Te laat.", comment["id"])) == ("100/33", "gone")


def test_send_with_another_pages_token_is_refused(facebook: Facebook) -> None:
    comment = facebook.comment()
    with pytest.raises(PermanentFailure) as caught:
        facebook.connector.send(facebook.farm, public("Ik ben het verkeerde dier.", comment["id"]))
    assert (caught.value.code, caught.value.reason) == ("200", "permission")


def test_send_to_nobody_known(facebook: Facebook) -> None:
    message = OutgoingMessage(text="Hallo", public=False, thread_id="1", to="1")
    assert refused(facebook, message) == ("100/2018001", "recipient")


def test_send_accepted_then_silent_is_unknown_and_there(facebook: Facebook) -> None:
    comment = facebook.comment()
    facebook.session.default_timeout = (2.0, 0.2)
    facebook.stage.answers.append(SILENCE)
    with pytest.raises(UnknownOutcome) as caught:
        facebook.connector.send(facebook.page, public("Om 10 uur.", comment["id"]))
    assert caught.value.reason == "no_answer"
    assert len(said_by_us(facebook)) == 1


def test_calls_carry_no_token_in_an_address(facebook: Facebook) -> None:
    comment = facebook.comment()
    facebook.connector.send(facebook.page, public("Om 10 uur.", comment["id"]))
    facebook.connector.like(facebook.page, comment["id"])
    facebook.connector.check(facebook.page)
    facebook.connector.delete(facebook.page, said_by_us(facebook)[0]["id"])
    assert [call[0] for call in facebook.stage.calls] == ["POST", "POST", "GET", "POST", "DELETE"]
    assert [call[1].split("/")[1] for call in facebook.stage.calls] == ["v26.0"] * 5
    assert [TOKEN in call[2] for call in facebook.stage.calls] == [False] * 5
    assert ["appsecret_proof" in call[2] for call in facebook.stage.calls] == [False, False, True, False, True]


def test_wrong_proof_is_refused_by_the_platform(facebook: Facebook) -> None:
    comment = facebook.comment()
    object.__setattr__(facebook.connector.app, "secrets", {"app_secret": "een ander"})
    assert refused(facebook, public("Hallo", comment["id"])) == ("100", "other")


def test_hide_show_like_and_delete(facebook: Facebook) -> None:
    comment = facebook.comment()
    facebook.connector.hide(facebook.page, comment["id"])
    assert comment["hidden"] is True
    facebook.connector.hide(facebook.page, comment["id"], hidden=False)
    assert comment["hidden"] is False
    facebook.connector.like(facebook.page, comment["id"])
    assert comment["liked"] is True
    facebook.connector.like(facebook.page, comment["id"], liked=False)
    assert comment["liked"] is False
    facebook.connector.delete(facebook.page, comment["id"])
    facebook.connector.delete(facebook.page, comment["id"])
    assert comment["deleted"] is True
    kinds = [type(item).__name__ for item in facebook.received(4)]
    assert kinds == ["IncomingMessage", "MessageHidden", "MessageHidden", "MessageDeleted"]


def test_capabilities(facebook: Facebook) -> None:
    assert facebook.connector.capabilities() == Capabilities(
        max_length_public=8000,
        max_length_private=2000,
        window=Window(length=timedelta(hours=24), human_agent_length=timedelta(days=7)),
        can_hide=True,
        can_delete=True,
        can_like=True,
        can_reply_privately=True,
        private_reply_within=timedelta(days=7),
        receipts=frozenset({ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.READ}),
        max_files=1,
        files_public=Files(most=1, sizes=dict.fromkeys(("image/jpeg", "image/png", "image/gif"), 10 * MEGABYTE)),
        files_private=Files(
            most=1,
            sizes=dict.fromkeys(
                ("image/jpeg", "image/png", "image/gif", "application/pdf", "video/mp4"), 25 * MEGABYTE
            ),
        ),
    )


def test_nested_values_are_json_text(facebook: Facebook) -> None:
    facebook.chat()
    facebook.connector.send(facebook.page, private('"quotes" & {braces}'))
    assert [message["text"] for message in messages_by_us(facebook)] == ['"quotes" & {braces}']
    assert json.loads(json.dumps(facebook.platform.state)) == facebook.platform.state


def test_connector_imports_where_warnings_are_errors(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", "import channels.connectors.facebook.connector"]
    environment = os.environ | {"PYTHONPYCACHEPREFIX": str(tmp_path)}  # compiled for the first time
    done = subprocess.run(
        command, env=environment, cwd=Path(__file__).parents[4], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_file_that_breaks_off_was_surely_not_sent(facebook: Facebook, tmp_path: Path) -> None:
    folder = OutgoingFile(path=str(tmp_path), content_type="image/png", name="map.png")
    assert refused(facebook, private("x", files=(folder,))) == ("", "content")
    assert facebook.stage.calls == []
