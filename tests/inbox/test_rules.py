"""Which rules a conversation meets, why, and what they settle: pure."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.rules import About, Conditions, Decision, Reason, Rule, Subject, Term, What, Why, decide, holds, sender_key

HOME, CITY, PASSPORTS = 1, 2, 3
MONDAY_10 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WASTE = Term("grofvuil", frozenset({"grofvuil"}))
TILE = Term("losse tegel", frozenset({"los", "tegel"}))
ASKED = Subject(
    account=7,
    department=HOME,
    public=True,
    stems=frozenset({"grofvuil", "haal", "tegel"}),
    senders=frozenset({"aisha", "+31612345678"}),
    language="nl",
    at=MONDAY_10,
    open=True,
)


def reasons(**conditions: object) -> tuple[Reason, ...] | None:
    return holds(Conditions(**conditions), ASKED)  # type: ignore[arg-type]


def test_without_conditions_it_always_holds():
    assert reasons() == ()


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"any_of": (TILE, WASTE)}, (Reason(Why.WORD, "grofvuil"),)),
        ({"any_of": (TILE,)}, None),
        ({"all_of": (WASTE,)}, (Reason(Why.WORDS, "grofvuil"),)),
        ({"all_of": (WASTE, TILE)}, None),
        ({"none_of": (TILE,)}, (Reason(Why.WITHOUT, "losse tegel"),)),
        ({"none_of": (TILE, WASTE)}, None),
        ({"any_of": (Term("de", frozenset()),)}, None),
        ({"accounts": {7: "@gemeente", 8: "Facebook"}}, (Reason(Why.ACCOUNT, "@gemeente"),)),
        ({"accounts": {8: "Facebook"}}, None),
        ({"public": True}, (Reason(Why.PUBLIC),)),
        ({"public": False}, None),
        ({"senders": frozenset({"aisha", "henk"})}, (Reason(Why.SENDER),)),
        ({"senders": frozenset({"henk"})}, None),
        ({"languages": frozenset({"nl", "en"})}, (Reason(Why.LANGUAGE, "nl"),)),
        ({"languages": frozenset({"en"})}, None),
        ({"open": True}, (Reason(Why.OPEN),)),
        ({"open": False}, None),
        ({"weekdays": frozenset({0, 5})}, (Reason(Why.WEEKDAY, "0"),)),
        ({"weekdays": frozenset({5, 6})}, None),
        ({"begins": time(10), "ends": time(11)}, (Reason(Why.HOURS, "10:00-11:00"),)),
        ({"begins": time(9), "ends": time(10)}, None),
        ({"begins": time(22), "ends": time(10, 1)}, (Reason(Why.HOURS, "22:00-10:01"),)),
        ({"begins": time(22), "ends": time(6)}, None),
    ],
)
def test_each_condition_and_its_reason(conditions, expected):
    assert reasons(**conditions) == expected


def test_all_conditions_must_hold():
    assert reasons(any_of=(WASTE,), public=False) is None
    assert reasons(any_of=(WASTE,), public=True) == (Reason(Why.WORD, "grofvuil"), Reason(Why.PUBLIC))


def test_language_is_compared_without_its_region_and_unknown_meets_none():
    spoken = Conditions(languages=frozenset({"en"}))
    held = [holds(spoken, replace(ASKED, language=each)) is not None for each in ("en-GB", "EN", "", "und")]
    assert held == [True, True, False, False]


def test_topic_an_earlier_rule_gave_comes_before_the_words():
    topics = (About(5, "Afval", (WASTE,)), About(6, "Wegen", (TILE,)))
    wanted = Conditions(topics=topics)
    assert holds(wanted, ASKED) == (Reason(Why.ABOUT, "Afval"),)
    assert holds(wanted, ASKED, topic=6) == (Reason(Why.TOPIC, "Wegen"),)
    assert holds(wanted, ASKED, topic=9) is None


@pytest.mark.parametrize(
    ("at", "weekday", "hour"),
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 6, 2),  # 02:30 in summer time
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), 6, 2),  # 02:30 again, an hour later
        (datetime(2027, 3, 28, 1, 0, tzinfo=UTC), 6, 3),  # 02:00 does not exist
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), 4, 0),  # New Year's Day, a Friday
    ],
)
def test_weekday_and_time_are_those_of_amsterdam(at, weekday, hour):
    when = Conditions(weekdays=frozenset({weekday}), begins=time(hour), ends=time(hour + 1))
    assert holds(when, replace(ASKED, at=at)) is not None
    assert holds(replace(when, weekdays=frozenset({(weekday + 1) % 7})), replace(ASKED, at=at)) is None


def test_sender_is_known_by_handle_or_number_however_written():
    assert [sender_key(each) for each in ("@Aisha", " aisha ", "+31 6 1234 5678")] == ["aisha", "aisha", "+31612345678"]


# -- together -----------------------------------------------------------------------------------------------------


def rule(pk: int, *, stop: bool = False, when: Conditions | None = None, **settles: int | str) -> Rule:
    return Rule(
        pk, f"Regel {pk}", when or Conditions(), {What(name): value for name, value in settles.items()}, stop=stop
    )


def test_first_rule_that_says_something_of_it_counts():
    decision = decide([rule(1, department=CITY), rule(2, department=PASSPORTS, topic=5)], ASKED)
    assert decision.settled == {What.DEPARTMENT: CITY, What.TOPIC: 5}
    assert [fired.settled for fired in decision.fired] == [{What.DEPARTMENT: CITY}, {What.TOPIC: 5}]


def test_stop_ends_it_only_when_the_rule_holds():
    off = rule(1, when=Conditions(public=False), stop=True, topic=4)
    assert [fired.rule.pk for fired in decide([off, rule(2, stop=True, topic=5), rule(3, topic=6)], ASKED).fired] == [2]


def test_where_it_lies_already_is_no_news_but_settled():
    decision = decide([rule(1, department=HOME), rule(2, department=CITY)], ASKED)
    assert decision.settled == {What.DEPARTMENT: HOME}
    assert [fired.does for fired in decision.fired] == [False, False]


def test_two_rules_that_would_send_it_to_and_fro_do_not():
    topics = {pk: About(pk, str(pk)) for pk in (5, 6)}
    ring = [
        rule(1, topic=5, department=CITY),
        rule(2, when=Conditions(topics=(topics[5],)), topic=6, department=HOME),
        rule(3, when=Conditions(topics=(topics[6],)), topic=5, department=CITY),
    ]
    decision = decide(ring, ASKED)
    assert [fired.rule.pk for fired in decision.fired] == [1, 2]
    assert decision.settled == {What.TOPIC: 5, What.DEPARTMENT: CITY}


def test_whom_the_rules_tell_adds_up():
    rules = [Rule(1, "a", notify=frozenset({4})), Rule(2, "b", notify=frozenset({5}), leads=True)]
    decision = decide(rules, ASKED)
    assert (decision.notify, decision.leads) == (frozenset({4, 5}), True)
    assert (Decision({}, ()).notify, Decision({}, ()).leads) == (frozenset(), False)


STEMS = st.sampled_from(["afval", "grofvuil", "tegel", "paspoort", "los"])
TERMS = st.lists(
    st.frozensets(STEMS, max_size=2).map(lambda stems: Term(" ".join(sorted(stems)), stems)), max_size=3
).map(tuple)
TOPICS = st.lists(st.builds(About, st.integers(1, 3), st.just("x"), TERMS), max_size=2).map(tuple)
CONDITIONS = st.builds(
    Conditions,
    accounts=st.dictionaries(st.integers(6, 8), st.just("kanaal"), max_size=2),
    public=st.none() | st.booleans(),
    any_of=TERMS,
    all_of=TERMS,
    none_of=TERMS,
    topics=TOPICS,
    open=st.none() | st.booleans(),
    weekdays=st.frozensets(st.integers(0, 6)),
)
SETTLES = st.fixed_dictionaries(
    {},
    optional={
        What.DEPARTMENT: st.integers(1, 3),
        What.TOPIC: st.integers(1, 3),
        What.CONTACT_KIND: st.sampled_from(["question", "complaint"]),
        What.PRIORITY: st.integers(1, 2),
        What.ASSIGNEE: st.integers(1, 3),
        What.SENSITIVE: st.just(1),
    },
)
RULES = st.lists(
    st.builds(
        Rule,
        st.integers(1, 1000),
        st.just("Regel"),
        CONDITIONS | st.just(Conditions()),
        SETTLES,
        st.frozensets(st.integers(1, 3), max_size=2),
        st.booleans(),
        st.booleans(),
    ),
    max_size=8,
    unique_by=lambda one: one.pk,
)
SUBJECTS = st.builds(
    Subject,
    account=st.integers(6, 8),
    department=st.integers(1, 3),
    public=st.booleans(),
    stems=st.frozensets(STEMS),
    senders=st.just(frozenset()),
    language=st.just(""),
    at=st.integers(0, 10_000).map(lambda hours: MONDAY_10 + timedelta(hours=hours)),
    open=st.booleans(),
)


@given(RULES, SUBJECTS)
def test_every_rule_fires_at_most_once_in_order_and_none_after_stop(rules, subject):
    fired = [one.rule.pk for one in decide(rules, subject).fired]
    order = [one.pk for one in rules]
    assert len(set(fired)) == len(fired)
    assert fired == [pk for pk in order if pk in set(fired)]
    stops = [one.rule.stop for one in decide(rules, subject).fired]
    assert not any(stops[:-1])


@given(RULES, SUBJECTS)
def test_each_thing_is_settled_once_by_the_first_that_names_it(rules, subject):
    decision = decide(rules, subject)
    for what, value in decision.settled.items():
        first = next(one for one in decision.fired if what in one.rule.settles)
        assert first.rule.settles[what] == value
    told = [what for one in decision.fired for what in one.settled]
    assert len(set(told)) == len(told)


@given(RULES, SUBJECTS)
def test_rules_that_loop_come_to_rest(rules, subject):
    """Where a decision ends, the same rules have nothing more to say: it never comes back where it was."""
    decision = decide(rules, subject)
    ends = decision.settled.get(What.DEPARTMENT, subject.department)
    moves = [one for one in decision.fired if What.DEPARTMENT in one.settled]
    assert len(moves) <= 1
    assert (ends != subject.department) == bool(moves)


@given(RULES, SUBJECTS, st.data())
def test_rule_that_does_not_hold_changes_nothing_whether_it_is_there_or_not(rules, subject, data):
    decision = decide(rules, subject)
    held = {one.rule.pk for one in decision.fired}
    idle = [one for one in rules if one.pk not in held]
    if idle:
        gone = data.draw(st.sampled_from(idle)).pk
        without = decide([one for one in rules if one.pk != gone], subject)
        # One after a stop may hold without it having been asked; it is still not asked.
        assert without == decision


@given(RULES, SUBJECTS)
def test_same_again_is_the_same(rules, subject):
    assert decide(rules, subject) == decide(rules, subject)


@given(TERMS, st.frozensets(STEMS))
def test_none_of_is_the_opposite_of_any_of(terms, stems):
    subject = replace(ASKED, stems=stems)
    if terms:
        any_of = holds(Conditions(any_of=terms), subject) is not None
        none_of = holds(Conditions(none_of=terms), subject) is not None
        assert any_of != none_of


@given(TERMS.filter(bool), st.frozensets(STEMS))
def test_all_of_is_never_wider_than_any_of(terms, stems):
    subject = replace(ASKED, stems=stems)
    assert not holds(Conditions(all_of=terms), subject) or holds(Conditions(any_of=terms), subject)
