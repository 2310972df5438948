"""Is a webhook call really from Twilio: X-Twilio-Signature over the public URL and the form."""

import hmac
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

from twilio.request_validator import RequestValidator, add_port, remove_port

from channels.errors import BadSignature
from channels.messages import WebhookRequest

HEADER = "x-twilio-signature"


class Form:
    """Form parameters as Twilio signs them: blank values kept, all values of a repeated name.

    Iterates over the names; ``getlist`` is what twilio's RequestValidator asks of a multi-valued dictionary.
    """

    def __init__(self, body: bytes) -> None:
        self.values: dict[str, list[str]] = {}
        # Never strict: a body that is not UTF-8 simply does not match its signature.
        for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
            self.values.setdefault(name, []).append(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def getlist(self, name: str) -> list[str]:
        """All values given under ``name``, in order."""
        return self.values[name]


def verify(request: WebhookRequest, auth_token: str) -> None:
    """Check the signature in constant time. Raises BadSignature.

    ``request.url`` must be the public address: Twilio signs the URL it called, so behind a proxy the address
    the server sees (http, an inner host) would never match. Source: https://www.twilio.com/docs/usage/security
    """
    given = request.headers.get(HEADER, "")
    if not given or not auth_token:
        raise BadSignature("no signature")
    parameters: Form | None = None
    if _is_json(request):
        # A JSON body is not signed itself; its hash is in the URL, and the URL is signed.
        promised = request.query.get("bodySHA256", "")
        if not _equal(sha256(request.body).hexdigest(), promised.lower()):
            raise BadSignature("body hash")
    else:
        parameters = Form(request.body)
    matches = [_equal(signature, given) for signature in _expected(request.url, parameters, auth_token)]
    if not any(matches):
        raise BadSignature("signature")


def sign(url: str, body: bytes, auth_token: str) -> str:
    """The signature Twilio would send with this form-encoded body to ``url``."""
    return str(RequestValidator(auth_token).compute_signature(url, Form(body)))


def _expected(url: str, parameters: Form | None, auth_token: str) -> list[str]:
    # Twilio is not consistent about writing the default port into the URL it signs.
    try:
        parts = urlsplit(url)
        addresses = dict.fromkeys((url, str(add_port(parts)), str(remove_port(parts))))
        validator = RequestValidator(auth_token)
        return [str(validator.compute_signature(address, parameters)) for address in addresses]
    except ValueError as error:  # a port that is no number, text that cannot be encoded
        raise BadSignature("unusable address or body") from error


def _is_json(request: WebhookRequest) -> bool:
    content_type = request.headers.get("content-type", "")
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
