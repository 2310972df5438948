"""Rules are kept in one order, whoever moves them at the same moment, and every change is written down."""

from functools import partial
from typing import Any

import pytest

from inbox.actions import keep_rule
from inbox.actions.refused import NotVisible
from inbox.models import AuditEntry, RoutingRule, User
from tests.inbox.actions.together import codes, together

VERBS = ["rule_added", "rule_changed", "rule_on", "rule_moved", "rule_off", "rule_removed"]


def add(admin: User, name: str, **fields: Any) -> RoutingRule:
    rule = RoutingRule(name=name, contact_kind="question", **fields)
    keep_rule.save(rule, by=admin, fields=["name"])
    return rule


def names() -> list[str]:
    return list(RoutingRule.objects.values_list("name", flat=True))


def test_new_rule_is_last_and_off(admin):
    rules = [add(admin, name) for name in "abc"]
    assert (names(), [rule.active for rule in rules]) == (["a", "b", "c"], [False] * 3)


def test_moved_past_its_neighbour_and_no_further(admin):
    first, _second, third = (add(admin, name) for name in "abc")
    keep_rule.move(third.pk, by=admin, up=True)
    assert names() == ["a", "c", "b"]
    keep_rule.move(first.pk, by=admin, up=True)
    assert names() == ["a", "c", "b"]
    keep_rule.move(first.pk, by=admin, up=False)
    assert names() == ["c", "a", "b"]


def test_what_was_changed_leaves_place_and_switch_alone(admin):
    rule, other = add(admin, "a"), add(admin, "b")
    stale = RoutingRule.objects.get(pk=rule.pk)
    keep_rule.switch(rule.pk, by=admin, on=True)
    keep_rule.move(rule.pk, by=admin, up=False)
    stale.name = "nieuw"
    keep_rule.save(stale, by=admin, fields=["name"])
    rule.refresh_from_db()
    other.refresh_from_db()
    assert (rule.name, rule.active, rule.position > other.position) == ("nieuw", True, True)


def test_every_change_is_written_down_and_nothing_else(admin):
    rule, _other = add(admin, "a"), add(admin, "b")
    keep_rule.save(rule, by=admin, fields=[])
    keep_rule.save(rule, by=admin, fields=["stop"])
    keep_rule.switch(rule.pk, by=admin, on=True)
    keep_rule.switch(rule.pk, by=admin, on=True)
    keep_rule.move(rule.pk, by=admin, up=False)
    keep_rule.move(rule.pk, by=admin, up=False)
    keep_rule.switch(rule.pk, by=admin, on=False)
    keep_rule.remove(rule.pk, by=admin)
    entries = AuditEntry.objects.filter(data__rule=rule.pk).order_by("pk")
    assert list(entries.values_list("verb", flat=True)) == VERBS
    assert {entry.actor for entry in entries} == {admin}


def test_gone_is_gone(admin):
    rule = add(admin, "a")
    keep_rule.remove(rule.pk, by=admin)
    for deed in (partial(keep_rule.move, up=True), partial(keep_rule.switch, on=True), keep_rule.remove):
        with pytest.raises(NotVisible):
            deed(rule.pk, by=admin)


@pytest.mark.django_db(transaction=True)
def test_added_and_moved_at_once_there_is_still_one_order(admin):
    rules = [add(admin, name) for name in "abcd"]
    moves = [partial(keep_rule.move, rule.pk, by=admin, up=number % 2 == 0) for number, rule in enumerate(rules)]
    adds = [partial(add, admin, f"nieuw {number}") for number in range(4)]
    assert codes(together(*moves, *adds)) == ["ok"] * 8
    positions = list(RoutingRule.objects.values_list("position", flat=True))
    assert (len(set(positions)), len(positions)) == (8, 8)
