"""The rows of the check, from what is known of an account: how each stands, and that a red cross says what to do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from channels.account_state import WEBHOOK_PROBLEMS
from channels.connector import Connector
from channels.errors import REASONS
from channels.models import Account, PlatformApp
from channels.registry import CONNECTORS, connector_class
from inbox import channel_words
from inbox.channel_checks import How, rows

NOW = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)  # 23:30 on New Year's Eve in Amsterdam
HOUR = timedelta(hours=1)
moments = st.none() | st.integers(-10_000, 10_000).map(lambda minutes: NOW + timedelta(minutes=minutes))


def account(kind: str = "facebook", app: dict[str, Any] | None = None, **known: Any) -> Account:
    asked = {"checked_at": NOW - HOUR, "webhook_checked_at": NOW - HOUR, "state": "active", **known}
    return Account(app=PlatformApp(kind=kind, name="App", **(app or {})), kind=kind, name="Kanaal", **asked)


def how(made: Account, *, running: bool = False) -> dict[str, str]:
    return {row.key: row.how.value for row in rows(made, NOW, running=running)}


def test_all_is_well() -> None:
    made = account(missing_permissions=[], app={"challenged_at": NOW, "verified_at": NOW})
    assert how(made) == dict.fromkeys(["access", "permissions", "address", "subscription", "signature"], "good")


def test_nothing_was_asked_yet() -> None:
    made = account(checked_at=None, webhook_checked_at=None)
    asked = ["access", "address", "subscription"]
    assert how(made) == dict.fromkeys([*asked, "signature"], "open")
    assert how(made, running=True) == dict.fromkeys(asked, "busy") | {"signature": "open"}


def test_twilio_asks_no_proof_and_tells_no_permissions() -> None:
    assert list(how(account("whatsapp"))) == ["access", "subscription", "signature"]


@pytest.mark.parametrize(("days", "expected"), [(13, "bad"), (15, "good"), (-1, "bad")])
def test_access_that_ends_soon_is_a_red_cross(days: int, expected: str) -> None:
    made = account(token_expires_at=NOW + timedelta(days=days))
    row = rows(made, NOW, running=False)[0]
    assert (row.how, bool(row.todo)) == (expected, expected == "bad")


def test_moments_over_the_turn_of_the_year_are_on_the_clock_in_amsterdam() -> None:
    with override("nl"):
        words = rows(account(token_expires_at=NOW + timedelta(hours=10)), NOW, running=False)[0].words
    assert words == "De toegang eindigt morgen 09:30."


@pytest.mark.parametrize(
    ("good", "refused", "expected"),
    [
        (None, None, "open"),
        (NOW, None, "good"),
        (None, NOW, "bad"),
        (NOW, NOW - HOUR, "good"),
        (NOW - HOUR, NOW, "bad"),
    ],
)
def test_signature_is_as_the_last_call_was(good: datetime | None, refused: datetime | None, expected: str) -> None:
    assert how(account(app={"verified_at": good, "refused_at": refused}))["signature"] == expected


def test_disconnected_channel_has_one_row() -> None:
    assert how(account(state="disconnected")) == {"access": "bad"}


@given(
    kind=st.sampled_from(sorted(CONNECTORS)),
    state=st.sampled_from(["active", "paused", "broken", "disconnected"]),
    reason=st.sampled_from(["", *REASONS]),
    problem=st.sampled_from(["", *WEBHOOK_PROBLEMS]),
    missing=st.none() | st.lists(st.sampled_from(["dm.write", "pages_messaging", "iets_nieuws"]), max_size=2),
    times=st.lists(moments, min_size=7, max_size=7),
    running=st.booleans(),
)
def test_every_red_cross_says_what_to_do_and_none_while_it_is_asked(
    kind: str, state: str, reason: str, problem: str, missing: list[str] | None, times: list[Any], running: bool
) -> None:
    names = ("challenged_at", "challenge_refused_at", "verified_at", "refused_at")
    made = account(
        kind,
        dict(zip(names, times[:4], strict=True)),
        state=state,
        error_reason=reason,
        webhook_problem=problem,
        missing_permissions=missing,
        checked_at=times[4],
        webhook_checked_at=times[5],
        token_expires_at=times[6],
        error_at=NOW if reason else None,
    )
    for row in rows(made, NOW, running=running):
        assert row.title
        assert row.words
        if row.how == How.BAD:
            assert row.todo
        if running and row.key not in ("signature",) and state != "disconnected":
            assert row.how != How.BAD


@pytest.mark.parametrize("kind", sorted(CONNECTORS))
def test_words_know_every_key_and_permission_of_the_connector(kind: str) -> None:
    connector: type[Connector] = connector_class(kind)
    keys = {key.name for key in channel_words.keys(kind)} | {"verify_token"}
    assert {*connector.app_secrets, *connector.connecting_secrets} - keys == set()
    assert [one.name for one in channel_words.permissions(kind)] == list(connector.permissions)
    assert channel_words.to_make(kind)
