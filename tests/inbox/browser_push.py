"""The other end of Web Push: a browser's keys, and a push service on a real port that opens what it gets (RFC 8291)."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.channels.server import Answer, Request, Server, serving


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Browser:
    """A browser that subscribed."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"sixteen bytes ok"

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscription(self, endpoint: str) -> dict[str, Any]:
        """As PushSubscription.toJSON() gives it."""
        return {"endpoint": endpoint, "keys": {"p256dh": encoded(self.public), "auth": encoded(self.auth)}}

    def opened(self, body: bytes) -> bytes:
        """What a message says. Raises when it is not for this browser."""
        salt, length, key = body[:16], body[20], body[21 : 21 + body[20]]
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
        shared = self.private.exchange(ec.ECDH(), sender)
        secret = HKDF(hashes.SHA256(), 32, self.auth, b"WebPush: info\0" + self.public + key).derive(shared)
        content = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
        text = AESGCM(content).decrypt(nonce, body[21 + length :], None)
        assert text.endswith(b"\x02")
        return text[:-1]


@dataclass
class PushService:
    """Answers ``status``; ``got`` holds what browsers were told."""

    url: str = ""
    status: int = 201
    browsers: dict[str, Browser] = field(default_factory=dict)
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    server: Server | None = None

    def answer(self, request: Request) -> Answer:
        if self.status < 300:
            scheme, token = request.headers["authorization"].split(" t=")
            assert scheme == "vapid"
            token, _comma, key = token.partition(", k=")
            ours = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key))
            claims = jwt.decode(token, ours, algorithms=["ES256"], audience=self.url)
            assert urlsplit(claims["sub"]).scheme in ("mailto", "https")
            assert request.headers["content-encoding"] == "aes128gcm"
            assert int(request.headers["ttl"]) > 0
            name = request.path.strip("/")
            self.raw.append(request.body)
            self.got.append((name, json.loads(self.browsers[name].opened(request.body))))
        return Answer(self.status)

    def browser(self, name: str) -> dict[str, Any]:
        """A new browser's subscription."""
        self.browsers[name] = Browser()
        return self.browsers[name].subscription(f"{self.url}/{name}")


@contextmanager
def push_service() -> Iterator[PushService]:
    """On a port of its own until the end of the block."""
    service = PushService()
    with serving(service.answer) as server:
        service.url, service.server = server.url, server
        yield service
