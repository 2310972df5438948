"""Advies: a question to an expert about one conversation, which stays with the colleague who asks."""

from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inbox.models.conversation import Conversation
from inbox.models.people import Department, Role

if TYPE_CHECKING:
    from inbox.models.people import User


# Who answers a question to a department.
ADVISERS = frozenset({Role.EXPERT, Role.LEAD})


class AdviceState(models.TextChoices):
    """How far it is."""

    OPEN = "open", pgettext_lazy("advice", "asked")
    ANSWERED = "answered", pgettext_lazy("advice", "answered")
    WITHDRAWN = "withdrawn", pgettext_lazy("advice", "withdrawn")


class AdviceQuerySet(models.QuerySet["AdviceRequest"]):
    """Whose question it is to answer."""

    def asked_of(self, user: "User") -> Self:
        """To this colleague, or to a department of which they are an expert. Nothing for who only reads along."""
        if not user.is_active or user.role == Role.VIEWER:
            return self.none()
        if user.role not in ADVISERS:
            return self.filter(expert=user)
        return self.filter(Q(expert=user) | Q(department__in=user.departments.all()))

    def open(self) -> Self:
        """Not answered yet, and still wanted."""
        return self.filter(state=AdviceState.OPEN)


class AdviceRequest(models.Model):
    """One question. While it is open whoever is asked may read the conversation, wherever that lies."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="advice")
    question = models.TextField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    # One of the two: a colleague, or the experts of a department.
    expert = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    department = models.ForeignKey(Department, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    warn_at = models.DateTimeField()
    due_at = models.DateTimeField()  # in office time, from when it was asked
    state = models.CharField(max_length=10, choices=AdviceState.choices, default=AdviceState.OPEN)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)  # taken over into an answer
    mailed_at = models.DateTimeField(null=True, blank=True)  # the expert was told by mail

    objects = AdviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("request for advice")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(expert__isnull=True, department__isnull=False)
                | Q(expert__isnull=False, department__isnull=True),
                name="advice_of_one",
            ),
            models.CheckConstraint(
                condition=Q(state="open", ended_at__isnull=True, answered_by__isnull=True, answer="")
                | Q(state="withdrawn", ended_at__isnull=False, answered_by__isnull=True, answer="")
                | Q(state="answered", ended_at__isnull=False, answered_by__isnull=False) & ~Q(answer=""),
                name="advice_answered_once",
            ),
            # A second click, or a colleague who asks the same: one question at a time.
            models.UniqueConstraint(
                fields=["conversation", "expert"], condition=Q(state="open"), name="one_open_advice_per_expert"
            ),
            models.UniqueConstraint(
                fields=["conversation", "department"], condition=Q(state="open"), name="one_open_advice_per_department"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["warn_at"], name="advice_open", condition=Q(state="open")),
            models.Index(fields=["asked_by", "-asked_at"], name="advice_by_asker"),
        ]

    def __str__(self) -> str:
        return f"advice {self.pk} #{self.conversation_id}"

    @property
    def asked_name(self) -> str:
        """Who is asked: a colleague, or a department."""
        return str(self.expert or self.department)
