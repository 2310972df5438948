"""What a platform keeps for us (approved templates), and what we asked it to do to a message (hide, like, delete)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels.models import Account
from inbox.models.conversation import Conversation
from inbox.models.message import Message


class TemplateStatus(models.TextChoices):
    """What WhatsApp thinks of a template; only an approved one may be sent."""

    APPROVED = "approved", _("approved")
    PENDING = "pending", _("being judged")
    REJECTED = "rejected", _("rejected")
    OTHER = "other", _("not usable")  # paused, disabled, never handed in


class MessageTemplate(models.Model):
    """A text that WhatsApp approved beforehand, as Twilio keeps it: a copy, told anew by inbox.templates_wa."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="templates")
    external_id = models.CharField(max_length=64)  # Twilio's content sid
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=10, blank=True)
    category = models.CharField(max_length=30, blank=True)
    status = models.CharField(max_length=10, choices=TemplateStatus.choices)
    reason = models.CharField(max_length=300, blank=True)  # why it was rejected, in WhatsApp's words
    body = models.TextField(blank=True)  # with {{1}} or {{name}} where a variable goes
    examples = models.JSONField(default=dict, blank=True)  # by variable, as filled in when it was made
    buttons = models.JSONField(default=list, blank=True)  # what stands on them
    gone_at = models.DateTimeField(null=True, blank=True)  # no longer in the platform's list

    class Meta:
        verbose_name = _("template")
        ordering: ClassVar = ["name", "language", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "external_id"], name="template_once_per_account"),
        ]

    def __str__(self) -> str:
        return self.name


class TemplateRound(models.Model):
    """When the platform was last asked for its templates, and what it said; one row an account."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="template_round")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)  # the last time it told
    code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=30, blank=True)  # why it did not: a key of channels.errors.REASONS

    def __str__(self) -> str:
        return f"templates of {self.account_id}"


class Deed(models.TextChoices):
    """What can be done to a message where it stands."""

    HIDE = "hide", _("hide")
    SHOW = "show", _("show again")
    LIKE = "like", _("like")
    UNLIKE = "unlike", _("like no more")
    DELETE = "delete", _("delete")


class DeedState(models.TextChoices):
    """How far it is."""

    WAITING = "waiting", _("waiting")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class PlatformDeed(models.Model):
    """One thing a colleague asked a platform to do to a message. Written first, done by a task, safe to do twice."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deeds")
    what = models.CharField(max_length=10, choices=Deed.choices)
    state = models.CharField(max_length=10, choices=DeedState.choices, default=DeedState.WAITING)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)  # waiting: not before; null: it is over
    ended_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=30, blank=True)  # a key of channels.errors.REASONS

    class Meta:
        verbose_name = _("deed at a platform")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message"], condition=Q(state="waiting"), name="one_deed_at_a_time"),
            models.CheckConstraint(
                condition=Q(state="waiting", due_at__isnull=False) | ~Q(state="waiting") & Q(due_at__isnull=True),
                name="waiting_deed_has_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], name="deed_to_do", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.message_id}"


class PublicLine(models.Model):
    """What is to be said in public once a private answer has arrived: never before, for it says that it was sent."""

    private = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="public_line")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")  # the public one
    text = models.TextField()
    said = models.OneToOneField(Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    over_at = models.DateTimeField(null=True, blank=True)  # it was said, or need not be any more

    class Meta:
        indexes: ClassVar = [models.Index(fields=["id"], name="public_line_to_say", condition=Q(over_at__isnull=True))]

    def __str__(self) -> str:
        return f"public line of {self.private_id}"
