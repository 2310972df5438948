"""Whether Meta calls us for a Page, by what its API says; subscribing anew; and when a token ends."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.connector import Health
from channels.errors import PermanentFailure, TemporaryFailure
from tests.channels.connectors.facebook.conftest import PAGE, Facebook, graph_error

OURS = "https://webcare.example.nl/webhooks/facebook/waterkant-meta/"


@pytest.mark.parametrize(
    ("subscription", "valid", "problem"),
    [
        ({}, True, ""),
        ({}, False, "unsubscribed"),
        ({"callback_url": "https://elders.example/hook/"}, True, "missing"),
        ({"active": False}, True, "invalid"),
        ({"fields": ["feed"]}, True, "missing"),
    ],
)
def test_problem_is_what_meta_says_and_restoring_ends_it(
    facebook: Facebook, subscription: dict[str, Any], valid: bool, problem: str
) -> None:
    facebook.platform.state["subscription"] = subscription
    facebook.platform.webhook_valid = valid
    before = facebook.connector.webhook_problem(facebook.page, OURS)
    facebook.connector.restore_webhook(facebook.page, OURS)
    after = facebook.connector.webhook_problem(facebook.page, OURS)
    assert (before, after, facebook.platform.brings(b"")) == (problem, "", True)


def test_app_id_that_was_filled_in_saves_a_call(facebook: Facebook) -> None:
    known = replace(facebook.connector.app, secrets={**facebook.connector.app.secrets, "app_id": "205552219930001"})
    facebook.connector.app = known
    assert facebook.connector.webhook_problem(facebook.page, OURS) == ""
    assert [path for _, path, _, _ in facebook.stage.calls] == [
        "/v26.0/205552219930001/subscriptions",
        f"/v26.0/{PAGE}/subscribed_apps",
    ]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (graph_error(190, 463, 401), (PermanentFailure, "190/463", "token")),
        (graph_error(613), (TemporaryFailure, "613", "rate_limit")),
        (graph_error(2, status=500), (TemporaryFailure, "2", "busy")),
    ],
)
@pytest.mark.parametrize("verb", ["webhook_problem", "restore_webhook"])
def test_what_goes_wrong_is_in_our_words(facebook: Facebook, verb: str, answer: Any, expected: Any) -> None:
    facebook.stage.answers.append(answer)
    with pytest.raises((PermanentFailure, TemporaryFailure)) as caught:
        getattr(facebook.connector, verb)(facebook.page, OURS)
    assert (type(caught.value), caught.value.code, caught.value.reason) == expected


def test_without_the_app_secret_it_cannot_be_asked(facebook: Facebook) -> None:
    facebook.connector.app = replace(facebook.connector.app, secrets={"verify_token": "x"})
    with pytest.raises(PermanentFailure) as caught:
        facebook.connector.webhook_problem(facebook.page, OURS)
    assert (caught.value.reason, facebook.stage.calls) == ("configuration", [])


def test_check_says_when_the_token_ends(facebook: Facebook) -> None:
    facebook.platform.state["token_ends"][PAGE] = "2026-12-01T09:00:00+00:00"
    ends = datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert facebook.connector.check(facebook.page) == Health(ok=True, name="Gemeente Waterkant", expires_at=ends)
    assert facebook.connector.check(facebook.farm) == Health(ok=True, name="Stadsboerderij Waterkant")


def test_check_is_a_yes_though_meta_does_not_tell_when_the_token_ends(facebook: Facebook) -> None:
    facebook.stage.answers.extend([None, None, graph_error(100)])
    assert facebook.connector.check(facebook.page) == Health(ok=True, name="Gemeente Waterkant")
