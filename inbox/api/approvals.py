"""Sensitive conversations, and the answers there that wait for a second pair of eyes."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.actions import approval, sensitive
from inbox.api.endpoint import Endpoint, Listing, UtcField, reading, writing
from inbox.api.messages import Nothing
from inbox.api.paging import Order
from inbox.api.refs import ColleagueRef
from inbox.api.verbs import CHANGED, Verb
from inbox.models import Approval, ApprovalState, SensitiveGround, User


class SensitiveBody(serializers.Serializer):
    """Whether, and why."""

    sensitive = serializers.BooleanField()
    ground = serializers.ChoiceField(
        SensitiveGround.choices, required=False, allow_blank=True, default="", help_text="Not needed to unmark."
    )


@writing(
    "conversations_mark_sensitive",
    "Mark it as sensitive, or not any more",
    request=SensitiveBody,
    responses=CHANGED,
    refusals=("no_ground", "approval_waits"),
)
class MarkSensitive(Verb):
    """From then on every answer waits for approval; only team leads and approvers unmark."""

    serializer_class = SensitiveBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Again changes nothing."""
        sensitive.mark_sensitive(pk, by=by, sensitive=given["sensitive"], ground=given["ground"])


class ApprovalShown(serializers.Serializer):
    """One answer that waits, or waited, for a second pair of eyes."""

    id = serializers.IntegerField()
    conversation = serializers.IntegerField(source="conversation_id")
    messages = serializers.ListField(child=serializers.IntegerField(), source="message_ids")
    state = serializers.ChoiceField(ApprovalState.choices)
    author = ColleagueRef()
    text = serializers.CharField(help_text="As its author wrote it.")
    asked_at = UtcField()
    due_at = UtcField(source="conversation.due_at", allow_null=True, help_text="When the citizen is due an answer.")
    decided_by = ColleagueRef(allow_null=True)
    decided_at = UtcField(allow_null=True)
    changed_text = serializers.CharField(help_text="As it was approved, where that differs; else empty.")
    reason = serializers.CharField(help_text="Why it was not approved.")


@reading("approvals_list", "Answers that wait for your approval, in order of asking")
class Approvals(Listing):
    """Not your own."""

    serializer_class = ApprovalShown
    ordering = Order("asked_at")

    def get_queryset(self) -> QuerySet[Approval]:
        """Only what the caller may decide on."""
        self.filters()
        return approval.waiting(self.caller).order_by().select_related("author", "decided_by", "conversation")


class Deciding(Endpoint):
    """POST; answers with the approval as it is then."""

    def decide(self, pk: int, given: dict[str, Any]) -> Approval:
        """Call the action."""
        raise NotImplementedError

    def post(self, request: Request, pk: int) -> Response:
        """Decide, then show."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(ApprovalShown(self.decide(pk, dict(body.validated_data))).data)


ONE: dict[int, Any] = {200: ApprovalShown}


class ApproveBody(serializers.Serializer):
    """As it is, or changed."""

    text = serializers.CharField(
        required=False, allow_null=True, default=None, trim_whitespace=False, help_text="Another text; both are kept."
    )
    seen_message = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="As in a reply: a newer one refuses (newer_message)."
    )
    confirm_personal_data = serializers.CharField(required=False, default="", allow_blank=True, max_length=64)


@writing(
    "approvals_approve",
    "Approve an answer: it goes now",
    request=ApproveBody,
    responses=ONE,
    refusals=(
        *("not_approver", "decided", "closed", "fixed_text", "empty", "too_long", "newer_message", "window_closed"),
        *("account", "gone", "not_summoned", "personal_data"),
    ),
)
class Approve(Deciding):
    """By somebody who approves there and did not write it."""

    serializer_class = ApproveBody

    def decide(self, pk: int, given: dict[str, Any]) -> Approval:
        """Goedkeuren."""
        return approval.approve(
            pk,
            by=self.caller,
            text=given["text"],
            seen_message_id=given["seen_message"],
            confirm_personal_data=given["confirm_personal_data"],
        )


class RefuseBody(serializers.Serializer):
    """For colleagues only."""

    reason = serializers.CharField(allow_blank=True)


@writing(
    "approvals_refuse",
    "Do not approve an answer",
    request=RefuseBody,
    responses=ONE,
    refusals=("not_approver", "decided", "no_reason", "too_long"),
)
class RefuseApproval(Deciding):
    """Its text is a draft of its author again."""

    serializer_class = RefuseBody

    def decide(self, pk: int, given: dict[str, Any]) -> Approval:
        """Niet goedkeuren."""
        return approval.refuse(pk, by=self.caller, reason=given["reason"])


@writing(
    "approvals_withdraw",
    "Take back your own answer that waits",
    request=None,
    responses=ONE,
    refusals=("not_yours", "decided"),
)
class WithdrawApproval(Deciding):
    """It is a draft again."""

    serializer_class = Nothing

    def decide(self, pk: int, given: dict[str, Any]) -> Approval:
        """Terugnemen."""
        return approval.withdraw(pk, by=self.caller)
