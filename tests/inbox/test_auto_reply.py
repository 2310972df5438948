"""The out-of-hours reply: when it goes, when not and why, and its text."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox import auto_reply
from inbox.auto_reply import Decision, decide, opening_words, reason_text, render, unknown_variables
from inbox.incoming.auto_replies import NOT_ANSWERABLE
from inbox.office_hours import DEFAULT_HOURS, Hours
from tests.inbox.test_office_hours import NEVER, ams

FRIDAY = ams(2026, 11, 20, 17, 5)
CLOSED = ams(2026, 11, 20, 17)
CODES = {
    auto_reply.SENT,
    auto_reply.OFFICE_OPEN,
    auto_reply.NOT_FROM_CITIZEN,
    auto_reply.NO_TEXT,
    auto_reply.BLOCKED,
    auto_reply.SENSITIVE,
    auto_reply.TOO_OLD,
    auto_reply.NO_HOURS,
    auto_reply.ALREADY_THIS_CLOSED_PERIOD,
    auto_reply.ALREADY_IN_PUBLIC_THREAD,
}


@pytest.fixture(autouse=True, scope="module")
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def asked(
    now: datetime = FRIDAY, age: timedelta = timedelta(seconds=2), hours: Hours = DEFAULT_HOURS, **facts: Any
) -> Decision:
    usual: dict[str, Any] = {
        "text": "Wij zijn er {volgende_opening} weer. {gemeente}, {kanaal}",
        "is_public": False,
        "sensitive": False,
        "blocked": False,
        "already_in_closed_period": False,
        "already_in_public_thread": False,
        "is_from_citizen": True,
        "variables": {"gemeente": "Gemeente Waterkant", "kanaal": "@waterkant"},
    }
    return decide(hours, now, now - age, **(usual | facts))


def test_friday_five_past_five_gets_the_reply() -> None:
    text = "Wij zijn er maandag 09:00 weer. Gemeente Waterkant, @waterkant"
    assert asked() == Decision(True, auto_reply.SENT, text, CLOSED)


def test_public_message_gets_the_reply_the_first_time_in_its_thread() -> None:
    assert asked(is_public=True).send


def test_private_conversation_gets_it_again_in_the_next_closed_period() -> None:
    assert asked(already_in_public_thread=True).send
    assert asked(now=FRIDAY + timedelta(days=4)).closed_since == CLOSED + timedelta(days=4)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"is_from_citizen": False}, auto_reply.NOT_FROM_CITIZEN),
        ({"text": ""}, auto_reply.NO_TEXT),
        ({"text": " \n"}, auto_reply.NO_TEXT),
        ({"blocked": True}, auto_reply.BLOCKED),
        ({"sensitive": True}, auto_reply.SENSITIVE),
        ({"age": timedelta(hours=12, seconds=1)}, auto_reply.TOO_OLD),
        ({"already_in_closed_period": True}, auto_reply.ALREADY_THIS_CLOSED_PERIOD),
        ({"is_public": True, "already_in_public_thread": True}, auto_reply.ALREADY_IN_PUBLIC_THREAD),
    ],
)
def test_refusal_has_its_own_reason(facts: dict[str, Any], reason: str) -> None:
    assert asked(**facts) == Decision(False, reason, "", CLOSED)


def test_open_office_sends_nothing() -> None:
    assert asked(now=ams(2026, 11, 20, 16, 59)) == Decision(False, auto_reply.OFFICE_OPEN, "", None)


def test_office_without_hours_sends_nothing() -> None:
    assert asked(hours=NEVER) == Decision(False, auto_reply.NO_HOURS, "", None)


def test_message_of_exactly_twelve_hours_still_gets_it() -> None:
    assert asked(age=timedelta(hours=12)).send


def test_message_from_a_platform_whose_clock_runs_ahead_gets_it() -> None:
    assert asked(age=timedelta(seconds=-30)).send


def test_ordinary_refusals_stay_off_the_timeline() -> None:
    unnoted = {code for code in CODES if not replace(asked(), reason=code).worth_noting}
    assert unnoted == {auto_reply.OFFICE_OPEN, auto_reply.NOT_FROM_CITIZEN, auto_reply.NO_TEXT}


def test_every_reason_has_its_own_words() -> None:
    assert len({reason_text(code) for code in CODES}) == len(CODES)
    assert reason_text(NOT_ANSWERABLE) == "No out-of-hours reply: X takes no answer here."
    assert reason_text(auto_reply.SENSITIVE) == "No out-of-hours reply: this conversation is sensitive."
    assert reason_text("later_code") == "No out-of-hours reply: later_code."


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{kanaal}", "@waterkant"),
        ("{ kanaal }", "@waterkant"),
        ("{onbekend} {kanaal}", "{onbekend} @waterkant"),
        ("{{kanaal}}", "{@waterkant}"),
        ("{", "{"),
        ("{}", "{}"),
        ("100% {kanaal!r} {0} {kanaal.x}", "100% {kanaal!r} {0} {kanaal.x}"),
        ("} {kanaal {kanaal}", "} {kanaal @waterkant"),
    ],
)
def test_render_leaves_what_it_does_not_know(text: str, filled: str) -> None:
    assert render(text, {"kanaal": "@waterkant"}) == filled


def test_render_does_not_fill_in_what_a_value_holds() -> None:
    assert render("{kanaal}", {"kanaal": "{gemeente}", "gemeente": "x"}) == "{gemeente}"


def test_unknown_variables_are_named_once_in_order() -> None:
    assert unknown_variables("{naam} {kanaal} {volgende_opening} {Gemeente} {naam} {}") == [
        "naam",
        "Gemeente",
        "",
    ]


@pytest.mark.parametrize(
    ("opens", "words"),
    [
        (ams(2026, 11, 23, 9), "maandag 09:00"),
        (ams(2026, 11, 26, 9), "donderdag 09:00"),
        (ams(2026, 11, 27, 9), "vrijdag 27 november 09:00"),
        (ams(2027, 1, 4, 9), "maandag 4 januari 09:00"),
    ],
)
def test_opening_is_told_in_dutch_in_any_language(opens: datetime, words: str) -> None:
    assert opening_words(opens, FRIDAY) == words


def test_opening_later_today_is_told_by_its_time() -> None:
    assert opening_words(ams(2026, 11, 20, 19), FRIDAY).endswith(" 19:00")


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="{}ab %!\n", max_size=40),
    st.dictionaries(st.text(alphabet="ab ", max_size=3), st.text(max_size=3)),
)
def test_law_render_never_fails(text: str, variables: dict[str, str]) -> None:
    render(text, variables)
    if not unknown_variables(text):
        assert "{kanaal}" not in render(text, {"kanaal": ""})
