"""X's webhooks: what is wrong with them, setting that right, and what was missed brought again; over real HTTP."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from channels.clock import now
from channels.connectors.x.connector import XConnector
from channels.connectors.x.simulated_webhooks import WEBHOOK_ID
from channels.errors import PermanentFailure, TemporaryFailure
from channels.http import PlatformSession
from channels.messages import Ignored, WebhookRequest
from tests.channels.connectors.x.conftest import ACCOUNT_ID, WEBHOOK_URL, Town, credentials, the_account
from tests.channels.server import Answer, Request, Server, serving


def problem(connector: XConnector, url: str = WEBHOOK_URL, **settings: bool) -> str:
    return connector.webhook_problem(the_account(**settings), url)


@pytest.fixture
def inbox(town: Town) -> Iterator[Server]:
    """Our own address, answering X's CRC; the town brings its webhooks there."""

    def answer(request: Request) -> Answer:
        token = request.path.partition("crc_token=")[2]
        found = XConnector(credentials(), PlatformSession()).challenge(
            WebhookRequest("GET", WEBHOOK_URL, {"crc_token": token}, {}, b"")
        )
        assert found is not None
        return Answer(body=found.body.encode())

    with serving(answer) as server:
        town.world.public_url = server.url
        yield server


def address(inbox: Server) -> str:
    return f"{inbox.url}/webhooks/x/waterkant-x/"


def test_everything_set_up_is_no_problem(town: Town, connector: XConnector) -> None:
    assert problem(connector) == ""
    assert town.calls == ["GET /2/webhooks", "GET /2/activity/subscriptions"]


def test_another_address_is_missing(town: Town, connector: XConnector) -> None:
    assert problem(connector, "https://elders.example/webhooks/x/waterkant-x/") == "missing"


def test_webhook_that_x_gave_up_is_invalid(town: Town, connector: XConnector) -> None:
    town.x.webhook_valid = False
    assert problem(connector) == "invalid"


@pytest.mark.parametrize(
    ("gone", "found"),
    [("post.mention.create", "unsubscribed"), ("dm.received", "unsubscribed"), ("post.quote.create", "")],
)
def test_account_without_what_is_needed_is_unsubscribed(
    town: Town, connector: XConnector, gone: str, found: str
) -> None:
    town.x.state["subscriptions"] = [one for one in town.x.state["subscriptions"] if one["kind"] != gone]
    assert problem(connector) == found


def test_older_api_needs_no_subscription_of_the_new(town: Town, connector: XConnector) -> None:
    town.x.state.update(subscriptions=[], envelope="aaa")
    assert problem(connector) == ""


def test_subscription_of_another_account_or_webhook_does_not_count(town: Town, connector: XConnector) -> None:
    for one in town.x.state["subscriptions"]:
        one["webhook" if one["kind"].startswith("dm") else "user"] = "1"
    assert problem(connector) == "unsubscribed"


@pytest.mark.parametrize("fault", ["rate_limit", "server_error"])
def test_no_answer_is_no_problem_but_a_failure(town: Town, connector: XConnector, fault: str) -> None:
    town.refuse(fault)
    with pytest.raises(TemporaryFailure):
        problem(connector)


def test_app_without_its_own_bearer_cannot_ask(town: Town) -> None:
    with PlatformSession(town.url) as session, pytest.raises(PermanentFailure) as caught:
        problem(XConnector(credentials(bearer_token=""), session))
    assert caught.value.reason == "configuration"


def test_invalid_webhook_is_validated_by_a_real_challenge(town: Town, connector: XConnector, inbox: Server) -> None:
    town.x.webhook_valid = False
    assert not town.x.brings(b'{"for_user_id": "1"}')
    connector.restore_webhook(the_account(), address(inbox))
    assert (problem(connector, address(inbox)), len(inbox.requests)) == ("", 1)
    assert inbox.requests[0].path.startswith("/webhooks/x/waterkant-x/?crc_token=")
    assert town.x.brings(b'{"for_user_id": "1"}')


def test_missing_webhook_is_registered_and_the_account_subscribed(
    town: Town, connector: XConnector, inbox: Server
) -> None:
    town.x.state.update(webhooks={}, subscriptions=[])
    connector.restore_webhook(the_account(), address(inbox))
    assert problem(connector, address(inbox)) == ""
    assert {one["user"] for one in town.x.state["subscriptions"]} == {ACCOUNT_ID}
    made = len(town.x.state["subscriptions"])
    connector.restore_webhook(the_account(), address(inbox))
    assert (len(town.x.state["webhooks"]), len(town.x.state["subscriptions"])) == (1, made)


def test_account_without_direct_messages_is_not_subscribed_to_them(
    town: Town, connector: XConnector, inbox: Server
) -> None:
    town.x.state["subscriptions"] = []
    connector.restore_webhook(the_account(direct_messages=False), address(inbox))
    assert [one["kind"] for one in town.x.state["subscriptions"]] == [
        "post.create",
        "post.delete",
        "post.mention.create",
        "post.quote.create",
        "post.reply.create",
    ]
    found = [problem(connector, address(inbox), direct_messages=wanted) for wanted in (False, True)]
    assert found == ["", "unsubscribed"]


def test_wrong_answer_to_the_challenge_is_told(town: Town, connector: XConnector, inbox: Server) -> None:
    town.x.webhook_valid = False
    inbox.answer = lambda request: Answer(body=b'{"response_token": "sha256=anders"}')
    with pytest.raises(PermanentFailure):
        connector.restore_webhook(the_account(), address(inbox))
    assert problem(connector, address(inbox)) == "invalid"


def miss(town: Town, text: str, ago: timedelta) -> bytes:
    """A question whose webhook was not brought."""
    town.play("mention", text=text)
    body = town.world.post.get(timeout=5).body
    town.x.missed(body)
    town.x.state["missed"][-1]["at"] = (now() - ago).isoformat()
    return body


def test_replay_brings_the_same_calls_again_and_says_that_it_is_done(town: Town, connector: XConnector) -> None:
    early, missed = (miss(town, text, timedelta(hours=hours)) for text, hours in (("Eerder", 5), ("Gemist", 2)))
    assert connector.replay_webhooks(WEBHOOK_URL, now() - timedelta(hours=3), now())
    assert town.world.post.get(timeout=5).body == missed
    (done,) = town.webhooks()
    assert done == Ignored(reason="replay job status")
    assert connector.replay_webhooks(WEBHOOK_URL, now() - timedelta(days=9), now())
    assert town.world.post.get(timeout=5).body == early


def test_period_that_x_does_not_take_is_asked_for_within_its_older_rule(town: Town, connector: XConnector) -> None:
    miss(town, "Gemist", timedelta(hours=2))
    town.fail(400, b'{"title": "Invalid Request", "detail": "QueryParamInvalid"}')
    town.faults.insert(0, lambda _request: None)
    assert connector.replay_webhooks(WEBHOOK_URL, now() - timedelta(hours=3), now())
    assert [call for call in town.calls if "replay" in call] == ["POST /2/webhooks/replay"] * 2
    assert town.world.post.get(timeout=5).body


def test_replay_that_runs_already_is_as_good(town: Town, connector: XConnector) -> None:
    town.pass_on(1)
    town.fail(409, b'{"title": "ReplayConflictError"}')
    assert connector.replay_webhooks(WEBHOOK_URL, now() - timedelta(hours=3), now())


def test_replay_without_a_webhook_of_ours_is_none(town: Town, connector: XConnector) -> None:
    town.x.state["webhooks"] = {}
    assert not connector.replay_webhooks(WEBHOOK_URL, now() - timedelta(hours=3), now())


def test_deleted_webhook_brings_nothing(town: Town, connector: XConnector) -> None:
    answer = connector.session.delete(
        f"{town.url}/2/webhooks/{WEBHOOK_ID}", headers={"Authorization": "Bearer waterkant-app-bearer"}
    )
    assert answer.json() == {"data": {"deleted": True}}
    assert problem(connector) == "missing"
    assert not town.x.brings(json.dumps({"data": {"event_type": "dm.received"}}).encode())
