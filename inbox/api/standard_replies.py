"""Standard replies: found for a conversation, and taken over with their variables filled in."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.actions import standard_reply
from inbox.api.endpoint import Endpoint, Listing, UtcField, reading, writing
from inbox.api.refs import DepartmentRef
from inbox.models import Conversation, Reach, StandardReply


class StandardReplyShown(serializers.Serializer):
    """A text with variables between braces, such as {inwoner}."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    text = serializers.CharField()
    department = DepartmentRef(allow_null=True, help_text="null: for all departments.")
    platform = serializers.CharField(source="kind", help_text="Empty: for all platforms.")
    account = serializers.IntegerField(source="account_id", allow_null=True, help_text="null: for all accounts.")
    reach = serializers.ChoiceField(Reach.choices, help_text="Empty: for public and private answers.")
    used_count = serializers.IntegerField()
    used_at = UtcField(allow_null=True)


class RepliesQuery(serializers.Serializer):
    """Which ones."""

    conversation = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="Those that fit this conversation."
    )
    q = serializers.CharField(required=False, max_length=100, help_text="Words in the name or the text.")


@reading("standard_replies_list", "Standard replies")
class StandardReplies(Listing):
    """In order of id; those in use."""

    serializer_class = StandardReplyShown
    query_class = RepliesQuery

    def get_queryset(self) -> QuerySet[StandardReply]:
        """Everybody's, or those for one conversation."""
        given = self.filters()
        found = StandardReply.objects.filter(active=True)
        if "conversation" in given:
            seen = Conversation.objects.visible_to(self.caller).select_related("account")
            conversation = seen.filter(pk=given["conversation"]).first()
            if conversation is None:
                raise NotFound
            found = standard_reply.fitting(self.caller, conversation)
        return standard_reply.with_words(found, given.get("q", "")).order_by().select_related("department")


class UseBody(serializers.Serializer):
    """For which conversation it is filled in."""

    conversation = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class UsedShown(serializers.Serializer):
    """The text as it may be sent, once what is still between brackets is filled in."""

    text = serializers.CharField()
    unfilled = serializers.ListField(child=serializers.CharField(), help_text="Names that stand as [name] in the text.")


@writing(
    "standard_replies_use",
    "Take one over into an answer: filled in, and counted",
    request=UseBody,
    responses={200: UsedShown},
)
class UseStandardReply(Endpoint):
    """Sends nothing."""

    serializer_class = UseBody

    def post(self, request: Request, pk: int) -> Response:
        """Count it."""
        body = UseBody(data=request.data)
        body.is_valid(raise_exception=True)
        given: dict[str, Any] = body.validated_data
        taken = standard_reply.use(pk, by=self.caller, conversation_id=given["conversation"])
        return Response(UsedShown({"text": taken.text, "unfilled": list(taken.unfilled)}).data)
