"""Whether Twilio calls us for our number, by its Senders API; filling our address in anew, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from channels.connectors.whatsapp.connector import WhatsAppConnector
from channels.errors import PermanentFailure, TemporaryFailure
from channels.http import PlatformSession
from channels.messages import AccountCredentials, AppCredentials
from channels.simulator.town import TWILIO_KEY
from channels.simulator.town import app as waterkant
from tests.channels.connectors.whatsapp.conftest import WEBHOOK, Refusal, Town

NUMBER = AccountCredentials(external_id="whatsapp:+31140140", handle="14 0140", name="Waterkant", secrets={})


@pytest.fixture
def connector(twilio: Town, session: PlatformSession) -> WhatsAppConnector:
    app = twilio.platform.app
    return WhatsAppConnector(AppCredentials(kind="whatsapp", key=app.key, secrets=app.secrets), session)


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        ({}, ""),
        ({"callback_url": f"{WEBHOOK}#rc=3&rp=all"}, ""),
        ({"webhook_valid": False}, "missing"),
        ({"callback_url": "https://elders.example/twilio/"}, "missing"),
    ],
)
def test_problem_is_what_twilio_says_and_restoring_ends_it(
    twilio: Town, connector: WhatsAppConnector, state: dict[str, Any], problem: str
) -> None:
    twilio.platform.state |= state
    before = connector.webhook_problem(NUMBER, WEBHOOK)
    connector.restore_webhook(NUMBER, WEBHOOK)
    assert (before, connector.webhook_problem(NUMBER, WEBHOOK), twilio.platform.brings(b"")) == (problem, "", True)


def test_number_that_is_no_sender_or_off_line_needs_a_person(twilio: Town, connector: WhatsAppConnector) -> None:
    stranger = replace(NUMBER, external_id="whatsapp:+31140999")
    assert connector.webhook_problem(stranger, WEBHOOK) == "unsubscribed"
    twilio.platform.state["sender_status"] = "OFFLINE"
    assert connector.webhook_problem(NUMBER, WEBHOOK) == "invalid"
    for account in (stranger, NUMBER):
        with pytest.raises(PermanentFailure) as caught:
            connector.restore_webhook(account, WEBHOOK)
        assert caught.value.reason == "configuration"


def test_sandbox_is_nobodys_sender(connector: WhatsAppConnector) -> None:
    assert connector.webhook_problem(replace(NUMBER, external_id="whatsapp:+14155238886"), WEBHOOK) == ""


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refusal(401, {"code": 20003, "message": "x"}), (PermanentFailure, "20003", "token")),
        (Refusal(429, {"code": 20429, "message": "x"}), (TemporaryFailure, "20429", "rate_limit")),
        (Refusal(503), (TemporaryFailure, "503", "busy")),
    ],
)
@pytest.mark.parametrize("verb", ["webhook_problem", "restore_webhook"])
def test_what_goes_wrong_is_in_our_words(
    twilio: Town, connector: WhatsAppConnector, verb: str, refusal: Refusal, expected: Any
) -> None:
    twilio.world.script.append(refusal)
    with pytest.raises((PermanentFailure, TemporaryFailure)) as caught:
        getattr(connector, verb)(NUMBER, WEBHOOK)
    assert (type(caught.value), caught.value.code, caught.value.reason) == expected


@pytest.mark.parametrize(
    ("service", "problem", "asked_sender"),
    [
        ({"inbound_request_url": WEBHOOK, "use_inbound_webhook_on_number": False}, "", False),
        ({"inbound_request_url": None, "use_inbound_webhook_on_number": False}, "missing", False),
        ({"inbound_request_url": None, "use_inbound_webhook_on_number": True}, "", True),
    ],
)
def test_messaging_service_goes_before_the_number(
    twilio: Town, connector: WhatsAppConnector, service: dict[str, Any], problem: str, asked_sender: bool
) -> None:
    account = replace(NUMBER, settings={"messaging_service_sid": "MG00000000000000000000000000000001"})
    twilio.world.script.append(Refusal(200, service))
    assert connector.webhook_problem(account, WEBHOOK) == problem
    assert ("GET /v2/Channels/Senders" in twilio.world.asked) is asked_sender


# -- connecting a number -------------------------------------------------------------------------------------------


def by(session: PlatformSession, **secrets: str) -> WhatsAppConnector:
    app = waterkant("whatsapp")
    return WhatsAppConnector(AppCredentials(kind="whatsapp", key=app.key, secrets={**app.secrets, **secrets}), session)


@pytest.mark.parametrize(
    ("secrets", "ok", "reason"),
    [
        ({}, True, ""),
        ({"api_key": TWILIO_KEY[0], "api_secret": TWILIO_KEY[1]}, True, ""),
        ({"auth_token": "anders"}, False, "token"),
        ({"api_key": TWILIO_KEY[0], "api_secret": "anders"}, False, "token"),
        ({"account_sid": ""}, False, "token"),
    ],
)
def test_check_app_is_what_twilio_says_of_the_keys(
    twilio: Town, session: PlatformSession, secrets: dict[str, str], ok: bool, reason: str
) -> None:
    health = by(session, **secrets).check_app()
    assert (health.ok, health.reason) == (ok, reason)


def test_senders_of_the_account_are_offered(twilio: Town, connector: WhatsAppConnector) -> None:
    (one,) = connector.offered()
    assert (one.external_id, one.handle, one.name, one.secrets, one.missing) == (
        "whatsapp:+31140140",
        "+31140140",
        "Gemeente Waterkant",
        {},
        None,
    )


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(Refusal(401, {"code": 20003}), PermanentFailure), (Refusal(503, "stuk"), TemporaryFailure)],
)
def test_offer_that_twilio_refuses_is_in_our_words(
    twilio: Town, connector: WhatsAppConnector, answer: Refusal, kind: type[Exception]
) -> None:
    twilio.world.script.append(answer)
    with pytest.raises(kind):
        connector.offered()


def test_disconnected_number_is_not_called_for(twilio: Town, connector: WhatsAppConnector) -> None:
    connector.disconnect(NUMBER, WEBHOOK)
    assert (connector.webhook_problem(NUMBER, WEBHOOK), twilio.platform.brings(b"")) == ("missing", False)


def test_address_of_another_system_is_left_alone_when_disconnecting(twilio: Town, connector: WhatsAppConnector) -> None:
    twilio.platform.state["callback_url"] = "https://elders.example/twilio/"
    connector.disconnect(NUMBER, WEBHOOK)
    assert twilio.platform.state["callback_url"] == "https://elders.example/twilio/"
