"""What a department does with a question that is left lying. Without a row: the defaults."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from inbox.models.people import Department


class Escalation(models.Model):
    """The claimer hears it at four fifths of the target and the team lead when it is late: that is the same everywhere.
    This is what follows."""

    department = models.OneToOneField(Department, on_delete=models.CASCADE, related_name="escalation")
    next_department = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("next department"),
    )
    next_minutes = models.PositiveSmallIntegerField(
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(9600)],
        verbose_name=_("office minutes after it became late"),
    )
    unclaimed_percent = models.PositiveSmallIntegerField(
        default=50,
        validators=[MinValueValidator(5), MaxValueValidator(100)],
        verbose_name=_("part of the target, in percent"),
    )
    in_turn = models.BooleanField(default=False, verbose_name=_("assign it in turn to who is available"))

    class Meta:
        verbose_name = _("escalation")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(next_department__isnull=True) | ~Q(next_department=F("department")),
                name="escalated_elsewhere",
            ),
            models.CheckConstraint(
                condition=Q(unclaimed_percent__gte=5, unclaimed_percent__lte=100), name="part_of_a_target"
            ),
        ]

    def __str__(self) -> str:
        return str(self.department)
