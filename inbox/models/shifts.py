"""A shift that ended: what was handed over, with one note for who goes on with it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from inbox.models.views import BulkChange


class Handover(models.Model):
    """The open conversations of one colleague, passed on in one go. Which, and how they were: ``change``.

    ``change.by`` is who did it: themselves, or their team lead."""

    change = models.OneToOneField(BulkChange, on_delete=models.CASCADE, related_name="handover")
    of = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # Who goes on; null: the department.
    to = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True)  # for colleagues only
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("handover of a shift")
        indexes: ClassVar = [models.Index(fields=["-at"], name="handovers_by_time")]

    def __str__(self) -> str:
        return f"{self.of_id} {self.at:%Y-%m-%d}"
