"""Web Push on the wire, by the example of RFC 8291 (appendix A) and by a browser of our own."""

from io import StringIO

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import call_command

from inbox import webpush
from tests.inbox.browser_push import Browser, decoded, encoded

TEXT = b"When I grow up, I want to be a watermelon"
OURS = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
THEIRS = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_example_of_the_rfc() -> None:
    own = ec.derive_private_key(int.from_bytes(decoded(OURS)), ec.SECP256R1())
    assert encoded(webpush.seal(TEXT, decoded(THEIRS), decoded(AUTH), own, decoded(SALT))) == SEALED


def test_only_the_browser_it_is_for_opens_it_and_it_differs_each_time() -> None:
    browser = Browser()
    keys = browser.subscription("x")["keys"]
    one, other = (webpush.encrypted({"id": 7, "kind": "late"}, keys["p256dh"], keys["auth"]) for _ in range(2))
    assert one != other
    assert browser.opened(one) == browser.opened(other) == b'{"id": 7, "kind": "late"}'
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever cryptography says to a wrong key
        Browser().opened(one)


def test_keys_that_are_none_are_refused() -> None:
    for key in ("", "AAAA", "!", encoded(b"\x04" + b"x" * 64)):
        with pytest.raises(ValueError):  # noqa: PT011
            webpush.encrypted({}, key, AUTH)


def test_signed_as_ours_for_that_push_service_alone(settings) -> None:
    settings.VAPID_PRIVATE_KEY = webpush.new_private_key()
    settings.VAPID_SUBJECT = "mailto:beheer@waterkant.example"
    made = webpush.headers("https://push.example.net:8443/abc?d=1", 60)
    token = made["Authorization"].removeprefix("vapid t=").split(", k=")[0]
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(webpush.public_key()))
    claims = jwt.decode(token, key, algorithms=["ES256"], audience="https://push.example.net:8443")
    assert claims["sub"] == "mailto:beheer@waterkant.example"
    assert made["TTL"] == "60"


def test_without_a_key_push_is_not_set_up(settings) -> None:
    settings.VAPID_PRIVATE_KEY = ""
    assert webpush.public_key() == ""


def test_command_prints_a_key_that_works(settings) -> None:
    out = StringIO()
    call_command("make_push_key", stdout=out)
    name, _equals, key = out.getvalue().strip().partition("=")
    settings.VAPID_PRIVATE_KEY = key
    assert (name, len(decoded(webpush.public_key()))) == ("VAPID_PRIVATE_KEY", 65)
