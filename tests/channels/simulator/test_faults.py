"""Every fault of an API call, and orders that make no sense."""

import time
from typing import Any

import pytest
import requests

from .servers import Street

ANSWER = {"text": "Dank voor uw bericht.", "citizen": "aisha"}


def send(street: Street, timeout: float = 10) -> requests.Response:
    return street.session.post(f"{street.url}/x/answers", json=ANSWER, timeout=timeout)


def sent(street: Street) -> list[str]:
    return street.session.get(f"{street.url}/x/answers", timeout=10).json()


@pytest.mark.parametrize(("fault", "status"), [("rate_limit", 429), ("server_error", 503), ("token", 401)])
def test_refusal_is_the_platforms_own_and_does_nothing(street: Street, fault: str, status: int) -> None:
    street.fault("x", fault)
    answer = send(street)
    assert (answer.status_code, answer.json()) == (status, {"title": fault})
    assert sent(street) == []
    assert send(street).status_code == 200
    [line] = street.books("fault")
    assert (line["kind"], line["fault"], line["method"], line["path"]) == ("x", fault, "POST", "/x/answers")


def test_rate_limit_carries_its_headers(street: Street) -> None:
    street.fault("x", "rate_limit")
    assert send(street).headers["x-rate-limit-remaining"] == "0"


def test_slow_answers_late_and_does_it(street: Street) -> None:
    street.fault("x", "slow", seconds=0.3)
    began = time.monotonic()
    assert send(street).status_code == 200
    assert time.monotonic() - began >= 0.3
    assert len(sent(street)) == 1


def test_timeout_after_does_it_and_the_client_gives_up(street: Street) -> None:
    street.fault("x", "timeout_after")
    with pytest.raises(requests.ReadTimeout):
        send(street, timeout=0.2)
    assert len(sent(street)) == 1


def test_timeout_after_breaks_the_connection_in_the_end(street: Street) -> None:
    street.fault("x", "timeout_after", seconds=0.1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        send(street)
    assert len(sent(street)) == 1


def test_count_is_used_up_and_zero_stays_until_taken_away(street: Street) -> None:
    street.fault("x", "server_error", count=2)
    assert [send(street).status_code for _ in range(3)] == [503, 503, 200]
    [fault] = street.fault("*", "token", count=0)
    assert [send(street).status_code for _ in range(3)] == [401, 401, 401]
    assert street.call("GET", "/faults") == [{**fault, "used": 3}]
    assert street.call("DELETE", f"/faults?id={fault['id']}") == []
    assert send(street).status_code == 200


def test_operation_narrows_to_reading_or_sending(street: Street) -> None:
    street.fault("x", "server_error", operation="read")
    assert send(street).status_code == 200
    assert street.session.get(f"{street.url}/x/answers", timeout=10).status_code == 503
    street.fault("x", "server_error", operation="send")
    assert len(sent(street)) == 1
    assert send(street).status_code == 503


def test_fault_is_for_its_own_platform_only(street: Street) -> None:
    street.fault("facebook", "server_error")
    assert send(street).status_code == 200


def test_the_street_itself_never_fails(street: Street) -> None:
    street.fault("*", "server_error", count=0)
    street.play("x", "mention", text="Hallo")
    assert len(street.state()["phones"][0]["rooms"][0]["items"]) == 1


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ({"kind": "fax", "fault": "slow"}, "Kies een platform: x, facebook, whatsapp, of * voor alle."),
        ({"kind": "x", "fault": "slow", "count": "veel"}, "Het aantal keren is een getal."),
        ({"kind": "x", "fault": "slow", "count": 1.5}, "Het aantal keren is een heel getal."),
        ({"kind": "x", "fault": "slow", "count": -1}, "Het aantal keren ligt tussen 0 en 10000."),
        ({"kind": "x", "fault": "slow", "seconds": 9999}, "Het aantal seconden ligt tussen 0 en 3600."),
        ({"kind": "x", "fault": "batch"}, "Geef aan hoeveel berichten worden vastgehouden: minstens twee."),
        (
            {"kind": "x", "fault": "slow", "operation": "x"},
            "Een storing geldt voor send, voor read, of voor beide (laat operation dan leeg).",
        ),
        (
            {"kind": "x", "fault": "brand"},
            "Deze storing is er niet. Kies uit: slow, rate_limit, server_error, token, timeout_after, duplicate, "
            "reverse, drop, delay, batch, bad_signature, webhook_invalid, wrong_state, fewer_permissions, "
            "wrong_verify_token.",
        ),
    ],
)
def test_order_that_makes_no_sense_is_refused_in_words(
    quiet_street: Street, order: dict[str, Any], sentence: str
) -> None:
    assert quiet_street.call("POST", "/faults", 400, json=order) == {"error": sentence}
