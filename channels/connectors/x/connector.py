"""X for one PlatformApp: every part of the connector's work, handed on to the file that does it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from requests.auth import AuthBase

from channels.connector import Connector, Found, Health, Tally
from channels.connectors.x import length, parse, read, send, sign_in, signature, thread
from channels.connectors.x.client import XClient
from channels.connectors.x.webhooks import Webhooks
from channels.errors import BadSignature, PermanentFailure
from channels.messages import (
    AccountCredentials,
    Capabilities,
    Files,
    IncomingMessage,
    Item,
    OfferedAccount,
    OutgoingMessage,
    ReceiptState,
    RenewedAccess,
    SentMessage,
    WebhookAnswer,
    WebhookRequest,
)

DM_MEDIA_HOST = "ton.twitter.com"


class XConnector(Connector):
    """Mentions, replies, quotes and direct messages on X. An account signs with OAuth 1.0a (``access_token`` and
    ``access_token_secret``), or with ``oauth2_token`` when it has one."""

    kind: ClassVar[str] = "x"
    app_secrets: ClassVar[tuple[str, ...]] = ("consumer_key", "consumer_secret", "bearer_token")
    account_secrets: ClassVar[tuple[str, ...]] = ("access_token", "access_token_secret")
    connecting_secrets: ClassVar[tuple[str, ...]] = ("client_id", "client_secret")
    permissions: ClassVar[tuple[str, ...]] = sign_in.SCOPES
    signs_in: ClassVar[bool] = True
    fetches_threads: ClassVar[bool] = True
    gap_rounds_apart: ClassVar[timedelta] = read.ROUNDS_APART
    media_hosts: ClassVar[tuple[str, ...]] = ("pbs.twimg.com", "video.twimg.com", DM_MEDIA_HOST)

    def challenge(self, request: WebhookRequest) -> WebhookAnswer | None:
        """X's CRC: ``GET ?crc_token=…``."""
        token = request.query.get("crc_token")
        if token is None:
            return None
        body = signature.crc_answer(self.app.secrets.get("consumer_secret", ""), token)
        return WebhookAnswer(body=body, content_type="application/json")

    def verify(self, request: WebhookRequest) -> None:
        """Raises BadSignature unless the raw body was signed with our consumer secret."""
        given = request.headers.get(signature.HEADER, "")
        if not signature.is_valid(self.app.secrets.get("consumer_secret", ""), request.body, given):
            raise BadSignature

    def dedupe_key(self, request: WebhookRequest) -> str:
        """See parse.dedupe_key."""
        return parse.dedupe_key(request.body)

    def parse(self, body: bytes, received_at: datetime) -> list[Item]:
        """See parse.parse."""
        return parse.parse(body, received_at)

    def send(self, account: AccountCredentials, message: OutgoingMessage) -> SentMessage:
        """See send.send."""
        return send.send(self._client(account), message)

    def find_sent(self, account: AccountCredentials, message: OutgoingMessage, since: datetime) -> Found:
        """See read.find_sent."""
        return read.find_sent(self._client(account), message, since)

    def fetch_since(
        self, account: AccountCredentials, since: datetime, last_seen: str = "", tally: Tally | None = None
    ) -> Iterable[IncomingMessage]:
        """See read.fetch_since."""
        return read.fetch_since(self._client(account), since, last_seen, tally)

    def fetch_thread(self, account: AccountCredentials, root_id: str) -> list[IncomingMessage]:
        """See thread.fetch."""
        return thread.fetch(self._client(account), root_id)

    def check(self, account: AccountCredentials) -> Health:
        """See read.check."""
        try:
            return replace(read.check(self._client(account)), missing=sign_in.missing(account.secrets))
        except PermanentFailure as refused:  # a secret is missing
            return Health(ok=False, reason=refused.reason, code=refused.code)

    def check_app(self) -> Health:
        """Whether X takes the app's bearer token; the other keys show at the log-in, and at the first webhook."""
        try:
            Webhooks(self.app, self.session).known()
        except PermanentFailure as refused:
            return Health(ok=False, reason=refused.reason, code=refused.code)
        return Health(ok=True)

    def sign_in_url(self, redirect_uri: str, state: str, verifier: str) -> str:
        """OAuth 2.0 with PKCE. See sign_in.url."""
        return sign_in.url(self.app, self.session, redirect_uri, state, verifier)

    def signed_in(self, redirect_uri: str, code: str, verifier: str) -> list[OfferedAccount]:
        """See sign_in.signed_in."""
        return sign_in.signed_in(self.app, self.session, redirect_uri, code, verifier)

    def renewed(self, account: AccountCredentials) -> RenewedAccess | None:
        """See sign_in.renewed."""
        return sign_in.renewed(self.app, self.session, account.secrets)

    def disconnect(self, account: AccountCredentials, webhook_url: str) -> None:
        """No events any more, and our tokens end. Keys made by hand at X stay; they can be withdrawn there."""
        Webhooks(self.app, self.session).unsubscribe(self._client(account), webhook_url)
        sign_in.revoke(self.app, self.session, account.secrets)

    def webhook_problem(self, account: AccountCredentials, webhook_url: str) -> str:
        """See webhooks.problem."""
        return Webhooks(self.app, self.session).problem(self._client(account), webhook_url)

    def restore_webhook(self, account: AccountCredentials, webhook_url: str) -> None:
        """See webhooks.restore."""
        Webhooks(self.app, self.session).restore(self._client(account), webhook_url)

    def replay_webhooks(self, webhook_url: str, since: datetime, until: datetime) -> bool:
        """See webhooks.replay."""
        return Webhooks(self.app, self.session).replay(webhook_url, since, until)

    def hide(self, account: AccountCredentials, external_id: str, hidden: bool) -> None:
        """Hide a citizen's reply under our post, or show it again. See send.hide."""
        send.hide(self._client(account), external_id, hidden)

    def delete(self, account: AccountCredentials, external_id: str) -> None:
        """Delete a post of our own. See send.delete."""
        send.delete(self._client(account), external_id)

    @classmethod
    def capabilities(cls) -> Capabilities:
        """The limits of self-serve access; X tells nobody about delivery, only that a direct message was read."""
        return Capabilities(
            max_length_public=length.LIMIT,
            max_length_private=length.DM_LIMIT,
            weighted_length=True,
            can_thread=True,
            can_hide=True,
            can_delete=True,
            can_reply_privately=True,
            receipts=frozenset({ReceiptState.SENT, ReceiptState.READ}),
            max_files=send.MAX_FILES,
            files_public=Files(most=send.MAX_FILES, sizes=send.MAX_SIZE),
            files_private=Files(most=1, sizes=send.MAX_SIZE),
            reply_needs_mention=True,
            refuses_same_text=True,
        )

    def length(self, text: str) -> int:
        """The weighted length of a public post."""
        return length.weighted_length(text)

    def split(self, text: str) -> list[str]:
        """One long public answer as numbered posts."""
        return length.split_thread(text)

    def _client(self, account: AccountCredentials) -> XClient:
        return XClient(self.app, account, self.session)

    def media_auth(self, account: AccountCredentials, url: str) -> AuthBase | None:
        """Photos in direct messages lie behind the account's signature; those in posts are public."""
        if urlsplit(url).hostname != DM_MEDIA_HOST:
            return None
        return XClient(self.app, account, self.session).signer()
