"""The files that citizens sent: only to who may see the conversation, and never shown as a page of ours."""

from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.actions.refetch import refetch
from inbox.api.endpoint import READING, Detail, Endpoint, problems, reading, writing
from inbox.api.messages import AttachmentShown, attachments_for
from inbox.models import Attachment, AttachmentState


class OneAttachment(Endpoint):
    """An attachment in a conversation that the caller may see."""

    serializer_class: type[serializers.Serializer] = AttachmentShown

    def get_queryset(self) -> QuerySet[Attachment]:
        """What the caller may see."""
        return attachments_for(self.caller)


@reading("attachments_retrieve", "One attachment, without its file")
class AttachmentDetail(OneAttachment, Detail):
    """What it is and whether its file is here."""


class AttachmentFile(OneAttachment):
    """The bytes."""

    @extend_schema(
        operation_id="attachments_file",
        summary="The file itself",
        responses={
            (200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY, description="The file."),
            **problems(READING),
        },
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> FileResponse:
        """404 as well while the file is being fetched, and when that failed."""
        attachment = self.get_object()
        if attachment.state != AttachmentState.READY or not attachment.file:
            raise NotFound
        try:
            content = attachment.file.open("rb")
        except FileNotFoundError:
            raise NotFound from None
        # The sender's name without what could pass for a path.
        name = attachment.name.replace("\\", "/").rpartition("/")[2].strip()
        response = FileResponse(
            content,
            as_attachment=True,
            filename=name or f"{attachment.kind}-{attachment.pk}",
            content_type="application/octet-stream",
        )
        response["X-Content-Type-Options"] = "nosniff"
        # What a citizen sent must not run as ours, whatever it says it is.
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        return response


@writing(
    "attachments_retry",
    "Fetch a file that did not come once more",
    request=None,
    responses={200: AttachmentShown},
    refusals=("not_failed", "no_address"),
)
class AttachmentRetry(OneAttachment):
    """As the button on the page."""

    def post(self, request: Request, pk: int) -> Response:
        """The attachment as it is now: being fetched."""
        attachment = refetch(pk, by=self.caller)
        return Response(AttachmentShown(attachment, context=self.get_serializer_context()).data)
