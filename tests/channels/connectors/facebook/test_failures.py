"""Every error class of Meta, answered over real HTTP, in our words."""

import json
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from starlette.responses import Response

from channels.clock import now
from channels.connectors.facebook.connector import FacebookConnector
from channels.connectors.facebook.simulated_graph import refusal
from channels.errors import PermanentFailure, SendError, TemporaryFailure, UnknownOutcome
from channels.http import PlatformSession
from tests.channels.connectors.facebook.conftest import SILENCE, Facebook, graph_error, public

PERMANENT, TEMPORARY, UNKNOWN = PermanentFailure, TemporaryFailure, UnknownOutcome
HTML = "<html><h1>502 Bad Gateway</h1></html>"


def failed(facebook: Facebook, answer: Any, act: str = "send") -> tuple[type[SendError], str, str]:
    facebook.stage.answers.append(answer)
    message = public("Goedemiddag", "1_2")
    acts: dict[str, Callable[[], object]] = {
        "send": lambda: facebook.connector.send(facebook.page, message),
        "hide": lambda: facebook.connector.hide(facebook.page, "1_2"),
        "find": lambda: facebook.connector.find_sent(facebook.page, message, now()),
    }
    with pytest.raises(SendError) as caught:
        acts[act]()
    assert "waterkant-page-token" not in f"{caught.value!r} {caught.value.detail}"
    assert "Goedemiddag" not in f"{caught.value!r} {caught.value.detail}"
    return type(caught.value), caught.value.code, caught.value.reason


@pytest.mark.parametrize(
    ("code", "subcode", "more", "expected"),
    [
        (190, 0, {}, (PERMANENT, "190", "token")),
        (190, 463, {}, (PERMANENT, "190/463", "token")),
        (102, 0, {}, (PERMANENT, "102", "token")),
        (4, 0, {}, (TEMPORARY, "4", "rate_limit")),
        (17, 0, {}, (TEMPORARY, "17", "rate_limit")),
        (32, 0, {}, (TEMPORARY, "32", "rate_limit")),
        (341, 0, {}, (TEMPORARY, "341", "rate_limit")),
        (613, 1996, {}, (TEMPORARY, "613/1996", "rate_limit")),
        (1, 0, {}, (UNKNOWN, "1", "no_answer")),
        (2, 0, {"is_transient": True}, (UNKNOWN, "2", "no_answer")),
        (2, 0, {"status": 500}, (UNKNOWN, "2", "no_answer")),
        (9999, 0, {"status": 503}, (UNKNOWN, "9999", "no_answer")),
        (9999, 0, {"is_transient": True}, (TEMPORARY, "9999", "busy")),
        (10, 2018278, {}, (PERMANENT, "10/2018278", "window_closed")),
        (10, 2534022, {}, (PERMANENT, "10/2534022", "window_closed")),
        (10, 0, {}, (PERMANENT, "10", "permission")),
        (200, 0, {"status": 403}, (PERMANENT, "200", "permission")),
        (299, 0, {}, (PERMANENT, "299", "permission")),
        (551, 1545041, {}, (PERMANENT, "551/1545041", "recipient")),
        (551, 0, {}, (PERMANENT, "551", "recipient")),
        (506, 0, {}, (PERMANENT, "506", "duplicate")),
        (368, 0, {"is_transient": True}, (PERMANENT, "368", "blocked_for_policy")),
        (100, 33, {}, (PERMANENT, "100/33", "gone")),
        (100, 2018047, {}, (PERMANENT, "100/2018047", "content")),
        (100, 0, {}, (PERMANENT, "100", "other")),
        (9999, 0, {}, (PERMANENT, "9999", "other")),
    ],
)
def test_graph_error_on_a_send(
    facebook: Facebook, code: int, subcode: int, more: dict[str, Any], expected: Any
) -> None:
    assert failed(facebook, graph_error(code, subcode, **more)) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Response(HTML, 502, media_type="text/html"), (UNKNOWN, "502", "no_answer")),
        (Response("", 200, media_type="application/json"), (UNKNOWN, "200", "no_answer")),
        (Response("", 200), (UNKNOWN, "200", "no_answer")),
        (Response('{"id": "5', 200, media_type="application/json"), (UNKNOWN, "200", "no_answer")),
        (Response("[]", 200, media_type="application/json"), (UNKNOWN, "200", "no_answer")),
        (Response('{"success": true}', 200, media_type="application/json"), (UNKNOWN, "", "no_answer")),
        (Response("{}", 500, media_type="application/json"), (UNKNOWN, "500", "no_answer")),
        (Response('{"id": "5"}', 503, media_type="application/json"), (UNKNOWN, "503", "no_answer")),
        (Response("x", 408, media_type="text/plain"), (UNKNOWN, "408", "no_answer")),
        (Response("access_token=x", 200, media_type="text/plain"), (UNKNOWN, "", "no_answer")),
        (Response("Slow down", 429, media_type="text/plain"), (TEMPORARY, "429", "rate_limit")),
        (Response(HTML, 403, media_type="text/html"), (PERMANENT, "403", "other")),
        (Response("", 302, headers={"location": "https://example.org/"}), (PERMANENT, "302", "configuration")),
    ],
)
def test_answer_that_is_no_graph_answer_on_a_send(facebook: Facebook, answer: Response, expected: Any) -> None:
    assert failed(facebook, answer) == expected


@pytest.mark.parametrize("act", ["hide", "find"])
@pytest.mark.parametrize("answer", [graph_error(2), Response(HTML, 502, media_type="text/html")])
def test_unclear_answer_where_nobody_gets_anything_is_temporary(facebook: Facebook, act: str, answer: Response) -> None:
    assert failed(facebook, answer, act)[::2] == (TEMPORARY, "busy")


USAGE = {"104000000000001": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 7}]}


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-Business-Use-Case-Usage": json.dumps(USAGE)}, timedelta(minutes=7)),
        ({"X-App-Usage": '{"call_count": 100, "estimated_time_to_regain_access": 3}'}, timedelta(minutes=3)),
        ({"Retry-After": "90"}, timedelta(seconds=90)),
        ({"X-Business-Use-Case-Usage": json.dumps(USAGE), "Retry-After": "5"}, timedelta(minutes=7)),
        ({"X-App-Usage": '{"call_count": 100}'}, None),
        ({"X-App-Usage": "half a {", "X-Business-Use-Case-Usage": "[1]", "Retry-After": "soon"}, None),
    ],
)
def test_rate_limit_says_when_to_try_again(facebook: Facebook, headers: dict[str, str], wait: timedelta | None) -> None:
    facebook.stage.answers.append(graph_error(4, status=403, headers=headers))
    before = now()
    with pytest.raises(TemporaryFailure) as caught:
        facebook.connector.send(facebook.page, public("Goedemiddag", "1_2"))
    if wait is None:
        assert caught.value.retry_at is None
    else:
        assert caught.value.retry_at is not None
        assert before + wait <= caught.value.retry_at <= now() + wait


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("rate_limit", (TEMPORARY, "613/1996", "rate_limit")),
        ("token", (PERMANENT, "190/463", "token")),
        ("server_error", (UNKNOWN, "2", "no_answer")),
    ],
)
def test_refusals_of_the_simulator(facebook: Facebook, fault: str, expected: Any) -> None:
    assert failed(facebook, refusal(fault)) == expected


def test_refused_connection_was_surely_not_done(facebook: Facebook) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    session = PlatformSession(f"http://127.0.0.1:{closed}", timeout=(1.0, 1.0))
    connector = FacebookConnector(facebook.connector.app, session)
    with pytest.raises(TemporaryFailure) as caught:
        connector.send(facebook.page, public("Goedemiddag", "1_2"))
    assert caught.value.reason == "busy"
    with pytest.raises(TemporaryFailure):
        connector.check(facebook.page)


def test_network_lost_while_reading_is_temporary(facebook: Facebook) -> None:
    facebook.session.default_timeout = (1.0, 0.2)
    assert failed(facebook, SILENCE, "find") == (TEMPORARY, "", "busy")
