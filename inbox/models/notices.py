"""What a colleague is told: something happened to a conversation that concerns them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inbox.models.conversation import Conversation


class NoticeKind(models.TextChoices):
    """Why somebody is told. The sentences are in inbox.notice_words."""

    ASSIGNED = "assigned", _("assigned to you")
    MENTIONED = "mentioned", _("mentioned in a note")
    ALMOST_LATE = "almost_late", _("almost late")
    LATE = "late", _("late")
    ANSWERED = "answered", _("the citizen answered")  # in a conversation one holds or follows
    TAKEN_OVER = "taken_over", _("taken over by a colleague")
    TAKE_OVER_ASKED = "take_over_asked", _("a colleague asks to take over")
    ADVICE_ASKED = "advice_asked", _("your advice is asked")
    ADVICE_GIVEN = "advice_given", _("advice was given")
    BOUNCED = "bounced", _("sent back more than once")  # to the team lead
    HANDED_OVER = "handed_over", _("handed over to you")
    FOLLOWED = "followed", _("news in a conversation you follow")


class Notice(models.Model):
    """One thing that one colleague is told of one conversation; written by inbox.actions.notify alone.

    At most one unseen one of a kind for each conversation: what happens again before they looked takes its place.
    ``data`` holds ids and codes, nothing of a citizen."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices", db_index=False)
    kind = models.CharField(max_length=16, choices=NoticeKind.choices)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )  # null: the citizen, or Webcare itself
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("notice")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "conversation", "kind"],
                condition=Q(seen_at__isnull=True),
                name="one_unseen_notice_of_a_kind",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "-at", "-id"], name="notice_list"),
            models.Index(fields=["at"], name="notice_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.conversation_id} for {self.user_id}"
