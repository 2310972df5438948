"""X-Twilio-Signature: Twilio's own vectors, forms with awkward parameters, JSON bodies, a proxy in front."""

from urllib.parse import urlencode

import pytest

from channels.connectors.whatsapp import signature
from channels.errors import BadSignature
from channels.messages import WebhookRequest

TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="  # in Twilio's documentation and in its libraries' tests
JSON_BODY = b'{"property": "value", "boolean": true}'
JSON_URL = f"{URL}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
JSON_SIGNATURE = "a9nBmqA0ju/hNViExpshrM61xv4="


def request(
    body: bytes, given: str | None, url: str = URL, content_type: str = "application/x-www-form-urlencoded"
) -> WebhookRequest:
    headers = {"content-type": content_type} | ({} if given is None else {signature.HEADER: given})
    query = dict(pair.split("=", 1) for pair in url.partition("?")[2].split("&") if pair)
    return WebhookRequest("POST", url, query, headers, body)


def test_verify_twilios_own_vector() -> None:
    signature.verify(request(urlencode(FORM).encode(), SIGNATURE), TOKEN)


@pytest.mark.parametrize("port", ["", ":443"])
def test_verify_with_and_without_the_default_port(port: str) -> None:
    url = f"https://mycompany.com{port}/hook/"
    body = b"Body=hoi"
    other = "https://mycompany.com/hook/" if port else "https://mycompany.com:443/hook/"
    signature.verify(request(body, signature.sign(other, body, TOKEN), url), TOKEN)


def test_verify_behind_a_proxy_goes_by_the_public_address() -> None:
    # Twilio called https outside; inside, the proxy speaks http with another host.
    body = urlencode(FORM).encode()
    signature.verify(request(body, SIGNATURE, URL), TOKEN)
    inside = URL.replace("https://mycompany.com", "http://web:8000")
    with pytest.raises(BadSignature):
        signature.verify(request(body, SIGNATURE, inside), TOKEN)
    with pytest.raises(BadSignature):
        signature.verify(request(body, SIGNATURE, URL.replace("https:", "http:")), TOKEN)


@pytest.mark.parametrize(
    "body",
    [
        b"Body=&To=whatsapp%3A%2B31140140",
        b"Body=a&Body=b&Body=a",
        b"Body=Caf%C3%A9+%E2%82%AC+1%2C50+%F0%9F%8C%B3",
        b"Body=regel+1%0D%0Aregel+2&Media%5B0%5D=x",
    ],
    ids=["blank", "repeated", "unicode", "lines"],
)
def test_verify_awkward_parameters(body: bytes) -> None:
    good = signature.sign(URL, body, TOKEN)
    signature.verify(request(body, good), TOKEN)
    with pytest.raises(BadSignature):
        signature.verify(request(body + b"&Extra=1", good), TOKEN)


def test_sign_counts_blank_and_repeated_values() -> None:
    # By hand: names sorted, each followed by its values sorted and once.
    by_hand = signature.sign(f"{URL}AToBodyaBodyb", b"", TOKEN)
    assert signature.sign(URL, b"Body=b&ATo=&Body=a&Body=b", TOKEN) == by_hand


def test_verify_json_body_by_its_hash() -> None:
    signature.verify(request(JSON_BODY, JSON_SIGNATURE, JSON_URL, "application/json; charset=utf-8"), TOKEN)


@pytest.mark.parametrize(
    ("body", "url"),
    [(JSON_BODY + b" ", JSON_URL), (JSON_BODY, URL), (b"", JSON_URL)],
    ids=["changed", "hash missing", "emptied"],
)
def test_verify_json_body_changed(body: bytes, url: str) -> None:
    given = signature.sign(url, b"", TOKEN)
    with pytest.raises(BadSignature):
        signature.verify(request(body, given, url, "application/json"), TOKEN)


@pytest.mark.parametrize("given", [None, "", "x", SIGNATURE[:-1], SIGNATURE.lower(), "é" * 28, "\udcff"])
def test_verify_wrong_or_missing_signature(given: str | None) -> None:
    with pytest.raises(BadSignature):
        signature.verify(request(urlencode(FORM).encode(), given), TOKEN)


def test_verify_changed_body_or_other_token() -> None:
    body = urlencode(FORM).encode()
    with pytest.raises(BadSignature):
        signature.verify(request(body.replace(b"1234", b"1235"), SIGNATURE), TOKEN)
    with pytest.raises(BadSignature):
        signature.verify(request(body, SIGNATURE), "12346")
    with pytest.raises(BadSignature):
        signature.verify(request(body, signature.sign(URL, body, "")), "")


def test_verify_body_that_is_no_text() -> None:
    with pytest.raises(BadSignature):
        signature.verify(request(b"\xff\xfe\x00=%ff", SIGNATURE), TOKEN)


def test_verify_address_with_a_broken_port() -> None:
    with pytest.raises(BadSignature):
        signature.verify(request(b"a=b", SIGNATURE, "https://mycompany.com:poort/"), TOKEN)
