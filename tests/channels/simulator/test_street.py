"""The street's own addresses: state, play, photos, stream, clock, books, and refusals in Dutch."""

import base64
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from channels.simulator.moments import next_moment
from channels.simulator.platform import Json

from .servers import Inbox, Street, until

PHOTO = {"content": base64.b64encode(b"jpeg").decode(), "content_type": "image/jpeg", "name": "tegel.jpg"}


def test_state_has_everything_the_page_shows(quiet_street: Street) -> None:
    state = quiet_street.state()
    assert sorted(state) == [
        "citizens", "clock", "faults", "inbox", "now", "phones", "post", "samples", "town", "version",
    ]  # fmt: skip
    assert [phone["kind"] for phone in state["phones"]] == ["x", "facebook", "whatsapp"]
    assert [citizen["name"] for citizen in state["citizens"]][:2] == ["Aïsha Benali", "Henk de Wit"]


def test_played_action_is_in_the_state_and_in_the_books(street: Street) -> None:
    made = street.play("x", "mention", text="Hallo", citizen="henk")
    [item] = street.state()["phones"][0]["rooms"][0]["items"]
    assert (item["id"], item["text"], item["citizen"]) == (made["id"], "Hallo", "henk")
    [line] = street.call("GET", "/books")
    assert (line["n"], line["kind"], line["what"], line["external_id"]) == (1, "x", "mention", made["id"])
    assert street.call("GET", "/books?after=1") == []


def test_photo_is_kept_and_served(street: Street) -> None:
    street.play("x", "mention", text="Kijk", photo=PHOTO)
    [url] = street.state()["phones"][0]["rooms"][0]["items"][0]["photos"]
    answer = street.session.get(url, timeout=10)
    assert (answer.content, answer.headers["content-type"]) == (b"jpeg", "image/jpeg")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_sample_photos_are_real_jpegs(quiet_street: Street) -> None:
    for sample in quiet_street.state()["samples"]:
        answer = quiet_street.session.get(quiet_street.url + sample["url"], timeout=10)
        assert answer.content[:3] == b"\xff\xd8\xff"
        assert len(answer.content) > 20_000


@pytest.mark.parametrize(
    ("path", "data", "status", "sentence"),
    [
        ("x/mention", {"citizen": "joop"}, 400, "Deze inwoner woont niet in Waterkant."),
        ("fax/mention", {"citizen": "henk"}, 404, "Dit platform is er niet."),
        ("x/fluister", {"citizen": "henk"}, 400, "Op het plein kan niemand dit doen: fluister."),
        ("x/reply", {"citizen": "henk", "to": "1"}, 400, "Dit bericht is er niet meer."),
        ("x/reply", {"citizen": "henk"}, 400, "Dit bericht of dit gegeven is er niet (to)."),
        ("x/dm", {"citizen": "henk", "text": 3}, 400, "De tekst van een bericht is tekst."),
        (
            "x/dm",
            {"citizen": "henk", "text": "a" * 25_001},
            400,
            "Dit bericht is te lang: 25000 tekens is het meeste dat past.",
        ),
        ("x/dm", {"citizen": "henk", "photo": "x"}, 400, "Kies een foto (JPEG, PNG, GIF of WebP)."),
        (
            "x/dm",
            {"citizen": "henk", "photo": PHOTO | {"content": "?"}},
            400,
            "Deze foto kwam niet heel over. Kies hem opnieuw.",
        ),
        ("x/dm", {"citizen": "henk", "photo": PHOTO | {"content": ""}}, 400, "Deze foto is leeg."),
    ],
)
def test_refusal_is_a_dutch_sentence(quiet_street: Street, path: str, data: Json, status: int, sentence: str) -> None:
    assert quiet_street.call("POST", f"/street/{path}", status, json=data) == {"error": sentence}


@pytest.mark.parametrize(
    ("body", "content_type", "status", "sentence"),
    [
        (b"{", "application/json", 400, "Dit is geen geldige JSON."),
        (b"[]", "application/json", 400, "Stuur één JSON-object."),
        (
            b"citizen=henk",
            "application/x-www-form-urlencoded",
            415,
            "Stuur dit als JSON (Content-Type: application/json).",
        ),
        (b" " * (13 * 1024 * 1024), "application/json", 413, "Dit is te groot. Een foto mag 8 MB zijn."),
    ],
)
def test_body_that_cannot_be_read_is_refused_in_words(
    quiet_street: Street, body: bytes, content_type: str, status: int, sentence: str
) -> None:
    headers = {"Content-Type": content_type}
    assert quiet_street.call("POST", "/street/x/dm", status, data=body, headers=headers) == {"error": sentence}


def test_stream_says_changed_at_once_and_after_every_change(street: Street) -> None:
    with street.session.get(f"{street.url}/street/stream", stream=True, timeout=10) as answer:
        lines = answer.iter_lines(chunk_size=1, decode_unicode=True)
        assert next(line for line in lines if line.startswith("event")) == "event: changed"
        street.play("x", "mention", text="Hallo")
        assert next(line for line in lines if line.startswith("event")) == "event: changed"


def test_page_allows_nothing_from_outside_and_nothing_inline(quiet_street: Street) -> None:
    answer = quiet_street.session.get(quiet_street.url, timeout=10)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';")
    assert "<style" not in answer.text
    assert " style=" not in answer.text


# -- the clock --------------------------------------------------------------------------------------------------


def test_clock_moves_to_a_preset_and_back(street: Street) -> None:
    found = street.call("POST", "/street/clock", json={"preset": "friday_1705"})
    local = datetime.fromisoformat(found["now"])
    assert local.strftime("%A") == "Friday"
    assert found["offset"] > 0
    assert street.state()["clock"]["offset"] == found["offset"]
    assert street.call("POST", "/street/clock", json={"reset": True})["offset"] == 0


def test_clock_shifts_and_is_set(street: Street) -> None:
    assert street.call("POST", "/street/clock", json={"shift": 3600})["offset"] == 3600
    found = street.call("POST", "/street/clock", json={"to": "2026-11-20T17:05"})["now"]
    assert found[:16] == "2026-11-20T16:05"  # on the wall in Waterkant it is an hour later
    assert street.call("GET", "/street/clock")["now"][:16] == "2026-11-20T16:05"


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ({}, "Zeg waarheen de klok moet: to, shift, preset of reset."),
        ({"preset": "x"}, "Dit moment kent de klok niet. Kies uit: friday_1705, monday_0900, saturday_1100."),
        ({"to": "morgen"}, "Geef in to een moment als 2026-11-20T17:05."),
        ({"shift": "1"}, "Geef in shift een aantal seconden."),
        ({"shift": 1e12}, "Zo ver kan de klok niet worden verzet."),
    ],
)
def test_clock_refuses_in_words(quiet_street: Street, order: dict[str, Any], sentence: str) -> None:
    assert quiet_street.call("POST", "/street/clock", 400, json=order) == {"error": sentence}


def test_clock_that_cannot_move_says_so(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOCK_FILE")
    assert street.call("POST", "/street/clock", 400, json={"shift": 60}) == {
        "error": "De klok van Waterkant kan hier niet worden verzet (CLOCK_FILE is niet gezet)."
    }


@pytest.mark.parametrize(
    ("preset", "now", "then"),
    [
        ("friday_1705", "2026-11-20T16:04:59", "2026-11-20T16:05:00"),
        ("friday_1705", "2026-11-20T16:05:00", "2026-11-27T16:05:00"),
        ("monday_0900", "2026-11-22T23:30:00", "2026-11-23T08:00:00"),
        ("saturday_1100", "2026-03-25T12:00:00", "2026-03-28T10:00:00"),
        ("monday_0900", "2026-03-27T12:00:00", "2026-03-30T07:00:00"),  # summer time began in between
    ],
)
def test_preset_is_the_next_such_moment_in_amsterdam(preset: str, now: str, then: str) -> None:
    found = next_moment(preset, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(then).replace(tzinfo=UTC)


# -- starting ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {},
            "De simulator start niet: SIMULATOR_URL is niet gezet. Hij hoort alleen bij de demo en bij tests, nooit "
            "bij een echte gemeente.",
        ),
        ({"SIMULATOR_URL": "straat"}, "De simulator start niet: SIMULATOR_URL is geen webadres (straat)."),
    ],
)
def test_simulator_refuses_to_start_without_its_address(environment: dict[str, str], sentence: str) -> None:
    command = [sys.executable, "-m", "uvicorn", "channels.simulator.app:app", "--port", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr.strip().splitlines()[-1]) == (1, sentence)


def test_simulator_with_the_real_platforms_stops_at_once_while_the_street_is_open(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {
        "SIMULATOR_URL": url,
        "PUBLIC_URL": "http://127.0.0.1:9",
        "SIMULATOR_STATE": str(tmp_path / "town.json"),
    }
    command = [sys.executable, "-m", "uvicorn", "channels.simulator.app:app", "--port", str(port), "--no-access-log"]
    running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        street = Street(url)
        until(lambda: reachable(street))
        assert street.call("GET", "/healthz")["platforms"] == ["x", "facebook", "whatsapp"]
        street.play("whatsapp", "message", text="Goedemiddag")
        with street.session.get(f"{url}/street/stream", stream=True, timeout=10) as answer:
            lines = answer.iter_lines(chunk_size=1, decode_unicode=True)
            assert next(line for line in lines if line) == "retry: 1000"
            running.terminate()
            said = running.communicate(timeout=10)[1]
    finally:
        running.kill()
        running.wait()
    assert "Traceback" not in said
    assert "Goedemiddag" in (tmp_path / "town.json").read_text()


def reachable(street: Street) -> bool:
    try:
        return street.session.get(f"{street.url}/healthz", timeout=1).ok
    except requests.ConnectionError:
        return False


def test_delivered_count_is_in_the_state(street: Street, inbox: Inbox) -> None:
    street.play("x", "mention", text="Hallo")
    inbox.expect(["Hallo"])
    until(lambda: street.state()["post"]["delivered"] == 1)
