"""Messages with their delivery, attachments, earlier versions; notes apart, so that none can reach a citizen."""

import uuid
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels.models import Account
from inbox.models.conversation import Conversation

# Kinds of ours on which a person decides when they did not arrive; nobody waits for the others.
DECIDED_ON = ("answer", "routed")


class Direction(models.TextChoices):
    """From a citizen, or from us."""

    IN = "in", _("from the citizen")
    OUT = "out", _("from us")


class Delivery(models.TextChoices):
    """How far a message of ours came. ``received`` is every message that came in."""

    RECEIVED = "received", _("received")
    APPROVAL = "approval", _("waits for approval")  # of a sensitive conversation: the outbox cannot take it
    QUEUED = "queued", _("waiting to be sent")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    READ = "read", _("read")
    FAILED = "failed", _("failed")
    UNKNOWN = "unknown", _("not certain")
    WITHDRAWN = "withdrawn", _("withdrawn")  # a person decided that a failed or uncertain answer need not go


class Findable(models.Func):
    """How a text is found: by the stems of its words, and by the words as they are, for their beginnings.

    The beginning of a word need not be the beginning of its stem: "straat" has the stem "strat". The words as they are
    carry no positions, for what stands together is asked of the stems. ``webcare_words`` (made in a migration) is the
    configuration "simple" without Dutch stop words.
    """

    template = (
        "(to_tsvector('dutch'::regconfig, %(expressions)s) || "
        "strip(to_tsvector('webcare_words'::regconfig, %(expressions)s)))"
    )
    output_field = SearchVectorField()


class Message(models.Model):
    """One message in a conversation. Order is ``sent_at`` (the platform's time), then id."""

    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="messages")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=200, blank=True)  # "" until the platform has it
    direction = models.CharField(max_length=3, choices=Direction.choices)
    # In: message | mention | reply | quote | comment | visitor_post | postback.
    # Out: answer | auto_reply | echo (ours, but given at the platform itself) | routed (that another department looks
    # at it: a colleague's words, but no answer, so that no clock stops).
    kind = models.CharField(max_length=12, default="message")
    public = models.BooleanField()
    text = models.TextField(blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )  # the colleague who wrote it; null for citizens and automatic replies
    # The post or comment it stands under; of a private answer of ours: the public one it is a private reply to.
    in_reply_to = models.CharField(max_length=200, blank=True)
    template_id = models.CharField(max_length=64, blank=True, default="", db_default="")  # WhatsApp: sent as a template
    template_variables = models.JSONField(default=dict, blank=True, db_default={})
    url = models.URLField(max_length=1000, blank=True)
    sent_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)
    liked_at = models.DateTimeField(null=True, blank=True)  # by us

    state = models.CharField(max_length=10, choices=Delivery.choices)
    state_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_reason = models.CharField(max_length=30, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    send_at = models.DateTimeField(null=True, blank=True)  # queued: not before; unknown: ask again at
    taken_at = models.DateTimeField(null=True, blank=True)  # sending: since when
    submission = models.UUIDField(null=True, blank=True)  # the form that was sent: once only

    search = models.GeneratedField(expression=Findable("text"), output_field=SearchVectorField(), db_persist=True)

    class Meta:
        verbose_name = _("message")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "external_id"],
                condition=~Q(external_id=""),
                name="message_once_per_account",
            ),
            models.UniqueConstraint(
                fields=["submission"], condition=Q(submission__isnull=False), name="form_sent_once"
            ),
            models.CheckConstraint(
                condition=Q(direction="in", state="received") | Q(direction="out") & ~Q(state="received"),
                name="only_inbound_is_received",
            ),
            models.CheckConstraint(
                condition=Q(direction="out") | Q(author__isnull=True), name="citizens_are_no_authors"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["conversation", "sent_at", "id"], name="message_in_order"),
            models.Index(fields=["send_at", "id"], name="message_to_send", condition=Q(state="queued")),
            models.Index(fields=["taken_at"], name="message_in_flight", condition=Q(state="sending")),
            models.Index(fields=["send_at"], name="message_uncertain", condition=Q(state="unknown")),
            models.Index(
                fields=["account", "-state_at"],
                name="message_for_a_person",
                condition=Q(kind__in=DECIDED_ON, state__in=["failed", "unknown"]),
            ),
            GinIndex(fields=["search"], name="message_search"),
        ]
        triggers: ClassVar = [
            # Whatever the code does: in a sensitive conversation nothing of ours goes before somebody approved it.
            pgtrigger.Trigger(
                name="second_pair_of_eyes",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Q(
                    new__direction="out", new__kind__in=DECIDED_ON, new__state__in=["queued", "sending"]
                ),
                func="""
                    IF EXISTS (SELECT FROM inbox_conversation c WHERE c.id = NEW.conversation_id AND c.sensitive)
                       AND NOT EXISTS (
                           SELECT FROM inbox_approval a
                           WHERE a.conversation_id = NEW.conversation_id AND a.state = 'approved'
                           AND NEW.id = ANY(a.message_ids)
                       )
                    THEN
                        RAISE EXCEPTION 'message % of a sensitive conversation was not approved', NEW.id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.pk}"


class AttemptOutcome(models.TextChoices):
    """What one attempt to send came to, or one question to the platform whether the message is there."""

    SENT = "sent", _("the platform has it")
    POSTPONED = "postponed", _("the platform asked to wait")
    REFUSED = "refused", _("the platform refused it")
    NO_ANSWER = "no_answer", _("no answer came")
    DIED = "died", _("Webcare was stopped half-way")
    FOUND = "found", _("asked: it is there")
    ABSENT = "absent", _("asked: it is not there")
    NOT_SURE = "not_sure", _("asked: cannot be told")
    NOT_ASKED = "not_asked", _("could not be asked")


class SendAttempt(models.Model):
    """One call about one message of ours: when, what came of it, in the platform's own code. Never a text."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="send_attempts")
    number = models.PositiveSmallIntegerField()  # Message.attempts when it was made
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)  # null: in flight, or its worker died
    outcome = models.CharField(max_length=10, choices=AttemptOutcome.choices, blank=True)
    code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=30, blank=True)  # a key of channels.errors.REASONS
    again_at = models.DateTimeField(null=True, blank=True)  # the next attempt or question, not before
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )  # the colleague who asked for it; null: Webcare itself

    class Meta:
        verbose_name = _("attempt to send")
        ordering: ClassVar = ["started_at", "id"]

    def __str__(self) -> str:
        return f"attempt {self.number} of message {self.message_id}"


class MessageVersion(models.Model):
    """An earlier text of a message that its author changed, or the text of one that was deleted."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="versions")
    text = models.TextField(blank=True)
    until = models.DateTimeField()  # the platform's time of the change

    class Meta:
        ordering: ClassVar = ["until", "id"]

    def __str__(self) -> str:
        return f"{self.message_id} until {self.until:%Y-%m-%d %H:%M}"


class AttachmentState(models.TextChoices):
    """Whether the file is here."""

    NONE = "none", _("no file")  # a place or a contact
    PENDING = "pending", _("being fetched")
    READY = "ready", _("here")
    FAILED = "failed", _("could not be fetched")


def attachment_path(attachment: "Attachment", filename: str) -> str:
    """A random name: the sender's file name never becomes a path."""
    return f"attachments/{uuid.uuid4().hex}"


class Attachment(models.Model):
    """A file, place or contact that came along with a message, or that we send along."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    kind = models.CharField(max_length=10)  # channels.messages.Attachment.kind
    source_url = models.URLField(max_length=2000, blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=255, blank=True)
    text = models.TextField(blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    file = models.FileField(upload_to=attachment_path, blank=True)
    size = models.PositiveBigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=AttachmentState.choices)
    error = models.CharField(max_length=60, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    fetch_at = models.DateTimeField(null=True, blank=True)
    source_delete_at = models.DateTimeField(null=True, blank=True)  # delete it at the platform, not before; null: done

    class Meta:
        verbose_name = _("attachment")
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["fetch_at"], name="attachment_to_fetch", condition=Q(state="pending")),
            models.Index(fields=["id"], name="attachment_failed", condition=Q(state="failed")),
            models.Index(
                fields=["source_delete_at"],
                name="attachment_to_delete_there",
                condition=Q(source_delete_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Note(models.Model):
    """For colleagues only. Another table than Message: the send path cannot reach it."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    # Who is named in it, as it was then: {"bram": {"name": "Bram Visser", "told": true}}; told: sees the conversation.
    mentions = models.JSONField(default=dict, blank=True, db_default={})
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("note")
        ordering: ClassVar = ["created_at", "id"]

    def __str__(self) -> str:
        return f"note {self.pk}"


class NoteVersion(models.Model):
    """What a note said before its author changed it."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="versions")
    text = models.TextField()
    until = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["until", "id"]

    def __str__(self) -> str:
        return f"note {self.note_id} until {self.until:%Y-%m-%d %H:%M}"


class AutoReplyKind(models.TextChoices):
    """What a citizen is told by itself."""

    OUT_OF_HOURS = "out_of_hours", _("out-of-hours reply")
    ACKNOWLEDGEMENT = "acknowledgement", _("first acknowledgement")


class AutoReply(models.Model):
    """That an automatic reply was sent. Out of hours: once per conversation and closed period; an acknowledgement:
    once per conversation; each once per public thread."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="auto_replies")
    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(
        max_length=16,
        choices=AutoReplyKind.choices,
        default=AutoReplyKind.OUT_OF_HOURS,
        db_default=AutoReplyKind.OUT_OF_HOURS,
    )
    thread_id = models.CharField(max_length=200)
    public = models.BooleanField()
    closed_since = models.DateTimeField(null=True, blank=True)  # null: an acknowledgement

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["conversation", "closed_since"], name="auto_reply_once_per_closed_period"),
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(kind="acknowledgement"), name="acknowledged_once"
            ),
            models.UniqueConstraint(
                fields=["account", "thread_id", "kind"],
                condition=Q(public=True),
                name="auto_reply_once_per_public_thread",
            ),
            models.CheckConstraint(
                condition=Q(kind="out_of_hours", closed_since__isnull=False)
                | Q(kind="acknowledgement", closed_since__isnull=True),
                name="closed_when_out_of_hours",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.conversation_id}"


class EarlyChange(models.Model):
    """A change or receipt for a message we do not have yet: applied when it comes."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=200)
    # edited {"text"} | deleted {} | hidden {"hidden"} | receipt {"state", "code", "reason"}
    what = models.CharField(max_length=10)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "external_id", "what", "at"], name="early_change_once"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.external_id}"
