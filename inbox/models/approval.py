"""Four eyes: who approves answers in the sensitive conversations of a department, and each answer that waits."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inbox.models.conversation import Conversation
from inbox.models.people import Department


class ApproverGroup(models.Model):
    """Who approves for a department, by the name colleagues know them by. Only who sees the department counts; without
    anybody it is its team leads and administrators (inbox.permissions.approvers_of)."""

    department = models.OneToOneField(Department, on_delete=models.CASCADE, related_name="approver_group")
    name = models.CharField(max_length=60, verbose_name=_("name"))
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="approver_groups", verbose_name=_("who approves")
    )

    class Meta:
        verbose_name = _("group of approvers")

    def __str__(self) -> str:
        return self.name


class ApprovalState(models.TextChoices):
    """How far it is."""

    PENDING = "pending", pgettext_lazy("approval", "waits")
    APPROVED = "approved", pgettext_lazy("approval", "approved")
    REFUSED = "refused", pgettext_lazy("approval", "not approved")
    WITHDRAWN = "withdrawn", pgettext_lazy("approval", "withdrawn")


class Approval(models.Model):
    """One answer in a sensitive conversation. ``message_ids``: the messages it is, in order; more than one for a
    thread on X. A trigger on Message looks here before one of them may go."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="approvals")
    message_ids = ArrayField(models.BigIntegerField())
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()  # as its author wrote it
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ApprovalState.choices, default=ApprovalState.PENDING)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    changed_text = models.TextField(blank=True)  # as it was approved, where that is not what its author wrote
    reason = models.TextField(blank=True)  # why not; for colleagues only

    class Meta:
        verbose_name = _("approval")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="pending", decided_by__isnull=True, decided_at__isnull=True)
                | ~Q(state="pending") & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="decided_by_somebody",
            ),
            # Four eyes: the first two never approve.
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "refused"]) | ~Q(decided_by=F("author")),
                name="approved_by_another",
            ),
            models.CheckConstraint(condition=~Q(state="refused") | ~Q(reason=""), name="refused_with_a_reason"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["asked_at", "id"], name="approval_pending", condition=Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"approval #{self.conversation_id}"
