"""Pass a conversation on, send it back, and ask which department may know."""

from typing import Any
from uuid import uuid4

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox import permissions
from inbox.actions import bounce, route, suggestion
from inbox.actions.claim import not_allowed
from inbox.actions.route import Word
from inbox.api.conversations import shown_to
from inbox.api.endpoint import Endpoint, reading, writing
from inbox.api.refs import DepartmentRef
from inbox.api.verbs import CHANGED, Verb
from inbox.models import Conversation, Department, User
from inbox.routing import Ground


class DepartmentField(serializers.SlugRelatedField):
    """A department by its slug; what is no slug is refused before the database is asked (it has no NUL)."""

    def to_internal_value(self, data: Any) -> Any:
        """Raises ValidationError."""
        return super().to_internal_value(serializers.SlugField().run_validation(data))


class TellBody(serializers.Serializer):
    """What the citizen hears, through the outbox and under the rules of an answer. It is no answer: no clock stops."""

    text = serializers.CharField(trim_whitespace=False)
    submission = serializers.UUIDField(
        required=False, help_text="Of your own making: the same twice routes and tells once."
    )
    seen_message = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="The newest message you saw."
    )
    confirm_newer = serializers.BooleanField(required=False, default=False)
    confirm_unfilled = serializers.BooleanField(required=False, default=False)
    confirm_personal_data = serializers.CharField(required=False, default="", allow_blank=True, max_length=64)


class RouteBody(serializers.Serializer):
    """Where it goes, why (a note for the colleagues there), and what the citizen hears."""

    department = DepartmentField("slug", queryset=Department.objects.all())
    note = serializers.CharField(required=False, default="", allow_blank=True, trim_whitespace=False)
    tell = TellBody(required=False, allow_null=True, default=None)


REFUSALS = (
    *("same_department", "closed", "too_long"),
    *("claimed_by_other", "newer_message", "window_closed", "not_summoned", "gone", "account"),
    *("personal_data", "unfilled", "empty"),
)


@writing(
    "conversations_route",
    "Pass it on to the department that knows",
    request=RouteBody,
    responses={**CHANGED, 204: None},
    refusals=REFUSALS,
)
class Route(Verb):
    """Doorzetten; 204 when you are not in that department."""

    serializer_class = RouteBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Claimed by nobody there."""
        tell = given["tell"]
        word = None
        if tell is not None:
            word = Word(
                tell["text"],
                tell.get("submission") or uuid4(),
                tell["seen_message"],
                confirm_newer=tell["confirm_newer"],
                confirm_personal_data=tell["confirm_personal_data"],
                confirm_unfilled=tell["confirm_unfilled"],
            )
        route.route(pk, by=by, department=given["department"], note=given["note"], word=word)


class BounceBody(serializers.Serializer):
    """Why it goes back."""

    reason = serializers.CharField(trim_whitespace=False)


@writing(
    "conversations_bounce",
    "Send it back to the department that routed it here",
    request=BounceBody,
    responses={**CHANGED, 204: None},
    refusals=("not_routed", "no_reason", "closed", "too_long"),
)
class Bounce(Verb):
    """Terugzetten; from the second time on the team leads where it goes hear it."""

    serializer_class = BounceBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Claimed by nobody there; the clock runs on."""
        bounce.bounce(pk, by=by, reason=given["reason"])


class SuggestionShown(serializers.Serializer):
    """A department that may know, and why."""

    department = DepartmentRef()
    ground = serializers.ChoiceField([(each.value, each.value) for each in Ground])
    sentence = serializers.CharField(help_text="The reason in words.")
    word = serializers.CharField(help_text="The citizen's word it rests on, when it does.")
    stayed = serializers.IntegerField(help_text="How often a question with that word stayed there …")
    went = serializers.IntegerField(help_text="… of the times that one was routed.")


@reading("conversations_route_suggestions", "Departments that may know, the surest first; at most two", many=True)
class Suggestions(Endpoint):
    """From the topic and from earlier routings on the same account. Only a proposal: nothing is routed by it."""

    serializer_class = SuggestionShown

    def get_queryset(self) -> QuerySet[Conversation]:
        """For the schema."""
        return shown_to(self.caller)

    def get(self, request: Request, pk: int) -> Response:
        """200 with a list, empty when nothing is known."""
        conversation = self.conversation()
        if not permissions.can_work(self.caller, conversation):
            raise not_allowed()
        found = suggestion.suggestions(conversation)
        known = Department.objects.in_bulk([each.department for each in found])
        rows = [
            {
                "department": known[each.department],
                "ground": each.ground,
                "sentence": each.sentence(known[each.department].name),
                "word": each.word,
                "stayed": each.stayed,
                "went": each.went,
            }
            for each in found
            if each.department in known
        ]
        return Response(SuggestionShown(rows, many=True).data)
