"""The connector as the gateway meets it."""

from datetime import timedelta

from channels.connectors.whatsapp.connector import WhatsAppConnector
from channels.http import PlatformSession
from channels.messages import AppCredentials, ReceiptState, WebhookAnswer, WebhookRequest, Window
from channels.registry import connector_class

REQUEST = WebhookRequest("GET", "https://x.example/", {"hub.challenge": "1"}, {}, b"MessageSid=SM1")


def test_connector_is_registered_under_its_kind() -> None:
    assert connector_class("whatsapp") is WhatsAppConnector
    assert WhatsAppConnector.kind == "whatsapp"


def test_connector_answers(app: AppCredentials) -> None:
    with PlatformSession() as session:
        connector = WhatsAppConnector(app, session)
        assert connector.challenge(REQUEST) is None
        assert connector.accepted() == WebhookAnswer(status=204)
        assert connector.dedupe_key(REQUEST) == "SM1"


def test_capabilities(app: AppCredentials) -> None:
    with PlatformSession() as session:
        limits = WhatsAppConnector(app, session).capabilities()
    assert (limits.max_length_public, limits.max_length_private, limits.max_files) == (None, 1600, 1)
    assert limits.window == Window(length=timedelta(hours=24), template_afterwards=True)
    assert limits.receipts == {
        ReceiptState.SENT,
        ReceiptState.DELIVERED,
        ReceiptState.READ,
        ReceiptState.FAILED,
    }
