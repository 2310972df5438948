"""Stored events: kept once, taken once, finished together, put back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from channels import events, items
from channels.crypto import CredentialsUnreadable
from channels.events import Outcome
from channels.messages import Ignored
from channels.models import EventState, InboundEvent, PlatformApp
from channels.signals import event_stored

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
Apps = dict[str, PlatformApp]


def put(app: PlatformApp, key: str, body: bytes = b"{}", content_type: str = "application/json") -> bool:
    return events.store(app.pk, body, content_type, key, AT)


def ids() -> list[int]:
    return list(InboundEvent.objects.order_by("id").values_list("id", flat=True))


def elsewhere(call: Callable[[], Any]) -> Any:
    """The answer of ``call`` on another connection."""

    def run() -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def _age_marks() -> None:
    """As if each mark was left longer than a lease ago."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE channels_inboundevent SET taken_at = taken_at - %s", [events.LEASE * 2])


def test_same_key_is_stored_once_per_app(apps: Apps) -> None:
    new = [put(apps["x"], "a"), put(apps["x"], "a"), put(apps["facebook"], "a"), put(apps["x"], "b")]
    assert (new, InboundEvent.objects.count()) == ([True, False, True, True], 3)


def test_all_fields_are_kept(apps: Apps) -> None:
    put(apps["x"], "k", b"\x00\xff", "text/x" + "y" * 200)
    event = InboundEvent.objects.get()
    assert (
        bytes(event.body),
        event.content_type,
        event.received_at,
        event.state,
        event.attempts,
        event.processed_at,
    ) == (b"\x00\xff", ("text/x" + "y" * 200)[:100], AT, "stored", 0, None)


@pytest.mark.parametrize("key", ["x" * 201, "nul\0", "half \ud800", "line\nbreak"])
def test_key_that_cannot_be_stored_is_hashed_and_still_unique(key: str, apps: Apps) -> None:
    new = [put(apps["x"], key), put(apps["x"], key), put(apps["x"], key + "2")]
    keys = InboundEvent.objects.order_by("id").values_list("dedupe_key", flat=True)
    assert (new, [len(stored) for stored in keys]) == ([True, False, True], [71, 71])


@pytest.mark.parametrize("content_type", ["a\0b", "half \udcff"])
def test_content_type_that_postgres_refuses_does_not_stop_the_event(content_type: str, apps: Apps) -> None:
    assert put(apps["x"], "k", content_type=content_type)


def test_items_of_a_webhook_come_from_its_connector(apps: Apps) -> None:
    put(apps["facebook"], "k", b'{"object": "user", "entry": []}')
    assert events.items_of(InboundEvent.objects.get()) == [Ignored(reason="unknown object user")]


def test_items_of_gap_repair_come_as_they_were_stored(apps: Apps) -> None:
    listed = [Ignored(reason="typing", account_id="1")]
    put(apps["x"], "k", items.encode(list(listed)), items.CONTENT_TYPE)
    assert events.items_of(InboundEvent.objects.get()) == listed


def test_oldest_are_taken_first_with_their_app(apps: Apps, django_assert_num_queries: Any) -> None:
    for number in range(5):
        put(apps["x" if number % 2 else "facebook"], str(number))
    events.finish_many([Outcome(ids()[0], EventState.DONE)])
    taken = events.take(3)
    with transaction.atomic(), django_assert_num_queries(2):
        kinds = [event.app.kind for event in events.lock(taken)]
    assert (taken, kinds) == (ids()[1:4], ["x", "facebook", "x"])


@pytest.mark.django_db(transaction=True)
def test_nothing_waits_costs_little(apps: Apps, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4):  # BEGIN, SET, SELECT, COMMIT
        assert events.take(10) == []
    with transaction.atomic(), django_assert_num_queries(0):
        assert events.lock([]) == []


@pytest.mark.django_db(transaction=True)
def test_locking_outside_a_transaction_is_refused(apps: Apps) -> None:
    with pytest.raises(TransactionManagementError):
        events.lock([1])


@pytest.mark.django_db(transaction=True)
def test_what_one_has_in_hand_another_skips(apps: Apps) -> None:
    for number in range(4):
        put(apps["x"], str(number))
    marked = events.take(2)
    _age_marks()
    with transaction.atomic():
        mine = [event.pk for event in events.lock(marked)]
        theirs = elsewhere(lambda: events.take(10))
    assert (mine, theirs) == (ids()[:2], ids()[2:])


@pytest.mark.django_db(transaction=True)
def test_what_one_marked_just_now_another_leaves_until_the_lease_ends(apps: Apps) -> None:
    put(apps["x"], "1")
    marked = events.take(10)
    assert elsewhere(lambda: events.take(10)) == []
    _age_marks()
    assert elsewhere(lambda: events.take(10)) == marked


def test_what_workers_died_over_comes_alone_and_is_failed_in_the_end(apps: Apps) -> None:
    for number in range(3):
        put(apps["x"], str(number))
    first, *_rest = ids()
    taken = []
    for _ in range(events.LAST):
        taken.append(events.take(10))
        _age_marks()
    assert taken == [ids()] * events.ALONE + [[first]] * (events.LAST - events.ALONE)
    put(apps["x"], "fresh")
    second, third, fresh = ids()[1:]
    assert events.take(10) == [second]
    rows = InboundEvent.objects.order_by("id").values_list("state", "reason", "attempts")
    assert list(rows) == [("failed", events.STOPPED, 5), ("stored", "", 3), ("stored", "", 2), ("stored", "", 0)]
    assert (events.take(10), events.take(10)) == ([third], [fresh])


def test_fresh_events_before_a_suspect_come_together(apps: Apps) -> None:
    for number in range(4):
        put(apps["x"], str(number))
    one, two, suspect, four = ids()
    InboundEvent.objects.filter(pk=suspect).update(attempts=events.ALONE)
    assert [events.take(10) for _ in range(3)] == [[one, two], [suspect], [four]]


def test_what_is_given_back_counts_as_never_begun(apps: Apps) -> None:
    put(apps["x"], "1")
    put(apps["x"], "2")
    one, two = events.take(10)
    events.finish_many([Outcome(one, EventState.DONE)])
    events.give_back([one, two])
    events.give_back([two])
    assert dict(InboundEvent.objects.values_list("pk", "attempts")) == {one: 1, two: 0}
    assert events.take(10) == [two]


def test_what_stopped_a_worker_is_replayed_alone(apps: Apps) -> None:
    put(apps["x"], "1")
    put(apps["x"], "2")
    one, two = ids()
    events.finish_many([Outcome(one, EventState.FAILED, events.STOPPED), Outcome(two, EventState.FAILED, "KeyError")])
    InboundEvent.objects.update(attempts=events.LAST)
    assert events.replay([one, two]) == 2
    assert dict(InboundEvent.objects.values_list("pk", "attempts")) == {one: events.ALONE, two: 0}


def test_many_are_finished_in_one_statement(apps: Apps, django_assert_num_queries: Any) -> None:
    for number in range(4):
        put(apps["x"], str(number))
    one, two, three, _ = ids()
    with django_assert_num_queries(1):
        events.finish_many(
            [
                Outcome(one, EventState.DONE),
                Outcome(two, EventState.IGNORED, "typing"),
                Outcome(three, EventState.FAILED, "KeyError", "Traceback …"),
            ]
        )
    rows = InboundEvent.objects.order_by("id").values_list("state", "reason", "traceback", "attempts")
    assert list(rows) == [
        ("done", "", "", 0),
        ("ignored", "typing", "", 0),
        ("failed", "KeyError", "Traceback …", 0),
        ("stored", "", "", 0),
    ]
    assert [event.processed_at is not None for event in InboundEvent.objects.order_by("id")] == [
        True,
        True,
        True,
        False,
    ]


def test_finishing_none_asks_nothing(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        events.finish_many([])


def test_reason_that_postgres_refuses_does_not_stop_the_batch(apps: Apps) -> None:
    put(apps["x"], "1")
    events.finish_many([Outcome(ids()[0], EventState.FAILED, "a\0b", "half \ud800")])
    event = InboundEvent.objects.get()
    assert (event.state, event.reason, event.traceback) == ("failed", "a�b", "half ?")


@pytest.mark.django_db(transaction=True)
def test_replay_puts_back_and_kicks_on_commit(apps: Apps) -> None:
    for number in range(3):
        put(apps["x"], str(number))
    one, two, three = ids()
    events.finish_many([Outcome(one, EventState.FAILED, "KeyError", "…"), Outcome(two, EventState.DONE)])
    kicks: list[int] = []

    def receive(**_: Any) -> None:
        kicks.append(InboundEvent.objects.filter(state="stored").count())

    event_stored.connect(receive)
    try:
        with transaction.atomic():
            changed = events.replay([one, three])
            before_commit = list(kicks)
        again = events.replay([one])
    finally:
        event_stored.disconnect(receive)
    assert (changed, again, before_commit, kicks) == (1, 0, [], [2])
    rows = InboundEvent.objects.order_by("id").values_list("state", "reason", "traceback", "attempts")
    assert list(rows) == [("stored", "", "", 0), ("done", "", "", 0), ("stored", "", "", 0)]


def test_app_whose_key_was_lost_holds_up_no_other(apps: Apps) -> None:
    put(apps["x"], "lost", b"{}")
    put(apps["whatsapp"], "fine", b"MessageSid=SM1&MessageStatus=queued", "application/x-www-form-urlencoded")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE channels_platformapp SET secrets = 'unreadable' WHERE kind = 'x'")
    with transaction.atomic():
        lost, fine = events.lock(ids())
    with pytest.raises(CredentialsUnreadable):
        events.items_of(lost)
    assert len(events.items_of(fine)) == 1
