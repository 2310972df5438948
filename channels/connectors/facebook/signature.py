"""Meta's signatures: the webhook's header, and the proof that goes with every call of ours."""

import hashlib
import hmac

from channels.errors import BadSignature
from channels.messages import WebhookRequest

HEADER = "x-hub-signature-256"


def sign(body: bytes, app_secret: str) -> str:
    """The value of X-Hub-Signature-256 for these raw bytes: ``sha256=`` and 64 lower-case hex digits."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def verify(request: WebhookRequest, app_secret: str) -> None:
    """Raises BadSignature unless the header is there and right for the raw bytes (never for re-serialised
    JSON: Meta escapes unicode and slashes its own way). An empty secret accepts nothing."""
    given = request.headers.get(HEADER, "")
    if not app_secret:
        raise BadSignature("the app has no app_secret")
    # Bytes, because compare_digest refuses text outside ASCII and a header may hold anything.
    if not hmac.compare_digest(given.encode("utf-8", "replace"), sign(request.body, app_secret).encode()):
        raise BadSignature("X-Hub-Signature-256 is missing or wrong")


def same_token(given: str, expected: str) -> bool:
    """Whether the verify token is ours, in constant time; an empty one of ours matches nothing."""
    return bool(expected) and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def appsecret_proof(app_secret: str, access_token: str) -> str:
    """The ``appsecret_proof`` parameter: with "Require App Secret" on, Meta refuses a call without it."""
    return hmac.new(app_secret.encode(), access_token.encode(), hashlib.sha256).hexdigest()
