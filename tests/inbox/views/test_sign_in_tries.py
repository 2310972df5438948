"""Log-ins under way: each good once, for who began it, and for a quarter of an hour."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.views import sign_in_tries
from inbox.views.sign_in_tries import LASTS, MOST, Try, begin, take


@given(st.lists(st.tuples(st.integers(1, 9), st.none() | st.integers(1, 9)), min_size=1, max_size=MOST), st.randoms())
def test_each_is_taken_once_in_any_order(begun: list[tuple[int, int | None]], order: Any) -> None:
    session: dict[str, Any] = {}
    made = [begin(session, app, account) for app, account in begun]
    order.shuffle(made)
    assert [take(session, one.state) for one in made] == made
    assert [take(session, one.state) for one in made] == [None] * len(made)


@given(st.text(max_size=200))
def test_any_other_state_is_refused_and_uses_nothing_up(state: str) -> None:
    session: dict[str, Any] = {}
    made = begin(session, 1)
    assert take(session, state) is None
    assert take(session, made.state) == made


@given(st.integers(1, 50))
def test_states_and_verifiers_are_as_the_standards_want(number: int) -> None:
    made = begin({}, number)
    # RFC 7636: 43 to 128 of these signs; a state nobody guesses.
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", made.verifier)
    assert re.fullmatch(r"[A-Za-z0-9_-]{32,}", made.state)
    assert made.state not in made.verifier


def test_another_session_knows_nothing_of_it() -> None:
    made = begin({}, 1)
    assert take({}, made.state) is None


def test_more_than_the_most_push_out_the_oldest() -> None:
    session: dict[str, Any] = {}
    made = [begin(session, number) for number in range(MOST + 1)]
    assert [take(session, one.state) is not None for one in made] == [False] + [True] * MOST


@pytest.mark.parametrize(("later", "good"), [(LASTS - 1, True), (LASTS + 1, False)])
def test_one_too_old_is_refused(later: int, good: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    session: dict[str, Any] = {}
    made: Try = begin(session, 1)
    ended = sign_in_tries.time.time() + later
    monkeypatch.setattr(sign_in_tries.time, "time", lambda: ended)
    assert (take(session, made.state) is not None) == good
