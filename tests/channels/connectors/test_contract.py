"""What every connector promises, asked of each of them: signatures, keys, parsing, outcomes, silence about secrets."""

import json
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import registry
from channels.clock import now
from channels.connector import Connector
from channels.errors import (
    REASONS,
    BadSignature,
    MalformedEvent,
    PermanentFailure,
    SendError,
    TemporaryFailure,
    UnknownOutcome,
)
from channels.http import PlatformSession
from channels.messages import (
    AccountCredentials,
    AppCredentials,
    Ignored,
    IncomingMessage,
    Item,
    OutgoingMessage,
    ReceiptState,
    WebhookRequest,
)
from channels.models import Kind
from channels.simulator import town
from tests.channels.server import Answer, Request, serving
from tests.channels.signing import PUBLIC, address, content_type, encoded, headers, text_message

FILES = ["README.md", "__init__.py", "connector.py", "parse.py", "send.py", "signature.py", "simulator.py"]
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TEXT = "Uw nieuwe rijbewijs ligt klaar bij de balie"
NOWHERE = "http://127.0.0.1:1"

kinds = pytest.mark.parametrize("kind", list(registry.CONNECTORS))


def connector(kind: str, url: str = NOWHERE, **secrets: str) -> Connector:
    app = town.app(kind)
    held = AppCredentials(kind=kind, key=app.key, secrets=app.secrets | secrets)
    return registry.connector_class(kind)(held, PlatformSession(url, timeout=(2.0, 0.3)))


def account(kind: str) -> AccountCredentials:
    found = town.app(kind).accounts[0]
    return AccountCredentials(
        external_id=found.external_id,
        handle=found.handle,
        name=found.name,
        secrets=found.secrets,
        settings={"status_callback": PUBLIC + address(kind)},
    )


def outgoing(kind: str, **more: Any) -> OutgoingMessage:
    aisha = town.citizen("aisha")
    to = {"x": aisha.x_id, "facebook": aisha.psid, "whatsapp": f"whatsapp:{aisha.phone}"}[kind]
    return OutgoingMessage(
        **{
            "text": TEXT,
            "public": False,
            "thread_id": to,
            "to": to,
            "last_from_citizen_at": now() - timedelta(minutes=5),
            "idempotency_key": "een-sleutel",
            **more,
        }
    )


def call(kind: str, body: bytes, given_headers: dict[str, str] | None = None, method: str = "POST") -> WebhookRequest:
    signed = headers(kind, body) if given_headers is None else given_headers
    return WebhookRequest(method, PUBLIC + address(kind), {}, {"content-type": content_type(kind), **signed}, body)


# ---------------------------------------------------------------- the folder


def test_registry_and_database_know_the_same_kinds() -> None:
    assert list(registry.CONNECTORS) == Kind.values


@kinds
def test_folder_holds_the_same_files(kind: str) -> None:
    module = registry.CONNECTORS[kind].rsplit(".", 2)[0]
    folder = Path(__file__).parents[3].joinpath(*module.split("."))
    assert [name for name in FILES if not (folder / name).is_file()] == []
    assert (folder / "README.md").read_text(encoding="utf-8").startswith("# ")


@kinds
def test_class_says_what_it_needs(kind: str) -> None:
    cls = registry.connector_class(kind)
    app = town.app(kind)
    assert (cls.kind, [name for name in cls.app_secrets if name not in app.secrets]) == (kind, [])
    assert [name for name in cls.account_secrets if name not in app.accounts[0].secrets] == []
    assert [host for host in cls.media_hosts if "/" in host or "." not in host.strip(".")] == []
    assert len(cls.media_hosts) > 0


# ---------------------------------------------------------------- signatures


@kinds
def test_right_signature_passes(kind: str) -> None:
    assert connector(kind).verify(call(kind, text_message(kind))) is None


@kinds
@pytest.mark.parametrize("body", [b"", b"{}", "é=ë&leeg=".encode()])
def test_signature_is_over_the_raw_bytes_whatever_they_are(kind: str, body: bytes) -> None:
    assert connector(kind).verify(call(kind, body)) is None


@pytest.mark.parametrize("kind", [kind for kind in registry.CONNECTORS if kind != "whatsapp"])
def test_signature_is_over_raw_bytes_that_are_no_text(kind: str) -> None:
    """Not Twilio: it signs the fields of a form, and never sends one that is no UTF-8."""
    body = b"\xff\xfe\x00"
    assert connector(kind).verify(call(kind, body)) is None


def wrong_headers(kind: str) -> list[dict[str, str]]:
    (name, value), *_ = headers(kind, text_message(kind)).items()
    return [
        {},
        {name: ""},
        {name: "sha256="},
        {name: value[:-1]},
        {name: value + "="},
        {name: value.swapcase()},
        {name: value.removeprefix("sha256=")[::-1]},
        {name: "é" * 40},
        {name: "\x00"},
        {"authorization": value},
    ]


@kinds
def test_wrong_or_missing_signature_is_refused(kind: str) -> None:
    for given_headers in wrong_headers(kind):
        with pytest.raises(BadSignature):
            connector(kind).verify(call(kind, text_message(kind), given_headers))


@kinds
def test_changed_body_is_refused(kind: str) -> None:
    body = text_message(kind)
    for changed in (body + b" ", body[:-1], body.replace(b"restafval", b"oud+papier"), b""):
        with pytest.raises(BadSignature):
            connector(kind).verify(call(kind, changed, headers(kind, body)))


@kinds
def test_signature_by_another_app_is_refused(kind: str) -> None:
    other = dict.fromkeys(town.app(kind).secrets, "van een ander")
    with pytest.raises(BadSignature):
        connector(kind, **other).verify(call(kind, text_message(kind)))


@kinds
def test_app_without_secrets_accepts_nothing(kind: str) -> None:
    empty = registry.connector_class(kind)(AppCredentials(kind=kind, key="k", secrets={}), PlatformSession(NOWHERE))
    for given_headers in [*wrong_headers(kind), headers(kind, text_message(kind))]:
        with pytest.raises(BadSignature):
            empty.verify(call(kind, text_message(kind), given_headers))


@kinds
def test_plain_get_is_no_challenge(kind: str) -> None:
    assert connector(kind).challenge(call(kind, b"", {}, "GET")) is None


@kinds
def test_answer_after_storing_says_nothing_to_the_citizen(kind: str) -> None:
    answer = connector(kind).accepted()
    assert (answer.status in {200, 204}, answer.body) == (True, "")


# ---------------------------------------------------------------- the dedupe key


@kinds
def test_dedupe_key_is_of_the_event(kind: str) -> None:
    keys = [connector(kind).dedupe_key(call(kind, text_message(kind, number))) for number in (1, 1, 2, 3)]
    assert (keys[0] == keys[1], len(set(keys)), all(0 < len(key) <= 200 for key in keys)) == (True, 3, True)


@kinds
def test_dedupe_key_does_not_look_at_headers(kind: str) -> None:
    body = text_message(kind)
    assert connector(kind).dedupe_key(call(kind, body, {})) == connector(kind).dedupe_key(call(kind, body))


bodies = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)


@kinds
@given(body=bodies)
@settings(max_examples=80, deadline=None)
def test_any_body_has_a_dedupe_key(kind: str, body: bytes) -> None:
    key = connector(kind).dedupe_key(call(kind, body, {}))
    assert (0 < len(key) <= 200, key) == (True, connector(kind).dedupe_key(call(kind, body, {})))


# ---------------------------------------------------------------- parsing


@kinds
def test_text_message_is_read(kind: str) -> None:
    (item,) = connector(kind).parse(text_message(kind), AT)
    assert isinstance(item, IncomingMessage)
    assert (item.account_id, item.text, item.public, item.from_us, item.sent_at.tzinfo) == (
        town.app(kind).accounts[0].external_id,
        "Wanneer wordt het restafval opgehaald?",
        False,
        False,
        UTC,
    )
    assert (item.peer, item.thread_id, item.author.name) == (
        item.author,
        item.author.external_id,
        {"x": "Aïsha Benali", "facebook": "", "whatsapp": "Aïsha Benali"}[kind],
    )


@kinds
def test_parsing_is_pure(kind: str) -> None:
    body = text_message(kind)
    assert connector(kind).parse(body, AT) == connector(kind).parse(body, AT)


@kinds
@given(body=bodies)
@settings(max_examples=80, deadline=None)
def test_any_body_parses_or_is_malformed(kind: str, body: bytes) -> None:
    items, reason = parsed(kind, body)
    if items is None:
        assert 0 < len(reason) < 200
    else:
        check_reasons(items)


@kinds
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"entry": []}', b"[" * 100_000, b'{"a":' * 100_000])
def test_empty_or_monstrous_body_is_malformed_or_ignored(kind: str, body: bytes) -> None:
    items, _ = parsed(kind, body)
    if items is None:
        return
    check_reasons(items)
    assert [type(item) for item in items if not isinstance(item, Ignored)] == []


def parsed(kind: str, body: bytes) -> tuple[list[Item] | None, str]:
    """The items, or None and the reason of MalformedEvent; any other exception is a fault."""
    try:
        return connector(kind).parse(body, AT), ""
    except MalformedEvent as error:
        return None, str(error)


def check_reasons(items: list[Item]) -> None:
    assert len(items) > 0
    assert [item for item in items if isinstance(item, Ignored) and not 0 < len(item.reason) <= 200] == []


ACCOUNTS = {kind: town.app(kind).accounts[0].external_id for kind in registry.CONNECTORS}
UNKNOWN: dict[str, list[dict[str, Any]]] = {
    "x": [
        {
            "data": {
                "event_uuid": "1",
                "event_type": "spaces.start",
                "filter": {"user_id": ACCOUNTS["x"]},
                "payload": {},
            }
        },
        {"for_user_id": ACCOUNTS["x"], "something_events": [{"id": "1"}]},
        {"iets": "anders"},
    ],
    "facebook": [
        {"object": "page", "entry": [{"id": "1", "time": 1, "changes": [{"field": "ratings", "value": {}}]}]},
        {"object": "page", "entry": [{"id": "1", "time": 1, "messaging": [{"sender": {"id": "1"}, "nieuw": {}}]}]},
        {"object": "instagram", "entry": [{"id": "1"}]},
    ],
    "whatsapp": [
        {"AccountSid": "AC1", "EventType": "IETS_NIEUWS"},
        {
            "MessageSid": "SM1",
            "MessageStatus": "iets-nieuws",
            "To": "whatsapp:+31600000001",
            "From": ACCOUNTS["whatsapp"],
        },
    ],
}


@kinds
def test_unknown_kind_is_ignored_with_a_reason(kind: str) -> None:
    for payload in UNKNOWN[kind]:
        items = connector(kind).parse(encoded(kind, payload), AT)
        check_reasons(items)
        assert [type(item).__name__ for item in items if not isinstance(item, Ignored)] == []


# ---------------------------------------------------------------- limits


@kinds
def test_capabilities_are_sane(kind: str) -> None:
    limits = connector(kind).capabilities()
    assert limits.max_length_private is None or limits.max_length_private >= 280
    assert limits.max_length_public is None or limits.max_length_public >= 280
    assert (limits.max_length_public, limits.max_length_private) != (None, None)
    assert limits.window is None or timedelta(hours=1) <= limits.window.length <= timedelta(days=7)
    if limits.window and limits.window.human_agent_length:
        assert limits.window.human_agent_length > limits.window.length
    assert [state for state in limits.receipts if not isinstance(state, ReceiptState)] == []
    assert 0 <= limits.max_files <= 10
    assert not (limits.can_thread and limits.max_length_public is None)


@kinds
def test_length_counts(kind: str) -> None:
    counted = connector(kind)
    assert [counted.length(text) for text in ("", "a", "ab", "a" * 300)] == [0, 1, 2, 300]


# ---------------------------------------------------------------- outcomes, over real sockets

Ask = Callable[[Connector, str], object]
READING: dict[str, Ask] = {
    "find_sent": lambda asked, kind: asked.find_sent(account(kind), outgoing(kind), now() - timedelta(minutes=10)),
    "fetch_since": lambda asked, kind: list(asked.fetch_since(account(kind), now() - timedelta(minutes=10))),
    "check": lambda asked, kind: asked.check(account(kind)),
}


def sending(asked: Connector, kind: str) -> object:
    return asked.send(account(kind), outgoing(kind))


def outcome(ask: Callable[[], object]) -> SendError:
    with pytest.raises(SendError) as raised:
        ask()
    assert (raised.value.reason in REASONS, raised.value.__suppress_context__ or raised.value.__context__ is None) == (
        True,
        True,
    )
    return raised.value


@kinds
def test_refused_connection_is_surely_not_sent(kind: str) -> None:
    error = outcome(lambda: connector(kind).send(account(kind), outgoing(kind)))
    assert (type(error), error.reason) == (TemporaryFailure, "busy")


@kinds
def test_silence_after_sending_is_unknown(kind: str) -> None:
    with serving(lambda _: Answer(hang=True)) as server:
        error = outcome(lambda: connector(kind, server.url).send(account(kind), outgoing(kind)))
    assert (type(error), error.reason) == (UnknownOutcome, "no_answer")


def half(_: Request) -> Answer:
    return Answer(body=b'{"id', headers={"Content-Length": "500", "Content-Type": "application/json"})


@kinds
@pytest.mark.parametrize(
    "answer",
    [
        half,
        lambda _: Answer(body=b"<html>ok</html>", headers={"Content-Type": "text/html"}),
        lambda _: Answer(body=b"", headers={"Content-Type": "application/json"}),
        lambda _: Answer(body=b"{}", headers={"Content-Type": "application/json"}),
        lambda _: Answer(body=b"[]", headers={"Content-Type": "application/json"}),
        lambda _: Answer(status=201, body=b'"ja"', headers={"Content-Type": "application/json"}),
    ],
    ids=["half", "html", "empty", "object", "list", "string"],
)
def test_answer_that_cannot_be_read_is_unknown(kind: str, answer: Callable[[Request], Answer]) -> None:
    with serving(answer) as server:
        error = outcome(lambda: connector(kind, server.url).send(account(kind), outgoing(kind)))
    assert (type(error), error.reason) == (UnknownOutcome, "no_answer")


@kinds
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"<html>proxy</html>", b"", b"{}", b"[]", b'{"error": null, "errors": 1}'])
def test_any_refusal_is_one_of_our_errors(kind: str, status: int, body: bytes) -> None:
    more = {"Location": "http://127.0.0.1:1/elders"} if status == 302 else {}
    with serving(lambda _: Answer(status=status, body=body, headers=more)) as server:
        error = outcome(lambda: connector(kind, server.url).send(account(kind), outgoing(kind)))
        reading = [refused(ask, connector(kind, server.url), kind) for ask in READING.values()]
    allowed = {429: {TemporaryFailure}, 302: {PermanentFailure, TemporaryFailure, UnknownOutcome}}.get(
        status, {TemporaryFailure, UnknownOutcome} if status >= 500 else {PermanentFailure, TemporaryFailure}
    )
    if body.startswith((b"[", b'{"')):
        allowed |= {UnknownOutcome}  # a client library may choke on it; the safe side is not to know
    assert type(error) in allowed
    assert [found for found in reading if isinstance(found, UnknownOutcome)] == []


def refused(ask: Ask, asked: Connector, kind: str) -> SendError | None:
    """The error of a call; None when it gave an answer (Health and Found may tell of a refusal)."""
    try:
        ask(asked, kind)
    except SendError as error:
        return error
    return None


@kinds
@pytest.mark.parametrize("name", sorted(READING))
def test_reading_in_vain_may_be_tried_again(kind: str, name: str) -> None:
    error = outcome(lambda: READING[name](connector(kind), kind))
    assert (type(error), error.reason) == (TemporaryFailure, "busy")


@kinds
@pytest.mark.parametrize("name", sorted(READING))
def test_silence_while_reading_may_be_tried_again(kind: str, name: str) -> None:
    with serving(lambda _: Answer(hang=True)) as server:
        error = outcome(lambda: READING[name](connector(kind, server.url), kind))
    assert type(error) is TemporaryFailure


# ---------------------------------------------------------------- silence about secrets


def secret_words(kind: str) -> list[str]:
    app = town.app(kind)
    words = [*app.secrets.values(), *app.accounts[0].secrets.values()]
    return [word for word in words if word != app.secrets.get("account_sid")]


@kinds
def test_nothing_secret_is_said(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    aisha = town.citizen("aisha")
    hidden = [*secret_words(kind), TEXT, TEXT.split()[2], aisha.phone, aisha.phone[1:], aisha.psid, aisha.x_id]
    said: list[str] = []
    urls: list[str] = []
    chained: list[bool] = []
    answers = [
        Answer(hang=True),
        Answer(status=500, body=json.dumps({"message": f"{TEXT} {hidden[0]}", "code": 20500}).encode()),
        Answer(
            status=400,
            body=json.dumps(
                {
                    "error": {"message": f"{TEXT} {hidden[0]}", "code": 100, "type": "OAuthException"},
                    "detail": TEXT,
                    "message": f"'To' {aisha.phone}",
                    "code": 21211,
                }
            ).encode(),
            headers={"Content-Type": "application/json"},
        ),
    ]
    for answer in [*answers, None]:
        with serving(lambda _, answer=answer: answer or Answer()) as server:
            asked = connector(kind, server.url if answer else NOWHERE)
            for ask in [sending, *READING.values()]:
                error = refused(ask, asked, kind)
                if error is not None:
                    said += [*traceback.format_exception(error)[-1:], error.detail, error.code, repr(error)]
                    chained.append(not error.__suppress_context__ and error.__context__ is not None)
            urls += [request.path for request in server.requests]
    assert chained == [False] * len(chained)
    said += [repr(asked), repr(account(kind)), repr(asked.app), caplog.text]
    assert [word for word in hidden if any(word in text for text in said)] == []
    # Recipients are part of some platforms' addresses; tokens and texts never are.
    assert [word for word in [*secret_words(kind), TEXT] if any(word in url for url in urls)] == []


@kinds
def test_media_credentials_stay_at_home(kind: str) -> None:
    for url in (
        "https://example.org/a.jpg",
        "http://api.twilio.com/a.jpg",
        "https://api.twilio.com.example.org/2010-04-01/Accounts/AC00000000000000000000000000000001/a",
        "https://user@example.org/",
        "",
    ):
        assert connector(kind, "").media_auth(account(kind), url) is None
