"""Answering a citizen, once, whatever the network does."""

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import connection, transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.actions import reply
from inbox.api.endpoint import Endpoint, UtcField, reading, writing
from inbox.api.messages import MessageShown, messages_for
from inbox.models import Conversation, User

KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Names this answer: sent again with the same key it is told once, and the first outcome comes back. "
    "Needed, unless the body has a submission.",
)
REFUSALS = (
    "claimed_by_other",
    "not_claimed",
    "closed",
    "empty",
    "too_long",
    "newer_message",
    "window_closed",
    "not_summoned",
    "gone",
    "account",
    "personal_data",
    "unfilled",
)


class ObstacleShown(serializers.Serializer):
    """Why no answer can go out now."""

    code = serializers.CharField()
    detail = serializers.CharField()


class LimitsShown(serializers.Serializer):
    """What an answer here may be, and why none can go out now."""

    max_length = serializers.IntegerField(allow_null=True)
    weighted = serializers.BooleanField(help_text="Counted as X does: a link is 23, an emoji 2.")
    can_thread = serializers.BooleanField(help_text="A long answer may go out as several posts.")
    window_until = UtcField(allow_null=True, help_text="The platform takes no answer after this.")
    obstacle = ObstacleShown(allow_null=True)


class ReplyBody(serializers.Serializer):
    """The answer."""

    text = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=10_000)
    submission = serializers.UUIDField(required=False, help_text="Instead of the header Idempotency-Key.")
    seen_message = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The newest message the writer had read; a newer one refuses the answer (newer_message).",
    )
    as_thread = serializers.BooleanField(required=False, default=False)
    confirm_newer = serializers.BooleanField(required=False, default=False)
    confirm_personal_data = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=64,
        help_text="The data.confirm of a refusal personal_data: a person decided that exactly this may be public.",
    )
    confirm_unfilled = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Send a text that still holds a [variable] (refusal unfilled) as it is.",
    )


class ReplyShown(serializers.Serializer):
    """What was put in the outbox; several messages when it became a thread."""

    messages = MessageShown(many=True)


@writing(
    "conversations_reply",
    "Answer on the channel where it was asked",
    request=ReplyBody,
    responses={201: ReplyShown, 200: ReplyShown},
    refusals=REFUSALS,
    parameters=[KEY],
)
@reading("conversations_reply_limits", "What an answer here may be")
class Reply(Endpoint):
    """201 the first time, 200 when this key already sent it."""

    serializer_class = LimitsShown

    def get(self, request: Request, pk: int) -> Response:
        """Limits and obstacle, as the composer shows them."""
        conversation = Conversation.objects.visible_to(self.caller).select_related("account__app").filter(pk=pk).first()
        if conversation is None:
            raise NotFound
        refusal = reply.obstacle(conversation)
        obstacle = {"code": refusal.code, "detail": str(refusal)} if refusal else None
        return Response(LimitsShown({**reply.limits(conversation), "obstacle": obstacle}).data)

    def post(self, request: Request, pk: int) -> Response:
        """Queue it. Two requests with one key wait for each other, so that the second knows it is the second."""
        body = ReplyBody(data=request.data)
        body.is_valid(raise_exception=True)
        given: dict[str, Any] = dict(body.validated_data)
        submission = submission_of(self.caller, request, pk, given.pop("submission", None))
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [submission.int % 2**63])
            earlier = bool(reply.submitted(submission, self.caller, pk))
            messages = reply.reply(
                pk, by=self.caller, submission=submission, seen_message_id=given.pop("seen_message"), **given
            )
        made = [message.pk for message in messages]
        # Read anew: the answer tells the same the first and the second time, delivery apart.
        rows = messages_for(self.caller).filter(pk__in=made).order_by("pk")
        shown = ReplyShown({"messages": rows}, context=self.get_serializer_context())
        return Response(shown.data, status=200 if earlier else 201)


def submission_of(caller: User, request: Request, pk: int, submission: UUID | None) -> UUID:
    """The key as the action knows it. Any text will do; it counts for this colleague and conversation alone."""
    key = request.headers.get("Idempotency-Key", "").strip().strip('"')
    if submission is not None and key:
        raise ValidationError({"submission": [_("Give the header Idempotency-Key or a submission, not both.")]})
    if submission is not None:
        return submission
    if not key:
        raise ValidationError({"submission": [_("Give the header Idempotency-Key, so that nothing is sent twice.")]})
    return uuid5(NAMESPACE_URL, f"webcare:{caller.pk}:{pk}:{key}")
