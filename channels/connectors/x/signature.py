"""Proofs between X and us: the challenge (CRC) and the signature on every webhook.

Source: docs.x.com, webhooks quickstart (2026-08-22): both are base64(HMAC-SHA256(consumer secret, …)).
"""

import base64
import hashlib
import hmac
import json

HEADER = "x-twitter-webhooks-signature"


def sign(consumer_secret: str, data: bytes) -> str:
    """``sha256=`` and the base64 of the HMAC-SHA256 over ``data``, as X writes it in both proofs."""
    digest = hmac.new(consumer_secret.encode(), data, hashlib.sha256).digest()
    return "sha256=" + base64.b64encode(digest).decode()


def is_valid(consumer_secret: str, body: bytes, signature: str) -> bool:
    """Whether ``signature`` is the raw ``body``'s, compared in constant time. Without a secret: never."""
    if not consumer_secret:
        return False
    return hmac.compare_digest(sign(consumer_secret, body).encode(), signature.encode("utf-8", "replace"))


def crc_answer(consumer_secret: str, crc_token: str) -> str:
    """The JSON body X wants to hear on ``GET ?crc_token=…``."""
    return json.dumps({"response_token": sign(consumer_secret, crc_token.encode("utf-8", "replace"))})
