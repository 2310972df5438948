"""Regels: what happens by itself with a new conversation. Decided by inbox.rules; this is how they are kept."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inbox.models.people import Department
from inbox.models.topics import ContactKind, Priority, SensitiveGround, Topic


class RoutingRule(models.Model):
    """One rule; they are asked in the order of ``position``. New ones are off until somebody tried them.

    ``conditions`` as inbox.actions.rulebook reads them: only what was filled in, ids and codes, the words as typed.
    The actions are columns, so that what they point at cannot go away under them.
    """

    name = models.CharField(max_length=60, verbose_name=_("name"))
    position = models.PositiveIntegerField()
    active = models.BooleanField(default=False, verbose_name=_("in use"))
    conditions = models.JSONField(default=dict, blank=True)

    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("department")
    )
    topic = models.ForeignKey(
        Topic, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("topic")
    )
    contact_kind = models.CharField(
        max_length=10, choices=ContactKind.choices, blank=True, verbose_name=_("kind of contact")
    )
    priority = models.PositiveSmallIntegerField(
        choices=Priority.choices, null=True, blank=True, verbose_name=_("priority")
    )  # null: says nothing of it
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("colleague"),
    )
    # On what ground; empty: says nothing of it.
    sensitive = models.CharField(
        max_length=10, choices=SensitiveGround.choices, blank=True, verbose_name=_("sensitive")
    )
    notify = ArrayField(models.BigIntegerField(), default=list, blank=True)  # ids of colleagues
    notify_leads = models.BooleanField(default=False)  # of the department where it then lies
    stop = models.BooleanField(default=False)  # the rules after it are not asked

    # Counted after the fact, beside the intake: good for "is this rule of any use".
    hits = models.PositiveIntegerField(default=0)
    hit_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("rule")
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name"], name="rule_name_once"),
            # Looked at on commit: two rules change places.
            models.UniqueConstraint(
                fields=["position"], name="rule_position_once", deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(
                condition=Q(priority__isnull=True) | Q(priority__lte=Priority.URGENT), name="rule_priority_that_exists"
            ),
            models.CheckConstraint(
                condition=Q(department__isnull=False)
                | Q(topic__isnull=False)
                | ~Q(contact_kind="")
                | Q(priority__isnull=False)
                | Q(assignee__isnull=False)
                | ~Q(sensitive="")
                | Q(notify__len__gt=0)
                | Q(notify_leads=True)
                | Q(stop=True),
                name="rule_does_something",
            ),
        ]

    def __str__(self) -> str:
        return self.name
