"""Hours and targets of an account: saved, written down, and the running timers follow."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from inbox import ingest
from inbox.actions import clocks, recount, set_hours, wait
from inbox.actions.changing import changing
from inbox.actions.recount import Effect
from inbox.actions.refused import Refused
from inbox.actions.set_hours import SetDay
from inbox.models import AccountSettings, AuditEntry, Clock, ClosingDay, Conversation, SpecialPeriod
from inbox.office_hours import Period
from inbox.targets import Target, of_settings
from tests.conftest import MONDAY_10
from tests.inbox.actions.together import codes, together
from tests.inbox.storing import person, put, said

TUESDAY_10, FRIDAY_16 = MONDAY_10 + timedelta(days=1), datetime(2026, 11, 20, 15, tzinfo=UTC)


@pytest.fixture
def ask(make_conversation, standing_clock):
    """A question with its clock, by default on Monday 10:00 (due 12:00; it is 10:30)."""

    def make(at=MONDAY_10, **fields) -> Conversation:
        made = make_conversation(at=at, **fields)
        with changing(made.pk, "received", by=None) as locked:
            clocks.start(locked, at)
        return Conversation.objects.get(pk=made.pk)

    return make


@pytest.fixture
def admin_saves(admin, whatsapp):
    """Save the week of WhatsApp with these parts changed."""

    def save(**changes) -> Effect:
        settings = set_hours.load(whatsapp.pk)
        week = replace(set_hours.week_of(settings), **changes)
        return set_hours.set_week(whatsapp.pk, week, by=admin, seen=set_hours.fingerprint(settings))

    return save


def due(conversation: Conversation) -> datetime | None:
    found = Conversation.objects.get(pk=conversation.pk)
    clock = Clock.objects.get(conversation=found)
    if found.due_at is not None:
        assert (clock.due_at, clock.warn_at) == (found.due_at, found.warn_at)
        assert found.rank_at == found.due_at
    return found.due_at


def test_closing_day_moves_what_was_due_then(admin, ask, admin_saves, whatsapp):
    moved, other = ask(), ask(kind="facebook")
    assert admin_saves(days=(SetDay(date(2026, 11, 23), "Storing"),)) == Effect(changed=1, late=0)
    assert (due(moved), due(other)) == (TUESDAY_10 + timedelta(hours=1), MONDAY_10 + timedelta(hours=2))
    assert list(ClosingDay.objects.values_list("settings__account", "name")) == [(whatsapp.pk, "Storing")]
    told = AuditEntry.objects.filter(conversation=None).order_by("pk")
    assert [(entry.verb, entry.actor, entry.data) for entry in told] == [
        ("hours_changed", admin, {"account": whatsapp.pk, "fields": ["days"]}),
        ("clocks_recounted", admin, {"account": whatsapp.pk, "clocks": 1}),
    ]
    entry = AuditEntry.objects.get(conversation=moved, verb="clock_moved")
    assert entry.data == {"due": ["2026-11-23T11:00:00+00:00", "2026-11-24T10:00:00+00:00"]}


def test_what_is_saved_is_what_is_read(admin_saves, whatsapp):
    week = set_hours.Week(
        periods=(Period(0, time(9), time(12)), Period(0, time(13), time(17)), Period(5, time(10), time(0))),
        holidays=frozenset({"Koningsdag", "Eerste kerstdag"}),
        days=(
            SetDay(date(2026, 12, 24), "Kerstavond", ((time(9), time(12)), (time(13), time(15)))),
            SetDay(date(2027, 4, 26), "Brugdag"),
        ),
    )
    admin_saves(periods=week.periods, holidays=week.holidays, days=week.days)
    assert set_hours.week_of(set_hours.load(whatsapp.pk)) == week
    assert clocks.hours_of(set_hours.load(whatsapp.pk)) == week.hours
    assert SpecialPeriod.objects.count() == 2


def test_no_holiday_at_all_is_kept_as_such(admin_saves, whatsapp):
    admin_saves(holidays=frozenset())
    settings = set_hours.load(whatsapp.pk)
    assert (settings.holidays, set_hours.week_of(settings).holidays) == (False, frozenset())


def test_nothing_changed_is_nothing_written(admin_saves, ask):
    ask()
    before = AuditEntry.objects.count()
    assert admin_saves() == Effect(0, 0)
    assert (AuditEntry.objects.count(), AccountSettings.objects.filter(agreed_at__isnull=False).count()) == (before, 0)


def test_open_on_saturday_makes_late_and_says_so(ask, admin_saves):
    asked = ask(at=FRIDAY_16)  # due Monday 10:00... an hour on Friday, an hour on Monday
    assert due(asked) == MONDAY_10
    Clock.objects.update(due_at=MONDAY_10 + timedelta(hours=1))  # not late yet at 10:30
    weekend = (Period(5, time(10), time(12)),)
    periods = tuple(Period(day, time(9), time(17)) for day in range(5)) + weekend
    assert admin_saves(periods=periods) == Effect(changed=1, late=1)
    assert due(asked) == datetime(2026, 11, 21, 10, tzinfo=UTC)


def test_clock_that_went_on_is_counted_from_there(agent, ask, admin_saves, standing_clock):
    asked = ask()
    wait.wait(asked.pk, by=agent)  # 10:30: 90 left
    standing_clock.forward(hours=2)
    wait.resume(asked.pk, by=agent)  # 12:30
    assert due(asked) == MONDAY_10 + timedelta(hours=4)
    lunch = tuple(Period(day, *span) for day in range(5) for span in ((time(9), time(13)), (time(14), time(17))))
    assert admin_saves(periods=lunch).changed == 1
    assert due(asked) == MONDAY_10 + timedelta(hours=5)
    # The lunch of the citizen's own turn would not have counted either way.
    whole = tuple(Period(day, time(9), time(17)) for day in range(5))
    assert admin_saves(periods=whole).changed == 1
    assert due(asked) == MONDAY_10 + timedelta(hours=4)


def test_clock_that_stands_still_keeps_what_is_left(agent, ask, admin_saves):
    asked = ask()
    wait.wait(asked.pk, by=agent)
    assert admin_saves(days=(SetDay(date(2026, 11, 23), "Storing"),)) == Effect(0, 0)
    assert (due(asked), Clock.objects.get().remaining_minutes) == (None, 90)


def test_closed_conversations_are_left_alone(ask, admin_saves, agent):
    asked = ask()
    with changing(asked.pk, "closed", by=agent) as locked:
        clocks.stop(locked, MONDAY_10 + timedelta(minutes=30), "closed")
        locked.status, locked.result, locked.closed_at = "closed", "answered", MONDAY_10 + timedelta(minutes=30)
    assert admin_saves(days=(SetDay(date(2026, 11, 23), "Storing"),)) == Effect(0, 0)


def test_never_open_leaves_running_clocks_their_time(ask, admin_saves):
    asked = ask()
    assert admin_saves(periods=()) == Effect(0, 0)
    assert due(asked) == MONDAY_10 + timedelta(hours=2)


def test_batches_reach_every_clock(ask, admin_saves, monkeypatch):
    monkeypatch.setattr(recount, "BATCH", 2)
    asked = [ask() for _number in range(5)]
    assert admin_saves(days=(SetDay(date(2026, 11, 23), "Storing"),)).changed == 5
    assert {due(each) for each in asked} == {TUESDAY_10 + timedelta(hours=1)}


def test_foreseen_is_what_happens(ask, admin_saves, whatsapp):
    for at in (MONDAY_10, FRIDAY_16, MONDAY_10 + timedelta(minutes=20)):
        ask(at=at)
    settings = set_hours.load(whatsapp.pk)
    days = (SetDay(date(2026, 11, 23), "Half", ((time(9), time(10)),)),)
    week = replace(set_hours.week_of(settings), days=days)
    foreseen = recount.foresee(whatsapp.pk, week.hours, of_settings(settings))
    before = list(Clock.objects.order_by("pk").values_list("due_at", flat=True))
    assert list(Clock.objects.order_by("pk").values_list("due_at", flat=True)) == before
    assert admin_saves(days=days) == foreseen
    assert foreseen.changed == 2


def test_who_saves_what_another_changed_is_refused(admin, whatsapp):
    settings = set_hours.load(whatsapp.pk)
    seen, week = set_hours.fingerprint(settings), set_hours.week_of(settings)
    set_hours.set_week(whatsapp.pk, replace(week, days=(SetDay(date(2026, 12, 1), "Dicht"),)), by=admin, seen=seen)
    with pytest.raises(Refused) as caught:
        set_hours.set_week(whatsapp.pk, replace(week, holidays=frozenset()), by=admin, seen=seen)
    assert caught.value.code == "changed_since"
    assert [day.name for day in set_hours.week_of(set_hours.load(whatsapp.pk)).days] == ["Dicht"]


def test_targets_are_saved_and_followed(admin, ask, whatsapp):
    asked, hasty = ask(), ask(priority=2)
    seen = set_hours.fingerprint(set_hours.load(whatsapp.pk))
    rows = [Target(30, 60, priority=2), Target(200, 300, public=True)]
    effect = set_hours.set_targets(whatsapp.pk, (60, 240), rows, by=admin, seen=seen)
    assert effect == Effect(changed=2, late=1)  # the hasty one was due at 10:30
    assert (due(asked), due(hasty)) == (MONDAY_10 + timedelta(minutes=60), MONDAY_10 + timedelta(minutes=30))
    assert of_settings(set_hours.load(whatsapp.pk)) == (Target(60, 240), *rows)
    entry = AuditEntry.objects.get(verb="targets_changed")
    assert entry.data == {"account": whatsapp.pk, "own": [60, 240], "others": 2}


def test_counting_again_changes_nothing(ask, admin_saves, whatsapp, standing_clock):
    ask()
    admin_saves(days=(SetDay(date(2026, 11, 23), "Storing"),))
    version = Conversation.objects.get().version
    assert (recount.recount_touched(), Conversation.objects.get().version) == (0, version)


def test_clock_started_by_the_old_hours_is_put_right(ask, admin_saves, whatsapp, standing_clock):
    """As by a batch that read them just before they changed, or a save that died half-way."""
    admin_saves(days=(SetDay(date(2026, 11, 23), "Storing"),))
    asked = ask()
    stale = MONDAY_10 + timedelta(hours=2)
    Clock.objects.update(due_at=stale)
    Conversation.objects.update(due_at=stale)
    assert (recount.recount_touched(), due(asked)) == (1, TUESDAY_10 + timedelta(hours=1))
    standing_clock.forward(minutes=11)
    Clock.objects.update(due_at=stale)
    assert recount.recount_touched() == 0  # long enough ago


@pytest.mark.django_db(transaction=True)
def test_messages_that_come_in_meanwhile_get_the_new_time(admin, admin_saves, accounts, standing_clock):
    for number in range(20):
        put(accounts["whatsapp"], said(accounts["whatsapp"], f"m{number}", author=person(f"p{number}")))
    outcomes = together(ingest.drain, lambda: admin_saves(days=(SetDay(date(2026, 11, 23), "Storing"),)))
    assert codes(outcomes) == ["ok", "ok"]
    recount.recount_touched()
    assert set(Conversation.objects.values_list("due_at", flat=True)) == {TUESDAY_10 + timedelta(hours=1)}
    assert Clock.objects.filter(due_at=TUESDAY_10 + timedelta(hours=1)).count() == 20


@pytest.mark.django_db(transaction=True)
def test_two_administrators_at_the_same_moment_one_is_told(admin, whatsapp):
    settings = set_hours.load(whatsapp.pk)
    seen, week = set_hours.fingerprint(settings), set_hours.week_of(settings)
    weeks = [replace(week, days=(SetDay(date(2026, 12, day), f"Dicht {day}"),)) for day in (1, 2)]
    outcomes = together(*(lambda w=w: set_hours.set_week(whatsapp.pk, w, by=admin, seen=seen) for w in weeks))
    assert sorted(codes(outcomes)) == ["changed_since", "ok"]
    assert ClosingDay.objects.count() == 1
