"""What is agreed per account: home department, opening hours and days, targets, texts."""

from datetime import time
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels.models import Account
from inbox.models.people import Department
from inbox.models.topics import Priority, Topic


def worked_holidays() -> list[str]:
    """Holidays on which a municipality works, as inbox.dutch_days names them."""
    return ["Goede vrijdag"]


class Addressing(models.TextChoices):
    """How an account speaks to citizens."""

    FORMAL = "u", _("u")
    FAMILIAR = "je", _("je")


class AccountSettings(models.Model):
    """The inbox's side of an account. Targets in office minutes."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="inbox_settings")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, verbose_name=_("home department"))
    first_answer_minutes = models.PositiveIntegerField(default=120, verbose_name=_("target for the first answer"))
    next_answer_minutes = models.PositiveIntegerField(default=240, verbose_name=_("target for a next answer"))
    holidays = models.BooleanField(default=True, verbose_name=_("closed on Dutch holidays"))
    # Names of holidays on which we are open all the same.
    worked_holidays = ArrayField(
        models.CharField(max_length=40), default=worked_holidays, db_default=worked_holidays(), blank=True
    )
    # When last changed what timers are counted by: see inbox.actions.recount.
    agreed_at = models.DateTimeField(null=True, blank=True)
    out_of_hours_text = models.TextField(
        blank=True, max_length=1000, verbose_name=_("out-of-hours reply"), help_text=_("Empty: no reply.")
    )
    acknowledgement_text = models.TextField(
        blank=True, max_length=1000, default="", db_default="", verbose_name=_("first acknowledgement")
    )
    addressing = models.CharField(
        max_length=2,
        choices=Addressing.choices,
        default=Addressing.FORMAL,
        verbose_name=_("citizens are addressed with"),
    )
    house_style = models.TextField(blank=True, max_length=4000, verbose_name=_("tone and agreements"))
    own_details = models.TextField(blank=True, max_length=4000, verbose_name=_("our own details"))
    # Under every answer that is written on the page: "^{initialen}", "Groet, {voornaam}".
    ending = models.CharField(blank=True, max_length=60, verbose_name=_("ending of an answer"))
    undo_seconds = models.PositiveSmallIntegerField(
        default=5, db_default=5, verbose_name=_("seconds to take an answer back")
    )  # 0: it goes at once

    class Meta:
        verbose_name = _("account settings")

    def __str__(self) -> str:
        return str(self.account)


class OpeningPeriod(models.Model):
    """One stretch of a weekday on which we are open, Europe/Amsterdam. 00:00 as closing time is midnight."""

    settings = models.ForeignKey(AccountSettings, on_delete=models.CASCADE, related_name="periods")
    weekday = models.PositiveSmallIntegerField(verbose_name=_("weekday"))  # Monday = 0
    opens = models.TimeField(verbose_name=_("opens"))
    closes = models.TimeField(verbose_name=_("closes"))

    class Meta:
        ordering: ClassVar = ["weekday", "opens"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(weekday__lte=6), name="period_on_a_weekday"),
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens")) | models.Q(closes=time(0)), name="period_closes_later"
            ),
            models.UniqueConstraint(fields=["settings", "weekday", "opens"], name="period_once"),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.opens}-{self.closes}"


class ClosingDay(models.Model):
    """A day of our own on which we are closed."""

    settings = models.ForeignKey(AccountSettings, on_delete=models.CASCADE, related_name="closing_days")
    date = models.DateField(verbose_name=_("date"))
    name = models.CharField(max_length=80, verbose_name=_("name"))

    class Meta:
        ordering: ClassVar = ["date"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["settings", "date"], name="closing_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class SpecialPeriod(models.Model):
    """One stretch of opening on one date, in place of the week's and of a holiday: an election evening, say."""

    settings = models.ForeignKey(AccountSettings, on_delete=models.CASCADE, related_name="special_periods")
    date = models.DateField()
    opens = models.TimeField()
    closes = models.TimeField()  # 00:00 is midnight
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering: ClassVar = ["date", "opens"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens")) | models.Q(closes=time(0)),
                name="special_period_closes_later",
            ),
            models.UniqueConstraint(fields=["settings", "date", "opens"], name="special_period_once"),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.opens}-{self.closes}"


class AnswerTarget(models.Model):
    """Targets for some conversations of an account, in office minutes; which one counts: inbox.targets."""

    settings = models.ForeignKey(AccountSettings, on_delete=models.CASCADE, related_name="targets")
    public = models.BooleanField(null=True, blank=True)  # null: both
    topic = models.ForeignKey(Topic, null=True, blank=True, on_delete=models.CASCADE, related_name="+")  # null: any
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, null=True, blank=True)  # null: any
    first_answer_minutes = models.PositiveIntegerField()
    next_answer_minutes = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["settings", "public", "topic", "priority"], name="target_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=~models.Q(public=None, topic=None, priority=None), name="target_for_something"
            ),
            models.CheckConstraint(
                condition=models.Q(first_answer_minutes__gt=0, next_answer_minutes__gt=0), name="target_takes_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_answer_minutes}/{self.next_answer_minutes}"
