"""Saved views of the list, and what was done to many conversations at once, so that it can be undone."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inbox.models.conversation import Conversation
from inbox.models.people import Department


class SavedView(models.Model):
    """A name for filters and an order: a colleague's own, or shared with a department.

    ``filters`` as inbox.views.filters.Filters.stored gives them: ids and codes, and the words searched for.
    """

    name = models.CharField(max_length=40, verbose_name=_("name"))
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.CASCADE, related_name="saved_views"
    )  # shared with; null: the owner's alone
    view = models.CharField(max_length=20)  # a key of inbox.views.listing.VIEWS
    sort = models.CharField(max_length=10, blank=True)  # "": the order of the view
    filters = models.JSONField(default=dict, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)  # kept, so that deleting can be undone

    class Meta:
        verbose_name = _("saved view")
        ordering: ClassVar = ["position", "id"]
        indexes: ClassVar = [
            models.Index(fields=["owner", "position"], name="views_of_colleague", condition=Q(deleted_at__isnull=True)),
            models.Index(
                fields=["department", "position"],
                name="views_of_department",
                condition=Q(deleted_at__isnull=True, department__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BulkChange(models.Model):
    """One deed done to many conversations by one colleague."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verb = models.CharField(max_length=20)
    data = models.JSONField(default=dict, blank=True)  # ids and codes of what was chosen
    submission = models.UUIDField(unique=True)  # the form that was sent: once only
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("change of many")
        indexes: ClassVar = [models.Index(fields=["by", "-at"], name="bulk_of_colleague")]

    def __str__(self) -> str:
        return f"{self.verb} {self.pk}"


class BulkItem(models.Model):
    """What became of one conversation in it, and how it was before: written in the transaction of the change."""

    change = models.ForeignKey(BulkChange, on_delete=models.CASCADE, related_name="items")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    done = models.BooleanField()
    reason = models.CharField(max_length=300, blank=True)  # why it was not done, or not undone
    before = models.JSONField(default=dict, blank=True)  # as inbox.actions.restore.state gives it
    version = models.PositiveIntegerField(default=0)  # of the conversation after the change; another: changed since
    undone = models.BooleanField(null=True, blank=True)  # null: not tried

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["change", "conversation"], name="once_in_a_change"),
        ]

    def __str__(self) -> str:
        return f"{self.change_id} #{self.conversation_id}"
