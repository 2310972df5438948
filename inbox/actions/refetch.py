"""A file that could not be fetched: a colleague has it tried again."""

from django.db import transaction
from django.utils.translation import gettext as _

from channels.clock import now
from inbox import kick, permissions
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Attachment, AttachmentState, User


def refetch(attachment_id: int, *, by: User) -> Attachment:
    """Opnieuw ophalen: from the start, with all its attempts. Asked twice at once it is done once.

    Raises Refused "not_failed" (it is here, or on its way), "no_address" (there is nowhere to fetch it from) and
    "not_allowed"; NotVisible.
    """
    found = Attachment.objects.filter(pk=attachment_id).values_list("message__conversation_id", flat=True).first()
    if found is None:
        raise NotVisible
    with changing(found, "media_retried", by=by, attachment=attachment_id) as conversation:
        if not permissions.can_work(by, conversation):
            raise not_allowed()
        attachment = Attachment.objects.select_for_update(of=("self",)).get(pk=attachment_id)
        if attachment.state != AttachmentState.FAILED:
            raise Refused("not_failed", _("This file is here already, or is being fetched. Look at its state."))
        if not attachment.source_url:
            raise Refused(
                "no_address", _("The platform did not say where this file is. Ask the citizen to send it again.")
            )
        attachment.state, attachment.attempts, attachment.error = AttachmentState.PENDING, 0, ""
        attachment.fetch_at = now()
        attachment.save(update_fields=["state", "attempts", "error", "fetch_at"])
        transaction.on_commit(kick.kick_media)
    return attachment
