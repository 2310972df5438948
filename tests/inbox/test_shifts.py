"""The rule of who is off: laws that hold for any rule, receiver and conversations; and what was forgotten."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox.office_hours import Hours, Period
from inbox.shifts import FORGOTTEN_AFTER, Receiver, Rest, forgotten

OFF, OTHER = 1, 2
ids = st.integers(1, 3)
receiver = st.none() | st.builds(
    Receiver, pk=ids, working=st.booleans(), departments=st.frozensets(ids), room=st.none() | st.integers(-1, 3)
)
rest = st.builds(Rest, pk=st.just(OFF), rule=st.sampled_from(["department", "colleague", "keep"]), receiver=receiver)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first draw loads much
@given(rest, st.lists(ids, max_size=8))
def test_goes_to_nobody_but_the_receiver_in_a_department_of_theirs(rest: Rest, departments: list[int]) -> None:
    found = rest.receiver
    room = found.room if found else None
    places = [rest.place(department) for department in departments]
    if rest.rule == "keep":
        assert set(places) <= {OFF}
        return
    assert OFF not in places
    if rest.rule == "department" or found is None or not found.working or found.pk == OFF:
        assert set(places) <= {None}
        return
    fitting = [department in found.departments for department in departments]
    assert all(fits for fits, place in zip(fitting, places, strict=True) if place is not None)
    most = fitting.count(True) if room is None else min(max(0, room), fitting.count(True))
    assert places.count(found.pk) == most
    assert set(places) <= {None, found.pk}


OFFICE = Hours(tuple(Period(day, time(9), time(17)) for day in range(5)))
LATE = Hours(tuple(Period(day, time(9), time(20)) for day in range(5)))
FRIDAY_17 = datetime(2026, 11, 27, 16, tzinfo=UTC)


def test_forgotten_two_hours_after_the_last_account_closed() -> None:
    said, then = FRIDAY_17 - timedelta(hours=7), FRIDAY_17 + FORGOTTEN_AFTER
    assert forgotten([OFFICE], said, then)
    assert not forgotten([OFFICE], said, then - timedelta(seconds=1))
    assert not forgotten([OFFICE, LATE], said, then)
    assert forgotten([OFFICE, LATE], said, then + timedelta(hours=3))


def test_who_says_it_after_closing_time_means_it() -> None:
    then = FRIDAY_17 + FORGOTTEN_AFTER
    assert not forgotten([OFFICE], FRIDAY_17 + timedelta(minutes=1), then)
    assert forgotten([OFFICE], None, then)


def test_without_hours_nothing_is_forgotten() -> None:
    assert not forgotten([], None, FRIDAY_17 + timedelta(days=1))
    assert not forgotten([Hours(())], None, FRIDAY_17 + timedelta(days=1))
