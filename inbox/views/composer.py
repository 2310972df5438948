"""The place where an answer or a note is written: whether it can go out, who will see it, and what was typed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.clock import now
from channels.gateway import connector_of
from inbox import sla
from inbox.actions import pinned_answer, reply, standard_reply
from inbox.actions import upload as uploading
from inbox.actions.refused import Refused
from inbox.actions.upload import Words
from inbox.models import (
    Conversation,
    Delivery,
    DraftMode,
    Message,
    StandardReply,
    Status,
    Upload,
    User,
)
from inbox.office_hours import local
from inbox.views.advice import Advice, Found, advise, found_in, private_way
from inbox.views.filled import Filled
from inbox.views.pane_rows import PaneRows

REPLY, NOTE = "reply", "note"
ALT, DECORATIVE = "alt-", "decorative-"


@dataclass(frozen=True, slots=True)
class Typed:
    """What a refused form held, so that nothing typed is lost. ``panel``: the button whose form it was."""

    mode: str = REPLY
    text: str = ""
    note: str = ""
    submission: UUID | None = None
    as_thread: bool = False
    confirmed: str = ""
    unfilled: bool = False  # "send it as it is" was chosen
    panel: str = ""
    panel_text: str = ""
    panel_choice: int | None = None
    panel_form: Mapping[str, Any] | None = None  # its other fields
    panel_person: int | None = None
    filled: Filled | None = None  # another form than that of the answer


@dataclass(frozen=True, slots=True)
class Pin:
    """A pinned answer that is offered here."""

    pk: int
    topic: str
    text: str
    until: str


@dataclass(frozen=True, slots=True)
class Composer:
    """``state``: open | obstacle | unclaimed | other | closed; only ``open`` has a box for an answer, hints on it and
    the account's house style. ``found``: personal data that must be confirmed (by ``confirm``) before all can read it.
    """

    state: str
    sentence: str
    button: str
    audience: str
    public: bool
    max_length: int | None
    weighted: bool
    link_hint: bool
    can_thread: bool
    window_until: datetime | None
    window_words: str
    submission: UUID
    seen: int
    mode: str
    text: str
    note: str
    confirm_newer: bool
    thread_words: str  # with {} where the number of posts goes
    thread_parts: str  # the same with the number, when the server knows that it needs to be a thread
    house_style: str
    advice: Advice | None
    found: tuple[Found, ...]
    confirm: str
    private_way: str
    as_thread: bool  # chosen before the question about personal data, and still meant
    confirmed: str
    confirm_unfilled: bool  # the send button now also says: as it is
    unfilled: bool
    version: int  # of the draft that the text is
    note_version: int
    ending: str
    files: tuple[Upload, ...]
    most_files: int
    accept: str  # for the file field
    files_words: str
    replies: Sequence[StandardReply]  # for a browser without scripts
    pins: tuple[Pin, ...]


@dataclass(frozen=True, slots=True)
class Leaving:
    """An answer of one's own that goes at ``at`` (aware UTC) and can be taken back till then."""

    message: int
    at: datetime
    words: str


def words_of(data: QueryDict) -> dict[int, Words]:
    """What a form says of the pictures, by upload id: the fields alt-<id> and decorative-<id>."""
    ids = [name.removeprefix(ALT) for name in data if re.fullmatch(rf"{ALT}[0-9]{{1,18}}", name)]
    return {int(pk): Words(data.get(ALT + pk, ""), bool(data.get(DECORATIVE + pk))) for pk in ids}


def compose(
    conversation: Conversation,
    user: User,
    moment: datetime,
    typed: Typed | None,
    refused: Refused | None,
    asked: PaneRows,
    *,
    plain: bool = False,
) -> Composer:
    """The composer for a colleague who may work on the conversation, with their drafts. One query for what is pinned,
    one where it is public;
    three more for a text that was given back. ``plain``: for a browser that may have no scripts (one more)."""
    typed = typed or Typed()
    kept = {draft.mode: draft for draft in asked.drafts}
    draft, note = kept.get(DraftMode.REPLY), kept.get(DraftMode.NOTE)
    text = typed.text or (draft.text if draft else "")
    state, sentence = _state(conversation, user)
    agreed = asked.agreed.first() if state == "open" else None
    personal = refused is not None and refused.code == "personal_data"
    data = refused.data if refused is not None and personal else {}
    bounds = reply.limits(conversation)
    most = uploading.limits(conversation)
    until: datetime | None = bounds["window_until"]
    thread_words = _("Post as a thread (%(count)s posts)") % {"count": "{}"}
    parts = ""
    if refused is not None and refused.code == "too_long" and refused.data.get("can_thread"):
        count = len(connector_of(conversation.account).split(typed.text.strip()))
        parts = thread_words.replace("{}", str(count))
    name = conversation.identity.display_name
    return Composer(
        state=state,
        sentence=sentence,
        button=button_words(conversation),
        audience=_("Everyone can read this") if conversation.public else _("Only %(name)s reads this") % {"name": name},
        public=conversation.public,
        max_length=bounds["max_length"],
        weighted=bounds["weighted"],
        link_hint=conversation.public and conversation.account.kind == "x",
        can_thread=bounds["can_thread"],
        window_until=until,
        window_words=left(until, moment) if until and until > moment else "",
        submission=typed.submission or (draft.submission if draft else None) or uuid4(),
        seen=asked.newest.first() or 0,
        mode=NOTE if note and not (draft or typed.text) else typed.mode,
        text=text,
        note=typed.note or (note.text if note else ""),
        confirm_newer=refused is not None and refused.code == "newer_message",
        thread_words=thread_words,
        thread_parts=parts,
        house_style=agreed.house_style if agreed else "",
        advice=advise(conversation, text, agreed.addressing) if agreed and text else None,
        found=found_in(typed.text, findings) if isinstance(findings := data.get("findings"), list) else (),
        confirm=str(data.get("confirm", "")),
        private_way=private_way(conversation, user) if personal else "",
        as_thread=personal and typed.as_thread,
        confirmed="" if personal else typed.confirmed,
        confirm_unfilled=refused is not None and refused.code == "unfilled",
        unfilled=typed.unfilled,
        version=draft.version if draft else 0,
        note_version=note.version if note else 0,
        ending=standard_reply.ending_of(agreed, user),
        files=tuple(asked.uploads) if state == "open" else (),
        most_files=most.most,
        accept=",".join(most.sizes),
        files_words=ngettext("At most %(count)s file: %(types)s.", "At most %(count)s files: %(types)s.", most.most)
        % {"count": most.most, "types": uploading.types_words(most)},
        replies=tuple(standard_reply.fitting(user, conversation)[:50]) if plain and state == "open" else (),
        pins=tuple(_pins(conversation, moment)) if state == "open" else (),
    )


def _pins(conversation: Conversation, moment: datetime) -> list[Pin]:
    return [
        Pin(
            pinned.pk,
            str(pinned.topic),
            pinned.text,
            _("until %(moment)s") % {"moment": sla.format_moment(pinned.until, moment, with_time=True)},
        )
        for pinned in pinned_answer.fitting(conversation)[: pinned_answer.OFFERED]
    ]


def leaving_words(message: Message) -> dict[str, str]:
    """For the browser's scripts, of an answer that can still be taken back: {"at" (ISO), "words"}; else {}."""
    if message.state != Delivery.QUEUED or message.send_at is None or message.send_at <= now():
        return {}
    at = message.send_at
    return {"at": at.isoformat(), "words": _("Will be sent at %(time)s") % {"time": f"{local(at):%H:%M:%S}"}}


def leaving(asked: PaneRows) -> Leaving | None:
    """The answer of this colleague that can still be taken back."""
    pk, at = asked.leaving.first() or (0, None)
    if at is None:
        return None
    return Leaving(pk, at, _("Will be sent at %(time)s") % {"time": f"{local(at):%H:%M:%S}"})


def _state(conversation: Conversation, user: User) -> tuple[str, str]:
    if conversation.status == Status.CLOSED:
        return "closed", _("This conversation is closed.")
    if refusal := reply.obstacle(conversation):
        return "obstacle", str(refusal)
    if conversation.assignee_id is None:
        return "unclaimed", _("Claim this conversation first; then nobody else answers it too.")
    if conversation.assignee_id != user.pk:
        return "other", _("%(name)s claimed this and will answer it.") % {"name": conversation.assignee}
    return "open", ""


def button_words(conversation: Conversation) -> str:
    """What the send button says: where the answer goes, so that nobody can mistake it; where it is sensitive, that a
    colleague looks at it first."""
    if conversation.sensitive:
        return _("Have it approved first")
    match conversation.account.kind, conversation.public:
        case "x", True:
            return _("Post publicly on X")
        case "x", False:
            return _("Send as a private message on X")
        case "facebook", True:
            return _("Answer under the Facebook post")
        case "facebook", False:
            return _("Send with Messenger")
        case "whatsapp", _any:
            return _("Send with WhatsApp")
        case _:
            return _("Send with %(platform)s") % {"platform": conversation.account.get_kind_display()}


def left(until: datetime, moment: datetime) -> str:
    """How long the platform still takes an answer, rounded down: "3 h 10 left", "12 min left", "until Mon 09:30"."""
    rest = until - moment
    if rest >= timedelta(hours=24):
        return _("until %(moment)s") % {"moment": f"{local(until):%d-%m %H:%M}"}
    hours, minutes = divmod(int(rest.total_seconds()) // 60, 60)
    if hours:
        return _("%(hours)s h %(minutes)02d left") % {"hours": hours, "minutes": minutes}
    return _("%(minutes)s min left") % {"minutes": minutes}
