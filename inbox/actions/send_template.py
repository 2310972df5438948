"""Een sjabloon sturen: an approved text with its variables filled in, also after the window has closed."""

from collections.abc import Mapping
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.gateway import capabilities_of
from inbox import message_templates, permissions
from inbox.actions import queueing
from inbox.actions.changing import changing
from inbox.actions.claim import claimed_by_other, not_allowed, refuse_closed
from inbox.actions.refused import Refused
from inbox.actions.reply import obstacle, refuse_newer, submitted
from inbox.models import Conversation, Message, MessageTemplate, TemplateStatus, User

LONGEST_VALUE = 600  # characters; WhatsApp takes 1,024 for a whole text


def send_template(
    conversation_id: int,
    *,
    by: User,
    template: int,
    variables: Mapping[str, str],
    submission: UUID,
    seen_message_id: int | None = None,
    confirm_newer: bool = False,
) -> Message:
    """Queue a template (by its id here), once per ``submission``. Raises Refused: "claimed_by_other", "not_claimed",
    "closed", "no_templates", "template_gone", "template_not_approved", "variables_missing" (data: missing), "too_long",
    "newer_message", "account", "not_allowed"."""
    if earlier := submitted(submission, by, conversation_id):
        return earlier[0]
    try:
        with transaction.atomic(), changing(conversation_id, "replied", by=by) as conversation:
            if not permissions.can_work(by, conversation):
                raise not_allowed()
            refuse_closed(conversation)
            if conversation.assignee_id != by.pk:
                raise claimed_by_other(conversation)
            found = _usable(conversation, template)
            if refusal := obstacle(conversation, free_text=False):
                raise refusal
            if not confirm_newer and seen_message_id is not None:
                refuse_newer(conversation, seen_message_id, by)
            values = _values(found, variables)
            text = message_templates.filled(found, values)
            _refuse_long(conversation, text)
            conversation.audit_data["template"] = found.pk  # type: ignore[attr-defined]
            message = queueing.queue(
                conversation,
                by,
                text,
                submission,
                template_id=found.external_id,
                template_variables=values,
                wait=queueing.undo_wait(conversation),
            )
    except (IntegrityError, Refused):
        # The same form came twice at once and the other was first; what was in its way came after it.
        if earlier := submitted(submission, by, conversation_id):
            return earlier[0]
        raise
    return message


def _usable(conversation: Conversation, template_id: int) -> MessageTemplate:
    if conversation.public or not capabilities_of(conversation.account).has_templates:
        raise Refused("no_templates", _("There are no templates on this channel. Write an answer instead."))
    found = MessageTemplate.objects.filter(pk=template_id, account=conversation.account).first()
    if found is None or found.gone_at is not None:
        raise Refused("template_gone", _("This template does not exist any more. Choose another one."))
    if found.status != TemplateStatus.APPROVED:
        raise Refused(
            "template_not_approved",
            _("WhatsApp has not approved this template: %(status)s. Choose another one.")
            % {"status": found.get_status_display()},
        )
    return found


def _values(template: MessageTemplate, given: Mapping[str, str]) -> dict[str, str]:
    wanted = message_templates.variables(template)
    values = {name: message_templates.plain(given.get(name, ""))[:LONGEST_VALUE] for name in wanted}
    missing = [name for name, value in values.items() if not value]
    if missing:
        raise Refused(
            "variables_missing",
            ngettext("Fill in this field first: %(names)s.", "Fill in these fields first: %(names)s.", len(missing))
            % {"names": ", ".join(missing)},
            missing=missing,
        )
    return values


def _refuse_long(conversation: Conversation, text: str) -> None:
    maximum = capabilities_of(conversation.account).max_length_private
    if maximum is not None and len(text) > maximum:
        raise Refused(
            "too_long",
            _("Filled in like this the template is too long: %(length)s of %(max)s characters. Shorten it.")
            % {"length": len(text), "max": maximum},
            can_thread=False,
            length=len(text),
            max_length=maximum,
        )
