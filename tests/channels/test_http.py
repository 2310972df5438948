"""Outbound calls: bounded in time and size, to the simulator when there is one, and honest about what is certain."""

import ssl
from collections.abc import Iterator
from threading import Event

import pytest
import requests

from channels import http
from channels.errors import PermanentFailure, TemporaryFailure, UnknownOutcome
from channels.http import PlatformSession, from_network_error
from tests.channels.server import Answer, Request, serving


def test_every_call_goes_to_the_simulator_with_path_and_query() -> None:
    with serving(lambda _: Answer(body=b'{"a": 1}')) as server, PlatformSession(server.url + "/") as session:
        answer = session.post("https://api.x.com/2/tweets?a=%20b&c=", json={"text": "hoi"})
    assert (answer.json(), answer.text, [request.path for request in server.requests]) == (
        {"a": 1},
        '{"a": 1}',
        ["/2/tweets?a=%20b&c="],
    )


def test_without_a_simulator_the_address_stays() -> None:
    assert PlatformSession().rewritten("https://api.x.com/2/tweets#x") == "https://api.x.com/2/tweets#x"


def test_redirect_is_an_answer_and_its_body_is_not_waited_for() -> None:
    more = {"Location": "http://127.0.0.1:1/elders"}
    with serving(lambda _: Answer(status=307, headers=more)) as server, PlatformSession(server.url) as session:
        answer = session.get("https://graph.facebook.com/me", allow_redirects=True)
    assert (answer.status_code, answer.is_redirect, len(server.requests)) == (307, True, 1)


def failing(
    session: PlatformSession, url: str = "https://api.x.com/2/tweets?token=geheim"
) -> requests.RequestException:
    with pytest.raises(requests.RequestException) as raised:
        session.get(url)
    return raised.value


def test_call_without_a_timeout_gets_ours() -> None:
    with (
        serving(lambda _: Answer(hang=True)) as server,
        PlatformSession(server.url, timeout=(1, 0.2)) as session,
    ):
        error = from_network_error(failing(session))
    assert (type(error), error.reason, error.detail) == (UnknownOutcome, "no_answer", "ReadTimeout")


def test_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TOTAL_TIMEOUT", 0.2)
    ended = Event()

    def dripping() -> Iterator[bytes]:
        while not ended.wait(0.02):
            yield b" "

    with serving(lambda _: Answer(body=dripping())) as server, PlatformSession(server.url) as session:
        error = from_network_error(failing(session))
        ended.set()
    assert (type(error), error.detail) == (UnknownOutcome, "ReadTimeout")


def test_answer_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER", 1024 * 1024)
    endless = (b"x" * 65536 for _ in range(1000))
    with serving(lambda _: Answer(body=endless)) as server, PlatformSession(server.url) as session:
        error = from_network_error(failing(session))
    assert (type(error), error.detail) == (UnknownOutcome, "AnswerTooLarge")


def test_streamed_answer_is_left_to_the_caller() -> None:
    with serving(lambda _: Answer(body=b"abc")) as server, PlatformSession(server.url) as session:
        answer = session.get("https://api.x.com/", stream=True)
        assert b"".join(answer.iter_content(2)) == b"abc"


def test_refused_connection_is_surely_not_done() -> None:
    with PlatformSession("http://127.0.0.1:1") as session:
        error = from_network_error(failing(session))
    assert (type(error), error.reason) == (TemporaryFailure, "busy")


def test_unknown_host_is_surely_not_done() -> None:
    with PlatformSession("http://bestaat-niet.invalid") as session:
        error = from_network_error(failing(session))
    assert (type(error), error.reason) == (TemporaryFailure, "busy")


def test_broken_line_after_the_request_is_unknown() -> None:
    def cut(_: Request) -> Answer:
        return Answer(body=b"half", headers={"Content-Length": "100"})

    with serving(cut) as server, PlatformSession(server.url) as session:
        error = from_network_error(failing(session))
    assert (type(error), error.reason) == (UnknownOutcome, "no_answer")


@pytest.mark.parametrize("url", ["", "api.x.com/2", "ftp://api.x.com", "http://[::1"])
def test_address_that_is_none_is_a_wrong_configuration(url: str) -> None:
    with PlatformSession() as session:
        error = from_network_error(failing(session, url))
    assert (type(error), error.reason) == (PermanentFailure, "configuration")


def test_certificate_we_do_not_trust_is_surely_not_done() -> None:
    inner = ssl.SSLCertVerificationError(1, "certificate verify failed")
    assert type(from_network_error(requests.exceptions.SSLError(inner))) is TemporaryFailure


def test_error_says_nothing_of_the_address() -> None:
    with PlatformSession("http://127.0.0.1:1") as session:
        error = from_network_error(failing(session))
    assert "geheim" not in repr(error) + str(error) + error.detail
