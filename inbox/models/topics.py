"""Onderwerp: what a conversation is about, in the municipality's own words; how the citizen sounds, what kind of
contact it is, how much haste it has, and why it is sensitive."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from inbox.models.people import Department


class Topic(models.Model):
    """One topic. Managed at /beheer/; never deleted, because conversations refer to it: made inactive instead."""

    name = models.CharField(max_length=60, verbose_name=_("name"))
    # Only a mark of who knows about it: a topic may be set on any conversation.
    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.PROTECT, related_name="topics", verbose_name=_("department")
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
