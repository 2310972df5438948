"""Doorzetten: the conversation goes to the department that knows, and the citizen may hear so in the same step. What
they hear is no answer: their clock runs on (Message.kind "routed"; docs/adr/0004)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from channels.clock import now
from inbox import permissions, standard_texts
from inbox.actions import held, queueing
from inbox.actions import note as notes
from inbox.actions.changing import changing
from inbox.actions.claim import claimed_by_other, not_allowed, refuse_closed
from inbox.actions.refused import Refused
from inbox.actions.reply import (
    obstacle,
    refuse_newer,
    refuse_personal_data,
    refuse_unfilled,
    split,
    submitted,
    target,
)
from inbox.actions.standard_reply import ending_of
from inbox.models import AccountSettings, Clock, Conversation, Department, Direction, Message, Routing, User
from inbox.models.routing import MOST_WORDS, stems_of, words_of

KIND = "routed"
LATEST = 5  # of the citizen's messages: what the question is about now


@dataclass(frozen=True, slots=True)
class Word:
    """What the citizen hears, as a form holds it; the fields are those of ``reply``."""

    text: str
    submission: UUID
    seen_message_id: int | None = None
    confirm_newer: bool = False
    confirm_personal_data: str = ""
    confirm_unfilled: bool = False


def route(
    conversation_id: int, *, by: User, department: Department, note: str = "", word: Word | None = None
) -> Conversation:
    """To ``department``, claimed by nobody, with the reason as a note for the colleagues there when given, and with a
    ``word`` to the citizen when given. The same form twice routes once.

    Raises Refused "same_department", "not_allowed", "closed", "too_long"; for the word also what ``reply`` refuses,
    "claimed_by_other" only when somebody else is answering.
    """
    if word is not None and submitted(word.submission, by, conversation_id):
        return Conversation.objects.get(pk=conversation_id)
    try:
        with (
            transaction.atomic(),
            changing(conversation_id, "routed", by=by, to=department.pk, to_name=department.name) as conversation,
        ):
            refuse_closed(conversation)
            if not permissions.can_work(by, conversation):
                raise not_allowed()
            if conversation.department_id == department.pk:
                raise Refused(
                    "same_department",
                    _("This conversation is already with %(department)s.") % {"department": department},
                )
            if word is not None:
                _tell(conversation, by, word)
            moved(conversation, by, department, words=asked(conversation))
            if note.strip():
                notes.write(conversation, by, note, allowed=True)  # after the change: it names those who see it there
    except IntegrityError:
        # The same form came twice at once, and the other was first.
        if word is not None and submitted(word.submission, by, conversation_id):
            return Conversation.objects.get(pk=conversation_id)
        raise
    return conversation


def moved(
    conversation: Conversation,
    by: User | None,
    department: Department,
    *,
    words: Sequence[str] = (),
    back: bool = False,
) -> Routing:
    """It lies there from now on, claimed by nobody; inside ``changing``. What follows when it is left lying goes by the
    rules there. ``by`` None: Webcare itself."""
    Clock.objects.filter(conversation=conversation, stopped_at=None).update(planned_due=None)
    routing = Routing.objects.create(
        conversation=conversation,
        account=conversation.account,
        from_department_id=conversation.department_id,
        to_department=department,
        by=by,
        at=now(),
        back=back,
        words=list(words),
    )
    conversation.department = department
    conversation.assignee = None
    held.moved(conversation)
    return routing


def asked_texts(conversation: Conversation) -> list[str]:
    """What the citizen wrote last, the newest first (one query)."""
    inbound = conversation.messages.filter(direction=Direction.IN, deleted_at__isnull=True)
    return list(inbound.order_by("-sent_at", "-id").values_list("text", flat=True)[:LATEST])


def asked(conversation: Conversation) -> list[str]:
    """The stems of what the citizen wrote last (two queries)."""
    return list(dict.fromkeys(stems_of(words_of(asked_texts(conversation))).values()))[:MOST_WORDS]


def word_for(conversation: Conversation, user: User, department: Department) -> str:
    """The department's text, filled in for this citizen; "" when it has none. No query, and no words of others."""
    contact = conversation.identity.contact
    return standard_texts.fill(
        department.routed_text.strip(),
        {
            standard_texts.CITIZEN: contact.name or conversation.identity.name,
            standard_texts.COLLEAGUE: user.first_name,
            standard_texts.INITIALS: user.initials,
            standard_texts.DEPARTMENT: department.name,
            standard_texts.CHANNEL: conversation.account.name,
            standard_texts.MUNICIPALITY: settings.MUNICIPALITY,
        },
    )


def cannot_tell(conversation: Conversation, by: User) -> Refused | None:
    """Why the citizen cannot be told anything here now; None when they can. For the form and for the action."""
    if conversation.assignee_id not in (None, by.pk):
        return claimed_by_other(conversation)
    return obstacle(conversation)


def _tell(conversation: Conversation, by: User, word: Word) -> Message:
    """Queue it under all rules of an answer; it may not be taken back, for the conversation is out of one's hands."""
    if refusal := cannot_tell(conversation, by):
        raise refusal
    if not word.confirm_newer and word.seen_message_id is not None:
        refuse_newer(conversation, word.seen_message_id, by)
    agreed = AccountSettings.objects.filter(account=conversation.account_id).first()
    parts = split(conversation, standard_texts.signed(word.text, ending_of(agreed, by)), as_thread=False)
    if not word.confirm_unfilled:
        refuse_unfilled(word.text)
    if kinds := refuse_personal_data(conversation, word.text, word.confirm_personal_data):
        conversation.audit_data["personal_data"] = kinds  # type: ignore[attr-defined]
    under = target(conversation) if conversation.public else None
    conversation.audit_data["told"] = True  # type: ignore[attr-defined]
    return queueing.queue(
        conversation, by, parts[0], word.submission, kind=KIND, in_reply_to=under.external_id if under else ""
    )
