"""Asking Twilio: is our message there, what came in while we were away, does our access work."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from channels.connector import Found, Health, Tally
from channels.connectors.whatsapp.parse import media_kind, person, phone_of
from channels.connectors.whatsapp.send import (
    SessionHttpClient,
    address,
    credentials,
    failure,
    twilio_client,
)
from channels.errors import PermanentFailure, SendError, TemporaryFailure, UnknownOutcome
from channels.http import PlatformSession, from_network_error
from channels.messages import (
    AccountCredentials,
    AppCredentials,
    Attachment,
    IncomingMessage,
    OutgoingMessage,
    SentMessage,
)

API = "https://api.twilio.com"
PAGE_SIZE = 100
# Our clock and Twilio's may differ this much; a message from before is another one.
SKEW = timedelta(seconds=60)
# How many messages without a sending time yet we look through before saying that we cannot tell.
RECENT = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Listed:
    """What we use of one message in Twilio's list."""

    sid: str
    sender: str
    to: str
    body: str
    files: int
    outbound: bool
    made_at: datetime


def find_sent(
    app: AppCredentials,
    session: PlatformSession,
    account: AccountCredentials,
    message: OutgoingMessage,
    since: datetime,
) -> Found:
    """Look for our message by sender, recipient, time and text: Twilio knows no idempotency key.

    Found: the earliest equal message made at or after ``since`` (to the second, as Twilio counts). Surely
    absent: the lists were read to their end, and hold nothing that may be it: no equal text from the minute
    before ``since`` (our clocks may differ) nor to another spelling of the recipient, no template
    of unknown text.
    """
    client, http = twilio_client(app, session)
    recipient = address(message.to or message.thread_id)
    # A user id may be listed under the number Twilio resolved it to, so only a number can be asked for.
    by_number = {"to": recipient} if phone_of(recipient) else {}
    earliest = since - SKEW
    filters = {"from_": account.external_id, **by_number}

    dated = [*_list(client, http, date_sent_after=earliest, **filters)]
    # A message still queued has no DateSent, and Twilio may leave it out of a list filtered by it.
    recent = [*_list(client, http, limit=RECENT, **filters)]
    complete = len(recent) < RECENT or min(item.made_at for item in recent) < earliest

    listed = {item.sid: item for item in (*dated, *recent) if item.outbound and item.made_at >= earliest}
    alike = sorted((item for item in listed.values() if _alike(item, message)), key=lambda item: item.made_at)
    certain = since.replace(microsecond=0)
    for item in alike if _text_known(message) else ():
        if item.made_at >= certain and item.to == recipient:
            sent = SentMessage(external_id=item.sid, sent_at=item.made_at, thread_id=message.thread_id)
            return Found(sent=sent)
    return Found(surely_absent=complete and not alike)


def fetch_since(
    app: AppCredentials,
    session: PlatformSession,
    account: AccountCredentials,
    since: datetime,
    tally: Tally | None = None,
) -> Iterator[IncomingMessage]:
    """What citizens sent to our number since then, oldest first, with the addresses of their files.

    One call when nothing came: only messages to our number, made known since then, are listed (100 a page); one more
    for each message with files. Reading costs nothing at Twilio.

    Twilio's list knows no ProfileName, user id, place or button: the sender's address is the key here, and a
    message that is only a place comes without text. Raises as Connector.send, while it is read.
    """
    client, http = twilio_client(app, session)
    listed, failure = _list_so_far(client, http, to=account.external_id, date_sent_after=since)
    if tally is not None:
        tally.listed += len(listed)
    # Twilio's times are whole seconds, but its list is newest first.
    inbound = [item for item in reversed(listed) if not item.outbound]
    for item in sorted(inbound, key=lambda item: item.made_at):
        citizen = person(item.sender)
        yield IncomingMessage(
            account_id=account.external_id,
            external_id=item.sid,
            thread_id=citizen.external_id,
            public=False,
            author=citizen,
            peer=citizen,
            text=item.body,
            sent_at=item.made_at,
            attachments=_files(client, http, item) if item.files else (),
        )
    if failure is not None:
        raise failure


def check(app: AppCredentials, session: PlatformSession, account: AccountCredentials) -> Health:
    """Whether Twilio lets us in, and the account is active. TemporaryFailure for trouble on the way."""
    try:
        client, http = twilio_client(app, session)
        if credentials(app)[0] != client.account_sid:
            # A standard API key may not read the account itself: ask what it must be able to read.
            answered(http, lambda: client.messages.page(from_=account.external_id, page_size=1))
            return Health(ok=True, name=account.name)
        found = answered(http, lambda: client.api.v2010.accounts(client.account_sid).fetch())
    except PermanentFailure as refusal:
        return Health(ok=False, reason=refusal.reason, code=refusal.code)
    if found.status != "active":
        return Health(ok=False, reason="blocked_for_policy", code=str(found.status), name=found.friendly_name or "")
    return Health(ok=True, name=found.friendly_name or "")


def check_app(app: AppCredentials, session: PlatformSession) -> Health:
    """Whether Twilio lets us in by the app's keys. TemporaryFailure for trouble on the way."""
    try:
        client, http = twilio_client(app, session)
        answered(http, lambda: client.messages.page(page_size=1))
    except PermanentFailure as refusal:
        return Health(ok=False, reason=refusal.reason, code=refusal.code)
    return Health(ok=True)


def media_auth(app: AppCredentials, session: PlatformSession, url: str) -> tuple[str, str] | None:
    """Our user and password for a file of our own account at Twilio's API (or at the simulator), else None.

    Never for the storage Twilio redirects to, nor for any other address a message may name.
    """
    try:
        asked, base = urlsplit(url), urlsplit(session.simulator_url or API)
        same = (asked.scheme, asked.hostname, asked.port) == (base.scheme, base.hostname, base.port)
    except ValueError:
        return None
    ours = f"/2010-04-01/Accounts/{app.secrets.get('account_sid', '')}/"
    if not same or asked.username or ".." in asked.path or not asked.path.startswith(ours):
        return None
    user, password = credentials(app)
    return (user, password) if user and password else None


def _list_so_far(client: Client, http: SessionHttpClient, **filters: Any) -> tuple[list[_Listed], SendError | None]:
    """What was listed until the end, or until the failure."""
    listed: list[_Listed] = []

    def read() -> None:
        for item in client.messages.stream(page_size=PAGE_SIZE, **filters):
            listed.append(_listed(item))  # noqa: PERF401  (what came before a refusal is kept)

    try:
        answered(http, read)
    except SendError as failure:
        return listed, failure
    return listed, None


def _list(client: Client, http: SessionHttpClient, **filters: Any) -> list[_Listed]:
    # The library's iterator fetches page after page, so reading it to its end is part of the call.
    return answered(
        http,
        lambda: [_listed(item) for item in client.messages.stream(page_size=PAGE_SIZE, **filters)],
    )


def _listed(item: Any) -> _Listed:
    return _Listed(
        sid=str(item.sid or ""),
        sender=str(item.from_ or ""),
        to=str(item.to or ""),
        body=str(item.body or "").replace("\x00", ""),
        files=int(item.num_media or 0),
        outbound=str(item.direction or "").startswith("outbound"),
        made_at=item.date_created or item.date_sent or EPOCH,
    )


def _alike(item: _Listed, message: OutgoingMessage) -> bool:
    """Whether this may be our message; any may be when we do not know our own text."""
    if not _text_known(message):
        return True
    return _plain(item.body) == _plain(message.text) and item.files == len(message.files)


def _text_known(message: OutgoingMessage) -> bool:
    """The text of a template is made at Twilio, and ours only when the inbox kept a preview of it."""
    return bool(message.text) or not message.template_id


def _plain(text: str) -> str:
    """Without the differences that transport makes: line ends, doubled spaces, composed letters."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _files(client: Client, http: SessionHttpClient, item: _Listed) -> tuple[Attachment, ...]:
    try:
        found = answered(http, lambda: client.messages(item.sid).media.list(limit=10))
    except PermanentFailure as refusal:
        if refusal.reason != "configuration":
            raise
        return ()  # 404: taken away at Twilio since; the text is still worth having
    return tuple(
        Attachment(
            kind=media_kind(str(file.content_type or "")),
            url=http.platform_session.rewritten(API + str(file.uri or "").removesuffix(".json")),
            content_type=str(file.content_type or ""),
            external_id=str(file.sid or ""),
        )
        for file in found
    )


def answered[Answer](http: SessionHttpClient, call: Callable[[], Answer]) -> Answer:
    """A reading call with every trouble in our words; reading has no unknown outcome."""
    try:
        return call()
    except requests.RequestException as error:
        raise _reading(from_network_error(error)) from None
    except TwilioException as error:
        raise _reading(failure(error, writing=False, retry_after=http.retry_after)) from None
    except (ValueError, TypeError, AttributeError, KeyError):
        raise TemporaryFailure("", "busy", "unreadable answer") from None


def _reading(error: SendError) -> SendError:
    return TemporaryFailure(error.code, "busy", error.detail) if isinstance(error, UnknownOutcome) else error
