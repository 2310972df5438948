"""Beantwoorden: refuse what cannot go out, else put the answer in the outbox, once per submitted form."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from channels.clock import now
from channels.gateway import capabilities_of, connector_of
from channels.models import Account, AccountState, Kind
from inbox import kick, permissions, privacy_guard, standard_texts
from inbox.actions import draft, held, upload
from inbox.actions.changing import changing
from inbox.actions.claim import claimed_by_other, not_allowed, refuse_closed
from inbox.actions.refused import Refused
from inbox.actions.standard_reply import ending_of
from inbox.actions.windows import closed, windows
from inbox.kept import kept, slot
from inbox.models import AccountSettings, Conversation, Delivery, Direction, DraftMode, Message, User

MOST_PARTS = 25  # posts in one thread


def reply(
    conversation_id: int,
    *,
    by: User,
    text: str,
    submission: UUID,
    seen_message_id: int | None = None,
    as_thread: bool = False,
    confirm_newer: bool = False,
    confirm_personal_data: str = "",
    confirm_unfilled: bool = False,
    uploads: Iterable[int] = (),
    by_hand: bool = False,
    group: int | None = None,
) -> list[Message]:
    """Queue an answer on the channel where was asked; several messages when a long one becomes a thread on X. In a
    sensitive conversation it waits for approval first (actions.approval).

    ``submission`` names the form: the same one twice gives the messages of the first time. ``seen_message_id`` is the
    newest message the writer had on screen. ``confirm_personal_data``: the "confirm" of an earlier refusal, for exactly
    what that named. ``uploads``: the files that go along (inbox.actions.upload). ``by_hand``: written on the page: it
    ends as the account agreed, can be taken back for the account's seconds, and its draft is done. ``group``: the
    answer to many that it is part of (inbox.actions.group_answer): as by hand but for the draft, and a conversation
    that nobody has need not be claimed for it.

    Raises Refused: "claimed_by_other", "not_claimed", "closed", "empty", "too_long" (data: can_thread),
    "newer_message", "window_closed", "not_summoned", "gone", "account", "personal_data" (data: kinds, findings,
    confirm), "unfilled" (data: names), "not_allowed", and what ``upload.for_answer`` refuses.
    """
    if earlier := submitted(submission, by, conversation_id):
        return earlier
    try:
        with transaction.atomic(), changing(conversation_id, "replied", by=by) as conversation:
            if not permissions.can_work(by, conversation):
                raise not_allowed()
            refuse_closed(conversation)
            nobodys = conversation.assignee_id is None
            if conversation.assignee_id != by.pk and not (nobodys and group is not None):
                raise claimed_by_other(conversation)
            if refusal := obstacle(conversation):
                raise refusal
            if not confirm_newer and seen_message_id is not None:
                refuse_newer(conversation, seen_message_id, by)
            files = upload.for_answer(conversation, by, uploads)
            as_agreed = by_hand or group is not None
            agreed = AccountSettings.objects.filter(account=conversation.account).first() if as_agreed else None
            whole = standard_texts.signed(text, ending_of(agreed, by))
            parts = split(conversation, whole, as_thread=as_thread) if whole or not files else [""]
            if not confirm_unfilled:
                refuse_unfilled(text)
            wait = timedelta(seconds=agreed.undo_seconds if agreed else 0)
            if kinds := refuse_personal_data(conversation, text, confirm_personal_data):
                conversation.audit_data["personal_data"] = kinds  # type: ignore[attr-defined]
            messages = [
                _queue(
                    conversation,
                    by,
                    part,
                    submission if number == 0 else uuid5(submission, str(number)),
                    number,
                    wait,
                )
                for number, part in enumerate(parts)
            ]
            upload.send_along(files, messages[0])
            conversation.has_attachment = conversation.has_attachment or bool(files)
            waits = held.ask(conversation, by, messages) is not None
            if by_hand:
                # Kept as it was typed for as long as it can come back.
                draft.sent(conversation, by, DraftMode.REPLY, text, submission if wait or waits else None)
            if group is not None:
                conversation.audit_data["group"] = group  # type: ignore[attr-defined]
            conversation.audit_data["messages"] = [message.pk for message in messages]  # type: ignore[attr-defined]
            if not waits:  # else the citizen's question stays in the row of the list
                conversation.last_message_at = max(conversation.last_message_at, messages[-1].sent_at)
                conversation.last_message_text = messages[0].text[:200]
                conversation.last_message_out = True
                transaction.on_commit(lambda: kick.kick_send(messages[0].pk, after=wait.total_seconds()))
    except (IntegrityError, Refused):
        # The same form came twice at once and the other was first; what was in its way came after it.
        if earlier := submitted(submission, by, conversation_id):
            return earlier
        raise
    return messages


def submitted(submission: UUID, by: User, conversation_id: int) -> list[Message]:
    """What this form already made, [] when it is new. Raises Refused "not_allowed" for someone else's form."""
    first = Message.objects.filter(submission=submission).first()
    if first is None:
        return []
    if first.author_id != by.pk or first.conversation_id != conversation_id:
        raise not_allowed()
    rest = [uuid5(submission, str(number)) for number in range(1, MOST_PARTS)]
    return [first, *Message.objects.filter(submission__in=rest).order_by("id")]


_TARGET = kept(
    lambda: Message.objects.filter(
        conversation=slot("conversation"), direction=Direction.IN, deleted_at__isnull=True
    ).order_by("-sent_at", "-id")[:1]
)


def target(conversation: Conversation) -> Message | None:
    """The citizen's newest message that still exists: the one a public answer stands under."""
    return _TARGET(conversation=conversation.pk).first()


def obstacle(conversation: Conversation, *, free_text: bool = True) -> Refused | None:
    """Why no answer can go out here now, whoever writes it; None when one can. ``free_text`` False: a template, or the
    first private answer to a comment, for which no window has to be open."""
    account = conversation.account
    capabilities = capabilities_of(account)
    if account.state == AccountState.BROKEN:
        return Refused(
            "account",
            _("The connection with %(account)s is broken. An administrator must connect it again.")
            % {"account": account.name},
        )
    if account.state == AccountState.PAUSED:
        return Refused(
            "account", _("%(account)s is paused. An administrator can resume it.") % {"account": account.name}
        )
    if account.state == AccountState.DISCONNECTED:
        return Refused(
            "account",
            _("%(account)s is disconnected. An administrator can connect it again.") % {"account": account.name},
        )
    if conversation.public and target(conversation) is None:
        return Refused("gone", _("The citizen removed the message. There is nothing left to answer."))
    if conversation.public and capabilities.reply_needs_mention and not conversation.answerable:
        return Refused(
            "not_summoned",
            _("X only accepts an answer to a post that mentions us. Ask the citizen to mention %(handle)s.")
            % {"handle": f"@{account.handle}"},
        )
    return closed(conversation) if free_text else None


def limits(conversation: Conversation) -> dict[str, Any]:
    """What the composer shows: {"max_length", "weighted", "can_thread", "window_until"}."""
    capabilities = capabilities_of(conversation.account)
    return {
        "max_length": capabilities.max_length_public if conversation.public else capabilities.max_length_private,
        "weighted": capabilities.weighted_length and conversation.public,
        "can_thread": capabilities.can_thread and conversation.public,
        "window_until": windows(conversation).until,
    }


def refuse_newer(conversation: Conversation, seen_message_id: int, by: User) -> None:
    """Raises Refused "newer_message" (data: message) when the citizen, or a colleague, wrote after what the writer saw:
    also an answer that still waits in the outbox. Under the conversation's lock, under which all messages come in."""
    newer = (
        conversation.messages.filter(pk__gt=seen_message_id)
        .exclude(kind="auto_reply")
        .exclude(state=Delivery.WITHDRAWN)
        .select_related("author")
        .defer("search")
        .order_by("id")
        .last()
    )
    if newer is None:
        return
    if newer.direction == Direction.IN:
        sentence = _("A new message came in while you were writing. Read it first; your text is kept.")
    elif newer.author_id == by.pk:
        sentence = _("You answered here already, in another tab. Read it first; your text is kept.")
    elif newer.author is not None:
        sentence = _("%(name)s answered while you were writing. Read it first; your text is kept.") % {
            "name": newer.author
        }
    else:
        sentence = _("An answer went out while you were writing. Read it first; your text is kept.")
    raise Refused("newer_message", sentence, message=newer.pk)


def refuse_personal_data(conversation: Conversation, text: str, confirmed: str) -> list[str]:
    """The kinds of personal data that everybody will read, confirmed; [] when there are none. Raises Refused
    "personal_data": data has the kinds, where each finding stands in the text, and what confirms exactly these."""
    found = personal_data(conversation, text)
    if not found:
        return []
    kinds = [kind for kind in privacy_guard.KINDS if any(item.kind == kind for item in found)]
    confirm = confirmation(conversation, text, found)
    if confirmed == confirm:
        return kinds
    raise Refused(
        "personal_data",
        _("Everybody can read this answer, and it holds: %(kinds)s. Change the text, or confirm that it may be public.")
        % {"kinds": privacy_guard.in_words(kinds)},
        kinds=kinds,
        findings=[{"kind": item.kind, "start": item.start, "end": item.end} for item in found],
        confirm=confirm,
    )


def refuse_unfilled(text: str) -> None:
    """Raises Refused "unfilled" when a variable of a standard reply still waits for somebody to fill it in."""
    if names := standard_texts.unfilled(text):
        raise Refused(
            "unfilled",
            _("Still to be filled in: %(names)s. Fill it in, or send it as it is.")
            % {"names": ", ".join(f"[{name}]" for name in names)},
            names=names,
        )


def personal_data(conversation: Conversation, text: str) -> list[privacy_guard.Finding]:
    """What may be personal data in an answer of ours that everybody reads; [] for a private one. Two queries, when
    there is anything at all."""
    if not conversation.public or not privacy_guard.find(text):
        return []
    return privacy_guard.find(text, own_details(conversation.account))


def own_details(account: Account) -> privacy_guard.Own:
    """What is the municipality's own, and no citizen's: as filled in for this account, and our WhatsApp numbers."""
    written = AccountSettings.objects.filter(account=account).values_list("own_details", flat=True)
    numbers = Account.objects.filter(kind=Kind.WHATSAPP).values_list("external_id", flat=True)
    return privacy_guard.own("\n".join([*written, *(number.removeprefix("whatsapp:") for number in numbers)]))


def confirmation(conversation: Conversation | None, text: str, found: list[privacy_guard.Finding]) -> str:
    """A word for exactly these findings in this conversation (None: in many); nobody reads the data from it, unlike
    from a plain hash of nine digits."""
    where = conversation.pk if conversation else ""
    data = sorted(said(text, found))
    return salted_hmac("inbox.personal_data", f"{where}:{data}", algorithm="sha256").hexdigest()[:32]


def said(text: str, found: list[privacy_guard.Finding]) -> set[tuple[str, str]]:
    """What was found, each once: (kind, as it is whatever way it is written)."""
    return {(item.kind, privacy_guard.plain(item.kind, text[item.start : item.end])) for item in found}


def split(conversation: Conversation, text: str, *, as_thread: bool) -> list[str]:
    """The text as the messages it becomes. Raises Refused "empty" or "too_long"."""
    text = text.strip()
    if not text:
        raise Refused("empty", _("Write something first."))
    connector = connector_of(conversation.account)
    bounds = limits(conversation)
    maximum: int | None = bounds["max_length"]
    length = connector.length(text) if bounds["weighted"] else len(text)
    if maximum is None or length <= maximum:
        return [text]
    if as_thread and bounds["can_thread"]:
        parts = connector.split(text)
        if len(parts) > MOST_PARTS:
            raise Refused(
                "too_long",
                _("This becomes a thread of %(parts)s posts. At most %(max)s go together; shorten it.")
                % {"parts": len(parts), "max": MOST_PARTS},
                can_thread=False,
                length=length,
                max_length=maximum,
            )
        return parts
    message = _("Your answer is too long for %(platform)s: %(length)s of %(max)s characters.") % {
        "platform": conversation.account.get_kind_display(),
        "length": length,
        "max": maximum,
    }
    if bounds["can_thread"]:
        message += " " + _("Shorten it, or post it as a thread.")
    else:
        message += " " + _("Shorten it, or send it in two parts.")
    raise Refused("too_long", message, can_thread=bounds["can_thread"], length=length, max_length=maximum)


def _queue(conversation: Conversation, by: User, text: str, submission: UUID, number: int, wait: timedelta) -> Message:
    moment = now()
    answered = target(conversation) if conversation.public and number == 0 else None
    return Message.objects.create(
        conversation=conversation,
        account=conversation.account,
        direction=Direction.OUT,
        kind="answer",
        public=conversation.public,
        text=text,
        author=by,
        # Later parts of a thread stand under the part before: the outbox knows its id by then.
        in_reply_to=answered.external_id if answered else "",
        sent_at=moment,
        state_at=moment,
        submission=submission,
        **held.first_state(conversation, moment + wait),
    )
