"""The webhook: verify, store, commit, answer. No parsing here, no call to a platform, no waiting on Redis."""

import time
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from channels import events
from channels.clock import now
from channels.connector import Connector
from channels.crypto import CredentialsUnreadable, decrypted
from channels.errors import BadSignature
from channels.gateway import connector_for
from channels.messages import WebhookAnswer, WebhookRequest
from channels.models import PlatformApp

# A connection from the pool may be one that the database closed (restart, failover); each try discards one.
TRIES = 6
PATIENCE = 2.0  # seconds in which to begin another try; the platforms hang up after 5 to 15
LOOKUP = """
    SELECT id, secrets, challenged_at, challenge_refused_at, verified_at, refused_at
    FROM channels_platformapp WHERE key = %s AND kind = %s
"""
# What the check of a channel shows; not written at each of a thousand calls a second, but whenever it turns.
NOTE = "UPDATE channels_platformapp SET {} = %s WHERE id = %s"  # the column is a word of ours
NOTED_EVERY = timedelta(seconds=10)

log = structlog.get_logger()


class TooLarge(Exception):
    """The body is over WEBHOOK_MAX_BYTES."""


@csrf_exempt
def webhook(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """One call of a platform.

    POST: 200 or 204 after the event was committed (or was there already), 403 for a bad signature, 413 over
    WEBHOOK_MAX_BYTES, 503 when it could not be kept, so that the platform tries again. GET: the answer to the
    platform's challenge. 404 for an address we do not know.
    """
    if request.method not in {"GET", "POST"}:
        return _said(405, Allow="GET, POST")
    try:
        body = _body(request) if request.method == "POST" else b""
    except TooLarge:
        log.warning("webhook_too_large", kind=kind)
        return _said(413)
    except OSError as error:  # the caller hung up half-way; nobody hears this answer
        log.warning("webhook_cut_short", kind=kind, error=type(error).__name__)
        return _said(400)
    give_up = time.monotonic() + PATIENCE
    for attempt in range(1, TRIES + 1):
        try:
            return _handled(request, kind, key, body)
        except BadSignature as error:
            log.warning("webhook_bad_signature", kind=kind, why=str(error))
            return _said(403)
        except CredentialsUnreadable:
            log.error("webhook_credentials_unreadable", kind=kind)
            return _said(503)
        except (OperationalError, InterfaceError) as error:
            # Storing twice is harmless: the dedupe key is unique.
            connection.close()
            if attempt == TRIES or time.monotonic() > give_up:
                log.error("webhook_not_stored", kind=kind, error=type(error).__name__)
                return _said(503, **{"Retry-After": "5"})
    return _said(503)


def _handled(request: HttpRequest, kind: str, key: str, body: bytes) -> HttpResponse:
    found = _lookup(kind, key)
    if found is None:
        return _said(404)
    app_id, noted, app, connector = found
    call = _call(request, app, body)
    if call.method == "GET":
        return _challenged(app_id, noted, connector, call)
    try:
        connector.verify(call)
    except BadSignature:
        _note(app_id, "refused_at", noted.refused, noted.verified)
        raise
    new = events.store(
        app_id, body, call.headers.get("content-type", ""), connector.dedupe_key(call), received_at=now()
    )
    if new:
        events.announce()
    _note(app_id, "verified_at", noted.verified, noted.refused)
    return _answered(connector.accepted())


class Noted(NamedTuple):
    """When the last call of each sort was, as far as it was written down."""

    challenged: datetime | None
    challenge_refused: datetime | None
    verified: datetime | None
    refused: datetime | None


def _challenged(app_id: int, noted: Noted, connector: Connector, call: WebhookRequest) -> HttpResponse:
    try:
        answer = connector.challenge(call)
    except BadSignature:
        _note(app_id, "challenge_refused_at", noted.challenge_refused, noted.challenged)
        raise
    if answer is None:
        return _said(404)
    _note(app_id, "challenged_at", noted.challenged, noted.challenge_refused)
    return _answered(answer)


def _note(app_id: int, column: str, before: datetime | None, opposite: datetime | None) -> None:
    """That a call of this sort came; left when ``before`` says so well enough and none of the opposite came since."""
    at = now()
    recent = before is not None and abs(at - before) < NOTED_EVERY
    if recent and (opposite is None or before is None or opposite < before):
        return
    with connection.cursor() as cursor:
        cursor.execute(NOTE.format(column), [at, app_id])


def _lookup(kind: str, key: str) -> tuple[int, Noted, PlatformApp, Connector] | None:
    # By hand: through the ORM, with its decryption, this alone took two fifths of the webhook's time.
    with connection.cursor() as cursor:
        cursor.execute(LOOKUP, [key, kind])
        row = cursor.fetchone()
    return row and (row[0], Noted(*row[2:]), *_known(kind, key, row[1]))


@lru_cache(maxsize=64)
def _known(kind: str, key: str, secrets: str) -> tuple[PlatformApp, Connector]:
    # Kept by the ciphertext, which is new whenever the secrets are: never stale. The connector is shared by threads
    # and only ever asked to verify, which needs no session.
    app = PlatformApp(kind=kind, key=key, secrets=decrypted(secrets))
    return app, connector_for(app)


def _body(request: HttpRequest) -> bytes:
    """The raw bytes, at most WEBHOOK_MAX_BYTES. Raises TooLarge (without reading more) and OSError."""
    limit: int = settings.WEBHOOK_MAX_BYTES
    announced = request.META.get("CONTENT_LENGTH") or ""
    if announced.isdecimal() and int(announced) > limit:
        raise TooLarge
    stream: Any = request
    if not announced and request.META.get("wsgi.input_terminated"):
        # Sent in chunks: Django takes a missing length for an empty body, the server knows where it ends.
        stream = request.META["wsgi.input"]
    pieces: list[bytes] = []
    size = 0
    while size <= limit and (piece := stream.read(limit + 1 - size)):
        pieces.append(piece)
        size += len(piece)
    if size > limit:
        raise TooLarge
    return b"".join(pieces)


def _call(request: HttpRequest, app: PlatformApp, body: bytes) -> WebhookRequest:
    # The address as the platform knows it: behind a proxy, Host and scheme are not what it called and signed.
    query = request.META.get("QUERY_STRING", "")
    headers = {
        name[5:].replace("_", "-").lower(): value for name, value in request.META.items() if name.startswith("HTTP_")
    }
    headers["content-type"] = request.META.get("CONTENT_TYPE", "")
    return WebhookRequest(
        method=request.method or "",
        url=app.webhook_url + (f"?{query}" if query else ""),
        query=request.GET.dict() if query else {},
        headers=headers,
        body=body,
    )


def _answered(answer: WebhookAnswer) -> HttpResponse:
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)


def _said(status: int, **headers: str) -> HttpResponse:
    return HttpResponse(status=status, content_type="text/plain; charset=utf-8", headers=headers)
