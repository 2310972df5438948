"""Advice about a conversation: ask, list, answer, withdraw."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from inbox import permissions
from inbox.actions import advice
from inbox.api.endpoint import Detail, Endpoint, Listing, UtcField, reading, writing
from inbox.api.messages import Nothing
from inbox.api.paging import Order
from inbox.api.refs import ColleagueRef, DepartmentRef
from inbox.api.routing import DepartmentField
from inbox.models import AdviceRequest, AdviceState, Department, User
from inbox.models.advice import AdviceQuerySet


class AdviceShown(serializers.Serializer):
    """One question to an expert, or to the experts of a department, and what they said."""

    id = serializers.IntegerField()
    conversation = serializers.IntegerField(source="conversation_id")
    state = serializers.ChoiceField(AdviceState.choices)
    question = serializers.CharField()
    asked_by = ColleagueRef()
    asked_at = UtcField()
    expert = ColleagueRef(allow_null=True)
    department = DepartmentRef(allow_null=True)
    due_at = UtcField(help_text="In office time since it was asked.")
    answer = serializers.CharField()
    answered_by = ColleagueRef(allow_null=True)
    ended_at = UtcField(allow_null=True, help_text="When it was answered or withdrawn.")


def known() -> AdviceQuerySet:
    """With the people."""
    return AdviceRequest.objects.select_related("asked_by", "expert", "department", "answered_by")


@reading("conversations_advice_list", "What was asked of experts about a conversation, oldest first")
class OfConversation(Listing):
    """A new one: POST to …/ask-advice/."""

    serializer_class = AdviceShown
    ordering = Order("asked_at")

    def get_queryset(self) -> QuerySet[AdviceRequest]:
        """Of the conversation in the address."""
        self.filters()
        return known().filter(conversation=self.conversation())


@reading("advice_list", "What is asked of you now, in order of asking")
class OfMe(Listing):
    """Open questions, to you or to the experts of your department."""

    serializer_class = AdviceShown
    ordering = Order("asked_at")

    def get_queryset(self) -> QuerySet[AdviceRequest]:
        """Only of the caller."""
        self.filters()
        return known().asked_of(self.caller).open()


@reading("advice_retrieve", "One question")
class AdviceDetail(Detail):
    """For who is asked, and for who sees the conversation."""

    serializer_class = AdviceShown

    def get_object(self) -> AdviceRequest:
        """Raises NotFound."""
        found = known().select_related("conversation").filter(pk=self.kwargs["pk"]).first()
        if found is None or not (
            permissions.may_advise(self.caller, found) or permissions.can_see(self.caller, found.conversation)
        ):
            raise NotFound
        return found


class AskBody(serializers.Serializer):
    """Of a colleague or of a department's experts: one of the two."""

    question = serializers.CharField(trim_whitespace=False)
    expert = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.filter(is_active=True), required=False, allow_null=True, default=None
    )
    department = DepartmentField(
        "slug", queryset=Department.objects.all(), required=False, allow_null=True, default=None
    )
    within_minutes = serializers.ChoiceField(advice.WITHIN, help_text="Office minutes.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ValidationError."""
        if (attrs["expert"] is None) == (attrs["department"] is None):
            raise serializers.ValidationError("expert or department")
        return attrs


@writing(
    "conversations_ask_advice",
    "Ask an expert for advice",
    request=AskBody,
    responses={201: AdviceShown},
    refusals=("asked_already", "no_experts", "closed", "too_long", "empty"),
)
class Ask(Endpoint):
    """The conversation stays where it is; its clock runs on."""

    serializer_class = AskBody

    def post(self, request: Request, pk: int) -> Response:
        """201 with the question."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        made = advice.ask(
            pk,
            by=self.caller,
            question=given["question"],
            minutes=given["within_minutes"],
            of=given["expert"] or given["department"],
        )
        return Response(AdviceShown(made).data, status=201)


class AnswerBody(serializers.Serializer):
    """For colleagues only."""

    text = serializers.CharField(trim_whitespace=False)


ONE: dict[int, Any] = {200: AdviceShown}


@writing(
    "advice_answer", "Give advice", request=AnswerBody, responses=ONE, refusals=("withdrawn", "answered", "too_long")
)
class Answer(Endpoint):
    """Once. 404 for who is not asked."""

    serializer_class = AnswerBody

    def post(self, request: Request, pk: int) -> Response:
        """It never reaches the citizen by itself."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = advice.answer(pk, by=self.caller, text=body.validated_data["text"])
        return Response(AdviceShown(made).data)


@writing(
    "advice_withdraw",
    "It is not needed any more",
    request=None,
    responses=ONE,
    refusals=("withdrawn", "answered"),
)
class Withdraw(Endpoint):
    """Whoever was asked no longer sees the conversation."""

    serializer_class = Nothing

    def post(self, request: Request, pk: int) -> Response:
        """200 with the question as it ended."""
        return Response(AdviceShown(advice.withdraw(pk, by=self.caller)).data)
