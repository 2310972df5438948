"""What only a platform can do: approved templates, going on in private, hiding, liking, deleting."""

from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from inbox import message_templates
from inbox.actions import at_platform, reply, reply_privately, send_template
from inbox.api.accounts import VisibleAccounts
from inbox.api.endpoint import Endpoint, Listing, UtcField, reading, writing
from inbox.api.messages import MessageShown, messages_for
from inbox.api.refs import ColleagueRef
from inbox.api.reply import KEY, submission_of
from inbox.models import Deed, DeedState, MessageTemplate, TemplateStatus


class TemplateShown(serializers.Serializer):
    """A text WhatsApp judged beforehand; only an approved one can be sent."""

    id = serializers.IntegerField()
    external_id = serializers.CharField(help_text="Twilio's content sid.")
    name = serializers.CharField()
    language = serializers.CharField()
    category = serializers.CharField()
    status = serializers.ChoiceField(TemplateStatus.choices)
    reason = serializers.CharField(help_text="Why it was rejected, in WhatsApp's words.")
    body = serializers.CharField(help_text="With {{name}} where a variable goes.")
    variables = serializers.SerializerMethodField(help_text="Their names, in the order of the text.")
    examples = serializers.DictField(child=serializers.CharField())
    buttons = serializers.ListField(child=serializers.CharField())

    def get_variables(self, template: MessageTemplate) -> list[str]:
        """All of them must be given."""
        return message_templates.variables(template)


@reading("accounts_templates_list", "The templates of an account, usable or not")
class Templates(VisibleAccounts, Listing):
    """Asked of the platform every hour."""

    serializer_class = TemplateShown

    def get_queryset(self) -> QuerySet[Any]:
        """Of the account in the address."""
        self.filters()
        account = super().get_queryset().filter(pk=self.kwargs["pk"]).first()
        if account is None:
            raise NotFound
        return MessageTemplate.objects.filter(account=account, gone_at__isnull=True).order_by("pk")


class SeenBody(serializers.Serializer):
    """What every answer may say."""

    submission = serializers.UUIDField(required=False, help_text="Instead of the header Idempotency-Key.")
    seen_message = serializers.IntegerField(required=False, allow_null=True, default=None)
    confirm_newer = serializers.BooleanField(required=False, default=False)


class TemplateBody(SeenBody):
    """Which one, and what goes in it."""

    template = serializers.IntegerField(help_text="The id of a template of this account.")
    variables = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False, default=dict)


class PrivateBody(SeenBody):
    """The private message, and what is said in public once it has arrived."""

    text = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=10_000)
    public_text = serializers.CharField(
        allow_blank=True, trim_whitespace=False, max_length=10_000, required=False, default="",
        help_text="Empty: nothing is said in public.",
    )  # fmt: skip
    confirm_personal_data = serializers.CharField(required=False, default="", allow_blank=True, max_length=64)


class PrivateShown(serializers.Serializer):
    """The message in its conversation, which may be new."""

    conversation = serializers.IntegerField()
    message = MessageShown()


class Once(Endpoint):
    """POST with a key: 201 the first time, 200 when this key already did it."""

    def once(self, request: Request, pk: int, body: serializers.Serializer) -> tuple[dict[str, Any], Any]:
        """What was given, and the key; two requests with one key wait for each other. Inside a transaction."""
        body.is_valid(raise_exception=True)
        given: dict[str, Any] = dict(body.validated_data)
        submission = submission_of(self.caller, request, pk, given.pop("submission", None))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [submission.int % 2**63])
        given["seen_message_id"] = given.pop("seen_message")
        return given, submission


@writing(
    "conversations_template",
    "Send an approved template, also when the window has closed",
    request=TemplateBody,
    responses={201: MessageShown, 200: MessageShown},
    refusals=(
        "claimed_by_other", "not_claimed", "closed", "no_templates", "template_gone", "template_not_approved",
        "variables_missing", "too_long", "newer_message", "account",
    ),
    parameters=[KEY],
)  # fmt: skip
class SendTemplate(Once):
    """WhatsApp only."""

    serializer_class = TemplateBody

    def post(self, request: Request, pk: int) -> Response:
        """Queue it."""
        with transaction.atomic():
            given, submission = self.once(request, pk, TemplateBody(data=request.data))
            earlier = bool(reply.submitted(submission, self.caller, pk))
            message = send_template.send_template(pk, by=self.caller, submission=submission, **given)
        shown = MessageShown(messages_for(self.caller).get(pk=message.pk), context=self.get_serializer_context())
        return Response(shown.data, status=200 if earlier else 201)


@writing(
    "conversations_reply_privately",
    "From something public to a private message, with a public line that says so",
    request=PrivateBody,
    responses={201: PrivateShown, 200: PrivateShown},
    refusals=(
        "claimed_by_other", "not_claimed", "closed", "empty", "too_long", "newer_message", "gone", "account",
        "private_already", "no_private_way", "too_old", "replied_privately", "nameless", "elsewhere", "not_summoned",
        "personal_data",
    ),
    parameters=[KEY],
)  # fmt: skip
class ReplyPrivately(Once):
    """Facebook: once for each comment, within seven days. X: when the citizen takes messages."""

    serializer_class = PrivateBody

    def post(self, request: Request, pk: int) -> Response:
        """Queue it in the private conversation, which is made when there is none."""
        with transaction.atomic():
            given, submission = self.once(request, pk, PrivateBody(data=request.data))
            earlier = messages_for(self.caller).filter(submission=submission).exists()
            reached = reply_privately.reply_privately(pk, by=self.caller, submission=submission, **given)
        message = messages_for(self.caller).get(pk=reached.message.pk)
        shown = PrivateShown(
            {"conversation": message.conversation_id, "message": message}, context=self.get_serializer_context()
        )
        return Response(shown.data, status=200 if earlier else 201)


class DeedBody(serializers.Serializer):
    """What to do to the message where it stands."""

    what = serializers.ChoiceField(Deed.choices)


class DeedShown(serializers.Serializer):
    """How far it is; done or failed is also to be seen at the message."""

    what = serializers.ChoiceField(Deed.choices)
    progress = serializers.ChoiceField(DeedState.choices, source="state")
    by = ColleagueRef()
    asked_at = UtcField()
    ended_at = UtcField(allow_null=True)
    code = serializers.CharField(help_text="The platform's own code.")
    reason = serializers.CharField(help_text="The same in our words.")


@writing(
    "messages_at_platform",
    "Hide, show, like or delete a message at the platform",
    request=DeedBody,
    responses={202: DeedShown},
    refusals=("not_offered", "already", "deed_underway", "account"),
)
class AtPlatform(Endpoint):
    """202: written down, and done within seconds; asked twice it is done once."""

    serializer_class = DeedBody

    def post(self, request: Request, pk: int) -> Response:
        """Only what the platform offers for this message."""
        body = DeedBody(data=request.data)
        body.is_valid(raise_exception=True)
        if not messages_for(self.caller).filter(pk=pk).exists():
            raise NotFound
        deed = at_platform.ask(pk, Deed(body.validated_data["what"]), by=self.caller)
        return Response(DeedShown(deed, context=self.get_serializer_context()).data, status=202)
