"""Handing an answer to Twilio through its own library, and what its refusals mean."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from channels.clock import now
from channels.connectors.whatsapp.codes import DAILY, PERMANENT, TEMPORARY
from channels.connectors.whatsapp.parse import CHANNEL
from channels.errors import PermanentFailure, SendError, TemporaryFailure, UnknownOutcome
from channels.http import PlatformSession, from_network_error
from channels.messages import AccountCredentials, AppCredentials, OutgoingMessage, SentMessage

WINDOW = timedelta(hours=24)  # after the citizen's last message; later only a template may go
MAX_FILES = 1  # WhatsApp takes one file a message
MEGABYTE = 1024 * 1024
# 16 MB at Twilio; WhatsApp itself takes pictures of at most 5 (help.twilio.com, media over WhatsApp).
MAX_SIZE = {
    "image/jpeg": 5 * MEGABYTE,
    "image/png": 5 * MEGABYTE,
    "application/pdf": 16 * MEGABYTE,
    "video/mp4": 16 * MEGABYTE,
}
LONGEST_WAIT = timedelta(days=1)  # a Retry-After beyond this is a mistake


class SessionHttpClient(TwilioHttpClient):
    """The library's HTTP client over our session: our time-outs, our host, no redirects, nothing logged.

    ``retry_after`` keeps that header of the last answer: the library's exceptions do not carry headers.
    """

    def __init__(self, session: PlatformSession) -> None:
        super().__init__(pool_connections=False)
        self.logger.setLevel("WARNING")  # at INFO the library logs addresses with telephone numbers
        self.platform_session = session
        self.retry_after = ""

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """One call, as the library's own client makes it. Raises requests.RequestException."""
        self.retry_after = ""
        body = {"json" if (headers or {}).get("Content-Type") == "application/json" else "data": data}
        answer = self.platform_session.request(
            method.upper(), url, params=params, headers=headers, auth=auth, timeout=timeout, **body
        )
        self.retry_after = answer.headers.get("Retry-After", "")
        # Twilio's JSON is UTF-8 and does not always say so; left alone, requests would guess.
        return Response(answer.status_code, answer.content.decode("utf-8", "replace"), answer.headers)


def twilio_client(app: AppCredentials, session: PlatformSession) -> tuple[Client, SessionHttpClient]:
    """The library's client for this app. Raises PermanentFailure when its secrets cannot be used."""
    account_sid = app.secrets.get("account_sid", "")
    user, password = credentials(app)
    # Twilio's are plain ASCII; anything else is a paste gone wrong, on which requests would stumble.
    if not (account_sid and user and password and f"{account_sid}{user}{password}".isascii()):
        raise PermanentFailure("", "token", "secrets missing or unusable")
    http = SessionHttpClient(session)
    return Client(user, password, account_sid, http_client=http), http


def credentials(app: AppCredentials) -> tuple[str, str]:
    """User and password for Basic authentication: the API key when there is one, else SID and auth token."""
    key, secret = app.secrets.get("api_key", ""), app.secrets.get("api_secret", "")
    if key and secret:
        return key, secret
    return app.secrets.get("account_sid", ""), app.secrets.get("auth_token", "")


def send(
    app: AppCredentials, session: PlatformSession, account: AccountCredentials, message: OutgoingMessage
) -> SentMessage:
    """Hand over one message: text, text with one file, or an approved template. Errors as Connector.send."""
    parameters = _parameters(account, message)
    client, http = twilio_client(app, session)
    try:
        made = client.messages.create(**parameters)
    except requests.RequestException as error:
        raise from_network_error(error) from None
    except TwilioException as error:
        raise failure(error, writing=True, retry_after=http.retry_after) from None
    except (ValueError, TypeError, AttributeError):
        # Twilio said yes, in words the library cannot read.
        raise UnknownOutcome("", "no_answer", "unreadable answer") from None
    if not made.sid:
        raise UnknownOutcome("", "no_answer", "answer without sid")
    if made.status in {"failed", "undelivered"}:
        raise by_code(made.error_code or 0) or PermanentFailure(str(made.error_code or ""), "other")
    return SentMessage(external_id=made.sid, sent_at=made.date_created, thread_id=message.thread_id)


def failure(error: TwilioException, *, writing: bool, retry_after: str = "") -> SendError:
    """One of the three outcomes for whatever exception the library raised.

    Never passes its text on: it may quote a telephone number or the message."""
    status, code = status_and_code(error)
    named = str(code) if code else str(status or "")
    if status == 429:
        return TemporaryFailure(named, TEMPORARY.get(code, "rate_limit"), retry_at=_retry_at(code, retry_after))
    if status >= 500 or not status:
        # It broke on their side, perhaps after they had done it.
        return UnknownOutcome(named, "no_answer") if writing else TemporaryFailure(named, "busy")
    known = by_code(code, retry_after)
    if known is not None:
        return known
    if status == 401:
        return PermanentFailure(named, "token")
    if status == 403:
        return PermanentFailure(named, "permission")
    if status == 404 or 300 <= status < 400:
        return PermanentFailure(named, "configuration")
    return PermanentFailure(named, "other")


def by_code(code: int, retry_after: str = "") -> SendError | None:
    """The outcome for one of Twilio's own codes; None for a code we do not know."""
    if code in TEMPORARY:
        return TemporaryFailure(str(code), TEMPORARY[code], retry_at=_retry_at(code, retry_after))
    if code in PERMANENT:
        return PermanentFailure(str(code), PERMANENT[code])
    return None


def _parameters(account: AccountCredentials, message: OutgoingMessage) -> dict[str, Any]:
    last = message.last_from_citizen_at
    if not message.template_id and last is not None and now() - last >= WINDOW:
        # Twilio would accept it and fail it later (63016): the agent hears it now.
        raise PermanentFailure("", "window_closed")
    if len(message.files) > MAX_FILES:
        raise PermanentFailure("", "content", "more files than one message can carry")
    to = message.to or message.thread_id
    if not to:
        raise PermanentFailure("", "recipient", "no recipient")
    parameters: dict[str, Any] = {"to": address(to), "from_": account.external_id}
    if message.template_id:
        # A template goes alone: Twilio refuses text or media beside it.
        parameters["content_sid"] = message.template_id
        if message.template_variables:
            parameters["content_variables"] = json.dumps(dict(message.template_variables))
    else:
        parameters |= _content(message)
    if account.settings.get("status_callback"):
        parameters["status_callback"] = account.settings["status_callback"]
    if account.settings.get("messaging_service_sid"):
        parameters["messaging_service_sid"] = account.settings["messaging_service_sid"]
    return parameters


def _content(message: OutgoingMessage) -> dict[str, Any]:
    content: dict[str, Any] = {}
    # Half a surrogate pair cannot be sent, and would stop the library before the call.
    text = message.text.encode("utf-8", "replace").decode()
    if text.strip():
        content["body"] = text
    if message.files:
        urls = [file.public_url for file in message.files]
        if not all(urls):
            raise PermanentFailure("", "configuration", "file without a public address")
        content["media_url"] = urls
    if not content:
        raise PermanentFailure("", "content", "nothing to send")
    return content


def address(external_id: str) -> str:
    """``whatsapp:`` in front, once."""
    return external_id if external_id.startswith(CHANNEL) else CHANNEL + external_id


def status_and_code(error: TwilioException) -> tuple[int, int]:
    """HTTP status and Twilio's code (0 when there is none) of any of the library's exceptions."""
    if isinstance(error, TwilioRestException | TwilioServiceException):
        status, code = _number(error.status), _number(error.code)
        # Without a code in the body the library repeats the HTTP status.
        return status, 0 if code == status else code
    # Listing raises the bare base class with the response beside the text.
    response = next((part for part in error.args if isinstance(part, Response)), None)
    if response is None:
        return 0, 0
    try:
        body = json.loads(response.text)
    except (ValueError, RecursionError):
        body = None
    return response.status_code, _number(body.get("code")) if isinstance(body, dict) else 0


def _number(value: object) -> int:
    return int(value) if re.fullmatch(r"[0-9]{1,9}", str(value)) else 0  # type: ignore[call-overload]


def _retry_at(code: int, retry_after: str) -> datetime | None:
    moment = now()
    if code == DAILY:
        return datetime.combine(moment.date() + timedelta(days=1), time(), UTC)
    if not retry_after:
        return None
    if re.fullmatch(r"[0-9]{1,6}", retry_after):
        wait = timedelta(seconds=int(retry_after))
    else:
        try:
            at = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - moment
    return moment + min(max(wait, timedelta()), LONGEST_WAIT)
