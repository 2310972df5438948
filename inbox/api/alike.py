"""Alike questions: which there are, one answer to many of them, and pinned answers."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from channels.models import Account
from inbox import alike
from inbox.actions import group_answer, pinned_answer
from inbox.alike import Window
from inbox.api.endpoint import Detail, Endpoint, Listing, UtcField, reading, writing
from inbox.api.refs import ColleagueRef, DepartmentRef, TopicRef
from inbox.api.reply import KEY
from inbox.models import Conversation, Delivery, Department, GroupAnswer, ItemState, Message, PinnedAnswer, Topic

HIGHEST = 2**63 - 1


class AlikeShown(serializers.Serializer):
    """An open conversation whose question is alike."""

    conversation = serializers.IntegerField()
    score = serializers.FloatField(help_text="0 to 1.")
    sure = serializers.BooleanField(help_text="So alike that the page chooses it beforehand.")
    seen_message = serializers.IntegerField(help_text="Its newest message, for a group answer.")
    text = serializers.CharField(help_text="The beginning of the newest message.")


class AlikeList(serializers.Serializer):
    """Most alike first."""

    results = AlikeShown(many=True)


@reading("conversations_alike", "Open conversations of the last 72 hours with a question like this one")
class AlikeConversations(Endpoint):
    """Among the 2,000 newest of the caller's departments, at most 500."""

    serializer_class = AlikeList

    def get(self, request: Request, pk: int) -> Response:
        """Most alike first."""
        found = alike.like_conversation(self.caller, pk, Window(hours=alike.HOURS[-1]))
        if found is None:
            raise NotFound
        ids = [each.pk for each in found]
        newest = Message.objects.filter(conversation__in=ids).order_by().values_list("conversation").annotate(Max("pk"))
        seen = dict(newest)
        texts = dict(Conversation.objects.filter(pk__in=ids).values_list("pk", "last_message_text"))
        rows = [
            {
                "conversation": each.pk,
                "score": round(each.score, 3),
                "sure": each.sure,
                "seen_message": seen[each.pk],
                "text": texts[each.pk],
            }
            for each in found
            if each.pk in seen and each.pk in texts
        ]
        return Response(AlikeList({"results": rows}).data)


class ChosenBody(serializers.Serializer):
    """A conversation, and the newest message that was read when it was chosen."""

    conversation = serializers.IntegerField(min_value=1, max_value=HIGHEST)
    seen_message = serializers.IntegerField(min_value=1, max_value=HIGHEST)


class GroupBody(serializers.Serializer):
    """One text with variables for many."""

    text = serializers.CharField(max_length=10_000, trim_whitespace=False, help_text="May hold {inwoner} and the like.")
    conversations = ChosenBody(many=True, allow_empty=False)
    as_thread = serializers.BooleanField(required=False, default=False)
    confirm_personal_data = serializers.CharField(required=False, default="", allow_blank=True, max_length=64)


class ItemShown(serializers.Serializer):
    """What became of one conversation."""

    conversation = serializers.IntegerField(source="conversation_id")
    state = serializers.ChoiceField(ItemState.choices)
    code = serializers.CharField(help_text="Why it was refused or skipped; as for a single answer.")
    reason = serializers.CharField()
    message = serializers.IntegerField(source="message_id", allow_null=True)
    delivery = serializers.ChoiceField(Delivery.choices, source="message.state", allow_null=True, default=None)


class GroupShown(serializers.Serializer):
    """How far it is; the answers go out by themselves."""

    id = serializers.IntegerField()
    text = serializers.CharField()
    by = ColleagueRef()
    at = UtcField()
    stopped_at = UtcField(allow_null=True)
    items = ItemShown(many=True)


class GroupEndpoint(Endpoint):
    """Own groups; for team leads those with a conversation they see."""

    serializer_class: type[serializers.Serializer] = GroupShown

    def get_queryset(self) -> QuerySet[GroupAnswer]:
        """With their items."""
        return group_answer.visible(self.caller).select_related("by").prefetch_related("items__message")

    def told(self, group: GroupAnswer, status: int = 200) -> Response:
        """The group as it is now."""
        return Response(GroupShown(self.get_queryset().get(pk=group.pk)).data, status=status)


REFUSALS = ("empty", "no_choice", "too_many", "unfilled", "same_text", "too_long", "personal_data")


@writing(
    "group_answers_start",
    "Answer many conversations with one text, each under its own rules",
    request=GroupBody,
    responses={201: GroupShown, 200: GroupShown},
    refusals=REFUSALS,
    parameters=[KEY],
)
class GroupAnswers(GroupEndpoint):
    """201 the first time, 200 when this key already began it."""

    def post(self, request: Request) -> Response:
        """Begin."""
        body = GroupBody(data=request.data)
        body.is_valid(raise_exception=True)
        given: dict[str, Any] = dict(body.validated_data)
        key = request.headers.get("Idempotency-Key", "").strip().strip('"')
        if not key:
            raise ValidationError({"text": [_("Give the header Idempotency-Key, so that nothing is sent twice.")]})
        submission = uuid5(NAMESPACE_URL, f"webcare:group:{self.caller.pk}:{key}")
        earlier = GroupAnswer.objects.filter(submission=submission).exists()
        chosen = {each["conversation"]: each["seen_message"] for each in given.pop("conversations")}
        group = group_answer.start(by=self.caller, chosen=chosen, submission=submission, **given)
        if not group_answer.visible(self.caller).filter(pk=group.pk).exists():
            raise NotFound  # nothing of it is theirs to see
        return self.told(group, 200 if earlier else 201)


@reading("group_answers_retrieve", "How far an answer to many is")
class GroupAnswerDetail(Detail, GroupEndpoint):
    """Each conversation with what became of it."""

    serializer_class = GroupShown


@writing("group_answers_stop", "Stop: nothing more goes", request=None, responses={200: GroupShown})
class GroupStop(GroupEndpoint):
    """What was not handed to a platform yet is taken back."""

    def post(self, request: Request, pk: int) -> Response:
        """Again changes nothing."""
        return self.told(group_answer.stop(pk, by=self.caller))


class RetryBody(serializers.Serializer):
    """Which, after a look."""

    conversations = ChosenBody(many=True, allow_empty=False)


@writing(
    "group_answers_retry",
    "Once more for what was refused or skipped",
    request=RetryBody,
    responses={200: GroupShown},
)
class GroupRetry(GroupEndpoint):
    """One's own group only."""

    serializer_class = RetryBody

    def post(self, request: Request, pk: int) -> Response:
        """What was answered is left alone."""
        body = RetryBody(data=request.data)
        body.is_valid(raise_exception=True)
        chosen = {each["conversation"]: each["seen_message"] for each in body.validated_data["conversations"]}
        return self.told(group_answer.retry(pk, by=self.caller, chosen=chosen))


# -- pinned answers -----------------------------------------------------------------------------------------------


class PinnedShown(serializers.Serializer):
    """Offered in conversations about the topic until its time has come."""

    id = serializers.IntegerField()
    topic = TopicRef()
    department = DepartmentRef(allow_null=True, help_text="null: all of them.")
    account = serializers.IntegerField(source="account_id", allow_null=True, help_text="null: all of them.")
    text = serializers.CharField()
    until = UtcField()
    by = ColleagueRef()
    version = serializers.IntegerField(help_text="Goes up with every change.")


class PinBody(serializers.Serializer):
    """One for each topic, department and account; changed where it stands."""

    topic = serializers.PrimaryKeyRelatedField(queryset=Topic.objects.filter(active=True))
    department = serializers.PrimaryKeyRelatedField(
        queryset=Department.objects.all(), allow_null=True, required=False, default=None
    )
    account = serializers.PrimaryKeyRelatedField(
        queryset=Account.objects.all(), allow_null=True, required=False, default=None
    )
    text = serializers.CharField(max_length=4000, trim_whitespace=False)
    until = UtcField()
    version = serializers.IntegerField(
        required=False, default=0, min_value=0, help_text="Of the one that was read; 0: there was none."
    )


@reading("pinned_answers_list", "Pinned answers that are offered now")
@writing(
    "pinned_answers_pin",
    "Pin an answer, or change the one that stands there",
    request=PinBody,
    responses={200: PinnedShown},
    refusals=("empty", "passed", "changed_elsewhere"),
)
class PinnedAnswers(Listing):
    """In order of id."""

    serializer_class = PinnedShown

    def get_queryset(self) -> QuerySet[PinnedAnswer]:
        """Everybody's, and those of the caller's departments."""
        self.filters()
        found = pinned_answer.visible(self.caller) & pinned_answer.active()
        return found.order_by().select_related("topic", "department", "by")

    def post(self, request: Request) -> Response:
        """Set it."""
        body = PinBody(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(PinnedShown(pinned_answer.pin(by=self.caller, **body.validated_data)).data)


class VersionBody(serializers.Serializer):
    """Of the one that was read."""

    version = serializers.IntegerField(min_value=0)


@writing(
    "pinned_answers_withdraw",
    "It is not offered any more",
    request=VersionBody,
    responses={200: PinnedShown},
    refusals=("changed_elsewhere",),
)
class WithdrawPinned(Endpoint):
    """Again changes nothing."""

    serializer_class = VersionBody

    def post(self, request: Request, pk: int) -> Response:
        """Losmaken."""
        body = VersionBody(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(PinnedShown(pinned_answer.withdraw(pk, by=self.caller, **body.validated_data)).data)
