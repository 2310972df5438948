"""Conversation, its clocks, and who has read how far."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from channels.models import Account
from inbox.models.people import Department, Identity, User
from inbox.models.topics import ContactKind, Priority, SensitiveGround, Sentiment, Topic

# What nobody wants stands before everything else in the work lists, among itself still by its due time. Longer than
# anything open can be late, and a moment that a cursor can tell.
RISEN = timedelta(days=3653)


class Status(models.TextChoices):
    """Open = the municipality owes an answer."""

    OPEN = "open", _("open")
    WAITING = "waiting", _("waiting for citizen")
    SNOOZED = "snoozed", _("later")
    CLOSED = "closed", _("closed")


class Result(models.TextChoices):
    """With what result a conversation was closed."""

    ANSWERED = "answered", _("answered")
    REFERRED = "referred", _("referred elsewhere")
    NO_ANSWER_NEEDED = "no_answer_needed", _("no answer needed")
    NO_REACTION = "no_reaction", _("citizen did not react")
    SPAM = "spam", _("spam")


# The views of the inbox, on the page and in the API: the field that with the id makes the order, and whether the
# newest comes first. Each is a partial index of Conversation.
VIEWS: dict[str, tuple[str, bool]] = {
    "todo": ("rank_at", False),
    "mine": ("rank_at", False),
    "unclaimed": ("rank_at", False),
    "late": ("due_at", False),
    "waiting": ("last_message_at", True),
    "later": ("snoozed_until", False),
    "closed": ("closed_at", True),
}


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Who may see what, and what a view holds, in one place."""

    def visible_to(self, user: User) -> Self:
        """Conversations that lie at a department of this colleague. Active colleagues only."""
        if not user.is_active:
            return self.none()
        return self.at_departments_of(user.pk)

    def at_departments_of(self, user_pk: Any) -> Self:
        """The same by key, or by a slot (inbox.kept); that they are active the caller knows."""
        return self.filter(department__in=User.departments.through.objects.filter(user=user_pk).values("department"))

    def in_view(self, view: str, user: User, at: datetime) -> Self:
        """What belongs in a view (a key of VIEWS) for this colleague; ``at`` aware, for what is late by then.

        Raises KeyError for a view there is not."""
        wanted = {
            "todo": Q(status=Status.OPEN),
            "mine": Q(assignee=user, status__in=[Status.OPEN, Status.WAITING]),
            "unclaimed": Q(status=Status.OPEN, assignee__isnull=True),
            "late": Q(status=Status.OPEN, due_at__isnull=False, due_at__lte=at),
            "waiting": Q(status=Status.WAITING),
            "later": Q(status=Status.SNOOZED),
            "closed": Q(status=Status.CLOSED),
        }
        return self.filter(wanted[view])

    def for_list(self) -> Self:
        """With everything a list row shows, in one query."""
        return self.select_related("account", "identity__contact", "department", "assignee", "topic")


class Conversation(models.Model):
    """One exchange: account + thread + citizen. Changed only through inbox.actions.changing."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="conversations")
    identity = models.ForeignKey(Identity, on_delete=models.PROTECT, related_name="conversations")
    thread_id = models.CharField(max_length=200)
    public = models.BooleanField()
    subject = models.CharField(max_length=200, blank=True)  # the first words of the citizen
    # The post it stands under or quotes: {"external_id", "text", "author_name", "url", "from_us"}
    context = models.JSONField(default=dict, blank=True)

    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="conversations")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="claimed"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    result = models.CharField(max_length=20, choices=Result.choices, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    sensitive = models.BooleanField(default=False)
    sensitive_ground = models.CharField(
        max_length=10, choices=SensitiveGround.choices, blank=True, default="", db_default=""
    )
    topic = models.ForeignKey(Topic, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    sentiment = models.CharField(max_length=8, choices=Sentiment.choices, blank=True, default="", db_default="")
    contact_kind = models.CharField(max_length=10, choices=ContactKind.choices, blank=True, default="", db_default="")
    priority = models.PositiveSmallIntegerField(
        choices=Priority.choices, default=Priority.NORMAL, db_default=Priority.NORMAL
    )
    # As the platform told it; "" where it did not.
    language = models.CharField(max_length=8, blank=True, default="", db_default="")
    answerable = models.BooleanField(default=True)  # False: X will refuse a public reply (no mention of us)
    # The private conversation in which a public one with the same citizen goes on.
    continued_in = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="continued_from"
    )

    # Copies for the list, so that a row costs no join over messages.
    opened_at = models.DateTimeField()
    last_message_at = models.DateTimeField()
    last_message_text = models.CharField(max_length=200, blank=True)
    last_message_out = models.BooleanField(default=False)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    inbound_count = models.PositiveIntegerField(default=0)
    has_attachment = models.BooleanField(default=False)
    failed_count = models.PositiveSmallIntegerField(default=0)  # answers that wait for a person: failed or unknown
    first_answered_at = models.DateTimeField(null=True, blank=True)
    # The running clock, copied from Clock: null when none runs.
    clock_kind = models.CharField(max_length=5, blank=True)
    clock_started_at = models.DateTimeField(null=True, blank=True)
    warn_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    # Since when it waits unclaimed longer than its department lets it (inbox.nobodys), while that clock lasts.
    nobody_since = models.DateTimeField(null=True, blank=True)
    # Place in the work lists, as ``rank`` says. Never null: keyset paging.
    rank_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)  # goes up with every change

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "thread_id", "identity"],
                condition=~Q(status="closed"),
                name="one_unfinished_conversation_per_thread",
            ),
            models.CheckConstraint(
                condition=Q(status="closed", closed_at__isnull=False) & ~Q(result="")
                | ~Q(status="closed") & Q(closed_at__isnull=True, result=""),
                name="closed_with_a_result",
            ),
            models.CheckConstraint(
                condition=Q(status="snoozed", snoozed_until__isnull=False)
                | ~Q(status="snoozed") & Q(snoozed_until__isnull=True),
                name="snoozed_until_a_time",
            ),
            models.CheckConstraint(condition=Q(priority__lte=Priority.URGENT), name="priority_that_exists"),
            models.CheckConstraint(
                condition=Q(clock_kind="", due_at__isnull=True) | ~Q(clock_kind="") & Q(due_at__isnull=False),
                name="clock_and_due_together",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["department", "rank_at", "id"], name="list_open", condition=Q(status="open")),
            models.Index(
                fields=["department", "rank_at", "id"],
                name="list_unclaimed",
                condition=Q(status="open", assignee__isnull=True),
                # So that "next" passes over what is not for this colleague without fetching it.
                include=["account", "language"],
            ),
            models.Index(
                fields=["assignee", "department", "rank_at", "id"],
                name="list_mine",
                condition=Q(status__in=["open", "waiting"]),
                include=["status"],  # so that what a colleague holds is counted without fetching it
            ),
            models.Index(
                fields=["department", "due_at", "id"],
                name="list_late",
                condition=Q(status="open", due_at__isnull=False),
            ),
            # Waiting; every other status by newest and by oldest message; all of them together, a slice a status.
            models.Index(fields=["department", "status", "last_message_at", "id"], name="list_by_message"),
            models.Index(
                fields=["department", "snoozed_until", "id"],
                name="list_snoozed",
                condition=Q(status="snoozed"),
            ),
            models.Index(fields=["department", "closed_at", "id"], name="list_closed", condition=Q(status="closed")),
            # The one part of the table that grows for ever, by what it was about.
            models.Index(
                fields=["department", "topic", "closed_at", "id"],
                name="list_closed_topic",
                condition=Q(status="closed", topic__isnull=False),
            ),
            models.Index(fields=["snoozed_until"], name="wake_due", condition=Q(status="snoozed")),
            models.Index(fields=["account", "thread_id"], name="conversation_thread"),
            GinIndex(OpClass(Upper("subject"), name="gin_trgm_ops"), name="conversation_subject_trigram"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def nobodys(self) -> bool:
        """Nobody wants this one: it waited too long, and nobody has it yet."""
        waits = self.status == Status.OPEN and self.assignee_id is None and self.due_at is not None
        return self.nobody_since is not None and waits

    @property
    def rank(self) -> datetime:
        """Its place in the work lists: the due time while a clock runs, else the last message; before all that what
        nobody wants."""
        at = self.due_at or self.last_message_at
        return at - RISEN if self.nobodys else at


class ClockKind(models.TextChoices):
    """Two separate clocks, both in office time."""

    FIRST = "first", _("first answer")
    NEXT = "next", _("next answer")


TICKING = Q(stopped_at__isnull=True, paused_at__isnull=True)
UNPLANNED = Q(planned_due__isnull=True) | ~Q(planned_due=models.F("due_at"))


class Clock(models.Model):
    """One stretch in which the municipality owes an answer. At most one runs per conversation."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="clocks")
    kind = models.CharField(max_length=5, choices=ClockKind.choices)
    target_minutes = models.PositiveIntegerField()  # office minutes
    started_at = models.DateTimeField()  # the platform's time of the message that started it
    warn_at = models.DateTimeField()
    due_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    remaining_minutes = models.FloatField(null=True, blank=True)  # office minutes left while paused
    # Where it went on after its last pause, and with how many office minutes; null: it never stood still. May be less
    # than nothing, when its target became shorter since.
    resumed_at = models.DateTimeField(null=True, blank=True)
    resumed_minutes = models.FloatField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.CharField(max_length=20, blank=True)  # answered, closed
    # When colleagues were told that it was almost late, and that it was late: once each (inbox.lateness).
    warned_at = models.DateTimeField(null=True, blank=True)
    late_told_at = models.DateTimeField(null=True, blank=True)
    # What follows from the due time by the rules of the department (inbox.lateness plans it, once for each due time).
    planned_due = models.DateTimeField(null=True, blank=True)  # for which due time the two below were worked out
    nobody_at = models.DateTimeField(null=True, blank=True)  # unclaimed until then: nobody wants this one
    nobody_told_at = models.DateTimeField(null=True, blank=True)
    turned_at = models.DateTimeField(null=True, blank=True)  # when it was assigned in turn
    next_at = models.DateTimeField(null=True, blank=True)  # late until then: to the next department
    next_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], name="clock_to_plan", condition=TICKING & UNPLANNED),
            models.Index(
                fields=["nobody_at"],
                name="clock_nobodys",
                condition=TICKING & Q(nobody_at__isnull=False, nobody_told_at__isnull=True),
            ),
            models.Index(
                fields=["next_at"],
                name="clock_to_escalate",
                condition=TICKING & Q(next_at__isnull=False, next_told_at__isnull=True),
            ),
            models.Index(
                fields=["warn_at"],
                name="clock_to_warn",
                condition=Q(stopped_at__isnull=True, paused_at__isnull=True, warned_at__isnull=True),
            ),
            models.Index(
                fields=["due_at"],
                name="clock_to_tell_late",
                condition=Q(stopped_at__isnull=True, paused_at__isnull=True, late_told_at__isnull=True),
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(stopped_at__isnull=True), name="one_running_clock"
            ),
            models.CheckConstraint(condition=Q(due_at__gte=models.F("started_at")), name="due_after_start"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.conversation_id}"


class ReadMarker(models.Model):
    """How many of the citizen's messages a colleague has seen ("2 nieuw" = inbound_count - seen)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="read_markers")
    seen = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "conversation"], name="one_marker_per_colleague"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} #{self.conversation_id}: {self.seen}"
