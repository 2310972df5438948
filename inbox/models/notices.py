"""What a colleague is told: something happened to a conversation that concerns them."""

from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inbox.models.conversation import Conversation

if TYPE_CHECKING:
    from inbox.models.people import User


class NoticeKind(models.TextChoices):
    """Why somebody is told. The sentences are in inbox.notice_words."""

    ASSIGNED = "assigned", _("assigned to you")
    MENTIONED = "mentioned", _("mentioned in a note")
    ALMOST_LATE = "almost_late", _("almost late")
    LATE = "late", _("late")
    ANSWERED = "answered", _("the citizen answered")  # in a conversation one holds or follows
    TAKEN_OVER = "taken_over", _("taken over by a colleague")
    ADVICE_ASKED = "advice_asked", _("your advice is asked")
    ADVICE_GIVEN = "advice_given", _("advice was given")
    BOUNCED = "bounced", _("sent back more than once")  # to the team lead
    HANDED_OVER = "handed_over", _("handed over to you")
    ESCALATED = "escalated", _("escalated to your department")  # to the team lead
    APPROVAL_ASKED = "approval_asked", _("your approval is asked")
    APPROVED = "approved", _("your answer was approved")
    NOT_APPROVED = "not_approved", _("your answer was not approved")
    FOLLOWED = "followed", _("news in a conversation you follow")
    RULED = "ruled", _("a rule points you to a conversation")


class Way(models.TextChoices):
    """How a colleague is told; each chooses for each kind (User.wants). Without a choice: all but sound."""

    BELL = "bell", _("in Webcare")
    SOUND = "sound", _("with a sound")
    PUSH = "push", _("push message")


class Follow(models.Model):
    """A colleague follows a conversation: told of what colleagues do there and of what the citizen answers."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="follows")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "conversation"], name="one_follow_per_colleague"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} follows #{self.conversation_id}"


class PushSubscription(models.Model):
    """A browser that a colleague let Webcare push to. Gone when the push service says so, or they log out there."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="pushes")
    endpoint = models.URLField(max_length=1000, unique=True)  # the push service's address of this browser: a secret
    p256dh = models.CharField(max_length=100)  # the browser's public key, and the secret it shares with us
    auth = models.CharField(max_length=40)
    session = models.CharField(max_length=32, db_index=True)  # inbox.live.session_digest of the log-in
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("browser for push messages")

    def __str__(self) -> str:
        return f"push {self.pk}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Whose they are."""

    def of(self, user: "User") -> Self:
        """Those of this colleague whose conversation they (still) see."""
        return self.filter(user=user, conversation__in=Conversation.objects.visible_to(user))


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

    objects = NoticeQuerySet.as_manager()

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


class PendingPush(models.Model):
    """A notice on its way to one browser; gone once the push service took it, or it is no news any more."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="pushes")
    subscription = models.ForeignKey(PushSubscription, on_delete=models.CASCADE, related_name="+")
    send_at = models.DateTimeField(db_index=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"notice {self.notice_id} to {self.subscription_id}"
