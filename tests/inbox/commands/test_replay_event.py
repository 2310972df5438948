"""`manage.py replay_event`: which events are put back, what it says, what the log says of it."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from channels import events
from channels.events import Outcome
from channels.models import Account, EventState, InboundEvent
from inbox import ingest
from inbox.models import AuditEntry, Message
from tests.inbox.conftest import StandingClock
from tests.inbox.storing import put, put_raw, said

pytestmark = pytest.mark.django_db


def replay(*arguments: str) -> str:
    out = io.StringIO()
    call_command("replay_event", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def failed(accounts: dict[str, Account]) -> list[int]:
    """Three events that failed, on X, X and Facebook, received at Monday 10:00, and one that was done."""
    stored = [put_raw(accounts[kind], b"{") for kind in ("x", "x", "facebook", "facebook")]
    ids = [event.pk for event in stored]
    events.finish_many([Outcome(pk, EventState.FAILED, "KeyError") for pk in ids[:3]])
    events.finish_many([Outcome(ids[3], EventState.DONE)])
    return ids


def states() -> list[str]:
    return list(InboundEvent.objects.order_by("pk").values_list("state", flat=True))


def logged() -> list[Any]:
    return list(AuditEntry.objects.order_by("pk").values_list("conversation", "actor", "verb", "data"))


def test_named_events_are_put_back_and_logged(failed: list[int]) -> None:
    assert replay(str(failed[0]), str(failed[3]), str(failed[0])) == "2 events are processed again.\n"
    assert states() == ["stored", "failed", "failed", "stored"]
    assert logged() == [(None, None, "events_replayed", {"events": [failed[0], failed[3]]})]


def test_one_that_waits_already_is_told(failed: list[int]) -> None:
    replay(str(failed[0]))
    said_again = replay(str(failed[0]), str(failed[1]))
    assert said_again == "1 event is processed again.\n1 event was waiting already.\n"


def test_unknown_numbers_change_nothing(failed: list[int]) -> None:
    with pytest.raises(CommandError, match=r"^There is no event 0, 99999999999999999999\. Nothing was changed\.$"):
        replay("0", str(failed[0]), "99999999999999999999")
    assert (states(), logged()) == (["failed"] * 3 + ["done"], [])


def test_all_failed_ones(failed: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inbox.management.commands.replay_event.PIECE", 2)
    assert replay("--failed") == "3 events are processed again.\n"
    assert states() == ["stored"] * 3 + ["done"]
    assert [data for *_, data in logged()] == [{"events": failed[:2]}, {"events": failed[2:3]}]
    assert replay("--failed") == "0 events are processed again.\n"
    assert len(logged()) == 2


def test_failed_ones_of_an_app(failed: list[int], accounts: dict[str, Account]) -> None:
    assert replay("--failed", "--app", accounts["facebook"].app.key) == "1 event is processed again.\n"
    assert states() == ["failed", "failed", "stored", "done"]


@pytest.mark.parametrize(
    ("since", "count"), [("2026-11-23T09:00Z", 3), ("2026-11-23T10:00:01+01:00", 0), ("2026-11-23 09:00", 3)]
)
def test_failed_ones_since_a_moment(failed: list[int], since: str, count: int) -> None:
    assert replay("--failed", "--since", since) == f"{count} events are processed again.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Name the events, or say --failed."),
        (["1", "--failed"], "Name the events, or say --failed; not both."),
        (["1", "--app", "x"], "--since and --app go with --failed."),
        (["--failed", "--app", "nobody"], "There is no platform app with the key 'nobody'."),
        (["--failed", "--since", "gisteren"], "'gisteren' is no moment; write it as 2026-11-22T09:00Z."),
        (
            ["--failed", "--since", "2026-13-40T10:00"],
            "'2026-13-40T10:00' is no moment; write it as 2026-11-22T09:00Z.",
        ),
    ],
)
def test_what_cannot_be_meant_is_said(db: None, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError) as refused:
        replay(*arguments)
    assert (str(refused.value), refused.value.returncode) == (words, 1)


def test_what_is_replayed_ten_times_is_there_once(accounts: dict[str, Account], standing_clock: StandingClock) -> None:
    event = put(accounts["whatsapp"], said(accounts["whatsapp"], "m1"))
    ingest.drain()
    before = AuditEntry.objects.exclude(verb="events_replayed").count()
    for _ in range(10):
        replay(str(event.pk))
        assert ingest.drain() == 1
    assert Message.objects.count() == 1
    assert AuditEntry.objects.exclude(verb="events_replayed").count() == before
