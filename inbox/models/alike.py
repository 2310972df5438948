"""Gelijke vragen: one text that answers many conversations, each for itself; and a pinned answer for a topic."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels.models import Account
from inbox.models.conversation import Conversation
from inbox.models.message import Message
from inbox.models.people import Department
from inbox.models.topics import Topic


class GroupAnswer(models.Model):
    """One text with variables (inbox.standard_texts) for the conversations in its items."""

    text = models.TextField()
    as_thread = models.BooleanField(default=False)  # too long for one post on X: a thread
    personal_data_confirmed = models.BooleanField(default=False)  # that the text may be public as it is
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submission = models.UUIDField(unique=True)  # the form that was sent: once only
    at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("answer to alike questions")
        indexes: ClassVar = [models.Index(fields=["by", "-at"], name="group_of_colleague")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True, stopped_by__isnull=True)
                | Q(stopped_at__isnull=False, stopped_by__isnull=False),
                name="stopped_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"group answer {self.pk}"


class ItemState(models.TextChoices):
    """How far one conversation of a group is; what the platform made of it is the message's own state."""

    PENDING = "pending", _("still to do")
    QUEUED = "queued", _("answered")
    REFUSED = "refused", _("not answered")
    SKIPPED = "skipped", _("stopped before it")


class GroupItem(models.Model):
    """One conversation of a group. Answered and written down in one transaction: a worker that dies did either both or
    nothing."""

    group = models.ForeignKey(GroupAnswer, on_delete=models.CASCADE, related_name="items")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    seen = models.BigIntegerField()  # the newest message when a person chose it: a newer one refuses the answer
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.PENDING)
    code = models.CharField(max_length=30, blank=True)  # of the refusal
    reason = models.CharField(max_length=300, blank=True)
    submission = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(null=True, blank=True)  # when it was decided

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["group", "conversation"], name="once_in_a_group"),
            # Two colleagues who begin at the same moment: a conversation waits in one group at a time.
            models.UniqueConstraint(fields=["conversation"], condition=Q(state="pending"), name="one_group_at_a_time"),
            models.CheckConstraint(
                condition=Q(state="queued") | Q(message__isnull=True), name="only_answered_has_a_message"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], name="group_item_to_do", condition=Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.group_id} #{self.conversation_id}"


class PinnedAnswer(models.Model):
    """Vastgezet antwoord: offered in every conversation about a topic until its time has come; then it is simply not
    offered any more. One for each place, changed where it stands."""

    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+", verbose_name=_("topic"))
    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("department")
    )  # null: all of them
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("account")
    )  # null: all of them
    text = models.TextField(max_length=4000, verbose_name=_("text"))
    until = models.DateTimeField(verbose_name=_("until"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)  # goes up with every change: two who change it notice each other
    used_count = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("pinned answer")
        ordering: ClassVar = ["-until", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["topic", "department", "account"], nulls_distinct=False, name="pinned_once_for_a_place"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["until"], name="pinned_until")]

    def __str__(self) -> str:
        return f"pinned {self.pk}"
