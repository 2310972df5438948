"""Sending through the twilio library, over real HTTP, to the simulated Twilio: what arrives, and every way to fail."""

import logging
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from channels import clock
from channels.connectors.whatsapp.codes import PERMANENT, TEMPORARY
from channels.connectors.whatsapp.connector import WhatsAppConnector
from channels.connectors.whatsapp.simulated_templates import TEMPLATES
from channels.errors import REASONS, PermanentFailure, SendError, TemporaryFailure, UnknownOutcome
from channels.http import PlatformSession
from channels.messages import (
    AccountCredentials,
    AppCredentials,
    DeliveryReceipt,
    OutgoingFile,
    OutgoingMessage,
    ReceiptState,
    WebhookRequest,
)
from tests.channels.connectors.whatsapp.conftest import PUBLIC_URL, WEBHOOK, Refusal, Town

AISHA = "whatsapp:+31600000001"
LOT = "whatsapp:NL.1000000000000005"
TEMPLATE = next(iter(TEMPLATES))


def answer(text: str = "Wij legen hem morgen.", to: str = AISHA, **fields: Any) -> OutgoingMessage:
    return OutgoingMessage(text=text, public=False, thread_id=to, to=to, **fields)


def photo(public_url: str = f"{PUBLIC_URL}/files/1/kaart.png") -> OutgoingFile:
    return OutgoingFile(path="/nowhere", content_type="image/png", name="kaart.png", public_url=public_url)


def said(twilio: Town, citizen: str = "aisha", text: str = "De glasbak is vol") -> WebhookRequest:
    """The citizen writes, so that the window is open; the webhook is taken out of the post."""
    twilio.platform.play("message", {"citizen": citizen, "text": text})
    return twilio.world.webhook()


def received(twilio: Town, connector: WhatsAppConnector) -> DeliveryReceipt:
    """The next status callback: signed for its address, and read by our own side."""
    request = twilio.world.webhook()
    connector.verify(request)
    assert request.url == WEBHOOK
    (item,) = connector.parse(request.body, clock.now())
    assert isinstance(item, DeliveryReceipt)
    return item


def failed(connector: WhatsAppConnector, account: AccountCredentials, message: OutgoingMessage) -> SendError:
    with pytest.raises(SendError) as caught:
        connector.send(account, message)
    error = caught.value
    assert error.reason in REASONS
    assert AISHA not in f"{error} {error.detail}"
    return error


def test_send_text_until_read(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    said(twilio)
    before = clock.now().replace(microsecond=0)
    sent = connector.send(account, answer("Dank u, Aïsha! 🌳 € 5"))
    assert sent.sent_at is not None
    assert before <= sent.sent_at <= clock.now()
    message = twilio.platform.find(sent.external_id)
    assert message is not None
    assert (message["to"], message["from"], message["body"]) == (
        AISHA,
        account.external_id,
        "Dank u, Aïsha! 🌳 € 5",
    )
    states = [received(twilio, connector), received(twilio, connector)]
    twilio.platform.play("read", {"citizen": "aisha"})
    states.append(received(twilio, connector))
    assert [(item.external_id, item.state, item.account_id) for item in states] == [
        (sent.external_id, state, account.external_id)
        for state in (ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.READ)
    ]


def test_send_to_citizen_without_phone_number(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    said(twilio, "lot")
    sent = connector.send(account, answer(to="NL.1000000000000005"))
    message = twilio.platform.find(sent.external_id)
    assert message is not None
    assert (message["to"], message["citizen"]) == (LOT, "lot")
    assert received(twilio, connector).state is ReceiptState.SENT


def test_send_photo_with_text(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    said(twilio)
    sent = connector.send(account, answer("Hier staat hij", files=(photo(),)))
    message = twilio.platform.find(sent.external_id)
    assert message is not None
    assert [file["url"] for file in message["media"]] == [f"{PUBLIC_URL}/files/1/kaart.png"]
    assert message["body"] == "Hier staat hij"


def test_send_template_after_the_window(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    last = clock.now() - timedelta(days=3)
    sent = connector.send(
        account,
        answer("", template_id=TEMPLATE, template_variables={"1": "Aïsha"}, last_from_citizen_at=last),
    )
    message = twilio.platform.find(sent.external_id)
    assert message is not None
    assert message["body"] == "Beste Aïsha, wij hebben een antwoord op uw vraag. Wilt u het nu ontvangen?"
    assert [received(twilio, connector).state for _ in range(2)] == [ReceiptState.SENT, ReceiptState.DELIVERED]


def test_send_through_a_messaging_service(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    said(twilio)
    service = "MG00000000000000000000000000000001"
    with_service = replace(account, settings={"messaging_service_sid": service})
    sent = connector.send(with_service, answer())
    message = twilio.platform.find(sent.external_id)
    assert message is not None
    assert (message["service"], message["callback"]) == (service, "")


def test_send_at_the_edge_of_the_window(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    said(twilio)
    inside = clock.now() - timedelta(hours=23, minutes=59)
    connector.send(account, answer(last_from_citizen_at=inside))
    calls = len(twilio.world.asked)
    error = failed(connector, account, answer(last_from_citizen_at=clock.now() - timedelta(hours=24)))
    assert (type(error), error.reason) == (PermanentFailure, "window_closed")
    assert len(twilio.world.asked) == calls  # refused before any call


def test_send_outside_the_window_fails_afterwards(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    said(twilio)
    twilio.world.ahead = timedelta(hours=24)
    sent = connector.send(account, answer())
    receipt = received(twilio, connector)
    assert (receipt.external_id, receipt.state) == (sent.external_id, ReceiptState.FAILED)
    assert (receipt.code, receipt.reason) == ("63016", "template_needed")


def test_send_to_a_stranger_fails_afterwards(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    connector.send(account, answer(to="whatsapp:+31699999999"))
    receipt = received(twilio, connector)
    assert (receipt.state, receipt.code, receipt.reason) == (ReceiptState.FAILED, "63024", "recipient")


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        (answer("x" * 1601), "21617", "too_long"),
        (answer(to="whatsapp:31600000001"), "21211", "recipient"),
        (answer("", template_id="HX1"), "21655", "template"),
        (answer("  \n"), "", "content"),
        (answer("", to=""), "", "recipient"),
        (answer(files=(photo(), photo())), "", "content"),
        (answer(files=(photo(""),)), "", "configuration"),
    ],
    ids=["too long", "to", "template", "empty", "nobody", "two files", "no address"],
)
def test_send_what_cannot_be_sent(
    connector: WhatsAppConnector,
    account: AccountCredentials,
    message: OutgoingMessage,
    code: str,
    reason: str,
) -> None:
    error = failed(connector, account, message)
    assert (type(error), error.code, error.reason) == (PermanentFailure, code, reason)


def test_send_longest_text(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    said(twilio)
    assert connector.send(account, answer("x" * 1600)).external_id


def test_send_half_a_surrogate_pair(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    said(twilio)
    message = twilio.platform.find(connector.send(account, answer("a\ud83cb")).external_id)
    assert message is not None
    assert message["body"] == "a?b"


def test_send_from_a_number_that_is_not_ours(connector: WhatsAppConnector, account: AccountCredentials) -> None:
    error = failed(connector, replace(account, external_id="whatsapp:+31140000"), answer())
    assert (type(error), error.code, error.reason) == (PermanentFailure, "63007", "configuration")


@pytest.mark.parametrize("code", sorted(PERMANENT))
def test_send_refused_for_good(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials, code: int
) -> None:
    twilio.world.script.append(Refusal(400, {"code": code, "message": f"to {AISHA}", "status": 400}))
    error = failed(connector, account, answer())
    assert (type(error), error.code, error.reason) == (PermanentFailure, str(code), PERMANENT[code])


@pytest.mark.parametrize("code", sorted(set(TEMPORARY) - {63038}))
def test_send_refused_for_now(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials, code: int
) -> None:
    twilio.world.script.append(Refusal(400, {"code": code, "message": "later", "status": 400}))
    error = failed(connector, account, answer())
    assert (type(error), error.code, error.reason) == (TemporaryFailure, str(code), TEMPORARY[code])
    assert isinstance(error, TemporaryFailure)
    assert error.retry_at is None


def test_send_refused_for_today(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    twilio.world.script.append(Refusal(429, {"code": 63038, "message": "daily limit", "status": 429}))
    today = clock.now().date()
    error = failed(connector, account, answer())
    assert isinstance(error, TemporaryFailure)
    assert (error.code, error.reason) == ("63038", "rate_limit")
    assert error.retry_at == datetime.combine(today + timedelta(days=1), datetime.min.time(), UTC)


@pytest.mark.parametrize(
    ("retry_after", "low", "high"),
    [("30", 29, 31), ("999999", 86_399, 86_401), ("date", 58, 62), ("-5", None, None), ("soon", None, None)],
)
def test_send_too_fast_with_retry_after(
    twilio: Town,
    connector: WhatsAppConnector,
    account: AccountCredentials,
    retry_after: str,
    low: int | None,
    high: int | None,
) -> None:
    if retry_after == "date":
        retry_after = format_datetime(clock.now() + timedelta(seconds=60))
    body = {"code": 20429, "message": "Too Many Requests", "status": 429}
    twilio.world.script.append(Refusal(429, body, {"Retry-After": retry_after}))
    error = failed(connector, account, answer())
    assert isinstance(error, TemporaryFailure)
    assert (error.code, error.reason) == ("20429", "rate_limit")
    if low is None or high is None:
        assert error.retry_at is None
    else:
        assert error.retry_at is not None
        assert low <= (error.retry_at - clock.now()).total_seconds() <= high


def test_send_refused_in_the_newer_shape_of_errors(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    # RFC 9457: the library raises TwilioServiceException for these.
    problem = {"type": "https://www.twilio.com/docs/errors/63018", "title": "Rate limit", "status": 429, "code": 63018}
    twilio.world.script.append(Refusal(429, problem, {"Retry-After": "7"}))
    slow = failed(connector, account, answer())
    assert isinstance(slow, TemporaryFailure)
    assert (slow.code, slow.reason) == ("63018", "rate_limit")
    assert slow.retry_at is not None
    twilio.world.script.append(Refusal(400, problem | {"status": 400, "code": 21610}))
    stopped = failed(connector, account, answer())
    assert (type(stopped), stopped.code, stopped.reason) == (PermanentFailure, "21610", "recipient")
    twilio.world.script.append(Refusal(503, problem | {"status": 503, "code": "x"}))
    broken = failed(connector, account, answer())
    assert (type(broken), broken.code, broken.reason) == (UnknownOutcome, "503", "no_answer")


@pytest.mark.parametrize(
    ("refusal", "kind", "code", "reason"),
    [
        (Refusal(429, "slow down"), TemporaryFailure, "429", "rate_limit"),
        (Refusal(500, {"code": 20500, "message": "x"}), UnknownOutcome, "20500", "no_answer"),
        (Refusal(502, "<html>Bad gateway</html>"), UnknownOutcome, "502", "no_answer"),
        (Refusal(503, {"code": 63016, "message": "x"}), UnknownOutcome, "63016", "no_answer"),
        (Refusal(401, "<html>"), PermanentFailure, "401", "token"),
        (Refusal(403, {"code": 20403, "message": "x"}), PermanentFailure, "20403", "permission"),
        (Refusal(404, "x"), PermanentFailure, "404", "configuration"),
        (Refusal(307, "x", {"Location": "/x"}), PermanentFailure, "307", "configuration"),
        (Refusal(400, {"code": 99999, "message": "x"}), PermanentFailure, "99999", "other"),
        (Refusal(400, "[1]"), PermanentFailure, "400", "other"),
        (Refusal(201, ""), UnknownOutcome, "", "no_answer"),
        (Refusal(201, "<html>"), UnknownOutcome, "", "no_answer"),
        (Refusal(201, "[]"), UnknownOutcome, "", "no_answer"),
        (Refusal(201, {"sid": None}), UnknownOutcome, "", "no_answer"),
        (Refusal(201, {"sid": "SM1", "status": "failed", "error_code": 63024}), PermanentFailure, "63024", "recipient"),
        (Refusal(201, {"sid": "SM1", "status": "failed"}), PermanentFailure, "", "other"),
    ],
)
def test_send_answered_otherwise(
    twilio: Town,
    connector: WhatsAppConnector,
    account: AccountCredentials,
    refusal: Refusal,
    kind: type[SendError],
    code: str,
    reason: str,
) -> None:
    twilio.world.script.append(refusal)
    error = failed(connector, account, answer())
    assert (type(error), error.code, error.reason) == (kind, code, reason)
    assert len(twilio.world.asked) == 1  # never tried again here, no redirect followed


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        ("rate_limit", TemporaryFailure, "rate_limit"),
        ("server_error", UnknownOutcome, "no_answer"),
        ("token", PermanentFailure, "token"),
    ],
)
def test_send_into_the_simulators_faults(
    twilio: Town,
    connector: WhatsAppConnector,
    account: AccountCredentials,
    fault: str,
    kind: type[SendError],
    reason: str,
) -> None:
    response = twilio.platform.refusal(fault, None)
    twilio.world.script.append(Refusal(response.status_code, bytes(response.body).decode(), dict(response.headers)))
    error = failed(connector, account, answer())
    assert (type(error), error.reason) == (kind, reason)


def test_send_accepted_then_silent(
    twilio: Town, app: AppCredentials, account: AccountCredentials, connector: WhatsAppConnector
) -> None:
    said(twilio)
    since = clock.now()
    twilio.world.script.append("silent")
    with PlatformSession(twilio.world.base_url, timeout=(2.0, 0.2)) as impatient:
        error = failed(WhatsAppConnector(app, impatient), account, answer())
    assert (type(error), error.reason) == (UnknownOutcome, "no_answer")
    assert received(twilio, connector).state is ReceiptState.SENT  # and yet it went
    found = connector.find_sent(account, answer(), since)
    assert found.sent is not None
    assert found.sent.external_id in twilio.platform.state["messages"]


def test_send_connection_broken_before_the_answer(app: AppCredentials, account: AccountCredentials) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def hang_up() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)

        thread = threading.Thread(target=hang_up)
        thread.start()
        with PlatformSession(f"http://127.0.0.1:{listener.getsockname()[1]}") as session:
            error = failed(WhatsAppConnector(app, session), account, answer())
        thread.join(timeout=5)
    assert (type(error), error.reason) == (UnknownOutcome, "no_answer")


def test_send_refused_connection(app: AppCredentials, account: AccountCredentials) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # taken, but nobody listens
        with PlatformSession(f"http://127.0.0.1:{closed.getsockname()[1]}") as session:
            error = failed(WhatsAppConnector(app, session), account, answer())
    assert (type(error), error.reason) == (TemporaryFailure, "busy")


@pytest.mark.parametrize(
    "secrets",
    [{}, {"account_sid": "AC1"}, {"account_sid": "AC1", "auth_token": "wachtwoord–"}],
    ids=["none", "half", "not ascii"],
)
def test_send_without_usable_secrets(
    session: PlatformSession,
    account: AccountCredentials,
    secrets: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The library would fall back on these; another account's keys must never be used by accident.
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "waterkant-auth-token")
    connector = WhatsAppConnector(AppCredentials(kind="whatsapp", key="k", secrets=secrets), session)
    error = failed(connector, account, answer())
    assert (type(error), error.reason) == (PermanentFailure, "token")


def test_send_with_a_wrong_token(session: PlatformSession, account: AccountCredentials) -> None:
    secrets = {"account_sid": "AC00000000000000000000000000000001", "auth_token": "oud"}
    connector = WhatsAppConnector(AppCredentials(kind="whatsapp", key="k", secrets=secrets), session)
    error = failed(connector, account, answer())
    assert (type(error), error.code, error.reason) == (PermanentFailure, "20003", "token")


def test_send_logs_no_phone_number_token_or_text(
    twilio: Town,
    connector: WhatsAppConnector,
    account: AccountCredentials,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    said(twilio)
    connector.send(account, answer())
    connector.find_sent(account, answer(), clock.now())
    assert caplog.text == ""
