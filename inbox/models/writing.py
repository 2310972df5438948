"""What is written before it is sent: standard replies, a colleague's drafts, and the files that will go along."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels.models import Account, Kind
from inbox.models.conversation import Conversation
from inbox.models.people import Department
from inbox.models.topics import Topic


class Reach(models.TextChoices):
    """For which kind of answer a standard reply is meant."""

    ANY = "", _("public and private")
    PUBLIC = "public", _("public only")
    PRIVATE = "private", _("private only")


class StandardReply(models.Model):
    """A text that colleagues take over into their answer, with variables between braces (inbox.standard_replies)."""

    name = models.CharField(max_length=80, verbose_name=_("name"))
    text = models.TextField(max_length=4000, verbose_name=_("text"))
    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("department")
    )  # null: all of them
    kind = models.CharField(max_length=16, choices=Kind.choices, blank=True, verbose_name=_("platform"))
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("account")
    )
    reach = models.CharField(max_length=7, choices=Reach.choices, blank=True, verbose_name=_("for answers"))
    # Offered first in conversations about it, and in others as ever.
    topic = models.ForeignKey(
        Topic,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="standard_replies",
        verbose_name=_("topic"),
    )
    active = models.BooleanField(default=True, verbose_name=_("in use"))
    used_count = models.PositiveIntegerField(default=0, db_default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("standard reply")
        ordering: ClassVar = ["-used_count", "-changed_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "department"], nulls_distinct=False, name="standard_reply_once"),
        ]

    def __str__(self) -> str:
        return self.name


class DraftMode(models.TextChoices):
    """What is being written."""

    REPLY = "reply", _("answer")
    NOTE = "note", _("note")


class Draft(models.Model):
    """What a colleague typed and did not send yet. Nobody else ever sees it.

    ``sent_at``: it is on its way and may be taken back (inbox.actions.undo); it is no draft any more, and is kept
    only to give the text back as it was typed."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="drafts")
    mode = models.CharField(max_length=5, choices=DraftMode.choices)
    text = models.TextField()
    submission = models.UUIDField(null=True, blank=True)  # of the form it was typed in
    version = models.PositiveIntegerField(default=1)  # goes up with every save: two tabs notice each other
    updated_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("draft")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "conversation", "mode"], name="one_draft_each"),
        ]
        indexes: ClassVar = [models.Index(fields=["updated_at"], name="draft_age")]

    def __str__(self) -> str:
        return f"{self.mode} of {self.user_id} #{self.conversation_id}"


def upload_path(upload: "Upload", filename: str) -> str:
    """A random name: the colleague's file name never becomes a path. Beside the attachments, that it becomes."""
    return f"attachments/{uuid.uuid4().hex}"


class Upload(models.Model):
    """A file that goes along with an answer that is not sent yet; sending makes it an Attachment. Only its
    uploader sees it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="uploads")
    file = models.FileField(upload_to=upload_path)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    alt_text = models.CharField(max_length=1000, blank=True)
    decorative = models.BooleanField(default=False)  # a picture that says nothing: needs no words
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("file to send")
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="upload_age")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(decorative=False) | Q(alt_text=""), name="decorative_has_no_words"),
        ]

    def __str__(self) -> str:
        return f"{self.content_type} {self.pk}"

    @property
    def is_picture(self) -> bool:
        """Whether it is shown, and needs words for who cannot see it."""
        return self.content_type.startswith("image/")
