"""The proofs between X and us."""

import json

import pytest

from channels.connectors.x import signature
from channels.connectors.x.connector import XConnector
from channels.errors import BadSignature
from channels.http import PlatformSession
from channels.messages import AppCredentials, WebhookAnswer, WebhookRequest

URL = "https://webcare.waterkant.example/webhooks/x/app/"


def connector(secret: str = "apiSecret") -> XConnector:
    return XConnector(AppCredentials(kind="x", key="app", secrets={"consumer_secret": secret}), PlatformSession())


def request(body: bytes = b"", headers: dict[str, str] | None = None, **query: str) -> WebhookRequest:
    return WebhookRequest("POST" if body else "GET", URL, query, headers or {}, body)


def test_challenge_is_answered_as_in_the_known_vector() -> None:
    answer = connector().challenge(request(crc_token="test token"))
    assert answer == WebhookAnswer(
        body='{"response_token": "sha256=O5hJl2njQRIa4vsumZ+3oom9ECR5m3aQLRZkPoYelp0="}',
        content_type="application/json",
    )


def test_challenge_without_token_is_none() -> None:
    assert connector().challenge(request()) is None


def test_challenge_with_an_odd_token_is_answered() -> None:
    answer = connector().challenge(request(crc_token="é\ud800"))
    assert answer is not None
    assert json.loads(answer.body)["response_token"].startswith("sha256=")


def test_verify_accepts_what_was_signed_with_our_secret() -> None:
    body = '{"for_user_id":"1","text":"café"}'.encode()
    connector().verify(request(body, {signature.HEADER: signature.sign("apiSecret", body)}))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {signature.HEADER: ""},
        {signature.HEADER: signature.sign("another", b"{}")},
        {signature.HEADER: signature.sign("apiSecret", b"{ }")},
        {signature.HEADER: signature.sign("apiSecret", b"{}").removeprefix("sha256=")},
        {signature.HEADER: "sha256=é"},
    ],
)
def test_verify_refuses_every_other_signature(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        connector().verify(request(b"{}", headers))


def test_verify_without_a_secret_refuses_what_an_empty_secret_would_sign() -> None:
    with pytest.raises(BadSignature):
        connector("").verify(request(b"{}", {signature.HEADER: signature.sign("", b"{}")}))
