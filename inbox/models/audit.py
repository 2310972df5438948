"""Who did what, when: append-only, held by a trigger."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from inbox.models.conversation import Conversation


class AuditEntry(models.Model):
    """One change. ``data`` holds ids, codes, names of colleagues and departments; nothing of a citizen."""

    conversation = models.ForeignKey(
        Conversation, null=True, blank=True, on_delete=models.PROTECT, related_name="audit_entries"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: Webcare itself
    verb = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("audit entry")
        indexes: ClassVar = [models.Index(fields=["conversation", "at", "id"], name="audit_of_conversation")]
        triggers: ClassVar = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.verb} #{self.conversation_id}"
