"""Whether Meta calls us for a Page, by what its API says; subscribing anew; and when a token ends."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from channels.connector import Health
from channels.errors import BadSignature, PermanentFailure, TemporaryFailure
from channels.messages import WebhookRequest
from tests.channels.connectors.facebook.conftest import FARM, PAGE, Facebook, graph_error
from tests.channels.server import Answer, Request, Server, serving

PATH = "/webhooks/facebook/waterkant-meta/"
OURS = f"https://webcare.example.nl{PATH}"


@pytest.fixture
def inbox(facebook: Facebook) -> Iterator[Server]:
    """Our own address, answering Meta's challenge when the verify token is right; Meta brings its webhooks there."""

    def answer(request: Request) -> Answer:
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        try:
            found = facebook.connector.challenge(WebhookRequest("GET", OURS, query, {}, b""))
        except BadSignature:
            return Answer(403)
        assert found is not None
        return Answer(body=found.body.encode())

    with serving(answer) as server:
        facebook.world.public_url = server.url
        yield server


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
    facebook: Facebook, inbox: Server, subscription: dict[str, Any], valid: bool, problem: str
) -> None:
    ours = f"{inbox.url}{PATH}"
    facebook.platform.state["subscription"] = subscription
    facebook.platform.webhook_valid = valid
    before = facebook.connector.webhook_problem(facebook.page, ours)
    facebook.connector.restore_webhook(facebook.page, ours)
    after = facebook.connector.webhook_problem(facebook.page, ours)
    assert (before, after, facebook.platform.brings(b"")) == (problem, "", True)


@pytest.mark.parametrize(("app_id", "asked"), [("205552219930001", []), ("", ["/v26.0/app"])])
def test_app_id_that_was_filled_in_saves_a_call(facebook: Facebook, app_id: str, asked: list[str]) -> None:
    known = replace(facebook.connector.app, secrets={**facebook.connector.app.secrets, "app_id": app_id})
    facebook.connector.app = known
    assert facebook.connector.webhook_problem(facebook.page, OURS) == ""
    assert [path for _, path, _, _ in facebook.stage.calls] == [
        *asked,
        "/v26.0/205552219930001/subscriptions",
        f"/v26.0/{PAGE}/subscribed_apps",
    ]


def test_verify_token_that_is_not_ours_is_refused(facebook: Facebook, inbox: Server) -> None:
    facebook.platform.state["subscription"] = {"active": False}
    asked = facebook.connector.app
    facebook.connector.app = replace(asked, secrets={**asked.secrets, "verify_token": "een-ander"})
    inbox.answer = lambda request: Answer(403)
    with pytest.raises(PermanentFailure) as caught:
        facebook.connector.restore_webhook(facebook.page, f"{inbox.url}{PATH}")
    assert (caught.value.code, facebook.platform.brings(b"")) == ("2200", False)


def test_disconnected_page_is_not_called_for_and_the_other_still_is(facebook: Facebook) -> None:
    facebook.connector.disconnect(facebook.farm, OURS)
    problems = [facebook.connector.webhook_problem(page, OURS) for page in (facebook.page, facebook.farm)]
    assert (problems, facebook.platform.subscribed(FARM)) == (["", "unsubscribed"], False)


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
    assert facebook.connector.check(facebook.page) == Health(
        ok=True, name="Gemeente Waterkant", expires_at=ends, missing=()
    )
    assert facebook.connector.check(facebook.farm) == Health(ok=True, name="Stadsboerderij Waterkant", missing=())


def test_check_is_a_yes_though_meta_does_not_tell_when_the_token_ends(facebook: Facebook) -> None:
    facebook.stage.answers.extend([None, graph_error(100)])
    assert facebook.connector.check(facebook.page) == Health(ok=True, name="Gemeente Waterkant")
