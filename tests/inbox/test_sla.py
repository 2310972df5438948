"""The two clocks and their words; asserted in English, the msgids, whatever the catalogue holds."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox import office_hours, sla
from inbox.office_hours import AMSTERDAM, DEFAULT_HOURS, Hours, NoOpeningHours, Period
from tests.inbox.test_office_hours import ALWAYS, LUNCH, NEVER, ams
from tests.inbox.test_office_hours_laws import any_hours, between, moments

MOVING = Hours(DEFAULT_HOURS.periods, {date(2026, 11, 24): "Verhuizing"})


@pytest.fixture(autouse=True, scope="module")
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


# ---------------------------------------------------------------- the clocks


def test_deadline_over_the_weekend() -> None:
    assert sla.deadline(DEFAULT_HOURS, ams(2026, 11, 20, 16, 50), 60) == sla.Deadline(
        started_at=ams(2026, 11, 20, 16, 50),
        target_minutes=60,
        warn_at=ams(2026, 11, 23, 9, 38),
        due_at=ams(2026, 11, 23, 9, 50),
    )


def test_deadline_of_an_office_that_never_opens_says_so() -> None:
    with pytest.raises(NoOpeningHours):
        sla.deadline(NEVER, ams(2026, 11, 20), 60)


@pytest.mark.parametrize(
    ("now", "colour"),
    [
        (ams(2026, 11, 20, 16, 50), "green"),
        (ams(2026, 11, 23, 9, 37, 59), "green"),
        (ams(2026, 11, 23, 9, 38), "orange"),
        (ams(2026, 11, 23, 9, 49, 59), "orange"),
        (ams(2026, 11, 23, 9, 50), "red"),
    ],
)
def test_state_turns_orange_in_the_last_fifth_and_red_when_over(now: datetime, colour: str) -> None:
    assert sla.state(ams(2026, 11, 23, 9, 50), ams(2026, 11, 23, 9, 38), now) == colour


def test_pause_over_a_weekend_keeps_what_was_left() -> None:
    running = sla.deadline(DEFAULT_HOURS, ams(2026, 11, 20, 16), 120)
    left = sla.pause(DEFAULT_HOURS, running, ams(2026, 11, 20, 16, 30))
    assert left == 90
    assert sla.resume(DEFAULT_HOURS, left, 120, ams(2026, 11, 25, 16)) == sla.Deadline(
        started_at=ams(2026, 11, 25, 16),
        target_minutes=120,
        warn_at=ams(2026, 11, 26, 9, 6),
        due_at=ams(2026, 11, 26, 9, 30),
    )


def test_resume_with_less_than_a_fifth_left_is_orange_at_once() -> None:
    on = sla.resume(DEFAULT_HOURS, 10, 120, ams(2026, 11, 23, 10))
    assert (on.warn_at, on.due_at) == (ams(2026, 11, 23, 10), ams(2026, 11, 23, 10, 10))


def test_pause_and_resume_of_a_late_clock_is_late_at_once() -> None:
    running = sla.deadline(DEFAULT_HOURS, ams(2026, 11, 23, 9), 60)
    left = sla.pause(DEFAULT_HOURS, running, ams(2026, 11, 23, 12))
    on = sla.resume(DEFAULT_HOURS, left, 60, ams(2026, 11, 23, 14))
    assert (left, on.due_at, sla.state(on.due_at, on.warn_at, on.due_at)) == (0, ams(2026, 11, 23, 14), "red")


# ---------------------------------------------------------------- labels


@pytest.mark.parametrize(
    ("due", "now", "hours", "words"),
    [
        (ams(2026, 11, 23, 15, 20), ams(2026, 11, 23, 14), DEFAULT_HOURS, "1 h 20 left"),
        (ams(2026, 11, 23, 15, 5), ams(2026, 11, 23, 14), DEFAULT_HOURS, "1 h 05 left"),
        (ams(2026, 11, 23, 15), ams(2026, 11, 23, 14), DEFAULT_HOURS, "1 h left"),
        (ams(2026, 11, 23, 15), ams(2026, 11, 23, 14, 59, 30), DEFAULT_HOURS, "1 min left"),
        (ams(2026, 11, 23, 17), ams(2026, 11, 23, 16, 15), DEFAULT_HOURS, "45 min left"),
        # Closed now, or a lunch break to come: the moment itself, for "left" would count closed time.
        (ams(2026, 11, 23, 9, 30), ams(2026, 11, 23, 7), DEFAULT_HOURS, "today 09:30"),
        (ams(2026, 11, 23, 13, 20), ams(2026, 11, 23, 11), LUNCH, "today 13:20"),
        (ams(2026, 11, 23, 9, 30), ams(2026, 11, 23, 7), None, "2 h 30 left"),
        (ams(2026, 11, 23, 9, 30), ams(2026, 11, 20, 17, 5), DEFAULT_HOURS, "Mon 09:30"),
        (ams(2026, 11, 23, 9, 30), ams(2026, 11, 20, 17, 5), None, "Mon 09:30"),
        (ams(2026, 11, 24, 0, 10), ams(2026, 11, 23, 23, 50), ALWAYS, "20 min left"),
        (ams(2026, 12, 1, 9, 30), ams(2026, 11, 23, 12), DEFAULT_HOURS, "Tue 1 dec"),
        (ams(2027, 1, 4, 9, 30), ams(2026, 11, 23, 12), DEFAULT_HOURS, "4 jan 2027"),
        (ams(2026, 11, 23, 12), ams(2026, 11, 23, 12), DEFAULT_HOURS, "late"),
        (ams(2026, 11, 23, 12), ams(2026, 11, 23, 12, 35, 59), DEFAULT_HOURS, "35 min late"),
        (ams(2026, 11, 23, 12), ams(2026, 11, 23, 15, 35), DEFAULT_HOURS, "3 h late"),
        # Friday ten to five is ten minutes late for the whole weekend, not two days.
        (ams(2026, 11, 20, 16, 50), ams(2026, 11, 22, 12), DEFAULT_HOURS, "10 min late"),
        (ams(2026, 11, 20, 16, 50), ams(2026, 11, 22, 12), None, "1 day late"),
        (ams(2026, 11, 20, 17), ams(2026, 11, 22, 12), DEFAULT_HOURS, "late"),
        (ams(2026, 11, 19, 12), ams(2026, 11, 20, 11, 59), DEFAULT_HOURS, "7 h late"),
        (ams(2026, 11, 19, 12), ams(2026, 11, 20, 12), DEFAULT_HOURS, "1 day late"),
        (ams(2026, 11, 19, 12), ams(2026, 11, 23, 12), DEFAULT_HOURS, "2 days late"),
        (ams(2026, 11, 23, 0), ams(2026, 11, 23, 10), ALWAYS, "10 h late"),
        (ams(2026, 11, 20, 12), ams(2026, 11, 22, 12), None, "2 days late"),
        (ams(2026, 10, 20, 12), ams(2026, 11, 22, 12), DEFAULT_HOURS, "late since Tue 20 oct"),
        (ams(2025, 3, 3, 12), ams(2026, 11, 22, 12), None, "late since 3 mar 2025"),
    ],
)
def test_label(due: datetime, now: datetime, hours: Hours | None, words: str) -> None:
    assert sla.label(due, now, hours) == words


# ---------------------------------------------------------------- explanations


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (ams(2026, 11, 20, 16, 55),
         "To be answered by Monday 09:30,"
         " because we are closed from Friday 17:00 to Monday 09:00."),
        (ams(2026, 11, 20, 17, 0),
         "To be answered by Monday 09:30,"
         " because we have been closed since Friday 17:00."),
        (ams(2026, 11, 22, 23, 0),
         "To be answered by Monday 09:30,"
         " because we have been closed since Friday 17:00."),
        (ams(2026, 11, 23, 9, 0),
         "To be answered by Monday 09:30,"
         " because we were closed from Friday 17:00 to Monday 09:00."),
        (ams(2026, 11, 23, 9, 30), "Late: this had to be answered by 09:30."),
        (ams(2026, 11, 23, 9, 31, 59), "1 minute late: this had to be answered by 09:30."),
        (ams(2026, 11, 23, 17, 30),
         "7 hours late: this had to be answered by 09:30."
         " Closed time is not counted."),
        (ams(2026, 11, 24, 10, 5),
         "1 day late: this had to be answered by Monday 09:30."
         " Closed time is not counted."),
        (ams(2026, 12, 3, 10, 5),
         "8 days late: this had to be answered by Mon 23 nov 09:30."
         " Closed time is not counted."),
    ],
)  # fmt: skip
def test_explain_a_message_of_friday_evening(now: datetime, words: str) -> None:
    said = sla.explain(DEFAULT_HOURS, "first", ams(2026, 11, 20, 16, 30), ams(2026, 11, 23, 9, 30), 60, now)
    assert said == words


def test_explain_a_message_of_long_ago_gives_the_date_it_was_due() -> None:
    due = ams(2025, 3, 3, 12)
    said = sla.explain(DEFAULT_HOURS, "first", due - timedelta(hours=1), due, 60, ams(2026, 11, 22, 12))
    assert said == "Late: this had to be answered by 3 mar 2025 12:00."


def test_explain_a_message_in_the_weekend_says_since_when_we_are_closed() -> None:
    said = sla.explain(
        DEFAULT_HOURS, "next", ams(2026, 11, 21, 11), ams(2026, 11, 23, 9, 30), 30, ams(2026, 11, 21, 11, 1)
    )
    assert said == "To be answered by Monday 09:30, because we have been closed since Friday 17:00."


@pytest.mark.parametrize(
    ("hours", "kind", "start", "target", "now", "words"),
    [
        (DEFAULT_HOURS, "first", ams(2026, 11, 23, 13, 20), 120, ams(2026, 11, 23, 13, 30),
         "First answer by today 15:20: 2 hours of office time after 13:20."),
        (DEFAULT_HOURS, "next", ams(2026, 11, 23, 13, 20), 80, ams(2026, 11, 23, 13, 30),
         "Next answer by today 14:40: 1 hour and 20 minutes of office time after 13:20."),
        (DEFAULT_HOURS, "first", ams(2026, 11, 23, 16, 0), 960, ams(2026, 11, 24, 10),
         "First answer by Wednesday 16:00: 16 hours of office time after Monday 16:00."
         " Closed time does not count: the night."),
        (DEFAULT_HOURS, "next", ams(2026, 4, 2, 16, 0), 960, ams(2026, 4, 2, 16),
         "Next answer by Tuesday 16:00: 16 hours of office time after today 16:00."
         " Closed time does not count: the night, Tweede paasdag."),
        (DEFAULT_HOURS, "first", ams(2026, 4, 3, 16, 30), 60, ams(2026, 4, 4, 12),
         "To be answered by Tuesday 09:30, because we have been closed since Friday 17:00 (Tweede paasdag)."),
        (MOVING, "first", ams(2026, 11, 23, 16, 30), 60, ams(2026, 11, 23, 16, 40),
         "To be answered by Wednesday 09:30,"
         " because we are closed from Monday 17:00 to Wednesday 09:00 (Verhuizing)."),
        (LUNCH, "first", ams(2026, 11, 23, 11, 30), 60, ams(2026, 11, 23, 11, 40),
         "To be answered by today 13:30, because we are closed from 12:00 to 13:00 (lunch break)."),
        (LUNCH, "first", ams(2026, 11, 23, 11, 30), 60, ams(2026, 11, 23, 12, 40),
         "To be answered by today 13:30, because we have been closed since 12:00 (lunch break)."),
        (LUNCH, "first", ams(2026, 11, 23, 11, 30), 60, ams(2026, 11, 23, 13, 10),
         "To be answered by today 13:30, because we were closed from 12:00 to 13:00 (lunch break)."),
        (DEFAULT_HOURS, "first", ams(2026, 12, 31, 16, 30), 60, ams(2026, 12, 31, 18),
         "To be answered by Monday 09:30, because we have been closed since Thursday 17:00 (Nieuwjaarsdag)."),
    ],
)  # fmt: skip
def test_explain(hours: Hours, kind: sla.Kind, start: datetime, target: int, now: datetime, words: str) -> None:
    due = sla.deadline(hours, start, target).due_at
    assert sla.explain(hours, kind, start, due, target, now) == words


def test_explain_after_a_pause_tells_what_was_left() -> None:
    on = sla.resume(DEFAULT_HOURS, 45, 120, ams(2026, 11, 23, 14, 35))
    said = sla.explain(DEFAULT_HOURS, "first", on.started_at, on.due_at, 120, ams(2026, 11, 23, 14, 40))
    assert said == "First answer by today 15:20: of 2 hours of office time, 45 minutes was left at 14:35."


def test_explain_after_a_pause_from_the_first_start_leaves_the_wait_out() -> None:
    running = sla.deadline(DEFAULT_HOURS, ams(2026, 11, 23, 10), 120)
    left = sla.pause(DEFAULT_HOURS, running, ams(2026, 11, 23, 11))
    on = sla.resume(DEFAULT_HOURS, left, 120, ams(2026, 11, 23, 14))
    said = sla.explain(DEFAULT_HOURS, "next", running.started_at, on.due_at, 120, ams(2026, 11, 23, 14, 5))
    assert said == ("Next answer by today 15:00: 2 hours of office time after 10:00, without the citizen's turn.")


def test_explain_paused_tells_what_is_left() -> None:
    assert sla.explain_paused("next", 80) == (
        "Waiting for the citizen; then 1 hour and 20 minutes of office time is left for the next answer."
    )


@pytest.mark.parametrize(
    ("moment", "words", "with_time"),
    [
        (ams(2026, 11, 23, 14, 5), "today 14:05", "today 14:05"),
        (ams(2026, 11, 22, 23, 59), "yesterday", "yesterday 23:59"),
        (ams(2026, 11, 24, 9), "tomorrow", "tomorrow 09:00"),
        (ams(2026, 11, 16, 9), "Mon 16 nov", "Mon 16 nov 09:00"),
        (ams(2025, 3, 3, 9), "3 mar 2025", "3 mar 2025 09:00"),
    ],
)
def test_format_moment(moment: datetime, words: str, with_time: str) -> None:
    now = ams(2026, 11, 23, 15)
    assert sla.format_moment(moment, now) == words
    assert sla.format_moment(moment, now, with_time=True) == with_time


def test_days_and_months_are_dutch_when_dutch_is_active() -> None:
    now = ams(2026, 11, 25, 12)
    with translation.override("nl"):
        assert sla.format_moment(ams(2026, 11, 23, 9), now) == "ma 23 nov"
        assert sla.format_moment(ams(2025, 3, 3, 9), now) == "3 mrt 2025"
        assert sla.label(ams(2026, 11, 30, 9, 30), now, DEFAULT_HOURS) == "ma 09:30"


# ---------------------------------------------------------------- laws

quick = settings(max_examples=150, deadline=None)
targets = st.integers(1, 3000)


@quick
@given(any_hours, moments, targets)
def test_law_warning_leaves_a_fifth(hours: Hours, start: datetime, target: int) -> None:
    clock = sla.deadline(hours, start, target)
    assert office_hours.office_time_between(hours, clock.warn_at, clock.due_at) == timedelta(minutes=target) / 5
    assert start <= clock.warn_at <= clock.due_at


@quick
@given(
    any_hours,
    moments,
    targets,
    st.lists(st.timedeltas(timedelta(0), timedelta(days=2)), min_size=2, max_size=6),
)
def test_law_pausing_and_resuming_keeps_the_total(
    hours: Hours, start: datetime, target: int, waits: list[timedelta]
) -> None:
    clock, used, now = sla.deadline(hours, start, target), timedelta(0), start
    for running, waiting in zip(waits[::2], waits[1::2], strict=False):
        now = min(now + running, clock.due_at)
        used += office_hours.office_time_between(hours, clock.started_at, now)
        left = sla.pause(hours, clock, now)
        now += waiting
        clock = sla.resume(hours, left, target, now)
    used += office_hours.office_time_between(hours, clock.started_at, clock.due_at)
    assert abs(used - timedelta(minutes=target)) <= timedelta(microseconds=len(waits))


@quick
@given(any_hours, moments, moments)
def test_law_no_clock_runs_while_closed(hours: Hours, start: datetime, now: datetime) -> None:
    clock = sla.deadline(hours, start, 60)
    opens = office_hours.next_opening(hours, now)
    if opens is not None and not office_hours.is_open(hours, now):
        assert sla.pause(hours, clock, now) == sla.pause(hours, clock, opens)


@quick
@given(moments)
def test_law_lateness_stands_still_while_closed(now: datetime) -> None:
    since = office_hours.closed_since(DEFAULT_HOURS, now)
    if since is not None:
        due = since - timedelta(minutes=50)
        assert sla.label(due, now, DEFAULT_HOURS) == "50 min late"


anytime = between(datetime(2025, 1, 1, tzinfo=UTC), datetime(2028, 12, 31, tzinfo=UTC))


@quick
@given(
    st.one_of(any_hours, st.just(NEVER)), st.sampled_from(["first", "next"]), anytime, anytime,
    st.integers(0, 100_000), anytime,
)  # fmt: skip
def test_law_words_never_fail_and_are_whole_sentences(
    hours: Hours, kind: sla.Kind, start: datetime, due: datetime, target: int, now: datetime
) -> None:
    said = sla.explain(hours, kind, start, due, target, now)
    assert said.endswith(".")
    assert said.count(". ") <= 1
    assert "%(" not in said + sla.label(due, now, hours) + sla.label(due, now) + sla.format_moment(due, now)


def test_explain_in_amsterdam_time_gives_the_same_words() -> None:
    start, due, now = ams(2026, 3, 27, 16, 30), ams(2026, 3, 30, 9, 30), ams(2026, 3, 29, 2)
    local = [at.astimezone(AMSTERDAM) for at in (start, due, now)]
    said = sla.explain(DEFAULT_HOURS, "first", local[0], local[1], 60, local[2])
    assert said == sla.explain(DEFAULT_HOURS, "first", start, due, 60, now)


def test_late_evening_shift_over_midnight_counts_on() -> None:
    hours = Hours(
        tuple(Period(day, *times) for day in range(7) for times in ((time(0), time(2)), (time(20), time(0)))),
        holidays_on=False,
    )
    assert sla.label(ams(2026, 11, 24, 0, 30), ams(2026, 11, 23, 23, 50), hours) == "40 min left"
