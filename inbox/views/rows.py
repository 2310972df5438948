"""A conversation as one row of the list: plain objects made here, drawn by templates/jinja/rows.jinja."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.template import engines
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.clock import now
from inbox import sla
from inbox.actions.clocks import hours_of
from inbox.models import AccountSettings, Conversation, Status, User
from inbox.office_hours import Hours


@dataclass(frozen=True, slots=True)
class Timer:
    """``tone``: green, orange, red or "" (no clock runs); ``why`` is the sentence for hover, focus and readers."""

    icon: str
    words: str
    tone: str
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """Everything a row shows, as text."""

    pk: int
    url: str
    key: str  # sortable, for the browser: where it stands in the view
    belongs: bool  # False: it left the view while the colleague is in it
    selected: bool
    name: str
    initials: str
    handle: str
    kind: str
    platform: str
    account: str
    timer: Timer
    words: str
    snippet: tuple[tuple[str, bool], ...]  # (text, found) pieces instead of the last words: search
    ours: bool
    public: bool
    department: str
    claimer: str
    claimer_initials: str
    mine: bool
    unread: str
    attachment: bool
    sensitive: bool
    failed: str


_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the timer's sentence needs of an account."""

    hours: Hours
    first: int
    next: int


def agreements(account_ids: Iterable[int]) -> dict[int, Agreement]:
    """Hours and targets of all accounts on the page at once: three queries, or none without accounts."""
    ids = set(account_ids)
    if not ids:
        return {}
    found = AccountSettings.objects.filter(account__in=ids).prefetch_related("periods", "closing_days")
    return {
        settings.account_id: Agreement(hours_of(settings), settings.first_answer_minutes, settings.next_answer_minutes)
        for settings in found
    }


def timer(conversation: Conversation, agreement: Agreement | None, moment: datetime) -> Timer:
    """The clock of one conversation in words; where none runs, what else the time says."""
    if conversation.due_at and conversation.warn_at and conversation.clock_started_at:
        tone = sla.state(conversation.due_at, conversation.warn_at, moment)
        icon = {"green": "clock", "orange": "soon", "red": "late"}[tone]
        if agreement is None:
            return Timer(icon, sla.label(conversation.due_at, moment), tone, "")
        # Whole minutes to or past the due time: the words change once a minute, and are worked out once.
        at = conversation.due_at + (moment - conversation.due_at) // _MINUTE * _MINUTE
        kind: sla.Kind = "first" if conversation.clock_kind == "first" else "next"
        words, why = _words(agreement, kind, conversation.clock_started_at, conversation.due_at, at)
        return Timer(icon, words, tone, why)
    last = sla.format_moment(conversation.last_message_at, moment)
    if conversation.status == Status.WAITING:
        why = _("The clock stands still until the citizen answers. Last message: %(moment)s.") % {
            "moment": sla.format_moment(conversation.last_message_at, moment, with_time=True)
        }
        return Timer("waiting", _("waiting for citizen"), "", why)
    if conversation.status == Status.SNOOZED and conversation.snoozed_until:
        until = sla.format_moment(conversation.snoozed_until, moment, with_time=True)
        return Timer(
            "later", _("until %(moment)s") % {"moment": until}, "", _("Comes back %(moment)s.") % {"moment": until}
        )
    if conversation.status == Status.CLOSED and conversation.closed_at:
        closed = sla.format_moment(conversation.closed_at, moment, with_time=True)
        why = _("Closed %(moment)s, result: %(result)s.") % {
            "moment": closed,
            "result": conversation.get_result_display(),
        }
        return Timer("close", conversation.get_result_display(), "", why)
    return Timer("", last, "", _("No clock runs here."))


@lru_cache(maxsize=20_000)
def _words(
    agreement: Agreement, kind: sla.Kind, started_at: datetime, due_at: datetime, at: datetime
) -> tuple[str, str]:
    """The few words and the sentence. Kept: to explain fifty rows anew takes as long as all else of a page."""
    target = agreement.first if kind == "first" else agreement.next
    return (
        sla.label(due_at, at, agreement.hours),
        sla.explain(agreement.hours, kind, started_at, due_at, target, at),
    )


def initials(name: str) -> str:
    """Two letters for the avatar; "?" for somebody without letters."""
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def key(moment: datetime | None, pk: int) -> str:
    """Sorts as text the way the view sorts."""
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S%f}-{pk:012d}" if moment else f"-{pk:012d}"


def make(
    conversations: Sequence[Conversation],
    user: User,
    *,
    prefix: str,
    order: str = "last_message_at",
    belongs: set[int] | None = None,
    selected: int | None = None,
    snippets: dict[int, tuple[tuple[str, bool], ...]] | None = None,
) -> list[Row]:
    """Rows for conversations as ``listing.rows_of`` gives them; ``prefix`` is the address that an id is put behind.

    ``belongs`` None: all of them are in the view. Three queries (accounts' agreements), none without a running clock.
    """
    moment = now()
    known = agreements(conversation.account_id for conversation in conversations if conversation.due_at)
    return [
        _row(
            conversation,
            user,
            timer(conversation, known.get(conversation.account_id), moment),
            url=f"{prefix}{conversation.pk}/",
            key=key(getattr(conversation, order), conversation.pk),
            belongs=belongs is None or conversation.pk in belongs,
            selected=conversation.pk == selected,
            snippet=(snippets or {}).get(conversation.pk, ()),
        )
        for conversation in conversations
    ]


def _row(conversation: Conversation, user: User, timer: Timer, **place: Any) -> Row:
    identity, account, assignee = conversation.identity, conversation.account, conversation.assignee
    name = identity.contact.name or identity.display_name
    unseen = conversation.inbound_count - getattr(conversation, "seen", 0)
    unread = conversation.status != Status.CLOSED and unseen > 0
    failed = conversation.failed_count
    return Row(
        pk=conversation.pk,
        name=name,
        initials=initials(name),
        handle=f"@{identity.handle}" if identity.handle and f"@{identity.handle}" != name else "",
        kind=account.kind,
        platform=account.get_kind_display(),
        account=account.name,
        timer=timer,
        words=conversation.last_message_text or (_("Attachment") if conversation.has_attachment else ""),
        ours=conversation.last_message_out,
        public=conversation.public,
        department=conversation.department.name,
        claimer=str(assignee) if assignee else "",
        claimer_initials=assignee.initials if assignee else "",
        mine=conversation.assignee_id == user.pk,
        unread=ngettext("%(count)s new", "%(count)s new", unseen) % {"count": unseen} if unread else "",
        attachment=conversation.has_attachment,
        sensitive=conversation.sensitive,
        failed=ngettext("answer failed", "%(count)s answers failed", failed) % {"count": failed} if failed else "",
        **place,
    )


def draw(rows: Sequence[Row], more: str = "") -> SafeString:
    """The rows as HTML list items; ``more`` is the address of the next page."""
    template = engines["jinja2"].get_template("rows.jinja")
    return SafeString(template.render({"rows": rows, "more": more}))
