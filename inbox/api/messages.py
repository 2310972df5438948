"""Messages of a conversation, and what a person decides on an answer that did not arrive."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch, QuerySet
from django.db.models.functions import JSONObject
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox import permissions
from inbox.actions import resend
from inbox.api.endpoint import Detail, Endpoint, Listing, UtcField, reading, writing
from inbox.api.paging import Order
from inbox.api.refs import ColleagueRef
from inbox.models import (
    Attachment,
    AttachmentState,
    AttemptOutcome,
    Conversation,
    Delivery,
    Direction,
    Message,
    MessageVersion,
    Reaction,
    SendAttempt,
    User,
)

MOST_REACTIONS = 200  # under one message


class AttachmentShown(serializers.Serializer):
    """A file, place or contact that came with a message."""

    id = serializers.IntegerField()
    kind = serializers.CharField(help_text="image, audio, video, file, location, contact …")
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(allow_null=True, help_text="Bytes.")
    text = serializers.CharField()
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    availability = serializers.ChoiceField(AttachmentState.choices, source="state")
    file = serializers.SerializerMethodField(help_text="Where to download it; null while it is not here.")

    def get_file(self, attachment: Attachment) -> str | None:
        """The address, for a file that is here."""
        if attachment.state != AttachmentState.READY:
            return None
        address: str = self.context["request"].build_absolute_uri(reverse("api:attachment_file", args=[attachment.pk]))
        return address


class VersionShown(serializers.Serializer):
    """An earlier text, or the text of a message that was taken back."""

    text = serializers.CharField()
    until = UtcField()


class ToldMoment(UtcField):
    """A moment as PostgreSQL writes it in JSON."""

    def to_representation(self, value: datetime | str) -> str:
        """As every other moment."""
        return str(super().to_representation(datetime.fromisoformat(str(value))))


class ReactionShown(serializers.Serializer):
    """A symbol that somebody put under a message."""

    symbol = serializers.CharField()
    name = serializers.CharField(help_text="Of the person; empty where the platform does not tell, as in Messenger.")
    at = ToldMoment(help_text="The platform's time.")


class MessageShown(serializers.Serializer):
    """One message, from the citizen or from us. Notes are elsewhere."""

    id = serializers.IntegerField()
    conversation = serializers.IntegerField(source="conversation_id")
    direction = serializers.ChoiceField(Direction.choices)
    kind = serializers.CharField(help_text="message, mention, reply, comment, answer, routed, auto_reply, echo …")
    public = serializers.BooleanField()
    text = serializers.CharField()
    author = ColleagueRef(allow_null=True, help_text="The colleague who wrote it; null for citizens.")
    url = serializers.CharField(help_text="Where it stands at the platform; empty for private messages.")
    sent_at = UtcField(help_text="The platform's time.")
    edited_at = UtcField(allow_null=True)
    deleted_at = UtcField(allow_null=True)
    hidden_at = UtcField(allow_null=True)
    liked_at = UtcField(allow_null=True, help_text="By us.")
    template_id = serializers.CharField(help_text="Twilio's content sid, when it went as a template; else empty.")
    delivery = serializers.ChoiceField(Delivery.choices, source="state")
    delivery_at = UtcField(source="state_at", allow_null=True)
    error_code = serializers.CharField(help_text="The platform's own code; empty when nothing is wrong.")
    error_reason = serializers.CharField(help_text="The same in our words: window_closed, blocked …")
    attachments = AttachmentShown(many=True)
    versions = VersionShown(many=True, help_text="Earlier texts, for who may do more than read.")
    reactions = ReactionShown(
        many=True, help_text=f"Those that stand there now, the newest first; at most {MOST_REACTIONS}."
    )


class AttemptShown(serializers.Serializer):
    """One attempt to send, or one question to the platform whether the message is there."""

    number = serializers.IntegerField(
        help_text="Counts attempts to send; a question has the number of the attempt it is about."
    )
    started_at = UtcField()
    ended_at = UtcField(allow_null=True, help_text="null: under way.")
    outcome = serializers.ChoiceField(AttemptOutcome.choices, allow_blank=True, help_text="Empty: under way.")
    code = serializers.CharField(help_text="The platform's own code.")
    reason = serializers.CharField(help_text="The same in our words, as error_reason.")
    again_at = UtcField(allow_null=True, help_text="The next attempt or question, not before.")
    by = ColleagueRef(allow_null=True, help_text="The colleague who asked for it; null for Webcare itself.")


class MessageInFull(MessageShown):
    """One message of ours with every attempt to send it; one from a citizen has none."""

    attempts = AttemptShown(source="send_attempts", many=True, help_text="In order of time.")


class Nothing(serializers.Serializer):
    """A body that holds nothing."""


def messages_for(user: User) -> QuerySet[Message]:
    """Messages that this colleague may see, with all that is told of them: three queries."""
    versions = MessageVersion.objects.all() if user.role in permissions.WORKERS else MessageVersion.objects.none()
    return (
        Message.objects.filter(conversation__in=Conversation.objects.visible_to(user).values("pk"))
        .select_related("author")
        .prefetch_related(Prefetch("attachments", attachments_for(user)), Prefetch("versions", versions))
        .annotate(reactions=ArraySubquery(_REACTIONS))
        .defer("search")
    )


_REACTIONS = (
    Reaction.objects.filter(account=OuterRef("account"), external_id=OuterRef("external_id"), removed=False)
    .order_by("-at", "-id")
    .values(one=JSONObject(symbol="symbol", name="name", at="at"))[:MOST_REACTIONS]
)


def attachments_for(user: User) -> QuerySet[Attachment]:
    """Attachments that this colleague may see. What the citizen took back is not for who may only read."""
    conversations = Conversation.objects.visible_to(user)
    rows = Attachment.objects.filter(message__conversation__in=conversations.values("pk"))
    return rows if user.role in permissions.WORKERS else rows.filter(message__deleted_at__isnull=True)


@reading("conversations_messages_list", "The messages of a conversation, oldest first")
class Messages(Listing):
    """In the platform's order of time."""

    serializer_class = MessageShown
    ordering = Order("sent_at")

    def get_queryset(self) -> QuerySet[Message]:
        """Of the conversation in the address."""
        self.filters()
        return messages_for(self.caller).filter(conversation=self.conversation())


class OneMessage(Endpoint):
    """A message in a conversation that the caller may see."""

    serializer_class = MessageShown

    def get_queryset(self) -> QuerySet[Message]:
        """What the caller may see."""
        return messages_for(self.caller)


@reading("messages_retrieve", "One message, with how far it came")
class MessageDetail(OneMessage, Detail):
    """To follow the delivery of an answer."""

    serializer_class = MessageInFull

    def get_queryset(self) -> QuerySet[Message]:
        """With the attempts: one query more."""
        attempts = SendAttempt.objects.select_related("by")
        return super().get_queryset().prefetch_related(Prefetch("send_attempts", attempts))


class Decision(OneMessage):
    """Answers with the message."""

    def decide(self, pk: int) -> None:
        """Call the action."""
        raise NotImplementedError

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Decide, then show."""
        self.decide(kwargs["pk"])
        return Response(self.get_serializer(self.get_object()).data)


DECISION: dict[str, Any] = {"request": None, "responses": {200: MessageShown}}
UNDECIDED = ("not_waiting", "claimed_by_other", "not_claimed")


class SendAgainBody(serializers.Serializer):
    """What the caller had read."""

    seen_message = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The newest message that was read; a newer one refuses the retry (newer_message).",
    )


@writing(
    "messages_retry",
    "Send a failed or uncertain answer again",
    refusals=(*UNDECIDED, "closed", "window_closed", "account", "gone", "not_summoned", "newer_message"),
    request=SendAgainBody,
    responses={200: MessageShown},
)
class Retry(Decision):
    """As the button on the page."""

    def decide(self, pk: int) -> None:
        """Back to the outbox."""
        body = SendAgainBody(data=self.request.data)
        body.is_valid(raise_exception=True)
        resend.retry(pk, by=self.caller, seen_message_id=body.validated_data["seen_message"])


@writing("messages_withdraw", "An answer that has not gone need not go", refusals=UNDECIDED, **DECISION)
class Withdraw(Decision):
    """As the button on the page."""

    def decide(self, pk: int) -> None:
        """Out of the outbox."""
        resend.withdraw(pk, by=self.caller)


@writing("messages_mark_sent", "An uncertain answer was seen at the platform", refusals=UNDECIDED, **DECISION)
class MarkSent(Decision):
    """As the button on the page."""

    def decide(self, pk: int) -> None:
        """It counts as sent."""
        resend.mark_sent(pk, by=self.caller)
