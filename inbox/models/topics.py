"""Onderwerp: what a conversation is about, in the municipality's own words; how the citizen sounds, what kind of
contact it is, how much haste it has, and why it is sensitive."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from inbox.models.people import Department


class Retention(models.TextChoices):
    """How long what is about a topic is kept after it was closed; empty: as long as everything else."""

    USUAL = "", _("as usual")
    YEAR = "year", _("1 year")
    THREE_YEARS = "3_years", _("3 years")
    FIVE_YEARS = "5_years", _("5 years")
    TEN_YEARS = "10_years", _("10 years")
    FOR_EVER = "for_ever", _("for ever, in the archive")


class Topic(models.Model):
    """One topic. Managed at /setup/topics/; never deleted, because conversations refer to it: made inactive instead."""

    name = models.CharField(max_length=60, verbose_name=_("name"))
    # Only a mark of who knows about it: a topic may be set on any conversation.
    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.PROTECT, related_name="topics", verbose_name=_("department")
    )
    # What citizens say when it is about this; their stems are compared, of several words all must be said.
    keywords = ArrayField(
        models.CharField(max_length=60), blank=True, default=list, db_default=[], verbose_name=_("keywords")
    )
    examples = models.TextField(blank=True, max_length=2000, default="", db_default="", verbose_name=_("examples"))
    retention = models.CharField(
        max_length=10,
        choices=Retention.choices,
        blank=True,
        default=Retention.USUAL,
        db_default=Retention.USUAL,
        verbose_name=_("kept after closing"),
    )
    active = models.BooleanField(default=True, verbose_name=_("in use"))

    class Meta:
        verbose_name = _("topic")
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name"], name="topic_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Sentiment(models.TextChoices):
    """How the citizen sounds, as a colleague heard it; empty: not said."""

    NEGATIVE = "negative", _("negative")
    NEUTRAL = "neutral", _("neutral")
    POSITIVE = "positive", _("positive")


class ContactKind(models.TextChoices):
    """What the citizen wants of us; empty: not said."""

    QUESTION = "question", _("question")
    COMPLAINT = "complaint", _("complaint")
    COMPLIMENT = "compliment", _("compliment")
    REPORT = "report", _("report")
    IDEA = "idea", _("idea")


class Priority(models.IntegerChoices):
    """How much haste a conversation has; a target may be shorter for what has more."""

    NORMAL = 0, _("normal")
    HIGH = 1, _("high")
    URGENT = 2, _("urgent")


class SensitiveGround(models.TextChoices):
    """Why a conversation is sensitive: every answer needs a second pair of eyes."""

    POLITICS = "politics", _("politics")
    PRESS = "press", _("press")
    SAFETY = "safety", _("safety")
    THREAT = "threat", _("threat")
    OTHER = "other", _("another reason")
