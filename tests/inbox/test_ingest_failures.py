"""What cannot be taken in is kept with the reason, and never takes the rest along."""

from typing import Any

import pytest
from django.db import IntegrityError

from channels import events
from channels.messages import (
    AccessRevoked,
    DeliveryReceipt,
    Ignored,
    ReceiptState,
)
from channels.models import Account, InboundEvent
from inbox import ingest
from inbox.models import (
    Conversation,
    Message,
)
from tests.inbox.storing import at, put, put_raw, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


def state(event: InboundEvent) -> tuple[str, str]:
    event.refresh_from_db()
    return event.state, event.reason


def test_poison_in_the_middle_of_a_batch_stands_alone(whatsapp: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = [put(whatsapp, said(whatsapp, f"m{number}", sent_at=at(number))) for number in range(9)]
    arrive = ingest.arrive

    def faulty(batch: Any, account: Account, item: Any) -> str:
        if item.external_id == "m4":
            raise ValueError(item.text)
        return arrive(batch, account, item)

    monkeypatch.setattr(ingest, "arrive", faulty)
    assert ingest.drain() == 9
    assert [state(event)[0] for event in stored] == ["done"] * 4 + ["failed"] + ["done"] * 4
    stored[4].refresh_from_db()
    assert stored[4].reason == "builtins.ValueError"
    assert "restafval" not in stored[4].traceback
    assert "in faulty" in stored[4].traceback
    assert Message.objects.count() == 8
    monkeypatch.setattr(ingest, "arrive", arrive)
    events.replay([stored[4].pk])
    ingest.drain()
    assert (Message.objects.count(), Conversation.objects.get().inbound_count) == (9, 9)


def test_message_the_database_refuses_is_poison_too(whatsapp: Account) -> None:
    good = put(whatsapp, said(whatsapp, "m1"))
    bad = put(whatsapp, said(whatsapp, "m" * 300))
    ingest.drain()
    assert (state(good)[0], state(bad)) == ("done", ("failed", "django.db.utils.DataError 22001"))


def test_body_that_cannot_be_read_is_failed(accounts: dict[str, Account]) -> None:
    event = put_raw(accounts["x"], b"{")
    ingest.drain()
    assert state(event) == ("failed", "the body is not JSON")
    assert event.traceback != ""


def test_unknown_account_is_ignored_with_the_reason(whatsapp: Account) -> None:
    event = put(whatsapp, said(whatsapp, "m1", account_id="whatsapp:+31000"))
    other = put(whatsapp, Ignored(reason="typing"), Ignored(reason="reaction"), Ignored(reason="typing"))
    mixed = put(whatsapp, said(whatsapp, "m2"), said(whatsapp, "m3", account_id="whatsapp:+31000"))
    ingest.drain()
    assert state(event) == ("ignored", "unknown account")
    assert state(other) == ("ignored", "typing, reaction")
    assert state(mixed) == ("done", "unknown account")


def test_account_of_another_app_is_unknown(accounts: dict[str, Account]) -> None:
    event = put(accounts["x"], said(accounts["whatsapp"], "m1"))
    ingest.drain()
    assert state(event) == ("ignored", "unknown account")


def test_account_never_set_up_is_failed_and_replayable(whatsapp: Account) -> None:
    whatsapp.inbox_settings.delete()
    event = put(whatsapp, said(whatsapp, "m1"))
    ingest.drain()
    assert state(event) == ("failed", "inbox.models.rules.AccountSettings.DoesNotExist")


def test_revoked_access_breaks_the_account(whatsapp: Account, django_capture_on_commit_callbacks: Any) -> None:
    put(whatsapp, AccessRevoked(account_id=whatsapp.external_id, at=at(0), code="oauth.revoke"))
    with django_capture_on_commit_callbacks(execute=True):
        ingest.drain()
    whatsapp.refresh_from_db()
    assert (whatsapp.state, whatsapp.error_reason, whatsapp.error_code) == ("broken", "token", "oauth.revoke")


def test_event_from_before_the_last_answer_breaks_nothing(
    whatsapp: Account, django_capture_on_commit_callbacks: Any
) -> None:
    Account.objects.filter(pk=whatsapp.pk).update(checked_at=at(5))
    put(whatsapp, AccessRevoked(account_id=whatsapp.external_id, at=at(0), code="oauth.revoke"))
    with django_capture_on_commit_callbacks(execute=True):
        ingest.drain()
    whatsapp.refresh_from_db()
    assert (whatsapp.state, whatsapp.error_reason) == ("active", "")


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        ("30002", "blocked_for_policy", ("broken", "blocked_for_policy", "30002")),
        ("63001", "configuration", ("active", "configuration", "63001")),
        ("63024", "recipient", ("active", "", "")),
    ],
)
def test_receipt_that_blames_the_account_is_noted_there(
    whatsapp: Account, django_capture_on_commit_callbacks: Any, code: str, reason: str, expected: tuple[str, str, str]
) -> None:
    receipt = DeliveryReceipt(
        account_id=whatsapp.external_id,
        external_id="SM1",
        state=ReceiptState.FAILED,
        at=at(0),
        code=code,
        reason=reason,
    )
    put(whatsapp, receipt)
    with django_capture_on_commit_callbacks(execute=True):
        ingest.drain()
    whatsapp.refresh_from_db()
    assert (whatsapp.state, whatsapp.error_reason, whatsapp.error_code) == expected


def test_unique_key_that_stays_broken_is_poison(whatsapp: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = [put(whatsapp, said(whatsapp, f"m{number}", sent_at=at(number))) for number in range(4)]
    arrive = ingest.arrive

    def faulty(batch: Any, account: Account, item: Any) -> str:
        if item.external_id == "m2":
            raise IntegrityError
        return arrive(batch, account, item)

    monkeypatch.setattr(ingest, "arrive", faulty)
    assert ingest.drain() == 4
    assert [state(event)[0] for event in stored] == ["done", "done", "failed", "done"]


def test_many_keys_that_stay_broken_never_hold_up_the_rest(whatsapp: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = [put(whatsapp, said(whatsapp, f"m{number}", sent_at=at(number))) for number in range(12)]
    arrive = ingest.arrive

    def faulty(batch: Any, account: Account, item: Any) -> str:
        if item.external_id != "m2":
            raise IntegrityError
        return arrive(batch, account, item)

    monkeypatch.setattr(ingest, "arrive", faulty)
    assert ingest.drain() == 12
    assert [state(event)[0] for event in stored] == ["failed"] * 2 + ["done"] + ["failed"] * 9


def test_text_the_search_index_cannot_hold_stands_alone(whatsapp: Account) -> None:
    words = " ".join(f"woord{number}" for number in range(120_000))
    stored = [put(whatsapp, said(whatsapp, "m1")), put(whatsapp, said(whatsapp, "m2", words))]
    ingest.drain()
    assert [state(event) for event in stored] == [
        ("done", ""),
        ("failed", "django.db.utils.OperationalError 54000"),
    ]
