"""Regels bijhouden: add, change, put in another place, switch on and off, remove. One at a time, each written down."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import Max

from channels.clock import now
from inbox import audit
from inbox.actions.refused import NotVisible
from inbox.models import RoutingRule, User

ALL = 0x5765626361726501  # the lock of all rules and their order


def save(rule: RoutingRule, *, by: User, fields: Sequence[str]) -> None:
    """A new one, at the end, or one with these fields changed (names, for the audit entry). Not its place, nor whether
    it is on: a form that lay open must not undo that."""
    with _alone():
        rule.changed_at = now()
        if rule._state.adding:
            last = RoutingRule.objects.aggregate(last=Max("position"))["last"]
            rule.position = 1 if last is None else last + 1
            rule.save(force_insert=True)
            audit.record(None, "rule_added", by, rule=rule.pk, name=rule.name)
        elif fields:
            aside = {"id", "position", "active", "hits", "hit_at"}
            rule.save(update_fields=[each.name for each in rule._meta.concrete_fields if each.name not in aside])
            audit.record(None, "rule_changed", by, rule=rule.pk, name=rule.name, fields=list(fields))


def switch(pk: int, *, by: User, on: bool) -> RoutingRule:
    """On or off, from the next message on; again changes nothing. Raises NotVisible when it is gone."""
    with _alone():
        rule = _one(pk)
        if rule.active != on:
            rule.active = on
            rule.save(update_fields=["active"])
            audit.record(None, "rule_on" if on else "rule_off", by, rule=rule.pk, name=rule.name)
    return rule


def move(pk: int, *, by: User, up: bool) -> RoutingRule:
    """Past the one before or after it; the first cannot go up. Raises NotVisible when it is gone."""
    with _alone():
        rule = _one(pk)
        others = RoutingRule.objects.filter(position__lt=rule.position).order_by("-position")
        if not up:
            others = RoutingRule.objects.filter(position__gt=rule.position).order_by("position")
        other = others.first()
        if other is not None:
            rule.position, other.position = other.position, rule.position
            rule.save(update_fields=["position"])
            other.save(update_fields=["position"])
            audit.record(None, "rule_moved", by, rule=rule.pk, name=rule.name, up=up, past=other.name)
    return rule


def remove(pk: int, *, by: User) -> RoutingRule:
    """For good; what it did stays in the timelines. Raises NotVisible when it is gone already."""
    with _alone():
        rule = _one(pk)
        RoutingRule.objects.filter(pk=pk).delete()
        audit.record(None, "rule_removed", by, rule=pk, name=rule.name)
    return rule


@contextmanager
def _alone() -> Iterator[None]:
    """Rules are few and seldom changed: whoever changes one or their order does so alone."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ALL])
        yield


def _one(pk: int) -> RoutingRule:
    rule = RoutingRule.objects.filter(pk=pk).first()
    if rule is None:
        raise NotVisible
    return rule
