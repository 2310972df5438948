"""Answers that leave for X: over real HTTP, through tweepy, to the simulated X; and everything that may go wrong."""

import json
import logging
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.clock import now
from channels.connectors.x.connector import XConnector
from channels.connectors.x.simulated_api import user_token
from channels.errors import PermanentFailure, SendError, TemporaryFailure, UnknownOutcome
from channels.http import PlatformSession
from channels.messages import AccountCredentials, IncomingMessage, OutgoingFile, SentMessage
from channels.simulator.town import app, citizen
from tests.channels.connectors.x.conftest import ACCOUNT_ID, Town, credentials, direct, reply, the_account

AISHA = citizen("aisha").x_id
PROBLEMS = "https://api.x.com/2/problems/"
OLD_FORBIDDEN = "https://api.twitter.com/2/problems/client-forbidden"
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(64)


@pytest.fixture
def question(town: Town) -> str:
    """A citizen's mention, and its webhook out of the way."""
    made = town.play("mention", text="Wanneer komt u het grofvuil halen?")
    town.webhooks()
    return str(made["id"])


@pytest.fixture
def photo(tmp_path: Path) -> OutgoingFile:
    """A small picture."""
    path = tmp_path / "kaart.png"
    path.write_bytes(PIXEL)
    return OutgoingFile(path=str(path), content_type="image/png", name="kaart.png", alt_text="Een kaart")


def failure(connector: XConnector, message: Any, account: AccountCredentials | None = None) -> SendError:
    with pytest.raises(SendError) as caught:
        connector.send(account or the_account(), message)
    return caught.value


def told(error: SendError) -> tuple[type, str, str]:
    return (type(error), error.code, error.reason)


def test_reply_is_posted_under_the_question_and_comes_back_as_an_echo(
    town: Town, connector: XConnector, question: str
) -> None:
    sent = connector.send(the_account(), reply(question, "Morgen & overmorgen: waterkant.nl/grofvuil"))
    assert sent == SentMessage(
        external_id=sent.external_id, url=f"https://x.com/gemwaterkant/status/{sent.external_id}"
    )
    post = town.x.state["posts"][sent.external_id]
    assert (post["reply_to"], post["text"]) == (question, "Morgen & overmorgen: waterkant.nl/grofvuil")
    (echo,) = town.webhooks()
    assert isinstance(echo, IncomingMessage)
    assert (echo.external_id, echo.from_us, echo.in_reply_to) == (sent.external_id, True, question)
    assert echo.text == "@aisha_b Morgen & overmorgen: http://waterkant.nl/grofvuil"
    assert echo.peer is not None
    assert echo.peer.external_id == AISHA


def test_direct_message_is_sent_and_comes_back_as_an_echo(town: Town, connector: XConnector) -> None:
    sent = connector.send(the_account(), direct(AISHA))
    assert sent == SentMessage(external_id=sent.external_id, thread_id=f"{ACCOUNT_ID}-{AISHA}")
    (echo,) = town.webhooks()
    assert isinstance(echo, IncomingMessage)
    assert (echo.external_id, echo.from_us, echo.thread_id, echo.text) == (
        sent.external_id,
        True,
        AISHA,
        "Dat zoeken we voor u uit.",
    )


def test_oauth2_token_is_used_when_the_account_has_one(town: Town, connector: XConnector, question: str) -> None:
    one = app("x").accounts[0]
    account = AccountCredentials(
        external_id=one.external_id, handle=one.handle, name="", secrets={"oauth2_token": user_token(one)}
    )
    assert connector.send(account, reply(question)).external_id in town.x.state["posts"]


def test_photo_goes_up_with_its_description_before_the_post(
    town: Town, connector: XConnector, question: str, photo: OutgoingFile
) -> None:
    sent = connector.send(the_account(), reply(question, files=(photo,)))
    (file,) = town.x.state["posts"][sent.external_id]["media"]
    assert (file["content_type"], file["alt_text"]) == ("image/png", "Een kaart")
    assert town.calls == ["POST /2/media/upload", "POST /2/media/metadata", "POST /2/tweets"]


def test_photo_in_a_direct_message_needs_no_text(town: Town, connector: XConnector, photo: OutgoingFile) -> None:
    sent = connector.send(the_account(), direct(AISHA, "", files=(photo,)))
    assert len(town.x.state["dms"][sent.external_id]["media"]) == 1


def test_photo_that_cannot_go_up_leaves_nothing_posted_and_may_be_tried_again(
    town: Town, connector: XConnector, question: str, photo: OutgoingFile
) -> None:
    before = len(town.x.state["posts"])
    town.fail(503)
    assert told(failure(connector, reply(question, files=(photo,)))) == (TemporaryFailure, "503", "busy")
    with town.hush(connector):
        assert told(failure(connector, reply(question, files=(photo,)))) == (TemporaryFailure, "", "busy")
    assert len(town.x.state["posts"]) == before


@pytest.mark.parametrize("kind", ["application/pdf", "video/mp4"])
def test_file_x_does_not_take_is_refused_here(connector: XConnector, photo: OutgoingFile, kind: str) -> None:
    file = OutgoingFile(path=photo.path, content_type=kind, name="x")
    assert told(failure(connector, reply("1", files=(file,)))) == (PermanentFailure, "", "content")


def test_file_that_is_too_big_too_many_or_gone_is_refused_here(connector: XConnector, photo: OutgoingFile) -> None:
    big = Path(photo.path).with_name("groot.png")
    big.write_bytes(bytes(5 * 1024 * 1024 + 1))
    files = {
        "big": (OutgoingFile(path=str(big), content_type="image/png", name="x"),),
        "gone": (OutgoingFile(path=f"{big}.weg", content_type="image/png", name="x"),),
        "many": (photo,) * 5,
    }
    for found in files.values():
        assert told(failure(connector, reply("1", files=found))) == (PermanentFailure, "", "content")
    assert told(failure(connector, direct(AISHA, files=(photo,) * 2))) == (PermanentFailure, "", "content")


def test_same_answer_twice_is_a_duplicate(connector: XConnector, question: str) -> None:
    connector.send(the_account(), reply(question))
    assert told(failure(connector, reply(question))) == (PermanentFailure, "403", "duplicate")


def test_answer_to_a_deleted_post_is_gone(town: Town, connector: XConnector, question: str) -> None:
    town.play("delete", id=question)
    assert told(failure(connector, reply(question))) == (PermanentFailure, "403", "gone")


def test_answer_to_who_did_not_name_us_is_not_summoned(town: Town, connector: XConnector) -> None:
    ours = next(iter(town.x.state["posts"]))
    made = town.play("aside", to=ours, text="Nou, mooi is dat")
    assert told(failure(connector, reply(made["id"]))) == (PermanentFailure, "403", "not_summoned")


def test_answer_to_who_quoted_us_is_allowed(town: Town, connector: XConnector) -> None:
    ours = next(iter(town.x.state["posts"]))
    made = town.play("quote", to=ours, text="Lees dit")
    assert connector.send(the_account(), reply(made["id"])).external_id in town.x.state["posts"]


def test_answer_longer_than_x_allows_is_too_long(connector: XConnector, question: str) -> None:
    assert told(failure(connector, reply(question, "€" * 141))) == (PermanentFailure, "403", "too_long")


def test_direct_message_to_nobody_has_no_recipient(connector: XConnector) -> None:
    assert told(failure(connector, direct("1"))) == (PermanentFailure, "403", "recipient")
    assert told(failure(connector, direct(""))) == (PermanentFailure, "", "recipient")


def test_account_whose_token_is_refused_needs_to_be_connected_again(
    town: Town, connector: XConnector, question: str
) -> None:
    account = AccountCredentials(
        external_id=ACCOUNT_ID,
        handle="x",
        name="",
        secrets={"access_token": "2244994945001-token", "access_token_secret": "verkeerd"},
    )
    assert told(failure(connector, reply(question), account)) == (PermanentFailure, "401", "token")
    town.refuse("token")
    assert told(failure(connector, reply(question))) == (PermanentFailure, "401", "token")


def test_account_without_a_token_is_refused_here(connector: XConnector) -> None:
    account = AccountCredentials(external_id=ACCOUNT_ID, handle="x", name="", secrets={})
    assert told(failure(connector, reply("1"), account)) == (PermanentFailure, "", "token")


def test_rate_limit_says_when_to_try_again(town: Town, connector: XConnector, question: str) -> None:
    town.refuse("rate_limit")
    error = failure(connector, reply(question))
    assert told(error) == (TemporaryFailure, "429", "rate_limit")
    assert isinstance(error, TemporaryFailure)
    assert error.retry_at is not None
    assert now() < error.retry_at <= now() + timedelta(seconds=10)


def test_rate_limit_of_a_day_that_is_used_up_is_the_one_to_wait_for(
    town: Town, connector: XConnector, question: str
) -> None:
    soon, later = (int(now().timestamp()) + seconds for seconds in (60, 7200))
    headers = {
        "x-rate-limit-remaining": "0",
        "x-rate-limit-reset": str(soon),
        "x-user-limit-24hour-remaining": "0",
        "x-user-limit-24hour-reset": str(later),
        "x-app-limit-24hour-remaining": "55",
        "x-app-limit-24hour-reset": str(later + 60),
    }
    town.fail(429, b'{"errors":[{"code":88,"message":"Rate limit exceeded"}]}', headers)
    error = failure(connector, reply(question))
    assert isinstance(error, TemporaryFailure)
    assert (error.code, error.retry_at) == ("429/88", datetime.fromtimestamp(later, UTC))


@pytest.mark.parametrize("reset", [None, "0", "9" * 11, "1"])
def test_rate_limit_without_a_sensible_time_gives_none(
    town: Town, connector: XConnector, question: str, reset: str | None
) -> None:
    town.fail(429, b"{}", {} if reset is None else {"x-rate-limit-reset": reset})
    error = failure(connector, reply(question))
    assert isinstance(error, TemporaryFailure)
    assert (error.reason, error.retry_at) == ("rate_limit", None)


@pytest.mark.parametrize(
    ("after", "seconds"), [("120", 120), ("0", None), ("86401", None), ("soon", None), ("-5", None), ("9" * 9, None)]
)
def test_retry_after_of_a_gateway_counts_beside_the_reset(
    town: Town, connector: XConnector, question: str, after: str, seconds: int | None
) -> None:
    reset = int(now().timestamp()) + 60
    for headers, least in (({}, None), ({"x-rate-limit-reset": str(reset)}, 60)):
        town.fail(429, b"{}", {"retry-after": after, **headers})
        before = now()
        error = failure(connector, reply(question))
        assert isinstance(error, TemporaryFailure)
        waits = max((wait for wait in (seconds, least) if wait), default=None)
        if waits is None:
            assert error.retry_at is None
        else:
            assert error.retry_at is not None
            assert waits - 2 <= (error.retry_at - before).total_seconds() <= waits + 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_error_on_a_post_leaves_it_unknown(
    town: Town, connector: XConnector, question: str, status: int
) -> None:
    town.fail(status, b"<html>Bad gateway</html>")
    assert told(failure(connector, reply(question))) == (UnknownOutcome, str(status), "busy")


def test_answer_that_never_came_leaves_it_unknown_though_it_was_posted(
    town: Town, connector: XConnector, question: str
) -> None:
    with town.hush(connector):
        assert told(failure(connector, reply(question, "Stil"))) == (UnknownOutcome, "", "no_answer")
    assert [post["text"] for post in town.x.state["posts"].values()][-1] == "Stil"


def test_refused_connection_is_surely_not_done() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with PlatformSession(f"http://127.0.0.1:{port}") as session:
        error = failure(XConnector(credentials(), session), reply("1"))
    assert told(error) == (TemporaryFailure, "", "busy")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"3", b"{}", b'{"data":{}}', b'{"data":[]}', b"null"])
@pytest.mark.parametrize("private", [False, True])
def test_success_that_names_nothing_leaves_it_unknown(
    town: Town, connector: XConnector, body: bytes, private: bool
) -> None:
    town.fail(201, body)
    error = failure(connector, direct(AISHA) if private else reply("1"))
    assert (type(error), error.reason) == (UnknownOutcome, "no_answer")


def test_success_with_partial_errors_counts_when_the_post_is_there(town: Town, connector: XConnector) -> None:
    problem = {"title": "Not Found Error", "type": "https://api.x.com/2/problems/resource-not-found"}
    town.fail(200, json.dumps({"data": {"id": "5"}, "errors": [problem]}).encode())
    assert connector.send(the_account(), reply("1")).external_id == "5"
    town.fail(200, json.dumps({"errors": [problem]}).encode())
    error = failure(connector, reply("1"))
    assert told(error) == (PermanentFailure, "400/resource-not-found", "gone")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"type": f"{PROBLEMS}invalid-request"}, (PermanentFailure, "400/invalid-request", "other")),
        (400, {"errors": [{"message": "Your media IDs are invalid."}]}, (PermanentFailure, "400", "content")),
        (402, {"title": "CreditsDepleted"}, (PermanentFailure, "402", "configuration")),
        (403, {"type": OLD_FORBIDDEN}, (PermanentFailure, "403/client-forbidden", "permission")),
        (403, {"type": f"{PROBLEMS}usage-capped"}, (TemporaryFailure, "403/usage-capped", "rate_limit")),
        (403, {"detail": "Your account is suspended"}, (PermanentFailure, "403", "permission")),
        (403, {"errors": [{"code": 187, "message": "x"}]}, (PermanentFailure, "403/187", "duplicate")),
        (403, {"errors": None}, (PermanentFailure, "403", "permission")),
        (403, ["x"], (PermanentFailure, "403", "permission")),
        (404, {}, (PermanentFailure, "404", "gone")),
        (413, {}, (PermanentFailure, "413", "content")),
        (302, {}, (PermanentFailure, "302", "configuration")),
        (418, {}, (PermanentFailure, "418", "other")),
    ],
)  # fmt: skip
def test_refusal_is_read_by_status_type_and_code(
    town: Town, connector: XConnector, status: int, body: Any, expected: tuple[type, str, str]
) -> None:
    town.fail(status, json.dumps(body).encode())
    error = failure(connector, reply("1"))
    if body in ({"errors": None}, ["x"]):
        # tweepy itself trips over these; what is left is that nothing was said.
        assert told(error) == (UnknownOutcome, "", "no_answer")
    else:
        assert told(error) == expected


def test_not_found_in_private_is_the_citizen(town: Town, connector: XConnector) -> None:
    town.fail(404, b"{}")
    assert told(failure(connector, direct(AISHA))) == (PermanentFailure, "404", "recipient")


def test_nothing_secret_or_personal_is_in_an_error_or_a_log(
    town: Town, connector: XConnector, question: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    town.fail(403, json.dumps({"detail": "Aïsha vraagt om haar paspoort"}).encode())
    error = failure(connector, reply(question, "Uw paspoort ligt klaar"))
    with town.hush(connector):
        silence = failure(connector, reply(question, "Uw paspoort ligt klaar"))
    said = f"{error!r} {error.detail} {silence!r} {silence.detail} {caplog.text}"
    assert (error.__cause__, silence.__cause__) == (None, None)
    for secret in ("paspoort", "token", "Bearer", "OAuth", question):
        assert secret not in said


def test_hide_and_show_again_and_delete(town: Town, connector: XConnector) -> None:
    ours = next(iter(town.x.state["posts"]))
    made = town.play("reply", to=ours, text="Rotzooi")["id"]
    connector.hide(the_account(), made, hidden=True)
    assert town.x.state["posts"][made]["hidden"] is True
    connector.hide(the_account(), made, hidden=False)
    assert town.x.state["posts"][made]["hidden"] is False
    connector.delete(the_account(), ours)
    assert town.x.state["posts"][ours]["deleted"] is True
    with pytest.raises(PermanentFailure) as caught:
        connector.delete(the_account(), ours)
    assert told(caught.value) == (PermanentFailure, "404/resource-not-found", "gone")


def test_capabilities_are_those_of_self_serve_access(connector: XConnector) -> None:
    found = connector.capabilities()
    assert (found.max_length_public, found.max_length_private, found.weighted_length) == (280, 10_000, True)
    assert (found.can_thread, found.can_hide, found.can_delete, found.reply_needs_mention) == (True,) * 4
    assert (sorted(found.receipts), found.max_files, found.window) == (["read", "sent"], 4, None)
    assert connector.length("€") == 2
    assert connector.split("kort") == ["kort"]
