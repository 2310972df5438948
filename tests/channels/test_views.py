"""The webhook: stored once and only with a right signature, whatever else is wrong."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import RawIOBase
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections
from django.dispatch import Signal
from django.test import Client

from channels.errors import MalformedEvent
from channels.events import items_of
from channels.messages import IncomingMessage
from channels.models import InboundEvent, PlatformApp
from channels.signals import event_stored
from tests.channels.signing import PUBLIC, address, content_type, headers, text_message

KINDS = ["x", "facebook", "whatsapp"]
ACCEPTED = {"x": 200, "facebook": 200, "whatsapp": 204}


@pytest.fixture(autouse=True)
def public_url(settings: Any) -> None:
    settings.PUBLIC_URL = PUBLIC


@pytest.fixture
def kicks() -> Iterator[list[Signal]]:
    """Every event_stored that was sent."""
    seen: list[Signal] = []

    def receive(signal: Signal, **_: Any) -> None:
        seen.append(signal)

    event_stored.connect(receive)
    yield seen
    event_stored.disconnect(receive)


def post(kind: str, body: bytes, to: str | None = None, **more: Any) -> Any:
    signed = more.pop("signed", None)
    return Client().post(
        to or address(kind),
        data=body,
        content_type=more.pop("content_type", content_type(kind)),
        headers=headers(kind, body) if signed is None else signed,
        **more,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_signed_webhook_is_stored_raw_and_parses(kind: str, apps: dict[str, PlatformApp], kicks: list) -> None:
    body = text_message(kind)
    response = post(kind, body)
    assert (response.status_code, len(kicks)) == (ACCEPTED[kind], 1)
    event = InboundEvent.objects.get()
    assert (bytes(event.body), event.app_id, event.state, event.content_type) == (
        body,
        apps[kind].pk,
        "stored",
        content_type(kind),
    )
    texts = [item.text for item in items_of(event) if isinstance(item, IncomingMessage)]
    assert texts == ["Wanneer wordt het restafval opgehaald?"]


@pytest.mark.parametrize("kind", KINDS)
def test_second_delivery_is_stored_once_and_kicks_once(kind: str, apps: dict, kicks: list) -> None:
    body = text_message(kind)
    answers = [post(kind, body).status_code for _ in range(3)]
    assert (answers, InboundEvent.objects.count(), len(kicks)) == ([ACCEPTED[kind]] * 3, 1, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_missing_or_foreign_signature_is_refused(kind: str, apps: dict, kicks: list) -> None:
    body = text_message(kind)
    right = headers(kind, body)
    attempts = [
        {},
        dict.fromkeys(right, ""),
        dict.fromkeys(right, "sha256=é"),
        {name: value[:-2] + "AA" for name, value in right.items()},
        headers(kind, text_message(kind, 2)),
    ]
    codes = [post(kind, body, signed=signed).status_code for signed in attempts]
    assert (codes, InboundEvent.objects.count(), kicks) == ([403] * 5, 0, [])


@pytest.mark.parametrize("kind", KINDS)
def test_app_without_secrets_accepts_nothing(kind: str, apps: dict[str, PlatformApp]) -> None:
    PlatformApp.objects.filter(pk=apps[kind].pk).update(secrets={})
    assert (post(kind, text_message(kind)).status_code, InboundEvent.objects.count()) == (403, 0)


@pytest.mark.parametrize(
    "to", ["/webhooks/x/nobody/", "/webhooks/facebook/waterkant-x/", "/webhooks/telegram/waterkant-x/"]
)
def test_unknown_app_or_kind_is_not_found(to: str, apps: dict) -> None:
    assert (post("x", text_message("x"), to).status_code, InboundEvent.objects.count()) == (404, 0)


def test_malformed_json_with_a_right_signature_is_kept(apps: dict, kicks: list) -> None:
    response = post("facebook", b'{"object": "page", "entry": [')
    event = InboundEvent.objects.get()
    assert (response.status_code, event.state, len(kicks)) == (200, "stored", 1)
    with pytest.raises(MalformedEvent):
        items_of(event)


def test_body_that_is_no_text_is_kept(apps: dict) -> None:
    body = bytes(range(256))
    assert post("facebook", body).status_code == 200
    assert bytes(InboundEvent.objects.get().body) == body


def test_body_of_exactly_the_limit_is_taken(apps: dict, settings: Any) -> None:
    assert post("facebook", b"x" * settings.WEBHOOK_MAX_BYTES).status_code == 200


def test_larger_body_is_refused(apps: dict, settings: Any) -> None:
    response = post("facebook", b"x" * (settings.WEBHOOK_MAX_BYTES + 1))
    assert (response.status_code, InboundEvent.objects.count()) == (413, 0)


class Endless(RawIOBase):
    """A body that never ends; counts what was taken from it."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        self.taken += max(size, 0)
        return b"x" * size


def test_announced_length_over_the_limit_is_refused_unread(apps: dict) -> None:
    body = Endless()
    more = {"wsgi.input": body, "CONTENT_LENGTH": str(10**9)}
    response = Client().generic("POST", address("facebook"), **more)
    assert (response.status_code, body.taken) == (413, 0)


def test_chunked_body_over_the_limit_is_refused_when_the_limit_is_passed(apps: dict, settings: Any) -> None:
    body = Endless()
    more = {"wsgi.input": body, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    response = Client().generic("POST", address("facebook"), **more)
    assert (response.status_code, body.taken) == (413, settings.WEBHOOK_MAX_BYTES + 1)


class Chunks(RawIOBase):
    """A body in pieces, without a length."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    def read(self, size: int = -1) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def test_chunked_body_is_read_whole(apps: dict) -> None:
    body = text_message("facebook")
    more = {"wsgi.input": Chunks(body[:7], body[7:]), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    response = Client().generic("POST", address("facebook"), headers=headers("facebook", body), **more)
    assert (response.status_code, bytes(InboundEvent.objects.get().body)) == (200, body)


@pytest.mark.parametrize("method", ["put", "delete", "patch", "head", "options"])
def test_other_method_is_refused(method: str, apps: dict) -> None:
    response = getattr(Client(), method)(address("x"))
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")


def test_csrf_check_does_not_apply(apps: dict) -> None:
    body = text_message("x")
    client = Client(enforce_csrf_checks=True)
    response = client.post(address("x"), body, content_type="application/json", headers=headers("x", body))
    assert response.status_code == 200


def test_address_comes_from_public_url_not_from_host(apps: dict, settings: Any) -> None:
    settings.PUBLIC_URL = "https://webcare.waterkant.example"
    settings.ALLOWED_HOSTS = ["*"]
    body = text_message("whatsapp")
    at = "https://webcare.waterkant.example" + address("whatsapp")
    response = post("whatsapp", body, signed=headers("whatsapp", body, at), SERVER_NAME="10.0.0.7")
    assert response.status_code == 204


def test_query_string_is_part_of_the_signed_address(apps: dict) -> None:
    body = text_message("whatsapp")
    to = address("whatsapp") + "?b=2&a=%20x&leeg="
    signed = headers("whatsapp", body, PUBLIC + to)
    codes = [post("whatsapp", body, to, signed=signed).status_code, post("whatsapp", body, to).status_code]
    assert codes == [204, 403]


def test_crc_of_x_is_answered(apps: dict[str, PlatformApp]) -> None:
    # The platform's own test vector: secret "apiSecret", token "test token".
    PlatformApp.objects.filter(pk=apps["x"].pk).update(secrets={"consumer_secret": "apiSecret"})
    response = Client().get(address("x"), {"crc_token": "test token"})
    assert json.loads(response.content) == {"response_token": "sha256=O5hJl2njQRIa4vsumZ+3oom9ECR5m3aQLRZkPoYelp0="}


def test_hub_challenge_of_facebook_is_answered_to_the_right_token_only(apps: dict) -> None:
    def ask(token: str) -> tuple[int, bytes]:
        query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
        response = Client().get(address("facebook"), query)
        return response.status_code, response.content

    assert [ask("waterkant-verify"), ask("iets anders")] == [(200, b"1158201444"), (403, b"")]


@pytest.mark.parametrize("kind", KINDS)
def test_get_without_a_challenge_is_not_found(kind: str, apps: dict) -> None:
    assert Client().get(address(kind)).status_code == 404


def test_one_lookup_and_one_insert(apps: dict, django_assert_num_queries: Any) -> None:
    post("x", text_message("x"))  # of the first in ten seconds is written down that it came
    body = text_message("x", 2)
    with django_assert_num_queries(2) as queries:
        post("x", body)
    assert [query["sql"].split()[0] for query in queries.captured_queries] == ["SELECT", "INSERT"]


def test_refused_call_costs_the_lookup_alone(apps: dict, django_assert_num_queries: Any) -> None:
    post("x", text_message("x"), signed={})
    with django_assert_num_queries(1):
        post("x", text_message("x"), signed={})


def test_last_call_of_each_sort_is_written_down(apps: dict[str, PlatformApp]) -> None:
    app = apps["facebook"]

    def noted() -> list[bool]:
        app.refresh_from_db()
        columns = (app.challenged_at, app.challenge_refused_at, app.verified_at, app.refused_at)
        return [moment is not None for moment in columns]

    before = noted()
    query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "een-ander"}
    Client().get(address("facebook"), query)
    refused = noted()
    Client().get(address("facebook"), {**query, "hub.verify_token": app.secrets["verify_token"]})
    challenged = noted()
    post("facebook", text_message("facebook"), signed={})
    forged = noted()
    post("facebook", text_message("facebook"))
    assert (before, refused, challenged) == ([False] * 4, [False, True, False, False], [True, True, False, False])
    assert (forged, noted()) == ([True, True, False, True], [True] * 4)


def test_turn_is_written_down_however_soon_it_comes(apps: dict[str, PlatformApp]) -> None:
    app = apps["x"]
    turns = []
    for number, signed in enumerate((None, {}, None, {})):
        post("x", text_message("x", number + 1), **({} if signed is None else {"signed": signed}))
        app.refresh_from_db()
        turns.append(app.refused_at is None or (app.verified_at is not None and app.verified_at > app.refused_at))
    assert turns == [True, False, True, False]


def test_receiver_that_fails_changes_nothing(apps: dict, caplog: pytest.LogCaptureFixture) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError

    event_stored.connect(broken)
    try:
        assert post("x", text_message("x")).status_code == 200
    finally:
        event_stored.disconnect(broken)
    assert InboundEvent.objects.count() == 1


def test_unreadable_credentials_ask_the_platform_to_come_back(apps: dict, settings: Any) -> None:
    settings.CREDENTIALS_KEYS = ["b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMDA="]
    assert (post("x", text_message("x")).status_code, InboundEvent.objects.count()) == (503, 0)


@pytest.mark.django_db(transaction=True)
def test_database_that_is_gone_asks_the_platform_to_come_back(apps: dict) -> None:
    connection.close()
    right = connection.settings_dict["PORT"]
    connection.settings_dict["PORT"] = "1"
    try:
        response = post("x", text_message("x"))
    finally:
        connection.settings_dict["PORT"] = right
        connection.close()
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


@pytest.mark.django_db(transaction=True)
def test_connection_that_the_database_closed_is_replaced(apps: dict) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_terminate, pid).result()
    # As one from the pool after a restart: it looks alive until it is used.
    assert (post("x", text_message("x")).status_code, InboundEvent.objects.count()) == (200, 1)


def _terminate(pid: int) -> None:
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    finally:
        connections["default"].close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", KINDS)
def test_same_webhook_at_the_same_time_is_stored_once(kind: str, apps: dict, kicks: list) -> None:
    body = text_message(kind)
    together = Barrier(4)

    def deliver(_: int) -> int:
        try:
            together.wait()
            return int(post(kind, body).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(deliver, range(4)))
    assert (answers, InboundEvent.objects.count(), len(kicks)) == ([ACCEPTED[kind]] * 4, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_row_is_committed_before_the_kick(apps: dict) -> None:
    seen: list[int] = []

    def look(_: int) -> int:
        try:
            return InboundEvent.objects.count()
        finally:
            connection.close()

    def from_elsewhere(**_: Any) -> None:
        with ThreadPoolExecutor(1) as pool:
            seen.extend(pool.map(look, [0]))

    event_stored.connect(from_elsewhere)
    try:
        post("x", text_message("x"))
    finally:
        event_stored.disconnect(from_elsewhere)
    assert seen == [1]


def test_dead_redis_neither_breaks_nor_slows(apps: dict, settings: Any) -> None:
    settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    post("x", text_message("x", 1))  # imports and first connections are not what is measured
    started = time.monotonic()
    codes = [post("x", text_message("x", number)).status_code for number in range(2, 7)]
    elapsed = time.monotonic() - started
    assert (codes, InboundEvent.objects.count()) == ([200] * 5, 6)
    assert elapsed < 2.5


def test_new_secret_counts_from_the_next_call(apps: dict[str, PlatformApp]) -> None:
    app = apps["facebook"]
    before = post("facebook", text_message("facebook", 1)).status_code
    app.secrets = app.secrets | {"app_secret": "een nieuwe"}
    app.save()
    assert (before, post("facebook", text_message("facebook", 2)).status_code) == (200, 403)


def test_address_of_an_app_that_is_gone_is_not_found(apps: dict[str, PlatformApp]) -> None:
    body = text_message("facebook")
    PlatformApp.objects.filter(pk=apps["facebook"].pk).update(key="een-andere")
    codes = [post("facebook", body).status_code, post("facebook", body, address("facebook", "een-andere")).status_code]
    assert codes == [404, 200]
