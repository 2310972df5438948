"""The Facebook connector: Pages and Messenger. Thin; what it does lives in the files beside it."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from channels.connector import Connector, Found, Health, Tally
from channels.connectors.facebook import parse, read, send, sign_in, signature, thread, webhooks
from channels.connectors.facebook.graph import Graph
from channels.errors import BadSignature, PermanentFailure
from channels.messages import (
    AccountCredentials,
    Capabilities,
    IncomingMessage,
    Item,
    OfferedAccount,
    OutgoingMessage,
    Person,
    SentMessage,
    WebhookAnswer,
    WebhookRequest,
)


class FacebookConnector(Connector):
    """Comments, posts by visitors and Messenger, for all Pages under one Meta app."""

    kind = "facebook"
    app_secrets = ("app_secret", "verify_token")
    account_secrets = ("page_token",)
    connecting_secrets = ("app_id",)
    permissions = sign_in.PERMISSIONS
    signs_in = True
    asks_profiles = True
    fetches_threads = True
    gap_rounds_apart = timedelta(minutes=2)  # a small Page may make 4,800 calls a day, and a round takes six
    media_hosts = (".fbcdn.net", ".fbsbx.com", ".facebook.com")

    def challenge(self, request: WebhookRequest) -> WebhookAnswer | None:
        """``hub.challenge`` back as plain text. Raises BadSignature when the verify token is not ours."""
        if request.method != "GET" or request.query.get("hub.mode") != "subscribe":
            return None
        expected = self.app.secrets.get("verify_token", "")
        if not signature.same_token(request.query.get("hub.verify_token", ""), expected):
            raise BadSignature("hub.verify_token is missing or wrong")
        return WebhookAnswer(body=request.query.get("hub.challenge", ""))

    def verify(self, request: WebhookRequest) -> None:
        """X-Hub-Signature-256 over the raw bytes. Raises BadSignature."""
        signature.verify(request, self.app.secrets.get("app_secret", ""))

    def dedupe_key(self, request: WebhookRequest) -> str:
        """A hash of the raw body: Meta has no event id, and a retry repeats the bytes. Where it batches a
        retry differently the key differs, and ingest still knows the message by its own id."""
        return "sha256:" + hashlib.sha256(request.body).hexdigest()

    def parse(self, body: bytes, received_at: datetime) -> list[Item]:
        """See parse.parse."""
        return parse.parse(body, received_at)

    def send(self, account: AccountCredentials, message: OutgoingMessage) -> SentMessage:
        """See send.send."""
        return send.send(self._graph(account), account, message)

    def find_sent(self, account: AccountCredentials, message: OutgoingMessage, since: datetime) -> Found:
        """See read.find_sent."""
        return read.find_sent(self._graph(account), account, message, since)

    def fetch_since(
        self, account: AccountCredentials, since: datetime, last_seen: str = "", tally: Tally | None = None
    ) -> Iterable[IncomingMessage]:
        """See read.fetch_since; Meta pages by time, so ``last_seen`` is not needed."""
        return read.fetch_since(self._graph(account), account, since, tally)

    @classmethod
    def thread_root(cls, account_id: str, thread_id: str, under: str) -> str:
        """See thread.root."""
        return thread.root(account_id, thread_id, under)

    def fetch_thread(self, account: AccountCredentials, root_id: str) -> list[IncomingMessage]:
        """See thread.fetch."""
        return thread.fetch(self._graph(account), account, root_id)

    def check(self, account: AccountCredentials) -> Health:
        """Who the page token says we are, and when it ends. Raises TemporaryFailure when Meta cannot be asked."""
        if not account.secrets.get("page_token"):
            return Health(ok=False, reason="token")
        try:
            found_id, name = read.me(self._graph(account))
        except PermanentFailure as failure:
            return Health(ok=False, reason=failure.reason, code=failure.code)
        if found_id != account.external_id:
            return Health(ok=False, reason="configuration", name=name)  # a token, but of another Page
        expires_at, missing = self._access(account)
        return Health(ok=True, name=name, expires_at=expires_at, missing=missing)

    def _access(self, account: AccountCredentials) -> tuple[datetime | None, tuple[str, ...] | None]:
        try:
            return webhooks.access(self._meta_app(account))
        except PermanentFailure:
            return None, None  # Meta does not tell everyone; the token works, and that was the question

    def check_app(self) -> Health:
        """Whether Meta takes the app's number and secret."""
        try:
            sign_in.check_app(self.app, self.session)
        except PermanentFailure as failure:
            return Health(ok=False, reason=failure.reason, code=failure.code)
        return Health(ok=True)

    def sign_in_url(self, redirect_uri: str, state: str, verifier: str) -> str:
        """See sign_in.url."""
        return sign_in.url(self.app, self.session, redirect_uri, state)

    def signed_in(self, redirect_uri: str, code: str, verifier: str) -> list[OfferedAccount]:
        """Every Page that the colleague gave us. See sign_in.signed_in."""
        return sign_in.signed_in(self.app, self.session, redirect_uri, code)

    def disconnect(self, account: AccountCredentials, webhook_url: str) -> None:
        """Meta calls us no longer for this Page. Its token stays with the colleague's log-in; we forget it."""
        webhooks.unsubscribe(self._meta_app(account))

    def webhook_problem(self, account: AccountCredentials, webhook_url: str) -> str:
        """See webhooks.problem."""
        return webhooks.problem(self._meta_app(account), webhook_url)

    def restore_webhook(self, account: AccountCredentials, webhook_url: str) -> None:
        """See webhooks.restore."""
        webhooks.restore(self._meta_app(account), webhook_url)

    @classmethod
    def capabilities(cls) -> Capabilities:
        """8,000 characters in public, 2,000 in Messenger, 24 hours or seven days by a human agent."""
        return send.CAPABILITIES

    # -- extras ----------------------------------------------------------------------------------------------

    def hide(self, account: AccountCredentials, external_id: str, hidden: bool = True) -> None:
        """Hide a comment, or show it again. Raises as ``send``."""
        send.hide(self._graph(account), external_id, hidden)

    def like(self, account: AccountCredentials, external_id: str, liked: bool = True) -> None:
        """Like a post or comment as the Page, or like it no more. Raises as ``send``."""
        send.like(self._graph(account), external_id, liked)

    def delete(self, account: AccountCredentials, external_id: str) -> None:
        """Remove a comment. Raises as ``send``."""
        send.delete(self._graph(account), external_id)

    def profile(self, account: AccountCredentials, external_id: str) -> Person | None:
        """Who a Messenger id is, as its webhooks never say; None when Meta does not tell. Raises as ``send``."""
        return read.profile(self._graph(account), account, external_id)

    def _graph(self, account: AccountCredentials) -> Graph:
        secrets = account.secrets
        return Graph(self.session, secrets.get("page_token", ""), self.app.secrets.get("app_secret", ""))

    def _meta_app(self, account: AccountCredentials) -> webhooks.MetaApp:
        return webhooks.MetaApp(self.session, self.app, account)
