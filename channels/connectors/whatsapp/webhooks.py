"""Does Twilio call us for our sender, and let it call us again: by the Senders API, or the Messaging Service."""

from typing import Any

from twilio.rest import Client
from twilio.rest.messaging.v2.channels_sender import ChannelsSenderInstance

from channels.connectors.whatsapp.read import answered
from channels.connectors.whatsapp.send import SessionHttpClient, twilio_client
from channels.errors import PermanentFailure
from channels.http import PlatformSession
from channels.messages import AccountCredentials, AppCredentials, OfferedAccount

CHANNEL = "whatsapp"
SANDBOX = "whatsapp:+14155238886"  # Twilio's own number for trying things: no sender of anybody, set in its console
ONLINE = ("ONLINE", "ONLINE:UPDATING")


class _Webhook:
    """What the library sends as an update: our addresses and nothing else. Its own classes write every field they
    know, and an empty one may wipe what is there (the profile, the display name)."""

    def __init__(self, url: str) -> None:
        self.url = url

    def to_dict(self) -> dict[str, Any]:
        """Messages, the second try when that failed, and receipts: all to the one address."""
        return {
            "webhook": {
                "callback_url": self.url,
                "callback_method": "POST",
                "fallback_url": self.url,
                "fallback_method": "POST",
                "status_callback_url": self.url,
                "status_callback_method": "POST",
            }
        }


def problem(app: AppCredentials, session: PlatformSession, account: AccountCredentials, webhook_url: str) -> str:
    """As Connector.webhook_problem. Free of charge. Raises SendError, never UnknownOutcome."""
    client, http = twilio_client(app, session)
    service = account.settings.get("messaging_service_sid")
    if service:
        found = answered(http, lambda: client.messaging.v1.services(service).fetch())
        if not found.use_inbound_webhook_on_number:
            return "" if _same(found.inbound_request_url, webhook_url) else "missing"
    if account.external_id == SANDBOX:
        return ""
    sender = _sender(client, http, account)
    if sender is None:
        return "unsubscribed"
    if sender.status not in ONLINE:
        return "invalid"
    webhook = sender.webhook if isinstance(sender.webhook, dict) else {}
    return "" if _same(webhook.get("callback_url"), webhook_url) else "missing"


def restore(app: AppCredentials, session: PlatformSession, account: AccountCredentials, webhook_url: str) -> None:
    """Fill in our address for messages, their second try and receipts. Raises SendError, never UnknownOutcome;
    PermanentFailure "configuration" when our number is no sender of this account, or WhatsApp has put it off line."""
    client, http = twilio_client(app, session)
    service = account.settings.get("messaging_service_sid")
    if service:
        found = answered(http, lambda: client.messaging.v1.services(service).fetch())
        if not found.use_inbound_webhook_on_number:
            answered(
                http,
                lambda: client.messaging.v1.services(service).update(
                    inbound_request_url=webhook_url, inbound_method="POST", fallback_url=webhook_url
                ),
            )
            return
    sender = _sender(client, http, account)
    if sender is None:
        raise PermanentFailure("", "configuration", "no such sender")
    answered(http, lambda: client.messaging.v2.channels_senders(sender.sid).update(_Webhook(webhook_url)))
    if sender.status not in ONLINE:
        raise PermanentFailure("", "configuration", "the sender is off line")


def senders(app: AppCredentials, session: PlatformSession) -> list[OfferedAccount]:
    """All WhatsApp senders of the Twilio account, by number. Raises SendError, never UnknownOutcome."""
    client, http = twilio_client(app, session)
    listed = answered(http, lambda: list(client.messaging.v2.channels_senders.stream(channel=CHANNEL)))
    made = []
    for found in listed:
        number = str(found.sender_id or "")
        profile = found.profile if isinstance(found.profile, dict) else {}
        plain = number.removeprefix("whatsapp:")
        made.append(
            OfferedAccount(external_id=number, handle=plain, name=str(profile.get("name") or plain)[:120], secrets={})
        )
    return sorted(made, key=lambda one: one.external_id)


def forget(app: AppCredentials, session: PlatformSession, account: AccountCredentials, webhook_url: str) -> None:
    """Take our address away from the sender; another's stays. Raises SendError, never UnknownOutcome."""
    client, http = twilio_client(app, session)
    sender = _sender(client, http, account)
    if sender is None:
        return
    webhook = sender.webhook if isinstance(sender.webhook, dict) else {}
    if _same(webhook.get("callback_url"), webhook_url):
        answered(http, lambda: client.messaging.v2.channels_senders(sender.sid).update(_Webhook("")))


def _sender(client: Client, http: SessionHttpClient, account: AccountCredentials) -> ChannelsSenderInstance | None:
    listed = answered(http, lambda: list(client.messaging.v2.channels_senders.stream(channel=CHANNEL)))
    return next((found for found in listed if found.sender_id == account.external_id), None)


def _same(known: object, ours: str) -> bool:
    return str(known or "").partition("#")[0].rstrip("/") == ours.rstrip("/")  # "#rc=3": Twilio's own retry settings
