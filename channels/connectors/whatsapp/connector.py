"""WhatsApp through Twilio: the connector, which only says who does what."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from channels.connector import Connector, Found, Health, Tally
from channels.connectors.whatsapp import media, parse, read, send, signature, templates, webhooks
from channels.messages import (
    AccountCredentials,
    Capabilities,
    Files,
    IncomingMessage,
    Item,
    OfferedAccount,
    OutgoingMessage,
    ReceiptState,
    SentMessage,
    Template,
    WebhookAnswer,
    WebhookRequest,
    Window,
)

MAX_LENGTH = 1600  # Twilio's limit on Body, code 21617

CAPABILITIES = Capabilities(
    max_length_public=None,
    max_length_private=MAX_LENGTH,
    window=Window(length=send.WINDOW, template_afterwards=True),
    receipts=frozenset(ReceiptState),
    max_files=send.MAX_FILES,
    files_private=Files(most=send.MAX_FILES, sizes=send.MAX_SIZE),
    has_templates=True,
)


class WhatsAppConnector(Connector):
    """One Twilio account. ``account.external_id`` is our sender, ``whatsapp:+31…``; settings may hold
    ``status_callback`` (filled in by the gateway) and ``messaging_service_sid``.

    The app may also hold ``api_key`` and ``api_secret``; calls then go by those, webhooks are still signed
    with the auth token.
    """

    kind: ClassVar[str] = "whatsapp"
    app_secrets: ClassVar[tuple[str, ...]] = ("account_sid", "auth_token")
    account_secrets: ClassVar[tuple[str, ...]] = ()
    connecting_secrets: ClassVar[tuple[str, ...]] = ("api_key", "api_secret")  # may be left out
    proves_address: ClassVar[bool] = False
    deletes_media: ClassVar[bool] = True
    # The API, and the storage it redirects to: guarded media, and media from before the guard was on.
    media_hosts: ClassVar[tuple[str, ...]] = (
        "api.twilio.com",
        "twiliocdn.com",
        "s3-external-1.amazonaws.com",
    )

    def challenge(self, request: WebhookRequest) -> WebhookAnswer | None:
        """None: Twilio asks for no proof beforehand."""
        return None

    def verify(self, request: WebhookRequest) -> None:
        """X-Twilio-Signature over the public URL and the form. Raises BadSignature."""
        signature.verify(request, self.app.secrets.get("auth_token", ""))

    def dedupe_key(self, request: WebhookRequest) -> str:
        """MessageSid, for a status callback with its status, else a hash of the body."""
        return parse.dedupe_key(request.body)

    def accepted(self) -> WebhookAnswer:
        """204: no TwiML, so Twilio answers the citizen nothing by itself."""
        return WebhookAnswer(status=204)

    def parse(self, body: bytes, received_at: datetime) -> list[Item]:
        """The message or receipt in one body; ``received_at`` is its time, for Twilio sends none."""
        return parse.parse(body, received_at)

    def send(self, account: AccountCredentials, message: OutgoingMessage) -> SentMessage:
        """Text, text with one file, or a template. Refuses free text outside the 24-hour window."""
        return send.send(self.app, self.session, account, message)

    def find_sent(self, account: AccountCredentials, message: OutgoingMessage, since: datetime) -> Found:
        """By sender, recipient, time and text in Twilio's list of messages."""
        return read.find_sent(self.app, self.session, account, message, since)

    def fetch_since(
        self, account: AccountCredentials, since: datetime, last_seen: str = "", tally: Tally | None = None
    ) -> Iterable[IncomingMessage]:
        """Inbound messages of Twilio's list; ``last_seen`` is of no use there, its ids have no order."""
        return read.fetch_since(self.app, self.session, account, since, tally)

    def check(self, account: AccountCredentials) -> Health:
        """Whether Twilio lets us in and the account is active."""
        return read.check(self.app, self.session, account)

    def check_app(self) -> Health:
        """Whether Twilio lets us in by the keys."""
        return read.check_app(self.app, self.session)

    def offered(self) -> list[OfferedAccount]:
        """The WhatsApp senders of the Twilio account."""
        return webhooks.senders(self.app, self.session)

    def disconnect(self, account: AccountCredentials, webhook_url: str) -> None:
        """Twilio calls us no longer for this sender. The keys serve all senders, and stay."""
        webhooks.forget(self.app, self.session, account, webhook_url)

    def webhook_problem(self, account: AccountCredentials, webhook_url: str) -> str:
        """See webhooks.problem."""
        return webhooks.problem(self.app, self.session, account, webhook_url)

    def restore_webhook(self, account: AccountCredentials, webhook_url: str) -> None:
        """See webhooks.restore."""
        webhooks.restore(self.app, self.session, account, webhook_url)

    def templates(self, account: AccountCredentials) -> list[Template]:
        """Twilio's content with what WhatsApp thinks of it."""
        return templates.listed(self.app, self.session)

    @classmethod
    def capabilities(cls) -> Capabilities:
        """1,600 characters, 24 hours, then templates; receipts up to read."""
        return CAPABILITIES

    def media_auth(self, account: AccountCredentials, url: str) -> tuple[str, str] | None:
        """Our credentials for files of our own account at Twilio's API, and nowhere else."""
        return read.media_auth(self.app, self.session, url)

    def delete_media(self, account: AccountCredentials, url: str) -> bool:
        """By its address under our own account at Twilio, which else keeps it until somebody deletes it."""
        return media.delete(self.app, self.session, url)
