"""Privé verder: from a public comment or mention to a private message with the same citizen, linked."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from channels.clock import now
from channels.gateway import capabilities_of
from channels.messages import Capabilities
from channels.models import AccountState
from inbox import permissions
from inbox.actions import queueing, sensitive
from inbox.actions.changing import changing
from inbox.actions.claim import claimed_by_other, not_allowed, refuse_closed
from inbox.actions.refused import NotVisible, Refused
from inbox.actions.reply import obstacle, refuse_newer, refuse_personal_data, split, submitted, target
from inbox.actions.windows import windows
from inbox.models import (
    Conversation,
    Delivery,
    Direction,
    Identity,
    Message,
    PublicLine,
    Status,
    User,
)

UNKNOWN_THERE = "?private:"  # an identity whose id in private we learn when the first message has arrived
NOT_GOING = (Delivery.FAILED, Delivery.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Reached:
    """Where it goes on, and what was queued there."""

    conversation: Conversation
    message: Message


def reply_privately(
    conversation_id: int,
    *,
    by: User,
    text: str,
    public_text: str,
    submission: UUID,
    seen_message_id: int | None = None,
    confirm_newer: bool = False,
    confirm_personal_data: str = "",
) -> Reached:
    """Queue ``text`` in a private conversation with the citizen of this public one (an unfinished one on the same
    account, else a new one, then claimed by ``by``), link the two, and have ``public_text`` said in public once the
    private message has arrived; "" says nothing. Once per ``submission``.

    Raises Refused: what ``reply`` refuses, and "private_already", "no_private_way", "too_old", "replied_privately"
    (data: conversation), "nameless", "elsewhere". "claimed_by_other" of the private conversation has data
    conversation.
    """
    if earlier := _earlier(submission, by):
        return earlier
    try:
        with transaction.atomic(), changing(conversation_id, "continued_privately", by=by) as public:
            if not permissions.can_work(by, public):
                raise not_allowed()
            if refusal := impossible(public):
                raise refusal
            refuse_closed(public)
            if public.assignee_id != by.pk:
                raise claimed_by_other(public)
            asked = target(public)
            if asked is None:  # ``impossible`` said so
                raise NotVisible
            if not confirm_newer and seen_message_id is not None:
                refuse_newer(public, seen_message_id, by)
            _refuse_line(public, public_text, confirm_personal_data)
            private = _private_conversation(public, asked, by)
            message = _queue(public, private, asked, by, text, submission)
            if public_text.strip():
                PublicLine.objects.create(private=message, conversation=public, text=public_text.strip())
            public.continued_in = private
            public.audit_data["linked"] = private.pk  # type: ignore[attr-defined]
    except (IntegrityError, Refused) as error:
        # The same form came twice at once and the other was first; what was in its way came after it.
        if earlier := _earlier(submission, by):
            return earlier
        if isinstance(error, Refused):
            raise
        # The citizen began the private conversation in the same breath.
        raise Refused("busy", _("The citizen wrote just now. Look at what is new, and try again.")) from None
    return Reached(private, message)


def impossible(public: Conversation) -> Refused | None:
    """Why nobody can go on in private from here; None when somebody can. For the button and for the action.

    At most three queries."""
    if not public.public:
        return Refused("private_already", _("This conversation is private already. Answer here."))
    capabilities = capabilities_of(public.account)
    if not capabilities.can_reply_privately:
        return Refused("no_private_way", _("This channel has no private messages. Answer in public."))
    if refusal := _account_trouble(public):
        return refusal
    asked = target(public)
    if asked is None:
        return Refused("gone", _("The citizen removed the message. There is nothing left to answer."))
    if capabilities.private_reply_within is None:
        if public.identity.external_id.startswith("?"):
            return Refused("nameless", _("The platform does not say who this is. Answer in public."))
        return None
    if _open_private(public, capabilities) is not None:
        return None
    return _comment_refused(public, asked, capabilities.private_reply_within)


def _account_trouble(public: Conversation) -> Refused | None:
    """A broken or paused account stops everything; a public answer that may not go does not stop a private one."""
    if public.account.state == AccountState.ACTIVE:
        return None
    refusal = obstacle(public, free_text=False)
    return refusal if refusal is not None and refusal.code == "account" else None


def _comment_refused(public: Conversation, asked: Message, within: timedelta) -> Refused | None:
    """Facebook takes one private answer to each comment, for seven days."""
    used = Message.objects.filter(
        account=public.account_id, direction=Direction.OUT, public=False, in_reply_to=asked.external_id
    )
    # By way of the citizen: messages have no index on what they answer.
    used = used.filter(conversation__identity__contact=public.identity.contact_id).exclude(state__in=NOT_GOING)
    found = used.values_list("conversation_id", flat=True).first()
    if found is not None:
        return Refused(
            "replied_privately",
            _("Facebook takes one private message for each comment, and it was sent. Go on there."),
            conversation=found,
        )
    if now() - asked.sent_at > within:
        return Refused(
            "too_old",
            _("Facebook takes a private message until 7 days after the comment. Ask the citizen to send us one."),
        )
    return None


def _refuse_line(public: Conversation, text: str, confirmed: str) -> None:
    """The public line must be able to go, and holds nothing that may not be public."""
    if not text.strip():
        return
    if refusal := obstacle(public):
        raise Refused(
            refusal.code, _("%(why)s Leave the public line empty to send the private message alone.") % {"why": refusal}
        )
    split(public, text, as_thread=False)
    if kinds := refuse_personal_data(public, text, confirmed):
        public.audit_data["personal_data"] = kinds  # type: ignore[attr-defined]


def _open_private(public: Conversation, capabilities: Capabilities) -> Conversation | None:
    """The unfinished private conversation with this citizen on this account in which free text may go now."""
    for found in _privates(public):
        until = windows(found).until
        if capabilities.window is None or (until is not None and until > now()):
            return found
    return None


def _privates(public: Conversation) -> list[Conversation]:
    """Unfinished private conversations with this citizen on this account, the newest first. One query."""
    rows = Conversation.objects.filter(
        account=public.account_id, public=False, identity__contact=public.identity.contact_id
    )
    rows = rows.exclude(status=Status.CLOSED).select_related("account__app", "identity", "assignee")
    return list(rows.order_by("-last_message_at", "-id")[:5])


def _private_conversation(public: Conversation, asked: Message, by: User) -> Conversation:
    known = _privates(public)
    found = known[0] if known else None
    if found is None:
        return _begin(public, asked, by)
    if not Conversation.objects.visible_to(by).filter(pk=found.pk).exists():
        raise Refused(
            "elsewhere",
            _("%(department)s has a private conversation with this citizen. Route this one to them.")
            % {"department": found.department},
        )
    if found.assignee_id not in (None, by.pk):
        raise Refused(
            "claimed_by_other",
            _("%(name)s has a private conversation with this citizen. You can take it over there.")
            % {"name": found.assignee},
            conversation=found.pk,
        )
    return found


def _begin(public: Conversation, asked: Message, by: User) -> Conversation:
    identity = _identity_in_private(public, asked)
    moment = now()
    return Conversation.objects.create(
        account=public.account,
        identity=identity,
        thread_id=identity.external_id,
        public=False,
        subject=public.subject,
        # Where it came from stays in sight.
        context={
            "external_id": asked.external_id,
            "text": asked.text,
            "author_name": identity.display_name,
            "url": asked.url,
            "from_us": False,
        },
        department=public.department,
        assignee=by,
        status=Status.OPEN,
        sensitive=public.sensitive,
        sensitive_ground=public.sensitive_ground,
        opened_at=moment,
        last_message_at=moment,
        rank_at=moment,
    )


def _identity_in_private(public: Conversation, asked: Message) -> Identity:
    """On X the same one. Facebook knows a citizen by another id in Messenger: one we had before, or one it tells us
    when the message has arrived (inbox.incoming.private_threads)."""
    if capabilities_of(public.account).private_reply_within is None:
        return public.identity
    before = Conversation.objects.filter(
        account=public.account_id, public=False, identity__contact=public.identity.contact_id
    )
    earlier = before.select_related("identity").order_by("-last_message_at").first()
    if earlier is not None and not earlier.identity.external_id.startswith("?"):
        return earlier.identity
    there, _made = Identity.objects.get_or_create(
        kind=public.identity.kind,
        external_id=f"{UNKNOWN_THERE}{asked.external_id}"[:200],
        defaults={
            "contact": public.identity.contact,
            "name": public.identity.name,
            "handle": public.identity.handle,
            "avatar_url": public.identity.avatar_url,
        },
    )
    return there


def _queue(
    public: Conversation, private: Conversation, asked: Message, by: User, text: str, submission: UUID
) -> Message:
    with changing(private.pk, "replied", by=by, linked=public.pk) as conversation:
        if conversation.assignee_id is None:
            conversation.assignee = by
        if conversation.assignee_id != by.pk:
            raise claimed_by_other(conversation)
        if public.sensitive and not conversation.sensitive:
            # Going on in private is no way round the second pair of eyes.
            conversation.sensitive, conversation.sensitive_ground = True, public.sensitive_ground
            sensitive.hold_queued(conversation)
        parts = split(conversation, text, as_thread=False)
        within = capabilities_of(conversation.account).private_reply_within
        until = windows(conversation).until
        answers_comment = within is not None and (until is None or until <= now())
        if answers_comment and within is not None and (refusal := _comment_refused(public, asked, within)):
            raise refusal
        return queueing.queue(
            conversation,
            by,
            parts[0],
            submission,
            in_reply_to=asked.external_id if answers_comment else "",
            wait=queueing.undo_wait(conversation),
        )


def _earlier(submission: UUID, by: User) -> Reached | None:
    found = Message.objects.filter(submission=submission).select_related("conversation").first()
    if found is None:
        return None
    submitted(submission, by, found.conversation_id)  # someone else's form is refused
    return Reached(found.conversation, found)


# -- what is said in public -----------------------------------------------------------------------------------------

ARRIVED = (Delivery.SENT, Delivery.DELIVERED, Delivery.READ)


def say_lines(limit: int = 100) -> int:
    """Queue the public lines whose private answer has arrived; drop those whose private answer need not go any more.
    Any number of callers; how many were dealt with."""
    due = PublicLine.objects.filter(over_at__isnull=True, private__state__in=(*ARRIVED, Delivery.WITHDRAWN))
    return sum(say_line(pk) for pk in list(due.order_by("id").values_list("pk", flat=True)[:limit]))


def say_line(line_id: int) -> bool:
    """One of them, if it is time; whether it was dealt with."""
    with transaction.atomic():
        line = (
            PublicLine.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("private__author")
            .filter(pk=line_id, over_at__isnull=True)
            .first()
        )
        if line is None or line.private.state not in (*ARRIVED, Delivery.WITHDRAWN):
            return False
        if line.private.state in ARRIVED and line.private.author is not None:
            line.said = _say(line, line.private.author)
        line.over_at = now()
        line.save(update_fields=["said", "over_at"])
    return True


def _say(line: PublicLine, author: User) -> Message | None:
    """In the name of who wrote it, by the house: they may be off, or the conversation in other hands by now."""
    submission = line.private.submission
    with changing(line.conversation_id, "line_said", by=None) as public:
        asked = target(public)
        if asked is None or submission is None:
            return None  # the citizen took it back: there is nothing to stand under
        return queueing.queue(public, author, line.text, uuid5(submission, "public"), in_reply_to=asked.external_id)
