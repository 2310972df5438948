"""Signature, challenge, proof and dedupe key."""

import pytest

from channels.connectors.facebook.connector import FacebookConnector
from channels.connectors.facebook.signature import appsecret_proof, sign
from channels.errors import BadSignature
from channels.http import PlatformSession
from channels.messages import AppCredentials, WebhookAnswer, WebhookRequest

# Computed with: printf '%s' BODY | openssl dgst -sha256 -hmac geheim
BODY = b'{"object":"page","entry":[{"id":"1","text":"caf\\u00e9"}]}'


def posted(content: bytes = BODY, header: str | None = None) -> WebhookRequest:
    headers = {} if header is None else {"x-hub-signature-256": header}
    return WebhookRequest("POST", "https://inbox.example/webhooks/facebook/meta/", {}, headers, content)


def asked(**query: str) -> WebhookRequest:
    named = {f"hub.{key}": value for key, value in query.items()}
    return WebhookRequest("GET", "https://inbox.example/webhooks/facebook/meta/", named, {}, b"")


def test_sign_matches_openssl() -> None:
    assert sign(BODY, "geheim") == "sha256=264ee5f60e577d8581b5899b18e0560cd441666867d549f88964f8cc72c861a8"


def test_sign_rfc4231_case_two() -> None:
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sign(b"what do ya want for nothing?", "Jefe") == f"sha256={expected}"
    assert appsecret_proof("Jefe", "what do ya want for nothing?") == expected


def test_verify_right_signature_passes(connector: FacebookConnector) -> None:
    connector.verify(posted(header=sign(BODY, "geheim")))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        sign(BODY, "geheim").removeprefix("sha256="),
        sign(BODY, "geheim").upper(),
        sign(BODY, "ander"),
        sign(BODY + b" ", "geheim"),
        "sha256=é\udc80",
    ],
)
def test_verify_wrong_signature_refused(connector: FacebookConnector, header: str | None) -> None:
    with pytest.raises(BadSignature):
        connector.verify(posted(header=header))


def test_verify_without_secret_refuses_everything() -> None:
    bare = FacebookConnector(AppCredentials(kind="facebook", key="meta", secrets={}), PlatformSession())
    with pytest.raises(BadSignature):
        bare.verify(posted(header=sign(BODY, "")))


def test_challenge_right_token_echoed(connector: FacebookConnector) -> None:
    answer = connector.challenge(asked(mode="subscribe", verify_token="waterkant", challenge="115820"))
    assert answer == WebhookAnswer(status=200, body="115820", content_type="text/plain; charset=utf-8")


@pytest.mark.parametrize("token", ["", "Waterkant", "waterkant ", "é\udc80"])
def test_challenge_wrong_token_refused(connector: FacebookConnector, token: str) -> None:
    with pytest.raises(BadSignature):
        connector.challenge(asked(mode="subscribe", verify_token=token, challenge="1"))


def test_challenge_without_own_token_refused() -> None:
    bare = FacebookConnector(AppCredentials(kind="facebook", key="meta", secrets={}), PlatformSession())
    with pytest.raises(BadSignature):
        bare.challenge(asked(mode="subscribe", verify_token="", challenge="1"))


def test_challenge_other_get_is_none(connector: FacebookConnector) -> None:
    assert connector.challenge(asked()) is None
    assert connector.challenge(posted()) is None


def test_dedupe_key_equal_bytes_equal_key(connector: FacebookConnector) -> None:
    assert connector.dedupe_key(posted()) == connector.dedupe_key(posted(header="sha256=x"))
    assert connector.dedupe_key(posted()) != connector.dedupe_key(posted(BODY + b" "))
    assert len(connector.dedupe_key(posted(b"\xff no json"))) == 71
