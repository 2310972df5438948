"""Webhooks come in order, are tried again as each platform does, survive a restart, and fail on request."""

import json
from collections.abc import Callable

import pytest

from channels.simulator import post

from .servers import Inbox, Server, Street, until
from .village import signature

Open = Callable[[str], Server]


def test_webhooks_arrive_in_order_and_signed_for_the_public_address(
    street: Street, inbox: Inbox, webcare_server: Server
) -> None:
    for number in range(20):
        street.play("x", "mention", text=f"bericht {number}")
    inbox.expect(*([f"bericht {number}"] for number in range(20)))
    path, body, headers = inbox.calls[0]
    assert path == "/webhooks/x/village/"
    assert headers["content-type"] == "application/json"
    assert headers["x-village-signature"] == signature(f"{webcare_server.url}{path}", body)


def test_refused_webhook_comes_again_the_same_and_others_pass(street: Street, inbox: Inbox) -> None:
    inbox.statuses = [500]
    street.play("x", "mention", text="een")
    inbox.expect(["een"], ["een"])
    assert inbox.calls[0][1:] == inbox.calls[1][1:]
    until(lambda: street.state()["post"]["delivered"] == 1)
    assert street.state()["post"] == {"waiting": 0, "undelivered": 0, "held": 0, "delivered": 1, "reachable": True}


def test_twilio_gives_up_at_once_when_refused_and_the_street_keeps_it(street: Street, inbox: Inbox) -> None:
    inbox.statuses = [403]
    street.play("whatsapp", "dm", text="hallo")
    inbox.expect(["hallo"], ["hallo"])
    assert [line["problem"] for line in street.books("webhook undelivered")] == ["403"]
    assert street.books("webhook refused") == []


def test_meta_tries_again_before_it_gives_up(street: Street, inbox: Inbox) -> None:
    inbox.statuses = [500, 500, 500]
    street.play("facebook", "dm", text="hallo")
    inbox.expect(["hallo"], ["hallo"], ["hallo"], ["hallo"])
    assert [line["problem"] for line in street.books("webhook refused")] == ["500", "500"]
    assert len(street.books("webhook undelivered")) == 1


def test_closed_inbox_loses_nothing_and_keeps_the_order(open_street: Open, inbox: Inbox) -> None:
    server = Server(inbox.app()).start()
    address, port = server.url, server.port
    server.stop()
    street = Street(open_street(address).url)
    for number in range(3):
        street.play("whatsapp", "dm", text=f"bericht {number}")
    until(lambda: street.state()["post"]["undelivered"])
    found = street.state()["post"]
    assert (found["waiting"], found["reachable"]) == (3, False)
    with Server(inbox.app(), port):
        inbox.expect(["bericht 0"], ["bericht 1"], ["bericht 2"])
        until(lambda: street.state()["post"]["reachable"])
        assert street.state()["post"]["waiting"] == 0


def test_waiting_webhooks_survive_a_restart(open_street: Open, inbox: Inbox) -> None:
    server = Server(inbox.app()).start()
    address, port = server.url, server.port
    server.stop()
    street = Street(open_street(address).url)
    street.play("x", "mention", text="voor")
    street.play("x", "mention", text="na")
    street = Street(open_street(address).url)
    assert street.state()["post"]["waiting"] == 2
    with Server(inbox.app(), port):
        inbox.expect(["voor"], ["na"])


def test_poison_message_is_tried_a_bounded_number_of_times(
    street: Street, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "RESCUE_TRIES", 2)
    monkeypatch.setattr(post, "RESCUE_WAITS", (0.0,))
    inbox.statuses = [500] * 3
    street.play("whatsapp", "dm", text="gif")
    until(lambda: street.books("webhook lost"))
    assert inbox.texts() == [["gif"], ["gif"], ["gif"]]
    assert street.state()["post"]["waiting"] == 0


def test_too_many_waiting_webhooks_drop_the_oldest_and_say_so(
    open_street: Open, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "KEEP_AT_MOST", 2)
    server = Server(inbox.app()).start()
    address, port = server.url, server.port
    server.stop()
    street = Street(open_street(address).url)
    for number in range(4):
        street.play("x", "mention", text=f"bericht {number}")
    assert len(street.books("webhook lost")) == 2
    with Server(inbox.app(), port):
        inbox.expect(["bericht 2"], ["bericht 3"])


# -- faults -----------------------------------------------------------------------------------------------------


def test_duplicate_delivers_twice(street: Street, inbox: Inbox) -> None:
    street.fault("x", "duplicate")
    street.play("x", "mention", text="een")
    street.play("x", "mention", text="twee")
    inbox.expect(["een"], ["een"], ["twee"])
    assert inbox.calls[0] == inbox.calls[1]


def test_reverse_holds_and_sends_the_last_first(street: Street, inbox: Inbox) -> None:
    street.fault("*", "reverse", count=3)
    for text in ("een", "twee"):
        street.play("facebook", "dm", text=text)
    street.play("x", "mention", text="ander platform")
    state = street.state()
    assert (state["post"]["held"], inbox.calls) == (3, [])
    street.play("facebook", "dm", text="drie")
    inbox.expect(["drie"], ["twee"], ["een"])


def test_drop_never_arrives_and_is_in_the_books(street: Street, inbox: Inbox) -> None:
    street.fault("x", "drop")
    street.play("x", "mention", text="weg")
    street.play("x", "mention", text="er")
    inbox.expect(["er"])
    assert len(street.books("webhook dropped")) == 1


def test_delay_lets_others_go_first(street: Street, inbox: Inbox) -> None:
    street.fault("x", "delay", seconds=0.2)
    street.play("x", "mention", text="laat")
    street.play("x", "mention", text="vlot")
    inbox.expect(["vlot"], ["laat"])


def test_batch_makes_one_call(street: Street, inbox: Inbox) -> None:
    street.fault("facebook", "batch", count=2)
    street.play("facebook", "dm", text="een")
    street.play("facebook", "dm", text="twee")
    inbox.expect(["een", "twee"])


def test_batch_on_a_platform_that_never_batches_sends_one_by_one(street: Street, inbox: Inbox) -> None:
    street.fault("whatsapp", "batch", count=2)
    street.play("whatsapp", "dm", text="een")
    street.play("whatsapp", "dm", text="twee")
    inbox.expect(["een"], ["twee"])


def test_switching_faults_off_lets_go_of_what_was_held(street: Street, inbox: Inbox) -> None:
    street.fault("x", "reverse", count=9)
    street.play("x", "mention", text="een")
    street.play("x", "mention", text="twee")
    assert street.call("DELETE", "/faults") == []
    inbox.expect(["twee"], ["een"])


def test_held_webhooks_go_by_themselves_when_the_street_falls_silent(street: Street, inbox: Inbox) -> None:
    street.fault("x", "batch", count=9, seconds=0.1)
    street.play("x", "mention", text="een")
    inbox.expect(["een"])
    assert street.call("GET", "/faults") == []


def test_invalid_webhook_brings_nothing_until_it_is_restored(
    open_street: Open, webcare_server: Server, inbox: Inbox
) -> None:
    server = open_street(webcare_server.url)
    street, town = Street(server.url), server.app.state.town
    added = street.fault("*", "webhook_invalid", count=3)
    assert [(one["kind"], one["left"]) for one in added] == [("x", None), ("facebook", None), ("whatsapp", None)]
    street.play("x", "mention", text="achtergehouden")
    assert [line["kind"] for line in street.books("webhook withheld")] == ["x"]
    town.platforms["x"].webhook_valid = True  # as its own API would
    until(lambda: [one["kind"] for one in street.call("GET", "/faults")] == ["facebook", "whatsapp"])
    street.play("x", "mention", text="weer bezorgd")
    inbox.expect(["weer bezorgd"])
    assert [len(platform.kept) for platform in town.platforms.values()] == [1, 0, 0]


def test_invalid_webhook_is_remembered_and_ends_with_its_fault(
    open_street: Open, webcare_server: Server, inbox: Inbox
) -> None:
    address = webcare_server.url
    Street(open_street(address).url).fault("x", "webhook_invalid")
    street = Street(open_street(address).url)
    street.fault("x", "webhook_invalid")
    assert [one["fault"] for one in street.call("GET", "/faults")] == ["webhook_invalid"]
    street.call("DELETE", "/faults")
    street.play("x", "mention", text="bezorgd")
    inbox.expect(["bezorgd"])


def test_dropped_and_refused_webhooks_are_told_to_the_platform(
    open_street: Open, webcare_server: Server, inbox: Inbox
) -> None:
    server = open_street(webcare_server.url)
    street, village = Street(server.url), server.app.state.town.platforms["whatsapp"]
    street.fault("whatsapp", "drop")
    street.play("whatsapp", "dm", text="weg")
    inbox.statuses = [403]
    street.play("whatsapp", "dm", text="geweigerd")
    until(lambda: len(village.kept) == 2)
    assert [json.loads(body)[0]["text"] for body in village.kept] == ["weg", "geweigerd"]
