"""Web Push on the wire: a message encrypted for one browser (RFC 8291, RFC 8188) and signed as ours (VAPID, RFC 8292).

By `cryptography` and PyJWT, which are here already. pywebpush would bring four packages more for these lines, and does
its own calling, past the guard of channels.http.
"""

import json
import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

RECORD = 4096  # bytes; a push service takes no larger message
GOOD_FOR = 12 * 3600  # seconds; a push service refuses a signature for more than a day


def public_key() -> str:
    """What a browser must know to let us push to it; "" when push is not set up (VAPID_PRIVATE_KEY)."""
    return _encoded(_point(_ours().public_key())) if settings.VAPID_PRIVATE_KEY else ""


def new_private_key() -> str:
    """For VAPID_PRIVATE_KEY."""
    secret = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return _encoded(secret.to_bytes(32))


def headers(endpoint: str, keep: int) -> dict[str, str]:
    """With which a message goes; ``keep``: seconds the push service keeps it for a browser that is not there."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(time.time()) + GOOD_FOR,  # by the real clock: another machine judges it
        "sub": settings.VAPID_SUBJECT,
    }
    token = jwt.encode(claims, _ours(), algorithm="ES256")
    return {
        "Authorization": f"vapid t={token}, k={public_key()}",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(keep),
    }


def encrypted(message: Mapping[str, object], p256dh: str, auth: str) -> bytes:
    """A small message as JSON, for the browser with these keys. Raises ValueError for keys that are none."""
    own = ec.generate_private_key(ec.SECP256R1())
    return seal(json.dumps(message).encode(), decoded(p256dh), decoded(auth), own, os.urandom(16))


def seal(text: bytes, theirs: bytes, auth: bytes, own: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """RFC 8291 with everything given. Raises ValueError for a point that is not on the curve."""
    public = _point(own.public_key())
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
    secret = _derived(shared, auth, b"WebPush: info\0" + theirs + public, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + RECORD.to_bytes(4) + len(public).to_bytes(1) + public
    return head + AESGCM(key).encrypt(nonce, text + b"\x02", None)


def decoded(text: str) -> bytes:
    """base64url without padding, as browsers give keys. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _ours() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decoded(settings.VAPID_PRIVATE_KEY)), ec.SECP256R1())


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
